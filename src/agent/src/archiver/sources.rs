//! Which servers hand over their logs: those of the release in use.

use std::sync::Arc;

use bridle_core::release::DataSource;

use crate::operations::Operations;
use crate::store::SharedStore;

/// The sources of the release in use that hand over a log, read anew when it is another one.
pub(crate) struct Sources {
    operations: Arc<Operations>,
    store: Arc<SharedStore>,
    release: Option<String>,
    known: Vec<DataSource>,
}

impl Sources {
    pub(crate) const fn new(operations: Arc<Operations>, store: Arc<SharedStore>) -> Self {
        Self { operations, store, release: None, known: Vec::new() }
    }

    /// Those there are now. A release that cannot be read says nothing about its data: what was known stays.
    pub(super) fn now(&mut self) -> &[DataSource] {
        let installed = self.operations.installed();
        if installed != self.release
            && let Ok(pin) = installed.as_ref().map(|id| self.store.pin(id)).transpose()
        {
            self.known = pin.map(|pin| pin.manifest.data).unwrap_or_default();
            self.known.retain(|source| source.log.is_some());
            self.release = installed;
        }
        &self.known
    }
}
