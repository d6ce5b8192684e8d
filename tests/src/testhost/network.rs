//! A lab's network: one bridge in a namespace of its own, the hosts' ports on it, and no way out.
//!
//! | address | whose |
//! |---|---|
//! | 198.18.N.1 | the gateway and name server that hosts are told: forwards and answers nothing, notes who tried |
//! | 198.18.N.11 and up | the hosts |
//! | 198.18.N.254 | this machine, so that a test can reach a host and serve to it |
//!
//! N is the lab's number. In a lab of equal addresses the hosts see [`EQUAL`] there, the same in each such lab, so that the
//! disk of a host can go from one to the other; [`super::door`] stands between those addresses and the lab's own.

use super::process::Invocation;
use super::{Error, Result, door};
use serde_json::Value;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// The number of a lab's first host, in the last place of its address.
pub(crate) const FIRST_HOST: u8 = 11;
/// What the hosts of every lab of equal addresses see as N. Never seen in the machine's own namespace: no lab has it as
/// its number.
pub(crate) const EQUAL: u8 = 250;
const GATEWAY: u8 = 1;
const MACHINE: u8 = 254;
/// The kernel's list of named network namespaces.
const NAMESPACES: &str = "/run/netns";

/// A packet that a host (or a pod on it) sent to an address outside its lab and the pods' and
/// services' ranges, or a question to the name server it was told. Counted once for each combination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutsideAttempt {
    /// The address it came from.
    pub source: IpAddr,
    /// The address it was to reach.
    pub destination: IpAddr,
    /// The protocol, by name (`tcp`, `udp`, `icmp`) or by number.
    pub protocol: String,
    /// The destination port, for TCP and UDP.
    pub port: Option<u16>,
}

/// The address with this last number in lab `lab`.
pub(crate) fn address(lab: u8, number: u8) -> Ipv4Addr {
    Ipv4Addr::new(198, 18, lab, number)
}

pub(crate) fn gateway(lab: u8) -> Ipv4Addr {
    address(lab, GATEWAY)
}

pub(crate) fn machine(lab: u8) -> Ipv4Addr {
    address(lab, MACHINE)
}

/// The name of a host's network namespace.
pub(crate) fn namespace(id: &str, host: &str) -> String {
    format!("{id}-{host}")
}

/// Whether an interface of this machine uses the lab's range already.
pub(crate) fn is_taken(lab: u8) -> Result<bool> {
    let listed = Invocation::new("ip", ["-4", "-oneline", "address", "show"]).run_ok()?;
    let start = format!("198.18.{lab}.");
    Ok(listed.stdout.split_whitespace().any(|word| word.starts_with(&start)))
}

/// Makes the bridge, the gateway that leads nowhere, and this machine's port. `lab` is N for this machine, `own` for
/// the hosts.
pub(crate) fn create(id: &str, lab: u8, own: u8) -> Result<()> {
    let (gateway, machine) = (gateway(own), machine(lab));
    ip(None, &format!("netns add {id}"))?;
    inside(id, "echo 0 > /proc/sys/net/ipv4/ip_forward")?;
    // Frames between hosts are the bridge's affair, not the filter's.
    inside(
        id,
        "cd /proc/sys/net/bridge 2>/dev/null || exit 0; echo 0 > bridge-nf-call-iptables; \
                echo 0 > bridge-nf-call-ip6tables",
    )?;
    batch(
        Some(id),
        &format!("link set lo up\nlink add br0 type bridge\naddress add {gateway}/24 dev br0\nlink set br0 up\n"),
    )?;
    let outer = if lab == own { format!("machine netns {id}") } else { door::create(id)? };
    batch(
        None,
        &format!(
            "link add {id}m type veth peer name {outer}\n\
         address add {machine}/24 dev {id}m\nlink set {id}m up\n"
        ),
    )?;
    if lab != own {
        door::open(id, lab, own)?;
    }
    batch(Some(id), "link set machine master br0\nlink set machine up\n")?;
    let forwarding = format!("/proc/sys/net/ipv4/conf/{id}m/forwarding");
    fs::write(&forwarding, "0").map_err(Error::file("write", &forwarding))?;
    let rules = ["netns", "exec", id, "nft", "-f", "-"];
    Invocation::new("ip", rules).input(watch_rules(own)).run_ok().map(drop)
}

