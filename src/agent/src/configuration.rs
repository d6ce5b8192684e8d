//! The configuration: what it is, what a change of it would do, and its beginning. The steps themselves are the engine's.

mod secrets;
#[cfg(any(test, feature = "sample"))]
pub mod simulated;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bridle_bundle::store::Pin;
use bridle_cluster::values::ChartValues;
use bridle_core::calendar::Judgement;
use bridle_core::configuration::check::{self, ChartFacts};
use bridle_core::configuration::finding::{self, Finding, Severity};
use bridle_core::configuration::revision::{MOST, Reason};
use bridle_core::configuration::view::{
    ConfigurationOrder, ConfigurationView, Draft, DraftView, HistoryView, RevisionView, ServiceTest, ServicesView,
};
use bridle_core::configuration::{Key, Profile, change, errand};
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::{OperationState, OperationView};
use bridle_core::plan::applied::Applied;
use bridle_core::plan::install::Place;
use bridle_core::plan::ranges::Ranges;
use bridle_core::plan::upgrade::{self, Choices, Current, Wanted};
use bridle_core::plan::values::Surroundings;
use bridle_core::plan::{OperationKind, Plan, PlanError, forecast};
use bridle_core::port::{Blobs as _, Clock, SealedSecrets as _};
use bridle_core::release::ReleaseManifest;
use bridle_core::site::services::Services;
use bridle_core::site::{Places, Site, SiteError};
use bridle_host::clock::SystemClock;
use bridle_host::configuration::{Account, Revisions};
use bridle_host::layout::Layout;
use bridle_host::process::Processes;
use bridle_host::restore_point::RestorePoints;
use bridle_host::sealed::Sealed;

use crate::installer;
use crate::observe::Sight;
use crate::operations::Operations;
use crate::store::SharedStore;

/// Largest list of hosts that is read, in bytes.
const LARGEST_LIST: u64 = 1024 * 1024;
/// Charts whose schemas are kept once read.
const MOST_CHARTS: usize = 256;

/// Tells of and changes the configuration.
pub(crate) struct Configurator {
    layout: Layout,
    revisions: Revisions,
    sealed: Sealed,
    operations: Arc<Operations>,
    store: Arc<SharedStore>,
    sight: Arc<dyn Sight>,
    clock: Arc<dyn Clock>,
    /// Schemas by the digest of their packed chart.
    read: Mutex<BTreeMap<Digest, Arc<ChartValues>>>,
}

/// What is there, as a change needs to know it.
struct Here {
    release: Pin,
    applied: Applied,
    operations: u64,
    place: Place,
    number: u64,
    profile: Profile,
    site: Site,
}

/// What is there with its profile in force, as a change of the release needs to know it.
pub(crate) struct InForce {
    pub(crate) release: Pin,
    pub(crate) applied: Applied,
    pub(crate) operations: u64,
    pub(crate) place: Place,
    /// Number of the revision in force, and the number that the next one gets.
    pub(crate) number: u64,
    pub(crate) next_number: u64,
    pub(crate) profile: Profile,
    pub(crate) site: Site,
    /// The file has changes that were never put in force.
    pub(crate) edited: bool,
}

/// A draft that was looked at.
struct Looked {
    view: DraftView,
    profile: Profile,
    plan: Option<Plan>,
    number: u64,
    judgement: Judgement,
}

impl Configurator {
    pub(crate) fn new(
        layout: Layout,
        operations: Arc<Operations>,
        store: Arc<SharedStore>,
        sight: Arc<dyn Sight>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (revisions, sealed) = (Revisions::on_disk(&layout), Sealed::new(&layout));
        Self { layout, revisions, sealed, operations, store, sight, clock, read: Mutex::default() }
    }

    /// The configuration as it is.
    ///
    /// # Errors
    /// A [`Fault`] if there is none or it cannot be read.
    pub(crate) fn view(&self) -> Result<ConfigurationView, Fault> {
        self.begin_history()?;
        let file = self.revisions.file()?;
        let in_force = self.revisions.in_force()?;
        Ok(ConfigurationView {
            differs: in_force.as_ref().is_some_and(|(_, profile)| profile.text != file.text),
            revision: in_force.map(|(record, _)| record),
            base: Digest::of(file.text.as_bytes()),
            text: file.text,
        })
    }

