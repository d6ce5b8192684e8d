//! Every finding: when it is there, when it is not, and its words.

use std::collections::BTreeSet;

use super::*;
use crate::facts::sample::good_host;
use crate::facts::{
    Cgroup, DATA, DropIn, Firewall, KUBELET, KUBERNETES, LOGS, Module, ModuleState, Owner, PROGRAMS, PlaceFacts,
    PortUse, Protocol, Route, SyncTimes, Trace, TraceKind, Trial,
};
use crate::message::{Language, Message};
use crate::port::Timestamp;

const MIB: u64 = 1024 * 1024;

fn release() -> ReleaseManifest {
    let text = include_str!("../../../tests/fixtures/release-v1.json");
    let mut release = ReleaseManifest::parse(text.as_bytes()).expect("release");
    release.kubernetes.cluster_cidr = "10.42.0.0/16".to_owned();
    release.kubernetes.service_cidr = "10.43.0.0/16".to_owned();
    release.checks = vec![
        crate::release::Check { kind: crate::release::CheckKind::MemoryMib, minimum: 3000 },
        crate::release::Check { kind: crate::release::CheckKind::Cpus, minimum: 2 },
        crate::release::Check { kind: crate::release::CheckKind::DiskMib, minimum: 1000 },
    ];
    release
}

fn need() -> SpaceNeed {
    SpaceNeed { blobs: 400 * MIB, parts: 100, unpacked: 1600 * MIB, programs: 200 * MIB }
}

fn judged(facts: &HostFacts, site: &Site) -> Vec<Finding> {
    review(facts, &release(), site, need())
}

type Change = fn(&mut HostFacts, &mut Site);

fn with(change: Change) -> Vec<Finding> {
    let (mut facts, mut site) = (good_host(), Site::default());
    change(&mut facts, &mut site);
    judged(&facts, &site)
}

fn place<'a>(facts: &'a mut HostFacts, path: &str) -> &'a mut PlaceFacts {
    facts.places.iter_mut().find(|place| place.path == path).expect("place")
}

fn module(facts: &mut HostFacts, name: &str, state: ModuleState) {
    let module = facts.modules.iter_mut().find(|module| module.name == name).expect("module");
    *module = Module { name: name.to_owned(), state };
}

fn route(facts: &mut HostFacts, to: &str, interface: &str) {
    let to = to.parse().expect("network");
    facts.network.routes.push(Route { interface: interface.to_owned(), to, gateway: None, metric: 0 });
}

fn port(facts: &mut HostFacts, port: u16, protocol: Protocol, owner: Option<Owner>) {
    facts.ports_in_use.push(PortUse { port, protocol, owner });
}

fn trace(facts: &mut HostFacts, engine: &str, path: &str, kind: TraceKind) {
    facts.foreign.push(Trace { engine: engine.to_owned(), path: path.to_owned(), kind });
}

fn own_disk(facts: &mut HostFacts, path: &str, free_mib: u64) {
    let place = place(facts, path);
    place.mount = path.to_owned();
    place.device = format!("254:{path}");
    place.free_mib = free_mib;
}

#[test]
fn a_host_that_fits_has_no_findings() {
    assert_eq!(with(|_, _| {}), []);
}

