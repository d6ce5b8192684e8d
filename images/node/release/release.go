// Package release names this build; build.sh sets the version.
package release

import "strings"

// Version is the Kubernetes version with k3s's suffix, such as v1.36.3+k3s1.
var Version = "v0.0.0+k3s1"

// Line is what `k3s --version` prints first. The word in brackets, a commit in k3s, tells this stand-in apart.
func Line() string { return "k3s version " + Version + " (bridle-node)" }

// Kubernetes is the version without suffix.
func Kubernetes() string {
	v, _, _ := strings.Cut(Version, "+")
	return v
}
