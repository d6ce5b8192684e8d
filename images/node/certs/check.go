package certs

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bridle.local/node/files"
)

// services maps the names of `k3s certificate --service` to file bases, relative to the data directory.
var services = []struct {
	name  string
	bases []string
}{
	{"admin", []string{"server/tls/client-admin"}},
	{"api-server", []string{"server/tls/client-kube-apiserver", "server/tls/serving-kube-apiserver"}},
	{"auth-proxy", []string{"server/tls/client-auth-proxy"}},
	{"cloud-controller", nil},
	{"controller-manager", []string{"server/tls/client-controller"}},
	{"etcd", []string{"server/tls/etcd/client", "server/tls/etcd/server-client", "server/tls/etcd/peer-server-client"}},
	{"scheduler", []string{"server/tls/client-scheduler"}},
	{"supervisor", []string{"server/tls/client-supervisor"}},
	{"k3s-server", nil},
	{"kube-proxy", []string{"server/tls/client-kube-proxy", "agent/client-kube-proxy"}},
	{"kubelet", []string{"agent/client-kubelet", "agent/serving-kubelet"}},
	{"k3s-controller", []string{"server/tls/client-k3s-controller", "agent/client-k3s-controller"}},
}

// Entry is one certificate as `k3s certificate check -o json` shows it.
type Entry struct {
	Filename     string
	Subject      string
	Issuer       string
	Usages       []string
	ExpiryTime   time.Time
	ResidualTime time.Duration
	Status       string
}

// Check lists the certificates of the named services, of all if none is named.
func Check(dataDir string, names []string) ([]Entry, error) {
	bases, err := basesOf(names)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var out []Entry
	for _, base := range bases {
		text, err := os.ReadFile(filepath.Join(dataDir, base+".crt"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("read %s.crt: %w", base, err)
			}
			out = append(out, entry(filepath.Base(base)+".crt", c, now))
		}
	}
	return out, nil
}

func entry(file string, c *x509.Certificate, now time.Time) Entry {
	e := Entry{
		Filename: file, Subject: c.Subject.CommonName, Issuer: c.Issuer.CommonName,
		ExpiryTime: c.NotAfter, ResidualTime: c.NotAfter.Sub(now), Status: "OK",
	}
	for _, u := range c.ExtKeyUsage {
		switch u {
		case x509.ExtKeyUsageClientAuth:
			e.Usages = append(e.Usages, "ClientAuth")
		case x509.ExtKeyUsageServerAuth:
			e.Usages = append(e.Usages, "ServerAuth")
		}
	}
	if c.IsCA {
		e.Usages = append(e.Usages, "CertSign")
	}
	switch {
	case now.Before(c.NotBefore):
		e.Status, e.ExpiryTime = "NOT YET VALID", c.NotBefore
	case now.After(c.NotAfter):
		e.Status = "EXPIRED"
	case e.ResidualTime < RenewBefore:
		e.Status = "WARNING"
	}
	return e
}

// Rotate copies the present certificates to server/tls-UNIXTIME and removes those of the named services; the next start makes new ones.
func Rotate(dataDir string, names []string) (backup string, err error) {
	bases, err := basesOf(names)
	if err != nil {
		return "", err
	}
	root := filepath.Join(dataDir, "server")
	if _, err := os.Stat(root); err != nil {
		root = filepath.Join(dataDir, "agent")
	}
	backup = filepath.Join(root, fmt.Sprintf("tls-%d", time.Now().Unix()))
	var present []string
	for _, base := range bases {
		for _, suffix := range []string{".crt", ".key"} {
			if _, err := os.Stat(filepath.Join(dataDir, base+suffix)); err == nil {
				present = append(present, base+suffix)
			}
		}
	}
	for _, name := range present {
		f, err := os.Open(filepath.Join(dataDir, name))
		if err != nil {
			return "", err
		}
		data, err := io.ReadAll(io.LimitReader(f, 1<<20))
		f.Close()
		if err != nil {
			return "", err
		}
		if err := files.Write(filepath.Join(backup, name), data, 0o600); err != nil {
			return "", err
		}
	}
	for _, name := range present {
		if err := os.Remove(filepath.Join(dataDir, name)); err != nil {
			return "", err
		}
	}
	return backup, nil
}

func basesOf(names []string) ([]string, error) {
	var out []string
	for _, s := range services {
		if len(names) == 0 {
			out = append(out, s.bases...)
		}
	}
	for _, name := range names {
		found := false
		for _, s := range services {
			if s.name == name {
				out, found = append(out, s.bases...), true
			}
		}
		if !found {
			return nil, fmt.Errorf("service %s is not recognized", strings.TrimSpace(name))
		}
	}
	return out, nil
}
