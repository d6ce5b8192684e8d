//! `bridle backup key`: the recovery codes of repositories.

use bridle_client::{Client, ClientConfig};
use bridle_core::backup::recovery_code::{LONGEST, RecoveryCode};
use bridle_core::backup::repository::view::{RehearseOrder, RepositoryView};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::wording;

use crate::arguments::{Backup, BackupKey};
use crate::face::Face;
use crate::repository::put_sheet;
use crate::typed;

/// Runs one of the commands.
pub async fn run(face: &Face, config: &ClientConfig, command: Backup) -> Result<Exit, Fault> {
    let client = Client::new(config);
    let Backup::Key(command) = command;
    match command {
        BackupKey::Show { name } => show(face, &client, name.as_deref()).await,
        BackupKey::Rehearse { name } => rehearse(face, &client, name).await,
        BackupKey::Rotate { name, yes } => rotate(face, &client, &name, yes).await,
    }
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
