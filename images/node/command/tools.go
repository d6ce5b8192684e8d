package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"bridle.local/node/cli"
	"bridle.local/node/payload"
	"bridle.local/node/token"
	"bridle.local/node/worker"
	"k8s.io/component-base/cli/flag"
	kubectl "k8s.io/kubectl/pkg/cmd"
)

const adminKubeconfig = "/etc/rancher/k3s/k3s.yaml"

// dataDirOf reads --data-dir from configuration and environment for commands that pass their arguments on.
func dataDirOf() (string, error) {
	o, err := cli.Parse(cli.Only("config", "data-dir"), nil, false)
	if err != nil {
		return "", err
	}
	return filepath.Abs(o.Text("data-dir"))
}

func runKubectl(args []string) error {
	if os.Getenv("KUBECONFIG") == "" {
		path := adminKubeconfig
		if o, err := cli.Parse(cli.Only("config", "write-kubeconfig"), nil, false); err == nil && o.Text("write-kubeconfig") != "" {
			path = o.Text("write-kubeconfig")
		}
		if _, err := os.Stat(path); err == nil {
			os.Setenv("KUBECONFIG", path)
		}
	}
	os.Args = append([]string{"kubectl"}, args...)
	command := kubectl.NewDefaultKubectlCommand()
	command.SetGlobalNormalizationFunc(flag.WordSepNormalizeFunc)
	command.SetArgs(args)
	if err := command.Execute(); err != nil {
		os.Exit(1)
	}
	return nil
}

// runCtr becomes ctr with this node's containerd.
func runCtr(args []string) error {
	dataDir, err := dataDirOf()
	if err != nil {
		return err
	}
	bin, err := payload.Unpack(dataDir)
	if err != nil {
		return err
	}
	if os.Getenv("CONTAINERD_ADDRESS") == "" {
		os.Setenv("CONTAINERD_ADDRESS", worker.Socket)
	}
	return syscall.Exec(filepath.Join(bin, "ctr"), append([]string{"ctr"}, args...), os.Environ())
}

// runToken shows the join secret's form; bootstrap tokens are not kept by this build.
func runToken(args []string) error {
	if len(args) == 0 {
		return errors.New("a sub-command is needed")
	}
	if args[0] != "generate" {
		return notSupported("token " + args[0])
	}
	secret, err := token.Bootstrap()
	if err != nil {
		return err
	}
	fmt.Println(secret)
	return nil
}

// runCheckConfig looks at what the kernel must have; the last line says how it went.
func runCheckConfig(args []string) error {
	dataDir, err := dataDirOf()
	if err != nil {
		return err
	}
	if _, err := payload.Unpack(dataDir); err != nil {
		return err
	}
	failures := 0
	for _, c := range kernelChecks() {
		if c.err == nil {
			fmt.Printf("- %s: good\n", c.name)
		} else {
			fmt.Printf("- %s: missing (%v)\n", c.name, c.err)
			failures++
		}
	}
	if failures > 0 {
		fmt.Printf("\nSTATUS: %d\n", failures)
		os.Exit(1)
	}
	fmt.Print("\nSTATUS: pass\n")
	return nil
}

type kernelCheck struct {
	name string
	err  error
}

func kernelChecks() []kernelCheck {
	exists := func(path string) error {
		_, err := os.Stat(path)
		return err
	}
	filesystems, err := os.ReadFile("/proc/filesystems")
	overlay := err
	if err == nil && !strings.Contains(string(filesystems), "overlay") {
		overlay = errors.New("overlay is not a file system of this kernel")
	}
	cgroups := exists("/sys/fs/cgroup/cgroup.controllers")
	if cgroups != nil {
		cgroups = exists("/sys/fs/cgroup/memory")
	}
	return []kernelCheck{
		{"overlay", overlay},
		{"cgroups", cgroups},
		{"br_netfilter", exists("/proc/sys/net/bridge/bridge-nf-call-iptables")},
		{"nf_conntrack", exists("/proc/sys/net/netfilter/nf_conntrack_max")},
		{"seccomp", exists("/proc/sys/kernel/seccomp/actions_avail")},
		{"ip_forward", exists("/proc/sys/net/ipv4/ip_forward")},
	}
}
