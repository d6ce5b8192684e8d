//! A host that meets every requirement, for tests and simulations.

use std::net::Ipv4Addr;

use super::{
    Cgroup, HostFacts, Interface, MODULES, Module, ModuleState, NetworkFacts, PARAMETERS, PLACES, PlaceFacts, RUN,
    Route, SyncTimes, Trial,
};
use crate::network::Network;
use crate::port::Timestamp;

/// A clean Debian server with one disk and one network.
#[must_use]
pub fn good_host() -> HostFacts {
    let address = Ipv4Addr::new(192, 0, 2, 10);
    let gateway = Ipv4Addr::new(192, 0, 2, 1);
    let route = |to, gateway| Route { interface: "eth0".to_owned(), to, gateway, metric: 0 };
    HostFacts {
        name: "n1".to_owned(),
        stored_name: Some("n1".to_owned()),
        architecture: "amd64".to_owned(),
        cpus: 4,
        memory_mib: 8000,
        swap_mib: 0,
        os: "debian".to_owned(),
        os_version: "12".to_owned(),
        time: Timestamp(1_795_000_000_000),
        newest_file: Some(Timestamp(1_794_000_000_000)),
        systemd: Some(252),
        cgroup: Cgroup::V2,
        controllers: ["cpuset", "cpu", "io", "memory", "pids"].map(str::to_owned).to_vec(),
        root: true,
        selinux_enforcing: false,
        firewalls: Vec::new(),
        network: NetworkFacts {
            interfaces: vec![Interface { name: "eth0".to_owned(), addresses: vec![(address, 24)], mtu: 1500 }],
            routes: vec![
                route(Network::of(Ipv4Addr::UNSPECIFIED, 0), Some(gateway)),
                route(Network::of(address, 24), None),
            ],
            name_servers: vec![gateway.into()],
        },
        ports_in_use: Vec::new(),
        foreign: Vec::new(),
        taken: Vec::new(),
        places: PLACES.iter().map(|path| place(path)).collect(),
        sync: Some(SyncTimes { count: 200, median: 800, p99: 4000 }),
        modules: MODULES.iter().map(|name| Module { name: (*name).to_owned(), state: ModuleState::Ready }).collect(),
        parameters: PARAMETERS.iter().map(|(name, least)| ((*name).to_owned(), *least)).collect(),
        drop_ins: Vec::new(),
    }
}

fn place(path: &str) -> PlaceFacts {
    let in_memory = path == RUN;
    PlaceFacts {
        path: path.to_owned(),
        mount: if in_memory { "/run" } else { "/" }.to_owned(),
        device: if in_memory { "0:24" } else { "254:1" }.to_owned(),
        kind: if in_memory { "tmpfs" } else { "ext4" }.to_owned(),
        read_only: false,
        noexec: in_memory,
        total_mib: if in_memory { 800 } else { 40_000 },
        free_mib: if in_memory { 790 } else { 30_000 },
        free_inodes: Some(2_000_000),
        trial: (!in_memory).then_some(Trial { durable: true, entry_kinds: true, attributes: true }),
    }
}
