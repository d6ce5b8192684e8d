#!/usr/bin/env bash
# usage: build.sh VERSION OUTPUT [PARTS]    builds the k3s stand-in for a Kubernetes version that has a file versions/VERSION.mod
# and leaves the programs that it carries inside in the folder PARTS, for a bill of materials.
#
# Needs go, gcc and libseccomp-dev (runc), GNU tar and zstd. The same inputs give the same bytes; results are kept in
# ${XDG_CACHE_HOME:-~/.cache}/bridle/build/NAME-HASH, where HASH covers everything that is built from.
set -euo pipefail

version=${1:-1.36.3}
output=${2:?usage: build.sh VERSION OUTPUT [PARTS]}
parts=${3:-}
containerd=2.4.2 runc=1.5.2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bridle/build
module=$here/versions/$version.mod
[ -f "$module" ] || { echo "build.sh: no versions/$version.mod: see README.md on adding a version" >&2; exit 1; }
mkdir -p "$cache"
export GOFLAGS= GOWORK=off LC_ALL=C TZ=UTC GOOS=linux GOARCH=amd64 GOAMD64=v1
build() { nice -n 5 go build -trimpath -buildvcs=false "$@"; }

# hash FILES...: one hash over names (relative to here) and contents of files and over this script and the compiler.
hash() {
  { go version; dpkg-query -W -f '${Package} ${Version}\n' gcc libc6-dev libseccomp-dev 2>/dev/null || true
    cd "$here"; sha256sum build.sh "$@"; } | sha256sum | cut -c1-16
}

# make_payload FILE: containerd, its shim, ctr, runc, CNI plugins and our own CNI plugin, static, in one compressed archive.
make_payload() {
  local work; work=$(mktemp -d "$cache/.payload-XXXXXX"); trap 'rm -rf "$work"' RETURN
  mkdir "$work/bin"
  local strip="-s -w -buildid=" modules=github.com/containerd/containerd/v2 cni=github.com/containernetworking/plugins/plugins
  (cd "$here/tools/containerd" && CGO_ENABLED=0 build -mod=readonly -tags "netgo osusergo static_build no_btrfs no_zfs no_devmapper" \
    -ldflags "$strip -X $modules/version.Version=v$containerd -X $modules/version.Package=$modules" -o "$work/bin/" \
    $modules/cmd/containerd $modules/cmd/containerd-shim-runc-v2 $modules/cmd/ctr)
  (cd "$here/tools/cni" && CGO_ENABLED=0 build -mod=readonly -ldflags "$strip" -o "$work/bin/" \
    $cni/main/bridge $cni/main/loopback $cni/ipam/host-local $cni/meta/portmap)
  # Without the seccomp tag no pod starts; seccomp is a C library, linked statically.
  (cd "$here/tools/runc" && CGO_ENABLED=1 build -mod=readonly -tags "netgo osusergo seccomp" \
    -ldflags "$strip -extldflags '-static -Wl,--build-id=none' -X main.version=$runc" -o "$work/bin/runc" github.com/opencontainers/runc)
  (cd "$here/cmd/pod-policy" && CGO_ENABLED=0 build -ldflags "$strip" -o "$work/bin/pod-policy" .)
  tar -C "$work/bin" --sort=name --owner=0 --group=0 --numeric-owner --mode=0755 --mtime=@0 --format=ustar -cf "$work/payload.tar" \
    $(cd "$work/bin" && ls)
  nice -n 5 zstd -q -15 -T1 "$work/payload.tar" -o "$work/payload.tar.zst"
  mv "$work/payload.tar.zst" "$1"
}

mapfile -t payload_inputs < <(cd "$here" && ls tools/*/go.mod tools/*/go.sum cmd/pod-policy/*)
payload=$cache/node-payload-$(hash "${payload_inputs[@]}")
[ -f "$payload" ] || make_payload "$payload"

mapfile -t inputs < <(cd "$here" && find . -name '*.go' -not -name '*_test.go' -not -path './tools/*' -not -path './cmd/*' | sort)
program=$cache/k3s-$version-$(hash "${inputs[@]}" "versions/$version.mod" "versions/$version.sum" "${payload_inputs[@]}")
if [ ! -f "$program" ]; then
  overlay=$(mktemp "$cache/.overlay-XXXXXX"); trap 'rm -f "$overlay" "$program.tmp"' EXIT
  printf '{"Replace":{"%s":"%s"}}' "$here/payload/blob/$(sha256sum "$payload" | cut -d' ' -f1).tar.zst" "$payload" > "$overlay"
  minor=${version#1.}; minor=${minor%%.*}
  stamp="-X bridle.local/node/release.Version=v$version+k3s1"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    stamp="$stamp -X $package.gitVersion=v$version+k3s1 -X $package.gitMajor=1 -X $package.gitMinor=$minor -X $package.gitTreeState=clean -X $package.gitCommit=bridle -X $package.buildDate=1970-01-01T00:00:00Z"
  done
  (cd "$here" && CGO_ENABLED=0 build -mod=readonly -modfile="$module" -overlay "$overlay" -ldflags "-s -w -buildid= $stamp" -o "$program.tmp" .)
  mv "$program.tmp" "$program"
fi
mkdir -p "$(dirname "$output")"
cp --reflink=auto "$program" "$output.tmp"
chmod 0755 "$output.tmp"
mv "$output.tmp" "$output"
if [ -n "$parts" ]; then
  mkdir -p "$parts"
  zstd -qdc "$payload" | tar -C "$parts" -xf -
fi
