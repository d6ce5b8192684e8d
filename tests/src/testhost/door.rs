//! Between a lab of equal addresses and this machine: a namespace that gives the hosts addresses of the lab's own, so
//! that several such labs can be reached at the same time.
//!
//! | seen by this machine | seen in the lab |
//! |---|---|
//! | 198.18.N.11 and up | 198.18.250.11 and up: the hosts |
//! | 198.18.N.254: itself | 198.18.250.254: this machine |

use super::lab::MAX_HOSTS;
use super::process::Invocation;
use super::{Result, network};
use std::fmt::Write as _;

/// Makes the namespace; what the machine's end of its port is told about the other one.
pub(super) fn create(id: &str) -> Result<String> {
    network::ip(None, &format!("netns add {}", name(id)))?;
    Ok(format!("outer netns {}", name(id)))
}

/// Connects it with the lab's bridge (by a port that is named as the machine's own would be) and sets up the rules.
pub(super) fn open(id: &str, lab: u8, inside: u8) -> Result<()> {
    let name = name(id);
    let mut lines = format!("link add inner type veth peer name machine netns {id}\nlink set lo up\n");
    for host in hosts() {
        // So that it answers for them.
        writeln!(lines, "address add {}/24 dev outer", network::address(lab, host)).expect("a string takes all");
    }
    writeln!(lines, "address add {}/24 dev inner", network::machine(inside)).expect("a string takes all");
    network::batch(Some(&name), &format!("{lines}link set outer up\nlink set inner up\n"))?;
    network::inside(&name, "echo 1 > /proc/sys/net/ipv4/ip_forward")?;
    Invocation::new("ip", ["netns", "exec", &name, "nft", "-f", "-"]).input(rules(lab, inside)).run_ok().map(drop)
}

/// No host is named so: their names begin with a letter.
fn name(id: &str) -> String {
    format!("{id}-0")
}

fn hosts() -> impl Iterator<Item = u8> {
    (network::FIRST_HOST..).take(MAX_HOSTS)
}

/// Every connection gets the other side's addresses; nothing else goes through.
fn rules(lab: u8, inside: u8) -> String {
    let pairs = |from: u8, to: u8| {
        let pair = |host| format!("{} : {}", network::address(from, host), network::address(to, host));
        hosts().map(pair).collect::<Vec<_>>().join(", ")
    };
    let (machine, seen) = (network::machine(lab), network::machine(inside));
    let (inwards, outwards) = (pairs(lab, inside), pairs(inside, lab));
    format!(
        "table ip door {{
  chain in {{
    type nat hook prerouting priority dstnat;
    iifname \"outer\" dnat to ip daddr map {{ {inwards} }}
    iifname \"inner\" ip daddr {seen} dnat to {machine}
  }}
  chain out {{
    type nat hook postrouting priority srcnat;
    oifname \"inner\" snat to {seen}
    oifname \"outer\" snat to ip saddr map {{ {outwards} }}
  }}
  chain through {{
    type filter hook forward priority 0; policy drop;
    ct status dnat accept
  }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_a_lab_may_have_goes_through_both_ways() {
        let rules = rules(17, network::EQUAL);
        for host in 11..19 {
            assert!(rules.contains(&format!("198.18.17.{host} : 198.18.250.{host}")), "{rules}");
            assert!(rules.contains(&format!("198.18.250.{host} : 198.18.17.{host}")), "{rules}");
        }
        assert!(!rules.contains("198.18.17.19 "), "{rules}");
    }
}
