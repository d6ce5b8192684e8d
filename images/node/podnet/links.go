package podnet

import (
	"errors"
	"fmt"
	"net"
	"sort"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
)

const (
	// tunnel has the name that k3s's clean-up script looks for.
	tunnel     = "flannel.1"
	tunnelID   = 1
	tunnelPort = 8472
	// routeProtocol marks our routes in host-gw mode, so that only ours are removed.
	routeProtocol = 0x4b
)

// connect makes the routes to all peers and returns the MTU of pods.
func (n *Network) connect(own *net.IPNet, peers []peer) (int, error) {
	local := net.ParseIP(n.NodeIP).To4()
	if local == nil {
		return 0, fmt.Errorf("node address %q is not IPv4", n.NodeIP)
	}
	uplink, err := linkOf(local)
	if err != nil {
		return 0, err
	}
	mtu := uplink.Attrs().MTU
	if n.Backend == "host-gw" {
		return mtu, replaceRoutes(uplink, peers, func(p peer) *netlink.Route {
			return &netlink.Route{LinkIndex: uplink.Attrs().Index, Dst: p.pods, Gw: p.address, Protocol: routeProtocol}
		})
	}
	mtu -= overhead
	link, err := ensureTunnel(uplink, local, own.IP, mtu)
	if err != nil {
		return 0, fmt.Errorf("set up %s: %w", tunnel, err)
	}
	for _, p := range peers {
		if err := teach(link, p); err != nil {
			return 0, fmt.Errorf("reach %s: %w", p.address, err)
		}
	}
	return mtu, replaceRoutes(link, peers, func(p peer) *netlink.Route {
		return &netlink.Route{LinkIndex: link.Attrs().Index, Dst: p.pods, Gw: p.pods.IP, Flags: int(netlink.FLAG_ONLINK), Protocol: routeProtocol}
	})
}

// hardwareAddress derives the tunnel end's address from the host's, so that peers need not exchange it.
func hardwareAddress(ip net.IP) net.HardwareAddr {
	v4 := ip.To4()
	return net.HardwareAddr{0x0a, 0x58, v4[0], v4[1], v4[2], v4[3]}
}

func linkOf(ip net.IP) (netlink.Link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		addresses, err := netlink.AddrList(l, netlink.FAMILY_V4)
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			if a.IP.Equal(ip) {
				return l, nil
			}
		}
	}
	return nil, fmt.Errorf("no interface of this host has the address %s", ip)
}

func ensureTunnel(uplink netlink.Link, local, network net.IP, mtu int) (netlink.Link, error) {
	want := &netlink.Vxlan{
		LinkAttrs: netlink.LinkAttrs{Name: tunnel, MTU: mtu, HardwareAddr: hardwareAddress(local)},
		VxlanId:   tunnelID, VtepDevIndex: uplink.Attrs().Index, SrcAddr: local, Port: tunnelPort,
	}
	link, err := netlink.LinkByName(tunnel)
	if err == nil {
		have, ok := link.(*netlink.Vxlan)
		if !ok || !have.SrcAddr.Equal(local) || have.Port != tunnelPort || have.VtepDevIndex != want.VtepDevIndex {
			if err := netlink.LinkDel(link); err != nil {
				return nil, err
			}
			link = nil
		}
	} else {
		var missing netlink.LinkNotFoundError
		if !errors.As(err, &missing) {
			return nil, err
		}
		link = nil
	}
	if link == nil {
		if err := netlink.LinkAdd(want); err != nil {
			return nil, err
		}
		if link, err = netlink.LinkByName(tunnel); err != nil {
			return nil, err
		}
	}
	address := &netlink.Addr{IPNet: &net.IPNet{IP: network, Mask: net.CIDRMask(32, 32)}}
	if err := netlink.AddrReplace(link, address); err != nil {
		return nil, err
	}
	return link, netlink.LinkSetUp(link)
}

// teach tells the kernel behind which host a peer's tunnel end is.
func teach(link netlink.Link, p peer) error {
	index, mac := link.Attrs().Index, hardwareAddress(p.address)
	if err := netlink.NeighSet(&netlink.Neigh{
		LinkIndex: index, Family: syscall.AF_BRIDGE, Flags: netlink.NTF_SELF, State: netlink.NUD_PERMANENT, IP: p.address, HardwareAddr: mac,
	}); err != nil {
		return err
	}
	return netlink.NeighSet(&netlink.Neigh{LinkIndex: index, State: netlink.NUD_PERMANENT, IP: p.pods.IP, HardwareAddr: mac})
}

// replaceRoutes sets one route a peer and removes our routes to hosts that are gone.
func replaceRoutes(link netlink.Link, peers []peer, route func(peer) *netlink.Route) error {
	wanted := map[string]bool{}
	for _, p := range peers {
		wanted[p.pods.String()] = true
		if err := netlink.RouteReplace(route(p)); err != nil {
			return fmt.Errorf("route to %s: %w", p.pods, err)
		}
	}
	filter := &netlink.Route{Protocol: routeProtocol, LinkIndex: link.Attrs().Index}
	have, err := netlink.RouteListFiltered(netlink.FAMILY_V4, filter, netlink.RT_FILTER_PROTOCOL|netlink.RT_FILTER_OIF)
	if err != nil {
		return err
	}
	for _, r := range have {
		if r.Dst != nil && !wanted[r.Dst.String()] {
			if err := netlink.RouteDel(&r); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortedKey(key string) string {
	parts := strings.Fields(key)
	sort.Strings(parts)
	return strings.Join(parts, " ") + " "
}
