//! Ranges of pods and services that overlap something of the site, and free ones instead.

use std::net::{IpAddr, Ipv4Addr};

use super::finding::{Finding, blocks, warns};
use crate::facts::HostFacts;
use crate::network::Network;
use crate::plan::ranges::Ranges;
use crate::release::ReleaseManifest;
use crate::site::Site;

/// Least and largest number of leading bits of the pods' range: each host takes a `/24` of it, and Kubernetes hands out
/// at most 65 536 of them.
const PODS: (u8, u8) = (8, 22);
/// The same for services; the API server takes no larger range than a `/12`.
const SERVICES: (u8, u8) = (12, 24);
/// Private ranges in the order in which a free one is looked for (RFC 1918, then RFC 6598).
const PRIVATE: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
];

/// Something of the site that has addresses.
struct Obstacle {
    code: &'static str,
    what: String,
    /// Interface of a route.
    interface: String,
    network: Network,
}

pub(super) fn judge(facts: &HostFacts, release: &ReleaseManifest, site: &Site, found: &mut Vec<Finding>) {
    let ranges = Ranges::of(release, site);
    let pods = sized("pods", &ranges.pods, PODS, found);
    let services = sized("services", &ranges.services, SERVICES, found);
    let (Some(pods), Some(services)) = (pods, services) else { return };
    let obstacles = obstacles(facts, site);
    let taken: Vec<Network> = obstacles.iter().map(|obstacle| obstacle.network).collect();
    let instead = free(pods, services, &taken);
    if pods.overlaps(&services) {
        let finding = blocks("check-range-each-other").with("pods", ranges.pods.as_str());
        found.push(offer(finding.with("services", ranges.services.as_str()), instead));
    }
    for (kind, range) in [("pods", pods), ("services", services)] {
        // One finding for each kind of obstacle: the cure is the same for all of them.
        let mut said = Vec::new();
        for obstacle in obstacles.iter().filter(|obstacle| obstacle.network.overlaps(&range)) {
            if said.contains(&obstacle.code) {
                continue;
            }
            said.push(obstacle.code);
            found.push(offer(overlap(kind, range, obstacle, instead.is_some()), instead));
        }
    }
}

/// The ranges themselves where they are free, else others of the same size that overlap nothing taken and not each other.
#[must_use]
pub fn free(pods: Network, services: Network, taken: &[Network]) -> Option<(Network, Network)> {
    let is_free = |range: &Network| !taken.iter().any(|other| other.overlaps(range));
    let mut taken = taken.to_vec();
    // A range that can stay is not taken away from the services by the search for the pods'.
    let stays = is_free(&services) && !services.overlaps(&pods);
    if stays {
        taken.push(services);
    }
    let pods = nearest(pods, &taken)?;
    let services = if stays {
        services
    } else {
        taken.push(pods);
        nearest(services, &taken)?
    };
    Some((pods, services))
}

fn sized(kind: &'static str, range: &str, (least, most): (u8, u8), found: &mut Vec<Finding>) -> Option<Network> {
    let network: Option<Network> = range.parse().ok();
    if let Some(network) = network.filter(|network| (least..=most).contains(&network.prefix())) {
        return Some(network);
    }
    let finding = blocks("check-range-size").about(kind).with("kind", kind).with("range", range);
    found.push(finding.with("least", u32::from(least)).with("most", u32::from(most)));
    None
}

fn obstacles(facts: &HostFacts, site: &Site) -> Vec<Obstacle> {
    let network = &facts.network;
    let single = |code, address: Ipv4Addr| Obstacle {
        code,
        what: address.to_string(),
        interface: String::new(),
        network: Network::of(address, 32),
    };
    let mut all = Vec::new();
    // Halves of everything are a default route in disguise (VPNs), which any private range is more exact than.
    for route in network.routes.iter().filter(|route| route.to.prefix() > 1) {
        all.push(Obstacle {
            code: "check-range-route",
            what: route.to.to_string(),
            interface: route.interface.clone(),
            network: route.to,
        });
    }
    let own = network.interfaces.iter().flat_map(|interface| interface.addresses.iter().map(|(address, _)| *address));
    let site = site.address.as_deref().and_then(|address| address.parse().ok());
    all.extend(own.chain(site).map(|address| single("check-range-address", address)));
    for server in &network.name_servers {
        if let IpAddr::V4(server) = server
            && !server.is_loopback()
        {
            all.push(single("check-range-name-server", *server));
        }
    }
    all
}

/// An overlap blocks, as the ranges cannot be changed later; only a route that leaves no choice at all warns.
fn overlap(kind: &'static str, range: Network, obstacle: &Obstacle, choice: bool) -> Finding {
    let wider = obstacle.code == "check-range-route" && obstacle.network.prefix() < range.prefix();
    let finding = if wider && !choice { warns(obstacle.code) } else { blocks(obstacle.code) };
    let finding = finding.about(kind).with("kind", kind).with("range", range.to_string());
    let finding = finding.with("other", obstacle.what.as_str());
    if obstacle.interface.is_empty() { finding } else { finding.with("interface", obstacle.interface.as_str()) }
}

/// The lines of the site file that choose the free ranges.
fn offer(finding: Finding, instead: Option<(Network, Network)>) -> Finding {
    let Some((pods, services)) = instead else { return finding };
    let finding = finding.command("[kubernetes]").command(format!("cluster_cidr = \"{pods}\""));
    finding.command(format!("service_cidr = \"{services}\""))
}

