package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bridle.local/node/component"
	"bridle.local/node/files"
	"bridle.local/node/supervise"
)

const kubeletGrace = 3 * time.Second

func (c *Config) startKubelet(group *supervise.Group) error {
	dropins := filepath.Join(c.dir(), "etc", "kubelet.conf.d")
	resolv, err := c.resolvConf()
	if err != nil {
		return err
	}
	config := map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"address":                  "0.0.0.0",
		"authentication":           map[string]any{"anonymous": map[string]any{"enabled": false}, "webhook": map[string]any{"enabled": true}, "x509": map[string]any{"clientCAFile": filepath.Join(c.dir(), "client-ca.crt")}},
		"authorization":            map[string]any{"mode": "Webhook"},
		"cgroupDriver":             "cgroupfs",
		"clusterDNS":               []string{c.ClusterDNS},
		"clusterDomain":            c.ClusterDomain,
		"containerRuntimeEndpoint": "unix://" + Socket,
		"failSwapOn":               false,
		"healthzBindAddress":       "127.0.0.1",
		"healthzPort":              10248,
		// Without a main configuration file the kubelet starts from the defaults of its old flags, which open this port.
		"readOnlyPort":          0,
		"resolvConf":            resolv,
		"serializeImagePulls":   false,
		"protectKernelDefaults": c.ProtectKernel,
		"staticPodPath":         filepath.Join(c.dir(), "pod-manifests"),
		"tlsCertFile":           filepath.Join(c.dir(), "serving-kubelet.crt"),
		"tlsPrivateKeyFile":     filepath.Join(c.dir(), "serving-kubelet.key"),
		"volumePluginDir":       filepath.Join(c.dir(), "libexec", "kubernetes", "kubelet-plugins", "volume", "exec"),
		"logging":               map[string]any{"format": "text"},
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	if err := files.Write(filepath.Join(dropins, "00-k3s-defaults.conf"), append(text, '\n'), 0o600); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(c.dir(), "pod-manifests"), 0o700); err != nil {
		return err
	}
	args := []string{
		"--config-dir=" + dropins, "--kubeconfig=" + filepath.Join(c.dir(), "kubelet.kubeconfig"),
		"--hostname-override=" + c.NodeName, "--node-ip=" + c.NodeIP, "--root-dir=/var/lib/kubelet",
		"--cert-dir=" + filepath.Join(c.dir(), "pki"),
	}
	if len(c.Labels) > 0 {
		args = append(args, "--node-labels="+strings.Join(c.Labels, ","))
	}
	if len(c.Taints) > 0 {
		args = append(args, "--register-with-taints="+strings.Join(c.Taints, ","))
	}
	args = append(args, Flags(c.KubeletArgs)...)
	env := []string{"PATH=" + c.Bin + ":" + os.Getenv("PATH")}
	return group.Start(supervise.Child{Name: "kubelet", Argv: append([]string{"kubelet", component.Marker}, args...), Env: env, Grace: kubeletGrace})
}

func (c *Config) startProxy(ctx context.Context, group *supervise.Group) error {
	if err := clearProxyTables(ctx); err != nil {
		return err
	}
	args := []string{
		"--kubeconfig=" + filepath.Join(c.dir(), "kubeproxy.kubeconfig"), "--hostname-override=" + c.NodeName,
		"--cluster-cidr=" + c.ClusterCIDR, "--proxy-mode=nftables", "--healthz-bind-address=127.0.0.1:10256",
		"--metrics-bind-address=127.0.0.1:10249", "--conntrack-max-per-core=0",
		"--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s",
	}
	args = append(args, Flags(c.ProxyArgs)...)
	return group.Start(supervise.Child{Name: "kube-proxy", Argv: append([]string{"kube-proxy", component.Marker}, args...), Grace: kubeletGrace})
}

// Flags turns k3s's `key=value` arguments into flags.
func Flags(args []string) []string {
	out := make([]string, 0, len(args))
	for _, a := range args {
		out = append(out, "--"+strings.TrimLeft(a, "-"))
	}
	return out
}

// resolvConf gives the file that pods inherit; one whose name servers are all on loopback is of no use in a pod.
func (c *Config) resolvConf() (string, error) {
	if c.ResolvConf != "" {
		return c.ResolvConf, nil
	}
	for _, path := range []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"} {
		if usableResolvConf(path) {
			return path, nil
		}
	}
	path := filepath.Join(c.dir(), "etc", "resolv.conf")
	return path, files.Write(path, []byte("nameserver 8.8.8.8\n"), 0o644)
}

func usableResolvConf(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	found := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		ip := net.ParseIP(fields[1])
		if ip == nil || !ip.IsGlobalUnicast() {
			return false
		}
		found = true
	}
	return found
}
