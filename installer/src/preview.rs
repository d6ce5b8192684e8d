//! What is shown before anything happens: findings and plan.

use std::time::Duration;

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::plan::Plan;
use bridle_core::plan::review::{Finding, Report, Severity};
use bridle_core::release::ReleaseManifest;
use bridle_core::site::Site;
use bridle_core::step::{PlannedStep, Undo};
use bridle_core::wording;
use bridle_host::layout::Layout;
use serde_json::{Value, json};

use crate::arguments::Install;
use crate::console::Console;
use crate::opening::Opened;

/// Version of the JSON object.
const FORMAT: u32 = 1;

/// Everything that is decided before the question.
pub struct Preview<'a> {
    pub opened: &'a Opened,
    pub site: &'a Site,
    pub report: &'a Report,
    pub plan: &'a Plan,
    pub node: &'a str,
    pub address: &'a str,
    /// Bytes that the store does not hold yet.
    pub new_bytes: u64,
}

impl Preview<'_> {
    /// Findings and plan as text; `--explain` adds limits and the way back of each step.
    pub fn lines(&self, console: &Console, layout: &Layout, options: &Install) -> Vec<String> {
        let release = self.opened.release();
        let key = self.opened.signer();
        let mut lines = findings(console, &self.report.findings);
        if !options.fix && self.report.findings.iter().any(|finding| finding.cure.is_some()) {
            lines.push(format!("  {}", console.words(&Message::new("preflight-fix-hint"))));
        }
        lines.push(String::new());
        lines.push(
            console.words(
                &Message::new("install-plan")
                    .with("release", release.id())
                    .with("host", self.node)
                    .with("address", self.address),
            ),
        );
        let front_door = format!("https://{}/", self.site.host);
        lines.push(console.words(&Message::new("install-plan-address").with("address", front_door)));
        lines.push(console.words(&Message::new("install-plan-digest").with("digest", self.plan.digest().to_string())));
        lines.push(console.words(&Message::new("install-fingerprint").with("fingerprint", key.fingerprint())));
        lines.push(String::new());
        lines.push(console.words(&Message::new("install-plan-files")));
        for message in self.files(console, layout, release) {
            lines.push(format!("  {}", console.words(&message)));
        }
        lines.push(String::new());
        lines.push(console.words(&Message::new("install-plan-steps")));
        for step in self.plan.steps() {
            lines.push(format!("  {:>3}  {}", step.id.0, step.step.title().render(console.language)));
            if options.explain {
                lines.extend(explained(console, step).into_iter().map(|line| format!("       {line}")));
            }
        }
        lines
    }

    /// The same for programs; `fault` is what stands in the way (`docs/FORMATS.md`).
    pub fn json(&self, fault: Option<&Fault>) -> Value {
        let release = self.opened.release();
        let key = self.opened.signer();
        let mut object = json!({
            "format": FORMAT,
            "release": release.id(),
            "publisher": { "key": key.id().to_string(), "fingerprint": key.fingerprint() },
            "site": self.site,
            "node": self.node,
            "address": self.address,
            "new_bytes": self.new_bytes,
            "preflight": self.report,
            "plan": self.plan,
            "plan_digest": self.plan.digest(),
        });
        if let Some(fault) = fault {
            object["fault"] = json!(fault);
        }
        object
    }

    fn files(&self, console: &Console, layout: &Layout, release: &ReleaseManifest) -> Vec<Message> {
        let at = |code, path: std::path::PathBuf| Message::new(code).with("path", path.display().to_string());
        let mut files = vec![
            at("install-place-trust", layout.trust_dir()),
            at("install-place-site", layout.site_file()),
            at("install-place-store", layout.store_dir())
                .with("size", wording::bytes(self.new_bytes, console.language)),
            at("install-place-programs", layout.programs_dir(&release.id())),
            at("install-place-link", layout.bridle_link()),
            at("install-place-unit", layout.units_dir().join(bridle_host::units::AGENT)),
        ];
        files.extend(bridle_host::programs::completion(layout).map(|path| at("install-place-completion", path)));
        files
    }
}

/// Findings with their reason and cure, the blocking ones first.
pub fn findings(console: &Console, findings: &[Finding]) -> Vec<String> {
    if findings.is_empty() {
        return vec![console.words(&Message::new("install-findings-none"))];
    }
    let mut lines = vec![console.words(&Message::new("install-findings"))];
    for finding in findings {
        let sign = match finding.severity {
            Severity::Blocks => bridle_core::sign::BLOCKS,
            Severity::Warns => bridle_core::sign::ATTENTION,
        };
        lines.push(format!("  {}  {}", console.sign(sign), console.words(&finding.message)));
        let labels = ["label-why", "label-do"].map(|label| console.words(&Message::new(label)));
        let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        for (label, attribute) in labels.iter().zip(["why", "fix"]) {
            if let Some(text) = finding.message.render_attribute(console.language, attribute) {
                lines.push(format!("        {label:width$}  {text}"));
            }
        }
        lines.extend(finding.commands.iter().map(|command| format!("        {:width$}    {command}", "")));
    }
    lines
}

fn explained(console: &Console, step: &PlannedStep) -> [String; 2] {
    let limit = wording::duration(Duration::from_secs(u64::from(step.limit_seconds)));
    let limits = Message::new("install-plan-limit").with("limit", limit).with("attempts", step.attempts);
    let undo = match &step.undo {
        Undo::By(undo) => Message::new("install-plan-undo").with("undo", undo.title().render(console.language)),
        Undo::Nothing => Message::new("install-plan-no-undo"),
        Undo::Impossible { why } => Message::new("install-plan-cannot-undo").with("why", why.render(console.language)),
    };
    [console.words(&limits), console.words(&undo)]
}
