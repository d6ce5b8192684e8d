//! `bridle uninstall`: the lists, the question, and the removal to its very end.

use std::path::Path;
use std::time::Duration;

use bridle_agent::{removal_is_pending, wake};
use bridle_client::{Client, ClientConfig, ClientError};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::removal::{Data, Item, RemovalOrder, RemovalView};
use bridle_core::wording;
use tokio::time::{Instant, sleep};

use crate::arguments::Uninstall;
use crate::attach::{self, Output};
use crate::face::Face;

/// How long an agent that was started may take to answer.
const WAKE: Duration = Duration::from_secs(60);
/// How long the last act may take: it stops the agent and removes its files.
const LAST_ACT: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(200);
const ROOT: &str = "/";

/// Shows, asks, and removes.
pub async fn run(face: &Face, config: &ClientConfig, options: &Uninstall) -> Result<Exit, Fault> {
    let client = Client::new(config);
    let data = if options.delete_data { Data::Delete } else { Data::Keep };
    if removal_is_pending(Path::new(ROOT)) && !options.dry_run {
        wake()?;
        return last_act(face, data).await;
    }
    let view = view(face, &client, data).await?;
    if face.json && options.dry_run {
        face.put_json(&view);
    } else if !face.json {
        face.put(&lines(face, &view).join("\n"));
    }
    if options.dry_run {
        face.say(&Message::new("uninstall-dry-run"));
        return Ok(Exit::Ok);
    }
    let Some(order) = confirmed(face, &view, options)? else {
        face.say(&Message::new("uninstall-nothing-changed"));
        return Ok(Exit::Ok);
    };
    let operation = client.uninstall(&order).await.map_err(|error| error.fault())?;
    let output = if face.json { Output::Result } else { Output::Text };
    match attach::run(face, &client, &operation.id, output).await {
        Ok(Exit::Ok) => last_act(face, data).await,
        // The agent is stopped by the last act, which only comes after the operation's end.
        Err(fault) if fault.code == FaultCode::AgentUnreachable && over() => last_act(face, data).await,
        other => other,
    }
}

/// The lists; an agent that does not run is started for them.
async fn view(face: &Face, client: &Client, data: Data) -> Result<RemovalView, Fault> {
    let first = match client.removal(data).await {
        Err(ClientError::Connect { .. }) => None,
        answer => Some(answer),
    };
    if let Some(answer) = first {
        return answer.map_err(|error| error.fault());
    }
    face.say(&Message::new("uninstall-waking"));
    wake()?;
    let until = Instant::now() + WAKE;
    loop {
        match client.removal(data).await {
            Err(error) if error.is_passing() && Instant::now() < until => sleep(LOOK).await,
            answer => return answer.map_err(|error| error.fault()),
        }
    }
}

/// The order, if it is confirmed; `None` if a person said no.
fn confirmed(face: &Face, view: &RemovalView, options: &Uninstall) -> Result<Option<RemovalOrder>, Fault> {
    let name = view.names.first().cloned().unwrap_or_default();
    let order = |confirm| RemovalOrder { data: view.data, plan: view.plan, confirm };
    let unconfirmed = |flag: String| Fault::new(FaultCode::RemovalUnconfirmed).with("flag", flag);
    if view.data == Data::Keep {
        if options.yes {
            return Ok(Some(order(None)));
        }
        let said = face.confirm(&Message::new("uninstall-ask"), "--yes");
        let said = said.map_err(|_| unconfirmed("--yes".to_owned()))?;
        return Ok(said.then(|| order(None)));
    }
    let flag = format!("--confirm {name}");
    let typed = match &options.confirm {
        Some(typed) => Some(typed.clone()),
        None => face.ask(&Message::new("uninstall-ask-name").with("name", name).with("flag", flag.as_str())),
    };
    let typed = typed.ok_or_else(|| unconfirmed(format!("--delete-data {flag}")))?;
    if typed.is_empty() {
        return Ok(None);
    }
    if !view.names.contains(&typed) {
        return Err(Fault::new(FaultCode::RemovalNameWrong).with("found", typed.chars().take(80).collect::<String>()));
    }
    Ok(Some(order(Some(typed))))
}

/// Waits until Bridle's own last files are gone.
async fn last_act(face: &Face, data: Data) -> Result<Exit, Fault> {
    face.say(&Message::new("uninstall-last-act"));
    let until = Instant::now() + LAST_ACT;
    while !over() {
        if Instant::now() >= until {
            return Err(Fault::new(FaultCode::RemovalUnfinished));
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Detached),
            () = sleep(LOOK) => {}
        }
    }
    face.say(&Message::new(match data {
        Data::Keep => "uninstall-done-keep",
        Data::Delete => "uninstall-done-delete",
    }));
    Ok(Exit::Ok)
}

/// The agent's unit goes in the last act, and the last act's own at its very end.
fn over() -> bool {
    !removal_is_pending(Path::new(ROOT)) && !Path::new("/etc/systemd/system/bridle-agent.service").exists()
}

