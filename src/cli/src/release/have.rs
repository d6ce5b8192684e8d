//! `bridle release have`: what this server has, for the publisher of a delta.

use std::path::Path;

use bridle_client::Client;
use bridle_core::durable;
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_disk::Disk;

use crate::face::Face;

/// Prints the list, or writes it to `output`.
pub async fn run(face: &Face, client: &Client, output: Option<&Path>) -> Result<Exit, Fault> {
    let list = client.have_list().await.map_err(|error| error.fault())?;
    let Some(path) = output else {
        face.put_json(&list);
        return Ok(Exit::Ok);
    };
    let mut text = serde_json::to_vec(&list).expect("texts and numbers");
    text.push(b'\n');
    let failed = |error: durable::FileError| {
        Fault::new(FaultCode::WriteFailed).with("path", path.display().to_string()).because(&error)
    };
    durable::write_atomic(&Disk, path, &text, 0o644).map_err(failed)?;
    if face.json {
        face.put_json(&serde_json::json!({ "written": path, "parts": list.len(), "releases": list.releases }));
    } else {
        let words = Message::new("have-written")
            .with("path", path.display().to_string())
            .with("parts", list.len() as u64)
            .with("releases", list.releases.join(", "));
        face.put(&face.words(&words));
    }
    Ok(Exit::Ok)
}
