//! Which releases this server has had, and what became of each change.

use bridle_client::Client;
use bridle_core::fault::{Exit, Fault};
use bridle_core::message::Message;
use bridle_core::operation::OperationView;
use bridle_core::plan::OperationKind;

use crate::face::Face;
use crate::status::operation_line;

/// Prints the changes of what is installed, newest first.
pub async fn run(face: &Face, client: &Client) -> Result<Exit, Fault> {
    let mut operations = client.operations().await.map_err(|error| error.fault())?;
    operations.retain(is_of_releases);
    if face.json {
        face.put_json(&serde_json::json!({ "operations": operations }));
    } else if operations.is_empty() {
        face.say(&Message::new("operation-none"));
    }
    for operation in operations.iter().filter(|_| !face.json) {
        face.put(operation_line(operation, face.language, face.paint).trim_start());
        if let Some(cause) = &operation.cause {
            let because = face.words(&cause.message);
            face.put(&format!("    {}", face.words(&Message::new("upgrade-because").with("because", because))));
        }
    }
    Ok(Exit::Ok)
}

fn is_of_releases(operation: &OperationView) -> bool {
    matches!(operation.kind, OperationKind::Install | OperationKind::Upgrade | OperationKind::Rollback)
}
