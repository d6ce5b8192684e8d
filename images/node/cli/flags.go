// Package cli reads command line and configuration files the way k3s documents it.
package cli

// Kind is the shape of a flag's value.
type Kind int

const (
	Text Kind = iota
	Bool
	List
)

// Support says what this build does with a flag that k3s knows.
type Support int

const (
	// Obeyed flags have their effect.
	Obeyed Support = iota
	// Harmless flags are accepted; not obeying them changes nothing a user can see.
	Harmless
	// Refused flags are fatal: k3s knows them, this build does not.
	Refused
)

// Flag is one flag of the `server` or `agent` command; its name is also its key in config.yaml.
type Flag struct {
	Name    string
	Short   string
	Kind    Kind
	Support Support
	Default string
	Env     string
	// Agent says that the `agent` command knows the flag too.
	Agent bool
}

const (
	defaultDataDir    = "/var/lib/rancher/k3s"
	defaultConfigFile = "/etc/rancher/k3s/config.yaml"
)

// flags are the flags of `k3s server`; those with Agent set are the flags of `k3s agent`.
var flags = []Flag{
	{Name: "config", Short: "c", Default: defaultConfigFile, Env: "K3S_CONFIG_FILE", Agent: true},
	{Name: "debug", Kind: Bool, Env: "K3S_DEBUG", Agent: true},
	{Name: "v", Agent: true},
	{Name: "log", Short: "l", Agent: true},
	{Name: "vmodule", Support: Refused, Agent: true},
	{Name: "alsologtostderr", Kind: Bool, Agent: true},
	{Name: "data-dir", Short: "d", Default: defaultDataDir, Env: "K3S_DATA_DIR", Agent: true},
	{Name: "token", Short: "t", Env: "K3S_TOKEN", Agent: true},
	{Name: "token-file", Env: "K3S_TOKEN_FILE", Agent: true},
	{Name: "server", Short: "s", Env: "K3S_URL", Agent: true},

	{Name: "agent-token", Env: "K3S_AGENT_TOKEN"},
	{Name: "agent-token-file", Env: "K3S_AGENT_TOKEN_FILE"},
	{Name: "cluster-init", Kind: Bool, Env: "K3S_CLUSTER_INIT"},
	{Name: "cluster-reset", Kind: Bool, Env: "K3S_CLUSTER_RESET"},
	{Name: "cluster-reset-restore-path"},
	{Name: "bind-address"},
	{Name: "https-listen-port", Default: "6443"},
	{Name: "advertise-address"},
	{Name: "advertise-port", Support: Refused},
	{Name: "apiserver-port", Support: Refused},
	{Name: "apiserver-bind-address", Support: Refused},
	{Name: "supervisor-port", Support: Refused},
	{Name: "tls-san", Kind: List},
	{Name: "tls-san-security", Kind: Bool, Support: Harmless},
	{Name: "cluster-cidr", Default: "10.42.0.0/16"},
	{Name: "service-cidr", Default: "10.43.0.0/16"},
	{Name: "service-node-port-range", Default: "30000-32767"},
	{Name: "cluster-dns"},
	{Name: "cluster-domain", Default: "cluster.local"},
	{Name: "flannel-backend", Default: "vxlan"},
	{Name: "flannel-ipv6-masq", Kind: Bool, Support: Refused},
	{Name: "flannel-external-ip", Kind: Bool, Support: Refused},
	{Name: "egress-selector-mode", Support: Harmless},
	{Name: "servicelb-namespace", Support: Harmless},
	{Name: "write-kubeconfig", Short: "o", Default: "/etc/rancher/k3s/k3s.yaml", Env: "K3S_KUBECONFIG_OUTPUT"},
	{Name: "write-kubeconfig-mode", Default: "0600", Env: "K3S_KUBECONFIG_MODE"},
	{Name: "write-kubeconfig-group", Env: "K3S_KUBECONFIG_GROUP"},
	{Name: "kube-apiserver-arg", Kind: List},
	{Name: "kube-controller-manager-arg", Kind: List},
	{Name: "kube-scheduler-arg", Kind: List},
	{Name: "kube-cloud-controller-manager-arg", Kind: List, Support: Harmless},
	{Name: "etcd-arg", Kind: List, Support: Refused},
	{Name: "helm-controller-arg", Kind: List, Support: Harmless},
	{Name: "helm-job-image", Support: Harmless},
	{Name: "kine-tls", Kind: Bool, Support: Refused},
	{Name: "datastore-endpoint", Support: Refused},
	{Name: "datastore-cafile", Support: Refused},
	{Name: "datastore-certfile", Support: Refused},
	{Name: "datastore-keyfile", Support: Refused},
	{Name: "etcd-expose-metrics", Kind: Bool, Support: Refused},
	{Name: "etcd-disable-snapshots", Kind: Bool},
	{Name: "etcd-snapshot-name", Default: "etcd-snapshot"},
	{Name: "etcd-snapshot-schedule-cron", Default: "0 */12 * * *"},
	{Name: "etcd-snapshot-reconcile-interval", Support: Harmless},
	{Name: "etcd-snapshot-retention", Default: "5"},
	{Name: "etcd-snapshot-dir"},
	{Name: "etcd-snapshot-compress", Kind: Bool},
	{Name: "etcd-s3", Kind: Bool, Support: Refused},
	{Name: "etcd-s3-endpoint", Support: Refused},
	{Name: "etcd-s3-endpoint-ca", Support: Refused},
	{Name: "etcd-s3-skip-ssl-verify", Kind: Bool, Support: Refused},
	{Name: "etcd-s3-access-key", Support: Refused},
	{Name: "etcd-s3-secret-key", Support: Refused},
	{Name: "etcd-s3-session-token", Support: Refused},
	{Name: "etcd-s3-bucket", Support: Refused},
	{Name: "etcd-s3-bucket-lookup-type", Support: Refused},
	{Name: "etcd-s3-region", Support: Refused},
	{Name: "etcd-s3-folder", Support: Refused},
	{Name: "etcd-s3-proxy", Support: Refused},
	{Name: "etcd-s3-config-secret", Support: Refused},
	{Name: "etcd-s3-insecure", Kind: Bool, Support: Refused},
	{Name: "etcd-s3-timeout", Support: Refused},
	{Name: "etcd-s3-retention", Support: Refused},
	{Name: "default-local-storage-path", Support: Harmless},
	{Name: "disable", Kind: List},
	{Name: "disable-scheduler", Kind: Bool, Support: Refused},
	{Name: "disable-cloud-controller", Kind: Bool, Support: Harmless},
	{Name: "disable-kube-proxy", Kind: Bool},
	{Name: "disable-network-policy", Kind: Bool},
	{Name: "disable-helm-controller", Kind: Bool},
	{Name: "disable-apiserver", Kind: Bool, Support: Refused},
	{Name: "disable-controller-manager", Kind: Bool, Support: Refused},
	{Name: "disable-etcd", Kind: Bool, Support: Refused},
	{Name: "disable-agent", Kind: Bool, Support: Refused},
	{Name: "embedded-registry", Kind: Bool, Support: Refused},
	{Name: "supervisor-metrics", Kind: Bool, Support: Refused},
	{Name: "secrets-encryption", Kind: Bool},
	{Name: "secrets-encryption-provider", Default: "aescbc"},
	{Name: "system-default-registry", Support: Refused},
	{Name: "enable-pprof", Kind: Bool, Support: Refused, Agent: true},

	{Name: "node-name", Env: "K3S_NODE_NAME", Agent: true},
	{Name: "with-node-id", Kind: Bool, Support: Refused, Agent: true},
	{Name: "node-label", Kind: List, Agent: true},
	{Name: "node-taint", Kind: List, Agent: true},
	{Name: "node-ip", Kind: List, Agent: true},
	{Name: "node-external-ip", Kind: List, Support: Refused, Agent: true},
	{Name: "node-internal-dns", Kind: List, Support: Refused, Agent: true},
	{Name: "node-external-dns", Kind: List, Support: Refused, Agent: true},
	{Name: "image-credential-provider-bin-dir", Support: Harmless, Agent: true},
	{Name: "image-credential-provider-config", Support: Harmless, Agent: true},
	{Name: "docker", Kind: Bool, Support: Refused, Agent: true},
	{Name: "container-runtime-endpoint", Support: Refused, Agent: true},
	{Name: "default-runtime", Support: Refused, Agent: true},
	{Name: "nonroot-devices", Kind: Bool, Support: Refused, Agent: true},
	{Name: "disable-default-registry-endpoint", Kind: Bool, Agent: true},
	{Name: "airgap-extra-registry", Kind: List, Support: Refused, Agent: true},
	{Name: "pause-image", Default: "rancher/mirrored-pause:3.6", Agent: true},
	{Name: "snapshotter", Default: "overlayfs", Agent: true},
	{Name: "private-registry", Default: "/etc/rancher/k3s/registries.yaml", Agent: true},
	{Name: "resolv-conf", Env: "K3S_RESOLV_CONF", Agent: true},
	{Name: "flannel-iface", Support: Refused, Agent: true},
	{Name: "flannel-conf", Support: Refused, Agent: true},
	{Name: "flannel-cni-conf", Support: Refused, Agent: true},
	{Name: "kubelet-arg", Kind: List, Agent: true},
	{Name: "kube-proxy-arg", Kind: List, Agent: true},
	{Name: "protect-kernel-defaults", Kind: Bool, Agent: true},
	{Name: "rootless", Kind: Bool, Support: Refused, Agent: true},
	{Name: "prefer-bundled-bin", Kind: Bool, Support: Harmless, Agent: true},
	{Name: "selinux", Kind: Bool, Env: "K3S_SELINUX", Agent: true},
	{Name: "lb-server-port", Support: Harmless, Agent: true},
	{Name: "vpn-auth", Support: Refused, Agent: true},
	{Name: "vpn-auth-file", Support: Refused, Agent: true},
}

// ServerFlags returns the flags of `k3s server`.
func ServerFlags() []Flag { return flags }

// AgentFlags returns the flags of `k3s agent`.
func AgentFlags() []Flag {
	var out []Flag
	for _, f := range flags {
		if f.Agent {
			out = append(out, f)
		}
	}
	return out
}

// Only returns the named server flags, for sub-commands that take a few of them.
func Only(names ...string) []Flag {
	var out []Flag
	for _, n := range names {
		for _, f := range flags {
			if f.Name == n {
				out = append(out, f)
			}
		}
	}
	return out
}
