//! The host on which refusals are tried: what it is made of is compared before and after each.

use std::cell::RefCell;
use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use bridle_core::message::{Language, Message};

use super::archive::{Piece, run_file};
use super::release::{Draft, foreign_key, key, key_file};
use super::verdict::Refusal;
use crate::testhost::{Host, HostDigest, Lab, Output};

/// How every case ends.
pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The folder of the cases' own files; the rest of the host is compared.
pub const FOLDER: &str = "/root/refusals";
/// The good release file.
pub const RUN: &str = "/root/refusals/good.run";
/// The publisher's key.
pub const KEY: &str = "/root/refusals/publisher.pub";
/// Somebody else's key.
pub const FOREIGN_KEY: &str = "/root/refusals/foreign.pub";
/// A good site profile; these machines have cgroup v1, which a site must allow expressly.
pub const SITE: &str = "/root/refusals/site.toml";
const PROFILE: &str = "format = 1\nname = \"bench\"\nhost = \"bench.internal\"\n[kubernetes]\nallow_cgroup_v1 = true\n";

/// A booted host with a good release file, keys and a profile.
#[derive(Debug)]
pub struct Bench {
    /// The host.
    pub host: Host,
    /// What stands where in the good release file.
    pub pieces: Vec<Piece>,
    last: RefCell<HostDigest>,
    _lab: Lab,
}

/// What a refusal must be.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Exit code.
    pub exit: i32,
    /// Stable code.
    pub code: &'static str,
    /// Sentences that must be printed, too (the finding, the place).
    pub also: Vec<Message>,
}

impl Expected {
    /// A refusal with this exit code and stable code.
    #[must_use]
    pub fn new(exit: i32, code: &'static str) -> Self {
        Self { exit, code, also: Vec::new() }
    }

    /// A finding of the preflight that blocks.
    #[must_use]
    pub fn finding(message: Message) -> Self {
        Self { exit: 3, code: "BR-1010", also: vec![message] }
    }

    /// One more sentence.
    #[must_use]
    pub fn also(mut self, message: Message) -> Self {
        self.also.push(message);
        self
    }
}

impl Bench {
    /// Boots a host and brings it the release file whose head is the program `installer`.
    ///
    /// # Errors
    /// The kit's.
    pub fn new(installer: &[u8]) -> Outcome<Self> {
        let lab = Lab::new("refusals")?;
        let mut host = lab.host("h1").disk_gib(12).build()?;
        host.boot()?;
        let (bytes, pieces) = run_file(installer, &Draft::new(installer).entries());
        let bench = Self { host, pieces, last: RefCell::default(), _lab: lab };
        bench.put("good.run", &bytes)?;
        bench.put("publisher.pub", key_file(&key()).as_bytes())?;
        bench.put("foreign.pub", key_file(&foreign_key()).as_bytes())?;
        bench.put("site.toml", PROFILE.as_bytes())?;
        // Everybody may look: one case is a person without rights.
        bench.host.shell("chmod 0711 /root; chmod 0755 /root/refusals; sync")?;
        bench.settle()?;
        Ok(bench)
    }

