//! The test-host kit proves itself on real hosts; needs root, run with `--test-threads=1`.
#![allow(clippy::unwrap_used, reason = "a failure of the kit fails the test")]

use bridle_journeys::testhost::{Error, Host, Lab, Signal, sweep, wait_until};
use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
/// Says on port 7000 what is in a file.
const HELLO_SOCKET: &str = "[Socket]\nListenStream=0.0.0.0:7000\nAccept=yes\n[Install]\nWantedBy=sockets.target\n";
const HELLO_SERVICE: &str = "[Service]\nExecStart=/bin/cat /root/said\nStandardOutput=socket\n";

fn booted(lab: &Lab, name: &str) -> Host {
    let mut host = lab.host(name).disk_gib(2).build().unwrap();
    host.boot().unwrap();
    host
}

#[test]
fn a_host_is_a_clean_debian_with_its_own_systemd_disk_and_groups() {
    let lab = Lab::new("clean").unwrap();
    let host = booted(&lab, "h1");
    assert_eq!(host.shell("cat /proc/1/comm").unwrap(), "systemd");
    assert_eq!(host.shell("hostname").unwrap(), "h1");
    assert_eq!(host.shell("stat -f -c %T /; stat -f -c %T /tmp").unwrap(), "ext2/ext3\next2/ext3");
    let size = host.disk_usage().unwrap().size >> 20;
    assert!((1800..=2048).contains(&size), "{size} MiB");
    for absent in ["openssl", "curl", "python3", "iptables", "git"] {
        assert!(!host.run(["sh", "-c", &format!("command -v {absent}")]).unwrap().success(), "{absent}");
    }
    assert_eq!(host.failed_units().unwrap(), [""; 0]);
    // kubelet makes groups in every hierarchy.
    let script = "for c in /sys/fs/cgroup/*/; do mkdir $c/trial; rmdir $c/trial; done; echo made";
    assert_eq!(host.shell(script).unwrap(), "made");
    host.prepare_for_kubernetes().unwrap();
    assert!(host.has("/etc/rancher/k3s/config.yaml.d/90-test-host.yaml").unwrap());
    let other = Lab::new("other").unwrap();
    assert_ne!(lab.id(), other.id());
}

#[test]
fn files_and_programs_go_in_and_results_come_out() {
    let lab = Lab::new("files").unwrap();
    let host = booted(&lab, "h1");
    host.write_file("/opt/new/folder/file", "text").unwrap();
    assert_eq!(host.shell("cat /opt/new/folder/file").unwrap(), "text");
    host.shell("mkdir -p /run/only-in-memory; echo seen > /run/only-in-memory/file").unwrap();
    assert_eq!(host.read_file("/var/run/only-in-memory/file").unwrap(), b"seen\n");
    assert!(!host.has("/opt/absent").unwrap());
    host.push("/bin/true", "/opt/program").unwrap();
    assert!(host.run(["/opt/program"]).unwrap().success());
    let output = host.command(["sh", "-c", "cat; env | sort; exit 4"]).unwrap().input("given ").run().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stdout.starts_with("given HOME=/root\n"), "{}", output.stdout);
    let late = host.command(["sleep", "100"]).unwrap().limit(Duration::from_millis(300)).run();
    assert!(matches!(late, Err(Error::Late { .. })));
    host.wait_until("the end of the killed program", SOON, || {
        host.run(["pgrep", "-x", "sleep"]).is_ok_and(|output| !output.success())
    })
    .unwrap();
}

#[test]
fn a_started_program_gets_the_signals_of_its_terminal() {
    let lab = Lab::new("signals").unwrap();
    let host = booted(&lab, "h1");
    let script = "trap 'echo stopped; exit 9' INT; echo ready; while :; do read -t 0.1 x <> <(:) || :; done";
    // Tests that a background shell started inherit "ignore", which a shell's `trap` cannot lift.
    let mut running = host.spawn(["env", "--default-signal=INT", "bash", "-c", script]).unwrap();
    running.wait_for_output("ready", SOON).unwrap();
    running.signal(Signal::INT).unwrap();
    let output = running.wait(SOON).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_str()), (Some(9), "ready\nstopped\n"));
}