/// What is changed on a good host, and exactly what is then found: id and whether it blocks.
const CASES: &[(Change, &[(&str, bool)])] = &[
    (|facts, _| facts.architecture = "arm64".into(), &[("check-architecture", true)]),
    (|facts, _| facts.root = false, &[("check-root", true)]),
    (|facts, _| facts.systemd = None, &[("check-systemd-absent", true)]),
    (|facts, _| facts.systemd = Some(248), &[("check-systemd-old", true)]),
    (|facts, _| facts.systemd = Some(249), &[]),
    (|facts, _| facts.os_version = "11".into(), &[("check-os", false)]),
    (|facts, _| facts.cgroup = Cgroup::V1, &[("check-cgroup-v1", true)]),
    (|facts, _| facts.cgroup = Cgroup::None, &[("check-cgroup-none", true)]),
    (
        |facts, site| {
            facts.cgroup = Cgroup::V1;
            site.kubernetes.allow_cgroup_v1 = true;
        },
        &[("check-cgroup-v1-allowed", false)],
    ),
    (|facts, _| facts.controllers.retain(|name| name != "memory"), &[("check-controller:memory", true)]),
    (|facts, _| facts.selinux_enforcing = true, &[("check-selinux", true)]),
    (|facts, _| facts.memory_mib = 2999, &[("check-memory", true)]),
    (|facts, _| facts.memory_mib = 3000, &[]),
    (|facts, _| facts.cpus = 1, &[("check-cpus", true)]),
    (|facts, _| facts.swap_mib = 1024, &[("check-swap", false)]),
    (|facts, _| facts.name = "Server_1".into(), &[("check-name-invalid", true)]),
    (|facts, _| facts.name = "localhost".into(), &[("check-name-localhost", true)]),
    (|facts, _| facts.stored_name = Some("other".into()), &[("check-name-unstable", false)]),
    (|facts, _| facts.stored_name = None, &[]),
    // Clock.
    (|facts, _| facts.time = Timestamp(0), &[("check-clock-past", true)]),
    (|facts, _| facts.time = Timestamp(clock::EARLIEST.0 - 1), &[("check-clock-past", true)]),
    (|facts, _| facts.time = clock::EARLIEST, &[("check-clock-behind", false)]),
    (|facts, _| facts.time = Timestamp(4_000_000_000_000), &[("check-clock-future", false)]),
    (|facts, _| facts.newest_file = Some(Timestamp(facts.time.0 + 3_600_000)), &[]),
    // Another engine.
    (
        |facts, _| trace(facts, "k3s", "/etc/systemd/system/k3s.service", TraceKind::Unit),
        &[("check-foreign:k3s", true)],
    ),
    (
        |facts, _| trace(facts, "containerd", "/run/containerd/containerd.sock", TraceKind::Socket),
        &[("check-foreign:containerd", true)],
    ),
    (|facts, _| trace(facts, "docker", "/var/lib/docker", TraceKind::Data), &[("check-foreign-data:docker", false)]),
    (
        |facts, _| {
            trace(facts, "docker", "/var/lib/docker", TraceKind::Data);
            trace(facts, "docker", "/lib/systemd/system/docker.service", TraceKind::Unit);
        },
        &[("check-foreign:docker", true)],
    ),
    (|facts, _| facts.taken = vec!["/usr/bin/bridle".into()], &[("check-command:/usr/bin/bridle", true)]),
    (
        |facts, _| facts.drop_ins = DropIn::in_file("/x/a.yaml", Some("kube-apiserver-arg: [a=b]")),
        &[("check-drop-in:/x/a.yaml", true)],
    ),
    (|facts, _| facts.drop_ins = DropIn::in_file("/x/a.yaml", Some("kube-apiserver-arg+: [a=b]")), &[]),
    (|facts, _| facts.drop_ins = DropIn::in_file("/x/b.yaml", None), &[("check-drop-in-unread:/x/b.yaml", true)]),
    (
        |facts, _| facts.taken = vec!["/usr/local/bin/kubectl".into()],
        &[("check-command-kept:/usr/local/bin/kubectl", false)],
    ),
    // Kernel.
    (|facts, _| module(facts, "overlay", ModuleState::Absent), &[("check-kernel:overlay", true)]),
    (|facts, _| module(facts, "vxlan", ModuleState::Loadable), &[]),
    (|facts, _| module(facts, "veth", ModuleState::Unknown), &[]),
    (|facts, _| module(facts, "br_netfilter", ModuleState::Loadable), &[("check-module-unloaded:br_netfilter", false)]),
    (
        |facts, _| module(facts, "overlay", ModuleState::Barred { by: "/etc/modprobe.d/cis.conf".into() }),
        &[("check-module-barred:overlay", true)],
    ),
    (|facts, _| facts.parameters[0].1 = 128, &[("check-parameter:fs.inotify.max_user_instances", false)]),
    // File systems.
    (
        |facts, _| {
            for path in [DATA, KUBERNETES, KUBELET] {
                place(facts, path).read_only = true;
                place(facts, path).mount = "/var".into();
            }
        },
        &[("check-read-only:/var", true)],
    ),
    (|facts, _| place(facts, PROGRAMS).noexec = true, &[("check-noexec:/opt/bridle", true)]),
    (|facts, _| place(facts, DATA).noexec = true, &[]),
    (|facts, _| place(facts, DATA).kind = "tmpfs".into(), &[("check-in-memory:/var/lib/bridle", true)]),
    (|facts, _| place(facts, LOGS).kind = "tmpfs".into(), &[("check-in-memory:/var/log", false)]),
    (|facts, _| place(facts, "/tmp").kind = "tmpfs".into(), &[]),
    (|facts, _| place(facts, KUBERNETES).kind = "nfs4".into(), &[("check-file-system:/var/lib/rancher", true)]),
    (|facts, _| place(facts, KUBERNETES).kind = "fuse.sshfs".into(), &[("check-file-system:/var/lib/rancher", true)]),
    (|facts, _| place(facts, KUBERNETES).kind = "xfs".into(), &[]),
    (
        |facts, _| place(facts, KUBERNETES).trial = Some(Trial { durable: true, entry_kinds: false, attributes: true }),
        &[("check-entry-kinds:/var/lib/rancher", true)],
    ),
    (
        |facts, _| place(facts, KUBERNETES).trial = Some(Trial { durable: true, entry_kinds: true, attributes: false }),
        &[("check-attributes:/var/lib/rancher", true)],
    ),
    (
        |facts, _| place(facts, DATA).trial = Some(Trial { durable: false, entry_kinds: false, attributes: false }),
        &[("check-durable:/var/lib/bridle", true)],
    ),
    (|facts, _| place(facts, KUBERNETES).trial = None, &[]),
    (|facts, _| facts.sync = Some(SyncTimes { count: 200, median: 900, p99: 10_000 }), &[]),
    (|facts, _| facts.sync = Some(SyncTimes { count: 200, median: 900, p99: 10_001 }), &[("check-sync", false)]),
    (|facts, _| facts.sync = Some(SyncTimes { count: 9, median: 99_000, p99: 1_500_000 }), &[("check-sync", false)]),
    (
        |facts, _| facts.sync = Some(SyncTimes { count: 9, median: 300_000, p99: 1_500_000 }),
        &[("check-sync-slow", true)],
    ),
    (|facts, _| facts.sync = None, &[]),
    // Space.
    (|facts, _| own_disk(facts, PROGRAMS, 199), &[("check-disk:/opt/bridle", true)]),
    (|facts, _| own_disk(facts, PROGRAMS, 200), &[]),
    (|facts, _| place(facts, DATA).free_inodes = Some(10), &[("check-inodes:/", true)]),
    (|facts, _| facts.places.iter_mut().for_each(|place| place.free_inodes = None), &[]),
    // Network.
    (|facts, _| facts.network.interfaces.clear(), &[("check-address", true)]),
    (|_, site| site.address = Some("192.0.2.99".into()), &[("check-address-foreign", true)]),
    (|_, site| site.address = Some("192.0.2.10".into()), &[]),
    (
        |facts, _| facts.network.interfaces[0].addresses.push((std::net::Ipv4Addr::new(198, 51, 100, 7), 24)),
        &[("check-addresses-several", false)],
    ),
    (|facts, _| facts.network.routes.retain(|route| route.to.prefix() > 0), &[("check-default-route", true)]),
    (|facts, _| facts.network.interfaces[0].mtu = 1329, &[("check-mtu-small", true)]),
    (|facts, _| facts.network.interfaces[0].mtu = 1330, &[("check-mtu-low", false)]),
    (|facts, _| facts.network.interfaces[0].mtu = 1501, &[("check-mtu-odd", false)]),
    (|facts, _| facts.network.interfaces[0].mtu = 9000, &[]),
    (|facts, _| facts.network.interfaces[0].mtu = 0, &[]),
    (
        |facts, _| facts.network.name_servers = vec![std::net::Ipv4Addr::new(127, 0, 0, 53).into()],
        &[("check-name-server-loopback", false)],
    ),
    (|facts, _| facts.network.name_servers.clear(), &[]),
    (|facts, _| facts.firewalls = vec![Firewall::Ufw], &[("check-firewall:ufw", false)]),
    (|facts, _| facts.firewalls = vec![Firewall::Firewalld], &[("check-firewall:firewalld", false)]),
    // Ranges.
    (|facts, _| route(facts, "10.42.3.0/24", "eth1"), &[("check-range-route:pods", true)]),
    (|facts, _| route(facts, "10.43.0.0/16", "tun0"), &[("check-range-route:services", true)]),
    (
        |facts, _| route(facts, "10.0.0.0/8", "tun0"),
        &[("check-range-route:pods", true), ("check-range-route:services", true)],
    ),
    (|facts, _| route(facts, "0.0.0.0/1", "tun0"), &[]),
    (
        |facts, _| {
            for private in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"] {
                route(facts, private, "tun0");
            }
        },
        &[("check-range-route:pods", false), ("check-range-route:services", false)],
    ),
    (
        |facts, site| {
            route(facts, "10.42.3.0/24", "eth1");
            site.kubernetes.cluster_cidr = Some("10.44.0.0/16".parse().expect("network"));
        },
        &[],
    ),
    (
        |facts, _| facts.network.name_servers = vec![std::net::Ipv4Addr::new(10, 43, 0, 53).into()],
        &[("check-range-name-server:services", true)],
    ),
    (
        |facts, _| facts.network.interfaces[0].addresses = vec![(std::net::Ipv4Addr::new(10, 42, 0, 7), 24)],
        &[("check-range-address:pods", true)],
    ),
    (
        |_, site| site.kubernetes.service_cidr = Some("10.42.128.0/17".parse().expect("network")),
        &[("check-range-each-other", true)],
    ),
    (
        |_, site| site.kubernetes.cluster_cidr = Some("10.42.0.0/24".parse().expect("network")),
        &[("check-range-size:pods", true)],
    ),
    // Ports.
    (|facts, _| port(facts, 6443, Protocol::Tcp, None), &[("check-port:6443/tcp", true)]),
    (|facts, _| port(facts, 8472, Protocol::Udp, None), &[("check-port:8472/udp", true)]),
    (
        |facts, _| {
            let unit = Some("nginx.service".to_owned());
            port(facts, 80, Protocol::Tcp, Some(Owner { program: "nginx".into(), pid: 812, unit }));
        },
        &[("check-port:80/tcp", true)],
    ),
    (
        |_, site| _ = site.values.insert("frontned".into(), serde_json::Map::new()),
        &[("check-site-chart:frontned", false)],
    ),
];

