//! `bridle config`: read the configuration, change it, and its history.

mod editor;
mod preview;
mod secret;

use std::io::Read as _;
use std::path::Path;

use bridle_client::{Client, ClientConfig};
use bridle_core::configuration::change::{self, Change};
use bridle_core::configuration::edit::{self, EditError};
use bridle_core::configuration::finding;
use bridle_core::configuration::view::{ConfigurationOrder, Draft, DraftView};
use bridle_core::configuration::{Key, KeyError};
use bridle_core::digest::Digest;
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::OperationView;
use bridle_core::site;

use crate::arguments::{Config, ConfigOptions};
use crate::attach::{self, Output};
use crate::face::Face;

/// Runs one of the commands; `variable` reads the environment.
pub async fn run(
    face: &Face,
    config: &ClientConfig,
    command: Config,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Exit, Fault> {
    let client = Client::new(config);
    match command {
        Config::Get { key } => get(face, &client, key.as_deref()).await,
        Config::Set { pairs, how } => {
            let text = text(&client).await?;
            put(face, &client, Draft { text: set(text, &pairs)?, restores: None }, &how).await
        }
        Config::Unset { keys, how } => {
            let mut text = text(&client).await?;
            for key in &keys {
                text = edit::unset(&text, &parsed(key)?).map_err(refused)?;
            }
            put(face, &client, Draft { text, restores: None }, &how).await
        }
        Config::Edit { how } => editor::run(face, &client, &how, variable).await,
        Config::Validate { file } => {
            let text = match file {
                Some(file) => read(&file)?,
                None => text(&client).await?,
            };
            validate(face, &client, text).await
        }
        Config::Diff { from, to } => diff(face, &client, from, to).await,
        Config::Test => test(face, &client).await,
        Config::Secret(command) => secret::run(face, &client, command).await,
        Config::History => history(face, &client).await,
        Config::Rollback { revision, how } => {
            let kept = client.configuration_revision(revision).await.map_err(|error| error.fault())?;
            put(face, &client, Draft { text: kept.text, restores: Some(revision) }, &how).await
        }
        Config::Apply { file, how } => {
            let text = match file {
                Some(file) => read(&file)?,
                None => text(&client).await?,
            };
            put(face, &client, Draft { text, restores: None }, &how).await
        }
    }
}

async fn text(client: &Client) -> Result<String, Fault> {
    Ok(client.configuration().await.map_err(|error| error.fault())?.text)
}

async fn get(face: &Face, client: &Client, key: Option<&str>) -> Result<Exit, Fault> {
    let view = client.configuration().await.map_err(|error| error.fault())?;
    if view.differs {
        face.say(&Message::new("config-differs"));
    }
    let Some(key) = key else {
        if face.json {
            face.put_json(&change::hidden(&Key::of(["site"]), &table(&view.text)?));
        } else {
            face.put(change::masked(&view.text).map_err(refused)?.trim_end());
        }
        return Ok(Exit::Ok);
    };
    let key = parsed(key)?;
    let Some(value) = edit::get(&view.text, &key).map_err(refused)? else {
        face.say(&Message::new("config-absent").with("key", key.to_string()));
        return Ok(Exit::Failed);
    };
    match change::hidden(&key, &value) {
        value if face.json => face.put_json(&value),
        toml::Value::String(text) => face.put(&text),
        value => face.put(value.to_string().trim_end()),
    }
    Ok(Exit::Ok)
}

fn table(text: &str) -> Result<toml::Value, Fault> {
    let table = toml::from_str::<toml::Table>(text).map_err(|error| EditError::Toml(error.message().to_owned()));
    table.map(toml::Value::Table).map_err(refused)
}

/// The text with each value under its key; a value is a literal of TOML, or else a text.
fn set(mut text: String, pairs: &[String]) -> Result<String, Fault> {
    for pair in pairs.chunks(2) {
        let [key, value] = pair else {
            // A key without a value.
            return Err(Fault::new(FaultCode::ConfigurationKeyInvalid).with("key", clipped(&pair[0])));
        };
        let key = parsed(key)?;
        let before = edit::get(&text, &key).map_err(refused)?;
        // What was a text stays one: 1.35 may be a version.
        let wanted = before.filter(toml::Value::is_str).map(|_| "string");
        text = edit::set(&text, &key, edit::typed(value, wanted)).map_err(refused)?;
    }
    Ok(text)
}

fn parsed(key: &str) -> Result<Key, Fault> {
    key.parse().map_err(|error: KeyError| {
        Fault::new(FaultCode::ConfigurationKeyInvalid).with("key", clipped(key)).because(&error)
    })
}

fn clipped(text: &str) -> String {
    text.chars().take(80).collect()
}

fn refused(error: EditError) -> Fault {
    match &error {
        EditError::Toml(_) => Fault::new(FaultCode::ConfigurationInvalid).because(&error),
        EditError::NoTable(key) | EditError::NoPlace(key) | EditError::IsTable(key) | EditError::Absent(key) => {
            Fault::new(FaultCode::ConfigurationKeyInvalid).with("key", key.to_string()).because(&error)
        }
    }
}

/// A file, or standard input for `-`.
fn read(file: &Path) -> Result<String, Fault> {
    let limit = site::LARGEST as u64 + 1;
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(limit).read_to_string(&mut text))
    };
    let unreadable = |error: std::io::Error| {
        Fault::new(FaultCode::FileUnreadable).with("path", file.display().to_string()).because(&error)
    };
    read.map_err(unreadable)?;
    Ok(text)
}

