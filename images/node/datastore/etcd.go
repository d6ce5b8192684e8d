// Package datastore configures, saves, restores and resets the embedded etcd.
package datastore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bridle.local/node/files"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"sigs.k8s.io/yaml"
)

const (
	clientEndpoint = "https://127.0.0.1:2379"
	// MetricsURL answers /health without a certificate.
	MetricsURL  = "http://127.0.0.1:2381"
	dialTimeout = 5 * time.Second
	// quotaBytes is etcd's advised maximum and less than its default times four.
	quotaBytes = 2 << 30
	// warnAfter is how long a request may take before etcd logs it.
	warnAfter = 500 * time.Millisecond
)

// Store is the etcd of one server.
type Store struct {
	// ServerDir is DATA/server.
	ServerDir string
	NodeName  string
	NodeIP    string
}

func (s *Store) dir() string  { return filepath.Join(s.ServerDir, "db", "etcd") }
func (s *Store) tls() string  { return filepath.Join(s.ServerDir, "tls", "etcd") }
func (s *Store) peer() string { return "https://" + net.JoinHostPort(s.NodeIP, "2380") }

// ResetFlag is the file that keeps a second reset without a snapshot from happening unnoticed.
func (s *Store) ResetFlag() string { return filepath.Join(s.ServerDir, "db", "reset-flag") }

// Initialized says whether there is a database.
func (s *Store) Initialized() bool {
	_, err := os.Stat(filepath.Join(s.dir(), "member", "wal"))
	return err == nil
}

// memberName is the node's name and a random part, kept in db/etcd/name.
func (s *Store) memberName() (string, error) {
	path := filepath.Join(s.dir(), "name")
	text, err := os.ReadFile(path)
	if err == nil && len(text) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	random := make([]byte, 4)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	name := s.NodeName + "-" + hex.EncodeToString(random)
	if err := os.MkdirAll(s.dir(), 0o700); err != nil {
		return "", err
	}
	return name, files.Write(path, []byte(name), 0o600)
}

// WriteConfig writes db/etcd/config and returns its path.
func (s *Store) WriteConfig(forceNewCluster bool) (string, error) {
	name, err := s.memberName()
	if err != nil {
		return "", err
	}
	if err := os.Chmod(s.dir(), 0o700); err != nil {
		return "", err
	}
	security := func(cert, ca string) map[string]any {
		return map[string]any{
			"cert-file": filepath.Join(s.tls(), cert+".crt"), "key-file": filepath.Join(s.tls(), cert+".key"),
			"client-cert-auth": true, "trusted-ca-file": filepath.Join(s.tls(), ca+".crt"),
		}
	}
	clients := clientEndpoint + ",https://" + net.JoinHostPort(s.NodeIP, "2379")
	config := map[string]any{
		"name":                        name,
		"data-dir":                    s.dir(),
		"listen-client-urls":          clients,
		"advertise-client-urls":       "https://" + net.JoinHostPort(s.NodeIP, "2379"),
		"listen-peer-urls":            s.peer(),
		"initial-advertise-peer-urls": s.peer(),
		"initial-cluster":             name + "=" + s.peer(),
		"initial-cluster-state":       "new",
		"force-new-cluster":           forceNewCluster,
		"listen-metrics-urls":         MetricsURL,
		"client-transport-security":   security("server-client", "server-ca"),
		"peer-transport-security":     security("peer-server-client", "peer-ca"),
		"log-level":                   "warn",
		"log-outputs":                 []string{"stderr"},
		"logger":                      "zap",
		"quota-backend-bytes":         quotaBytes,
		"snapshot-count":              10000,
		"heartbeat-interval":          500,
		"election-timeout":            5000,
		// Without a value here a configuration file means "warn of every request".
		"warning-unary-request-duration": warnAfter,
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.dir(), "config")
	return path, files.Write(path, text, 0o600)
}

func (s *Store) clientConfig(ctx context.Context) (clientv3.Config, error) {
	tls, err := transport.TLSInfo{
		CertFile: filepath.Join(s.tls(), "client.crt"), KeyFile: filepath.Join(s.tls(), "client.key"),
		TrustedCAFile: filepath.Join(s.tls(), "server-ca.crt"),
	}.ClientConfig()
	if err != nil {
		return clientv3.Config{}, err
	}
	return clientv3.Config{Context: ctx, Endpoints: []string{clientEndpoint}, TLS: tls, DialTimeout: dialTimeout, Logger: zap.NewNop()}, nil
}

// Client connects to the local member.
func (s *Store) Client(ctx context.Context) (*clientv3.Client, error) {
	config, err := s.clientConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to etcd: %w", err)
	}
	return clientv3.New(config)
}
