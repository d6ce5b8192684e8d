//! The passwords of the site's services: which there are, what a change of one would do, and its beginning.

use std::collections::BTreeMap;

use bridle_core::calendar::{self, Judgement};
use bridle_core::configuration::change::{Change, HIDDEN};
use bridle_core::configuration::secret::{self, NAMES, Password, SecretDraft, SecretOrder, SecretView, SecretsView};
use bridle_core::configuration::view::DraftView;
use bridle_core::configuration::{Key, change};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationView;
use bridle_core::plan::Plan;

use super::{Configurator, Here};
use crate::installer;

/// A change of a password that was looked at.
struct Looked {
    name: &'static str,
    view: DraftView,
    plan: Option<Plan>,
    /// Number of the version that it gets.
    number: u64,
    judgement: Judgement,
}

impl Configurator {
    /// All passwords that a site sheet may need, without their values.
    ///
    /// # Errors
    /// A [`Fault`] if nothing is installed, or something cannot be read.
    pub(crate) fn secrets(&self) -> Result<SecretsView, Fault> {
        let needed: Vec<&str> = self.here()?.site.services.users().collect();
        let times = self.sealed.times()?;
        let view = |name: &str| SecretView {
            name: name.to_owned(),
            needed: needed.contains(&name),
            set: times.get(name).copied(),
        };
        Ok(SecretsView { secrets: NAMES.into_iter().map(view).collect() })
    }

    /// What a change of a password would do; its value is not needed for that.
    ///
    /// # Errors
    /// `SecretUnknown`, `SecretNotNeeded`, or a [`Fault`] if nothing is installed or something cannot be read.
    pub(crate) fn look_at_secret(&self, draft: &SecretDraft) -> Result<DraftView, Fault> {
        Ok(self.looked_at_secret(draft)?.view)
    }

    /// Changes a password.
    ///
    /// # Errors
    /// A [`Fault`] if the password cannot be one, another operation is open, the calendar forbids it, or the world has
    /// changed since it was looked at.
    pub(crate) fn begin_secret(&self, order: &SecretOrder, by: &str) -> Result<OperationView, Fault> {
        let password = order.value.as_deref().map(Password::read).transpose()?;
        let _installer = installer::keep_out(&self.layout)?;
        self.operations.refuse_second()?;
        let looked = self.looked_at_secret(&order.draft())?;
        let changed = || Fault::new(FaultCode::ConfigurationChanged);
        let plan = looked.plan.filter(|plan| plan.digest() == order.plan).ok_or_else(changed)?;
        if looked.view.interrupts() {
            let forbidden = looked.judgement.permits(order.even_in.as_deref());
            forbidden.map_err(|critical| critical.fault(looked.judgement.windows()))?;
        }
        if let Some(password) = &password
            && self.sealed.prepare(looked.name, password, self.clock.now())? != looked.number
        {
            return Err(changed());
        }
        self.operations.begin(plan, by)
    }

    fn looked_at_secret(&self, draft: &SecretDraft) -> Result<Looked, Fault> {
        let name = secret::known(&draft.name)?;
        let here = self.here()?;
        let number = self.sealed.next()?;
        let before = here.site.services.sealed.clone();
        if draft.set && !here.site.services.users().any(|needed| needed == name) {
            return Err(Fault::new(FaultCode::SecretNotNeeded).with("name", name));
        }
        let mut after = before.clone();
        match draft.set {
            true => after.insert(name.to_owned(), number),
            false => after.remove(name),
        };
        let mut site = here.site.clone();
        site.services.sealed = after;
        let mut view = DraftView::nothing();
        view.changes = changes(name, &before, &site.services.sealed);
        view.charts = change::touched(&here.release.manifest, &here.site, &site, &here.place.address);
        let plan = if view.changes.is_empty() { None } else { self.plan(&here, &site, None)? };
        let judgement = self.judged(&here);
        self.told(&mut view, &here, plan.as_ref(), &judgement);
        Ok(Looked { name, view, plan, number, judgement })
    }

    /// How the calendar in force judges this moment.
    pub(super) fn judged(&self, here: &Here) -> Judgement {
        calendar::judge(self.clock.now(), &here.site.calendar)
    }
}

/// The change without values: a password that was set, or is set now, is shown as dots.
fn changes(name: &str, before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<Change> {
    let shown = |all: &BTreeMap<String, u64>| all.get(name).map(|_| HIDDEN.to_owned());
    if before.get(name) == after.get(name) {
        return Vec::new();
    }
    vec![Change { key: Key::of([name]), old: shown(before), new: shown(after) }]
}
