// Package command is k3s's command line: it picks the sub-command and turns options into configurations.
package command

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"bridle.local/node/cli"
	"bridle.local/node/release"
	"github.com/sirupsen/logrus"
)

var commands = map[string]func(args []string) error{
	"server":        runServer,
	"agent":         runAgent,
	"kubectl":       runKubectl,
	"ctr":           runCtr,
	"etcd-snapshot": runSnapshot,
	"certificate":   runCertificate,
	"token":         runToken,
	"check-config":  runCheckConfig,
}

// refused are sub-commands of k3s that this build does not have.
var refused = []string{"crictl", "secrets-encrypt", "completion"}

// Run runs the sub-command; called as kubectl or ctr it is that program.
func Run(name string, args []string) error {
	switch name {
	case "kubectl", "ctr":
		return commands[name](args)
	case "crictl":
		return notSupported(name)
	}
	if len(args) == 0 {
		fmt.Print(usage)
		return nil
	}
	switch args[0] {
	case "--version", "-v", "-version":
		fmt.Printf("%s\ngo version %s\n", release.Line(), runtime.Version())
		return nil
	case "help", "--help", "-h":
		fmt.Print(usage)
		return nil
	}
	if args[0] == "--debug" {
		logrus.SetLevel(logrus.DebugLevel)
		return Run(name, args[1:])
	}
	if run, ok := commands[args[0]]; ok {
		return run(args[1:])
	}
	for _, r := range refused {
		if r == args[0] {
			return notSupported(r)
		}
	}
	if strings.HasPrefix(args[0], "-") {
		return &cli.UndefinedError{Flag: strings.TrimLeft(args[0], "-")}
	}
	return fmt.Errorf("No help topic for '%s'", args[0]) //nolint:staticcheck // k3s's own words
}

// Fatal logs an error the way k3s does and exits with 1.
func Fatal(err error) {
	var undefined *cli.UndefinedError
	if errors.As(err, &undefined) {
		fmt.Fprintf(os.Stderr, "Incorrect Usage: %v\n\n", err)
	}
	logrus.Fatal(err)
}

func notSupported(what string) error { return fmt.Errorf("%s is not supported by this build", what) }

const usage = `NAME:
   k3s - Kubernetes, small and simple (stand-in built from upstream modules)

USAGE:
   k3s [global options] command [command options]

COMMANDS:
   server         Run management server
   agent          Run node agent
   kubectl        Run kubectl
   ctr            Run ctr
   check-config   Run config check
   token          Manage tokens
   etcd-snapshot  Manage etcd snapshots
   certificate    Manage K3s certificates

GLOBAL OPTIONS:
   --debug        Turn on debug logs
   --help, -h     show help
   --version, -v  print the version
`
