package command

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"bridle.local/node/cli"
	"bridle.local/node/supervise"
	"bridle.local/node/token"
	"bridle.local/node/worker"
	"github.com/sirupsen/logrus"
)

const joinPause = 5 * time.Second

func runAgent(args []string) error {
	o, err := cli.Parse(cli.AgentFlags(), args, true)
	if err != nil {
		return err
	}
	if o.Text("server") == "" {
		return errors.New("--server is required")
	}
	secret, err := token.FromConfig(o.Text("token"), o.Text("token-file"))
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	if secret.Secret == "" {
		return errors.New("--token is required")
	}
	if err := prepareProcess(o); err != nil {
		return err
	}
	c, err := workerConfig(o)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	remote := &worker.Remote{Server: o.Text("server"), Token: secret, NodeName: c.NodeName, NodeIP: c.NodeIP}
	if err := work(ctx, c, remote, o.Text("server")); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// work joins and runs until a part ends or ctx is cancelled.
func work(ctx context.Context, c *worker.Config, remote *worker.Remote, server string) error {
	settings, err := join(ctx, remote)
	if err != nil {
		return err
	}
	c.Server, c.Sign = server, remote
	c.ClusterCIDR, c.ClusterDNS, c.ClusterDomain = settings.ClusterCIDR, settings.ClusterDNS, settings.ClusterDomain
	c.Backend, c.NoProxy, c.NoPolicy = settings.Backend, settings.NoProxy, settings.NoPolicy
	group := supervise.NewGroup()
	defer group.Stop()
	if err := c.StartRuntime(ctx, group); err != nil {
		return err
	}
	if err := c.Start(ctx, group); err != nil {
		return err
	}
	notify("READY=1")
	logrus.Info("k3s agent is up and running")
	select {
	case err := <-group.Failed():
		return err
	case <-ctx.Done():
		return nil
	}
}

// join asks the server until it answers or the service is stopped, as k3s does.
func join(ctx context.Context, remote *worker.Remote) (worker.Settings, error) {
	for {
		err := remote.Connect(ctx)
		if err == nil {
			var s worker.Settings
			if s, err = remote.Settings(ctx); err == nil {
				return s, nil
			}
		}
		logrus.Errorf("Failed to join the cluster at %s, will try again: %v", remote.Server, err)
		select {
		case <-ctx.Done():
			return worker.Settings{}, ctx.Err()
		case <-time.After(joinPause):
		}
	}
}
