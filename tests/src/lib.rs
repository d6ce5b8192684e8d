//! Test hosts, the journeys over them, and the gate (`cargo ci`).
//!
//! * [`testhost`]: real machines to test on: systemd as process 1, own disk, own network.
//! * [`contract`]: what any binary that claims to be k3s must do.
//! * [`refusals`]: what an installation must refuse, and how it must say so.
//! * [`fuzz`]: coverage-guided fuzzing of every parser of outside input.
//! * [`objects`]: everything that a cluster holds, to compare two states by.
//! * [`site_services`]: name server, relay for mail and collector of logs of an institution, in small.
//! * [`gate`]: the steps of `cargo ci`, what they need, and how their results are counted.
//! * [`crash`]: every operation, stopped at every change of a simulated disk.

pub mod campus;
pub mod contract;
pub mod crash;
pub mod fuzz;
pub mod gate;
pub mod objects;
pub mod refusals;
pub mod simulated;
pub mod site_services;
pub mod testhost;
