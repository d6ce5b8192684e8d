//! The plan of a recovery: the installation of the release that a set names, with its data in place before Kubernetes is there, so
//! that no application ever sees an empty database.

use super::install::{Place, assembled};
use super::{Plan, PlanError};
use crate::backup::plan::VaultStep;
use crate::backup::recovery::RecoveryOrder;
use crate::release::ReleaseManifest;
use crate::site::Site;
use crate::step::Undo;

/// Longest attempt at bringing data back, in seconds: the limit of all steps.
const LOAD_LIMIT: u32 = 6 * 3600;
/// How long a chart's workloads are waited for, at least, in seconds: a server that follows its log comes up late.
const PATIENCE: u32 = 2 * 3600;

/// Plans a recovery.
///
/// # Errors
/// [`PlanError`] if the release makes an impossible plan.
pub fn plan(release: &ReleaseManifest, site: &Site, place: &Place, order: &RecoveryOrder) -> Result<Plan, PlanError> {
    let load = |draft: &mut super::draft::Draft| {
        for ordered in &order.sources {
            let source = ordered.source.name.clone();
            let incarnation = ordered.log.as_ref().map(|_| order.incarnation);
            let step = VaultStep::Load { set: order.set, source, namespace: None, incarnation };
            draft.vault(step, Undo::Nothing, LOAD_LIMIT, 20).attempts = 3;
        }
    };
    assembled(release, site, place, &load, PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::id::{Incarnation, SetId, Ulid};
    use crate::backup::recovery::{FORMAT, OrderedSource};
    use crate::digest::Digest;
    use crate::engine::bench::Bench;
    use crate::port::Timestamp;
    use crate::step::Step;

    fn planned() -> Plan {
        let release = ReleaseManifest::parse(include_bytes!("../../tests/fixtures/release-v1.json")).expect("fixture");
        let id = Ulid::new(Timestamp(5), [3; 10]);
        let order = RecoveryOrder {
            format: FORMAT,
            set: SetId(id),
            repository: "attic".parse().expect("a name"),
            incarnation: Incarnation(id),
            sources: vec![OrderedSource { source: release.data[0].clone(), snapshot: Digest::of(b"x"), log: None }],
        };
        let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
        plan(&release, &Site::default(), &place, &order).expect("a plan")
    }

    #[test]
    fn data_are_in_place_before_kubernetes_is_configured() {
        let plan = planned();
        let names: Vec<&str> = plan.steps().iter().map(|planned| planned.step.name()).collect();
        let at = |name| names.iter().position(|found| *found == name).expect("there");
        assert!(at("load") < at("configure-kubernetes") && at("store-complete") < at("load"), "{names:?}");
        let loads = |planned: &crate::step::PlannedStep| matches!(&planned.step, Step::Vault(VaultStep::Load { .. }));
        assert!(plan.steps().iter().any(loads));
        assert!(plan.steps().iter().all(|planned| planned.limit_seconds <= 6 * 3600));
    }

    #[test]
    fn it_goes_on_after_any_interruption() {
        let plan = planned();
        let whole = Bench::stop_after_every_record(|| Bench::new(&plan));
        assert!(whole.world.effects().keys().any(|key| key.starts_with("data/")), "{:?}", whole.world.effects());
    }
}
