//! `bridle release upload`: release files that come in pieces over the API and are not added yet.

use bridle_client::Client;
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::{Language, Message};
use bridle_core::upload::{UploadId, UploadState, UploadView};
use bridle_core::wording;

use crate::arguments::ReleaseUpload;
use crate::face::Face;

/// Runs one of the commands.
pub(super) async fn run(face: &Face, client: &Client, command: ReleaseUpload) -> Result<Exit, Fault> {
    match command {
        ReleaseUpload::List => list(face, client).await,
        ReleaseUpload::Remove { id, yes } => remove(face, client, &id, yes).await,
    }
}

async fn list(face: &Face, client: &Client) -> Result<Exit, Fault> {
    let uploads = client.uploads().await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&serde_json::json!({ "uploads": uploads }));
    } else if uploads.is_empty() {
        face.say(&Message::new("upload-none"));
    } else {
        face.put(&lines(&uploads, face.language).join("\n"));
    }
    Ok(Exit::Ok)
}

async fn remove(face: &Face, client: &Client, id: &str, yes: bool) -> Result<Exit, Fault> {
    let unknown = |_| Fault::new(FaultCode::UploadUnknown).with("id", id.chars().take(80).collect::<String>());
    let id: UploadId = id.parse().map_err(unknown)?;
    // Its name is asked for, so that a question names what goes, and nobody is asked about what is not there.
    let upload = client.upload(&id).await.map_err(|error| error.fault())?;
    let named = |code: &'static str| Message::new(code).with("id", id.to_string()).with("name", upload.name.as_str());
    if !yes && !face.confirm(&named("upload-remove-ask"), "--yes")? {
        face.say(&Message::new("upload-kept"));
        return Ok(Exit::Ok);
    }
    client.remove_upload(&id).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&upload);
    } else {
        let size = wording::bytes(upload.offset, face.language);
        face.put(&face.words(&named("upload-removed").with("size", size)));
    }
    Ok(Exit::Ok)
}

/// One line an upload: its id, how much is there, what is being done, until when, and the name of its file.
fn lines(uploads: &[UploadView], language: Language) -> Vec<String> {
    let line = |upload: &UploadView| {
        let code = match upload.state {
            UploadState::Receiving => "upload-receiving",
            UploadState::Complete => "upload-complete",
            UploadState::Adding => "upload-adding",
        };
        let figures = Message::new(code)
            .with("done", wording::bytes(upload.offset, language))
            .with("total", wording::bytes(upload.size, language))
            .with("expires", wording::moment(upload.expires));
        format!("{}  {}  {}", upload.id, upload.name, figures.render(language))
    };
    uploads.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridle_core::port::Timestamp;

    #[test]
    fn one_line_each() {
        let upload = |number: u64, state, offset| UploadView {
            id: UploadId::next(Timestamp(1_795_408_999_000 + number), [].iter()),
            name: "campus-1.1.0-amd64.bundle".to_owned(),
            size: 512_000_000,
            offset,
            state,
            expires: Timestamp(1_796_013_799_000),
        };
        let uploads = [
            upload(1, UploadState::Receiving, 64_000_000),
            upload(2, UploadState::Complete, 512_000_000),
            upload(3, UploadState::Adding, 512_000_000),
        ];
        let text = Language::ALL.map(|language| lines(&uploads, language).join("\n")).join("\n\n");
        insta::assert_snapshot!(text);
    }
}