    /// Every revision, newest first.
    ///
    /// # Errors
    /// A [`Fault`] if they cannot be listed.
    pub(crate) fn history(&self) -> Result<HistoryView, Fault> {
        self.begin_history()?;
        let in_force = self.revisions.in_force()?.map(|(record, _)| record.number);
        Ok(HistoryView { in_force, revisions: self.revisions.history(MOST)? })
    }

    /// One revision.
    ///
    /// # Errors
    /// A [`Fault`] if there is none or it is damaged.
    pub(crate) fn revision(&self, number: u64) -> Result<RevisionView, Fault> {
        let (revision, profile) = self.revisions.read(number)?;
        Ok(RevisionView { revision, text: profile.text })
    }

    /// What a draft would mean.
    ///
    /// # Errors
    /// A [`Fault`] if nothing is installed, or something cannot be read.
    pub(crate) fn look(&self, draft: &Draft) -> Result<DraftView, Fault> {
        Ok(self.looked(draft)?.view)
    }

    /// What is to be said of a profile for `release`, which may be another one than the installed; its charts must be in the
    /// store.
    ///
    /// # Errors
    /// A [`Fault`] if a chart is not there or its schema cannot be read.
    pub(crate) fn findings(
        &self,
        profile: &Profile,
        release: &ReleaseManifest,
        place: &Place,
    ) -> Result<Vec<Finding>, Fault> {
        let facts = match profile.site() {
            Ok(mut site) => {
                site.services.sealed = self.sealed.in_force()?;
                self.facts(release, &site, place)?
            }
            Err(_) => Vec::new(),
        };
        Ok(check::findings(profile, release, &facts))
    }

    /// The profile in force, for changes of the release.
    ///
    /// # Errors
    /// A [`Fault`] if there is none or it cannot be read.
    pub(crate) fn in_force(&self) -> Result<InForce, Fault> {
        let here = self.here()?;
        let edited = self.revisions.file().is_ok_and(|file| file.text != here.profile.text);
        let next_number = self.revisions.list()?.last().map_or(1, |last| last + 1);
        let Here { release, applied, operations, place, number, profile, site } = here;
        Ok(InForce { release, applied, operations, place, number, next_number, profile, site, edited })
    }

