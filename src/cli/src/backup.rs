//! `bridle backup`: making backups, listing them, and the recovery codes of repositories.

use bridle_client::{Client, ClientConfig};
use bridle_core::backup::recovery_code::{LONGEST, RecoveryCode};
use bridle_core::backup::repository::view::{BackupOrder, RehearseOrder, RepositoryView};
use bridle_core::backup::wal::view::LogView;
use bridle_core::backup::worker::SetLine;
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::wording;

use crate::arguments::{Backup, BackupKey};
use crate::attach::{self, Output};
use crate::face::Face;
use crate::repository::put_sheet;
use crate::typed;

/// Runs one of the commands.
pub async fn run(face: &Face, config: &ClientConfig, command: Backup) -> Result<Exit, Fault> {
    let client = Client::new(config);
    match command {
        Backup::Start { repository, detach } => start(face, &client, repository, detach).await,
        Backup::List { repository } => list(face, &client, repository.as_deref()).await,
        Backup::Logs => logs(face, &client).await,
        Backup::Key(BackupKey::Show { name }) => show(face, &client, name.as_deref()).await,
        Backup::Key(BackupKey::Rehearse { name }) => rehearse(face, &client, name).await,
        Backup::Key(BackupKey::Rotate { name, yes }) => rotate(face, &client, &name, yes).await,
    }
}

async fn start(face: &Face, client: &Client, repository: Option<String>, detach: bool) -> Result<Exit, Fault> {
    let operation = client.begin_backup(&BackupOrder { repository }).await.map_err(|error| error.fault())?;
    if detach {
        if face.json {
            face.put_json(&operation);
        } else {
            face.put(operation.id.as_str());
        }
        return Ok(Exit::Ok);
    }
    let output = if face.json { Output::Result } else { Output::Text };
    attach::run(face, client, &operation.id, output).await
}

async fn list(face: &Face, client: &Client, repository: Option<&str>) -> Result<Exit, Fault> {
    let view = client.sets(repository).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&view);
    } else {
        let lines: Vec<String> = view.sets.sets.iter().rev().flat_map(|set| set_lines(face, set)).collect();
        face.put_lines(&lines);
        if view.sets.count == 0 {
            face.put(&face.words(&Message::new("backup-none").with("repository", view.repository.as_str())));
        }
    }
    if view.sets.alarms.is_empty() {
        return Ok(Exit::Ok);
    }
    let fault = Fault::new(FaultCode::RepositoryAlarm).with("repository", view.repository.as_str());
    let fault = view.sets.alarms.iter().take(10).fold(fault, |fault, alarm| fault.output(&face.words(alarm)));
    face.fault(&fault);
    Ok(fault.code.exit())
}

async fn logs(face: &Face, client: &Client) -> Result<Exit, Fault> {
    let view = client.logs().await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&view);
    } else if view.logs.is_empty() {
        face.put(&face.words(&Message::new("log-no-database")));
    }
    for log in view.logs.iter().filter(|_| !face.json) {
        face.put_lines(&log_lines(face, log));
    }
    let failing =
        view.logs.iter().any(|log| log.fault.is_some() || log.repositories.iter().any(|lane| lane.fault.is_some()));
    Ok(if failing { Exit::Failed } else { Exit::Ok })
}

/// A log as people read it.
fn log_lines(face: &Face, log: &LogView) -> Vec<String> {
    let title = match &log.last {
        Some(last) => Message::new(if last.kept { "log-kept" } else { "log-let-go" })
            .with("source", log.source.as_str())
            .with("file", last.file.as_str())
            .with("age", wording::elapsed(last.time, bridle_client::now())),
        None => Message::new("log-none").with("source", log.source.as_str()),
    };
    let mut lines = vec![face.paint.strong(&face.words(&title))];
    if let Some(since) = log.since {
        let waits = Message::new("log-waits").with("count", log.waiting);
        lines.push(format!("  {}", face.words(&waits.with("age", wording::elapsed(since, bridle_client::now())))));
    }
    let mut failed = |fault: &Fault| lines.push(format!("  {} {}", fault.code.code(), face.words(&fault.message)));
    log.fault.iter().for_each(&mut failed);
    for lane in &log.repositories {
        let Some((since, fault)) = lane.failing.zip(lane.fault.as_ref()) else { continue };
        let fails = Message::new("log-repository-fails").with("repository", lane.repository.as_str());
        lines.push(format!("  {}", face.words(&fails.with("time", wording::moment(since)))));
        lines.push(format!("    {} {}", fault.code.code(), face.words(&fault.message)));
    }
    lines
}

