package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"bridle.local/node/certs"
	"bridle.local/node/files"
)

// Signer gives certificates to a host: the server's own authority, or the server over the network.
type Signer interface {
	// Authorities returns the server's and the clients' CA certificates.
	Authorities(ctx context.Context) (server, client []byte, err error)
	// Sign signs a request for one of the files that Profiles names.
	Sign(ctx context.Context, file string, request []byte) ([]byte, error)
}

// Profiles are the certificates of a host: file base, authority and subject.
func Profiles(nodeName, nodeIP string) map[string]struct {
	Authority string
	Profile   certs.Profile
} {
	type entry = struct {
		Authority string
		Profile   certs.Profile
	}
	return map[string]entry{
		"client-kubelet":        {"client-ca", certs.Profile{Name: "system:node:" + nodeName, Organizations: []string{"system:nodes"}, Client: true}},
		"client-kube-proxy":     {"client-ca", certs.Profile{Name: "system:kube-proxy", Client: true}},
		"client-k3s-controller": {"client-ca", certs.Profile{Name: "system:k3s-controller", Client: true}},
		"serving-kubelet":       {"server-ca", certs.Profile{Name: nodeName, Server: true, Hosts: []string{nodeName, "localhost", "127.0.0.1", nodeIP}}},
	}
}

// certificates keeps the host's certificates below DATA/agent valid.
func (c *Config) certificates(ctx context.Context) error {
	server, client, err := c.Sign.Authorities(ctx)
	if err != nil {
		return fmt.Errorf("get the cluster's certificate authorities: %w", err)
	}
	authorities := map[string][]byte{"server-ca": server, "client-ca": client}
	for name, text := range authorities {
		path := filepath.Join(c.dir(), name+".crt")
		if now, err := os.ReadFile(path); err == nil && string(now) == string(text) {
			continue
		}
		if err := files.Write(path, text, 0o644); err != nil {
			return err
		}
	}
	for file, p := range Profiles(c.NodeName, c.NodeIP) {
		base := filepath.Join(c.dir(), file)
		if certs.Good(base, authorities[p.Authority], p.Profile) {
			continue
		}
		key, err := certs.EnsureKey(base + ".key")
		if err != nil {
			return err
		}
		request, err := certs.Request(key)
		if err != nil {
			return err
		}
		text, err := c.Sign.Sign(ctx, file, request)
		if err != nil {
			return fmt.Errorf("get certificate %s: %w", file, err)
		}
		if err := files.Write(base+".crt", text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