fn lines(face: &Face, view: &RemovalView) -> Vec<String> {
    let words = |code: &'static str| face.words(&Message::new(code));
    let title = if view.release.is_empty() {
        Message::new("uninstall-of-nothing")
    } else {
        Message::new("uninstall-of").with("release", view.release.as_str())
    };
    let mut lines = vec![face.paint.strong(&face.words(&title)), String::new(), words("uninstall-goes")];
    lines.extend(list(face, &view.going));
    lines.extend([String::new(), words("uninstall-stays")]);
    if view.staying.is_empty() {
        lines.push(format!("  {}", words("uninstall-stays-nothing")));
    } else {
        lines.extend(list(face, &view.staying));
        lines.push(format!("  {}", words("uninstall-stays-why")));
    }
    lines.extend([String::new(), words("uninstall-steps")]);
    for (number, step) in (1..).zip(&view.steps) {
        lines.push(format!("  {number:>3}  {}", face.words(step)));
    }
    let means = match view.data {
        Data::Keep => "uninstall-keep-means",
        Data::Delete => "uninstall-delete-means",
    };
    lines.extend([String::new(), words(means), words("uninstall-stop-means")]);
    lines
}

/// One line a thing, sizes first, and the sum.
fn list(face: &Face, items: &[Item]) -> Vec<String> {
    const WIDTH: usize = 8;
    let size = |bytes: Option<u64>| bytes.map_or(String::new(), |bytes| wording::bytes(bytes, face.language));
    let named = |item: &Item| {
        let thing = face.words(&item.thing.title());
        face.words(&Message::new("removal-item").with("thing", thing).with("name", item.name.as_str()))
    };
    let line = |item: &Item| format!("  {:>WIDTH$}  {}", size(item.bytes), named(item));
    let mut lines: Vec<String> = items.iter().map(line).collect();
    let total: u64 = items.iter().filter_map(|item| item.bytes).sum();
    let total = wording::bytes(total, face.language);
    lines.push(format!("  {}", face.words(&Message::new("uninstall-total").with("size", total))));
    lines
}

#[cfg(test)]
mod tests {
    use bridle_core::digest::Digest;
    use bridle_core::message::Language;
    use bridle_core::removal::Thing;
    use clap::Parser as _;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn face(language: Language) -> Face {
        let lang = if language == Language::Fr { "fr" } else { "en" };
        let words = ["bridle", "uninstall", "--no-input", "--color", "never", "--lang", lang];
        Face::new(&Arguments::parse_from(words).global, &|_| None)
    }

    fn options(words: &[&str]) -> Uninstall {
        let all = ["bridle", "uninstall"].iter().chain(words);
        match Arguments::parse_from(all).command {
            Command::Uninstall(options) => options,
            other => panic!("{other:?}"),
        }
    }

    fn view(data: Data) -> RemovalView {
        let item = |thing, name: &str, bytes| Item { thing, name: name.to_owned(), bytes };
        let items = vec![
            item(Thing::Volume, "campus/database-0", Some(52_000_000)),
            item(Thing::Secrets, "/var/lib/bridle/kept", None),
            item(Thing::Store, "/var/lib/bridle/store", Some(512_000_000)),
            item(Thing::Running, "k3s", None),
        ];
        let (going, staying) = bridle_core::removal::lists(items, data);
        RemovalView {
            data,
            release: "campus-1.0.0".to_owned(),
            names: vec!["campus-demo".to_owned(), "campus-1.0.0".to_owned()],
            steps: vec![Message::new("step-stop-kubernetes"), Message::new("step-clear-node")],
            plan: Digest::of(b"plan"),
            going,
            staying,
        }
    }

    #[test]
    fn what_goes_and_what_stays() {
        let mut text = Vec::new();
        for language in Language::ALL {
            for data in [Data::Keep, Data::Delete] {
                text.push(lines(&face(language), &view(data)).join("\n"));
            }
        }
        insta::assert_snapshot!(text.join("\n\n"));
    }

    #[test]
    fn nobody_is_asked_where_nobody_can_answer() {
        let face = face(Language::En);
        for (data, words, flag) in
            [(Data::Keep, &[][..], "--yes"), (Data::Delete, &["--delete-data"], "--delete-data --confirm campus-demo")]
        {
            let fault = confirmed(&face, &view(data), &options(words)).expect_err("unconfirmed");
            assert_eq!((fault.code, fault.code.exit()), (FaultCode::RemovalUnconfirmed, Exit::Confirmation));
            assert_eq!(fault.message.args.get("flag"), Some(&flag.into()));
        }
    }

    #[test]
    fn the_flags_answer() {
        let face = face(Language::En);
        let keep = confirmed(&face, &view(Data::Keep), &options(&["--keep-data", "--yes"])).expect("confirmed");
        assert_eq!(keep.expect("yes").confirm, None);
        let delete = |name| options(&["--delete-data", "--confirm", name]);
        let order = confirmed(&face, &view(Data::Delete), &delete("campus-1.0.0")).expect("confirmed").expect("yes");
        assert_eq!((order.data, order.confirm.as_deref()), (Data::Delete, Some("campus-1.0.0")));
        let fault = confirmed(&face, &view(Data::Delete), &delete("campus")).expect_err("another name");
        assert_eq!(fault.code, FaultCode::RemovalNameWrong);
        assert!(Arguments::try_parse_from(["bridle", "uninstall", "--keep-data", "--delete-data"]).is_err());
        assert!(Arguments::try_parse_from(["bridle", "uninstall", "--delete-data", "--yes"]).is_err());
        assert!(Arguments::try_parse_from(["bridle", "uninstall", "--confirm", "x"]).is_err());
    }
}
