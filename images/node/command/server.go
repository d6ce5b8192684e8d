package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"bridle.local/node/cli"
	"bridle.local/node/datastore"
	"bridle.local/node/payload"
	"bridle.local/node/server"
	"bridle.local/node/token"
	"bridle.local/node/worker"
	"github.com/sirupsen/logrus"
)

// resetDone is the line by which k3s's users, and Bridle, know that a reset worked.
const resetDone = "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. " +
	"Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes"

// packaged are the components that k3s carries and this build does not.
var packaged = []string{"coredns", "local-storage", "metrics-server", "servicelb", "traefik", "runtimes"}

func runServer(args []string) error {
	o, err := cli.Parse(cli.ServerFlags(), args, true)
	if err != nil {
		return err
	}
	if err := prepareProcess(o); err != nil {
		return err
	}
	if len(o.Args) > 0 {
		return errors.New("this command does not take any arguments")
	}
	c, err := serverConfig(o)
	if err != nil {
		return err
	}
	quietGRPC()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if o.Bool("cluster-reset") {
		if o.Text("server") != "" {
			return errors.New("invalid flag use; cannot use --cluster-reset with --server: remove server from configuration before resetting")
		}
		if err := c.Reset(ctx, o.Text("cluster-reset-restore-path")); err != nil {
			return fmt.Errorf("starting kubernetes: preparing server: %w", err)
		}
		logrus.Info(resetDone)
		return nil
	}
	if o.Set("cluster-reset-restore-path") {
		return errors.New("invalid flag use; --cluster-reset required with --cluster-reset-restore-path")
	}
	store := datastore.Store{ServerDir: filepath.Join(c.DataDir, "server")}
	if o.Text("server") != "" && !store.Initialized() {
		return notSupported("joining a server to another server (server:)")
	}
	if !o.Bool("cluster-init") && !store.Initialized() {
		return notSupported("a datastore other than embedded etcd (set cluster-init)")
	}
	warnPackaged(o.Split("disable"))
	if err := c.Run(ctx, func() { notify("READY=1") }); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func warnPackaged(disabled []string) {
	off := map[string]bool{}
	for _, d := range disabled {
		off[d] = true
	}
	for _, p := range packaged {
		if !off[p] && p != "runtimes" {
			logrus.Warnf("The packaged component %s is not disabled, but this build carries none", p)
		}
	}
}

func serverConfig(o *cli.Options) (*server.Config, error) {
	w, err := workerConfig(o)
	if err != nil {
		return nil, err
	}
	configured, err := token.FromConfig(o.Text("token"), o.Text("token-file"))
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	agent, err := token.FromConfig(o.Text("agent-token"), o.Text("agent-token-file"))
	if err != nil {
		return nil, fmt.Errorf("agent-token: %w", err)
	}
	keep, err := strconv.Atoi(o.Text("etcd-snapshot-retention"))
	if err != nil {
		return nil, fmt.Errorf("etcd-snapshot-retention: %w", err)
	}
	c := &server.Config{
		DataDir: w.DataDir, NodeName: w.NodeName, NodeIP: w.NodeIP, Advertise: o.Text("advertise-address"), Bind: o.Text("bind-address"),
		Port: o.Text("https-listen-port"), Hosts: o.Split("tls-san"), Token: configured, AgentToken: agent.Secret,
		ClusterCIDR: o.Text("cluster-cidr"), ServiceCIDR: o.Text("service-cidr"), NodePorts: o.Text("service-node-port-range"),
		ClusterDNS: o.Text("cluster-dns"), ClusterDomain: o.Text("cluster-domain"),
		Kubeconfig: o.Text("write-kubeconfig"), KubeconfigMode: o.Text("write-kubeconfig-mode"), KubeconfigOf: o.Text("write-kubeconfig-group"),
		APIArgs: o.List("kube-apiserver-arg"), ControllerArgs: o.List("kube-controller-manager-arg"), SchedulerArgs: o.List("kube-scheduler-arg"),
		Worker: w,
	}
	if c.Advertise == "" {
		c.Advertise = c.NodeIP
	}
	if o.Bool("secrets-encryption") {
		c.Encryption = o.Text("secrets-encryption-provider")
		if c.Encryption != "aescbc" && c.Encryption != "secretbox" {
			return nil, fmt.Errorf("unsupported secrets-encryption-provider %s", c.Encryption)
		}
	}
	if err := networks(c); err != nil {
		return nil, err
	}
	w.ClusterCIDR, w.ClusterDNS, w.ClusterDomain = c.ClusterCIDR, c.ClusterDNS, c.ClusterDomain
	w.Backend, w.NoProxy, w.NoPolicy = o.Text("flannel-backend"), o.Bool("disable-kube-proxy"), o.Bool("disable-network-policy")
	w.Server = "https://127.0.0.1:" + c.Port
	w.Sign = server.Local{TLS: filepath.Join(w.DataDir, "server", "tls"), NodeName: w.NodeName, NodeIP: w.NodeIP}
	dir := o.Text("etcd-snapshot-dir")
	if dir == "" {
		dir = (&datastore.Store{ServerDir: filepath.Join(w.DataDir, "server")}).DefaultSnapshotDir()
	}
	c.Snapshots = server.Schedule{
		Disabled: o.Bool("etcd-disable-snapshots"), Cron: o.Text("etcd-snapshot-schedule-cron"), Name: o.Text("etcd-snapshot-name"),
		Dir: dir, Keep: keep, Compress: o.Bool("etcd-snapshot-compress"),
	}
	return c, nil
}

// networks checks the address ranges and derives the DNS service's address, the tenth of the services.
func networks(c *server.Config) error {
	for name, text := range map[string]string{"cluster-cidr": c.ClusterCIDR, "service-cidr": c.ServiceCIDR} {
		ip, _, err := net.ParseCIDR(text)
		if err != nil {
			return fmt.Errorf("invalid %s: %w", name, err)
		}
		if ip.To4() == nil {
			return fmt.Errorf("%s %s: IPv6 is not supported by this build", name, text)
		}
	}
	if c.ClusterDNS == "" {
		_, services, err := net.ParseCIDR(c.ServiceCIDR)
		if err != nil {
			return err
		}
		first := services.IP.To4()
		c.ClusterDNS = net.IPv4(first[0], first[1], first[2], first[3]+10).String()
	}
	return nil
}

// prepareProcess sets up logging and checks what the host must have.
func prepareProcess(o *cli.Options) error {
	if o.Bool("debug") {
		logrus.SetLevel(logrus.DebugLevel)
	}
	if path := o.Text("log"); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		logrus.SetOutput(f)
		if !o.Bool("alsologtostderr") {
			os.Stderr = f
		}
	}
	for _, w := range o.Warnings {
		logrus.Warn(w)
	}
	if os.Geteuid() != 0 {
		return errors.New("must run as root unless --rootless is specified")
	}
	if o.Bool("cluster-reset") {
		return nil
	}
	if _, err := exec.LookPath("nft"); err != nil {
		return errors.New("the program nft is missing on this host: install the package nftables")
	}
	// Children must never see secrets of the environment nor speak to systemd in our name.
	for _, kv := range []string{"K3S_TOKEN", "K3S_AGENT_TOKEN", "K3S_DATA_DIR"} {
		os.Unsetenv(kv)
	}
	takeNotifySocket()
	return nil
}

func workerConfig(o *cli.Options) (*worker.Config, error) {
	dataDir, err := filepath.Abs(o.Text("data-dir"))
	if err != nil {
		return nil, err
	}
	name, ip, err := identity(o)
	if err != nil {
		return nil, err
	}
	bin, err := payload.Unpack(dataDir)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dataDir, 0o755); err != nil {
		return nil, err
	}
	return &worker.Config{
		DataDir: dataDir, Bin: bin, NodeName: name, NodeIP: ip,
		PauseImage: o.Text("pause-image"), Snapshotter: o.Text("snapshotter"), Registries: o.Text("private-registry"), ResolvConf: o.Text("resolv-conf"),
		Labels: o.Split("node-label"), Taints: o.Split("node-taint"), KubeletArgs: o.List("kubelet-arg"), ProxyArgs: o.List("kube-proxy-arg"),
		NoDefaultEndpoint: o.Bool("disable-default-registry-endpoint"), ProtectKernel: o.Bool("protect-kernel-defaults"), Debug: o.Bool("debug"),
	}, nil
}
