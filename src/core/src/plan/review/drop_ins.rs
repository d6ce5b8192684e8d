//! Settings of the site that would take the way back from a later upgrade of Kubernetes (`docs/decisions/0018`).

use super::finding::{Finding, blocks};
use crate::facts::DropIn;

pub(super) fn judge(drop_ins: &[DropIn], found: &mut Vec<Finding>) {
    for one in drop_ins.iter().filter(|one| !one.is_harmless()) {
        let finding = blocks(if one.key.is_empty() { "check-drop-in-unread" } else { "check-drop-in" });
        found.push(finding.about(&one.path).with("path", one.path.as_str()).with("key", one.key.trim_end_matches('+')));
    }
}
