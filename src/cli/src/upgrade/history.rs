//! Which releases this server has had, and what became of each change.

use bridle_client::{Client, now};
use bridle_core::fault::{Exit, Fault};
use bridle_core::message::Message;
use bridle_core::operation::OperationView;
use bridle_core::plan::OperationKind;
use bridle_core::sign::Sign;
use bridle_core::wording;

use crate::face::Face;

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
        face.put_lines(&lines(face, operation));
    }
    Ok(Exit::Ok)
}

/// What it was, when, from where, by whom, how long it took, and why it did not stay.
fn lines(face: &Face, operation: &OperationView) -> Vec<String> {
    let sign = face.paint.sign(Sign::from(operation.state), face.language);
    let title = face.words(&operation.title());
    let mut lines = vec![format!("{sign}{}  {title}", wording::moment(operation.started))];
    let by = if operation.by.is_empty() { "bridle" } else { operation.by.as_str() };
    let code = if operation.ended.is_some() { "upgrade-history-took" } else { "upgrade-history-since" };
    let time = wording::elapsed(operation.started, operation.ended.unwrap_or_else(now));
    let about = Message::new(code)
        .with("from", operation.from.as_deref().unwrap_or("none"))
        .with("by", by.chars().filter(|c| !c.is_control()).take(40).collect::<String>())
        .with("time", time);
    lines.push(format!("    {}  {}", face.words(&about), operation.id));
    if let Some(cause) = &operation.cause {
        let because = face.words(&cause.message);
        lines.push(format!("    {}", face.words(&Message::new("upgrade-because").with("because", because))));
    }
    lines
}

fn is_of_releases(operation: &OperationView) -> bool {
    matches!(operation.kind, OperationKind::Install | OperationKind::Upgrade | OperationKind::Rollback)
}

#[cfg(test)]
mod tests {
    use bridle_client::sample;
    use bridle_core::message::Language;
    use clap::Parser as _;

    use super::*;

    #[test]
    fn a_change_says_from_where_by_whom_how_long_and_why_it_did_not_stay() {
        for language in Language::ALL {
            let words = ["bridle", "status", "--no-input", "--color", "never", "--lang", &language.to_string()];
            let face = Face::new(&crate::arguments::Arguments::parse_from(words).global, &|_| None);
            let operations = [sample::success(), sample::gone_back()].map(|events| sample::view(&events));
            let told: Vec<String> = operations.iter().flat_map(|operation| lines(&face, operation)).collect();
            insta::assert_snapshot!(format!("history-{language}"), told.join("\n"));
        }
    }
}
