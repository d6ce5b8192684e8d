package datastore

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"bridle.local/node/files"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/snapshot"
	"go.uber.org/zap"
)

const (
	// snapshotLimit is how long one snapshot may take; the database is at most quotaBytes.
	snapshotLimit = 10 * time.Minute
	// answerLimit is how long a running etcd may take to answer.
	answerLimit = 10 * time.Second
	zipSuffix   = ".zip"
)

func prefixOption() clientv3.OpOption { return clientv3.WithPrefix() }

// Snapshot is one file in the snapshot folder.
type Snapshot struct {
	Name    string
	Path    string
	Size    int64
	Created time.Time
}

// DefaultSnapshotDir is DATA/server/db/snapshots.
func (s *Store) DefaultSnapshotDir() string { return filepath.Join(s.ServerDir, "db", "snapshots") }

// Save writes a snapshot NAME-NODE-UNIXTIME to the folder.
func (s *Store) Save(ctx context.Context, dir, name string, compress bool) (string, error) {
	if !s.Initialized() {
		return "", fmt.Errorf("etcd database not found in %s", s.dir())
	}
	if name == "" || strings.ContainsAny(name, "/\\") {
		return "", fmt.Errorf("%q is no name for a snapshot", name)
	}
	ctx, cancel := context.WithTimeout(ctx, snapshotLimit)
	defer cancel()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	config, err := s.clientConfig(ctx)
	if err != nil {
		return "", err
	}
	if err := s.answers(ctx); err != nil {
		return "", fmt.Errorf("etcd is not running: %w", err)
	}
	full := fmt.Sprintf("%s-%s-%d", name, s.NodeName, time.Now().Unix())
	path := filepath.Join(dir, full)
	if _, err := snapshot.SaveWithVersion(ctx, zap.NewNop(), config, path); err != nil {
		return "", fmt.Errorf("save snapshot: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return "", err
	}
	if compress {
		if err := zipFile(path); err != nil {
			return "", fmt.Errorf("compress snapshot: %w", err)
		}
		full += zipSuffix
	}
	return full, files.SyncDir(dir)
}

// answers says whether the local member is up.
func (s *Store) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	client, err := s.Client(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = client.Status(ctx, clientEndpoint)
	return err
}

// List gives the snapshots of a folder, the oldest first.
func List(dir string) ([]Snapshot, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var out []Snapshot
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || strings.HasSuffix(e.Name(), ".part") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		out = append(out, Snapshot{e.Name(), filepath.Join(dir, e.Name()), info.Size(), info.ModTime()})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Created.Before(out[j].Created) })
	return out, nil
}

// Delete removes the named snapshots and says which.
func Delete(dir string, names []string) error {
	for _, n := range names {
		if n != filepath.Base(n) || n == "." || n == ".." {
			return fmt.Errorf("%q is no name of a snapshot", n)
		}
		if err := os.Remove(filepath.Join(dir, n)); err != nil {
			return fmt.Errorf("delete snapshot %s: %w", n, err)
		}
	}
	return files.SyncDir(dir)
}

// Prune keeps the newest snapshots of one name on this node.
func (s *Store) Prune(dir, name string, keep int) ([]string, error) {
	all, err := List(dir)
	if err != nil || keep < 1 {
		return nil, err
	}
	var own []string
	for _, e := range all {
		if strings.HasPrefix(e.Name, name+"-"+s.NodeName+"-") {
			own = append(own, e.Name)
		}
	}
	if len(own) <= keep {
		return nil, nil
	}
	gone := own[:len(own)-keep]
	return gone, Delete(dir, gone)
}

// ListJSON renders snapshots as k3s does: a List of ETCDSnapshotFile objects.
func ListJSON(list []Snapshot, node string) ([]byte, error) {
	items := []any{}
	for _, e := range list {
		items = append(items, map[string]any{
			"apiVersion": "k3s.cattle.io/v1", "kind": "ETCDSnapshotFile",
			"metadata": map[string]any{"name": "local-" + e.Name, "creationTimestamp": nil},
			"spec":     map[string]any{"snapshotName": e.Name, "nodeName": node, "location": "file://" + e.Path},
			"status": map[string]any{
				"size": fmt.Sprint(e.Size), "creationTime": e.Created.UTC().Format(time.RFC3339), "readyToUse": true,
			},
		})
	}
	return json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}, "items": items})
}

func zipFile(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	part := path + zipSuffix + ".part"
	out, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(out)
	entry, err := archive.Create(filepath.Base(path))
	if err == nil {
		_, err = io.Copy(entry, in)
	}
	err = errors.Join(err, archive.Close(), out.Sync(), out.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(part, path+zipSuffix); err != nil {
		return err
	}
	return os.Remove(path)
}

// unzip writes the only entry of a compressed snapshot beside the database and returns its path.
func (s *Store) unzip(path string) (string, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return "", err
	}
	defer archive.Close()
	if len(archive.File) != 1 {
		return "", fmt.Errorf("%s does not hold exactly one snapshot", path)
	}
	in, err := archive.File[0].Open()
	if err != nil {
		return "", err
	}
	defer in.Close()
	target := filepath.Join(s.ServerDir, "db", ".restore")
	out, err := os.OpenFile(target, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	n, err := io.Copy(out, io.LimitReader(in, quotaBytes*2+1))
	if err == nil && n > quotaBytes*2 {
		err = errors.New("larger than a database may be")
	}
	return target, errors.Join(err, out.Close())
}
