//! Another Kubernetes or container engine.

use std::collections::BTreeMap;

use super::finding::{Finding, blocks, warns};
use crate::facts::{HostFacts, Trace, TraceKind};

pub(super) fn judge(facts: &HostFacts, found: &mut Vec<Finding>) {
    let mut engines: BTreeMap<&str, Vec<&Trace>> = BTreeMap::new();
    for trace in &facts.foreign {
        engines.entry(&trace.engine).or_default().push(trace);
    }
    for (engine, mut traces) in engines {
        traces.sort_by_key(|trace| trace.kind);
        // Data alone are in nobody's way: they are somebody's, and they take space.
        let only_data = traces.iter().all(|trace| trace.kind == TraceKind::Data);
        let finding = if only_data { warns("check-foreign-data") } else { blocks("check-foreign") };
        let paths: Vec<&str> = traces.iter().map(|trace| trace.path.as_str()).collect();
        let finding = finding.about(engine).with("engine", engine).with("path", paths.join(", "));
        found.push(if only_data { finding } else { stopped(finding, &traces) });
    }
}

/// How to stop it; nothing here removes anything.
fn stopped(finding: Finding, traces: &[&Trace]) -> Finding {
    let units = traces.iter().filter(|trace| trace.kind == TraceKind::Unit);
    let names: Vec<&str> = units.filter_map(|trace| trace.path.rsplit('/').next()).collect();
    if names.is_empty() { finding } else { finding.command(format!("systemctl disable --now {}", names.join(" "))) }
}
