//! How far the engine is, for whoever looks.

use std::fmt;
use std::sync::Arc;

use rustic_core::{Progress, ProgressBars, ProgressType, RusticProgress};

/// Sees bytes go by; called often and from several threads, so it must be quick.
pub trait Watch: Send + Sync {
    /// So many more bytes were read, checked or restored.
    fn passed(&self, bytes: u64);

    /// There will be so many in all, as far as is known.
    fn expected(&self, bytes: u64);
}

/// Looks at nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Watch for Silent {
    fn passed(&self, _bytes: u64) {}

    fn expected(&self, _bytes: u64) {}
}

/// A [`Watch`] as the engine knows it.
#[derive(Clone)]
pub(super) struct Bars(pub(super) Arc<dyn Watch>);

impl fmt::Debug for Bars {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Bars")
    }
}

impl ProgressBars for Bars {
    fn progress(&self, kind: ProgressType, _prefix: &str) -> Progress {
        match kind {
            ProgressType::Bytes => Progress::new(self.clone()),
            _ => Progress::hidden(),
        }
    }
}

impl RusticProgress for Bars {
    fn is_hidden(&self) -> bool {
        false
    }

    fn set_length(&self, bytes: u64) {
        self.0.expected(bytes);
    }

    fn set_title(&self, _title: &str) {}

    fn inc(&self, bytes: u64) {
        self.0.passed(bytes);
    }

    fn finish(&self) {}
}