#[test]
fn exactly_what_is_wrong_is_found() {
    for (number, (change, expected)) in CASES.iter().enumerate() {
        let found = with(*change);
        let found: Vec<_> =
            found.iter().map(|finding| (finding.id.as_str(), finding.severity == Severity::Blocks)).collect();
        assert_eq!(found, *expected, "case {number}");
    }
}

#[test]
fn every_finding_is_in_the_cases_and_has_words() {
    let seen: BTreeSet<String> =
        CASES.iter().flat_map(|(change, _)| with(*change)).map(|finding| finding.message.code.into_owned()).collect();
    let file = include_str!("../../../locales/preflight-en.ftl");
    let known = file.lines().filter(|line| line.starts_with("check-")).filter_map(|line| line.split_once(" ="));
    let known: BTreeSet<String> = known.map(|(code, _)| code.to_owned()).collect();
    assert_eq!(seen, known);
}

#[test]
fn the_words_of_every_finding() {
    let mut words = String::new();
    let mut seen = BTreeSet::new();
    for finding in CASES.iter().flat_map(|(change, _)| with(*change)) {
        if !seen.insert(finding.id.clone()) {
            continue;
        }
        words += &format!("{} {:?}\n", finding.id, finding.severity);
        for language in Language::ALL {
            let parts = [Some(finding.message.render(language))].into_iter();
            let parts = parts.chain(["why", "fix"].map(|name| finding.message.render_attribute(language, name)));
            for part in parts {
                let part = part.unwrap_or_else(|| panic!("{} {language}", finding.id));
                assert!(!part.contains(['{', '}', '$']), "an argument is missing: {part}");
                words += &format!("  {}\n", part.replace('\u{a0}', "~"));
            }
        }
        for command in &finding.commands {
            words += &format!("    # {command}\n");
        }
    }
    insta::assert_snapshot!(words);
}

