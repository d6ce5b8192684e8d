//! Students who enrol without pause, through the front door, over TLS, from outside the host; and whether each enrolment that
//! was acknowledged is there in the end.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};

use super::FrontDoor;
use super::front_door::{ENROLMENTS, id, new_enrolment, to_the_end, unanswered};
use super::https::{Answer, Connection, Server, Unanswered};
use crate::testhost::{Error, Result};

/// They end by themselves after this time, so that what is remembered is bounded.
const LONGEST: Duration = Duration::from_secs(2 * 60 * 60);
/// So many failures are kept with their reasons; the others are only counted.
const REASONS: usize = 200;
/// Connections over which enrolments are read back.
const READERS: usize = 4;

/// How students come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Connections that are made anew for each enrolment, as by students at home.
    pub fresh: usize,
    /// Connections that stay open, as from the secretary's page. One that the server closed is opened again for the next
    /// enrolment, also where the closing is noticed only when that one is to be sent: it has not left then.
    pub kept: usize,
    /// Enrolments a second, over all connections, while they are answered in time.
    pub per_second: u32,
}

impl Default for Pace {
    /// 40 a second over two connections of each kind: what two cores serve beside an upgrade.
    fn default() -> Self {
        Self { fresh: 2, kept: 2, per_second: 40 }
    }
}

/// An enrolment that the platform acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Its id.
    pub id: String,
    /// The student.
    pub student: String,
    /// When the acknowledgement came, in milliseconds since 1970.
    #[serde(default)]
    pub at_millis: u64,
}

/// An enrolment that was not acknowledged. It was not tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Since the first student came.
    pub after: Duration,
    /// Over a connection that stays open.
    pub kept: bool,
    /// Why.
    pub why: String,
}

/// What became of all students.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The enrolments that were acknowledged, in the order of the connections.
    pub acknowledged: Vec<Enrolment>,
    /// How many were not.
    pub failures: u64,
    /// The first 200 of a connection that were not.
    pub failed: Vec<Failure>,
    /// The longest time that an acknowledged enrolment took, its connection included where that was new.
    pub slowest: Duration,
    /// The longest time without an acknowledgement.
    pub longest_gap: Duration,
    /// From the first student to the last.
    pub took: Duration,
}

/// Students who are enrolling.
#[derive(Debug)]
pub struct Students {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<Tally>>>,
}

impl Students {
    /// Lets them come at the usual pace.
    #[must_use]
    pub fn start(door: &FrontDoor) -> Self {
        Self::at_pace(door, Pace::default())
    }

    /// Lets them come at this pace.
    #[must_use]
    pub fn at_pace(door: &FrontDoor, pace: Pace) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let (server, ends, count) = (door.server.clone(), stop.clone(), acknowledged.clone());
        let thread = thread::spawn(move || to_the_end(all(server, pace, ends, count)));
        Self { stop, acknowledged, thread: Some(thread) }
    }

    /// How many enrolments have been acknowledged so far.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Lets the last ones be answered, and counts.
    ///
    /// # Errors
    /// The kit's, if this machine has no room for another thread's runtime.
    pub fn stop(mut self) -> Result<Tally> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("taken only here and when dropped");
        thread.join().unwrap_or_else(|_| Err(broken("the students' thread panicked")))
    }
}

impl Drop for Students {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What it counted is wanted by nobody.
            let _dropped = thread.join();
        }
    }
}

impl Tally {
    /// The acknowledged enrolments that the platform does not have, or not as they were made.
    ///
    /// # Errors
    /// The kit's, if the platform does not answer.
    pub fn lost(&self, door: &FrontDoor) -> Result<Vec<Enrolment>> {
        lost(&self.acknowledged, door)
    }

    /// The first failures, one a line.
    #[must_use]
    pub fn reasons(&self, most: usize) -> String {
        let line = |failure: &Failure| {
            let kind = if failure.kept { "kept" } else { "fresh" };
            format!("after {:.2} s over a {kind} connection: {}\n", failure.after.as_secs_f64(), failure.why)
        };
        self.failed.iter().take(most).map(line).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} enrolments acknowledged in {:.1} s, {} failed, the slowest took {:.2} s, the longest time without one {:.2} s",
            self.acknowledged.len(),
            self.took.as_secs_f64(),
            self.failures,
            self.slowest.as_secs_f64(),
            self.longest_gap.as_secs_f64()
        )
    }
}

/// Milliseconds since 1970 by this machine's clock, which is that of its hosts.
#[must_use]
pub fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Those of `enrolments` that the platform does not have, or not as they were made.
///
/// # Errors
/// The kit's, if the platform does not answer.
pub fn lost(enrolments: &[Enrolment], door: &FrontDoor) -> Result<Vec<Enrolment>> {
    let share = enrolments.len().div_ceil(READERS).max(1);
    let reading = async {
        let mut readers = tokio::task::JoinSet::new();
        for part in enrolments.chunks(share) {
            let (server, part) = (door.server.clone(), part.to_vec());
            readers.spawn(async move { read_back(&server, part).await });
        }
        readers.join_all().await
    };
    let mut lost = Vec::new();
    for found in to_the_end(reading)? {
        lost.extend(found.map_err(|error| unanswered("GET", ENROLMENTS, &error))?);
    }
    Ok(lost)
}

