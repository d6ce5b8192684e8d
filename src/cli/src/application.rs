//! `bridle application`: the plan of a renewal, the question, and the operation.

use std::time::Duration;

use bridle_client::{Client, ClientConfig};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::plan::recreate::{RecreateOrder, RecreateView};
use bridle_core::wording;

use crate::arguments::{Application, Recreate};
use crate::attach::{self, Output};
use crate::face::Face;

/// Lines of a list that a person is shown.
const SHOWN: usize = 40;

/// Shows, asks, and renews.
pub async fn run(face: &Face, config: &ClientConfig, command: &Application) -> Result<Exit, Fault> {
    let Application::Recreate(options) = command;
    let client = Client::new(config);
    let view = client.renewal().await.map_err(|error| error.fault())?;
    if face.json && options.dry_run {
        face.put_json(&view);
    } else if !face.json {
        face.put(&lines(face, &view).join("\n"));
    }
    if options.dry_run {
        face.say(&Message::new("recreate-dry-run"));
        return Ok(Exit::Ok);
    }
    if !confirmed(face, options)? {
        face.say(&Message::new("recreate-nothing-changed"));
        return Ok(Exit::Ok);
    }
    let operation = client.recreate(&RecreateOrder { plan: view.plan }).await.map_err(|error| error.fault())?;
    let output = if face.json { Output::Result } else { Output::Text };
    attach::run(face, &client, &operation.id, output).await
}

fn confirmed(face: &Face, options: &Recreate) -> Result<bool, Fault> {
    if options.yes {
        return Ok(true);
    }
    let said = face.confirm(&Message::new("recreate-ask"), "--yes");
    said.map_err(|_| Fault::new(FaultCode::RecreateUnconfirmed))
}

fn lines(face: &Face, view: &RecreateView) -> Vec<String> {
    let words = |code: &'static str| face.words(&Message::new(code));
    let title = Message::new("recreate-of").with("release", view.release.as_str()).with("site", view.site.as_str());
    let mut lines = vec![face.paint.strong(&face.words(&title)), String::new()];
    if view.seen {
        lines.push(words("recreate-goes"));
        lines.extend(list(face, &[("recreate-item", &view.going)], "recreate-goes-nothing"));
        lines.extend([String::new(), words("recreate-stays")]);
        let stays = [
            ("recreate-item-data", &view.data),
            ("recreate-item-secret", &view.secrets),
            ("recreate-item-foreign", &view.foreign),
        ];
        lines.extend(list(face, &stays, "recreate-stays-nothing"));
    } else {
        lines.push(words("recreate-unseen"));
    }
    lines.extend([String::new(), words("recreate-steps")]);
    for (number, step) in (1..).zip(&view.steps) {
        lines.push(format!("  {number:>3}  {}", face.words(step)));
    }
    lines.extend([String::new(), words("recreate-means")]);
    if let Some(millis) = view.millis {
        let time = wording::duration(Duration::from_millis(millis));
        lines.push(face.words(&Message::new("recreate-lasts").with("time", time)));
    }
    lines
}

/// One line a thing, at most [`SHOWN`], and how many more there are.
fn list(face: &Face, kinds: &[(&'static str, &Vec<String>)], nothing: &'static str) -> Vec<String> {
    let all = kinds.iter().flat_map(|(code, names)| names.iter().map(|name| (*code, name.as_str())));
    let mut lines: Vec<String> =
        all.map(|(code, name)| format!("  {}", face.words(&Message::new(code).with("name", name)))).collect();
    if lines.is_empty() {
        lines.push(format!("  {}", face.words(&Message::new(nothing))));
    }
    let more = lines.len().saturating_sub(SHOWN);
    if more > 0 {
        lines.truncate(SHOWN);
        lines.push(format!("  {}", face.words(&Message::new("recreate-more").with("count", more))));
    }
    lines
}

#[cfg(test)]
mod tests {
    use bridle_core::digest::Digest;
    use bridle_core::message::Language;
    use clap::Parser as _;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn face(language: Language) -> Face {
        let lang = if language == Language::Fr { "fr" } else { "en" };
        let words = ["bridle", "application", "recreate", "--no-input", "--color", "never", "--lang", lang];
        Face::new(&Arguments::parse_from(words).global, &|_| None)
    }

    fn options(words: &[&str]) -> Recreate {
        let all = ["bridle", "application", "recreate"].iter().chain(words);
        match Arguments::parse_from(all).command {
            Command::Application(Application::Recreate(options)) => options,
            other => panic!("{other:?}"),
        }
    }

    fn view() -> RecreateView {
        RecreateView {
            release: "campus-1.0.0".to_owned(),
            site: "campus-demo".to_owned(),
            steps: vec![Message::new("step-configure-kubernetes")],
            plan: Digest::of(b"plan"),
            millis: Some(42_000),
            going: (0..43).map(|number| format!("campus/Service/api-{number}")).collect(),
            data: vec!["campus/data-database-0".to_owned()],
            secrets: vec!["campus/database-owner".to_owned()],
            foreign: vec!["campus/ConfigMap/notes".to_owned()],
            seen: true,
        }
    }

    #[test]
    fn what_goes_what_stays_and_how_long_it_takes() {
        for language in Language::ALL {
            let face = face(language);
            let text = lines(&face, &view()).join("\n");
            for wanted in ["campus-1.0.0", "campus-demo", "campus/Service/api-39", "data-database-0", "notes", "0:42"] {
                assert!(text.contains(wanted), "{wanted} in {text}");
            }
            assert!(!text.contains("api-40") && text.contains(" 3 "), "{text}");
            assert!(!text.contains("{$") && !text.contains("recreate-"), "{text}");
            let blind = lines(&face, &RecreateView { seen: false, ..view() }).join("\n");
            assert!(!blind.contains("data-database-0") && !blind.contains("recreate-"), "{blind}");
        }
    }

    #[test]
    fn nobody_is_asked_where_nobody_can_answer() {
        let face = face(Language::En);
        let fault = confirmed(&face, &options(&[])).expect_err("unconfirmed");
        assert_eq!((fault.code, fault.code.exit()), (FaultCode::RecreateUnconfirmed, Exit::Confirmation));
        assert_eq!(confirmed(&face, &options(&["--yes"])), Ok(true));
    }
}
