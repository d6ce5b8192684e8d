//! The command line.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where the spool is unless told otherwise.
const SPOOL: &str = "/spool";
/// How long an answer may take unless told otherwise.
const DEADLINE: u64 = 60;
/// Longest that it may be told, in seconds: PostgreSQL waits for one command at a time.
const LONGEST: u64 = 3600;

/// What is to be done.
pub struct Arguments {
    /// The spool.
    pub spool: PathBuf,
    /// How long an answer may take.
    pub deadline: Duration,
    /// What.
    pub order: Order,
}

/// What is to be done.
pub enum Order {
    /// `push PATH FILE`.
    Push {
        /// The file, relative to the server's data.
        path: PathBuf,
        /// Its name.
        file: String,
    },
    /// `fetch FILE PATH`.
    Fetch {
        /// The file's name.
        file: String,
        /// Where it goes.
        path: PathBuf,
    },
    /// `--install DIRECTORY`.
    Install {
        /// Where this program is copied to.
        directory: PathBuf,
    },
}

/// The command line is wrong.
#[derive(Debug)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; use: wal-push [--spool DIRECTORY] [--deadline SECONDS] push PATH FILE | fetch FILE PATH", self.0)
    }
}

impl Arguments {
    /// Reads them.
    pub fn read(words: impl Iterator<Item = OsString>) -> Result<Self, UsageError> {
        let (mut spool, mut deadline) = (PathBuf::from(SPOOL), DEADLINE);
        let mut words = words;
        let mut next = |what: &str| words.next().ok_or_else(|| UsageError(format!("{what} is missing")));
        loop {
            let word = next("what to do")?;
            let order = match word.to_str() {
                Some("--spool") => {
                    spool = next("the spool")?.into();
                    continue;
                }
                Some("--deadline") => {
                    let text = next("the deadline")?;
                    let seconds =
                        text.to_str().and_then(|text| text.parse().ok()).filter(|n| (1..=LONGEST).contains(n));
                    deadline = seconds.ok_or_else(|| UsageError(format!("the deadline is 1 to {LONGEST} seconds")))?;
                    continue;
                }
                Some("push") => {
                    let path = next("the path")?.into();
                    Order::Push { path, file: name(&next("the name")?)? }
                }
                Some("fetch") => {
                    let file = name(&next("the name")?)?;
                    Order::Fetch { file, path: next("the path")?.into() }
                }
                Some("--install") => Order::Install { directory: next("the directory")?.into() },
                _ => return Err(UsageError("that is no order".to_owned())),
            };
            if words.next().is_some() {
                return Err(UsageError("too many words".to_owned()));
            }
            return Ok(Self { spool, deadline: Duration::from_secs(deadline), order });
        }
    }
}

/// The name of a file of the log: it becomes part of a path, so nothing else is taken.
fn name(word: &OsString) -> Result<String, UsageError> {
    let text = word.to_str().filter(|text| is_name(text));
    text.map(str::to_owned).ok_or_else(|| UsageError(format!("{} is no file of the log", word.display())))
}

fn is_name(text: &str) -> bool {
    let hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
    };
    match text.split('.').collect::<Vec<_>>()[..] {
        [segment] | [segment, "partial"] => hex(segment, 24),
        [timeline, "history"] => hex(timeline, 8),
        [segment, offset, "backup"] => hex(segment, 24) && hex(offset, 8),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, UsageError> {
        Arguments::read(line.split(' ').map(OsString::from))
    }

    #[test]
    fn orders_are_read_and_nothing_else_is() {
        let read_well = read("--spool /s --deadline 5 push pg_wal/x 000000010000000000000001").expect("an order");
        assert!(matches!(&read_well.order, Order::Push { file, .. } if file == "000000010000000000000001"));
        assert_eq!((read_well.deadline, read_well.spool), (Duration::from_secs(5), PathBuf::from("/s")));
        assert!(matches!(read("fetch 00000002.history p").expect("an order").order, Order::Fetch { .. }));
        for line in [
            "push",
            "push p",
            "push p ../x",
            "push p 00000001000000000000000g",
            "push p 000000010000000000000001 more",
            "fetch 000000010000000000000001",
            "--deadline 0 push p 000000010000000000000001",
            "--deadline 3601 push p 000000010000000000000001",
            "--spool",
            "pull p 000000010000000000000001",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn names_are_those_that_the_agent_knows() {
        use bridle_core::backup::wal::name::WalFile;
        for name in [
            "000000010000000000000001",
            "0000000100000016000000B3.partial",
            "00000002.history",
            "0000000100000016000000B3.00D84800.backup",
            "00000001000000000000000a",
            "000000010000000000000001.part",
            "000000010000000000000001.partial.partial",
            "0000002.history",
            "",
            ".",
            "..",
        ] {
            assert_eq!(is_name(name), name.parse::<WalFile>().is_ok(), "{name}");
        }
    }
}
