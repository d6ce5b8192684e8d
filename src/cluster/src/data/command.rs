//! Streams out of commands in pods, and back into them.
//!
//! What a command writes goes over its standard output as it is. When it has ended, the pod says on standard error how long
//! the stream was, its SHA-256 and the exit status of the command: made inside the pod, so bytes that were lost on the way,
//! and a command that died after it had produced bytes, are told apart from a whole stream. Whoever asks counts for himself.

use std::io::Read;

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Metered, Proof};
use bridle_core::release::{DataSource, PodCommands};

use super::{DumpTarget, containers, fault, ready_pod, text, unwritten};
use crate::connect::{ApiServer, Ended, ExecError, Place, Pods};

/// What the last line of the pod begins with.
const MARK: &str = "bridle-end 1";

/// Programs of an image may be parts of one busybox without names of their own. `/dev/fd/3` is a pipe that this shell made,
/// so it can be opened by whoever the container runs as; its own standard output cannot, and is only passed on (5).
const PRELUDE: &str = r#"
run() { if command -v "$1" >/dev/null 2>&1; then "$@"; else busybox "$@"; fi; }
count() { { run tee /dev/fd/3 | run wc -c | { read -r n; echo "length $n" >&4; }; } 3>&1; }
exec 5>&1
"#;

const DUMP: &str = r#"
said=$( { { "$@" </dev/null 3>&- 4>&- 5>&-; echo "status $?" >&4; } | count | { run tee /dev/fd/3 >&5; } 3>&1 |
  run sha256sum; } 4>&1 )
echo "
bridle-end 1" $said >&2
case "$said" in *"status 0"*) ;; *) exit 1 ;; esac
"#;

const RESTORE: &str = r#"
length=$1; shift
said=$( { run head -c "$length" | count | { { run tee /dev/fd/3 | { "$@" 3>&- 4>&- >&5; echo "status $?" >&4; }; } 3>&1 |
  run sha256sum; }; } 4>&1 )
echo "
bridle-end 1" $said >&2
case "$said" in *"status 0"*) ;; *) exit 1 ;; esac
"#;

/// What a pod said of a stream that went through it.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    status: u32,
    proof: Proof,
}

/// Pours out what the source's command writes.
///
/// # Errors
/// `SourceUnreachable`, `PodCommandFailed`, `StreamUnproven`, `DumpTooLarge`, `NoSpace` or `WriteFailed`,
/// `KubernetesRefused`, `DeadlinePassed`; what was written then is worth nothing.
pub(crate) fn pour(
    api: &ApiServer,
    pods: &dyn Pods,
    source: &DataSource,
    target: &mut DumpTarget<'_>,
    attempt: &mut Attempt<'_>,
) -> Result<Proof, Fault> {
    attempt.progress.waiting(Message::new("wait-command-copy").with("source", source.name.as_str()));
    let (commands, place) = (commands(source)?, place(api, source)?);
    let mut metered = Metered::new(target.to, target.limit);
    let command = script(DUMP, &[], &commands.dump);
    let ended = pods.run(&place, &command, &mut metered, attempt.limit, attempt.stop);
    let passed = metered.passed();
    let said = proven(source, &place, (target.path, target.limit), ended)?;
    if said != (Said { status: 0, proof: passed }) {
        return Err(unproven(source, &place, &format!("{} bytes came ({}); {said:?}", passed.bytes, passed.digest)));
    }
    Ok(passed)
}

/// Pours a stream back into the source's command.
///
/// # Errors
/// As [`pour`], or `FileUnreadable` if the stream cannot be read.
pub(crate) fn pour_back(
    api: &ApiServer,
    pods: &dyn Pods,
    source: &DataSource,
    (from, proof): (&mut dyn Read, &Proof),
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    attempt.progress.waiting(Message::new("wait-command-back").with("source", source.name.as_str()));
    let (commands, place) = (commands(source)?, place(api, source)?);
    let command = script(RESTORE, &[proof.bytes.to_string()], &commands.restore);
    let mut output = std::io::sink();
    let mut from = from.take(proof.bytes);
    let ended = pods.feed(&place, &command, (&mut from, &mut output), attempt.limit, attempt.stop);
    let said = proven(source, &place, (&source.name, proof.bytes), ended)?;
    if said != (Said { status: 0, proof: *proof }) {
        return Err(unproven(source, &place, &format!("{} bytes were sent ({}); {said:?}", proof.bytes, proof.digest)));
    }
    Ok(())
}

