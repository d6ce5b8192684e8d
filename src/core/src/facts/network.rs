//! Interfaces, routes and name servers of a host.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::network::Network;

/// Interfaces, routes and name servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkFacts {
    /// Interfaces without loopback and without those of an earlier installation of ours.
    pub interfaces: Vec<Interface>,
    /// IPv4 routes of the main table without those of an earlier installation of ours.
    pub routes: Vec<Route>,
    /// Name servers of the host itself.
    pub name_servers: Vec<IpAddr>,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// Its IPv4 addresses with the length of their prefix, without loopback and link-local ones.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    /// Largest packet in bytes; zero where it cannot be told.
    pub mtu: u64,
}

/// An IPv4 route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Interface.
    pub interface: String,
    /// Where it leads.
    pub to: Network,
    /// Next hop; absent where the network is at the cable.
    pub gateway: Option<Ipv4Addr>,
    /// The lowest one wins.
    pub metric: u32,
}

impl NetworkFacts {
    /// The route that everything without another one takes.
    #[must_use]
    pub fn default_route(&self) -> Option<&Route> {
        self.routes.iter().filter(|route| route.to.prefix() == 0).min_by_key(|route| route.metric)
    }

    /// Addresses that others can reach, that of the default route's interface first, without those of bridges and
    /// tunnels for containers and virtual machines.
    #[must_use]
    pub fn addresses(&self) -> Vec<Ipv4Addr> {
        let first = self.default_route().map(|route| route.interface.as_str());
        let outer = self.interfaces.iter().filter(|interface| !is_inner(&interface.name));
        let mut outer: Vec<&Interface> = outer.collect();
        outer.sort_by_key(|interface| (Some(interface.name.as_str()) != first, interface.name.clone()));
        outer.into_iter().flat_map(|interface| interface.addresses.iter().map(|(address, _)| *address)).collect()
    }
}

/// Interfaces that programs make for containers and virtual machines.
fn is_inner(name: &str) -> bool {
    ["cni", "flannel", "docker", "br-", "virbr", "veth", "kube-", "cali", "lxc", "podman"]
        .iter()
        .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_default_route_comes_first() {
        let interface = |name: &str, last| Interface {
            name: name.to_owned(),
            addresses: vec![(Ipv4Addr::new(192, 0, 2, last), 24)],
            mtu: 1500,
        };
        let route = |interface: &str, metric| Route {
            interface: interface.to_owned(),
            to: "0.0.0.0/0".parse().expect("network"),
            gateway: Some(Ipv4Addr::new(192, 0, 2, 1)),
            metric,
        };
        let network = NetworkFacts {
            interfaces: vec![interface("a", 1), interface("b", 2), interface("docker0", 3), interface("c", 4)],
            routes: vec![route("b", 200), route("c", 100)],
            name_servers: Vec::new(),
        };
        let last: Vec<u8> = network.addresses().iter().map(|address| address.octets()[3]).collect();
        assert_eq!(last, [4, 1, 2]);
    }
}
