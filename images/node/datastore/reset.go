package datastore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bridle.local/node/files"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// resetLimit is how long the reset database may take to answer.
const resetLimit = 5 * time.Minute

// CheckReset says why a reset would be refused, before anything is changed.
func (s *Store) CheckReset(snapshotPath string) error {
	if snapshotPath == "" {
		if _, err := os.Stat(s.ResetFlag()); err == nil {
			return fmt.Errorf("managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start k3s normally. "+
				"If you need to perform another cluster reset, you must first manually delete the file at %s", s.ResetFlag())
		}
		if !s.Initialized() {
			return fmt.Errorf("etcd database not found in %s", s.dir())
		}
		return nil
	}
	info, err := os.Stat(snapshotPath)
	if os.IsNotExist(err) {
		return fmt.Errorf("etcd: snapshot path does not exist: %s", snapshotPath)
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("etcd: snapshot path must be a file, not a directory: %s", snapshotPath)
	}
	return nil
}

// Restore replaces the database by a snapshot; the old one is kept as db/etcd-old-UNIXTIME.
func (s *Store) Restore(snapshotPath string) error {
	source := snapshotPath
	if strings.HasSuffix(snapshotPath, zipSuffix) {
		if err := os.MkdirAll(filepath.Join(s.ServerDir, "db"), 0o700); err != nil {
			return err
		}
		plain, err := s.unzip(snapshotPath)
		if err != nil {
			return fmt.Errorf("read snapshot: %w", err)
		}
		defer os.Remove(plain)
		source = plain
	}
	fresh := filepath.Join(s.ServerDir, "db", ".etcd-restored")
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%08x", s.NodeName, uint32(time.Now().UnixNano()))
	restore := snapshot.RestoreConfig{
		SnapshotPath: source, Name: name, OutputDataDir: fresh, PeerURLs: []string{s.peer()},
		InitialCluster: name + "=" + s.peer(), InitialClusterToken: "etcd-cluster",
	}
	if err := snapshot.NewV3(zap.NewNop()).Restore(restore); err != nil {
		_ = os.RemoveAll(fresh)
		return fmt.Errorf("restore %s: %w", snapshotPath, err)
	}
	if err := files.Write(filepath.Join(fresh, "name"), []byte(name), 0o600); err != nil {
		return err
	}
	if _, err := os.Stat(s.dir()); err == nil {
		old := fmt.Sprintf("%s-old-%d", s.dir(), time.Now().Unix())
		if err := os.Rename(s.dir(), old); err != nil {
			return err
		}
	}
	if err := os.Rename(fresh, s.dir()); err != nil {
		return err
	}
	return files.SyncDir(filepath.Dir(s.dir()))
}

// Reset starts the database alone as a cluster of one with this host's address, runs work on it and stops it.
func (s *Store) Reset(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, resetLimit)
	defer cancel()
	path, err := s.WriteConfig(true)
	if err != nil {
		return err
	}
	config, err := embed.ConfigFromFile(path)
	if err != nil {
		return err
	}
	server, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	defer server.Close()
	select {
	case <-server.Server.ReadyNotify():
	case err := <-server.Err():
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.claimMembership(ctx); err != nil {
		return fmt.Errorf("reset etcd membership: %w", err)
	}
	if err := work(ctx); err != nil {
		return err
	}
	return files.Write(s.ResetFlag(), nil, 0o600)
}

// CheckMember fails where the database knows this host by another address; a reset cures that.
func (s *Store) CheckMember(ctx context.Context) error {
	client, err := s.Client(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	list, err := client.MemberList(ctx)
	if err != nil {
		return fmt.Errorf("list etcd members: %w", err)
	}
	name, err := s.memberName()
	if err != nil {
		return err
	}
	var found []string
	for _, m := range list.Members {
		for _, url := range m.PeerURLs {
			if url == s.peer() && m.Name == name {
				return nil
			}
			found = append(found, m.Name+"="+url)
		}
	}
	return fmt.Errorf("this server is a not a member of the etcd cluster. Found %v, expect: %s=%s", found, name, s.NodeIP)
}

func (s *Store) claimMembership(ctx context.Context) error {
	client, err := s.Client(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	list, err := client.MemberList(ctx)
	if err != nil {
		return err
	}
	if len(list.Members) != 1 {
		return errors.New("etcd still has more than one member")
	}
	member := list.Members[0]
	if len(member.PeerURLs) == 1 && member.PeerURLs[0] == s.peer() {
		return nil
	}
	_, err = client.MemberUpdate(ctx, member.ID, []string{s.peer()})
	return err
}
