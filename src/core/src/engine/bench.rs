//! A simulated world with one operation in its journal, for tests of the engine and of planners.

use super::{Engine, Rest, World};
use crate::event::{Event, EventKind};
use crate::fault::Fault;
use crate::operation::{OperationId, OperationState};
use crate::plan::Plan;
use crate::port::Timestamp;
use crate::port::sim::{SimClock, SimInbox, SimJournal, SimObserver, SimWorld};

pub(crate) struct Bench {
    pub world: SimWorld,
    pub clock: SimClock,
    pub observer: SimObserver,
    pub inbox: SimInbox,
    pub journal: SimJournal,
}

impl Bench {
    pub fn new(plan: &Plan) -> Self {
        let time = Timestamp(1_795_000_000_000);
        let operation = OperationId::new(time, plan.kind());
        let kind =
            EventKind::Approved { format: crate::journal::FORMAT, by: "root".to_owned(), plan: Box::new(plan.clone()) };
        Self {
            world: SimWorld::default(),
            clock: SimClock::default(),
            observer: SimObserver::default(),
            inbox: SimInbox::default(),
            journal: SimJournal { records: vec![Event { seq: 1, operation, time, kind }], refuse_after: None },
        }
    }

    pub fn run(&mut self) -> Result<Rest, Fault> {
        let world = World {
            host: &self.world,
            cluster: &self.world,
            vault: &self.world,
            clock: &self.clock,
            observer: &self.observer,
            inbox: &self.inbox,
        };
        let history = self.journal.records.clone();
        Engine::new(world, &mut self.journal, history).expect("begins with a plan").run("test")
    }

    /// Stops an operation after each of its records, with and without lost writes, and lets it go on: the world must end as
    /// after an uninterrupted run, which is given.
    pub fn stop_after_every_record(start: impl Fn() -> Self) -> Self {
        let mut whole = start();
        whole.run().expect("uninterrupted run");
        for power_cut in [false, true] {
            for records in 1..=whole.journal.records.len() {
                let mut bench = start();
                bench.journal.refuse_after = Some(records);
                let stopped = bench.run();
                assert_eq!(stopped.is_err(), records < whole.journal.records.len(), "after {records} records");
                if power_cut {
                    bench.world.power_cut();
                }
                bench.journal.refuse_after = None;
                assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)), "after {records} records");
                assert_eq!(bench.world.effects(), whole.world.effects(), "after {records} records, cut: {power_cut}");
            }
        }
        whole
    }
}