/// The rules that note and drop what wants to leave the lab.
fn watch_rules(lab: u8) -> String {
    let gateway = gateway(lab);
    format!(
        "table inet watch {{
  set ports {{ type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags dynamic; size 4096; }}
  set others {{ type ipv4_addr . ipv4_addr . inet_proto; flags dynamic; size 4096; }}
  set six {{ type ipv6_addr . ipv6_addr . inet_proto; flags dynamic; size 4096; }}
  chain note {{
    meta l4proto {{ tcp, udp }} add @ports {{ ip saddr . ip daddr . meta l4proto . th dport }} drop
    add @others {{ ip saddr . ip daddr . meta l4proto }} drop
  }}
  chain arriving {{
    type filter hook prerouting priority -300; policy accept;
    iifname != \"br0\" accept
    ip daddr {gateway} udp dport 53 add @ports {{ ip saddr . ip daddr . meta l4proto . th dport }} accept
    ip daddr {gateway} tcp dport 53 jump note
    ip daddr {{ 198.18.{lab}.0/24, 10.42.0.0/16, 10.43.0.0/16, 224.0.0.0/4, 255.255.255.255 }} accept
    meta nfproto ipv4 jump note
    ip6 daddr {{ fe80::/10, ff00::/8 }} accept
    meta nfproto ipv6 add @six {{ ip6 saddr . ip6 daddr . meta l4proto }} drop
  }}
  chain answers {{
    type filter hook output priority 0; policy accept;
    icmp type destination-unreachable drop
  }}
}}
"
    )
}

/// Gives a host a fresh namespace with its address, as after the start of a machine.
pub(crate) fn attach(id: &str, lab: u8, host: &str, number: u8) -> Result<()> {
    detach(id, host, number)?;
    let name = namespace(id, host);
    let (own, gateway) = (address(lab, number), gateway(lab));
    ip(None, &format!("netns add {name}"))?;
    batch(
        None,
        &format!(
            "link add p{number} netns {id} type veth peer name eth0 address 02:b1:00:00:{lab:02x}:{number:02x} netns {name}\n"
        ),
    )?;
    batch(Some(id), &format!("link set p{number} master br0\nlink set p{number} up\n"))?;
    batch(
        Some(&name),
        &format!("link set lo up\naddress add {own}/24 dev eth0\nlink set eth0 up\nroute add default via {gateway}\n"),
    )
}

/// Takes a host's port and namespace away, where it has them.
pub(crate) fn detach(id: &str, host: &str, number: u8) -> Result<()> {
    let name = namespace(id, host);
    let port = ip(Some(id), &format!("link show p{number}"));
    if port.is_ok() {
        ip(Some(id), &format!("link delete p{number}"))?;
    }
    if Path::new(NAMESPACES).join(&name).exists() {
        ip(None, &format!("netns delete {name}"))?;
    }
    Ok(())
}

/// Plugs a host's cable in, or pulls it: its addresses and routes stay.
pub(crate) fn plug(id: &str, number: u8, plugged: bool) -> Result<()> {
    let state = if plugged { "up" } else { "down" };
    ip(Some(id), &format!("link set p{number} {state}"))
}

/// What tried to leave the lab since it was made.
pub(crate) fn outside_attempts(id: &str) -> Result<Vec<OutsideAttempt>> {
    let mut attempts = Vec::new();
    for set in ["ports", "others", "six"] {
        let arguments = ["netns", "exec", id, "nft", "-j", "-n", "list", "set", "inet", "watch", set];
        let listed = Invocation::new("ip", arguments).run_ok()?;
        let answer: Value = serde_json::from_str(&listed.stdout)
            .map_err(|source| Error::Unreadable { what: "the answer of nft".to_owned(), source })?;
        attempts.extend(parse_set(&answer));
    }
    attempts.sort();
    Ok(attempts)
}