    /// Keeps a profile that an operation will put in force, and gives its number.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub(crate) fn prepare(&self, profile: &Profile, release: Option<String>, by: &str) -> Result<u64, Fault> {
        let account = Account { by: by.to_owned(), reason: Reason::Changed, release, time: self.clock.now() };
        self.revisions.prepare(profile, &account)
    }

    /// Puts a draft that was looked at in force.
    ///
    /// # Errors
    /// A [`Fault`] if another operation is open, something blocks, the calendar forbids it, or the world has changed since.
    pub(crate) fn begin(&self, order: &ConfigurationOrder, by: &str) -> Result<OperationView, Fault> {
        let _installer = installer::keep_out(&self.layout)?;
        self.operations.refuse_second()?;
        let looked = self.looked(&order.draft)?;
        if let Some(finding) = looked.view.findings.iter().find(|one| one.severity == Severity::Blocks) {
            return Err(Fault::new(FaultCode::ConfigurationInvalid).detail(finding.message.clone()));
        }
        let plan = looked.plan.filter(|plan| plan.digest() == order.plan);
        let plan = plan.ok_or_else(|| Fault::new(FaultCode::ConfigurationChanged))?;
        if looked.view.interrupts() {
            let forbidden = looked.judgement.permits(order.even_in.as_deref());
            forbidden.map_err(|critical| critical.fault(looked.judgement.windows()))?;
        }
        let reason = order.draft.restores.map_or(Reason::Changed, |number| Reason::Restored { number });
        let account =
            Account { by: by.to_owned(), reason, release: Some(plan.to().to_owned()), time: self.clock.now() };
        // The digest of the plan was made with the number that the revision must get.
        if self.revisions.prepare(&looked.profile, &account)? != looked.number {
            return Err(Fault::new(FaultCode::ConfigurationChanged));
        }
        self.operations.begin(plan, by)
    }

    /// Asks the services of the configuration in force from this host; takes as long as they take.
    ///
    /// # Errors
    /// A [`Fault`] if there is no configuration.
    pub(crate) fn test(&self) -> Result<ServicesView, Fault> {
        let profile = self.revisions.file()?;
        let site = profile.site().or_else(|_| Site::parse(&profile.text));
        let invalid = |error: SiteError| Fault::new(FaultCode::ConfigurationInvalid).because(&error);
        let services = site.map_err(invalid)?.services;
        let text = |path: &str| {
            bridle_host::files::read_limited(&self.layout.at(path), LARGEST_LIST).ok().flatten().unwrap_or_default()
        };
        let (resolver, hosts) = (text("/etc/resolv.conf"), text("/etc/hosts"));
        let host = bridle_host::services::ask(&services, &resolver, &hosts, &SystemClock);
        let (pod, no_pod) = self.test_from_pod(&services, &host);
        Ok(ServicesView { host, pod, no_pod })
    }

    /// The same questions from a pod, as far as a pod can ask them.
    fn test_from_pod(&self, services: &Services, host: &[ServiceTest]) -> (Vec<ServiceTest>, Option<Message>) {
        if errand::questions(services).is_empty() {
            return (Vec::new(), None);
        }
        let asked = self.here().and_then(|here| {
            let errand = errand::errand(&here.release.manifest, services);
            errand.map(|errand| Ok((self.sight.errand(&errand)?, errand))).transpose()
        });
        match asked {
            Ok(None) => (Vec::new(), Some(Message::new("errand-no-image"))),
            Ok(Some((replies, errand))) => {
                let pairs = errand.questions.iter().zip(&replies);
                (pairs.map(|(question, reply)| errand::test(question, reply, host)).collect(), None)
            }
            Err(fault) => {
                tracing::warn!(code = fault.code.code(), causes = ?fault.causes, "errand");
                let said = fault.causes.first().cloned().unwrap_or_else(|| fault.code.code().to_owned());
                (Vec::new(), Some(Message::new("errand-failed").with("said", said)))
            }
        }
    }

    /// The history begins with what an installation left, or what was there when this program came.
    fn begin_history(&self) -> Result<(), Fault> {
        let Some(release) = self.operations.installed() else { return Ok(()) };
        begin_history(&self.revisions, release, self.clock.as_ref())
    }

    fn looked(&self, draft: &Draft) -> Result<Looked, Fault> {
        let here = self.here()?;
        let release = &here.release.manifest;
        let profile = self.profile(draft)?;
        let mut findings = self.findings(&profile, release, &here.place)?;
        let mut site = profile.site().ok();
        if let Some(site) = &mut site {
            site.services.sealed.clone_from(&here.site.services.sealed);
            let places = Places::of(&profile.text);
            let fixed = change::fixed(&here.site, site);
            findings.extend(site.services.unset().map(|(name, way)| {
                Finding::of(Severity::Warns, Key::of(way), &places, "config-secret-absent").with("name", name)
            }));
            findings.extend(fixed.into_iter().map(|key| Finding::of(Severity::Blocks, key, &places, "config-fixed")));
        }
        let findings = finding::in_order(findings);
        // What was in force before cannot be without sense; a draft that is no TOML has no changes to tell.
        let changes = change::between(&here.profile.text, &profile.text).unwrap_or_default();
        let number = self.revisions.list()?.last().map_or(1, |last| last + 1);
        let mut view = DraftView { findings, changes, ..DraftView::nothing() };
        let judgement = self.judged(&here);
        let mut plan = None;
        if let Some(site) = site {
            view.charts = change::touched(release, &here.site, &site, &here.place.address);
            if !finding::blocks(&view.findings) && profile.digest() != here.profile.digest() {
                plan = self.plan(&here, &site, Some((number, &profile.text)))?;
            }
        }
        self.told(&mut view, &here, plan.as_ref(), &judgement);
        Ok(Looked { view, profile, plan, number, judgement })
    }

    /// What is told of a plan: steps, durations, and what the calendar says.
    fn told(&self, view: &mut DraftView, here: &Here, plan: Option<&Plan>, judgement: &Judgement) {
        let release = &here.release.manifest;
        view.windows = judgement.windows().to_vec();
        if let Some(plan) = plan {
            let interrupting = |name: &str| release.charts.iter().any(|chart| chart.name == name && chart.interrupts);
            view.steps = forecast::steps(plan, &self.operations.learned(), &interrupting);
            view.plan = Some(plan.digest());
            if view.interrupts() {
                view.forbidden = judgement.permits(None).err();
            }
        }
    }

    fn plan(&self, here: &Here, site: &Site, profile: Option<(u64, &str)>) -> Result<Option<Plan>, Fault> {
        let release = &here.release.manifest;
        let current = Current { release, applied: &here.applied, profile: (here.number, &here.profile.text) };
        let wanted = Wanted { release, site, profile, place: &here.place };
        let choices = Choices { kind: OperationKind::Configure, number: here.operations, copy_data: false };
        match upgrade::plan(&current, &wanted, &choices) {
            Ok(plan) => Ok(Some(plan)),
            Err(PlanError::Length(0)) => Ok(None),
            Err(error) => Err(Fault::new(FaultCode::Internal).because(&error)),
        }
    }

    /// The draft with its certificates: those of the revision that it restores, or of the file that it names.
    fn profile(&self, draft: &Draft) -> Result<Profile, Fault> {
        if let Some(number) = draft.restores {
            let (_, kept) = self.revisions.read(number)?;
            if kept.text == draft.text {
                return Ok(kept);
            }
        }
        Ok(self.revisions.with_certificates(draft.text.clone()))
    }

    fn facts(&self, release: &ReleaseManifest, site: &Site, place: &Place) -> Result<Vec<ChartFacts>, Fault> {
        let address = site.address.as_deref().unwrap_or(&place.address);
        let surroundings = Surroundings { global: &release.global, site, ranges: Ranges::of(release, site), address };
        let facts = release.charts.iter().map(|chart| {
            let values = self.values(&chart.package.digest, &chart.name)?;
            values.facts(&chart.name, &surroundings.values(&chart.name, &chart.values))
        });
        facts.collect()
    }

    fn values(&self, package: &Digest, chart: &str) -> Result<Arc<ChartValues>, Fault> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(values) = read.get(package) {
            return Ok(Arc::clone(values));
        }
        let absent = || Fault::new(FaultCode::StoreDamaged).output(&format!("chart {chart} {package} is not there"));
        let path = self.store.path(package).ok_or_else(absent)?;
        let values = Arc::new(ChartValues::read(&path, package, chart)?);
        if read.len() >= MOST_CHARTS {
            read.clear();
        }
        read.insert(*package, Arc::clone(&values));
        Ok(values)
    }

    fn here(&self) -> Result<Here, Fault> {
        self.begin_history()?;
        let nothing = || Fault::new(FaultCode::NothingInstalled);
        let (applied, operations) = self.operations.applied();
        let applied = applied.ok_or_else(nothing)?;
        let place = applied.place().ok_or_else(nothing)?;
        let release = self.store.pin(&applied.release)?;
        let (record, profile) = self.revisions.in_force()?.ok_or_else(nothing)?;
        // The first profile of a history was never checked; what cannot be read is told with the draft.
        let mut site = profile.site().or_else(|_| Site::parse(&profile.text)).unwrap_or_default();
        site.services.sealed = self.sealed.in_force()?;
        Ok(Here { release, applied, operations, place, number: record.number, profile, site })
    }
}

