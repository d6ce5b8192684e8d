//! `install`: check, plan, question, place, hand over.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bridle_bundle::file::Conditions;
use bridle_bundle::store::Store;
use bridle_bundle::trust::{PublicKey, Seen};
use bridle_core::digest::Digest;
use bridle_core::facts::HostFacts;
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::{OperationId, OperationState, OperationView};
use bridle_core::plan::install::{Place, REGISTRY_PORT};
use bridle_core::plan::review::{Report, SpaceNeed};
use bridle_core::plan::{self, OperationKind, Plan};
use bridle_core::port::SealedSecrets as _;
use bridle_core::site::Site;
use bridle_core::wording;
use bridle_host::files::Lock;
use bridle_host::layout::Layout;
use bridle_host::sealed::Sealed;
use bridle_host::units::{self, Systemd};
use bridle_host::{files, journal};

use crate::arguments::Install;
use crate::console::Console;
use crate::fault::{known_as, of_store, of_trust};
use crate::mend;
use crate::opening::{self, Opened, Trust};
use crate::place::{Ended, Host};
use crate::preview::Preview;
use crate::site::{self, Profile};

/// What an installation needs to know of its surroundings.
pub struct Surroundings<'a> {
    pub host: Host,
    /// Whether the program has administrator rights.
    pub root: bool,
    /// Processor architecture (`amd64`).
    pub architecture: String,
    /// Measures the host, which takes seconds and writes to its disks: only for a release that is wanted here.
    pub facts: &'a dyn Fn() -> HostFacts,
    /// Makes Ctrl-C and a lost terminal set the host's `stop` or be passed over, once work begins.
    pub guard: &'a dyn Fn() -> Result<(), Fault>,
    /// Release file.
    pub file: PathBuf,
    /// Key of `--publisher-key`.
    pub pinned: Option<PathBuf>,
    /// Who confirms.
    pub by: String,
}

impl Surroundings<'_> {
    /// What a release must keep to here.
    pub(crate) fn conditions(&self) -> Result<Conditions, Fault> {
        let trust = self.host.layout.trust_dir();
        let seen = Seen::load(&trust).map_err(|error| of_trust(&error, &trust))?;
        Ok(Conditions { architecture: Some(self.architecture.clone()), seen, ..Conditions::default() })
    }

    /// The release file as it is now.
    pub(crate) fn open(&self, conditions: &Conditions) -> Result<Opened, Fault> {
        opening::open(&self.file, self.pinned.as_deref(), &self.host.layout.trust_dir(), conditions)
    }

    /// The same once more. What was checked, and whose key was agreed to, is what is used, whatever became of the file's name meanwhile.
    pub(crate) fn open_again(&self, conditions: &Conditions, agreed: &(Digest, PublicKey)) -> Result<Opened, Fault> {
        let opened = self.open(conditions)?;
        if opened.identity() == *agreed {
            return Ok(opened);
        }
        Err(Fault::new(FaultCode::ReleaseForeignPart).with("path", known_as(&self.file).display().to_string()))
    }
}

/// What comes after.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The program ends.
    End(Exit),
    /// The program becomes a follower of this operation.
    Follow(OperationId),
}

/// Installs the release.
///
/// # Errors
/// A [`Fault`] that says what stood in the way; before the journal's first record nothing runs by itself.
pub fn run(console: &mut Console, options: &Install, around: &Surroundings<'_>) -> Result<Next, Fault> {
    let layout = &around.host.layout;
    if !around.root && !options.plan_only {
        return Err(Fault::new(FaultCode::NotRoot));
    }
    let conditions = around.conditions()?;
    let opened = around.open(&conditions)?;
    let release = opened.release().id();
    if let Some(next) = already(console, around, &release, options.plan_only)? {
        return Ok(next);
    }
    if !options.plan_only {
        alone(layout)?;
    }
    // A slip in the profile is told before the long look at the file.
    let given = site::given(options, &layout.site_file())?;
    if !trusted(console, &opened, options)? {
        return Ok(nothing(console));
    }
    let agreed = opened.identity();
    check_whole(console, opened, around)?;
    let opened = around.open_again(&conditions, &agreed)?;
    let Profile { mut site, text } = site::find(console, options, given, &layout.site_file())?;
    // Passwords that an uninstallation left: they belong to this host, not to the profile.
    site.services.sealed = Sealed::new(layout).in_force()?;
    let mut prepared = prepare(around, &opened, &site, (around.facts)())?;
    if options.fix && mend::mend(console, options, around, &prepared.report.findings)? {
        console.say(&Message::new("preflight-again"));
        prepared = prepare(around, &opened, &site, (around.facts)())?;
    }
    if let Some(next) = shown(console, options, &prepared.preview(&opened, &site), layout)? {
        return Ok(next);
    }
    if options.plan_only {
        console.say(&Message::new("install-plan-only"));
        return Ok(Next::End(Exit::Ok));
    }
    if !options.yes && !console.confirm(&Message::new("install-ask"), "--yes")? {
        return Ok(nothing(console));
    }
    place(console, around, opened, &text, prepared.plan, &|| Ok(()))
}

