//! A file of the log comes back.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::durable;
use crate::words::{Answer, answer, request};

/// What came of it.
pub enum Fetched {
    /// The file is where it was wanted.
    Here,
    /// No repository has it: the log ends before it.
    Absent,
}

/// Asks for a file and puts it at `path`. Only the agent's own word that no repository has it counts as absent: everything else
/// is an error, because PostgreSQL would take it for the end of the log and leave out what comes behind.
pub fn fetch(spool: &Path, file: &str, path: &Path, deadline: Duration) -> Result<Fetched, String> {
    let until = Instant::now() + deadline;
    durable::is_spool(spool)?;
    let _lock = durable::alone(spool, "fetch", until)?;
    let mark = mark();
    let (want, came) = (spool.join("want").join(file), spool.join("in").join(file));
    let told = spool.join("in").join(format!("{file}.answer"));
    durable::write(&want, &request(&mark))?;
    let said = durable::wait(until, &mut || {
        let text = durable::words_of(&told)?;
        // An answer to an earlier request says nothing about this one.
        let answered = text.as_deref().and_then(answer).filter(|(of, _)| *of == mark);
        Ok(answered.map(|(_, answer)| answer))
    })?;
    let said = said.ok_or_else(|| format!("no answer after {} s", deadline.as_secs()))?;
    let fetched = match said {
        Answer::Absent => Fetched::Absent,
        Answer::Stop => return Err("the repository has it damaged or behind a gap".to_owned()),
        Answer::Here(digest) => {
            if durable::copy(&came, path)? != digest {
                durable::remove(path)?;
                return Err("what came is not what was said".to_owned());
            }
            Fetched::Here
        }
    };
    for left in [&want, &came, &told] {
        durable::remove(left)?;
    }
    Ok(fetched)
}

/// A word that no earlier request had.
fn mark() -> String {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_nanos()).unwrap_or_default();
    format!("{}-{nanos}", std::process::id())
}