/// A set as people read it.
fn set_lines(face: &Face, set: &SetLine) -> Vec<String> {
    let title = Message::new("backup-line")
        .with("set", set.id.to_string())
        .with("made", wording::moment(set.made))
        .with("age", wording::elapsed(set.made, bridle_client::now()));
    let holds = Message::new("backup-holds")
        .with("release", set.release.as_str())
        .with("revision", set.revision)
        .with("parts", set.parts)
        .with("bytes", wording::bytes(set.bytes, face.language))
        .with("stored", wording::bytes(set.stored, face.language));
    let mut lines = vec![face.paint.strong(&face.words(&title)), format!("  {}", face.words(&holds))];
    if !set.whole {
        lines.push(format!("  {}", face.words(&Message::new("backup-fuzzy"))));
    }
    lines
}

async fn show(face: &Face, client: &Client, name: Option<&str>) -> Result<Exit, Fault> {
    let mut known = client.repositories().await.map_err(|error| error.fault())?.repositories;
    if let Some(name) = name {
        known.retain(|view| view.name.as_str() == name);
        if known.is_empty() {
            return Err(Fault::new(FaultCode::RepositoryUnknown).with("repository", name));
        }
    }
    if face.json {
        face.put_json(&known);
        return Ok(Exit::Ok);
    }
    if known.is_empty() {
        face.put(&face.words(&Message::new("repository-none")));
    }
    for view in &known {
        face.put_lines(&lines(face, view));
    }
    Ok(Exit::Ok)
}

fn lines(face: &Face, view: &RepositoryView) -> Vec<String> {
    let Some(code) = &view.code else { return vec![format!("{}", face.words(&Message::new("repository-unfinished")))] };
    let title = Message::new("key-line")
        .with("name", view.name.as_str())
        .with("key", code.key.as_str())
        .with("made", wording::moment(code.made));
    let rehearsed = match code.rehearsed {
        Some(time) => Message::new("key-rehearsed").with("time", wording::moment(time)),
        None => Message::new("key-not-rehearsed"),
    };
    vec![face.words(&title), format!("  {}", face.words(&rehearsed))]
}

async fn rehearse(face: &Face, client: &Client, name: Option<String>) -> Result<Exit, Fault> {
    let name = match name {
        Some(name) => name,
        None => only(face, client).await?,
    };
    let typed = match typed::from(None, LONGEST as u64 + 1)? {
        Some(text) => text,
        None => {
            face.ask(&Message::new("repository-ask-code")).ok_or_else(|| Fault::new(FaultCode::ConfirmationNeeded))?
        }
    };
    // Mistyped groups are named without asking anybody.
    RecoveryCode::read(&typed).map_err(|error| error.fault())?;
    let view = client.rehearse_code(&name, &RehearseOrder { code: typed }).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&view);
    } else {
        face.put(&face.words(&Message::new("key-proved").with("name", name)));
    }
    Ok(Exit::Ok)
}

/// The one repository that there is.
async fn only(face: &Face, client: &Client) -> Result<String, Fault> {
    let known = client.repositories().await.map_err(|error| error.fault())?.repositories;
    let names: Vec<&str> = known.iter().map(|view| view.name.as_str()).collect();
    match names.as_slice() {
        [name] => Ok((*name).to_owned()),
        names => {
            if !names.is_empty() {
                face.say(&Message::new("key-which").with("names", names.join(", ")));
            }
            Err(Fault::new(FaultCode::RepositoryUnknown).with("repository", "-"))
        }
    }
}

async fn rotate(face: &Face, client: &Client, name: &str, yes: bool) -> Result<Exit, Fault> {
    let question = Message::new("key-rotate-ask").with("name", name);
    if !yes && !face.confirm(&question, "--yes")? {
        return Ok(Exit::Confirmation);
    }
    let rotated = client.rotate_code(name).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&rotated);
        return Ok(Exit::Ok);
    }
    face.put(&face.words(&Message::new("key-rotated").with("name", name)));
    if let Some(sheet) = &rotated.sheet {
        put_sheet(face, name, sheet);
    }
    Ok(Exit::Ok)
}
