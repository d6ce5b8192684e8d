//! Charts that do not depend on each other, several at a time within one step.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::{Arg, Message};
use bridle_core::port::{Attempt, Blobs, Progress};
use bridle_core::step::{CHARTS_AT_ONCE, ChartName, ChartStep, Standing};

use super::Helm;
use crate::connect::ApiServer;
use crate::patience::Patience;

/// How long a stop may go unnoticed.
const LOOK: Duration = Duration::from_millis(100);
/// News on their way from those at work; who has more waits for a moment.
const QUEUE: usize = 16;

impl Helm {
    /// Whether each chart is as [`Helm::probe_chart`] wants it; else what the first one misses.
    ///
    /// # Errors
    /// As for one chart.
    pub(crate) fn probe_charts(&self, api: &ApiServer, charts: &[ChartStep]) -> Result<Standing, Fault> {
        first_missing(charts.iter().map(|chart| self.probe_chart(api, chart)))
    }

    /// Installs or upgrades those charts that are not done, [`CHARTS_AT_ONCE`] at a time, each with its own deadline. One
    /// that fails stops no other: what they reach stays, and the next attempt has less to do.
    ///
    /// # Errors
    /// The fault of the first chart, in their order, that failed.
    pub(crate) fn apply_charts(
        &self,
        api: &ApiServer,
        blobs: &dyn Blobs,
        charts: &[ChartStep],
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let jobs = charts.iter().map(|chart| Job {
            name: chart.name.as_str(),
            limit: Duration::from_secs(u64::from(chart.limit_seconds())),
            work: Box::new(move |attempt| match self.probe_chart(api, chart) {
                Ok(Standing::Done) => Ok(()),
                // One that cannot be told (the API is down) counts as missing: applying it says why.
                _ => self.apply_chart(api, blobs, chart, attempt),
            }),
        });
        self.together("wait-charts", &jobs.collect::<Vec<_>>(), attempt)
    }

    /// Whether each release is gone as [`Helm::probe_gone`] wants it.
    ///
    /// # Errors
    /// As for one release.
    pub(crate) fn probe_charts_gone(api: &ApiServer, charts: &[ChartName]) -> Result<Standing, Fault> {
        first_missing(charts.iter().map(|chart| Self::probe_gone(api, &chart.name, &chart.namespace)))
    }

    /// Uninstalls those releases that are there, [`CHARTS_AT_ONCE`] at a time in this order.
    ///
    /// # Errors
    /// The fault of the first release, in this order, that could not be removed.
    pub(crate) fn apply_charts_gone(
        &self,
        api: &ApiServer,
        charts: &[ChartName],
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let jobs = charts.iter().map(|chart| Job {
            name: chart.name.as_str(),
            limit: attempt.limit,
            work: Box::new(move |attempt| self.apply_gone(api, &chart.name, &chart.namespace, attempt)),
        });
        self.together("wait-charts-gone", &jobs.collect::<Vec<_>>(), attempt)
    }

    /// Does all jobs and waits for each, also where one fails; `code` says how far they are.
    fn together(&self, code: &'static str, jobs: &[Job<'_>], attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let patience = Patience::new(self.clock.as_ref(), attempt.limit);
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, news) = sync_channel(QUEUE);
        let mut board = Board { code, jobs, lines: jobs.iter().map(|job| Line::Waits(job.name.to_owned())).collect() };
        std::thread::scope(|scope| {
            for _ in 0..CHARTS_AT_ONCE.min(jobs.len()) {
                let (sender, next, stopped, patience) = (sender.clone(), &next, &stopped, &patience);
                scope.spawn(move || {
                    while let Some((at, job)) = jobs.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
                        let result = job.run(at, &sender, patience.left(), stopped);
                        tell(&sender, News::Ended(at, result));
                    }
                });
            }
            drop(sender); // the last one at work closes the channel
            board.follow(&news, &stopped, attempt);
        });
        board.verdict()
    }
}

type Work<'a> = dyn Fn(&mut Attempt<'_>) -> Result<(), Fault> + Sync + 'a;

