//! A file of the log goes out: into the spool, durable, and then the word of the agent that it is in a repository.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::durable;
use crate::words::{Acknowledgement, Digest, acknowledgement};

/// Pushes the file at `path` under its name; returns only when it is durable in a repository.
///
/// May be called again for the same file, whatever an earlier call left: an acknowledgement that fits is enough, a file in the
/// spool with the same content is not written again. Another content under the same name is never written over.
pub fn push(spool: &Path, path: &Path, file: &str, deadline: Duration) -> Result<(), String> {
    let until = Instant::now() + deadline;
    durable::is_spool(spool)?;
    let _lock = durable::alone(spool, "push", until)?;
    let (out, ack) = (spool.join("out").join(file), spool.join("ack").join(file));
    let own = durable::digest_of(path)?.ok_or_else(|| format!("{} is not there", path.display()))?;
    if judged(&ack, &own)?.is_some() {
        return clear(&out);
    }
    match durable::digest_of(&out)? {
        Some(before) if before == own => durable::sync_dir(&out)?, // its name may not be on disk yet
        Some(_) => return Err("the spool has another content under this name; nothing is written over".to_owned()),
        None => {
            if durable::copy(path, &out)? != own {
                durable::remove(&out)?;
                return Err("the file changed while it was read".to_owned());
            }
        }
    }
    let said = durable::wait(until, &mut || judged(&ack, &own))?;
    said.ok_or_else(|| {
        format!("not in a repository after {} s; it stays here and is tried again", deadline.as_secs())
    })?;
    clear(&out)
}

/// Whether the agent said that this very content may go: it is durable, or nobody keeps logs; `None` if it said nothing yet.
fn judged(ack: &Path, own: &Digest) -> Result<Option<()>, String> {
    let Some(text) = durable::words_of(ack)? else { return Ok(None) };
    match acknowledgement(&text) {
        Some(Acknowledgement::Durable(digest) | Acknowledgement::Unwanted(digest)) if digest == *own => Ok(Some(())),
        // What was let go under this name is nowhere: the agent is asked anew.
        Some(Acknowledgement::Unwanted(_)) => Ok(None),
        Some(Acknowledgement::Durable(_)) => {
            Err("a repository has another content under this name; nothing is written over".to_owned())
        }
        Some(Acknowledgement::Refused(why)) => Err(format!("the agent refuses it: {why}")),
        None => Ok(None),
    }
}

/// The spool holds nothing that is durable elsewhere. The acknowledgement stays: the agent removes it when it is old.
fn clear(out: &Path) -> Result<(), String> {
    durable::remove(out)
}
