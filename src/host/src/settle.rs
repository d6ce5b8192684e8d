//! After a commit: launcher, units and command are those of the release, and its agent is on trial no more.

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::step::Standing;

use crate::layout::Layout;
use crate::units::{self, Systemd};
use crate::{files, programs, trial};

/// Largest unit that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Whether everything is that of `release`.
///
/// # Errors
/// A [`Fault`] if a file cannot be read or systemd not be asked.
pub fn standing(layout: &Layout, systemd: &Systemd, release: &str) -> Result<Standing, Fault> {
    let missing = |found: String| {
        Ok(Standing::Missing(Message::new("missing-program").with("found", found).with("wanted", release)))
    };
    let launcher = programs::pointed(&layout.launcher_link());
    if launcher.as_deref() != Some(release) {
        return missing(launcher.unwrap_or_else(|| "?".to_owned()));
    }
    for (unit, text) in units::of_agent() {
        let there = files::read_limited(&layout.units_dir().join(unit), LARGEST)?;
        if there.as_deref() != Some(&text) || systemd.state(unit)?.enabled != "enabled" {
            return missing(unit.to_owned());
        }
    }
    // Whoever's it is: with the commit every trial is over.
    match trial::read(layout)? {
        Some(trial) => missing(trial.previous),
        None => Ok(Standing::Done),
    }
}

/// Makes it so. The launcher goes before the units that start it; sockets and agent go on as they are until they are
/// started anew.
///
/// # Errors
/// A [`Fault`] if a file cannot be written or systemd refuses.
pub fn settle(layout: &Layout, systemd: &Systemd, release: &str) -> Result<(), Fault> {
    programs::point(layout, &layout.launcher_link(), release)?;
    for (unit, text) in units::of_agent() {
        programs::put(&layout.units_dir().join(unit), text.as_bytes(), 0o644)?;
    }
    systemd.daemon_reload()?;
    for (unit, _) in units::of_agent() {
        systemd.enable(unit)?;
    }
    programs::command(layout)?;
    trial::end(layout)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bridle_core::fault::FaultCode;
    use bridle_core::port::{Command, CommandError, CommandOutput, Process};

    use super::*;

    const OLD: &str = "campus-1.0.0";
    const NEW: &str = "campus-1.1.0";

    #[derive(Default)]
    struct Systemctl(Mutex<Vec<String>>);

    impl Process for Systemctl {
        fn run(&self, command: &Command, _stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
            let mut ran = self.0.lock().expect("lock");
            ran.push(command.args.join(" "));
            let unit = command.args.last().cloned().unwrap_or_default();
            let state = if ran.contains(&format!("enable {unit}")) { "enabled" } else { "disabled" };
            let stdout = format!("ActiveState=active\nUnitFileState={state}\n").into_bytes();
            Ok(CommandOutput { code: 0, stdout, stderr: Vec::new() })
        }
    }

    #[test]
    fn launcher_units_and_trial() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let systemd = Systemd::new(Arc::new(Systemctl::default()));
        for folder in [layout.programs_dir(OLD), layout.programs_dir(NEW), layout.units_dir()] {
            files::make_dirs(&folder, 0o755).expect("folder");
        }
        programs::point(&layout, &layout.launcher_link(), OLD).expect("link");
        let switched = trial::switch(&layout, NEW, OLD, Some(OLD)).expect_err("on trial");
        assert_eq!(switched.code, FaultCode::HandOver);
        let done = || standing(&layout, &systemd, NEW).expect("told") == Standing::Done;
        assert!(!done());
        for _again in 0..2 {
            settle(&layout, &systemd, NEW).expect("settled");
            assert!(done());
        }
        assert_eq!(trial::read(&layout), Ok(None));
        assert_eq!(programs::pointed(&layout.launcher_link()).as_deref(), Some(NEW));
        let (unit, _) = &units::of_agent()[0];
        files::write_atomic(&layout.units_dir().join(unit), b"other", 0o644).expect("change");
        assert!(!done());
        trial::begin(&layout, OLD, NEW).expect("another trial");
        settle(&layout, &systemd, NEW).expect("settled");
        assert!(done());
    }
}