/// The first network of the size of `wanted` that overlaps nothing taken: itself, those behind it, then all private ones.
fn nearest(wanted: Network, taken: &[Network]) -> Option<Network> {
    let blocks = PRIVATE.iter().map(|(address, prefix)| Network::of(*address, *prefix));
    let behind = blocks.clone().filter(|block| block.overlaps(&wanted) && block.prefix() <= wanted.prefix());
    let behind = behind.map(|block| (wanted.first(), block.last()));
    let itself = std::iter::once((wanted.first(), wanted.last()));
    let all = blocks.filter(|block| block.prefix() <= wanted.prefix()).map(|block| (block.first(), block.last()));
    itself.chain(behind).chain(all).find_map(|(first, last)| gap(wanted.prefix(), first, last, taken))
}

/// The first free network with this prefix between two addresses; each network taken is passed once.
fn gap(prefix: u8, first: Ipv4Addr, last: Ipv4Addr, taken: &[Network]) -> Option<Network> {
    let size = 1u64 << (32 - u32::from(prefix));
    let mut next = u64::from(u32::from(first)).next_multiple_of(size);
    while next + size - 1 <= u64::from(u32::from(last)) {
        let candidate = Network::of(Ipv4Addr::from(u32::try_from(next).ok()?), prefix);
        match taken.iter().find(|other| other.overlaps(&candidate)) {
            None => return Some(candidate),
            Some(other) => next = (u64::from(u32::from(other.last())) + 1).max(next + 1).next_multiple_of(size),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        text.parse().expect("network")
    }

    fn instead(taken: &[&str]) -> Option<(String, String)> {
        let taken: Vec<Network> = taken.iter().map(|text| network(text)).collect();
        let free = free(network("10.42.0.0/16"), network("10.43.0.0/16"), &taken);
        free.map(|(pods, services)| (pods.to_string(), services.to_string()))
    }

    #[test]
    fn what_is_proposed() {
        for (taken, pods, services) in [
            (&[][..], "10.42.0.0/16", "10.43.0.0/16"),
            (&["192.168.1.0/24"], "10.42.0.0/16", "10.43.0.0/16"),
            (&["10.42.7.0/24"], "10.44.0.0/16", "10.43.0.0/16"),
            (&["10.43.0.10/32"], "10.42.0.0/16", "10.44.0.0/16"),
            (&["10.42.0.0/15"], "10.44.0.0/16", "10.45.0.0/16"),
            (&["10.32.0.0/11", "10.64.0.0/10", "10.128.0.0/9"], "10.0.0.0/16", "10.1.0.0/16"),
            (&["10.0.0.0/8"], "172.16.0.0/16", "172.17.0.0/16"),
            (&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], "100.64.0.0/16", "100.65.0.0/16"),
        ] {
            assert_eq!(instead(taken), Some((pods.to_owned(), services.to_owned())), "{taken:?}");
        }
        assert_eq!(instead(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]), None);
        assert_eq!(instead(&["0.0.0.0/0"]), None);
    }

    fn any_network(prefixes: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = Network> {
        (any::<u32>(), prefixes).prop_map(|(address, prefix)| Network::of(address.into(), prefix))
    }

    /// Networks where private ones lie, so that they are often in the way.
    fn private_network() -> impl Strategy<Value = Network> {
        (0..PRIVATE.len(), any::<u32>(), 9u8..=32).prop_map(|(block, address, prefix)| {
            let (base, bits) = PRIVATE[block];
            Network::of((u32::from(base) | (address >> bits)).into(), prefix)
        })
    }

    proptest! {
        #[test]
        fn a_proposal_is_free_private_and_of_the_same_size(
            pods in any_network(8..=22),
            services in any_network(12..=24),
            taken in vec(prop_oneof![private_network(), any_network(4..=32)], 0..40),
        ) {
            if let Some((new_pods, new_services)) = free(pods, services, &taken) {
                prop_assert!(!new_pods.overlaps(&new_services));
                prop_assert_eq!((new_pods.prefix(), new_services.prefix()), (pods.prefix(), services.prefix()));
                for (new, old) in [(new_pods, pods), (new_services, services)] {
                    prop_assert!(taken.iter().all(|other| !other.overlaps(&new)));
                    let private = PRIVATE.iter().any(|(base, prefix)| {
                        let block = Network::of(*base, *prefix);
                        block.contains(new.first()) && block.contains(new.last())
                    });
                    prop_assert!(private || new == old);
                }
                // Nothing is asked to change that is in nobody's way.
                if !taken.iter().any(|other| other.overlaps(&services)) && !services.overlaps(&pods) {
                    prop_assert_eq!(new_services, services);
                    if !taken.iter().any(|other| other.overlaps(&pods)) {
                        prop_assert_eq!(new_pods, pods);
                    }
                }
                prop_assert_eq!(free(new_pods, new_services, &taken), Some((new_pods, new_services)));
            }
        }

        #[test]
        fn a_free_one_is_found_if_there_is_one(taken in vec(private_network(), 0..30), prefix in 16u8..=20) {
            let found = nearest(Network::of(Ipv4Addr::new(10, 42, 0, 0), prefix), &taken);
            let ten = (0u32..1 << (prefix - 8)).map(|place| {
                Network::of(((10 << 24) | (place << (32 - u32::from(prefix)))).into(), prefix)
            });
            let mut free = ten.filter(|range| !taken.iter().any(|other| other.overlaps(range)));
            prop_assert!(found.is_some() || free.next().is_none());
        }
    }
}
