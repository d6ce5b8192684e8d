//! Whether what a chart made can still become ready: waiting for what never comes only costs the users time.
//!
//! Whoever looks at the cluster gives one [`Look`] after the other; what comes of them is decided here, without a clock.
//! A program that ends because another one is not there yet is on its way, not hopeless (a first installation is full of
//! them), so its ends count only while nothing else is still coming up.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::message::Message;

/// So often has a program that is given up ended, without having been ready in between.
pub const ENDS: u64 = 3;
/// And for so long has it done so: Kubernetes starts it again at once and then after 10, 20, 40 … 300 s, so a program that
/// ends at its start has by then had three chances.
pub const ENDING: Duration = Duration::from_secs(30);
/// An image that the registry does not have is given up after this time: Kubernetes asks at once and after 10 and 20 s.
pub const ABSENT: Duration = Duration::from_secs(45);
/// A missing setting or secret may still be made by somebody: so long is it waited for.
pub const UNSET: Duration = Duration::from_secs(60);
/// What never changes by itself is believed once it was seen for so long: one look may have seen old news.
pub const CERTAIN: Duration = Duration::from_secs(10);

/// One look at the workloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When, on a monotonic clock.
    pub at: Duration,
    /// The workloads of all charts.
    pub workloads: Vec<Workload>,
}

/// A workload with the containers of its newest pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// As experts write it, and different for each: `campus/Deployment/enrolment`.
    pub name: String,
    /// Whether its state is that of the change that is waited for; the others only tell whether something is on its way.
    pub awaited: bool,
    /// How it stands.
    pub stands: Stands,
    /// The containers of the pods of its newest generation that do not leave.
    pub containers: Vec<Container>,
}

/// How a workload stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// As wanted.
    Ready,
    /// On its way.
    Coming,
    /// Kubernetes itself has given it up; says why.
    Failed(Message),
}

/// A container of a pod, also one that prepares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Pod and container; a pod of the same name that was made anew is another one.
    pub id: String,
    /// Name of the pod.
    pub pod: String,
    /// Its own name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Times it was started again.
    pub restarts: u64,
    /// Whether it is ready.
    pub ready: bool,
    /// When its pod became ready or ceased to be, as Kubernetes writes it.
    pub ready_since: String,
    /// What it does.
    pub state: State,
    /// Kubernetes' word for its last end (`OOMKilled`); empty where there was none.
    pub last_end: String,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It has ended.
    Ended {
        /// Whether with exit code 0.
        well: bool,
    },
    /// It does not run yet, or not again.
    Waiting {
        /// Kubernetes' word for why (`CrashLoopBackOff`).
        reason: String,
        /// Kubernetes' sentence about it.
        words: String,
    },
}

/// Something that will not become ready without a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hopeless {
    /// Name of the workload.
    pub workload: String,
    /// Why, in words.
    pub reason: Message,
    /// Pod and container whose last words say more, if any.
    pub speaker: Option<(String, String)>,
    /// Kubernetes' own sentence; may be empty.
    pub words: String,
}

/// The judge of one wait.
#[derive(Debug, Default)]
pub struct Judge {
    containers: BTreeMap<String, Track>,
    failed: BTreeMap<String, Duration>,
}

/// What is remembered of a container.
#[derive(Debug)]
struct Track {
    /// Ends before it was last ready.
    before: u64,
    /// Ends while something else was on its way, and how many more say that this was not the cause.
    excused: u64,
    wanted: u64,
    ending_since: Option<Duration>,
    ready_since: String,
    trouble: Option<(Trouble, Duration)>,
}

/// What keeps a container from being started at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Absent,
    Name,
    Unset,
}

impl Judge {
    /// Takes one more look; gives the first workload that there is no hope for.
    pub fn take(&mut self, look: &Look) -> Option<Hopeless> {
        let seen = |id: &String| look.workloads.iter().any(|one| one.containers.iter().any(|own| own.id == *id));
        self.containers.retain(|id, _| seen(id));
        let mut first = None;
        for workload in look.workloads.iter().filter(|workload| workload.awaited) {
            let alone = !look.workloads.iter().any(|other| other.name != workload.name && other.comes());
            let failed = self.failed(workload, look.at);
            // Every container is followed, also behind the first that is given up.
            let given_up = workload.containers.iter().fold(failed, |found, container| {
                let own = self.container(container, look.at, alone);
                found.or(own.map(|reason| Hopeless::of(workload, container, reason)))
            });
            first = first.or(given_up);
        }
        first
    }

    fn failed(&mut self, workload: &Workload, at: Duration) -> Option<Hopeless> {
        let Stands::Failed(reason) = &workload.stands else {
            self.failed.remove(&workload.name);
            return None;
        };
        let since = *self.failed.entry(workload.name.clone()).or_insert(at);
        let talks = workload.containers.iter().find(|container| container.ends() > 0);
        (at.saturating_sub(since) >= CERTAIN).then(|| Hopeless {
            workload: workload.name.clone(),
            reason: reason.clone(),
            speaker: talks.map(|container| (container.pod.clone(), container.name.clone())),
            words: String::new(),
        })
    }

