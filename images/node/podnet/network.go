// Package podnet connects pods: one bridge a host, VXLAN (or plain routes) between hosts, masquerading to the outside.
package podnet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"bridle.local/node/files"
	"github.com/sirupsen/logrus"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	core "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

const (
	// overhead is what VXLAN over IPv4 adds to a frame.
	overhead    = 50
	retryAfter  = 2 * time.Second
	commandTime = 20 * time.Second
)

// Network is the pod network of one host.
type Network struct {
	NodeName, NodeIP string
	ClusterCIDR      string
	// Backend is vxlan, host-gw or none.
	Backend string
	// ConfDir is where containerd looks for the CNI configuration.
	ConfDir string
	// PolicySocket is the enforcer's; empty without network policies.
	PolicySocket string

	nodes core.NodeLister
}

// peer is another host of the cluster.
type peer struct {
	address net.IP
	pods    *net.IPNet
}

// Start follows the cluster's nodes; the factory must be started afterwards.
func (n *Network) Start(ctx context.Context, factory informers.SharedInformerFactory) error {
	switch n.Backend {
	case "vxlan", "host-gw":
	case "none":
		return nil
	default:
		return fmt.Errorf("flannel-backend %s is not supported by this build", n.Backend)
	}
	n.nodes = factory.Core().V1().Nodes().Lister()
	informer := factory.Core().V1().Nodes().Informer()
	changed := make(chan struct{}, 1)
	poke := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { poke() }, UpdateFunc: func(any, any) { poke() }, DeleteFunc: func(any) { poke() },
	}); err != nil {
		return err
	}
	go func() {
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return
		}
		last := ""
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			own, peers, key := n.layout()
			if own == nil || key == last {
				continue
			}
			if err := n.apply(ctx, own, peers); err != nil {
				logrus.Errorf("Failed to set up the pod network: %v", err)
				time.AfterFunc(retryAfter, poke)
				continue
			}
			last = key
		}
	}()
	return nil
}

// layout reads pod ranges and addresses of all nodes; key changes with them.
func (n *Network) layout() (own *net.IPNet, peers []peer, key string) {
	nodes, err := n.nodes.List(labels.Everything())
	if err != nil {
		return nil, nil, ""
	}
	for _, node := range nodes {
		_, pods, err := net.ParseCIDR(node.Spec.PodCIDR)
		if err != nil {
			continue
		}
		if node.Name == n.NodeName {
			own = pods
		} else if ip := internalIP(node); ip != nil {
			peers = append(peers, peer{ip, pods})
		}
	}
	for _, p := range peers {
		key += p.address.String() + "=" + p.pods.String() + " "
	}
	if own != nil {
		key = sortedKey(key) + "own=" + own.String()
	}
	return own, peers, key
}

func (n *Network) apply(ctx context.Context, own *net.IPNet, peers []peer) error {
	mtu, err := n.connect(own, peers)
	if err != nil {
		return err
	}
	if err := n.masquerade(ctx); err != nil {
		return err
	}
	return n.writeConf(own, mtu)
}

func (n *Network) writeConf(own *net.IPNet, mtu int) error {
	plugins := []any{
		map[string]any{
			"type": "bridge", "bridge": "cni0", "isDefaultGateway": true, "hairpinMode": true, "ipMasq": false, "forceAddress": true, "mtu": mtu,
			"ipam": map[string]any{
				"type": "host-local", "ranges": []any{[]any{map[string]any{"subnet": own.String()}}},
				"routes": []any{map[string]any{"dst": n.ClusterCIDR}},
			},
		},
		map[string]any{"type": "portmap", "capabilities": map[string]any{"portMappings": true}, "snat": true, "backend": "nftables"},
	}
	if n.PolicySocket != "" {
		plugins = append(plugins, map[string]any{"type": "pod-policy", "socket": n.PolicySocket})
	}
	text, err := json.MarshalIndent(map[string]any{"cniVersion": "1.0.0", "name": "cbr0", "plugins": plugins}, "", "  ")
	if err != nil {
		return err
	}
	return files.Write(filepath.Join(n.ConfDir, "10-flannel.conflist"), append(text, '\n'), 0o644)
}

// masquerade hides pods behind the host's address towards everything that is not a pod.
func (n *Network) masquerade(ctx context.Context) error {
	rules := fmt.Sprintf(`add table ip k3s_net
delete table ip k3s_net
table ip k3s_net {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr %[1]s ip daddr != %[1]s ip daddr != 224.0.0.0/4 masquerade
  }
}
`, n.ClusterCIDR)
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	command := exec.CommandContext(ctx, "nft", "-f", "-")
	command.Stdin = strings.NewReader(rules)
	var out bytes.Buffer
	command.Stderr = &out
	if err := command.Run(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, out.String())
	}
	return nil
}

func internalIP(node *v1.Node) net.IP {
	for _, a := range node.Status.Addresses {
		if a.Type == v1.NodeInternalIP {
			if ip := net.ParseIP(a.Address).To4(); ip != nil {
				return ip
			}
		}
	}
	return nil
}
