package worker

import (
	"context"
	"fmt"
	"path/filepath"

	"bridle.local/node/kubeconfig"
	"bridle.local/node/podnet"
	"bridle.local/node/policy"
	"k8s.io/client-go/informers"
)

// startNetwork starts routes, masquerading and policies; the CNI configuration appears once the node has its pod range.
func (c *Config) startNetwork(ctx context.Context) error {
	client, _, err := kubeconfig.Client(filepath.Join(c.dir(), "k3scontroller.kubeconfig"), "k3s-network")
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	socket := ""
	if !c.NoPolicy {
		socket = runDir + "/pod-policy.sock"
		if err := policy.Start(ctx, factory, c.NodeName, socket); err != nil {
			return fmt.Errorf("start network policies: %w", err)
		}
	} else if err := policy.Remove(ctx); err != nil {
		return err
	}
	network := &podnet.Network{
		NodeName: c.NodeName, NodeIP: c.NodeIP, ClusterCIDR: c.ClusterCIDR, Backend: c.Backend,
		ConfDir: filepath.Join(c.dir(), "etc", "cni", "net.d"), PolicySocket: socket,
	}
	if err := network.Start(ctx, factory); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	return nil
}
