// Package server runs the control plane of a host and, with package worker, its pods.
package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bridle.local/node/certs"
	"bridle.local/node/component"
	"bridle.local/node/datastore"
	"bridle.local/node/files"
	"bridle.local/node/kubeconfig"
	"bridle.local/node/supervise"
	"bridle.local/node/token"
	"bridle.local/node/worker"
	"github.com/sirupsen/logrus"
)

const (
	etcdReady      = 5 * time.Minute
	apiReady       = 5 * time.Minute
	controlGrace   = 3 * time.Second
	etcdGrace      = 10 * time.Second
	bootstrapLimit = 30 * time.Second
)

// Config is what a server needs.
type Config struct {
	DataDir        string
	NodeName       string
	NodeIP         string
	Advertise      string
	Bind           string
	Port           string
	Hosts          []string
	Token          token.Token
	AgentToken     string
	ClusterCIDR    string
	ServiceCIDR    string
	NodePorts      string
	ClusterDNS     string
	ClusterDomain  string
	Kubeconfig     string
	KubeconfigMode string
	KubeconfigOf   string
	Encryption     string

	APIArgs, ControllerArgs, SchedulerArgs []string
	Snapshots                              Schedule
	Worker                                 *worker.Config
}

func (c *Config) dir() string            { return filepath.Join(c.DataDir, "server") }
func (c *Config) tls(name string) string { return filepath.Join(c.dir(), "tls", name) }
func (c *Config) cred(n string) string   { return filepath.Join(c.dir(), "cred", n) }
func (c *Config) local() string          { return "https://127.0.0.1:" + c.Port }

func (c *Config) store() *datastore.Store {
	return &datastore.Store{ServerDir: c.dir(), NodeName: c.NodeName, NodeIP: c.NodeIP}
}

// Run starts everything and returns when a component ends or ctx is cancelled.
func (c *Config) Run(ctx context.Context, ready func()) error {
	secret, err := c.Prepare()
	if err != nil {
		return err
	}
	group := supervise.NewGroup()
	defer group.Stop()
	done := make(chan error, 1)
	// Ends what Run started that is no child before the children go.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { done <- c.start(ctx, group, secret, ready) }()
	for {
		select {
		case err := <-group.Failed():
			return err
		case err := <-done:
			if err != nil {
				return err
			}
			done = nil
		case <-ctx.Done():
			return nil
		}
	}
}

// Prepare writes certificates, keys and configurations; it returns the secret.
func (c *Config) Prepare() (string, error) {
	for _, d := range []string{"cred", "db", "tls", "manifests", "static"} {
		if err := os.MkdirAll(filepath.Join(c.dir(), d), 0o700); err != nil {
			return "", err
		}
	}
	stored, err := token.Stored(c.dir())
	if err != nil {
		return "", err
	}
	secret, err := token.Decide(c.Token, stored)
	if err != nil {
		return "", err
	}
	if err := c.certificates().Ensure(); err != nil {
		return "", fmt.Errorf("prepare certificates: %w", err)
	}
	if err := c.encryption(); err != nil {
		return "", fmt.Errorf("prepare secrets encryption: %w", err)
	}
	ca, err := os.ReadFile(c.tls("server-ca.crt"))
	if err != nil {
		return "", err
	}
	if c.Token.CAHash != "" && c.Token.CAHash != token.Hash(ca) {
		logrus.Warnf("The token's CA hash is not that of this server's CA")
	}
	if err := token.Store(c.dir(), secret, c.AgentToken, ca); err != nil {
		return "", err
	}
	return secret, c.kubeconfigs()
}

func (c *Config) certificates() *certs.Server {
	_, services, err := net.ParseCIDR(c.ServiceCIDR)
	hosts := []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + c.ClusterDomain,
		"localhost", "127.0.0.1", c.NodeIP, c.Advertise, c.NodeName,
	}
	if err == nil {
		first := services.IP.To4()
		hosts = append(hosts, net.IPv4(first[0], first[1], first[2], first[3]+1).String())
	}
	for _, h := range c.Hosts {
		if h != "" {
			hosts = append(hosts, h)
		}
	}
	return &certs.Server{Dir: filepath.Join(c.dir(), "tls"), NodeName: c.NodeName, NodeIP: c.NodeIP, Hosts: hosts}
}

func (c *Config) kubeconfigs() error {
	for name, cert := range map[string]string{
		"admin": "client-admin", "controller": "client-controller", "scheduler": "client-scheduler", "supervisor": "client-supervisor",
	} {
		if err := kubeconfig.WriteFor(c.cred(name+".kubeconfig"), c.local(), c.tls("server-ca.crt"), c.tls(cert)); err != nil {
			return err
		}
	}
	return kubeconfig.WriteAdmin(c.Kubeconfig, c.local(), c.tls("server-ca.crt"), c.tls("client-admin"), c.KubeconfigMode, c.KubeconfigOf)
}

