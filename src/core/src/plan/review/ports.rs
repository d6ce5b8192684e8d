//! Ports that are taken, and by whom.

use super::finding::{Finding, blocks};
use crate::facts::{HostFacts, PortUse};

pub(super) fn judge(facts: &HostFacts, found: &mut Vec<Finding>) {
    found.extend(facts.ports_in_use.iter().map(taken));
}

fn taken(taken: &PortUse) -> Finding {
    let protocol = taken.protocol.name();
    let named = |mut finding: Finding| {
        // Whether its owner can be told makes it no other finding.
        finding.id = format!("check-port:{}/{protocol}", taken.port);
        // A port is a name, not an amount: no separators between its digits.
        finding.with("port", taken.port.to_string()).with("protocol", protocol.to_uppercase())
    };
    let Some(owner) = &taken.owner else {
        let table = if protocol == "udp" { "ss -lunp" } else { "ss -ltnp" };
        return named(blocks("check-port")).command(format!("{table} sport = :{}", taken.port));
    };
    let finding = named(blocks("check-port-owned")).with("program", owner.program.as_str());
    let finding = finding.with("pid", owner.pid.to_string());
    match &owner.unit {
        Some(unit) => finding.command(format!("systemctl disable --now {unit}")),
        None => finding.command(format!("ps -fp {}", owner.pid)),
    }
}
