//! Hosts that do not fit.
//!
//! A clock that is wrong is not among them: all hosts of a machine share its clock, which is never set. It is tried where
//! the clock is a port (`installer/src/tests`).

use bridle_core::message::Message;

use super::super::bench::{Bench, Expected, FOLDER, KEY, Outcome, RUN};
use super::super::harness::Case;
use super::{Cases, install};

/// Hosts that do not fit: change, undo, finding.
pub fn cases() -> Cases {
    let found = |name, change: &'static str, undo: &'static str, finding: Message| {
        Case::new(name, move |bench: &Bench| {
            bench.refuses_where(change, undo, &install(RUN), &Expected::finding(finding.clone()))
        })
    };
    let foreign = |engine: &'static str, path: &'static str| {
        Message::new("check-foreign").with("engine", engine).with("path", path)
    };
    let port = Message::new("check-port-owned").with("protocol", "TCP").with("port", "6443").with("program", "perl");
    let mut cases = vec![
        Case::new("a disk too small by one blob", too_small),
        found(
            "a file system without inodes",
            FEW_INODES,
            "mount -o remount,nr_inodes=$(tr -d ' ' < /root/refusals/inodes) /run",
            Message::new("check-inodes").with("mount", "/run"),
        ),
        found("port 6443 taken", LISTEN, CLOSE, port),
        found(
            "no default route",
            "ip route show default > /root/refusals/route; ip route del default",
            "ip route add $(cat /root/refusals/route)",
            Message::new("check-default-route"),
        ),
        found(
            "var mounted read only",
            "mount --bind /var /var; mount -o remount,bind,ro /var",
            "umount /var",
            Message::new("check-read-only").with("mount", "/var"),
        ),
        found(
            "opt mounted without programs",
            "mount --bind /opt /opt; mount -o remount,bind,noexec /opt",
            "umount /opt",
            Message::new("check-noexec").with("mount", "/opt"),
        ),
        found(
            "a k3s that is there",
            "mkdir -p /var/lib/rancher/k3s/server",
            "rm -r /var/lib/rancher",
            foreign("k3s", "/var/lib/rancher/k3s/server"),
        ),
        found(
            "a kubeadm cluster that is there",
            "mkdir -p /etc/kubernetes/manifests",
            "rm -r /etc/kubernetes",
            foreign("kubelet", "/etc/kubernetes/manifests"),
        ),
    ];
    for engine in ["containerd", "docker"] {
        cases.push(Case::new(&format!("a {engine} that is there"), move |bench: &Bench| {
            let unit = format!("/etc/systemd/system/{engine}.service");
            let change = format!("printf '[Service]\\nExecStart=/bin/true\\n' > {unit}");
            let finding = Message::new("check-foreign").with("engine", engine).with("path", unit.as_str());
            bench.refuses_where(&change, &format!("rm {unit}"), &install(RUN), &Expected::finding(finding))
        }));
    }
    cases.extend(ways_to_start());
    cases
}

/// Not the host, but how or by whom the installer is started there.
fn ways_to_start() -> Cases {
    vec![
        Case::new("a host without systemd", |bench: &Bench| {
            // Process 1 of a process namespace of its own is the installer itself.
            let mut words = vec!["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
            words.extend(install(RUN));
            bench.refuses(&words, &Expected::finding(Message::new("check-systemd-absent")))
        }),
        Case::new("old control groups that the site does not allow", |bench: &Bench| {
            let site = bench.put("strict.toml", b"format = 1\nname = \"bench\"\nhost = \"bench.internal\"\n")?;
            let words = [RUN, "install", "--yes", "--config", &site, "--publisher-key", KEY];
            bench.refuses(&words, &Expected::finding(Message::new("check-cgroup-v1")))
        }),
        Case::new("a person without rights", |bench: &Bench| {
            let mut words = vec!["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
            words.extend(install(RUN));
            bench.refuses(&words, &Expected::new(1, "BR-1011"))
        }),
    ]
}

/// Sockets and locks need some hundred files in `/run`.
const FEW_INODES: &str = "df --output=itotal /run | tail -n 1 > /root/refusals/inodes; \
     mount -o remount,nr_inodes=$(($(df --output=iused /run | tail -n 1) + 100)) /run";
const LISTEN: &str = "setsid perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalAddr => \"0.0.0.0\", \
     LocalPort => 6443, Listen => 1) or die; sleep 1000' > /dev/null 2>&1 < /dev/null & \
     echo $! > /root/refusals/pid; for n in $(seq 200); do ss -Hltn | grep -q :6443 && exit; sleep 0.05; done; exit 1";
const CLOSE: &str = "kill $(cat /root/refusals/pid); \
     for n in $(seq 200); do ss -Hltn | grep -q :6443 || exit 0; sleep 0.05; done; exit 1";

/// Fills the disk until exactly what the plan asks for is free: that is enough. One blob more, and it is not.
fn too_small(bench: &Bench) -> Outcome {
    let mut plan = install(RUN);
    plan.push("--plan-only");
    let json = bench.host.run_ok(plan.iter().chain(&["--json"]))?.stdout;
    let forecast = of_root(&serde_json::from_str(&json)?).ok_or_else(|| format!("no forecast of / in {json}"))?;
    let (needed, free) = forecast;
    // The layer is the largest blob; the figures are MiB, and the plan itself is a few blocks.
    let blob = bench.pieces.iter().skip(1).map(|piece| piece.length as u64).max().unwrap_or(0).div_ceil(1 << 20);
    let fill = |mib: u64| bench.host.shell(&format!("fallocate --length {mib}MiB {FOLDER}/filler"));
    let tried = (|| {
        fill(free - needed - 1)?;
        bench.host.run_ok(&plan)?;
        fill(free - needed + blob)?;
        bench.refuses(&install(RUN), &Expected::finding(Message::new("check-disk").with("mount", "/")))
    })();
    bench.host.shell(&format!("rm -f {FOLDER}/filler"))?;
    tried.and_then(|()| bench.unchanged())
}

/// MiB that the root file system is asked for, and that it has, from anywhere in a plan.
fn of_root(plan: &serde_json::Value) -> Option<(u64, u64)> {
    match plan {
        serde_json::Value::Object(fields) if fields.get("mount").is_some_and(|mount| mount == "/") => {
            Some((fields.get("needed_mib")?.as_u64()?, fields.get("free_mib")?.as_u64()?))
        }
        serde_json::Value::Object(fields) => fields.values().find_map(of_root),
        serde_json::Value::Array(items) => items.iter().find_map(of_root),
        _ => None,
    }
}
