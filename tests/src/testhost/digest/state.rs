//! What a host runs and how it is connected, asked in one go of its own programs.

use super::super::{Error, Host, Invocation, Result};
use super::volatile;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

type Things = BTreeMap<String, String>;

/// What link-local IPv6 addresses begin with.
const LINK_LOCAL: &str = "fe80:";

/// Prints each subject below a line of its own. Loop devices, interface numbers and link-local addresses are made up at
/// each boot, these last some seconds after it; they are taken out when the lines are read.
const QUESTIONS: &str = r#"
say() { printf '\n#### %s\n' $1; }
say unit-files; systemctl list-unit-files --plain --no-legend --no-pager
say units; systemctl list-units --all --plain --no-legend --no-pager
say mounts; cat /proc/1/mountinfo
say interfaces; ip -json -details address show
say routes; ip -json -4 route show table all; ip -json -6 route show table all
say rules; ip -4 rule show; ip -6 rule show
say packet-rules; nft --stateless list ruleset
say listeners; ss --no-header --listening --tcp --udp --numeric
say users; getent passwd
say groups; getent group
say control-groups; cd /sys/fs/cgroup; find . -mindepth 1 -type d
say settings; cd /proc/sys; for s in net/ipv4/ip_forward net/ipv4/conf/*/forwarding net/ipv4/conf/*/rp_filter \
  net/ipv4/conf/*/route_localnet net/ipv4/conf/*/arp_* net/ipv4/ip_local_port_range net/ipv4/ip_local_reserved_ports \
  net/ipv4/ip_unprivileged_port_start net/ipv4/vs/* net/ipv6/conf/*/forwarding net/ipv6/conf/*/accept_ra \
  net/ipv6/conf/*/disable_ipv6 net/bridge/* net/netfilter/nf_conntrack_max net/netfilter/nf_conntrack_tcp_* \
  net/core/somaxconn vm/overcommit_memory vm/panic_on_oom vm/max_map_count vm/swappiness kernel/panic \
  kernel/panic_on_oops kernel/keys/root_max* kernel/pid_max kernel/hostname fs/file-max fs/inotify/*; do
  if [ -f $s ] && v=$(cat $s 2>/dev/null); then printf '%s = %s\n' $s "$v"; fi; done
"#;

/// All subjects but the files.
pub(super) fn of(host: &Host) -> Result<BTreeMap<String, Things>> {
    let answers = host.run_ok(["sh", "-c", &format!("set -eu{QUESTIONS}")])?.stdout;
    let mut rules = packet_rules(section(&answers, "packet-rules"));
    rules.extend(legacy_rules(host)?);
    let subjects = [
        ("control group", control_groups(section(&answers, "control-groups"))),
        ("group", named_lines(section(&answers, "groups"), ':')),
        ("interface", interfaces(section(&answers, "interfaces"))?),
        ("listener", counted(section(&answers, "listeners").lines().map(listener))),
        ("mount", mounts(section(&answers, "mounts"))),
        ("packet rule", rules),
        ("route", routes(section(&answers, "routes"), section(&answers, "rules"))?),
        ("setting", named_lines(section(&answers, "settings"), '=')),
        ("unit", units(section(&answers, "unit-files"), section(&answers, "units"))),
        ("user", named_lines(section(&answers, "users"), ':')),
    ];
    Ok(subjects.into_iter().map(|(subject, things)| (subject.to_owned(), things)).collect())
}

/// The lines below `#### name`.
fn section<'a>(answers: &'a str, name: &str) -> &'a str {
    let head = format!("\n#### {name}\n");
    let Some((_, after)) = answers.split_once(&head) else { return "" };
    after.split_once("\n#### ").map_or(after, |(section, _)| section)
}

/// `name` separator `value`, one a line.
fn named_lines(lines: &str, separator: char) -> Things {
    let pairs = lines.lines().filter_map(|line| line.split_once(separator));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// Each text with how often it is there.
fn counted(texts: impl Iterator<Item = String>) -> Things {
    let mut counts = BTreeMap::<String, u32>::new();
    for text in texts.filter(|text| !text.trim().is_empty()) {
        *counts.entry(text).or_default() += 1;
    }
    counts.into_iter().map(|(text, count)| (text, format!("{count} times"))).collect()
}

/// Whether each unit is enabled, and what those that are loaded do. A unit that does nothing is unloaded by systemd
/// whenever it likes, so that alone is no difference.
fn units(files: &str, loaded: &str) -> Things {
    let mut units = Things::new();
    for line in files.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(state)) = (words.next(), words.next())
            && !volatile::is_unit(name)
        {
            units.insert(name.to_owned(), state.to_owned());
        }
    }
    for line in loaded.lines() {
        let words: Vec<&str> = line.trim_start_matches(['●', '*', ' ']).split_whitespace().collect();
        if let [name, load, active, sub, ..] = words[..]
            && active != "inactive"
            && !volatile::is_unit(name)
        {
            let enabled = units.get(name).map_or("no file", String::as_str);
            units.insert(name.to_owned(), format!("{enabled} {load} {active} {sub}"));
        }
    }
    units
}

/// Mount point → root, options, type, source; several at one point are numbered.
fn mounts(table: &str) -> Things {
    let mut mounts = Things::new();
    for line in table.lines() {
        // proc(5): id, parent, device, root, mount point, options, optional fields, `-`, type, source, super options.
        let Some((own, kind)) = line.split_once(" - ") else { continue };
        let fields: Vec<&str> = own.split(' ').collect();
        let [_, _, _, root, point, options, ..] = fields[..] else { continue };
        if volatile::is_mount(point) {
            continue;
        }
        let kind: Vec<String> = kind.split(' ').map(without_loop_number).collect();
        let value = format!("{root} {options} {}", kind.join(" "));
        let name = (1..).map(|count| if count == 1 { point.to_owned() } else { format!("{point} #{count}") });
        let name = name.take(table.len()).find(|name| !mounts.contains_key(name)).unwrap_or_default();
        mounts.insert(name, value);
    }
    mounts
}

/// `/dev/loop7` as `/dev/loop`: a host gets another number at its next boot.
fn without_loop_number(word: &str) -> String {
    if word.starts_with("/dev/loop") { "/dev/loop".to_owned() } else { word.to_owned() }
}

/// What of an interface is its own: kind, state, size of packets, addresses. Numbers and hardware addresses are new at
/// each boot, and with them the link-local addresses.
fn interfaces(json: &str) -> Result<Things> {
    let mut interfaces = Things::new();
    for interface in values(json)? {
        let text = |name: &str| interface[name].as_str().unwrap_or_default().to_owned();
        let mut parts = vec![
            interface["linkinfo"]["info_kind"].as_str().unwrap_or("plain").to_owned(),
            text("operstate"),
            format!("mtu {}", interface["mtu"]),
            format!("promiscuity {}", interface["promiscuity"]),
        ];
        let master = text("master");
        parts.extend((!master.is_empty()).then(|| format!("in {master}")));
        for address in interface["addr_info"].as_array().into_iter().flatten() {
            let local = address["local"].as_str().unwrap_or_default();
            if !local.starts_with(LINK_LOCAL) {
                parts.push(format!("{local}/{}", address["prefixlen"]));
            }
        }
        interfaces.insert(text("ifname"), parts.join(" "));
    }
    Ok(interfaces)
}

fn routes(json: &str, rules: &str) -> Result<Things> {
    let routes = json.lines().map(values).collect::<Result<Vec<_>>>()?;
    let lasting = routes.into_iter().flatten();
    let lasting = lasting.filter(|route| !route["dst"].as_str().is_some_and(|to| to.starts_with(LINK_LOCAL)));
    let routes = lasting.map(|route| {
        // How long a route learnt from a router is still good.
        let own = |(name, value): (&String, &Value)| {
            (name != "expires").then(|| format!("{name} {}", value.to_string().replace('"', "")))
        };
        let fields: Vec<String> = route.as_object().unwrap_or(&Map::new()).iter().filter_map(own).collect();
        fields.join(", ")
    });
    Ok(counted(routes.chain(rules.lines().map(|line| format!("rule {line}")))))
}

/// A list in JSON; nothing where the program printed nothing.
fn values(json: &str) -> Result<Vec<Value>> {
    if json.trim().is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(json.trim()).map_err(|source| Error::Unreadable { what: "what ip says".to_owned(), source })
}

/// Protocol, address and port; queues and peers change.
fn listener(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    if let [protocol, _, _, _, local, ..] = words[..] { format!("{protocol} {local}") } else { String::new() }
}

/// Each rule with the blocks that it stands in, and the order of all as one more entry.
fn packet_rules(ruleset: &str) -> Things {
    let mut blocks: Vec<&str> = Vec::new();
    let mut rules = Vec::new();
    for line in ruleset.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match (line.strip_suffix('{'), line) {
            (Some(block), _) => {
                blocks.push(block.trim());
                rules.push(blocks.join(" / "));
            }
            (None, "}") => drop(blocks.pop()),
            (None, rule) => rules.push(format!("{} / {rule}", blocks.join(" / "))),
        }
    }
    counted(rules.into_iter())
}

/// The rules that only the old interface of the kernel shows. The host has no program for it; the machine's is used, and
/// only where a table is loaded, because asking would load it.
fn legacy_rules(host: &Host) -> Result<Things> {
    let leader = host.leader()?.to_string();
    let mut rules = Vec::new();
    for (names, save) in
        [("/proc/net/ip_tables_names", "iptables-legacy-save"), ("/proc/net/ip6_tables_names", "ip6tables-legacy-save")]
    {
        let tables = host.shell(&format!("cat {names} 2>/dev/null || true"))?;
        if tables.trim().is_empty() {
            continue;
        }
        let saved = Invocation::new("nsenter", ["-t", &leader, "-n", save]).run_ok()?.stdout;
        let kept = saved.lines().filter(|line| !line.starts_with('#'));
        // Behind the policy of a chain stand its counters.
        rules.extend(kept.map(|line| format!("{save} {}", line.split(" [").next().unwrap_or_default())));
    }
    Ok(counted(rules.into_iter()))
}

fn control_groups(folders: &str) -> Things {
    let lasting =
        folders.lines().filter(|path| !path.split('/').any(volatile::is_unit) && !volatile::is_borrowed(path));
    lasting.map(|path| (path.trim_start_matches('.').to_owned(), "there".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_told_apart() {
        let answers = "\n#### a\none\ntwo\n\n#### b\n";
        assert_eq!((section(answers, "a").trim(), section(answers, "b"), section(answers, "c")), ("one\ntwo", "", ""));
    }

    #[test]
    fn a_unit_has_its_control_group_in_one_hierarchy() {
        let folders = "./systemd/system.slice/a.service\n./memory/system.slice/a.service\n./memory/system.slice\n\
                       ./memory/kubepods/burstable\n./memory/kubepods.slice\n./system.slice/b.service\n";
        let groups = control_groups(folders);
        let seen: Vec<&str> = groups.keys().map(String::as_str).collect();
        assert_eq!(seen, ["/memory/kubepods/burstable", "/system.slice/b.service", "/systemd/system.slice/a.service"]);
    }

    #[test]
    fn a_unit_counts_by_whether_it_is_enabled_and_what_it_does() {
        let files = "a.service enabled enabled\nb.service disabled enabled\nsession-1.scope transient -\n";
        let loaded =
            "a.service loaded active running A\n● c.service loaded failed failed C\nb.service loaded inactive dead B\n";
        let units = units(files, loaded);
        assert_eq!(units["a.service"], "enabled loaded active running");
        assert_eq!(
            (units["b.service"].as_str(), units["c.service"].as_str()),
            ("disabled", "no file loaded failed failed")
        );
        assert_eq!(units.len(), 3);
    }

    #[test]
    fn mounts_on_one_another_both_count() {
        let table = "1 0 7:3 / / rw,relatime shared:1 - ext4 /dev/loop3 rw\n2 1 0:5 /x /mnt rw - tmpfs tmpfs rw\n\
                     3 1 0:6 / /mnt ro - tmpfs other ro\n4 1 0:7 / /run/user/0 rw - tmpfs tmpfs rw\n";
        let mounts = mounts(table);
        assert_eq!(mounts["/"], "/ rw,relatime ext4 /dev/loop rw");
        assert_eq!(mounts["/mnt"], "/x rw tmpfs tmpfs rw");
        assert_eq!(mounts["/mnt #2"], "/ ro tmpfs other ro");
        assert_eq!(mounts.len(), 3);
    }

    #[test]
    fn rules_are_seen_with_their_chain() {
        let rules = packet_rules("table ip nat {\n\tchain out {\n\t\toif lo accept\n\t\toif lo accept\n\t}\n}\n");
        assert_eq!(rules["table ip nat / chain out / oif lo accept"], "2 times");
        assert_eq!(rules.len(), 3);
    }

    #[test]
    fn addresses_and_routes_are_seen_without_what_each_boot_makes_up() {
        let json = r#"[{"ifindex":3,"ifname":"eth0","mtu":1500,"operstate":"UP","promiscuity":0,"address":"aa:bb",
            "linkinfo":{"info_kind":"veth"},"addr_info":[{"local":"198.18.1.11","prefixlen":24},
            {"local":"fe80::1","prefixlen":64}]}]"#;
        let seen = interfaces(json).unwrap();
        assert_eq!(seen["eth0"], "veth UP mtu 1500 promiscuity 0 198.18.1.11/24");
        let seen = routes(
            "[{\"dst\":\"default\",\"dev\":\"eth0\",\"expires\":12}]\n[{\"dst\":\"fe80::1\",\"dev\":\"eth0\"}]\n",
            "0: from all lookup local",
        )
        .unwrap();
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["dev eth0, dst default", "rule 0: from all lookup local"]);
        assert_eq!(listener("tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*"), "tcp 0.0.0.0:22");
    }
}
