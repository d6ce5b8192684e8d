//! `bridle upgrade`: look, ask, begin, follow; and the way back.

mod history;
mod preview;
mod rehearsal;

use bridle_client::{Client, ClientConfig};
use bridle_core::digest::Digest;
use bridle_core::event::OperatorCommand;
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::{OperationId, OperationView};
use bridle_core::plan::OperationKind;
use bridle_core::upgrade::{ChangeOrder, ChangeView};

use crate::arguments::{ChangeOptions, Upgrade};
use crate::attach::{self, Output};
use crate::face::Face;

/// Runs one of the commands.
pub async fn run(face: &Face, config: &ClientConfig, command: Upgrade) -> Result<Exit, Fault> {
    let client = Client::new(config);
    match command {
        Upgrade::Plan { release, no_data_copy, detailed_exitcode } => {
            let release = wanted(&client, release).await?;
            let view = client.upgrade_plan(&release, !no_data_copy).await.map_err(|error| error.fault())?;
            show(face, &view);
            Ok(if view.blocked() {
                Exit::Preflight
            } else if detailed_exitcode {
                Exit::WouldChange
            } else {
                Exit::Ok
            })
        }
        Upgrade::Start { release, how } => {
            let release = wanted(&client, release).await?;
            let view = client.upgrade_plan(&release, !how.no_data_copy).await.map_err(|error| error.fault())?;
            begin(face, &client, view, &how).await
        }
        Upgrade::Rollback { how } => rollback(face, &client, &how).await,
        Upgrade::Rehearse { release } => {
            let release = wanted(&client, release).await?;
            let view = client.upgrade_plan(&release, false).await.map_err(|error| error.fault())?;
            rehearsal::show(face, &view)
        }
        Upgrade::History => history::run(face, &client).await,
    }
}

/// The release that was named, else the newest one in the store that is newer than the one in use.
async fn wanted(client: &Client, named: Option<String>) -> Result<String, Fault> {
    if let Some(named) = named {
        return Ok(named);
    }
    let releases = client.releases().await.map_err(|error| error.fault())?;
    let current = releases.iter().find(|release| release.current);
    let sequence = current.map(|release| release.sequence).ok_or_else(|| Fault::new(FaultCode::NothingInstalled))?;
    let newest = releases.iter().filter(|release| release.sequence > sequence).max_by_key(|release| release.sequence);
    newest.map(|release| release.id.clone()).ok_or_else(|| Fault::new(FaultCode::NoNewerRelease))
}

fn show(face: &Face, view: &ChangeView) {
    if face.json {
        face.put_json(view);
    } else {
        face.put_lines(&preview::lines(face, view));
    }
}

/// Shows, asks, begins and follows.
async fn begin(face: &Face, client: &Client, view: ChangeView, how: &ChangeOptions) -> Result<Exit, Fault> {
    let blocked = view.blocked();
    if !face.json {
        let lines = if blocked { preview::obstacles(face, &view) } else { preview::lines(face, &view) };
        face.put_lines(&lines);
    }
    // What was confirmed elsewhere goes before what was just planned: the agent says what has changed since.
    let plan = how.plan.unwrap_or(view.plan);
    if blocked {
        return Err(Fault::new(FaultCode::UpgradeBlocked));
    }
    if !how.yes && !confirmed(face, &view, plan)? {
        face.say(&Message::new("upgrade-nothing"));
        return Ok(Exit::Ok);
    }
    let order = ChangeOrder {
        release: view.to.clone(),
        plan,
        basis: (plan == view.plan).then_some(view.basis),
        copy_data: !how.no_data_copy,
        even_in: how.even_in.clone(),
    };
    let operation = match view.kind {
        OperationKind::Rollback => client.rollback(&order).await,
        _ => client.upgrade(&order).await,
    };
    let operation = operation.map_err(|error| error.fault())?;
    follow(face, client, &operation.id, how).await
}

fn confirmed(face: &Face, view: &ChangeView, plan: Digest) -> Result<bool, Fault> {
    let code = if view.kind == OperationKind::Rollback { "upgrade-ask-back" } else { "upgrade-ask" };
    let question = Message::new(code).with("release", view.to.as_str()).with("plan", plan.to_string());
    face.confirm(&question, "--yes")
}

async fn follow(face: &Face, client: &Client, id: &OperationId, how: &ChangeOptions) -> Result<Exit, Fault> {
    if how.detach {
        if face.json {
            face.put_json(&serde_json::json!({ "operation": id }));
        } else {
            face.say(&Message::new("attach-left").with("id", id.as_str()));
        }
        return Ok(Exit::Ok);
    }
    attach::run(face, client, id, if face.json { Output::Result } else { Output::Text }).await
}

/// Takes a running upgrade back; after its commit, plans the return to the release before.
async fn rollback(face: &Face, client: &Client, how: &ChangeOptions) -> Result<Exit, Fault> {
    let operations = client.operations().await.map_err(|error| error.fault())?;
    let open = operations.into_iter().find(|operation| !operation.state.is_final());
    match open.filter(is_change) {
        Some(open) => {
            if !how.yes && !face.confirm(&Message::new("ask-abort").with("id", open.id.as_str()), "--yes")? {
                face.say(&Message::new("nothing-done"));
                return Ok(Exit::Ok);
            }
            client.command(&open.id, &OperatorCommand::Abort).await.map_err(|error| error.fault())?;
            // Having been taken back is what was wanted.
            match follow(face, client, &open.id, how).await? {
                Exit::RolledBack => Ok(Exit::Ok),
                exit => Ok(exit),
            }
        }
        None => {
            let view = client.rollback_plan(!how.no_data_copy).await.map_err(|error| error.fault())?;
            begin(face, client, view, how).await
        }
    }
}

fn is_change(operation: &OperationView) -> bool {
    matches!(operation.kind, OperationKind::Upgrade | OperationKind::Rollback | OperationKind::Configure)
}
