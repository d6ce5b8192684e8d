//! `bridle operation`.

use bridle_client::{Client, ClientConfig, ClientError, now};
use bridle_core::event::OperatorCommand;
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::{OperationId, OperationView};

use crate::arguments::Operation;
use crate::attach::{self, Output};
use crate::face::Face;
use crate::status::operation_line;
use crate::steps::Style;

/// Runs one of the commands.
pub async fn run(face: &Face, config: &ClientConfig, command: Operation) -> Result<Exit, Fault> {
    let client = Client::new(config);
    match command {
        Operation::List => list(face, &client, config).await,
        Operation::Show { id } => show(face, &client, config, id).await,
        Operation::Attach { id, events } => {
            let id = newest(&client, id).await?;
            let output = match (events, face.json) {
                (Some(_), _) => Output::Events,
                (None, true) => Output::Result,
                (None, false) => Output::Text,
            };
            attach::run(face, &client, &id, output).await
        }
        Operation::Pause { id } => tell(face, &client, id, OperatorCommand::Pause).await,
        Operation::Continue { id } => tell(face, &client, id, OperatorCommand::Continue).await,
        Operation::Retry { id } => tell(face, &client, id, OperatorCommand::Retry).await,
        Operation::Skip { id, reason } => tell(face, &client, id, OperatorCommand::Skip { reason }).await,
        Operation::Abort { id, yes } => {
            let id = newest(&client, id).await?;
            if !yes && !face.confirm(&Message::new("ask-abort").with("id", id.as_str()), "--yes")? {
                face.say(&Message::new("nothing-done"));
                return Ok(Exit::Ok);
            }
            tell(face, &client, Some(id), OperatorCommand::Abort).await
        }
    }
}

async fn list(face: &Face, client: &Client, config: &ClientConfig) -> Result<Exit, Fault> {
    let (operations, fault) = match client.operations().await {
        Ok(operations) => (operations, None),
        Err(error) => {
            let history = from_disk(face, config, &error)?;
            (history, Some(error.fault()))
        }
    };
    if face.json {
        face.put_json(&serde_json::json!({ "operations": operations }));
    } else if operations.is_empty() {
        face.say(&Message::new("operation-none"));
    } else {
        for operation in &operations {
            face.put(operation_line(operation, face.language, face.paint).trim_start());
        }
    }
    fault.map_or(Ok(Exit::Ok), Err)
}

async fn show(face: &Face, client: &Client, config: &ClientConfig, id: Option<OperationId>) -> Result<Exit, Fault> {
    let answer = match &id {
        Some(id) => client.operation(id).await.map(Some),
        None => client.operations().await.map(|all| all.into_iter().next()),
    };
    let (view, fault) = match answer {
        Ok(view) => (view, None),
        Err(error) => {
            let mut known = from_disk(face, config, &error)?.into_iter();
            (known.find(|view| id.as_ref().is_none_or(|id| view.id == *id)), Some(error.fault()))
        }
    };
    let Some(view) = view else { return Err(fault.unwrap_or_else(|| unknown(id.as_ref()))) };
    if face.json {
        face.put_json(&view);
    } else {
        let style = Style { language: face.language, paint: face.paint };
        face.put(&style.operation(&view, now()).join("\n"));
    }
    fault.map_or(Ok(Exit::Ok), Err)
}

/// What the journals on disk tell while the agent is away.
fn from_disk(face: &Face, config: &ClientConfig, error: &ClientError) -> Result<Vec<OperationView>, Fault> {
    if !error.is_passing() {
        return Err(error.fault());
    }
    let (_, history) = config.offline().map_err(|_| error.fault())?;
    for problem in &history.problems {
        face.fault(&problem.fault());
    }
    Ok(history.operations)
}

async fn tell(face: &Face, client: &Client, id: Option<OperationId>, command: OperatorCommand) -> Result<Exit, Fault> {
    let id = newest(client, id).await?;
    client.command(&id, &command).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&serde_json::json!({ "operation": id, "accepted": command }));
    } else {
        face.say(&Message::new("command-accepted").with("id", id.as_str()));
    }
    Ok(Exit::Ok)
}

/// The operation that was named, else the newest: only one runs at a time.
async fn newest(client: &Client, id: Option<OperationId>) -> Result<OperationId, Fault> {
    if let Some(id) = id {
        return Ok(id);
    }
    let operations = client.operations().await.map_err(|error| error.fault())?;
    operations.into_iter().next().map(|view| view.id).ok_or_else(|| unknown(None))
}

fn unknown(id: Option<&OperationId>) -> Fault {
    Fault::new(FaultCode::OperationUnknown).with("operation", id.map_or("", OperationId::as_str))
}
