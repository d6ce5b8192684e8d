//! The soak after a change: health must hold for a set time without a break, or the change goes back (`design.md` §1.6).
//!
//! Whoever looks at the world gives one [`Round`] after the other; what comes of them is decided here, without a clock.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fault::{Fault, FaultCode};
use crate::message::Message;
use crate::step::Soak;

/// How long health may be away at a stretch.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The same before health was seen for the first time: after a restart of the host everything is still on its way.
pub const SETTLING: Duration = Duration::from_secs(300);
/// What never changes by itself need not be waited for; two looks this far apart rule out a look at old news.
pub const CERTAIN: Duration = Duration::from_secs(10);
/// Time without a look after which nobody can say that health held.
pub const BLIND: Duration = Duration::from_secs(30);

/// Something that is not healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it is about, as experts write it: `campus/Deployment/enrolment`, the name of a probe, of a node.
    pub subject: String,
    /// Why, in words.
    pub reason: Message,
    /// Whether it stays so until somebody changes something.
    pub lasting: bool,
    /// What was captured of it; never secrets.
    pub output: String,
}

/// A container that runs, by what betrays that it had a break which no look saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// The workload that it belongs to.
    pub subject: String,
    /// Pod and container; a pod of the same name that was made anew is another one.
    pub container: String,
    /// Times it was started again.
    pub restarts: u64,
    /// When it became ready, as Kubernetes writes it.
    pub ready_since: String,
}

/// One look at everything. Times are of one monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// When the look began.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
    /// What is not healthy.
    pub troubles: Vec<Trouble>,
    /// The containers of the workloads.
    pub pulses: Vec<Pulse>,
}

/// What the rounds so far mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Not long enough yet.
    Waiting {
        /// Time for which health has held.
        healthy_for: Duration,
        /// Time for which it must hold.
        of: Duration,
        /// What was not healthy in the last round.
        because: Option<Trouble>,
    },
    /// Health has held.
    Held,
    /// It did not.
    Failed(Failure),
}

/// Why health did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In which way.
    pub how: How,
    /// What was not healthy, and why.
    pub trouble: Trouble,
}

/// Ways of not being healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// For too long at a stretch.
    Away,
    /// Again and again, so many times.
    Flapping(u32),
    /// It cannot become healthy by itself.
    Lasting,
    /// The attempt's time is over.
    Late,
}

/// The judge of one soak.
#[derive(Debug)]
pub struct Judge {
    wanted: Duration,
    most_breaks: u32,
    limit: Duration,
    began: Option<Duration>,
    healthy_since: Option<Duration>,
    away_since: Option<Duration>,
    certain_since: Option<Duration>,
    seen_healthy: bool,
    breaks: u32,
    last: Option<Trouble>,
    pulses: BTreeMap<String, Pulse>,
    looked: Option<Duration>,
}

impl Trouble {
    /// Something that may be healthy again a moment later.
    #[must_use]
    pub fn passing(subject: &str, reason: Message) -> Self {
        Self { subject: subject.to_owned(), reason, lasting: false, output: String::new() }
    }
}

impl Judge {
    /// A judge for `soak`, which must end within `limit` from the first round on.
    #[must_use]
    pub fn new(soak: &Soak, limit: Duration) -> Self {
        Self {
            wanted: Duration::from_secs(u64::from(soak.seconds)),
            most_breaks: soak.breaks,
            limit,
            began: None,
            healthy_since: None,
            away_since: None,
            certain_since: None,
            seen_healthy: false,
            breaks: 0,
            last: None,
            pulses: BTreeMap::new(),
            looked: None,
        }
    }

    /// Takes one more round. After [`Verdict::Held`] or [`Verdict::Failed`] there is nothing more to ask.
    pub fn take(&mut self, round: Round) -> Verdict {
        let began = *self.began.get_or_insert(round.began);
        let blind = self.looked.is_some_and(|looked| round.began.saturating_sub(looked) > BLIND);
        if blind {
            // Nobody knows what was meanwhile: neither health nor its absence.
            (self.healthy_since, self.away_since, self.certain_since) = (None, None, None);
        }
        let missed = self.missed(&round.pulses);
        self.pulses = round.pulses.into_iter().map(|pulse| (pulse.container.clone(), pulse)).collect();
        self.looked = Some(round.ended);
        let over = round.ended.saturating_sub(began) >= self.limit;
        let lasting = round.troubles.iter().find(|trouble| trouble.lasting).cloned();
        let failed = match lasting.clone().or_else(|| round.troubles.first().cloned()).or(missed) {
            None => return self.healthy(round.began, round.ended, over),
            Some(trouble) => self.unhealthy(trouble, lasting.is_some(), round.began, round.ended),
        };
        match failed {
            Some(failure) => Verdict::Failed(failure),
            None if over => Verdict::Failed(self.late()),
            None => self.waiting(Duration::ZERO, self.last.clone()),
        }
    }