/// Shows findings and plan; ends here if something blocks.
pub(crate) fn shown(
    console: &mut Console,
    options: &Install,
    preview: &Preview<'_>,
    layout: &Layout,
) -> Result<Option<Next>, Fault> {
    for line in preview.lines(console, layout, options) {
        console.put(&line);
    }
    let blocked = (!preview.report.passes).then(|| Fault::new(FaultCode::PreflightBlocked));
    if console.json && (options.plan_only || blocked.is_some()) {
        console.put_json(&preview.json(blocked.as_ref()));
    }
    match blocked {
        // The one JSON object holds the fault already.
        Some(fault) if console.json => {
            console.fault_words(&fault);
            Ok(Some(Next::End(fault.code.exit())))
        }
        Some(fault) => Err(fault),
        None => Ok(None),
    }
}

/// Whether the release is there, is being installed, or something else is in its place.
pub(crate) fn already(
    console: &mut Console,
    around: &Surroundings<'_>,
    release: &str,
    look_only: bool,
) -> Result<Option<Next>, Fault> {
    let layout = &around.host.layout;
    if bridle_host::removal::is_pending(layout) {
        return Err(Fault::new(FaultCode::RemovalUnfinished));
    }
    let operations = history(layout)?;
    if let Some(open) = operations.iter().find(|operation| !operation.state.is_final()) {
        if open.to != release || open.kind != OperationKind::Install {
            let fault = Fault::new(FaultCode::OperationRunning).with("operation", open.id.as_str());
            return Err(fault.detail(open.holder()));
        }
        console.say(&Message::new("install-running").with("release", release));
        if look_only {
            return Ok(Some(Next::End(Exit::Ok)));
        }
        // A power cut may have come between the journal's first record and the start of the agent.
        around.host.service()?;
        around.host.start()?;
        return Ok(Some(Next::Follow(open.id.clone())));
    }
    // Whatever has put it in place: an installation, an upgrade, a return, another configuration.
    let last = operations.iter().find(|operation| operation.state == OperationState::Committed);
    match last.filter(|last| last.kind != OperationKind::Uninstall) {
        Some(last) if last.to == release => {
            console.say(&Message::new("install-already").with("release", release));
            if console.json {
                console.put_json(&serde_json::json!({ "release": release, "result": "already_installed" }));
            }
            Ok(Some(Next::End(Exit::Ok)))
        }
        Some(last) => Err(Fault::new(FaultCode::OtherReleaseInstalled).with("installed", last.to.as_str())),
        None => Ok(None),
    }
}

/// All operations, newest first.
fn history(layout: &Layout) -> Result<Vec<OperationView>, Fault> {
    let mut views = Vec::new();
    for id in journal::list(&layout.journal_dir())?.iter().rev() {
        views.extend(OperationView::fold(&journal::read(&layout.journal_dir(), id)?));
    }
    Ok(views)
}

/// Whether the publisher's key is trusted, after asking where only the file itself names it.
pub(crate) fn trusted(console: &mut Console, opened: &Opened, options: &Install) -> Result<bool, Fault> {
    let key = opened.signer();
    let said = |code| Message::new(code).with("release", opened.release().id()).with("key", key.id().to_string());
    if opened.trust != Trust::Claimed {
        console.say(&said("install-verified"));
        return Ok(true);
    }
    console.say(&said("install-verified-untrusted"));
    if options.plan_only {
        return Ok(true); // the plan prints the fingerprint
    }
    if options.yes || !console.may_ask() {
        return Err(Fault::new(FaultCode::PublisherKeyNeeded));
    }
    console.say(&Message::new("install-fingerprint").with("fingerprint", key.fingerprint()));
    console.confirm(&Message::new("install-ask-key"), "--publisher-key FILE")
}

pub(crate) fn check_whole(console: &mut Console, opened: Opened, around: &Surroundings<'_>) -> Result<(), Fault> {
    let language = console.language;
    let said = |done, total| {
        Message::new("install-check")
            .with("done", wording::bytes(done, language))
            .with("total", wording::bytes(total, language))
    };
    let (mut now, mut shown) = ((0, 0), Duration::ZERO);
    opened.check_whole(&around.file, &mut |done, total| {
        now = (done, total);
        let time = around.host.clock.monotonic();
        if time.saturating_sub(shown) >= Duration::from_millis(200) {
            shown = time;
            console.progress(&said(done, total), false);
        }
    })?;
    console.progress(&said(now.0, now.1), true);
    Ok(())
}

