//! Applies the safe cures of the preflight, and takes them back (`docs/FORMATS.md`, `preflight-cures.json`).

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::plan::review::{AppliedCure, Cure, CureRecord};
use bridle_core::port::{Clock, Command, Process};

use crate::files::{self, FileError};
use crate::layout::Layout;

/// Longest record that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Applies safe cures to one host.
pub struct Cures<'a> {
    layout: &'a Layout,
    process: &'a dyn Process,
    clock: &'a dyn Clock,
}

impl<'a> Cures<'a> {
    /// Over these ports.
    #[must_use]
    pub fn new(layout: &'a Layout, process: &'a dyn Process, clock: &'a dyn Clock) -> Self {
        Self { layout, process, clock }
    }

    /// What was applied so far.
    ///
    /// # Errors
    /// A [`Fault`] if the record is damaged or cannot be read.
    pub fn record(&self) -> Result<CureRecord, Fault> {
        let path = self.layout.cures_file();
        let Some(text) = files::read_limited(&path, LONGEST)? else { return Ok(CureRecord::default()) };
        CureRecord::parse(&text).map_err(|error| {
            Fault::new(FaultCode::CureRecordDamaged).with("path", path.display().to_string()).because(&error)
        })
    }

    /// Applies a cure: the record first, then the present, then the file for the next start. May be repeated.
    ///
    /// # Errors
    /// A [`Fault`] if the system refuses it; the record then holds it all the same, which costs nothing to take back.
    pub fn apply(&self, cure: &Cure) -> Result<(), Fault> {
        let mut record = self.record()?;
        record.add(AppliedCure { time: self.clock.now(), cure: cure.clone(), before: self.present(cure) });
        self.write(&record)?;
        self.change(cure)?;
        let path = self.layout.at(&cure.file());
        files::make_dirs(path.parent().unwrap_or(Path::new("/")), 0o755)?;
        Ok(files::write_atomic(&path, cure.text().as_bytes(), 0o644)?)
    }

    /// Takes everything in the record back, the last one first, and removes the record. A module that is in use by now
    /// stays until the next start; a parameter that somebody else has changed since stays as it is. May be repeated.
    ///
    /// # Errors
    /// A [`Fault`] if the record is damaged or a file cannot be removed.
    pub fn undo(&self) -> Result<Vec<Cure>, Fault> {
        let record = self.record()?;
        let mut undone = Vec::new();
        for applied in record.cures.into_iter().rev() {
            files::remove_if_there(&self.layout.at(&applied.cure.file())).or_else(unless_no_folder)?;
            match &applied.cure {
                Cure::LoadModule { module } if applied.before == 0 => {
                    let _in_use = self.run("/usr/sbin/modprobe", &["-r", "-q", module]);
                }
                Cure::SetParameter { value, .. } if self.present(&applied.cure) == *value => {
                    self.set(&applied.cure, applied.before)?;
                }
                Cure::LoadModule { .. } | Cure::SetParameter { .. } => {}
            }
            undone.push(applied.cure);
        }
        files::remove_if_there(&self.layout.cures_file()).or_else(unless_no_folder)?;
        Ok(undone)
    }

    fn write(&self, record: &CureRecord) -> Result<(), Fault> {
        files::make_dirs(&self.layout.data_dir(), 0o711)?;
        Ok(files::write_atomic(&self.layout.cures_file(), record.text().as_bytes(), 0o644)?)
    }

    /// Whether a module is loaded (0, 1), or a parameter's value.
    fn present(&self, cure: &Cure) -> u64 {
        match cure {
            Cure::LoadModule { module } => {
                let loaded = files::read_limited(&self.layout.at("/proc/modules"), LONGEST).ok().flatten();
                let loaded = loaded.unwrap_or_default();
                u64::from(loaded.lines().any(|line| line.split_whitespace().next() == Some(module)))
            }
            Cure::SetParameter { name, .. } => {
                let value = files::read_limited(&self.parameter(name), LONGEST).ok().flatten();
                value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
            }
        }
    }

    fn change(&self, cure: &Cure) -> Result<(), Fault> {
        match cure {
            Cure::LoadModule { module } => {
                let refused = |said: &str| failed(cure).output(said);
                let output = self.run("/usr/sbin/modprobe", &[module]).map_err(|error| refused(&error))?;
                if output.0 == 0 { Ok(()) } else { Err(refused(&output.1)) }
            }
            Cure::SetParameter { value, .. } => self.set(cure, *value),
        }
    }

    fn set(&self, cure: &Cure, value: u64) -> Result<(), Fault> {
        let Cure::SetParameter { name, .. } = cure else { return Ok(()) };
        // A file of the kernel's: it is there already, and nothing of it reaches a disk.
        let written = OpenOptions::new().write(true).truncate(true).open(self.parameter(name));
        let written = written.and_then(|mut file| writeln!(file, "{value}"));
        written.map_err(|error| failed(cure).because(&error))
    }