#[test]
fn nothing_leaves_the_lab_and_whoever_tries_is_noted() {
    let lab = Lab::new("isolated").unwrap();
    let host = booted(&lab, "h1");
    assert_eq!(lab.outside_attempts().unwrap(), [], "a clean host at rest");
    let connect = |to: &str| {
        let script = format!("exec 3<>/dev/tcp/{to}");
        host.run(["timeout", "1", "bash", "-c", &script]).unwrap().success()
    };
    // An address for documentation (RFC 5737), whatever it is outside.
    assert!(!connect("192.0.2.7/443"));
    let noted = lab.outside_attempts().unwrap();
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert_eq!(noted[0].source, host.address());
    assert_eq!((noted[0].destination.to_string().as_str(), noted[0].port), ("192.0.2.7", Some(443)));
    assert_eq!(noted[0].protocol, "tcp");
    lab.forget_attempts().unwrap();
    assert!(!host.run(["timeout", "1", "getent", "hosts", "name.invalid"]).unwrap().success());
    let noted = lab.outside_attempts().unwrap();
    assert_eq!(noted.iter().map(|attempt| attempt.port).collect::<Vec<_>>(), [Some(53)]);
    assert_eq!(lab.asked_names(), ["name.invalid"]);
    lab.forget_attempts().unwrap();
    // Not even by this machine's own port, for a host that would try.
    host.shell(&format!("ip route replace default via {}", lab.machine_address())).unwrap();
    assert!(!connect("192.0.2.7/443"));
}

#[test]
fn a_power_cut_loses_what_was_not_synced_and_keeps_what_was() {
    let lab = Lab::new("power").unwrap();
    let mut host = booted(&lab, "h1");
    let running = host.spawn(["sleep", "1000"]).unwrap();
    host.shell("echo kept > /root/synced; sync /root/synced /root; echo lost > /root/unsynced").unwrap();
    assert_eq!(host.read_file("/root/unsynced").unwrap(), b"lost\n", "it was there before the cut");
    host.power_cut().unwrap();
    assert!(!host.is_running());
    assert!(!running.wait(SOON).unwrap().success(), "its programs have ended");
    assert_eq!(host.read_file("/root/synced").unwrap(), b"kept\n");
    // The name may have reached the journal in between, the data cannot have.
    let unsynced = host.has("/root/unsynced").unwrap().then(|| host.read_file("/root/unsynced").unwrap());
    assert_ne!(unsynced.as_deref(), Some(&b"lost\n"[..]));
    host.boot().unwrap();
    assert_eq!(host.shell("cat /root/synced").unwrap(), "kept");
    assert_eq!(host.failed_units().unwrap(), [""; 0]);
}

#[test]
fn a_disk_is_released_although_a_foreign_process_has_copied_its_mount() {
    let lab = Lab::new("copied").unwrap();
    let mut host = booted(&lab, "h1");
    let script = "mount --make-rprivate /; echo copied; exec cat";
    let mut foreign = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(foreign.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "copied\n");
    host.power_cut().unwrap();
    host.boot().unwrap();
    assert!(foreign.try_wait().unwrap().is_none(), "the foreign process lives");
    foreign.kill().unwrap();
    foreign.wait().unwrap();
}

#[test]
fn the_power_of_one_host_is_cut_while_a_later_one_runs() {
    let lab = Lab::new("later").unwrap();
    let (mut first, second) = (booted(&lab, "h1"), booted(&lab, "h2"));
    first.power_cut().unwrap();
    assert_eq!(second.shell("hostname").unwrap(), "h2");
    first.boot().unwrap();
    assert_eq!(first.shell("hostname").unwrap(), "h1");
}

#[test]
fn the_traffic_of_a_disk_is_measured() {
    let lab = Lab::new("traffic").unwrap();
    let host = booted(&lab, "h1");
    let before = host.disk_traffic().unwrap();
    host.shell("dd if=/dev/urandom of=/root/file bs=1M count=64 conv=fsync 2>/dev/null").unwrap();
    let written = host.disk_traffic().unwrap().written - before.written;
    assert!((64 << 20..80 << 20).contains(&written), "{written} bytes");
}