/// What is done for one chart, within `limit`.
struct Job<'a> {
    name: &'a str,
    limit: Duration,
    work: Box<Work<'a>>,
}

impl Job<'_> {
    fn run(&self, at: usize, to: &SyncSender<News>, left: Duration, stopped: &AtomicBool) -> Result<(), Fault> {
        let stop = || stopped.load(Ordering::Relaxed);
        if stop() {
            return Err(Fault::new(FaultCode::DeadlinePassed).with("what", self.name).output("told to stop"));
        }
        let limit = self.limit.min(left);
        (self.work)(&mut Attempt { limit, progress: &mut Teller { at, to }, stop: &stop })
    }
}

/// What the job at a place tells.
enum News {
    Waits(usize, Message),
    Ended(usize, Result<(), Fault>),
}

struct Teller<'a> {
    at: usize,
    to: &'a SyncSender<News>,
}

impl Progress for Teller<'_> {
    fn waiting(&mut self, what: Message) {
        tell(self.to, News::Waits(self.at, what));
    }

    fn advance(&mut self, _done: u64, _total: u64) {}
}

/// The receiver is there until everybody has ended; if it panicked, nobody needs the news.
fn tell(to: &SyncSender<News>, news: News) {
    drop(to.send(news));
}

/// How each job stands.
struct Board<'a> {
    code: &'static str,
    jobs: &'a [Job<'a>],
    lines: Vec<Line>,
}

enum Line {
    /// For this, as experts write it.
    Waits(String),
    Ended(Result<(), Fault>),
}

impl Board<'_> {
    /// Passes news on until all have ended, and a wish to stop to all at work.
    fn follow(&mut self, news: &Receiver<News>, stopped: &AtomicBool, attempt: &mut Attempt<'_>) {
        loop {
            if let Some(message) = self.message() {
                attempt.progress.waiting(message);
            }
            if (attempt.stop)() {
                stopped.store(true, Ordering::Relaxed);
            }
            match news.recv_timeout(LOOK) {
                Ok(News::Waits(at, what)) => self.lines[at] = Line::Waits(place(self.jobs[at].name, &what)),
                Ok(News::Ended(at, result)) => self.lines[at] = Line::Ended(result),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// How many are well, and what those at work wait for (jobs begin in order); `None` once nobody is.
    fn message(&self) -> Option<Message> {
        let waits = self.lines.iter().filter_map(|line| match line {
            Line::Waits(what) => Some(what.as_str()),
            Line::Ended(_) => None,
        });
        let at_work: Vec<&str> = waits.take(CHARTS_AT_ONCE).collect();
        let done = self.lines.iter().filter(|line| matches!(line, Line::Ended(Ok(())))).count();
        let message = Message::new(self.code).with("done", done).with("wanted", self.lines.len());
        (!at_work.is_empty()).then(|| message.with("what", at_work.join(", ")))
    }

    fn verdict(self) -> Result<(), Fault> {
        self.lines.into_iter().try_for_each(|line| match line {
            Line::Ended(result) => result,
            Line::Waits(_) => {
                unreachable!("a job that does not end panics, and the panic goes on where its thread is joined")
            }
        })
    }
}

/// What a job waits for, in no language: `Deployment/api (1/2)`, `Deployment/api (ImagePullBackOff)`, or the chart.
fn place(chart: &str, what: &Message) -> String {
    let text = |name: &str| match what.args.get(name)? {
        Arg::Text(text) => Some(text.clone()),
        Arg::Number(number) => Some(number.to_string()),
    };
    match (text("workload"), text("reason"), text("done").zip(text("wanted"))) {
        (Some(workload), Some(reason), _) => format!("{workload} ({reason})"),
        (Some(workload), None, Some((done, wanted))) => format!("{workload} ({done}/{wanted})"),
        _ => chart.to_owned(),
    }
}

fn first_missing(standings: impl Iterator<Item = Result<Standing, Fault>>) -> Result<Standing, Fault> {
    for standing in standings {
        if let missing @ Standing::Missing(_) = standing? {
            return Ok(missing);
        }
    }
    Ok(Standing::Done)
}

#[cfg(test)]
mod tests;
