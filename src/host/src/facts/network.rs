//! Interfaces, routes and name servers.

use std::net::{IpAddr, Ipv4Addr};

use bridle_core::facts::{Interface, NetworkFacts, Route};
use bridle_core::network::Network;
use sysinfo::Networks;

use super::files::Files;

/// Interfaces of the pods' network, which stay when an installation of ours is taken back.
const OURS: &[&str] = &["cni0", "flannel.1", "flannel-wg"];
/// Most routes that are read; a host that takes part in routing may have many.
const MOST_ROUTES: usize = 65_536;
/// Most name servers that a resolver asks is three; more are no fault.
const MOST_SERVERS: usize = 16;

pub(super) fn facts(files: &Files<'_>, earlier: bool) -> NetworkFacts {
    let strange = |name: &str| !(earlier && OURS.contains(&name));
    let mut routes = routes(&files.text("/proc/net/route"));
    routes.retain(|route| strange(&route.interface));
    let mut interfaces = interfaces();
    interfaces.retain(|interface| strange(&interface.name));
    NetworkFacts { interfaces, routes, name_servers: name_servers(files) }
}

fn interfaces() -> Vec<Interface> {
    let Ok(networks) = Networks::new_with_refreshed_list() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, data) in &networks {
        let addresses = data.ip_networks().iter().filter_map(|network| match network.addr {
            IpAddr::V4(address) => is_usable(address).then_some((address, network.prefix)),
            IpAddr::V6(_) => None, // the platform is IPv4 only so far
        });
        let mut addresses: Vec<(Ipv4Addr, u8)> = addresses.collect();
        addresses.sort_unstable();
        addresses.dedup();
        let name = name.to_string_lossy().into_owned();
        if name != "lo" {
            found.push(Interface { name, addresses, mtu: data.mtu() });
        }
    }
    found.sort_by(|one, two| one.name.cmp(&two.name));
    found
}

fn is_usable(address: Ipv4Addr) -> bool {
    !address.is_loopback() && !address.is_link_local() && !address.is_unspecified()
}

/// The rows of `/proc/net/route`: interface, destination, gateway, flags, …, metric, mask, as hexadecimal numbers in the
/// order of the machine's bytes.
pub(super) fn routes(table: &str) -> Vec<Route> {
    let rows = table.lines().skip(1).take(MOST_ROUTES).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter_map(|row| route(&row)).collect()
}

fn route(row: &[&str]) -> Option<Route> {
    let [interface, to, gateway, flags, _, _, metric, mask, ..] = row else { return None };
    let flags = u32::from_str_radix(flags, 16).ok()?;
    // RTF_UP, and not RTF_REJECT: nothing goes where packets are refused.
    if flags & 0x0001 == 0 || flags & 0x0200 != 0 {
        return None;
    }
    let mask = u32::from(address(mask)?);
    // A mask with gaps is none that this kernel makes.
    let prefix = u8::try_from(mask.leading_ones()).ok().filter(|prefix| u32::from(*prefix) == mask.count_ones())?;
    Some(Route {
        interface: interface.chars().filter(|c| !c.is_control()).take(40).collect(),
        to: Network::of(address(to)?, prefix),
        gateway: address(gateway).filter(|gateway| !gateway.is_unspecified()),
        metric: metric.parse().ok()?,
    })
}

fn address(hexadecimal: &str) -> Option<Ipv4Addr> {
    (hexadecimal.len() == 8).then_some(())?;
    u32::from_str_radix(hexadecimal, 16).ok().map(|number| Ipv4Addr::from(number.to_ne_bytes()))
}

/// The servers that are asked in the end: behind systemd's own resolver those that it asks.
fn name_servers(files: &Files<'_>) -> Vec<IpAddr> {
    let direct = servers(&files.text("/etc/resolv.conf"));
    if !direct.is_empty() && direct.iter().all(IpAddr::is_loopback) {
        let behind = servers(&files.text("/run/systemd/resolve/resolv.conf"));
        if !behind.is_empty() {
            return behind;
        }
    }
    direct
}

/// `nameserver` lines (resolv.conf(5)); the zone of a link-local address is left out.
pub(super) fn servers(resolv_conf: &str) -> Vec<IpAddr> {
    let lines = resolv_conf.lines().filter_map(|line| line.trim_start().strip_prefix("nameserver"));
    let words = lines.filter(|rest| rest.starts_with([' ', '\t'])).filter_map(|rest| rest.split_whitespace().next());
    let addresses = words.filter_map(|word| word.split('%').next()?.parse().ok());
    addresses.take(MOST_SERVERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_routes() {
        let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
            eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
            tun0\t0000000A\t0100A8C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n\
            *\t0000000B\t00000000\t0200\t0\t0\t0\t000000FF\t0\t0\t0\n\
            odd\t0000000A\t00000000\t0001\t0\t0\t0\t00FF00FF\t0\t0\t0\n\
            bad\tx\n\n";
        let routes = routes(table);
        let found: Vec<_> = routes.iter().map(|route| (route.interface.as_str(), route.to.to_string())).collect();
        assert_eq!(
            found,
            [
                ("eth0", "0.0.0.0/0".to_owned()),
                ("eth0", "192.168.0.0/24".to_owned()),
                ("tun0", "10.0.0.0/8".to_owned())
            ]
        );
        assert_eq!((routes[0].gateway, routes[0].metric), (Some(Ipv4Addr::new(192, 168, 0, 1)), 100));
        assert_eq!(routes[1].gateway, None);
    }

    #[test]
    fn reads_name_servers() {
        let text = "# nameserver 192.0.2.1\nsearch x\nnameserver 192.0.2.53\n  nameserver\tfe80::1%eth0 # x\n\
                    nameserver\nnameservers 192.0.2.9\nnameserver hostile\n";
        let found: Vec<String> = servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.53", "fe80::1"]);
        assert_eq!(servers(&"nameserver 192.0.2.1\n".repeat(100)).len(), MOST_SERVERS);
    }

    #[test]
    fn asks_whom_the_local_resolver_asks() {
        let root = tempfile::tempdir().expect("dir");
        let layout = crate::layout::Layout::under(root.path());
        let put = |path: &str, text: &str| {
            let path = layout.at(path);
            crate::files::make_dirs(path.parent().expect("parent"), 0o755).expect("dirs");
            crate::files::write_atomic(&path, text.as_bytes(), 0o644).expect("write");
        };
        let files = Files::under(&layout);
        put("/etc/resolv.conf", "nameserver 127.0.0.53\n");
        assert!(name_servers(&files).iter().all(IpAddr::is_loopback));
        put("/run/systemd/resolve/resolv.conf", "nameserver 192.0.2.53\n");
        assert_eq!(name_servers(&files), [IpAddr::from([192, 0, 2, 53])]);
    }
}