#[test]
fn a_crash_keeps_the_page_cache_and_a_reboot_keeps_the_disk() {
    let lab = Lab::new("crash").unwrap();
    let mut host = booted(&lab, "h1");
    host.shell("echo kept > /root/unsynced; echo gone > /run/memory; ip link add left type bridge").unwrap();
    let before = host.shell("cat /proc/sys/kernel/random/boot_id; cat /proc/1/stat | cut -d' ' -f22").unwrap();
    host.crash().unwrap();
    assert!(matches!(host.run(["true"]), Err(Error::NotRunning(_))));
    host.boot().unwrap();
    assert_eq!(host.shell("cat /root/unsynced").unwrap(), "kept");
    assert!(!host.has("/run/memory").unwrap());
    assert!(!host.run(["ip", "link", "show", "left"]).unwrap().success(), "interfaces do not outlive a boot");
    host.reboot().unwrap();
    assert_eq!(host.shell("cat /root/unsynced").unwrap(), "kept");
    let after = host.shell("cat /proc/sys/kernel/random/boot_id; cat /proc/1/stat | cut -d' ' -f22").unwrap();
    assert_ne!(before, after);
    let journal = host.journal("systemd-journald").unwrap();
    assert!(journal.contains("Journal stopped"), "{journal}");
}

#[test]
fn hosts_of_a_lab_reach_each_other_until_a_cable_is_pulled() {
    let lab = Lab::new("two").unwrap();
    let (server, client) = (booted(&lab, "h1"), booted(&lab, "h2"));
    let unit = "[Socket]\nListenStream=0.0.0.0:7000\nAccept=yes\n";
    server.write_file("/etc/systemd/system/hello.socket", unit).unwrap();
    let service = "[Service]\nExecStart=/bin/echo hello from h1\nStandardOutput=socket\n";
    server.write_file("/etc/systemd/system/hello@.service", service).unwrap();
    server.shell("systemctl daemon-reload; systemctl start hello.socket").unwrap();
    let script = format!("cat < /dev/tcp/{}/7000", server.address());
    let asked = || client.run(["timeout", "2", "bash", "-c", &script]).unwrap();
    assert_eq!(asked().stdout, "hello from h1\n");
    let here = TcpStream::connect((server.address(), 7000));
    assert!(here.is_ok(), "this machine reaches a host");
    server.set_offline().unwrap();
    assert!(!asked().success());
    server.set_online().unwrap();
    client.wait_until("the answer over the plugged cable", SOON, || asked().stdout == "hello from h1\n").unwrap();
}

#[test]
fn copies_of_a_saved_disk_run_at_once_under_the_one_address_that_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk.ext4");
    let origin = {
        let lab = Lab::of_equal_addresses("origin").unwrap();
        let mut host = booted(&lab, "h1");
        host.write_file("/etc/systemd/system/hello.socket", HELLO_SOCKET).unwrap();
        host.write_file("/etc/systemd/system/hello@.service", HELLO_SERVICE).unwrap();
        host.shell("systemctl enable --quiet hello.socket; dd if=/dev/zero of=/root/gone bs=1M count=200 status=none")
            .unwrap();
        host.shell("sync; rm /root/gone").unwrap();
        assert!(host.save_disk(&disk).is_err(), "a running host's disk is not copied");
        host.poweroff().unwrap();
        let size = host.save_disk(&disk).unwrap();
        assert!((50 << 20..600 << 20).contains(&size), "{size} bytes");
        host.own_address()
    };
    let labs = ["first", "second"].map(|name| Lab::of_equal_addresses(name).unwrap());
    let hosts = labs.each_ref().map(|lab| {
        let mut host = lab.host("h1").disk_from(&disk).build().unwrap();
        host.boot().unwrap();
        host
    });
    assert_ne!(hosts[0].address(), hosts[1].address());
    for (host, lab) in hosts.iter().zip(&labs) {
        assert_eq!(host.own_address(), origin);
        let seen = host.shell("ip -4 -o address show dev eth0").unwrap();
        assert!(seen.contains(&format!(" {origin}/24 ")), "{seen}");
        host.write_file("/root/said", lab.id()).unwrap();
    }
    for (host, lab) in hosts.iter().zip(&labs) {
        // This machine reaches the right one of the two, and each of them this machine; nothing else goes through.
        let mut said = String::new();
        TcpStream::connect((host.address(), 7000)).unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, lab.id());
        let listener = TcpListener::bind((lab.machine_address(), 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let machine = Ipv4Addr::from_octets([origin.octets()[0], origin.octets()[1], origin.octets()[2], 254]);
        host.shell(&format!("exec 3<>/dev/tcp/{machine}/{port}")).unwrap();
        assert_eq!(lab.outside_attempts().unwrap(), []);
        host.shell(&format!("ip route replace default via {machine}")).unwrap();
        let beyond = host.run(["timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/192.0.2.7/443"]).unwrap();
        assert!(!beyond.success());
    }
    let plain = Lab::new("plain").unwrap();
    assert!(plain.host("h1").disk_from(&disk).build().is_err(), "its address would be another one");
    assert!(labs[0].host("h2").disk_from(&disk).build().is_err(), "its name would be another one");
}