#[test]
fn a_test_host_of_ours_is_warned_but_not_blocked() {
    let found = with(|facts, site| {
        facts.cgroup = Cgroup::V1;
        site.kubernetes.allow_cgroup_v1 = true;
        let address = std::net::Ipv4Addr::new(198, 18, 7, 11);
        facts.network.interfaces[0].addresses = vec![(address, 24)];
        facts.network.routes[1].to = crate::network::Network::of(address, 24);
        facts.network.name_servers = vec![std::net::Ipv4Addr::new(198, 18, 7, 1).into()];
        facts.sync = Some(SyncTimes { count: 40, median: 70_000, p99: 900_000 });
        facts.parameters[0].1 = 128;
        facts.modules.iter_mut().for_each(|module| module.state = ModuleState::Unknown);
        facts.stored_name = None;
        facts.places.iter_mut().for_each(|place| place.free_mib = place.free_mib.min(11_000));
    });
    assert!(passes(&found), "{found:?}");
}

#[test]
fn blocking_findings_come_first() {
    let found = with(|facts, site| {
        facts.os_version = "11".into();
        facts.swap_mib = 1;
        facts.root = false;
        site.address = Some("192.0.2.99".into());
    });
    let blocks: Vec<bool> = found.iter().map(|finding| finding.severity == Severity::Blocks).collect();
    assert_eq!(blocks, [true, true, false, false]);
    assert!(!passes(&found) && passes(&found[2..]));
}

