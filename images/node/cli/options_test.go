package cli

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDropInsMergeInOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, "cluster-init: true\ndisable: [traefik]\nkubelet-arg: [a=1]\nnode-name: one\n")
	write(t, file+".d/10-a.yaml", "disable+: [coredns]\nnode-name: two\n")
	write(t, file+".d/20-b.yaml", "disable+: servicelb\nkubelet-arg: [b=2]\n")
	write(t, file+".d/ignored.txt", "node-name: three\n")
	o, err := Parse(ServerFlags(), []string{"--config", file}, true)
	if err != nil {
		t.Fatal(err)
	}
	if got := o.List("disable"); !reflect.DeepEqual(got, []string{"traefik", "coredns", "servicelb"}) {
		t.Fatalf("disable = %v", got)
	}
	if got := o.List("kubelet-arg"); !reflect.DeepEqual(got, []string{"b=2"}) {
		t.Fatalf("kubelet-arg = %v", got)
	}
	if !o.Bool("cluster-init") || o.Text("node-name") != "two" || o.Text("cluster-cidr") != "10.42.0.0/16" {
		t.Fatalf("wrong values: %v", o.texts)
	}
}

func TestCommandLineReplacesTheWholeList(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, "disable: [traefik, coredns]\nhttps-listen-port: 7443\n")
	o, err := Parse(ServerFlags(), []string{"-c", file, "--disable=metrics-server", "--disable", "servicelb"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if got := o.List("disable"); !reflect.DeepEqual(got, []string{"metrics-server", "servicelb"}) {
		t.Fatalf("disable = %v", got)
	}
	if o.Text("https-listen-port") != "7443" {
		t.Fatalf("port = %q", o.Text("https-listen-port"))
	}
}

func TestUnknownAndRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, "no-such-key: 1\n")
	var undefined *UndefinedError
	if _, err := Parse(ServerFlags(), []string{"--config", file}, true); !errors.As(err, &undefined) {
		t.Fatalf("key: %v", err)
	}
	if o, err := Parse(ServerFlags(), []string{"--config", file}, false); err != nil || len(o.Warnings) != 1 {
		t.Fatalf("skipped key: %v", err)
	}
	_, err := Parse(ServerFlags(), []string{"--xyz"}, true)
	if !errors.As(err, &undefined) || err.Error() != "flag provided but not defined: -xyz" {
		t.Fatalf("flag: %v", err)
	}
	write(t, file, "docker: true\n")
	var refused *RefusedError
	if _, err := Parse(ServerFlags(), []string{"--config", file}, true); !errors.As(err, &refused) {
		t.Fatalf("refused: %v", err)
	}
	write(t, file, "node-name: a\nnode-name: b\n")
	if _, err := Parse(ServerFlags(), []string{"--config", file}, true); err == nil {
		t.Fatal("a key twice in one file must fail")
	}
}
