//! `bridle cluster restore`: the plan of a return to a restore point, the typed confirmation, and the operation.

use bridle_client::{Client, ClientConfig};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::plan::cluster_restore::{ClusterRestoreOrder, ClusterRestoreView};
use bridle_core::plan::review::Finding;
use bridle_core::sign::{ATTENTION, BLOCKS};

use crate::arguments::{Cluster, ClusterRestore};
use crate::attach::{self, Output};
use crate::face::Face;
use crate::restore_point;

/// Lines of a list that a person is shown.
const SHOWN: usize = 40;

/// Shows, asks, and goes back.
pub async fn run(face: &Face, config: &ClientConfig, command: &Cluster) -> Result<Exit, Fault> {
    let Cluster::Restore(options) = command;
    let client = Client::new(config);
    let view = client.cluster_restore_plan(options.restore_point.as_deref()).await.map_err(|error| error.fault())?;
    if face.json && options.dry_run {
        face.put_json(&view);
    } else if !face.json {
        face.put(&lines(face, &view).join("\n"));
    }
    if options.dry_run {
        face.say(&Message::new("restore-dry-run"));
        return Ok(if view.against().is_some() { Exit::Preflight } else { Exit::Ok });
    }
    if let Some(against) = view.against() {
        return Err(Fault::new(FaultCode::ClusterRestoreBlocked).detail(against));
    }
    let Some(confirm) = confirmed(face, &view, options)? else {
        face.say(&Message::new("restore-nothing-changed"));
        return Ok(Exit::Ok);
    };
    let order = ClusterRestoreOrder { point: view.point.name, plan: view.plan, confirm };
    let operation = client.cluster_restore(&order).await.map_err(|error| error.fault())?;
    let output = if face.json { Output::Result } else { Output::Text };
    attach::run(face, &client, &operation.id, output).await
}

/// The name of the site as it was typed; none if a person left it empty.
fn confirmed(face: &Face, view: &ClusterRestoreView, options: &ClusterRestore) -> Result<Option<String>, Fault> {
    let flag = format!("--confirm {}", view.site);
    let typed = match &options.confirm {
        Some(typed) => Some(typed.clone()),
        None => face.ask(&Message::new("restore-ask-name").with("name", view.site.as_str())),
    };
    let typed = typed.ok_or_else(|| Fault::new(FaultCode::ClusterRestoreUnconfirmed).with("flag", flag))?;
    match typed.as_str() {
        "" => Ok(None),
        name if name == view.site => Ok(Some(typed)),
        _ => {
            let found: String = typed.chars().take(80).collect();
            Err(Fault::new(FaultCode::ClusterRestoreNameWrong).with("found", found))
        }
    }
}

fn lines(face: &Face, view: &ClusterRestoreView) -> Vec<String> {
    let words = |code: &'static str| face.words(&Message::new(code));
    let title = Message::new("restore-of").with("release", view.release.as_str()).with("site", view.site.as_str());
    let mut lines = vec![face.paint.strong(&face.words(&title)), String::new()];
    lines.extend(restore_point::lines(face, &view.point, view.time));
    lines.push(String::new());
    if view.answers {
        lines.push(face.paint.strong(&words("restore-since")));
        lines.extend(since(face, view));
        let export = view.export.as_ref().map(|path| Message::new("restore-export").with("path", path.as_str()));
        lines.extend(export.map(|export| face.words(&export)));
    } else {
        lines.push(words("restore-unseen"));
    }
    lines.extend([words("restore-deleted"), String::new()]);
    for finding in &view.findings {
        lines.extend(told(face, finding));
    }
    lines.push(face.paint.strong(&words("restore-steps")));
    for step in &view.steps {
        lines.push(format!("  {:>3}  {}", step.id.0, face.words(&step.title)));
    }
    lines.extend([String::new(), words("restore-means")]);
    lines
}

/// One line an object, at most [`SHOWN`], and how many more there are.
fn since(face: &Face, view: &ClusterRestoreView) -> Vec<String> {
    let item = |code: &'static str, name: &String| {
        format!("  {}", face.words(&Message::new(code).with("name", name.as_str())))
    };
    let created = view.created.iter().map(|name| item("restore-created", name));
    let mut lines: Vec<String> = created.chain(view.changed.iter().map(|name| item("restore-changed", name))).collect();
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("  {}", face.words(&Message::new("restore-more").with("count", more))));
    }
    if lines.is_empty() {
        lines.push(format!("  {}", face.words(&Message::new("restore-since-nothing"))));
    }
    lines
}

fn told(face: &Face, finding: &Finding) -> Vec<String> {
    let sign = if finding.stands_against() { BLOCKS } else { ATTENTION };
    let sign = face.paint.sign(sign, face.language);
    let part = |part: &str| finding.message.render_attribute(face.language, part).map(|text| format!("    {text}"));
    let mut lines = vec![format!("{sign}{}", face.words(&finding.message))];
    lines.extend(["why", "fix"].into_iter().filter_map(part));
    lines.extend(finding.commands.iter().map(|line| format!("      {line}")));
    lines.push(String::new());
    lines
}

#[cfg(test)]
mod tests;
