//! The gate (`cargo ci`): which steps there are, how one is run, how its results are counted.
//!
//! | module | holds |
//! |---|---|
//! | `plan` | the list of steps |
//! | `packages` | what a Debian-like machine must have, and its installation |
//! | `step` | running one step, with a limit and its output in a file |
//! | `kept` | the result of the longest suite, kept for its very content |
//! | `counts` | passed, failed and skipped, read from what test programs print |
//! | `report` | what the gate prints |

mod counts;
mod kept;
mod packages;
mod plan;
mod report;
mod step;

pub use counts::Counts;
pub use kept::{keep, key_of};
pub use packages::{PACKAGES, install_missing, missing};
pub(crate) use plan::{GATE_RUN, MEMORY_FOR_TWO};
pub use plan::{Gate, path_with_go};
pub use report::Report;
pub use step::{Counting, Outcome, Step, Work};
