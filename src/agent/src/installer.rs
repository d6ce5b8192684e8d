//! The installer beside the agent.

use bridle_core::fault::{Fault, FaultCode};
use bridle_host::files::Lock;
use bridle_host::layout::Layout;

/// Keeps an installer from placing a release until what is given back is dropped: it would hand over an operation of its own,
/// or one that misses what is taken away meanwhile.
///
/// # Errors
/// `InstallerRunning`; the fault of a lock that cannot be taken.
pub(crate) fn keep_out(layout: &Layout) -> Result<Lock, Fault> {
    let lock = Lock::try_acquire(&layout.installer_lock())?;
    lock.ok_or_else(|| Fault::new(FaultCode::InstallerRunning))
}