    /// Writes a file of a case (mode 0755) and returns its path on the host.
    ///
    /// # Errors
    /// The kit's.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Outcome<String> {
        let path = format!("{FOLDER}/{name}");
        self.host.write_file(&path, bytes)?;
        self.host.run_ok(["chmod", "0755", &path])?;
        Ok(path)
    }

    /// Where a file of a case lies on this machine.
    #[must_use]
    pub fn outside(&self, path: &str) -> PathBuf {
        self.host.disk_root().join(path.trim_start_matches('/'))
    }

    /// Turns one bit of a file.
    ///
    /// # Errors
    /// Those of the file.
    pub fn flip(&self, path: &str, byte: usize) -> Outcome {
        let file = File::options().read(true).write(true).open(self.outside(path))?;
        let mut found = [0];
        file.read_exact_at(&mut found, byte as u64)?;
        file.write_all_at(&[found[0] ^ (1 << (byte % 8))], byte as u64)?;
        Ok(())
    }

    /// Takes the host as it is now for the state that the next refusal must leave.
    ///
    /// # Errors
    /// The kit's.
    pub fn settle(&self) -> Outcome {
        let now = self.host.digest_without(&self.last.borrow(), FOLDER)?;
        self.last.replace(now);
        Ok(())
    }

    /// Asserts that the host is as it was, but for the cases' own files.
    ///
    /// # Errors
    /// Every difference, a line each.
    pub fn unchanged(&self) -> Outcome {
        let now = self.host.digest_without(&self.last.borrow(), FOLDER)?;
        let found: Vec<String> = self.last.borrow().difference(&now).iter().map(ToString::to_string).collect();
        self.last.replace(now);
        if found.is_empty() { Ok(()) } else { Err(format!("the host is not as it was:\n{}", found.join("\n")).into()) }
    }

    /// Runs a command in both languages; each time it must be refused as expected, and the host be as it was.
    ///
    /// # Errors
    /// What is otherwise, with everything that was printed.
    pub fn refuses(&self, words: &[&str], expected: &Expected) -> Outcome {
        for language in Language::ALL {
            self.refuses_in(words, language, expected)?;
        }
        self.unchanged()
    }

    /// Runs a command in one language; the host is not looked at.
    ///
    /// # Errors
    /// What is otherwise, with everything that was printed.
    pub fn refuses_in(&self, words: &[&str], language: Language, expected: &Expected) -> Outcome {
        let output = self.host.command(words)?.env("LANG", locale(language)).run()?;
        judge(words, &output, language, expected)
    }

    /// Changes the host with one script, has a command refused, and undoes the change with another.
    ///
    /// # Errors
    /// As [`Bench::refuses`]; also if the host is not as before in the end.
    pub fn refuses_where(&self, change: &str, undo: &str, words: &[&str], expected: &Expected) -> Outcome {
        let before = self.last.borrow().clone();
        self.host.shell(change)?;
        let refused = self.settle().and_then(|()| self.refuses(words, expected));
        self.host.shell(undo)?;
        self.last.replace(before);
        let undone = self.unchanged();
        refused.and(undone)
    }
}

/// The locale that asks for a language.
#[must_use]
pub fn locale(language: Language) -> &'static str {
    match language {
        Language::En => "C.UTF-8",
        Language::Fr => "fr_FR.UTF-8",
    }
}

/// Whether a command ended as expected.
///
/// # Errors
/// What is otherwise, with everything that was printed.
pub fn judge(words: &[&str], output: &Output, language: Language, expected: &Expected) -> Outcome {
    let shown = words.join(" ");
    let refusal = Refusal::read(output, language).map_err(|gap| format!("{shown}: {gap}"))?;
    let (exit, code) = (output.status.code(), refusal.code.as_str());
    if (exit, code) != (Some(expected.exit), expected.code) {
        let wanted = (expected.exit, expected.code);
        return Err(format!("{shown}: {exit:?} {code} instead of {wanted:?}\n{}", refusal.whole).into());
    }
    for message in &expected.also {
        let text = message.render(language);
        if !refusal.whole.lines().any(|line| holds(line, &text)) {
            return Err(format!("{shown}: does not say {text:?}\n{}", refusal.whole).into());
        }
    }
    Ok(())
}

/// Whether a line holds a text; what an argument that is not given stands for (`{$name}`) may be anything.
fn holds(line: &str, text: &str) -> bool {
    let mut parts = text.split("{$");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.split_once(first).map(|(_, rest)| rest) else { return false };
    parts.all(|part| {
        let fixed = part.split_once('}').map_or("", |(_, fixed)| fixed);
        let found = rest.split_once(fixed).map(|(_, behind)| behind);
        rest = found.unwrap_or_default();
        found.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_found_whatever_its_figures_are() {
        assert!(holds("  [!!] Port 6443 is in use.", "Port {$port} is in use."));
        assert!(holds("Port 6443 is in use.", "Port 6443 is in use."));
        assert!(!holds("Port 6443 is free.", "Port {$port} is in use."));
        assert!(!holds("is in use. Port 1", "Port {$port} is in use."));
    }
}
