// Package component runs one part of Kubernetes or etcd in this process; the supervisor starts each in a child of its own.
package component

import (
	"context"
	"fmt"
	"os"
	"sort"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // build metrics
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// Marker is the first argument of a child; no user can start a component by accident with it.
const Marker = "--as-component"

var commands = map[string]func() *cobra.Command{
	"etcd":                    newEtcdCommand,
	"kube-apiserver":          newAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"kube-proxy":              proxy.NewProxyCommand,
}

// Names lists the components.
func Names() []string {
	var out []string
	for n := range commands {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// Run runs the named component until it ends and returns its exit code.
func Run(name string, args []string) int {
	make, ok := commands[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no component %q\n", name)
		return 1
	}
	// The name in `ps`; a failure only costs readability.
	if bytes, err := unix.ByteSliceFromString(name); err == nil {
		_ = os.WriteFile("/proc/self/comm", bytes[:len(bytes)-1], 0o600)
	}
	command := make()
	command.SetArgs(args)
	return cli.Run(command)
}
