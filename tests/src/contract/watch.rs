//! What users outside of a host see while something is done to it: one request after the other, from several sides.

use super::{Checked, Failure};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A request that takes longer has failed.
const REQUEST_LIMIT: Duration = Duration::from_secs(3);
/// Between a request's end and the next one.
const PAUSE: Duration = Duration::from_millis(25);
/// An answer longer than this is none of the suite.
const ANSWER_LIMIT: u64 = 64 << 10;

/// What counts as an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// A page with status 200.
    Page,
    /// An open port.
    Port,
}

/// What was seen on one side.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// What was asked.
    pub side: &'static str,
    /// How many requests.
    pub requests: u32,
    /// How many of them had no answer.
    pub failed: u32,
    /// The longest time from the first of failed requests in a row to the next answer.
    pub longest: Duration,
}

/// Requests that go on until [`Watch::end`].
#[derive(Debug)]
pub(super) struct Watch {
    ended: Arc<AtomicBool>,
    sides: Vec<Side>,
}

#[derive(Debug)]
struct Side {
    answers: Arc<AtomicU32>,
    thread: JoinHandle<Seen>,
}

impl Watch {
    /// Begins to ask these ports of a host.
    pub(super) fn begin(host: Ipv4Addr, sides: &[(&'static str, u16, Answer)]) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let sides = sides.iter().map(|&(side, port, answer)| {
            let (ended, answers) = (Arc::clone(&ended), Arc::new(AtomicU32::new(0)));
            let count = Arc::clone(&answers);
            let address = SocketAddr::from((host, port));
            Side { answers, thread: std::thread::spawn(move || ask(side, address, answer, &ended, &count)) }
        });
        Self { sides: sides.collect(), ended }
    }

    /// Waits until every side has answered again, which it has not if it is down.
    pub(super) fn all_answer(&self, limit: Duration) -> Checked {
        let before: Vec<u32> = self.sides.iter().map(|side| side.answers.load(Ordering::Relaxed)).collect();
        let again = || self.sides.iter().zip(&before).all(|(side, old)| side.answers.load(Ordering::Relaxed) > old + 1);
        Ok(crate::testhost::wait_until("an answer from every side", limit, again)?)
    }

    /// Ends the requests and returns what was seen, in the order of the sides.
    pub(super) fn end(self) -> Checked<Vec<Seen>> {
        self.ended.store(true, Ordering::Relaxed);
        let lost = |_| Failure::Unexpected {
            what: "a thread that asks".to_owned(),
            expected: "its end".to_owned(),
            found: "a panic".to_owned(),
        };
        self.sides.into_iter().map(|side| side.thread.join().map_err(lost)).collect()
    }
}

fn ask(side: &'static str, address: SocketAddr, answer: Answer, ended: &AtomicBool, answers: &AtomicU32) -> Seen {
    let mut seen = Seen { side, ..Seen::default() };
    let mut down_since = None;
    while !ended.load(Ordering::Relaxed) {
        let begin = Instant::now();
        seen.requests += 1;
        if has_answer(address, answer).is_ok_and(|good| good) {
            answers.fetch_add(1, Ordering::Relaxed);
            seen.longest = seen.longest.max(down_since.take().map_or(Duration::ZERO, |since: Instant| since.elapsed()));
        } else {
            seen.failed += 1;
            down_since.get_or_insert(begin);
        }
        std::thread::sleep(PAUSE);
    }
    seen.longest = seen.longest.max(down_since.map_or(Duration::ZERO, |since| since.elapsed()));
    seen
}

fn has_answer(address: SocketAddr, answer: Answer) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, REQUEST_LIMIT)?;
    if matches!(answer, Answer::Port) {
        return Ok(true);
    }
    stream.set_read_timeout(Some(REQUEST_LIMIT))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut text = Vec::new();
    stream.take(ANSWER_LIMIT).read_to_end(&mut text)?;
    Ok(text.starts_with(b"HTTP/1.") && text.windows(7).any(|part| part == b" 200 OK"))
}