async fn read_back(server: &Server, enrolments: Vec<Enrolment>) -> Result<Vec<Enrolment>, Unanswered> {
    let mut line = Line { server, kept: true, open: None };
    let mut lost = Vec::new();
    for enrolment in enrolments {
        let answer = line.ask(&Method::GET, &format!("{ENROLMENTS}/{}", enrolment.id), None).await?;
        let found: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer.status {
            StatusCode::OK if found["student"] == enrolment.student => {}
            StatusCode::OK | StatusCode::NOT_FOUND => lost.push(enrolment),
            other => return Err(Unanswered::Broken(other.to_string())),
        }
    }
    Ok(lost)
}

/// One connection after the other, or one for all.
struct Line<'a> {
    server: &'a Server,
    kept: bool,
    open: Option<Connection>,
}

impl Line<'_> {
    async fn ask(
        &mut self,
        method: &Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, Unanswered> {
        if let Some(mut connection) = self.open.take() {
            match self.server.ask(&mut connection, method, path, body).await {
                // Closed by the server between two requests; this one has not left.
                Err(Unanswered::NotSent) => {}
                Err(error) => return Err(error),
                Ok(answer) => {
                    self.open = Some(connection);
                    return Ok(answer);
                }
            }
        }
        let mut connection = self.server.connect().await?;
        let answer = self.server.ask(&mut connection, method, path, body).await?;
        self.open = self.kept.then_some(connection);
        Ok(answer)
    }
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    tally: Tally,
    acknowledged_at: Vec<Duration>,
}

async fn all(server: Server, pace: Pace, stop: Arc<AtomicBool>, count: Arc<AtomicU64>) -> Tally {
    let began = Instant::now();
    // Unique on a platform whose earlier students are still there.
    let run = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros());
    let connections = pace.fresh + pace.kept;
    let period = Duration::from_secs(1) * u32::try_from(connections).unwrap_or(1) / pace.per_second.max(1);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..connections {
        let (server, stop, count) = (server.clone(), stop.clone(), count.clone());
        tasks.spawn(async move {
            let mut line = Line { server: &server, kept: number >= pace.fresh, open: None };
            enrol(&mut line, &format!("s-{run:x}-{number}"), period, began, &stop, &count).await
        });
    }
    let seen = tasks.join_all().await;
    sum(seen, began.elapsed())
}

async fn enrol(
    line: &mut Line<'_>,
    name: &str,
    period: Duration,
    began: Instant,
    stop: &AtomicBool,
    count: &AtomicU64,
) -> Seen {
    let mut seen = Seen::default();
    let mut turns = interval(period);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 1_u64.. {
        turns.tick().await;
        if stop.load(Ordering::Relaxed) || began.elapsed() > LONGEST {
            break;
        }
        let student = format!("{name}-{number}");
        let asked = Instant::now();
        let why = match line.ask(&Method::POST, ENROLMENTS, Some(&new_enrolment(&student))).await {
            Ok(answer) if answer.status == StatusCode::CREATED => match id(&answer.body) {
                Some(id) => {
                    seen.tally.acknowledged.push(Enrolment { id, student, at_millis: now_millis() });
                    seen.tally.slowest = seen.tally.slowest.max(asked.elapsed());
                    seen.acknowledged_at.push(began.elapsed());
                    count.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                None => "acknowledged without an id".to_owned(),
            },
            Ok(answer) => format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body).trim()),
            Err(error) => error.to_string(),
        };
        seen.tally.failures += 1;
        if seen.tally.failed.len() < REASONS {
            seen.tally.failed.push(Failure { after: began.elapsed(), kept: line.kept, why });
        }
    }
    seen
}

fn sum(seen: Vec<Seen>, took: Duration) -> Tally {
    let mut sum = Tally { took, ..Tally::default() };
    let mut moments = vec![Duration::ZERO, took];
    for Seen { tally, acknowledged_at } in seen {
        sum.acknowledged.extend(tally.acknowledged);
        sum.failures += tally.failures;
        sum.failed.extend(tally.failed);
        sum.slowest = sum.slowest.max(tally.slowest);
        moments.extend(acknowledged_at);
    }
    sum.failed.sort_by_key(|failure| failure.after);
    moments.sort_unstable();
    let gaps = moments.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    sum.longest_gap = gaps.max().unwrap_or(took);
    sum
}

fn broken(what: &str) -> Error {
    Error::Failed {
        command: "students".to_owned(),
        status: what.to_owned(),
        stdout: String::new(),
        stderr: String::new(),
    }
}

#[cfg(test)]
mod tests;