fn begin_history(revisions: &Revisions, release: String, clock: &dyn Clock) -> Result<(), Fault> {
    let account = Account { by: "bridle".to_owned(), reason: Reason::Found, release: Some(release), time: clock.now() };
    revisions.begin(&account)
}

/// What an operation's end brings with it: the first revision after an installation, and in the record of the one in force
/// which operation that was; then the oldest ones go that nothing needs, and passwords
/// that are not in force. Repeated by the next start of the agent, if that came between.
pub(crate) fn follow(layout: &Layout, view: &OperationView, clock: &dyn Clock) {
    if let Err(fault) = Sealed::new(layout).prune() {
        tracing::warn!(operation = %view.id, code = fault.code.code(), causes = ?fault.causes, "sealed passwords");
    }
    if view.state != OperationState::Committed || view.kind == OperationKind::Uninstall {
        return;
    }
    let revisions = Revisions::on_disk(layout);
    let noted = (|| {
        begin_history(&revisions, view.to.clone(), clock)?;
        let Some((record, _)) = revisions.in_force()? else { return Ok(()) };
        let its_own = matches!(view.kind, OperationKind::Configure | OperationKind::Install);
        if its_own || record.time >= view.started {
            revisions.note(record.number, &view.id)?;
        }
        revisions.prune(&RestorePoints::new(layout, &Processes, clock).revisions()?)
    })();
    if let Err(fault) = noted {
        let fault: Fault = fault;
        tracing::warn!(operation = %view.id, code = fault.code.code(), causes = ?fault.causes, "history of the configuration");
    }
}

#[cfg(test)]
mod tests;
