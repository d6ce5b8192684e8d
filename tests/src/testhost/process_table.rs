//! The machine's process table, as far as the kit needs it.

use std::fs;

/// One line of the process table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub pid: u32,
    pub parent: u32,
    pub group: u32,
    /// In clock ticks since the machine's boot; with the pid it names one process for good.
    pub started: u64,
    pub zombie: bool,
}

/// The process with this pid, where there is one.
pub(crate) fn entry(pid: u32) -> Option<Entry> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// All processes.
pub(crate) fn entries() -> Vec<Entry> {
    let Ok(folder) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    folder.flatten().filter_map(|found| found.file_name().to_str()?.parse().ok()).filter_map(entry).collect()
}

/// The name of a process's program, at most 15 bytes (`/proc/PID/comm`).
pub(crate) fn program(pid: u32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

/// Whether the process that was started then still runs.
pub(crate) fn runs(pid: u32, started: u64) -> bool {
    entry(pid).is_some_and(|found| found.started == started && !found.zombie)
}

/// Reads a line of `/proc/PID/stat`; the program's name in it may hold anything, `)` included.
fn parse(line: &str) -> Option<Entry> {
    let pid = line.split(' ').next()?.parse().ok()?;
    let (_, rest) = line.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(Entry {
        pid,
        zombie: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let line = "42 (a) b (c)) S 7 41 5 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 987 100 200";
        let expected = Entry { pid: 42, parent: 7, group: 41, started: 987, zombie: false };
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse("42 (short"), None);
    }

    #[test]
    fn this_process_runs() {
        let me = entry(std::process::id()).unwrap();
        assert!(runs(me.pid, me.started));
        assert!(!runs(me.pid, me.started + 1));
        assert!(entries().contains(&me));
    }
}