#[test]
fn a_small_disk_gets_full() {
    let lab = Lab::new("small").unwrap();
    let mut host = lab.host("h1").disk_mib(600).build().unwrap();
    host.boot().unwrap();
    let filled = host.run(["dd", "if=/dev/zero", "of=/root/fill", "bs=1M"]).unwrap();
    assert!(filled.stderr.contains("No space left"), "{}", filled.stderr);
    assert_eq!(host.disk_usage().unwrap().free, 0);
}

#[test]
fn a_kept_lab_is_found_again_with_its_running_host() {
    let lab = Lab::new("kept").unwrap();
    let id = lab.id().to_owned();
    let host = booted(&lab, "h1");
    lab.keep().unwrap();
    let leader = host.leader().unwrap();
    drop((host, lab));
    let lab = Lab::find("kept").unwrap().expect("it was kept");
    let host = lab.existing_host("h1").unwrap();
    assert_eq!(host.leader().unwrap(), leader);
    assert_eq!(host.shell("hostname").unwrap(), "h1");
    drop(host);
    lab.destroy().unwrap();
    assert_eq!(remains(&id), [""; 0]);
    assert!(Lab::find("kept").unwrap().is_none());
}

#[test]
fn what_a_killed_run_left_is_swept() {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["hold", "killed"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let id = line.split(' ').nth(1).expect("holding ID ADDRESS").to_owned();
    holder.kill().unwrap();
    holder.wait().unwrap();
    let left = remains(&id);
    for kind in ["mount", "namespace", "link", "loop", "group", "process", "record"] {
        assert!(left.iter().any(|found| found.starts_with(kind)), "no {kind} to sweep in {left:?}");
    }
    assert!(sweep().unwrap().contains(&"killed".to_owned()));
    wait_until("the end of the namespaces", SOON, || remains(&id).is_empty()).unwrap();
}

#[test]
fn a_running_labs_things_are_not_swept_and_go_with_it() {
    let lab = Lab::new("owned").unwrap();
    let id = lab.id().to_owned();
    let host = booted(&lab, "h1");
    assert!(!sweep().unwrap().contains(&"owned".to_owned()));
    assert_eq!(host.shell("echo alive").unwrap(), "alive");
    drop((host, lab));
    assert_eq!(remains(&id), [""; 0]);
}

/// Everything on this machine whose name says that it is of this lab, found without the kit.
fn remains(id: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let of_lab = |text: &str| text.contains(&format!("/labs/{id}/")) || text.contains(&format!("/{id}-"));
    found.extend(mounts.lines().filter(|line| of_lab(line)).map(|line| format!("mount {line}")));
    let named = |folder: &str, kind: &str| {
        let names = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        let own = names.filter(|name| {
            let rest = name.strip_prefix(id);
            rest.is_some_and(|rest| rest.is_empty() || !rest.starts_with(|next: char| next.is_ascii_digit()))
        });
        own.map(|name| format!("{kind} {folder}/{name}")).collect::<Vec<_>>()
    };
    found.extend(named("/run/netns", "namespace"));
    found.extend(named("/sys/class/net", "link"));
    found.extend(named("/run/bridle-lab", "record"));
    found.extend(named("/sys/fs/cgroup", "group"));
    for hierarchy in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
        found.extend(named(&hierarchy.path().to_string_lossy(), "group"));
    }
    for device in fs::read_dir("/sys/block").unwrap().flatten() {
        let backing = fs::read_to_string(device.path().join("loop/backing_file")).unwrap_or_default();
        if of_lab(&backing) {
            found.push(format!("loop {backing}"));
        }
    }
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&arguments).contains(&format!("--machine={id}-")) {
            found.push(format!("process {}", process.path().display()));
        }
    }
    let home = std::env::var("HOME").unwrap();
    let folder = Path::new(&home).join(".cache/bridle/labs").join(id);
    found.extend(folder.exists().then(|| format!("folder {}", folder.display())));
    found
}
