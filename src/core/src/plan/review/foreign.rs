//! Another Kubernetes or container engine, and names on the path that are somebody else's.

use std::collections::BTreeMap;

use super::finding::{Finding, blocks, warns};
use crate::facts::{BRIDLE, HostFacts, Trace, TraceKind};

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
    for path in &facts.taken {
        // Nothing can be done without our own command; the others are a convenience, and the file that is there stays.
        let finding = if path == BRIDLE { blocks("check-command") } else { warns("check-command-kept") };
        let name = path.rsplit('/').next().unwrap_or(path);
        let finding = finding.about(path).with("path", path.as_str()).with("name", name);
        found.push(if path == BRIDLE { finding.command(format!("mv -n {path} {path}.old")) } else { finding });
    }
}

/// How to stop it; nothing here removes anything.
fn stopped(finding: Finding, traces: &[&Trace]) -> Finding {
    let units = traces.iter().filter(|trace| trace.kind == TraceKind::Unit);
    let names: Vec<&str> = units.filter_map(|trace| trace.path.rsplit('/').next()).collect();
    if names.is_empty() { finding } else { finding.command(format!("systemctl disable --now {}", names.join(" "))) }
}
