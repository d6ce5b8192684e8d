//! Options of `lock` and `build`, and what the environment adds to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::assemble::build::{self, Assembled, Pins, Work};
use crate::assemble::cache::Cache;
use crate::assemble::error::AssembleError;
use crate::assemble::progress::Progress;
use crate::assemble::registry::Access;

/// What a program's `main` reads from the environment.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Directory of the cache where `--cache` is absent.
    pub cache: PathBuf,
    /// File with credentials where `--registry-auth` is absent.
    pub credentials: Option<PathBuf>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
}

/// Options of `lock` and `build`.
#[derive(Debug, Args)]
pub(super) struct WorkOptions {
    /// Recipes that are made, and charts that are rendered, at a time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// Transfers from registries at a time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    transfers: u8,
    /// File with the credentials of registries, as docker, podman and skopeo write it
    /// [default: $REGISTRY_AUTH_FILE, or config.json of docker]
    #[arg(long, value_name = "FILE")]
    registry_auth: Option<PathBuf>,
    /// Certificates (PEM) that are trusted beside the public authorities, for one registry or for all
    #[arg(long, value_name = "[HOST=]FILE")]
    registry_ca: Vec<String>,
    /// A registry that is reached without TLS, and without a proxy
    #[arg(long, value_name = "HOST[:PORT]")]
    plain_http: Vec<String>,
    /// Proxy for all that needs TLS; hosts in NO_PROXY are reached directly [default: $HTTPS_PROXY]
    #[arg(long, value_name = "http://HOST:PORT")]
    proxy: Option<String>,
    /// Tries in a row that bring nothing new, until a transfer counts as failed
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=50))]
    tries: u8,
    /// No progress on standard error; warnings stay
    #[arg(long)]
    quiet: bool,
}

impl WorkOptions {
    /// Assembles the release in `source`.
    pub(super) fn assemble(
        self,
        source: &Path,
        pins: Pins<'_>,
        cache: &Cache,
        surroundings: &Surroundings,
    ) -> Result<Assembled, AssembleError> {
        let access = Access {
            credentials: self.registry_auth.or_else(|| surroundings.credentials.clone()),
            authorities: self.registry_ca,
            plain: self.plain_http.into_iter().collect::<BTreeSet<_>>(),
            proxy: self.proxy,
            no_proxy: surroundings.no_proxy.clone(),
            tries: self.tries.into(),
            transfers: self.transfers.into(),
            ..Access::default()
        };
        let progress = Progress::new(self.quiet);
        build::assemble(source, &Work { pins, cache, jobs: self.jobs.into(), access: &access, progress: &progress })
    }
}
