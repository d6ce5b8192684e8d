// Package worker runs what every host runs: containerd, kubelet, kube-proxy, the pod network and network policies.
package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bridle.local/node/containerdconf"
	"bridle.local/node/kubeconfig"
	"bridle.local/node/registries"
	"bridle.local/node/supervise"
	"github.com/sirupsen/logrus"
)

const (
	runDir = "/run/k3s"
	// Socket is containerd's.
	Socket = runDir + "/containerd/containerd.sock"

	// addressLeases is where the host-local plugin keeps what it gave out for the network of podnet.
	addressLeases = "/var/lib/cni/networks/cbr0"

	containerdLogBytes = 50 << 20
	containerdReady    = 3 * time.Minute
)

// Config is what a host needs to run pods.
type Config struct {
	// DataDir is the data directory; Bin is the folder of unpacked programs.
	DataDir, Bin string
	NodeName     string
	NodeIP       string
	// Server is the API server's address.
	Server        string
	ClusterCIDR   string
	ClusterDNS    string
	ClusterDomain string
	PauseImage    string
	Snapshotter   string
	Registries    string
	ResolvConf    string
	Backend       string
	Labels        []string
	Taints        []string
	KubeletArgs   []string
	ProxyArgs     []string

	NoDefaultEndpoint bool
	NoProxy           bool
	NoPolicy          bool
	ProtectKernel     bool
	Debug             bool
	Sign              Signer
}

func (c *Config) dir() string { return filepath.Join(c.DataDir, "agent") }

// StartRuntime writes containerd's configuration and starts it.
func (c *Config) StartRuntime(ctx context.Context, group *supervise.Group) error {
	r, err := registries.Load(c.Registries)
	if err != nil {
		return err
	}
	hosts, err := r.Hosts(c.NoDefaultEndpoint)
	if err != nil {
		return err
	}
	if err := registries.Write(filepath.Join(c.dir(), "etc", "containerd", "certs.d"), hosts); err != nil {
		return err
	}
	path, err := containerdconf.Write(containerdconf.Values{
		Dir: c.dir(), Bin: c.Bin, State: runDir + "/containerd", Socket: Socket,
		PauseImage: c.PauseImage, Snapshotter: c.Snapshotter, Debug: c.Debug,
	})
	if err != nil {
		return err
	}
	if err := freeAddresses(); err != nil {
		return err
	}
	for _, d := range []string{filepath.Join(c.dir(), "containerd"), runDir + "/containerd", filepath.Join(c.dir(), "etc", "cni", "net.d")} {
		if err := os.MkdirAll(d, 0o711); err != nil {
			return err
		}
	}
	log, err := openLog(filepath.Join(c.dir(), "containerd", "containerd.log"))
	if err != nil {
		return err
	}
	child := supervise.Child{
		Name: "containerd", Path: filepath.Join(c.Bin, "containerd"), Argv: []string{"containerd", "-c", path},
		Env: containerdEnv(c.Bin), Log: log, Grace: 10 * time.Second, Late: true,
	}
	if err := group.Start(child); err != nil {
		return err
	}
	return waitSocket(ctx, Socket, containerdReady)
}

// Start brings up kubelet, kube-proxy and the network; the API server must answer.
func (c *Config) Start(ctx context.Context, group *supervise.Group) error {
	if err := c.prepareKernel(); err != nil {
		return err
	}
	if err := c.certificates(ctx); err != nil {
		return err
	}
	for name, base := range map[string]string{"kubelet": "client-kubelet", "kubeproxy": "client-kube-proxy", "k3scontroller": "client-k3s-controller"} {
		path := filepath.Join(c.dir(), name+".kubeconfig")
		if err := kubeconfig.WriteFor(path, c.Server, filepath.Join(c.dir(), "server-ca.crt"), filepath.Join(c.dir(), base)); err != nil {
			return err
		}
	}
	if err := c.startNetwork(ctx); err != nil {
		return fmt.Errorf("start pod network: %w", err)
	}
	if err := c.startKubelet(group); err != nil {
		return err
	}
	if c.NoProxy {
		return nil
	}
	return c.startProxy(ctx, group)
}

// freeAddresses drops the address leases of a former boot: no sandbox of it is left, and a lease whose content a power cut
// took away would be kept for good. The state folder lies on a file system that a boot empties.
func freeAddresses() error {
	if _, err := os.Stat(runDir + "/containerd"); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(addressLeases)
}

// containerdEnv hands over CONTAINERD_* without the prefix, as k3s does, and the folder of runc and the shim.
func containerdEnv(bin string) []string {
	env := []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	for _, kv := range os.Environ() {
		if rest, ok := strings.CutPrefix(kv, "CONTAINERD_"); ok && !strings.HasPrefix(rest, "LOG_LEVEL=") {
			env = append(env, rest)
		}
	}
	return env
}

func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > containerdLogBytes {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
}

func waitSocket(ctx context.Context, path string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		conn, err := net.DialTimeout("unix", path, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("containerd did not come up"), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// prepareKernel sets what pods need of this host's network.
func (c *Config) prepareKernel() error {
	loadModules()
	for key, value := range map[string]string{
		"net/ipv4/ip_forward":                "1",
		"net/bridge/bridge-nf-call-iptables": "1",
	} {
		if err := os.WriteFile("/proc/sys/"+key, []byte(value), 0o644); err != nil {
			return fmt.Errorf("set %s: %w (is the kernel module br_netfilter there?)", strings.ReplaceAll(key, "/", "."), err)
		}
	}
	if c.ProtectKernel {
		return nil
	}
	for key, value := range map[string]string{"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"} {
		if err := os.WriteFile("/proc/sys/"+key, []byte(value), 0o644); err != nil {
			logrus.Warnf("Failed to set %s: %v", key, err)
		}
	}
	return nil
}
