//! `bridle repository add`.

use std::path::{Path, PathBuf};

use bridle_client::Client;
use bridle_core::backup::recovery_code::{LONGEST, RecoveryCode};
use bridle_core::backup::repository::credentials::{self, Credentials};
use bridle_core::backup::repository::named;
use bridle_core::backup::repository::place::{Bucket, LARGEST_CA, Place};
use bridle_core::backup::repository::view::{AddOrder, AddedView};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;

use crate::arguments::RepositoryAdd;
use crate::face::Face;
use crate::typed;

/// Adds a repository. What is missing is asked for where somebody can be asked.
pub(super) async fn run(face: &Face, client: &Client, options: RepositoryAdd) -> Result<Exit, Fault> {
    named(&options.name)?;
    let place = place(&options)?;
    place.check()?;
    let credentials = match place {
        Place::S3(_) => Some(access_key(face, options.credentials.as_deref())?),
        Place::Directory { .. } => None,
    };
    let code = options.recovery_code.as_deref().map(code_of).transpose()?;
    let RepositoryAdd { name, same_disk, take_over, replace, .. } = options;
    let order = AddOrder { name, place, credentials, code, same_disk, take_over, replace };
    let Some(added) = added(face, client, order).await? else { return Ok(Exit::Confirmation) };
    if face.json {
        face.put_json(&added);
        return Ok(Exit::Ok);
    }
    let name = added.repository.name.as_str();
    let done = if replace { "repository-replaced" } else { "repository-added" };
    face.put(&face.words(&Message::new(done).with("name", name)));
    face.put_lines(&super::lines(face, &added.repository));
    if let Some(sheet) = &added.sheet {
        super::put_sheet(face, name, sheet);
    }
    Ok(Exit::Ok)
}

/// Gives the order, and once more with what turned out to be missing; nothing if a question was answered with no.
async fn added(face: &Face, client: &Client, mut order: AddOrder) -> Result<Option<AddedView>, Fault> {
    loop {
        let fault = match client.add_repository(&order).await {
            Ok(added) => return Ok(Some(added)),
            Err(error) => error.fault(),
        };
        match fault.code {
            FaultCode::PlaceShared if face.may_ask() && !order.same_disk => {
                let question = Message::new("repository-shared-ask").with("place", order.place.shown());
                if !face.confirm(&question, "--same-disk")? {
                    return Ok(None);
                }
                order.same_disk = true;
            }
            FaultCode::RecoveryCodeNeeded if face.may_ask() && order.code.is_none() => {
                face.fault(&fault);
                order.code = face.ask(&Message::new("repository-ask-code"));
            }
            _ => return Err(fault),
        }
    }
}

fn place(options: &RepositoryAdd) -> Result<Place, Fault> {
    let Some(bucket) = &options.s3 else {
        let path = options.directory.clone().unwrap_or_default();
        return Ok(Place::Directory { path: plain(&path) });
    };
    let ca = options.ca.as_deref().map(|file| typed::from(Some(file), LARGEST_CA as u64 + 1)).transpose()?.flatten();
    Ok(Place::S3(Bucket {
        endpoint: options.endpoint.clone().unwrap_or_default(),
        region: options.region.clone(),
        bucket: bucket.clone(),
        prefix: options.prefix.trim_matches('/').to_owned(),
        path_style: options.path_style,
        ca: ca.unwrap_or_default(),
    }))
}

/// Without a slash at its end. Names that are no UTF-8 are no names of repositories; they come out as something else, which
/// is not there.
fn plain(path: &Path) -> String {
    let path: PathBuf = path.components().collect();
    path.to_string_lossy().into_owned()
}

fn access_key(face: &Face, file: Option<&Path>) -> Result<Credentials, Fault> {
    if let Some(text) = typed::from(file, credentials::LARGEST as u64 + 1)? {
        return Credentials::parse(&text);
    }
    let invalid = || Fault::new(FaultCode::CredentialsInvalid);
    let key_id = face.ask(&Message::new("repository-ask-key-id")).ok_or_else(invalid)?;
    let mut secret = String::new();
    typed::hidden(face, &Message::new("repository-ask-secret"), &mut secret).map_err(|_| invalid())?;
    Credentials { key_id, secret: secret.trim().to_owned(), token: None }.checked()
}

fn code_of(file: &Path) -> Result<String, Fault> {
    let text = typed::from(Some(file), LONGEST as u64 + 1)?.unwrap_or_default();
    RecoveryCode::read(&text).map_err(|error| error.fault())?;
    Ok(text)
}
