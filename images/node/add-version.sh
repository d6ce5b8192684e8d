#!/usr/bin/env bash
# usage: add-version.sh VERSION    writes versions/VERSION.mod and .sum for a Kubernetes version, from that version's own requirements
#
# Kubernetes' module names its staging modules by path; each is replaced by the published module of the same release.
# etcd and the rest come at the versions that this Kubernetes release itself requires.
set -euo pipefail
version=${1:?usage: add-version.sh VERSION}
staging=v0.${version#1.}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOFLAGS= GOWORK=off
source=$(cd "$work" && GOFLAGS=-mod=mod go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
etcd=$(awk '$1 == "go.etcd.io/etcd/client/v3" { print $2 }' "$source/go.mod")
# Compile the same sources against the new requirements in a copy.
(cd "$here" && find . -name '*.go' -not -path './tools/*' -not -path './cmd/*' -print0 | tar --null -T - -cf -) | tar -C "$work" -xf -
cp -r "$here/payload/blob" "$work/payload/"
cd "$work"
go mod init bridle.local/node
go mod edit -go="$(awk '$1 == "go" { print $2 }' "$source/go.mod")" -require="k8s.io/kubernetes@v$version"
for module in $(grep -oE '^\s+k8s.io/[a-z-]+ => ./staging' "$source/go.mod" | awk '{ print $1 }'); do
  go mod edit -replace="$module=$module@$staging"
done
for module in server client etcdutl; do go mod edit -require="go.etcd.io/etcd/$module/v3@$etcd"; done
go mod tidy
cp go.mod "$here/versions/$version.mod"
cp go.sum "$here/versions/$version.sum"
