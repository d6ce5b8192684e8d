//! Whatever a file of the kernel or of an administrator holds, understanding it neither fails nor takes long.

use std::net::IpAddr;

use super::{kernel, mounts, network, ports, processes, system};

/// Texts as real hosts have them, one for each parser.
const SAMPLES: &[&str] = &[
    // /proc/self/mountinfo of a server with a container.
    "22 28 0:21 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n\
     28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,discard,errors=remount-ro\n\
     410 28 0:54 / /run/k3s/containerd/x/rootfs rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/c,workdir=/d\n\
     99 28 0:47 /@ /srv/with\\040space rw,noexec - btrfs /dev/sdb ro,subvol=/@\n",
    // /proc/net/route.
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
     ens3\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
     ens3\t000200C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n",
    // /proc/net/tcp.
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
     \x20  0: 3600007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 18210 1 0 100 0 0 10 0\n\
     \x20  1: 00000000:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 23111 1 0 100 0 0 10 0\n",
    "# by NetworkManager\nsearch campus.example\nnameserver 192.0.2.53\nnameserver 2001:db8::53\noptions edns0\n",
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
    "MemTotal:       16303428 kB\nMemFree:         1041120 kB\nSwapTotal:        999420 kB\n",
    "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t78\t1\ncpu\t0\t78\t1\nmemory\t0\t78\t1\npids\t0\t78\t1\n",
    "install overlay /bin/false\nblacklist overlay\noptions kvm nested=1\n",
    "12:pids:/system.slice/docker.service\n1:name=systemd:/system.slice/docker.service\n0::/system.slice/docker.service\n",
    "kernel/net/bridge/br_netfilter.ko.zst: kernel/net/bridge/bridge.ko.zst kernel/net/802/stp.ko.zst\n",
];

/// Every parser over one text; what they find is bounded by what they were given.
fn all(text: &str) {
    let mounts = mounts::read(text);
    let _on = mounts::of(&mounts, std::path::Path::new("/var/lib/rancher"));
    let routes = network::routes(text);
    let servers: Vec<IpAddr> = network::servers(text);
    let listening = ports::listening(text, "0A");
    let lines = text.lines().count();
    assert!(mounts.len() <= lines && routes.len() <= lines && servers.len() <= lines && listening.len() <= lines);
    assert!(system::os_field(text, "ID").chars().count() <= 80);
    let _numbers = (system::memory_mib(text, "MemTotal"), system::stored_name(text));
    assert!(system::enabled(text).len() <= lines && kernel::barred_in(text).len() <= lines);
    let _named = (processes::unit(text), kernel::module_of(text));
}

#[test]
fn real_texts_are_understood() {
    assert_eq!(mounts::read(SAMPLES[0]).len(), 4);
    assert_eq!(network::routes(SAMPLES[1]).len(), 2);
    assert_eq!(ports::listening(SAMPLES[2], "0A"), [(53, 18210), (6443, 23111)]);
    assert_eq!(network::servers(SAMPLES[3]).len(), 2);
    assert_eq!(system::enabled(SAMPLES[6]).len(), 4);
    assert_eq!(kernel::barred_in(SAMPLES[7]), ["overlay"]);
    assert_eq!(processes::unit(SAMPLES[8]).as_deref(), Some("docker.service"));
    assert_eq!(kernel::module_of(SAMPLES[9].split(':').next().expect("a part")), "br_netfilter");
}

#[test]
fn altered_texts_are_survived() {
    // A fixed sequence (Knuth's multiplier), so that a failure comes again.
    let mut state = 1u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below.max(1)
    };
    for sample in SAMPLES {
        for _ in 0..2000 {
            let mut bytes = sample.as_bytes().to_vec();
            for _ in 0..=next(4) {
                let at = next(bytes.len());
                match next(5) {
                    0 => bytes[at] = u8::try_from(next(256)).unwrap_or(0),
                    1 => bytes.truncate(at),
                    2 => bytes.splice(at..at, *b"\\777\xff").for_each(drop),
                    3 => drop(bytes.drain(at..(at + next(9)).min(bytes.len()))),
                    _ => bytes.splice(at..at, [[b' '; 3], *b"\t\n:", *b"///", *b"\0=-"][next(4)]).for_each(drop),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            all(&String::from_utf8_lossy(&bytes));
        }
    }
    for odd in ["", "\n\n\n", "\0", " - ", "\\", "::::", &"a ".repeat(100_000), &"\n".repeat(100_000)] {
        all(odd);
    }
}
