//! `bridle config secret`: the passwords of the site's services. A value comes from a file or from standard input, never from
//! the command line, and is never printed.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use bridle_client::Client;
use bridle_core::configuration::secret::{self, Password, SecretDraft, SecretOrder, SecretView};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::wording;

use super::{Agreed, agreed, followed};
use crate::arguments::{ConfigOptions, ConfigSecret};
use crate::face::Face;
use crate::typed;

/// Most that is read, in bytes: more can be no password.
const MOST: u64 = 8 * 1024;

/// Runs one of the commands.
pub(super) async fn run(face: &Face, client: &Client, command: ConfigSecret) -> Result<Exit, Fault> {
    match command {
        ConfigSecret::List => list(face, client).await,
        ConfigSecret::Set { name, file, how } => {
            secret::known(&name)?;
            // Nobody is asked for a password that nothing would be done with.
            let draft = SecretDraft { name, set: true };
            let read = || read(face, file.as_deref()).map(|password| Some(password.expose().to_owned()));
            change(face, client, draft, &how, read).await
        }
        ConfigSecret::Unset { name, how } => {
            secret::known(&name)?;
            change(face, client, SecretDraft { name, set: false }, &how, || Ok(None)).await
        }
    }
}

async fn list(face: &Face, client: &Client) -> Result<Exit, Fault> {
    let view = client.secrets().await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&view);
        return Ok(Exit::Ok);
    }
    for secret in &view.secrets {
        face.put(&line(face, secret));
    }
    Ok(Exit::Ok)
}

fn line(face: &Face, secret: &SecretView) -> String {
    let set = match secret.set {
        Some(time) => Message::new("secrets-set").with("time", wording::moment(time)),
        None => Message::new("secrets-not-set"),
    };
    let needed = secret.needed.then(|| format!("  {}", face.words(&Message::new("secrets-needed"))));
    format!("{:16}{}{}", secret.name, face.words(&set), needed.unwrap_or_default())
}

async fn change(
    face: &Face,
    client: &Client,
    draft: SecretDraft,
    how: &ConfigOptions,
    value: impl FnOnce() -> Result<Option<String>, Fault>,
) -> Result<Exit, Fault> {
    let view = client.secret_draft(&draft).await.map_err(|error| error.fault())?;
    // Before the question: standard input may hold the password, and then nobody can be asked anyway.
    let value = if how.dry_run { None } else { value()? };
    let plan = match agreed(face, &view, how)? {
        Agreed::Go(plan) => plan,
        Agreed::Ended(exit) => return Ok(exit),
    };
    let order = SecretOrder { name: draft.name, value, plan, even_in: how.even_in.clone() };
    let operation = client.change_secret(&order).await.map_err(|error| error.fault())?;
    followed(face, client, &operation, how).await
}

/// The password from a file, from a pipe, or typed where nobody sees it.
fn read(face: &Face, file: Option<&Path>) -> Result<Password, Fault> {
    let mut text = String::new();
    let read = match file.filter(|file| *file != Path::new("-")) {
        Some(file) => std::fs::File::open(file).and_then(|file| file.take(MOST).read_to_string(&mut text)),
        None if io::stdin().is_terminal() => {
            if !face.may_ask() {
                return Err(Fault::new(FaultCode::SecretInvalid));
            }
            typed::hidden(face, &Message::new("secrets-ask"), &mut text)
        }
        None => io::stdin().lock().take(MOST).read_to_string(&mut text),
    };
    // Text that is not UTF-8 is no password; the system's words do not repeat it.
    read.map_err(|error| {
        let path = file.map_or_else(|| "-".to_owned(), |file| file.display().to_string());
        Fault::new(FaultCode::FileUnreadable).with("path", path).because(&error)
    })?;
    Password::read(&text)
}
