//! Features and parameters of the kernel.

use super::Cure;
use super::finding::{Finding, blocks, warns};
use crate::facts::{HostFacts, ModuleState, PARAMETERS};

/// Modules that nothing loads by itself the moment they are needed; the others come with the first use.
const LOADED_BY_HAND: &[&str] = &["br_netfilter", "overlay"];

pub(super) fn judge(facts: &HostFacts, found: &mut Vec<Finding>) {
    for module in &facts.modules {
        let name = module.name.as_str();
        match &module.state {
            ModuleState::Absent => {
                let finding = blocks("check-kernel").about(name).with("feature", name);
                found.push(finding.command(format!("modprobe {name}")));
            }
            ModuleState::Barred { by } => {
                let finding = blocks("check-module-barred").about(name).with("module", name);
                found.push(finding.with("file", by.as_str()).command(format!("grep -n {name} {by}")));
            }
            ModuleState::Loadable if LOADED_BY_HAND.contains(&name) => {
                let finding = warns("check-module-unloaded").about(name).with("module", name);
                found.push(finding.cure(Cure::LoadModule { module: name.to_owned() }));
            }
            ModuleState::Ready | ModuleState::Loadable | ModuleState::Unknown => {}
        }
    }
    for (name, have) in &facts.parameters {
        let wanted = PARAMETERS.iter().find(|(known, _)| known == name).map_or(0, |(_, least)| *least);
        if *have < wanted {
            let finding = warns("check-parameter").about(name).with("parameter", name.as_str());
            let cure = Cure::SetParameter { name: name.clone(), value: wanted };
            found.push(finding.with("found", *have).with("wanted", wanted).cure(cure));
        }
    }
}
