//! Others that act at the same time: a second installer, somebody who touches the file.

use std::time::Duration;

use bridle_core::message::{Language, Message};

use super::super::archive::run_file;
use super::super::bench::{Bench, Expected, FOLDER, Outcome, RUN, judge};
use super::super::harness::Case;
use super::super::release::{Draft, program};
use super::{Cases, asking, install};
use crate::testhost::{Output, Running};

const SOON: Duration = Duration::from_secs(60);

/// Others that act at the same time.
pub fn cases() -> Cases {
    vec![
        Case::new("a second installer at the same time", |bench: &Bench| {
            let change = "mkdir -p /run/bridle; touch /run/bridle/installer.lock; \
                          setsid flock /run/bridle/installer.lock sleep 1000 > /dev/null 2>&1 < /dev/null & \
                          echo $! > /root/refusals/pid; until ! flock -n /run/bridle/installer.lock true; do :; done";
            let undo = "kill -- -$(cat /root/refusals/pid); until flock -n /run/bridle/installer.lock true; do :; done; \
                        rm -r /run/bridle";
            bench.refuses_where(change, undo, &install(RUN), &Expected::new(5, "BR-1171"))
        }),
        Case::new("a file removed while it asks", removed),
        Case::new("a file altered between the check and the copy", altered),
        // The last: it really puts everything in place.
        Case::new("a file replaced while it asks is not read", replaced),
    ]
}

/// An installer at a terminal that waits for the answer to its last question; `answer` gives it.
struct Asked {
    running: Running,
    go: String,
}

impl Asked {
    fn new(bench: &Bench, words: &[&str]) -> Outcome<Self> {
        let go = format!("{FOLDER}/go");
        let command = words.join(" ");
        bench.host.run_ok(["rm", "-f", &go])?;
        // `script` gives it a terminal; the answer comes as soon as there is one.
        let answers = format!("until [ -e {go} ]; do sleep 0.05; done; cat {go}");
        let script = format!("({answers}) | script --quiet --return --echo never --command '{command}' /dev/null");
        let mut running = bench.host.spawn(["sh", "-c", &script])?;
        running.wait_for_output(&Message::new("install-ask").render(Language::En), SOON)?;
        Ok(Self { running, go })
    }

    fn answer(self, bench: &Bench, text: &str) -> Outcome<Output> {
        let part = format!("{}.part", self.go);
        bench.host.write_file(&part, format!("{text}\n"))?;
        bench.host.run_ok(["mv", &part, &self.go])?;
        Ok(self.running.wait(SOON)?)
    }
}

fn removed(bench: &Bench) -> Outcome {
    let path = format!("{FOLDER}/gone.run");
    bench.host.run_ok(["cp", RUN, &path])?;
    let asked = Asked::new(bench, &asking(&path))?;
    bench.host.run_ok(["rm", &path])?;
    let output = asked.answer(bench, "n")?;
    if !output.success() || !output.stdout.contains(&Message::new("install-nothing").render(Language::En)) {
        return Err(format!("{output:?}").into());
    }
    bench.unchanged()
}

fn altered(bench: &Bench) -> Outcome {
    let path = format!("{FOLDER}/altered.run");
    bench.host.run_ok(["cp", RUN, &path])?;
    let mut words = asking(RUN);
    words.extend(["--file", &path]);
    let asked = Asked::new(bench, &words)?;
    let layer =
        bench.pieces.iter().max_by_key(|piece| if piece.start == 0 { 0 } else { piece.length }).ok_or("pieces")?;
    bench.flip(&path, layer.start + layer.length / 2)?;
    let mut output = asked.answer(bench, "y")?;
    // A terminal has one stream, and the answer, which ends the line of the question, is not shown here.
    output.stderr = output.stdout.replace('\r', "").replace("[!!] ", "\n[!!] ");
    judge(&words, &output, Language::En, &Expected::new(6, "BR-1002"))?;
    // What is there by now runs nothing, and the same command goes on with it.
    for absent in ["/etc/systemd/system/bridle-agent.service", "/opt/bridle/current", "/usr/bin/bridle"] {
        if bench.host.has(absent)? {
            return Err(format!("{absent} is there").into());
        }
    }
    if bench.host.shell("find /var/lib/bridle/journal -type f | wc -l")? != "0" {
        return Err("there is a journal".into());
    }
    bench.host.shell("rm -rf /etc/bridle /opt/bridle /var/lib/bridle /run/bridle")?;
    bench.unchanged()
}

fn replaced(bench: &Bench) -> Outcome {
    let path = format!("{FOLDER}/replaced.run");
    bench.host.run_ok(["cp", RUN, &path])?;
    let asked = Asked::new(bench, &asking(&path))?;
    // Signed by the same publisher: only that it is another file can keep it out.
    let head = std::fs::read(bench.outside(RUN))?[..bench.pieces[0].length].to_vec();
    let mut other = Draft::new(&head);
    other.programs.insert("bridle".to_owned(), program("another"));
    let other = bench.put("other.run", &run_file(&head, &other.entries()).0)?;
    bench.host.run_ok(["mv", &other, &path])?;
    let output = asked.answer(bench, "y")?;
    if !output.stdout.contains(&Message::new("install-placed").render(Language::En)) {
        return Err(format!("{output:?}").into());
    }
    match bench.host.shell("/usr/bin/bridle")?.as_str() {
        "bridle ran" => Ok(()),
        ran => Err(format!("the program in place says {ran:?}").into()),
    }
}