    fn parameter(&self, name: &str) -> PathBuf {
        self.layout.at("/proc/sys").join(name.replace('.', "/"))
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<(i32, String), String> {
        let command = Command::new(program).args(args.iter().copied()).env("LC_ALL", "C");
        let output = self.process.run(&command, &|| false).map_err(|error| error.to_string())?;
        Ok((output.code, output.complaint()))
    }
}

fn failed(cure: &Cure) -> Fault {
    Fault::new(FaultCode::CureFailed).with("cure", cure.commands().join(", "))
}

fn unless_no_folder(error: FileError) -> Result<(), FileError> {
    if error.source.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bridle_core::port::{CommandError, CommandOutput};

    use super::*;
    use crate::clock::SystemClock;

    /// Remembers what was run; ends with this exit code.
    struct Programs(Mutex<Vec<String>>, i32);

    impl Process for Programs {
        fn run(&self, command: &Command, _stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
            self.0.lock().expect("lock").push(command.args.join(" "));
            Ok(CommandOutput { code: self.1, stderr: b"modprobe: FATAL".to_vec(), ..CommandOutput::default() })
        }
    }

    struct World {
        _root: tempfile::TempDir,
        layout: Layout,
        programs: Programs,
    }

    const PARAMETER: &str = "/proc/sys/fs/inotify/max_user_instances";

    fn world(code: i32) -> World {
        let root = tempfile::tempdir().expect("dir");
        let layout = Layout::under(root.path());
        for (path, text) in [(PARAMETER, "128\n"), ("/proc/modules", "overlay 1 0 - Live 0x0\n")] {
            let path = layout.at(path);
            files::make_dirs(path.parent().expect("parent"), 0o755).expect("dirs");
            files::write_atomic(&path, text.as_bytes(), 0o644).expect("write");
        }
        World { _root: root, layout, programs: Programs(Mutex::default(), code) }
    }

    impl World {
        fn cures(&self) -> Cures<'_> {
            Cures::new(&self.layout, &self.programs, &SystemClock)
        }

        fn text(&self, path: &str) -> Option<String> {
            std::fs::read_to_string(self.layout.at(path)).ok()
        }
    }

    fn module(name: &str) -> Cure {
        Cure::LoadModule { module: name.to_owned() }
    }

    fn parameter() -> Cure {
        Cure::SetParameter { name: "fs.inotify.max_user_instances".to_owned(), value: 512 }
    }

    #[test]
    fn what_was_cured_can_be_taken_back() {
        let world = world(0);
        let cures = world.cures();
        for cure in [module("br_netfilter"), module("overlay"), parameter(), parameter()] {
            cures.apply(&cure).expect("applies");
        }
        assert_eq!(world.text(PARAMETER).as_deref(), Some("512\n"));
        let file = "/etc/sysctl.d/60-bridle-fs.inotify.max_user_instances.conf";
        assert_eq!(world.text(file).as_deref(), Some("# Made by Bridle.\nfs.inotify.max_user_instances = 512\n"));
        let before: Vec<u64> = cures.record().expect("record").cures.iter().map(|cure| cure.before).collect();
        assert_eq!(before, [0, 1, 128]);

        assert_eq!(cures.undo().expect("undo"), [parameter(), module("overlay"), module("br_netfilter")]);
        assert_eq!(world.text(PARAMETER).as_deref(), Some("128\n"));
        assert_eq!((world.text(file), world.text("/etc/modules-load.d/bridle-overlay.conf")), (None, None));
        assert!(!world.layout.cures_file().exists());
        let ran = world.programs.0.lock().expect("lock").clone();
        assert_eq!(ran, ["br_netfilter", "overlay", "-r -q br_netfilter"], "what was loaded before stays loaded");
        assert_eq!(cures.undo().expect("again"), []);
    }

    #[test]
    fn what_somebody_changed_since_stays() {
        let world = world(0);
        world.cures().apply(&parameter()).expect("applies");
        files::write_atomic(&world.layout.at(PARAMETER), b"9999\n", 0o644).expect("write");
        world.cures().undo().expect("undo");
        assert_eq!(world.text(PARAMETER).as_deref(), Some("9999\n"));
    }

    #[test]
    fn a_cure_that_the_system_refuses_is_on_record_but_not_kept_for_the_next_start() {
        let world = world(1);
        let fault = world.cures().apply(&module("vxlan")).expect_err("refused");
        assert_eq!((fault.code, fault.causes), (FaultCode::CureFailed, vec!["modprobe: FATAL".to_owned()]));
        assert_eq!(world.text("/etc/modules-load.d/bridle-vxlan.conf"), None);
        assert_eq!(world.cures().record().expect("record").cures.len(), 1);
        world.cures().undo().expect("nothing to take back is no error");
    }

    #[test]
    fn a_damaged_record_is_never_guessed() {
        let world = world(0);
        files::make_dirs(&world.layout.data_dir(), 0o755).expect("dir");
        files::write_atomic(&world.layout.cures_file(), b"{\"format\": 1", 0o644).expect("write");
        for result in [world.cures().apply(&parameter()), world.cures().undo().map(drop)] {
            assert_eq!(result.expect_err("refused").code, FaultCode::CureRecordDamaged);
        }
        assert_eq!(world.text(PARAMETER).as_deref(), Some("128\n"));
    }
}