    fn container(&mut self, container: &Container, at: Duration, alone: bool) -> Option<Message> {
        let track = self.containers.entry(container.id.clone()).or_insert_with(|| Track::new(container));
        track.see(container, at, alone);
        let name = || Message::new("hopeless-setting").with("container", container.name.as_str());
        let (trouble, since) = match track.trouble {
            None => return track.ends_for_good(container, at).then(|| container.crash(track.before)),
            Some(trouble) => trouble,
        };
        let (limit, reason) = match trouble {
            Trouble::Absent => (ABSENT, Message::new("hopeless-image").with("image", container.image.as_str())),
            Trouble::Name => (CERTAIN, Message::new("hopeless-image-name").with("image", container.image.as_str())),
            Trouble::Unset => (UNSET, name()),
        };
        (at.saturating_sub(since) >= limit).then_some(reason)
    }
}

impl Track {
    /// A container that is seen for the first time. Where it is not ready, its ends count, whoever watched them: a second
    /// attempt need not see them all again, but at least one more.
    fn new(container: &Container) -> Self {
        Self {
            before: if container.ready { container.ends() } else { 0 },
            excused: container.ends(),
            wanted: container.wanted(),
            ending_since: None,
            ready_since: container.ready_since.clone(),
            trouble: None,
        }
    }

    fn see(&mut self, container: &Container, at: Duration, alone: bool) {
        let turned = !self.ready_since.is_empty() && self.ready_since != container.ready_since;
        self.ready_since.clone_from(&container.ready_since);
        if container.ready || turned {
            (self.before, self.ending_since) = (container.ends(), None);
        }
        if !alone {
            (self.excused, self.wanted) = (container.ends(), container.wanted());
        }
        if container.ends() > self.before {
            self.ending_since.get_or_insert(at);
        }
        self.trouble = match (container.trouble(self.trouble.map(|(trouble, _)| trouble)), self.trouble) {
            (Some(Trouble::Unset), _) if !alone => Some((Trouble::Unset, at)),
            (Some(now), Some((before, since))) if now == before => Some((now, since)),
            (now, _) => now.map(|trouble| (trouble, at)),
        };
    }

    fn ends_for_good(&self, container: &Container, at: Duration) -> bool {
        let ends = container.ends();
        container.is_down()
            && ends.saturating_sub(self.before) >= ENDS
            && ends.saturating_sub(self.excused) >= self.wanted
            && self.ending_since.is_some_and(|since| at.saturating_sub(since) >= ENDING)
    }
}

impl Workload {
    /// Whether others may be waiting for it.
    fn comes(&self) -> bool {
        let falls = |container: &Container| container.is_down() && container.ends() >= ENDS;
        self.stands == Stands::Coming && !self.containers.iter().any(falls)
    }
}

impl Container {
    /// Whether it has ended badly and does not run now.
    fn is_down(&self) -> bool {
        match &self.state {
            State::Running => false,
            State::Ended { well } => !well,
            State::Waiting { reason, .. } => reason == "CrashLoopBackOff",
        }
    }

    /// Times it ended; an end is counted as a restart only once it was started again.
    fn ends(&self) -> u64 {
        self.restarts.saturating_add(u64::from(self.is_down()))
    }

    /// So many further ends say something: the next one may be that of a run which began too early.
    fn wanted(&self) -> u64 {
        if self.is_down() { 1 } else { 2 }
    }

    fn crash(&self, before: u64) -> Message {
        if self.last_end == "OOMKilled" {
            return Message::new("pod-out-of-memory").with("container", self.name.as_str());
        }
        let times = self.ends().saturating_sub(before);
        Message::new("hopeless-crashing").with("container", self.name.as_str()).with("times", times)
    }

    fn trouble(&self, before: Option<Trouble>) -> Option<Trouble> {
        let State::Waiting { reason, words } = &self.state else { return None };
        match reason.as_str() {
            // What the registry says; one that does not answer at all is another matter.
            "ErrImagePull" | "ImagePullBackOff" if words.to_lowercase().contains("not found") => Some(Trouble::Absent),
            // In this stage some versions say only that they wait.
            "ImagePullBackOff" => before.filter(|trouble| *trouble == Trouble::Absent),
            "InvalidImageName" => Some(Trouble::Name),
            "CreateContainerConfigError" | "CreateContainerError" => Some(Trouble::Unset),
            // It is tried again at this moment.
            "ContainerCreating" | "PodInitializing" => before,
            _ => None,
        }
    }
}

impl Hopeless {
    fn of(workload: &Workload, container: &Container, reason: Message) -> Self {
        let words = match &container.state {
            State::Waiting { words, .. } if !container.is_down() => words.clone(),
            _ => String::new(),
        };
        let speaker = (container.ends() > 0).then(|| (container.pod.clone(), container.name.clone()));
        Self { workload: workload.name.clone(), reason, speaker, words }
    }
}

/// The end of what a program wrote, fit to be shown: at most 20 lines and 2048 bytes, without control characters.
#[must_use]
pub fn last_words(text: &str) -> String {
    const LINES: usize = 20;
    const BYTES: usize = 2048;
    let clean = |line: &str| line.chars().filter(|char| !char.is_control()).collect::<String>().trim_end().to_owned();
    let lines: Vec<String> = text.lines().map(clean).filter(|line| !line.is_empty()).collect();
    let all = lines[lines.len().saturating_sub(LINES)..].join("\n");
    let mut start = all.len().saturating_sub(BYTES);
    while !all.is_char_boundary(start) {
        start += 1;
    }
    all[start..].to_owned()
}

#[cfg(test)]
mod tests;