/// Forgets what was noted so far.
pub(crate) fn forget_attempts(id: &str) -> Result<()> {
    let script = "flush set inet watch ports; flush set inet watch others; flush set inet watch six";
    Invocation::new("ip", ["netns", "exec", id, "nft", script]).run_ok().map(drop)
}

fn parse_set(answer: &Value) -> Vec<OutsideAttempt> {
    let items = answer["nftables"].as_array().into_iter().flatten();
    let elements = items.filter_map(|item| item["set"]["elem"].as_array()).flatten();
    elements.filter_map(parse_element).collect()
}

fn parse_element(element: &Value) -> Option<OutsideAttempt> {
    // An element with properties of its own is wrapped once more.
    let wrapped = &element["elem"]["val"];
    let element = if wrapped.is_null() { element } else { wrapped };
    let parts = element["concat"].as_array()?;
    let protocol = match parts.get(2)? {
        Value::String(name) => name.clone(),
        number => number.to_string(),
    };
    Some(OutsideAttempt {
        source: parts.first()?.as_str()?.parse().ok()?,
        destination: parts.get(1)?.as_str()?.parse().ok()?,
        protocol: match protocol.as_str() {
            "1" => "icmp".to_owned(),
            "6" => "tcp".to_owned(),
            "17" => "udp".to_owned(),
            _ => protocol,
        },
        port: parts.get(3).and_then(Value::as_u64).and_then(|port| port.try_into().ok()),
    })
}

/// Removes all namespaces and links of a lab, by their names.
pub(crate) fn remove_all(id: &str) -> Result<()> {
    let prefix = format!("{id}-");
    if let Ok(folder) = fs::read_dir(NAMESPACES) {
        for name in folder.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
            if name == id || name.starts_with(&prefix) {
                ip(None, &format!("netns delete {name}"))?;
            }
        }
    }
    if Path::new("/sys/class/net").join(format!("{id}m")).exists() {
        let deleted = ip(None, &format!("link delete {id}m"));
        // It goes by itself, a little later, when the namespace of its other end goes.
        if deleted.is_err() && Path::new("/sys/class/net").join(format!("{id}m")).exists() {
            return deleted;
        }
    }
    Ok(())
}

pub(super) fn ip(namespace: Option<&str>, words: &str) -> Result<()> {
    let place = namespace.into_iter().flat_map(|name| ["-n", name]);
    Invocation::new("ip", place.chain(words.split(' '))).run_ok().map(drop)
}

pub(super) fn batch(namespace: Option<&str>, lines: &str) -> Result<()> {
    let place = namespace.into_iter().flat_map(|name| ["-n", name]);
    let arguments = place.chain(["-batch", "-"]);
    Invocation::new("ip", arguments).input(lines).run_ok().map(drop)
}

pub(super) fn inside(id: &str, script: &str) -> Result<()> {
    Invocation::new("ip", ["netns", "exec", id, "sh", "-c", script]).run_ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_of_a_set_are_read_in_both_forms() {
        let answer = json!({"nftables": [
            {"metainfo": {"version": "1.0.6"}},
            {"set": {"name": "ports", "elem": [
                {"concat": ["198.18.9.11", "192.0.2.1", 6, 443]},
                {"elem": {"val": {"concat": ["198.18.9.11", "192.0.2.7", "udp", 53]}, "expires": 3}},
            ]}},
        ]});
        let read: Vec<_> = parse_set(&answer).into_iter().map(|found| (found.protocol, found.port)).collect();
        assert_eq!(read, [("tcp".to_owned(), Some(443)), ("udp".to_owned(), Some(53))]);
        assert_eq!(parse_set(&json!({"nftables": [{"set": {"name": "ports"}}]})), []);
    }
}
