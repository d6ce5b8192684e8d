//! What was tried before a change, and what the cluster said to it.

use bridle_core::fault::{Exit, Fault};
use bridle_core::operation::OperationState;
use bridle_core::plan::review;
use bridle_core::rehearsal::{Report, Severity};
use bridle_core::sign::{ATTENTION, BLOCKS, Sign};
use bridle_core::upgrade::{ChangeView, words};

use crate::face::Face;

/// Prints what was tried; the exit code says whether something stands in the way.
pub fn show(face: &Face, view: &ChangeView) -> Result<Exit, Fault> {
    if face.json {
        face.put_json(&serde_json::json!({ "release": view.to, "rehearsal": view.rehearsal, "values": view.values }));
    } else {
        let mut all = values(face, view);
        match &view.rehearsal {
            Some(report) => all.extend(lines(face, report)),
            None => all.extend(view.findings.iter().map(|finding| face.words(&finding.message))),
        }
        let first = all.iter().position(|line| !line.is_empty()).unwrap_or(0);
        face.put_lines(&all[first..]);
    }
    let whole = view.rehearsal.as_ref().is_some_and(|report| !report.blocks());
    let fits = view.values.iter().all(|finding| finding.severity != review::Severity::Blocks);
    Ok(if whole && fits { Exit::Ok } else { Exit::Preflight })
}

/// What is to be said of the site's own values.
pub fn values(face: &Face, view: &ChangeView) -> Vec<String> {
    let mut lines = Vec::new();
    for finding in &view.values {
        let sign = if finding.severity == review::Severity::Blocks { BLOCKS } else { ATTENTION };
        lines.push(String::new());
        lines.push(format!("{}{}", face.paint.sign(sign, face.language), finding.words(face.language)));
    }
    lines
}

/// What the cluster said, the worst first.
pub fn lines(face: &Face, report: &Report) -> Vec<String> {
    let mut lines = vec![String::new()];
    let count = report.count(Severity::Blocks) + report.count(Severity::Warns);
    let sign: Sign = if report.blocks() {
        BLOCKS
    } else if count > 0 {
        ATTENTION
    } else {
        Sign::from(OperationState::Committed)
    };
    let tried = words::tried_of(report);
    lines.push(format!("{}{}", face.paint.sign(sign, face.language), face.words(&tried)));
    for finding in &report.findings {
        let sign = match finding.severity {
            Severity::Blocks => BLOCKS.text(face.language),
            Severity::Warns => ATTENTION.text(face.language),
            Severity::Tells => String::new(),
        };
        let object = finding.object.as_ref().map(|object| format!("{object}: ")).unwrap_or_default();
        lines.push(format!("    {sign} {object}{}", face.words(&finding.message)).trim_end().to_owned());
        for attribute in ["why", "fix"] {
            if let Some(text) = finding.message.render_attribute(face.language, attribute) {
                lines.push(format!("        {text}"));
            }
        }
        if !finding.said.is_empty() {
            let clean: String = finding.said.chars().filter(|c| !c.is_control()).take(400).collect();
            lines.push(format!("        {clean}"));
        }
    }
    lines
}