async fn validate(face: &Face, client: &Client, text: String) -> Result<Exit, Fault> {
    let draft = Draft { text, restores: None };
    let view = client.configuration_draft(&draft).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&view);
    } else {
        face.put_lines(&preview::findings(face, &view.findings));
        match view.findings.len() {
            0 => face.say(&Message::new("config-valid")),
            count => face.say(&Message::new("config-sum").with("count", count)),
        }
    }
    Ok(if finding::blocks(&view.findings) { FaultCode::ConfigurationInvalid.exit() } else { Exit::Ok })
}

async fn diff(face: &Face, client: &Client, from: Option<u64>, to: Option<u64>) -> Result<Exit, Fault> {
    let now = client.configuration().await.map_err(|error| error.fault())?;
    let revision = async |number| client.configuration_revision(number).await.map_err(|error| error.fault());
    let from = match (from, now.revision.as_ref()) {
        (Some(number), _) => revision(number).await?.text,
        (None, Some(in_force)) => revision(in_force.number).await?.text,
        (None, None) => now.text.clone(),
    };
    let to = match to {
        Some(number) => revision(number).await?.text,
        None => now.text,
    };
    let changes: Vec<Change> = change::between(&from, &to).map_err(refused)?;
    if face.json {
        face.put_json(&serde_json::json!({ "changes": changes }));
    } else if changes.is_empty() {
        face.say(&Message::new("config-same"));
    }
    preview::changes(face, &changes).iter().filter(|_| !face.json).for_each(|line| face.put(line));
    Ok(Exit::Ok)
}

async fn history(face: &Face, client: &Client) -> Result<Exit, Fault> {
    let history = client.configuration_history().await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&history);
    } else if history.revisions.is_empty() {
        face.say(&Message::new("config-history-empty"));
    } else {
        face.put_lines(&preview::history(face, &history));
    }
    Ok(Exit::Ok)
}

async fn test(face: &Face, client: &Client) -> Result<Exit, Fault> {
    let view = client.services_test().await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&view);
    } else if view.host.is_empty() {
        face.say(&Message::new("config-test-none"));
    } else {
        face.put(&face.paint.strong(&face.words(&Message::new("config-test-host"))));
        preview::services(face, &view.host).iter().for_each(|line| face.put(line));
        if !view.pod.is_empty() {
            face.put(&face.paint.strong(&face.words(&Message::new("errand-heading"))));
            preview::services(face, &view.pod).iter().for_each(|line| face.put(line));
        }
        view.no_pod.iter().for_each(|why| face.say(why));
    }
    match view.host.iter().chain(&view.pod).filter(|test| !test.good).count() {
        0 => Ok(Exit::Ok),
        count => Err(Fault::new(FaultCode::ServiceFailed).with("count", count)),
    }
}

/// Shows what a draft means, asks, puts it in force and follows.
async fn put(face: &Face, client: &Client, draft: Draft, how: &ConfigOptions) -> Result<Exit, Fault> {
    let view = client.configuration_draft(&draft).await.map_err(|error| error.fault())?;
    shown(face, client, draft, view, how).await
}

async fn shown(
    face: &Face,
    client: &Client,
    draft: Draft,
    view: DraftView,
    how: &ConfigOptions,
) -> Result<Exit, Fault> {
    let plan = match agreed(face, &view, how)? {
        Agreed::Go(plan) => plan,
        Agreed::Ended(exit) => return Ok(exit),
    };
    let order = ConfigurationOrder { draft, plan, even_in: how.even_in.clone() };
    let operation = client.configure(&order).await.map_err(|error| error.fault())?;
    followed(face, client, &operation, how).await
}

/// Whether something is to be done.
enum Agreed {
    /// This plan.
    Go(Digest),
    /// Nothing.
    Ended(Exit),
}

/// Shows what a change means, and asks.
fn agreed(face: &Face, view: &DraftView, how: &ConfigOptions) -> Result<Agreed, Fault> {
    if !face.json {
        face.put_lines(&preview::lines(face, view));
    } else if how.dry_run {
        face.put_json(view);
    }
    if finding::blocks(&view.findings) {
        return Err(Fault::new(FaultCode::ConfigurationInvalid));
    }
    let Some(plan) = view.plan else {
        return Ok(Agreed::Ended(Exit::Ok));
    };
    if how.dry_run {
        return Ok(Agreed::Ended(Exit::Ok));
    }
    if let Some(critical) = view.forbidden.as_ref().filter(|critical| how.even_in.as_deref() != Some(&critical.name)) {
        return Err(critical.fault(&view.windows));
    }
    if !how.yes && !face.confirm(&Message::new("config-ask"), "--yes")? {
        face.say(&Message::new("config-stopped"));
        return Ok(Agreed::Ended(Exit::Ok));
    }
    Ok(Agreed::Go(plan))
}

/// Follows an operation that was begun, or says how to.
async fn followed(face: &Face, client: &Client, operation: &OperationView, how: &ConfigOptions) -> Result<Exit, Fault> {
    if how.detach {
        if face.json {
            face.put_json(&serde_json::json!({ "operation": operation.id }));
        } else {
            face.say(&Message::new("attach-left").with("id", operation.id.as_str()));
        }
        return Ok(Exit::Ok);
    }
    attach::run(face, client, &operation.id, if face.json { Output::Result } else { Output::Text }).await
}
