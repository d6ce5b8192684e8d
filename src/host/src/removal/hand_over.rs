//! Handing over to the last act: a copy of this program and a unit of its own, which outlive the agent and end with
//! nothing of theirs left, whenever the power goes (`docs/decisions/0010`).

use std::path::PathBuf;

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::removal::{Data, LastAct, Receipt};

use super::receipt;
use crate::files;
use crate::layout::Layout;
use crate::units::{REMOVAL, Systemd};

const PROGRAM: &str = "bridle";
const ORDER: &str = "order.json";
/// Largest program that is copied, in bytes: it goes through memory.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// What is put in place for the last act.
pub(super) struct HandOver<'a> {
    pub(super) layout: &'a Layout,
    pub(super) systemd: &'a Systemd,
    pub(super) data: Data,
    pub(super) receipt: &'a Receipt,
}

impl HandOver<'_> {
    /// Whether program, order and unit are there, and the unit starts with the host.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be read or systemd not be asked.
    pub(super) fn is_done(&self) -> Result<bool, Fault> {
        let texts = [(self.order_file(), self.order().text()), (self.unit_file(), self.unit())];
        for (path, text) in texts {
            if files::read_limited(&path, LARGEST)?.as_deref() != Some(&text) {
                return Ok(false);
            }
        }
        let same = digest(self.layout.program(PROGRAM))? == digest(self.program())?;
        Ok(same && self.systemd.state(REMOVAL)?.enabled == "enabled")
    }

    /// Puts them in place, the unit last.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be written or systemd refuses.
    pub(super) fn put(&self) -> Result<(), Fault> {
        files::make_dirs(&self.layout.removal_dir(), 0o700)?;
        let program = self.layout.program(PROGRAM);
        let bytes = std::fs::read(&program).map_err(|error| {
            Fault::new(FaultCode::FileUnreadable).with("path", program.display().to_string()).because(&error)
        })?;
        files::write_atomic(&self.program(), &bytes, 0o700)?;
        files::write_atomic(&self.order_file(), self.order().text().as_bytes(), 0o600)?;
        files::write_atomic(&self.unit_file(), self.unit().as_bytes(), 0o644)?;
        self.systemd.daemon_reload()?;
        self.systemd.enable(REMOVAL)
    }

    /// Clears the very rest away at the next boot, if the power goes before the unit's own last commands have: systemd
    /// removes each of these early at boot, this file included. Written only when nothing else is left to be done.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub(super) fn arm_rest(&self) -> Result<(), Fault> {
        let mut lines = vec!["# Made by Bridle while it removes itself.".to_owned()];
        lines.push(format!("R! {}", self.layout.removal_dir().display()));
        if self.data_dir_goes() {
            lines.push(format!("r! {}", self.layout.data_dir().display()));
        }
        lines.extend(self.unit_and_link().map(|path| format!("r! {}", path.display())));
        let rest = self.layout.removal_rest();
        lines.push(format!("r! {}\n", rest.display()));
        if let Some(folder) = rest.parent() {
            files::make_dirs(folder, 0o755)?;
        }
        Ok(files::write_atomic(&rest, lines.join("\n").as_bytes(), 0o644)?)
    }

    fn order(&self) -> LastAct {
        LastAct::new(self.data, self.receipt.clone())
    }

    fn program(&self) -> PathBuf {
        self.layout.removal_dir().join(PROGRAM)
    }

    fn order_file(&self) -> PathBuf {
        order_file(self.layout)
    }

    fn unit_file(&self) -> PathBuf {
        self.layout.units_dir().join(REMOVAL)
    }

    fn unit_and_link(&self) -> [PathBuf; 2] {
        [self.unit_file(), self.layout.units_dir().join("multi-user.target.wants").join(REMOVAL)]
    }

    fn data_dir_goes(&self) -> bool {
        let name = receipt::name(self.layout, &self.layout.data_dir());
        self.data == Data::Delete && !self.receipt.paths.contains_key(&name)
    }

    /// Text of the unit. Its commands run one after the other, and none before the one above has succeeded; each may be
    /// repeated. After the first, only the host's own programs are needed, so the copy can go, too.
    fn unit(&self) -> String {
        let (program, folder) = (self.program(), self.layout.removal_dir());
        let [unit, link] = self.unit_and_link();
        let (data, rest) = (self.layout.data_dir(), self.layout.removal_rest());
        let data =
            if self.data_dir_goes() { format!("ExecStart=-/bin/rmdir {}\n", data.display()) } else { String::new() };
        format!(
            "# Made by Bridle while it removes itself; goes with its end.
[Unit]
Description=Bridle removes itself, the end of an uninstallation
After=bridle-agent.service local-fs.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
Restart=on-failure
RestartSec=15
TimeoutStartSec=1800
UMask=0077
ExecStart=/bin/sh -c 'if [ -x {program} ]; then exec {program} last-act; fi'
ExecStart=/bin/rm -rf {folder}
{data}ExecStart=/bin/rm -f {unit} {link}
ExecStart=/bin/rm -f {rest}
ExecStart=-/bin/systemctl daemon-reload

[Install]
WantedBy=multi-user.target
",
            program = program.display(),
            folder = folder.display(),
            unit = unit.display(),
            link = link.display(),
            rest = rest.display(),
        )
    }
}

/// Where the order for the last act is.
pub(super) fn order_file(layout: &Layout) -> PathBuf {
    layout.removal_dir().join(ORDER)
}

fn digest(path: PathBuf) -> Result<Option<Digest>, Fault> {
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Some(Digest::of(&bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string()).because(&error))
        }
    }
}