// encryption makes the key that encrypts Secrets in the database; an existing configuration is never changed.
func (c *Config) encryption() error {
	path := c.cred("encryption-config.json")
	if _, err := os.Stat(path); c.Encryption == "" || err == nil {
		return nil
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	config := map[string]any{
		"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration",
		"resources": []any{map[string]any{"resources": []string{"secrets"}, "providers": []any{
			map[string]any{c.Encryption: map[string]any{"keys": []any{map[string]any{"name": c.Encryption + "key", "secret": base64.StdEncoding.EncodeToString(key)}}}},
			map[string]any{"identity": map[string]any{}},
		}}},
	}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	return files.Write(path, text, 0o600)
}

// start brings the parts up in order; ready is called when API server and etcd answer.
func (c *Config) start(ctx context.Context, group *supervise.Group, secret string, ready func()) error {
	if err := c.Worker.StartRuntime(ctx, group); err != nil {
		return err
	}
	if err := c.startEtcd(ctx, group); err != nil {
		return err
	}
	if err := c.bootstrap(ctx, secret); err != nil {
		return err
	}
	if err := c.startAPI(ctx, group); err != nil {
		return err
	}
	if err := c.startControllers(group); err != nil {
		return err
	}
	if err := c.applyRoles(ctx); err != nil {
		return err
	}
	logrus.Infof("k3s is up and running")
	ready()
	if err := c.Worker.Start(ctx, group); err != nil {
		return err
	}
	go c.labelNode(ctx)
	return c.Snapshots.start(ctx, c.store())
}

func (c *Config) startEtcd(ctx context.Context, group *supervise.Group) error {
	path, err := c.store().WriteConfig(false)
	if err != nil {
		return err
	}
	child := supervise.Child{Name: "etcd", Argv: []string{"etcd", component.Marker, path}, Grace: etcdGrace, Late: true}
	if err := group.Start(child); err != nil {
		return err
	}
	if err := waitHealthy(ctx, datastore.MetricsURL+"/health", nil, etcdReady); err != nil {
		return fmt.Errorf("wait for etcd: %w", err)
	}
	if err := os.Remove(c.store().ResetFlag()); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

func (c *Config) bootstrap(ctx context.Context, secret string) error {
	ctx, cancel := context.WithTimeout(ctx, bootstrapLimit)
	defer cancel()
	if err := c.store().CheckMember(ctx); err != nil {
		return err
	}
	if err := c.store().SaveBootstrap(ctx, secret); err != nil {
		return fmt.Errorf("save bootstrap data: %w", err)
	}
	return nil
}

func (c *Config) startAPI(ctx context.Context, group *supervise.Group) error {
	issuer := "https://kubernetes.default.svc." + c.ClusterDomain
	bind := c.Bind
	if bind == "" {
		bind = "0.0.0.0"
	}
	args := map[string]string{
		"advertise-address":                  c.Advertise,
		"allow-privileged":                   "true",
		"anonymous-auth":                     "false",
		"api-audiences":                      issuer + ",k3s",
		"authorization-mode":                 "Node,RBAC",
		"bind-address":                       bind,
		"cert-dir":                           c.tls("temporary-certs"),
		"client-ca-file":                     c.tls("client-ca.crt"),
		"egress-selector-config-file":        "",
		"enable-admission-plugins":           "NodeRestriction",
		"enable-aggregator-routing":          "true",
		"enable-bootstrap-token-auth":        "true",
		"etcd-cafile":                        c.tls("etcd/server-ca.crt"),
		"etcd-certfile":                      c.tls("etcd/client.crt"),
		"etcd-keyfile":                       c.tls("etcd/client.key"),
		"etcd-servers":                       "https://127.0.0.1:2379",
		"kubelet-certificate-authority":      c.tls("server-ca.crt"),
		"kubelet-client-certificate":         c.tls("client-kube-apiserver.crt"),
		"kubelet-client-key":                 c.tls("client-kube-apiserver.key"),
		"kubelet-preferred-address-types":    "InternalIP,ExternalIP,Hostname",
		"profiling":                          "false",
		"proxy-client-cert-file":             c.tls("client-auth-proxy.crt"),
		"proxy-client-key-file":              c.tls("client-auth-proxy.key"),
		"requestheader-allowed-names":        "system:auth-proxy",
		"requestheader-client-ca-file":       c.tls("request-header-ca.crt"),
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
		"requestheader-group-headers":        "X-Remote-Group",
		"requestheader-username-headers":     "X-Remote-User",
		"secure-port":                        c.Port,
		"service-account-issuer":             issuer,
		"service-account-key-file":           c.tls("service.key"),
		"service-account-signing-key-file":   c.tls("service.key"),
		"service-cluster-ip-range":           c.ServiceCIDR,
		"service-node-port-range":            c.NodePorts,
		"storage-backend":                    "etcd3",
		"tls-cert-file":                      c.tls("serving-kube-apiserver.crt"),
		"tls-private-key-file":               c.tls("serving-kube-apiserver.key"),
	}
	if _, err := os.Stat(c.cred("encryption-config.json")); err == nil {
		args["encryption-provider-config"] = c.cred("encryption-config.json")
	}
	child := supervise.Child{
		Name: "kube-apiserver", Argv: argv("kube-apiserver", args, c.APIArgs), Grace: controlGrace,
		Env: []string{component.SupervisorData + "=" + c.DataDir, component.SupervisorSettings + "=" + c.settings()},
	}
	if err := group.Start(child); err != nil {
		return err
	}
	client, err := adminHTTP(c.tls("server-ca.crt"), c.tls("client-supervisor"))
	if err != nil {
		return err
	}
	if err := waitHealthy(ctx, c.local()+"/readyz", client, apiReady); err != nil {
		return fmt.Errorf("wait for the API server: %w", err)
	}
	return nil
}

func (c *Config) startControllers(group *supervise.Group) error {
	controllers := map[string]string{
		"allocate-node-cidrs":       "true",
		"authentication-kubeconfig": c.cred("controller.kubeconfig"),
		"authorization-kubeconfig":  c.cred("controller.kubeconfig"),
		"bind-address":              "127.0.0.1",
		"cluster-cidr":              c.ClusterCIDR,
		"cluster-signing-kube-apiserver-client-cert-file": c.tls("client-ca.crt"),
		"cluster-signing-kube-apiserver-client-key-file":  c.tls("client-ca.key"),
		"cluster-signing-kubelet-client-cert-file":        c.tls("client-ca.crt"),
		"cluster-signing-kubelet-client-key-file":         c.tls("client-ca.key"),
		"cluster-signing-kubelet-serving-cert-file":       c.tls("server-ca.crt"),
		"cluster-signing-kubelet-serving-key-file":        c.tls("server-ca.key"),
		"cluster-signing-legacy-unknown-cert-file":        c.tls("client-ca.crt"),
		"cluster-signing-legacy-unknown-key-file":         c.tls("client-ca.key"),
		"configure-cloud-routes":                          "false",
		"kubeconfig":                                      c.cred("controller.kubeconfig"),
		"profiling":                                       "false",
		"root-ca-file":                                    c.tls("server-ca.crt"),
		"service-account-private-key-file":                c.tls("service.key"),
		"service-cluster-ip-range":                        c.ServiceCIDR,
		"use-service-account-credentials":                 "true",
		// One server: nobody to elect, and a restart need not wait for a lease to end.
		"leader-elect": "false",
	}
	scheduler := map[string]string{
		"authentication-kubeconfig": c.cred("scheduler.kubeconfig"),
		"authorization-kubeconfig":  c.cred("scheduler.kubeconfig"),
		"bind-address":              "127.0.0.1",
		"kubeconfig":                c.cred("scheduler.kubeconfig"),
		"leader-elect":              "false",
		"profiling":                 "false",
	}
	if err := group.Start(supervise.Child{
		Name: "kube-controller-manager", Argv: argv("kube-controller-manager", controllers, c.ControllerArgs), Grace: controlGrace,
	}); err != nil {
		return err
	}
	return group.Start(supervise.Child{Name: "kube-scheduler", Argv: argv("kube-scheduler", scheduler, c.SchedulerArgs), Grace: controlGrace})
}

// Reset makes this host the only member of the datastore, from a snapshot if one is given.
func (c *Config) Reset(ctx context.Context, snapshot string) error {
	store := c.store()
	stored, err := token.Stored(c.dir())
	if err != nil {
		return err
	}
	if c.Token.Secret == "" && stored.Secret == "" {
		return errors.New("token is required to reset the cluster: pass --token with the value of the server's token file")
	}
	if err := store.CheckReset(snapshot); err != nil {
		return err
	}
	secret, err := c.Prepare()
	if err != nil {
		return err
	}
	if snapshot != "" {
		if err := store.Restore(snapshot); err != nil {
			return err
		}
	}
	if err := store.Reset(ctx, func(ctx context.Context) error {
		_, err := store.LoadBootstrap(ctx, secret)
		return err
	}); err != nil {
		return err
	}
	// The authorities may have come from the datastore: issue what hangs on them anew.
	if _, err := c.Prepare(); err != nil {
		return err
	}
	return nil
}

// argv renders flags in a fixed order; the administrator's come last and win.
func argv(name string, flags map[string]string, extra []string) []string {
	keys := make([]string, 0, len(flags))
	for k, v := range flags {
		if v != "" {
			keys = append(keys, k)
		}
	}
	sortStrings(keys)
	out := []string{name, component.Marker}
	own := map[string]bool{}
	for _, a := range extra {
		key, _, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		own[key] = true
	}
	for _, k := range keys {
		if !own[k] {
			out = append(out, "--"+k+"="+flags[k])
		}
	}
	return append(out, worker.Flags(extra)...)
}

// settings are what joining hosts must know; they hold no secret.
func (c *Config) settings() string {
	text, err := json.Marshal(worker.Settings{
		ClusterCIDR: c.ClusterCIDR, ClusterDNS: c.ClusterDNS, ClusterDomain: c.ClusterDomain, Backend: c.Worker.Backend,
		NoProxy: c.Worker.NoProxy, NoPolicy: c.Worker.NoPolicy,
	})
	if err != nil {
		panic(err) // plain strings and booleans always marshal
	}
	return string(text)
}
