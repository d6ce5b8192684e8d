//! `bridle status`.

use std::path::Path;
use std::time::Duration;

use bridle_client::{Client, ClientConfig, ClientError, offline};
use bridle_core::fault::{Exit, Fault};
use bridle_core::message::{Language, Message};
use bridle_core::operation::OperationView;
use bridle_core::sign::Sign;
use bridle_core::status::{HostView, StatusView};
use bridle_core::wording::{self, FaultText};

use crate::face::{Face, Paint};

const WATCH_PAUSE: Duration = Duration::from_secs(2);

/// Prints the status once, or until Ctrl-C.
pub async fn run(face: &Face, config: &ClientConfig, watch: bool) -> Result<Exit, Fault> {
    let client = Client::new(config);
    if !watch {
        return match client.status().await {
            Ok(status) => {
                show(face, &status);
                Ok(Exit::Ok)
            }
            Err(error) => without_agent(face, config, &error),
        };
    }
    let mut before = None;
    loop {
        let now = match client.status().await {
            Ok(status) => status,
            Err(error) if error.is_passing() => last_known(face, config),
            Err(error) => return Err(error.fault()),
        };
        let comparable = StatusView { time: bridle_core::port::Timestamp(0), ..now.clone() };
        if before.as_ref() != Some(&comparable) {
            if face.live && !face.json {
                face.put("\u{1b}[2J\u{1b}[H");
            }
            show(face, &now);
            before = Some(comparable);
        }
        tokio::select! {
            () = tokio::time::sleep(WATCH_PAUSE) => {}
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Ok),
        }
    }
}

fn show(face: &Face, status: &StatusView) {
    if face.json {
        face.put_json(status);
    } else {
        face.put(&lines(status, face.language, face.paint).join("\n"));
    }
}

fn last_known(face: &Face, config: &ClientConfig) -> StatusView {
    match config.offline() {
        Ok((status, history)) => {
            history.problems.iter().for_each(|problem| face.fault(&problem.fault()));
            status
        }
        Err(problem) => {
            face.fault(&problem.fault());
            offline::status(Path::new(""), &offline::History::default())
        }
    }
}

/// The last known state, then why it is not the present one.
fn without_agent(face: &Face, config: &ClientConfig, error: &ClientError) -> Result<Exit, Fault> {
    if error.is_passing() {
        show(face, &last_known(face, config));
    }
    Err(error.fault())
}

/// The status as text.
pub fn lines(status: &StatusView, language: Language, paint: Paint) -> Vec<String> {
    let words = |message: Message| message.render(language);
    let mut lines = Vec::new();
    let sign = paint.sign(Sign::from(status.health), language);
    lines.push(match (&status.release, &status.agent) {
        (_, None) => format!("{sign}  {}", words(last_known_state(status))),
        (Some(release), _) => format!(
            "{sign}  {}",
            words(
                Message::new("status-release")
                    .with("release", release.as_str())
                    .with("site", status.site.as_str())
                    .with("address", format!("https://{}/", status.front_door))
            )
        ),
        (None, _) => format!("{sign}  {}", words(Message::new("status-no-release"))),
    });
    for fault in &status.faults {
        lines.push(String::new());
        lines.extend(FaultText::new(fault, language).lines(language, 1));
    }
    if let Some(operation) = &status.operation {
        lines.push(String::new());
        lines.push(paint.strong(&words(Message::new("heading-operation"))));
        lines.push(operation_line(operation, language, paint));
    }
    if let Some(unseen) = &status.cluster_unseen {
        lines.push(String::new());
        lines.push(unseen.render(language));
    }
    if let Some(nodes) = &status.nodes {
        lines.push(String::new());
        lines.push(paint.strong(&words(Message::new("heading-servers"))));
        for node in nodes {
            let reason = node.reason.as_ref().map(|reason| format!("  {}", reason.render(language)));
            let sign = paint.sign(Sign::from(node), language);
            lines.push(format!("  {sign}  {}  {}{}", node.name, node.version, reason.unwrap_or_default()));
        }
    }
    if let Some(workloads) = status.workloads.as_ref().filter(|workloads| !workloads.is_empty()) {
        lines.push(String::new());
        lines.push(paint.strong(&words(Message::new("heading-services"))));
        let width = workloads.iter().map(|w| w.name.chars().count()).max().unwrap_or(0);
        for workload in workloads {
            let reason = workload.reason.as_ref().map(|reason| format!("  {}", reason.render(language)));
            lines.push(format!(
                "  {}  {:width$}  {}/{}{}",
                paint.sign(Sign::from(workload), language),
                workload.name,
                workload.ready,
                workload.wanted,
                reason.unwrap_or_default()
            ));
        }
    }
    if let Some(host) = &status.host {
        lines.push(String::new());
        lines.push(words(host_line(host, language)));
    }
    lines
}

/// When the last known state was written.
pub fn last_known_state(status: &StatusView) -> Message {
    match status.time.0 {
        0 => Message::new("status-nothing-known"),
        _ => Message::new("status-last-known").with("time", wording::moment(status.time)),
    }
}

fn host_line(host: &HostView, language: Language) -> Message {
    Message::new("status-host")
        .with("name", host.name.as_str())
        .with("used", wording::mebibytes(host.memory_used_mib, language))
        .with("memory", wording::mebibytes(host.memory_total_mib, language))
        .with("free", wording::mebibytes(host.disk_free_mib, language))
        .with("disk", wording::mebibytes(host.disk_total_mib, language))
        .with("load", format!("{}.{:02}", host.load_hundredths / 100, host.load_hundredths % 100))
        .with("cpus", host.cpus)
}

/// One operation in one line.
pub fn operation_line(operation: &OperationView, language: Language, paint: Paint) -> String {
    let sign = paint.sign(Sign::from(operation.state), language);
    let place = match operation.current() {
        Some(step) if !operation.state.is_final() => Message::new("operation-at-step")
            .with("step", u32::from(step.id.0))
            .with("steps", operation.steps.len())
            .with("title", step.title.render(language))
            .render(language),
        _ => wording::moment(operation.ended.unwrap_or(operation.started)),
    };
    format!("  {sign}  {}  {}  {place}", operation.id, operation.to)
}

#[cfg(test)]
mod tests {
    use bridle_core::fault::FaultCode;

    use super::*;

    #[test]
    fn what_keeps_the_agent_from_operations_is_told() {
        let fault = Fault::new(FaultCode::JournalDamaged).with("path", "/x.journal");
        let status = StatusView { faults: vec![fault], ..bridle_client::sample::status(None) };
        for (language, words) in [(Language::En, "bridle uninstall"), (Language::Fr, "l’assistance")] {
            let told = lines(&status, language, Paint(false)).join("\n");
            assert!(told.contains("BR-1053") && told.contains("/x.journal") && told.contains(words), "{told}");
        }
    }
}
