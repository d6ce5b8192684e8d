//! Addresses, default route, size of packets, name servers, firewalls.

use super::finding::{Finding, blocks, warns};
use crate::facts::{Firewall, HostFacts};
use crate::plan::ranges::Ranges;
use crate::site::Site;

/// The pods' network takes 50 bytes of each packet (VXLAN), and packets of less than 1280 bytes are more than any
/// network may ask for (RFC 8200): below this, connections hang as soon as they carry data.
const LEAST_MTU: u64 = 1280 + 50;
/// Size of packets of nearly every network.
const USUAL_MTU: u64 = 1500;
/// Sizes that networks with large packets use.
const LARGE_MTU: std::ops::RangeInclusive<u64> = 8000..=9216;

pub(super) fn judge(facts: &HostFacts, site: &Site, found: &mut Vec<Finding>) {
    address(facts, site, found);
    if facts.network.default_route().is_none() {
        found.push(blocks("check-default-route").command("ip route add default via GATEWAY"));
    }
    packets(facts, found);
    let servers = &facts.network.name_servers;
    if !servers.is_empty() && servers.iter().all(std::net::IpAddr::is_loopback) {
        let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
        let finding = warns("check-name-server-loopback").with("server", names.join(", "));
        found.push(finding.command("[services]").command("dns = [\"ADDRESS\"]"));
    }
}

fn address(facts: &HostFacts, site: &Site, found: &mut Vec<Finding>) {
    let addresses: Vec<String> = facts.network.addresses().iter().map(ToString::to_string).collect();
    match (&site.address, addresses.as_slice()) {
        (_, []) => found.push(blocks("check-address")),
        (Some(wanted), _) if !addresses.contains(wanted) => {
            let finding = blocks("check-address-foreign").with("address", wanted.as_str());
            let finding = finding.with("found", addresses.join(", "));
            found.push(finding.command(format!("address = \"{}\"", addresses[0])));
        }
        (None, [first, others @ ..]) if !others.is_empty() => {
            let finding = warns("check-addresses-several").with("address", first.as_str());
            let finding = finding.with("others", others.join(", "));
            found.push(finding.command(format!("address = \"{first}\"")));
        }
        _ => {}
    }
}

fn packets(facts: &HostFacts, found: &mut Vec<Finding>) {
    let Some(route) = facts.network.default_route() else { return };
    let outer = facts.network.interfaces.iter().find(|interface| interface.name == route.interface);
    let Some(outer) = outer.filter(|interface| interface.mtu > 0) else { return };
    let finding = match outer.mtu {
        mtu if mtu < LEAST_MTU => blocks("check-mtu-small").with("wanted", LEAST_MTU),
        mtu if mtu < USUAL_MTU => warns("check-mtu-low").with("usual", USUAL_MTU),
        mtu if mtu > USUAL_MTU && !LARGE_MTU.contains(&mtu) => warns("check-mtu-odd").with("usual", USUAL_MTU),
        _ => return,
    };
    let finding = finding.with("interface", outer.name.as_str()).with("mtu", outer.mtu);
    found.push(finding.command(format!("ip link set dev {} mtu {USUAL_MTU}", outer.name)));
}

/// What has to be open: the front door and Kubernetes, and everything from pods and services.
pub(super) fn firewalls(facts: &HostFacts, ranges: &Ranges, found: &mut Vec<Finding>) {
    for firewall in &facts.firewalls {
        let (pods, services) = (&ranges.pods, &ranges.services);
        let finding = warns("check-firewall");
        found.push(match firewall {
            Firewall::Firewalld => finding
                .about("firewalld")
                .with("firewall", "firewalld")
                .command("firewall-cmd --permanent --add-port=80/tcp --add-port=443/tcp --add-port=6443/tcp")
                .command(format!("firewall-cmd --permanent --zone=trusted --add-source={pods} --add-source={services}"))
                .command("firewall-cmd --reload"),
            Firewall::Ufw => finding
                .about("ufw")
                .with("firewall", "ufw")
                .command("ufw allow proto tcp to any port 80,443,6443")
                .command(format!("ufw allow from {pods} to any"))
                .command(format!("ufw route allow from {pods} to any"))
                .command(format!("ufw route allow to {pods}"))
                .command(format!("ufw allow from {services} to any")),
        });
    }
}
