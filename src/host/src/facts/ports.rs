//! Ports that something listens on, read from the kernel's tables: nothing is opened for it.

use std::collections::BTreeMap;

use bridle_core::facts::{PORTS, PortUse, Protocol};

use super::files::Files;
use super::processes;

/// The kernel's tables, and the state of a socket that listens: `TCP_LISTEN`, and for UDP one without a peer.
const TABLES: &[(&str, Protocol, &str)] = &[
    ("/proc/net/tcp", Protocol::Tcp, "0A"),
    ("/proc/net/tcp6", Protocol::Tcp, "0A"),
    ("/proc/net/udp", Protocol::Udp, "07"),
    ("/proc/net/udp6", Protocol::Udp, "07"),
];

pub(super) fn in_use(files: &Files<'_>, earlier: bool) -> Vec<PortUse> {
    let mut found: BTreeMap<(Protocol, u16), u64> = BTreeMap::new();
    for (path, protocol, state) in TABLES {
        for (port, inode) in listening(&files.text(path), state) {
            if PORTS.contains(&(port, *protocol)) {
                found.entry((*protocol, port)).or_insert(inode);
            }
        }
    }
    if earlier {
        // The kernel itself holds the port of the pod network of an installation that was taken back.
        found.retain(|(protocol, _), inode| *protocol != Protocol::Udp || *inode != 0);
    }
    let inodes: Vec<u64> = found.values().copied().filter(|inode| *inode != 0).collect();
    let owners = if inodes.is_empty() { BTreeMap::new() } else { processes::owners(files, &inodes) };
    found
        .into_iter()
        .map(|((protocol, port), inode)| PortUse { port, protocol, owner: owners.get(&inode).cloned() })
        .collect()
}

/// Port and inode of the sockets in this state (proc(5), `/proc/net/tcp`).
pub(super) fn listening(table: &str, state: &str) -> Vec<(u16, u64)> {
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() > 9 && row[3] == state)
        .filter_map(|row| {
            let port = u16::from_str_radix(row[1].rsplit_once(':')?.1, 16).ok()?;
            Some((port, row[9].parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            \x20  0: 00000000:1968 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100\n\
            \x20  1: 0100007F:0050 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100\n\
            \x20  2: 0100007F:FFFFF 00000000:0000 0A 0 0 0 0 0 7\n   3: zz\n\n";
        assert_eq!(listening(table, "0A"), [(6504, 4711)]);
        let six = "head\n 0: 00000000000000000000000001000000:01BB 0:0 0A 0:0 0:0 0 0 0 99 1\n";
        assert_eq!(listening(six, "0A"), [(443, 99)]);
        assert!(listening("", "0A").is_empty());
    }
}