    /// The first container that had a break since the round before.
    fn missed(&self, pulses: &[Pulse]) -> Option<Trouble> {
        self.looked?;
        let broken = |pulse: &&Pulse| match self.pulses.get(&pulse.container) {
            Some(before) if pulse.restarts != before.restarts => true,
            // While it was known to be away, becoming ready again is no news.
            Some(before) => self.healthy_since.is_some() && pulse.ready_since != before.ready_since,
            None => pulse.restarts > 0,
        };
        let pulse = pulses.iter().find(broken)?;
        let before = self.pulses.get(&pulse.container).map_or(0, |before| before.restarts);
        let code = if pulse.restarts == before { "soak-was-not-ready" } else { "soak-restarted" };
        let container = pulse.container.rsplit('/').next().unwrap_or_default();
        let reason = Message::new(code).with("container", container).with("restarts", pulse.restarts);
        Some(Trouble::passing(&pulse.subject, reason))
    }

    fn healthy(&mut self, began: Duration, ended: Duration, over: bool) -> Verdict {
        (self.away_since, self.certain_since) = (None, None);
        self.seen_healthy = true;
        // Counted from the end of the first good look to the beginning of the last one: what lies between was seen.
        let since = *self.healthy_since.get_or_insert(ended);
        let held = began.saturating_sub(since);
        match held >= self.wanted {
            true => Verdict::Held,
            false if over => Verdict::Failed(self.late()),
            false => self.waiting(held, None),
        }
    }

    fn unhealthy(&mut self, trouble: Trouble, lasting: bool, began: Duration, ended: Duration) -> Option<Failure> {
        if self.healthy_since.take().is_some() {
            self.breaks = self.breaks.saturating_add(1);
        }
        let away = ended.saturating_sub(*self.away_since.get_or_insert(began));
        let certain = if lasting {
            ended.saturating_sub(*self.certain_since.get_or_insert(began)) >= CERTAIN
        } else {
            self.certain_since = None;
            false
        };
        self.last = Some(trouble.clone());
        let patience = if self.seen_healthy { PATIENCE } else { SETTLING };
        let how = if certain {
            How::Lasting
        } else if self.breaks > self.most_breaks {
            How::Flapping(self.breaks)
        } else if away >= patience {
            How::Away
        } else {
            return None;
        };
        Some(Failure { how, trouble })
    }

    fn waiting(&self, healthy_for: Duration, because: Option<Trouble>) -> Verdict {
        Verdict::Waiting { healthy_for, of: self.wanted, because }
    }

    /// What was last not healthy; where nothing ever was, the time was too short.
    fn late(&self) -> Failure {
        let short = || Trouble::passing("soak", Message::new("soak-short"));
        Failure { how: How::Late, trouble: self.last.clone().unwrap_or_else(short) }
    }
}

impl Failure {
    /// The fault for people: what was not healthy, in which way, and why.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let fault = match self.how {
            How::Away => Fault::new(FaultCode::SoakAway).with("seconds", PATIENCE.as_secs()),
            How::Flapping(times) => Fault::new(FaultCode::SoakFlapping).with("times", u64::from(times)),
            How::Lasting => Fault::new(FaultCode::SoakLasting),
            How::Late => Fault::new(FaultCode::SoakLate),
        };
        let trouble = &self.trouble;
        fault.with("what", trouble.subject.as_str()).detail(trouble.reason.clone()).output(&trouble.output)
    }
}

/// The longest that a soak can last, in seconds, whatever happens: the limit to give one attempt.
#[must_use]
pub fn limit_seconds(seconds: u32, breaks: u32) -> u32 {
    // Each stretch of health is shorter than what is wanted, each one of its absence shorter than our patience; a round of
    // looks may itself take a while.
    let round = BLIND.as_secs();
    let stretch = u64::from(seconds) + PATIENCE.as_secs() + 2 * round;
    let all = SETTLING.as_secs() + round + stretch * (u64::from(breaks) + 1);
    u32::try_from(all).unwrap_or(u32::MAX).min(6 * 3600)
}

#[cfg(test)]
mod tests;
