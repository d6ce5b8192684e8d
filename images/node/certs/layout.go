package certs

import (
	"os"
	"path/filepath"
	"sort"
)

// Server is everything that `k3s server` needs below DATA/server/tls.
type Server struct {
	// Dir is DATA/server/tls.
	Dir string
	// NodeName and NodeIP name the host in etcd's certificates.
	NodeName, NodeIP string
	// Hosts are the names and addresses of the API server's certificate.
	Hosts []string
}

// Ensure makes or renews all certificates of a server.
func (s *Server) Ensure() error {
	for _, d := range []string{"etcd", "temporary-certs"} {
		if err := os.MkdirAll(filepath.Join(s.Dir, d), 0o700); err != nil {
			return err
		}
	}
	for _, l := range s.leaves() {
		a, err := EnsureAuthority(s.path(l.authority), authorities[l.authority])
		if err != nil {
			return err
		}
		if err := a.EnsureLeaf(s.path(l.file), l.profile); err != nil {
			return err
		}
	}
	for _, name := range []string{"client-kubelet.key", "serving-kubelet.key"} {
		if _, err := EnsureKey(s.path(name)); err != nil {
			return err
		}
	}
	if err := EnsureServiceKey(s.path("service.key")); err != nil {
		return err
	}
	return os.Chmod(s.Dir, 0o700)
}

func (s *Server) path(name string) string { return filepath.Join(s.Dir, name) }

// authorities maps files to the names that k3s gives them.
var authorities = map[string]string{
	"server-ca":         "k3s-server-ca",
	"client-ca":         "k3s-client-ca",
	"request-header-ca": "k3s-request-header-ca",
	"etcd/server-ca":    "etcd-server-ca",
	"etcd/peer-ca":      "etcd-peer-ca",
}

// AuthorityFiles are the files below server/tls without which a restored datastore cannot be used.
func AuthorityFiles() []string {
	out := []string{"service.key"}
	for name := range authorities {
		out = append(out, name+".crt", name+".key")
	}
	sort.Strings(out)
	return out
}

type leaf struct {
	file, authority string
	profile         Profile
}

func (s *Server) leaves() []leaf {
	masters := []string{"system:masters"}
	local := []string{"localhost", "127.0.0.1", s.NodeIP, s.NodeName}
	client := func(file, name string, organizations ...string) leaf {
		return leaf{file, "client-ca", Profile{Name: name, Organizations: organizations, Client: true}}
	}
	return []leaf{
		client("client-admin", "system:admin", masters...),
		client("client-supervisor", "system:k3s-supervisor", masters...),
		client("client-controller", "system:kube-controller-manager"),
		client("client-scheduler", "system:kube-scheduler"),
		client("client-kube-apiserver", "system:apiserver", masters...),
		client("client-kube-proxy", "system:kube-proxy"),
		client("client-k3s-controller", "system:k3s-controller"),
		{"client-auth-proxy", "request-header-ca", Profile{Name: "system:auth-proxy", Client: true}},
		{"serving-kube-apiserver", "server-ca", Profile{Name: "kube-apiserver", Server: true, Hosts: s.Hosts}},
		{"etcd/client", "etcd/server-ca", Profile{Name: "etcd-client", Client: true}},
		{"etcd/server-client", "etcd/server-ca", Profile{Name: "etcd-server", Client: true, Server: true, Hosts: local}},
		{"etcd/peer-server-client", "etcd/peer-ca", Profile{Name: "etcd-peer", Client: true, Server: true, Hosts: local}},
	}
}
