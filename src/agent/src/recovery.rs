//! What follows a recovery.

use bridle_core::operation::{OperationState, OperationView};
use bridle_host::layout::Layout;
use bridle_host::recovery::Recovery;

/// Once everything runs nobody asks for the log of the life before.
pub(crate) fn follow(layout: &Layout, view: &OperationView) {
    let over = view.state == OperationState::Committed;
    if let Some(fault) = over.then(|| Recovery::on_disk(layout).finish()).and_then(Result::err) {
        tracing::warn!(operation = %view.id, code = fault.code.code(), causes = ?fault.causes, "records of the recovery");
    }
}
