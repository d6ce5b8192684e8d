//! The agent on trial, as files: begun before the switch, told healthy while it runs, ended by the commit or the way back.

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::step::Standing;
use bridle_core::trial::{LARGEST, Trial};

use crate::layout::Layout;
use crate::{files, programs};

/// The trial that is on or that failed; `None` where there is none, or none that can be read.
///
/// # Errors
/// A [`Fault`] if the disk refuses.
pub fn read(layout: &Layout) -> Result<Option<Trial>, Fault> {
    Ok(files::read_limited(&layout.trial_file(), LARGEST)?.and_then(|text| Trial::parse(&text)))
}

/// Puts the agent of `release` on trial; that of `previous` comes back where it does not come up. One that is on trial
/// already keeps its count.
///
/// # Errors
/// A [`Fault`] if it cannot be written, or this release's agent has failed its trial.
pub fn begin(layout: &Layout, release: &str, previous: &str) -> Result<(), Fault> {
    let trial = Trial::new(release, previous);
    match read(layout)? {
        Some(there) if there.release == release && there.failed => {
            return Err(Fault::new(FaultCode::AgentFellBack).with("release", release));
        }
        Some(there) if (&there.release, &there.previous) == (&trial.release, &trial.previous) => {}
        _ => write(layout, &trial)?,
    }
    Ok(())
}

/// Tells that the agent of `release` is healthy: only starts from here on count. Nothing happens where it is not on trial.
///
/// # Errors
/// A [`Fault`] if it cannot be written.
pub fn healthy(layout: &Layout, release: &str) -> Result<(), Fault> {
    match read(layout)? {
        Some(trial) if trial.release == release && !trial.failed && trial.starts > 0 => write(layout, &trial.healthy()),
        _ => Ok(()),
    }
}

/// Ends the trial, however it stands.
///
/// # Errors
/// A [`Fault`] if its file cannot be removed.
pub fn end(layout: &Layout) -> Result<(), Fault> {
    Ok(files::remove_if_there(&layout.trial_file())?)
}

/// Whether the agent of `release` did not come up, and the one before came back.
///
/// # Errors
/// A [`Fault`] if the disk refuses.
pub fn failed(layout: &Layout, release: &str) -> Result<bool, Fault> {
    Ok(read(layout)?.is_some_and(|trial| trial.failed && trial.release == release))
}

/// Does what the launcher could not: where it started the agent before (`running`) without being able to write that down, the
/// trial has failed. Called once, at the start of an agent.
///
/// # Errors
/// A [`Fault`] if it cannot be written now either.
pub fn own_up(layout: &Layout, running: &str) -> Result<(), Fault> {
    let Some(trial) = read(layout)?.filter(|trial| trial.previous == running) else { return Ok(()) };
    if programs::pointed(&layout.current_link()).as_ref() != Some(&trial.release) {
        return Ok(());
    }
    write(layout, &trial.over())?;
    programs::point(layout, &layout.current_link(), running)
}

/// How the switch to the agent of `release` stands, seen by the agent of `running`.
///
/// # Errors
/// A [`Fault`] if the disk refuses.
pub fn standing(layout: &Layout, release: &str, running: Option<&str>) -> Result<Standing, Fault> {
    let missing = |found: Option<&str>| {
        let found = found.unwrap_or("?").to_owned();
        Ok(Standing::Missing(Message::new("missing-agent").with("found", found).with("wanted", release)))
    };
    let current = programs::pointed(&layout.current_link());
    if current.as_deref() != Some(release) {
        return missing(current.as_deref());
    }
    match read(layout)? {
        Some(trial) if trial.release == release && trial.failed => missing(running),
        // Back at the one before, but the trial of the other one is not ended yet.
        Some(trial) if trial.release != release => missing(Some(&trial.release)),
        _ if running != Some(release) => missing(running),
        _ => Ok(Standing::Done),
    }
}

/// Switches to the agent of `release`, whose programs are in place: on trial, or back from the trial of `from`.
///
/// # Errors
/// A [`Fault`] if a file cannot be written; [`FaultCode::AgentFellBack`] if it has failed its trial;
/// [`FaultCode::HandOver`] if all is in place and another agent than the one of `running` must go on.
pub fn switch(layout: &Layout, release: &str, from: &str, running: Option<&str>) -> Result<(), Fault> {
    let there = read(layout)?;
    let switched = running == Some(release) && programs::pointed(&layout.current_link()).as_deref() == Some(release);
    if there.is_none() && switched {
        // Back from a trial that the other agent ended before it handed over: nobody is on trial now.
        return Ok(());
    }
    let back = there.is_some_and(|trial| trial.release == from && trial.previous == release);
    if back {
        programs::point(layout, &layout.current_link(), release)?;
        end(layout)?;
    } else {
        begin(layout, release, from)?;
        programs::point(layout, &layout.current_link(), release)?;
    }
    if running == Some(release) { Ok(()) } else { Err(Fault::new(FaultCode::HandOver)) }
}