#[test]
fn needs_on_one_file_system_add_up_and_others_do_not_count() {
    let mut facts = good_host();
    let all = forecast(&facts, &release(), need());
    assert_eq!(all.iter().map(|system| system.mount.as_str()).collect::<Vec<_>>(), ["/run", "/"]);
    // Blobs and unpacked layers with a twentieth more, what k3s unpacks, the reserves, the release's own check. Programs are
    // second names of blobs here.
    let sum = 420 + 1680 + 200 + (256 + 512 + 64 + 192) + 1000;
    assert_eq!(all[1].needed_mib, sum);
    for free in [sum - 1, sum] {
        facts.places.iter_mut().filter(|place| place.mount == "/").for_each(|place| place.free_mib = free);
        assert_eq!(passes(&judged(&facts, &Site::default())), free == sum);
    }
    own_disk(&mut facts, KUBERNETES, 10_000);
    let split = forecast(&facts, &release(), need());
    assert_eq!(split.len(), 3);
    assert_eq!(split.iter().map(|system| system.needed_mib).sum::<u64>(), sum + 16);
    assert!(passes(&judged(&facts, &Site::default())));
    own_disk(&mut facts, PROGRAMS, 10_000);
    let copied = forecast(&facts, &release(), need());
    assert_eq!(copied.iter().map(|system| system.needed_mib).sum::<u64>(), sum + 16 + 200);
}

#[test]
fn too_small_by_one_blob() {
    let mut facts = good_host();
    let blob = SpaceNeed { blobs: need().blobs + MIB, ..need() };
    let sum = forecast(&facts, &release(), need())[1].needed_mib;
    facts.places.iter_mut().filter(|place| place.mount == "/").for_each(|place| place.free_mib = sum);
    assert!(passes(&review(&facts, &release(), &Site::default(), need())));
    assert!(!passes(&review(&facts, &release(), &Site::default(), blob)));
}

#[test]
fn hostile_sizes_do_not_wrap_around() {
    let huge = SpaceNeed { blobs: u64::MAX, parts: u64::MAX / 4, unpacked: u64::MAX, programs: u64::MAX };
    assert!(!passes(&review(&good_host(), &release(), &Site::default(), huge)));
}

#[test]
fn safe_cures_belong_to_their_findings() {
    let found = with(|facts, _| {
        module(facts, "overlay", ModuleState::Loadable);
        facts.parameters[0].1 = 128;
    });
    let cures: Vec<_> = found.iter().filter_map(|finding| finding.cure.clone()).collect();
    let parameter = Cure::SetParameter { name: "fs.inotify.max_user_instances".into(), value: 512 };
    assert_eq!(cures, [Cure::LoadModule { module: "overlay".into() }, parameter]);
    for cure in cures {
        let title: Message = cure.title();
        assert!(Language::ALL.iter().all(|language| title.render(*language) != title.code));
    }
}

#[test]
fn the_report_for_programs_stays() {
    let (mut facts, site) = (good_host(), Site::default());
    module(&mut facts, "br_netfilter", ModuleState::Loadable);
    port(&mut facts, 6443, Protocol::Tcp, Some(Owner { program: "k3s-server".into(), pid: 7, unit: None }));
    let report = Report::new(judged(&facts, &site), forecast(&facts, &release(), need()));
    let text = serde_json::to_string_pretty(&report).expect("json");
    assert_eq!(serde_json::from_str::<Report>(&text).expect("report"), report);
    insta::assert_snapshot!(text);
}
