//! Coverage-guided fuzzing of every parser of outside input (`docs/decisions`, "libFuzzer on the stable compiler").
//!
//! A target takes any bytes and panics if its parser does something that it must not: the oracle is in the target. Built
//! with `--cfg fuzzing` the program is driven by libFuzzer (`cargo campaign fuzz`); built without, it runs files, so that
//! what was found once is tried by every `cargo test` (`tests/corpus.rs`).

mod chart;
mod deltas;
mod documents;
mod edit;
mod histories;
mod releases;
mod requests;
mod signatures;

/// Something that is fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name; its corpus is the folder `corpus/NAME`.
    pub name: &'static str,
    /// Longest input worth trying, in bytes.
    pub longest: usize,
    /// Tries one input.
    ///
    /// # Panics
    /// If the parser breaks its promise.
    pub run: fn(&[u8]),
    /// Inputs to begin with, made by today's code so that they never grow old.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "bundle", longest: 32 << 10, run: releases::raw, seeds: releases::raw_seeds },
    Target { name: "bundle-edited", longest: 1024, run: releases::edited, seeds: edit::seeds },
    Target { name: "bundle-signed", longest: 4096, run: releases::signed, seeds: releases::signed_seeds },
    Target { name: "delta-edited", longest: 1024, run: deltas::edited, seeds: edit::seeds },
    Target { name: "delta-note", longest: 4096, run: deltas::note, seeds: deltas::note_seeds },
    Target { name: "have-list", longest: 4096, run: deltas::have, seeds: deltas::have_seeds },
    Target { name: "header", longest: 513, run: releases::header, seeds: releases::header_seeds },
    Target { name: "footer", longest: 73, run: releases::footer, seeds: releases::footer_seeds },
    Target { name: "release-manifest", longest: 16 << 10, run: documents::release, seeds: documents::release_seeds },
    Target { name: "oci", longest: 8192, run: documents::oci, seeds: documents::oci_seeds },
    Target { name: "site", longest: 4096, run: documents::site, seeds: documents::site_seeds },
    Target { name: "journal", longest: 32 << 10, run: histories::journal, seeds: histories::journal_seeds },
    Target { name: "registry", longest: 2048, run: requests::registry, seeds: requests::registry_seeds },
    Target { name: "signature", longest: 4200, run: signatures::signature, seeds: signatures::signature_seeds },
    Target { name: "public-key", longest: 4200, run: signatures::key, seeds: signatures::key_seeds },
    Target { name: "chart", longest: 16 << 10, run: chart::chart, seeds: chart::seeds },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