fn commands(source: &DataSource) -> Result<&PodCommands, Fault> {
    source.command.as_ref().ok_or_else(|| fault(FaultCode::SourceUnreachable, source))
}

fn place(api: &ApiServer, source: &DataSource) -> Result<Place, Fault> {
    let pod = ready_pod(api, source, FaultCode::SourceUnreachable)?;
    let wanted = source.command.as_ref().map(|commands| commands.container.as_str()).unwrap_or_default();
    let names = containers(&pod);
    let container = names.iter().find(|name| wanted.is_empty() || **name == wanted);
    let container = container.ok_or_else(|| fault(FaultCode::SourceUnreachable, source))?;
    Ok(Place {
        namespace: source.namespace.clone(),
        pod: text(&pod, "/metadata/name").to_owned(),
        container: (*container).to_owned(),
    })
}

/// The words of the publisher's command reach the shell as arguments, never as part of the script.
fn script(part: &str, first: &[String], words: &[String]) -> Vec<String> {
    let shell = ["sh".to_owned(), "-c".to_owned(), format!("{PRELUDE}{part}"), "stream".to_owned()];
    shell.into_iter().chain(first.iter().cloned()).chain(words.iter().cloned()).collect()
}

/// What the pod said of the stream, if the command ended well.
fn proven(
    source: &DataSource,
    place: &Place,
    (path, limit): (&str, u64),
    ended: Result<Ended, ExecError>,
) -> Result<Said, Fault> {
    let failed = |complaint: &str| {
        Fault::new(FaultCode::PodCommandFailed)
            .with("what", source.name.as_str())
            .with("pod", place.pod.as_str())
            .with("namespace", place.namespace.as_str())
            .output(complaint)
    };
    match ended {
        Ok(ended) if ended.well => said(&ended.complaint)
            .ok_or_else(|| unproven(source, place, &format!("the end is missing: {}", ended.complaint))),
        Ok(ended) => Err(failed(&ended.complaint)),
        Err(error @ (ExecError::Late(..) | ExecError::Stopped(_))) => {
            Err(Fault::new(FaultCode::DeadlinePassed).with("what", source.name.as_str()).because(&error))
        }
        Err(ExecError::Write(_, error)) => Err(unwritten(source, (path, limit), &error)),
        Err(ExecError::Read(_, error)) => Err(Fault::new(FaultCode::FileUnreadable).with("path", path).because(&error)),
        Err(error) => Err(failed("").because(&error)),
    }
}

fn unproven(source: &DataSource, place: &Place, words: &str) -> Fault {
    fault(FaultCode::StreamUnproven, source).with("pod", place.pod.as_str()).output(words)
}

/// Reads the last line that a pod says: `bridle-end 1`, then `status N`, `length N`, and the SHA-256 with a `-` behind it, in
/// any order.
fn said(complaint: &str) -> Option<Said> {
    let line = complaint.lines().rev().find_map(|line| line.strip_prefix(MARK))?;
    let (mut status, mut length, mut digest) = (None, None, None);
    let mut words = line.split_ascii_whitespace();
    while let Some(word) = words.next() {
        let once = match word {
            "status" => status.replace(words.next()?.parse().ok()?).is_none(),
            "length" => length.replace(words.next()?.parse().ok()?).is_none(),
            "-" => true,
            word => digest.replace(Digest::from_hex(word).ok()?).is_none(),
        };
        if !once {
            return None;
        }
    }
    Some(Said { status: status?, proof: Proof { bytes: length?, digest: digest? } })
}

#[cfg(test)]
pub(super) mod trial {
    //! For the tests beside.
    use super::*;

    pub(in crate::data) fn read(complaint: &str) -> Option<(u32, Proof)> {
        said(complaint).map(|said| (said.status, said.proof))
    }
}