fn write(layout: &Layout, trial: &Trial) -> Result<(), Fault> {
    Ok(files::write_atomic(&layout.trial_file(), trial.text().as_bytes(), 0o644)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "campus-1.0.0";
    const NEW: &str = "campus-1.1.0";

    fn host() -> (tempfile::TempDir, Layout) {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        for id in [OLD, NEW] {
            files::make_dirs(&layout.programs_dir(id), 0o755).expect("folder");
        }
        programs::point(&layout, &layout.current_link(), OLD).expect("link");
        (dir, layout)
    }

    #[test]
    fn after_a_way_back_nobody_is_on_trial() {
        let (_dir, layout) = host();
        assert_eq!(code(switch(&layout, NEW, OLD, Some(OLD))), FaultCode::HandOver);
        switch(&layout, NEW, OLD, Some(NEW)).expect("taken over");
        assert!(read(&layout).expect("read").is_some());
        assert_eq!(code(switch(&layout, OLD, NEW, Some(NEW))), FaultCode::HandOver);
        // The agent before applies the step again: it had begun.
        switch(&layout, OLD, NEW, Some(OLD)).expect("taken over");
        assert_eq!((read(&layout).expect("read"), current(&layout).as_str()), (None, OLD));
        assert!(done(&layout, OLD, OLD));
    }

    fn code(result: Result<(), Fault>) -> FaultCode {
        result.expect_err("refused").code
    }

    fn current(layout: &Layout) -> String {
        programs::pointed(&layout.current_link()).expect("a link of ours")
    }

    fn done(layout: &Layout, release: &str, running: &str) -> bool {
        standing(layout, release, Some(running)).expect("told") == Standing::Done
    }

    /// As the launcher does.
    fn started(layout: &Layout, times: u32) {
        let mut trial = read(layout).expect("read").expect("a trial");
        trial.starts += times;
        write(layout, &trial).expect("count");
    }

    #[test]
    fn there_healthy_and_settled() {
        let (_dir, layout) = host();
        assert!(!done(&layout, NEW, OLD));
        assert_eq!(code(switch(&layout, NEW, OLD, Some(OLD))), FaultCode::HandOver);
        assert_eq!(code(switch(&layout, NEW, OLD, Some(OLD))), FaultCode::HandOver, "again, after any interruption");
        assert!(!done(&layout, NEW, OLD) && !done(&layout, OLD, OLD));
        started(&layout, 2);
        assert_eq!(switch(&layout, NEW, OLD, Some(NEW)), Ok(()));
        assert!(done(&layout, NEW, NEW));
        assert_eq!(read(&layout).expect("read").map(|trial| trial.starts), Some(2), "the count is not for the engine");
        healthy(&layout, OLD).expect("not its trial");
        assert_eq!(read(&layout).expect("read").map(|trial| trial.starts), Some(2));
        healthy(&layout, NEW).expect("healthy");
        assert_eq!(read(&layout).expect("read"), Some(Trial::new(NEW, OLD)));
        end(&layout).expect("end");
        end(&layout).expect("again");
        assert!(done(&layout, NEW, NEW));
    }

    #[test]
    fn there_and_back() {
        let (_dir, layout) = host();
        assert_eq!(code(switch(&layout, NEW, OLD, Some(OLD))), FaultCode::HandOver);
        // The power may go between the link and the trial's end.
        programs::point(&layout, &layout.current_link(), OLD).expect("link");
        assert!(!done(&layout, OLD, OLD));
        assert_eq!(code(switch(&layout, OLD, NEW, Some(NEW))), FaultCode::HandOver);
        assert_eq!((current(&layout).as_str(), read(&layout)), (OLD, Ok(None)));
        assert!(!done(&layout, OLD, NEW));
        // The one before goes on, and is not on trial.
        assert!(done(&layout, OLD, OLD));
        assert_eq!(read(&layout), Ok(None));
    }

    #[test]
    fn one_that_failed_is_not_tried_again_before_the_way_back_is_done() {
        let (_dir, layout) = host();
        assert_eq!(code(switch(&layout, NEW, OLD, Some(OLD))), FaultCode::HandOver);
        let trial = read(&layout).expect("read").expect("a trial");
        write(&layout, &trial.over()).expect("as the launcher does");
        programs::point(&layout, &layout.current_link(), OLD).expect("as the launcher does");
        assert!(failed(&layout, NEW).expect("told") && !failed(&layout, OLD).expect("told"));
        assert_eq!(code(switch(&layout, NEW, OLD, Some(OLD))), FaultCode::AgentFellBack);
        assert_eq!(current(&layout), OLD, "not even the link moved");
        healthy(&layout, NEW).expect("too late");
        assert!(failed(&layout, NEW).expect("told"));
        assert!(!done(&layout, OLD, OLD), "the way back has to end the trial");
        switch(&layout, OLD, NEW, Some(OLD)).expect("back");
        assert!(done(&layout, OLD, OLD));
        assert_eq!(code(switch(&layout, NEW, OLD, Some(OLD))), FaultCode::HandOver, "another upgrade may try");
    }

    #[test]
    fn what_the_launcher_could_not_write_is_written_by_the_agent_that_it_started() {
        let (_dir, layout) = host();
        own_up(&layout, OLD).expect("nothing to own up to");
        assert_eq!(code(switch(&layout, NEW, OLD, Some(OLD))), FaultCode::HandOver);
        own_up(&layout, NEW).expect("the one on trial");
        assert!(!failed(&layout, NEW).expect("told"));
        own_up(&layout, OLD).expect("the one before");
        assert!(failed(&layout, NEW).expect("told"));
        assert_eq!(current(&layout), OLD);
    }

    #[test]
    fn a_release_without_programs_is_never_pointed_to() {
        let (_dir, layout) = host();
        assert_eq!(code(switch(&layout, "campus-9.0.0", OLD, Some(OLD))), FaultCode::FileUnreadable);
        assert_eq!(current(&layout), OLD);
    }
}
