package server

import (
	"context"
	"fmt"

	"bridle.local/node/datastore"
	"github.com/robfig/cron/v3"
	"github.com/sirupsen/logrus"
)

// Schedule says when snapshots are taken and how many are kept.
type Schedule struct {
	Disabled bool
	Cron     string
	Name     string
	Dir      string
	Keep     int
	Compress bool
}

func (s Schedule) start(ctx context.Context, store *datastore.Store) error {
	if s.Disabled || s.Cron == "" {
		return nil
	}
	clock := cron.New(cron.WithChain(cron.SkipIfStillRunning(cron.DiscardLogger)))
	if _, err := clock.AddFunc(s.Cron, func() {
		name, err := store.Save(ctx, s.Dir, s.Name, s.Compress)
		if err != nil {
			logrus.Errorf("Failed to take etcd snapshot: %v", err)
			return
		}
		logrus.Infof("Saved etcd snapshot %s", name)
		if _, err := store.Prune(s.Dir, s.Name, s.Keep); err != nil {
			logrus.Errorf("Failed to apply etcd snapshot retention: %v", err)
		}
	}); err != nil {
		return fmt.Errorf("etcd-snapshot-schedule-cron: %w", err)
	}
	clock.Start()
	go func() {
		<-ctx.Done()
		clock.Stop()
	}()
	return nil
}
