//! The host digest on a real host: nothing changes by itself, and each kind of change is one line that names it.
#![allow(clippy::unwrap_used, reason = "a failure of the kit fails the test")]

use bridle_journeys::testhost::Lab;

const UNIT: &str = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n";

/// What is done, what undoes it, and the beginning of a line that must then be in the difference.
const CHANGES: [(&str, &str, &str); 16] = [
    (
        "printf x | dd of=/usr/bin/true bs=1 seek=9 conv=notrunc",
        "cp -p /kept/true /usr/bin/true",
        "~ file /usr/bin/true: ",
    ),
    ("touch /opt/new", "rm /opt/new", "+ file /opt/new: 0644 0:0 0 bytes"),
    ("mv /kept/true /kept/moved", "mv /kept/moved /kept/true", "- file /kept/true: "),
    ("chmod 4755 /usr/bin/true", "chmod 0755 /usr/bin/true", "~ file /usr/bin/true: 0755"),
    ("chown 1:1 /opt", "chown 0:0 /opt", "~ file /opt: 0755 0:0 folder -> 0755 1:1 folder"),
    ("mkdir /run/own", "rmdir /run/own", "+ file /run/own: 0755 0:0 folder"),
    ("systemctl enable trial", "systemctl disable trial", "~ unit trial.service: disabled"),
    (
        "systemctl start trial",
        "systemctl stop trial",
        "~ unit trial.service: disabled -> disabled loaded active running",
    ),
    ("systemctl start trial", "systemctl stop trial", "+ control group /"),
    ("mount -t tmpfs none /mnt", "umount /mnt", "+ mount /mnt: / rw"),
    ("mount --bind -o ro /opt /opt", "umount /opt", "+ mount /opt: /opt ro"),
    ("ip link add trial0 type bridge", "ip link del trial0", "+ interface trial0: bridge"),
    ("ip address add 203.0.113.5/32 dev lo", "ip address del 203.0.113.5/32 dev lo", "~ interface lo: "),
    ("ip route add blackhole 203.0.113.0/24", "ip route del blackhole 203.0.113.0/24", "+ route "),
    (
        "nft 'add table inet trial; add chain inet trial c'",
        "nft delete table inet trial",
        "+ packet rule table inet trial / chain c: ",
    ),
    ("groupadd --system trial", "groupdel trial", "+ group trial: "),
];

#[test]
fn each_kind_of_change_is_seen_and_named() {
    let lab = Lab::new("digest").unwrap();
    let mut host = lab.host("h1").disk_gib(2).build().unwrap();
    host.boot().unwrap();
    host.write_file("/etc/systemd/system/trial.service", UNIT).unwrap();
    host.shell("mkdir /kept; cp -p /usr/bin/true /kept; systemctl daemon-reload").unwrap();
    let clean = host.digest().unwrap();
    for subject in ["file", "unit", "mount", "interface", "route", "setting", "user", "group", "control group"] {
        assert!(clean.count(subject) > 0, "nothing was found: {subject}");
    }
    for (change, undo, expected) in CHANGES {
        host.shell(change).unwrap();
        let changed = host.digest_after(&clean).unwrap();
        let lines: Vec<String> = clean.difference(&changed).iter().map(ToString::to_string).collect();
        assert!(lines.iter().any(|line| line.starts_with(expected)), "{change}: {lines:#?}");
        host.shell(undo).unwrap();
        let lines: Vec<String> =
            clean.difference(&host.digest_after(&clean).unwrap()).iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "after {undo}: {lines:#?}");
    }
    // The same host after a start is the same: what a boot makes up is not in the digest.
    host.reboot().unwrap();
    let lines: Vec<String> = clean.difference(&host.digest().unwrap()).iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "after a reboot: {lines:#?}");
}
