package component

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

// etcdStartLimit is how long etcd may take to be ready; a write-ahead log of a full quota replays well within it.
const etcdStartLimit = 5 * time.Minute

func newEtcdCommand() *cobra.Command {
	return &cobra.Command{Use: "etcd CONFIG", Args: cobra.ExactArgs(1), SilenceUsage: true, RunE: func(_ *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		config, err := embed.ConfigFromFile(args[0])
		if err != nil {
			return fmt.Errorf("read %s: %w", args[0], err)
		}
		server, err := embed.StartEtcd(config)
		if err != nil {
			return fmt.Errorf("start etcd: %w", err)
		}
		defer server.Close()
		select {
		case <-server.Server.ReadyNotify():
		case <-time.After(etcdStartLimit):
			return errors.New("etcd was not ready in time")
		case <-ctx.Done():
			return nil
		}
		select {
		case err := <-server.Err():
			return err
		case <-server.Server.StopNotify():
			return errors.New("etcd stopped")
		case <-ctx.Done():
			return nil
		}
	}}
}