pub(crate) fn nothing(console: &mut Console) -> Next {
    console.say(&Message::new("install-nothing"));
    Next::End(Exit::Ok)
}

/// What an installation would find and do.
pub(crate) struct Prepared {
    pub(crate) report: Report,
    pub(crate) plan: Plan,
    pub(crate) place: Place,
    new_bytes: u64,
}

impl Prepared {
    pub(crate) fn preview<'a>(&'a self, opened: &'a Opened, site: &'a Site) -> Preview<'a> {
        Preview {
            opened,
            site,
            report: &self.report,
            plan: &self.plan,
            node: &self.place.node,
            address: &self.place.address,
            new_bytes: self.new_bytes,
        }
    }
}

/// Facts → findings and plan; reads only.
pub(crate) fn prepare(
    around: &Surroundings<'_>,
    opened: &Opened,
    site: &Site,
    mut facts: HostFacts,
) -> Result<Prepared, Fault> {
    let release = opened.release();
    // Without these, what is placed could not be handed over.
    if let Some(absent) = ["bridle", "bridle-launch"].into_iter().find(|name| release.program(name).is_none()) {
        let fault = Fault::new(FaultCode::ReleaseDamaged);
        return Err(fault.output(&format!("check release: it holds no program {absent:?}")));
    }
    let contents = opened.bundle.contents();
    let store = around.host.layout.store_dir();
    let all = contents.size();
    let new_bytes = if store.is_dir() {
        let failed = |error| of_store(&error, &store, &around.file);
        Store::open(&store).and_then(|store| store.missing_bytes(contents.all())).map_err(failed)?
    } else {
        all
    };
    // After an installation that was taken back, the agent still runs and serves its registry.
    if facts.ports_in_use.iter().any(|used| used.port == REGISTRY_PORT) {
        let systemd = Systemd::new(std::sync::Arc::clone(&around.host.process));
        let mut active = false;
        for (unit, _) in units::of_agent() {
            active |= systemd.state(unit)?.active == "active";
        }
        if active {
            facts.ports_in_use.retain(|used| used.port != REGISTRY_PORT);
        }
    }
    let need = SpaceNeed::of(release, new_bytes);
    let findings = plan::review::review(&facts, release, site, need);
    let report = Report::new(findings, plan::review::forecast(&facts, release, need));
    let found = || facts.network.addresses().first().map(ToString::to_string);
    let address = site.address.clone().or_else(found).unwrap_or_default();
    let place = Place { node: facts.name, address };
    let plan = plan::install::plan(release, site, &place)
        .map_err(|error| Fault::new(FaultCode::ReleaseDamaged).because(&error))?;
    Ok(Prepared { report, plan, place, new_bytes })
}

/// Everything that changes the host, in this order, under a lock; `last` comes right before the record that hands over.
pub(crate) fn place(
    console: &mut Console,
    around: &Surroundings<'_>,
    opened: Opened,
    profile: &str,
    plan: Plan,
    last: &dyn Fn() -> Result<(), Fault>,
) -> Result<Next, Fault> {
    (around.guard)()?;
    let host = &around.host;
    let _lock = lock(&host.layout)?;
    let release = opened.release().clone();
    // Another installer may have been faster than the person who was asked.
    if let Some(next) = already(console, around, &release.id(), false)? {
        return Ok(next);
    }
    host.ground(opened.signer(), profile)?;
    let (store, ended) = host.store(console, opened.bundle, &around.file)?;
    if ended == Ended::Stopped || stopped(host) {
        return Ok(given_up(console));
    }
    host.programs(&store, &release)?;
    host.service()?;
    if stopped(host) {
        return Ok(given_up(console));
    }
    last()?;
    let id = host.approve(plan, &around.by)?;
    host.start_anew()?;
    console.say(&Message::new("install-placed"));
    if stopped(host) {
        console.say(&Message::new("attach-left").with("id", id.as_str()));
        return Ok(Next::End(Exit::Detached));
    }
    Ok(Next::Follow(id))
}

fn stopped(host: &Host) -> bool {
    host.stop.load(Ordering::Relaxed)
}

fn given_up(console: &mut Console) -> Next {
    console.say(&Message::new("install-stopped"));
    Next::End(Exit::Detached)
}

/// Keeps other installers away from this host.
///
/// # Errors
/// `InstallerRunning` if another one changes it.
pub fn lock(layout: &Layout) -> Result<Lock, Fault> {
    files::make_dirs(&layout.run_dir(), 0o755)?;
    Lock::try_acquire(&layout.installer_lock())?.ok_or_else(|| Fault::new(FaultCode::InstallerRunning))
}

/// A look at the lock before anybody is asked anything. It makes nothing: where no installer ever worked is no lock.
pub(crate) fn alone(layout: &Layout) -> Result<(), Fault> {
    if layout.installer_lock().exists() { lock(layout).map(drop) } else { Ok(()) }
}
