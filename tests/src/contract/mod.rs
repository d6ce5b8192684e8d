//! The contract that any binary that claims to be k3s must keep, checked from outside on a clean host.
//!
//! The numbers of the checks are the lines of `images/node/CONTRACT.md`. Without a binary named by the caller the
//! stand-in of `images/node` is checked, with the stricter lines as well.
//!
//! | module | holds |
//! |---|---|
//! | `ledger` | running checks one by one, and what became of them |
//! | `failure` | what a check expected and what it found |
//! | `binary`, `images`, `registry` | what the host is given: the binary, two small images, a stock registry |
//! | `node`, `pod` | the host with the binary as a service; pods and what they answer |
//! | `emulation` | which minor of Kubernetes the control plane behaves as |
//! | `minor`, `kinds`, `watch` | to the next minor and back (`cargo campaign kubernetes`): what exists then, what users see |
//! | the others | the checks, by subject |

mod binary;
mod certificates;
mod command_line;
mod emulation;
mod failure;
mod files;
mod image_pulls;
mod images;
mod kinds;
mod ledger;
mod life;
mod minor;
mod node;
mod pod;
mod pods;
mod policies;
mod rebuild;
mod registry;
mod reset;
mod snapshots;
mod watch;

pub use failure::{Checked, Failure};
pub use ledger::{Check, Ledger};
pub use minor::{Change, table, there_and_back};
pub use node::Node;
pub use watch::Seen;

/// All checks in the order in which they share one host: each leaves it as the next one needs it.
#[must_use]
pub fn checks() -> Vec<Check> {
    [
        command_line::CHECKS,
        files::CHECKS,
        pods::CHECKS,
        image_pulls::CHECKS,
        policies::CHECKS,
        snapshots::CHECKS,
        life::CHECKS,
        certificates::CHECKS,
        reset::CHECKS,
        rebuild::CHECKS,
    ]
    .concat()
}
