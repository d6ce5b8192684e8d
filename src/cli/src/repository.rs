//! `bridle repository`: where backups are kept.

mod add;

use bridle_client::{Client, ClientConfig};
use bridle_core::backup::repository::view::{CheckOrder, CheckView, RepositoryView, Sheet};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::wording;

use crate::arguments::Repository;
use crate::face::Face;
use crate::meter::Meter;

/// Runs one of the commands.
pub async fn run(face: &Face, config: &ClientConfig, command: Repository) -> Result<Exit, Fault> {
    let client = Client::new(config);
    match command {
        Repository::Add(options) => add::run(face, &client, *options).await,
        Repository::List => list(face, &client).await,
        Repository::Check { name, read_data } => check(face, &client, &name, read_data).await,
        Repository::Remove { name, yes } => remove(face, &client, &name, yes).await,
    }
}

async fn list(face: &Face, client: &Client) -> Result<Exit, Fault> {
    let view = client.repositories().await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&view);
        return Ok(Exit::Ok);
    }
    if view.repositories.is_empty() {
        face.put(&face.words(&Message::new("repository-none")));
    }
    for repository in &view.repositories {
        face.put_lines(&lines(face, repository));
    }
    Ok(Exit::Ok)
}

/// A repository as people read it.
pub fn lines(face: &Face, view: &RepositoryView) -> Vec<String> {
    let name = view.name.as_str();
    let title = Message::new("repository-line").with("name", name).with("place", view.place.as_str());
    let rehearsed = view.code.as_ref().and_then(|code| code.rehearsed);
    let protected = match rehearsed {
        _ if !view.ready => Message::new("repository-unfinished"),
        Some(time) => Message::new("repository-protected").with("time", wording::moment(time)),
        None => Message::new("repository-unprotected").with("name", name),
    };
    let mut told = vec![protected];
    match view.checked {
        Some(checked) if checked.damages > 0 => told.push(
            Message::new("repository-checked-damaged")
                .with("time", wording::moment(checked.time))
                .with("count", checked.damages),
        ),
        Some(checked) => told.push(Message::new("repository-checked").with("time", wording::moment(checked.time))),
        None if view.ready => told.push(Message::new("repository-unchecked")),
        None => {}
    }
    if let Some(can) = view.capabilities {
        if !can.conditional_put {
            told.push(Message::new("repository-no-condition"));
        }
        // A folder keeps none either; there the disk is another one, and nobody has an access key.
        if !can.versioning && view.place.starts_with("s3:") {
            told.push(Message::new("repository-no-versions"));
        }
    }
    let mut lines = vec![face.paint.strong(&face.words(&title))];
    lines.extend(told.iter().map(|message| format!("  {}", face.words(message))));
    lines
}

/// A new recovery code, and what is to be done with it.
pub fn put_sheet(face: &Face, name: &str, sheet: &Sheet) {
    face.say(&Message::new("repository-sheet-once"));
    let lines: Vec<String> = sheet.lines.iter().map(|line| face.words(line)).collect();
    face.put("");
    face.put_lines(&lines);
    face.put("");
    face.say(&Message::new("repository-sheet-next").with("name", name));
}

async fn check(face: &Face, client: &Client, name: &str, data: bool) -> Result<Exit, Fault> {
    let mut meter = Meter::new(face.language);
    let running = client.check_repository(name, CheckOrder { data }).await.map_err(|error| error.fault())?;
    let report = running.report(|done, total| {
        let size = |bytes| wording::bytes(bytes, face.language);
        let message = Message::new("repository-check-progress").with("done", size(done));
        meter.show(&message.with("total", size(total.max(done))));
    });
    let view = report.await.map_err(|error| error.fault())?;
    meter.clear();
    if face.json {
        face.put_json(&view);
    } else {
        told(face, &view);
    }
    if view.count == 0 {
        return Ok(Exit::Ok);
    }
    let mut fault = Fault::new(FaultCode::RepositoryDamaged)
        .with("place", view.repository.place.as_str())
        .with("count", view.count);
    for damage in view.damages.iter().take(16) {
        fault = fault.output(damage);
    }
    face.fault(&fault);
    Ok(fault.code.exit())
}

fn told(face: &Face, view: &CheckView) {
    let name = view.repository.name.as_str();
    if view.count == 0 {
        let whole = Message::new("repository-check-whole").with("name", name);
        face.put(&face.words(&whole.with("count", view.snapshots)));
    }
    for finding in &view.findings {
        face.put_lines(&[face.words(finding)]);
    }
    for remark in &view.remarks {
        face.put_lines(&[face.words(&Message::new("repository-check-remark").with("text", remark.as_str()))]);
    }
}

async fn remove(face: &Face, client: &Client, name: &str, yes: bool) -> Result<Exit, Fault> {
    let view = client.repositories().await.map_err(|error| error.fault())?;
    let unknown = || Fault::new(FaultCode::RepositoryUnknown).with("repository", name);
    let known = view.repositories.iter().find(|view| view.name.as_str() == name).ok_or_else(unknown)?;
    let question = Message::new("repository-remove-ask").with("name", name).with("place", known.place.as_str());
    if !yes && !face.confirm(&question, "--yes")? {
        return Ok(Exit::Confirmation);
    }
    let removed = client.remove_repository(name).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&removed);
    } else {
        let words = Message::new("repository-removed").with("name", name).with("place", removed.place);
        face.put_lines(&[face.words(&words)]);
    }
    Ok(Exit::Ok)
}
