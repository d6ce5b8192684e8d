// Command k3s is a stand-in for k3s built from upstream Kubernetes, etcd and containerd: see README.md.
package main

import (
	"net/http"
	"os"
	"path/filepath"

	"bridle.local/node/command"
	"bridle.local/node/component"
	"bridle.local/node/server"
)

func main() {
	name := filepath.Base(os.Args[0])
	if len(os.Args) > 1 && os.Args[1] == component.Marker {
		component.ServeBesideAPI(func(dataDir, settings string, next http.Handler) http.Handler {
			return server.Handler(dataDir, settings, next)
		})
		os.Exit(component.Run(name, os.Args[2:]))
	}
	if err := command.Run(name, os.Args[1:]); err != nil {
		command.Fatal(err)
	}
}
