package component

import (
	"errors"
	"net/http"
	"os"

	"github.com/spf13/cobra"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"
	basecompatibility "k8s.io/component-base/compatibility"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// The API server's environment: the data directory whose join endpoints it serves and the settings it hands to joining hosts. No secret is in them.
const (
	SupervisorData     = "NODE_SUPERVISOR_DATA"
	SupervisorSettings = "NODE_SUPERVISOR_SETTINGS"
)

// supervisorHandler is set by the package that answers /ping, /cacerts and /v1-k3s/*.
var supervisorHandler func(dataDir, settings string, next http.Handler) http.Handler

// ServeBesideAPI registers what answers on the API server's port before authentication.
func ServeBesideAPI(wrap func(dataDir, settings string, next http.Handler) http.Handler) {
	supervisorHandler = wrap
}

// newAPIServerCommand is upstream's command with one difference: the supervisor's endpoints sit in front of the handler chain,
// so that one listener serves both as in k3s, and client certificates, upgrades and watches stay kube-apiserver's own.
func newAPIServerCommand() *cobra.Command {
	s := options.NewServerRunOptions()
	ctx := genericapiserver.SetupSignalContext()
	registry := s.GenericServerRunOptions.ComponentGlobalsRegistry
	gate := registry.FeatureGateFor(basecompatibility.DefaultKubeComponent)
	command := &cobra.Command{Use: "kube-apiserver", SilenceUsage: true, Args: cobra.NoArgs}
	command.RunE = func(*cobra.Command, []string) error {
		if err := registry.Set(); err != nil {
			return err
		}
		rest.SetDefaultWarningHandler(rest.NoWarnings{})
		if err := logsapi.ValidateAndApply(s.Logs, gate); err != nil {
			return err
		}
		completed, err := s.Complete(ctx)
		if err != nil {
			return err
		}
		if errs := completed.Validate(); len(errs) != 0 {
			return utilerrors.NewAggregate(errs)
		}
		config, err := app.NewConfig(completed)
		if err != nil {
			return err
		}
		if err := putSupervisorInFront(config); err != nil {
			return err
		}
		ready, err := config.Complete()
		if err != nil {
			return err
		}
		chain, err := app.CreateServerChain(ready)
		if err != nil {
			return err
		}
		prepared, err := chain.PrepareRun()
		if err != nil {
			return err
		}
		return prepared.Run(ctx)
	}
	for _, set := range s.Flags().FlagSets {
		command.Flags().AddFlagSet(set)
	}
	command.SetContext(ctx)
	return command
}

func putSupervisorInFront(config *app.Config) error {
	dataDir := os.Getenv(SupervisorData)
	if dataDir == "" || supervisorHandler == nil {
		return errors.New("the API server was started without its supervisor")
	}
	generic := config.Aggregator.GenericConfig
	inner := generic.BuildHandlerChainFunc
	generic.BuildHandlerChainFunc = func(handler http.Handler, c *genericapiserver.Config) http.Handler {
		return supervisorHandler(dataDir, os.Getenv(SupervisorSettings), inner(handler, c))
	}
	return nil
}
