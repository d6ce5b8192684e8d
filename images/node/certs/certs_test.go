package certs

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func server(dir string, hosts ...string) *Server {
	return &Server{Dir: filepath.Join(dir, "server", "tls"), NodeName: "n1", NodeIP: "198.18.0.1", Hosts: append(hosts, "127.0.0.1")}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEnsureIsStableAndFollowsHosts(t *testing.T) {
	dir := t.TempDir()
	serving := filepath.Join(dir, "server", "tls", "serving-kube-apiserver.crt")
	key := filepath.Join(dir, "server", "tls", "serving-kube-apiserver.key")
	if err := server(dir).Ensure(); err != nil {
		t.Fatal(err)
	}
	before, keyBefore := read(t, serving), read(t, key)
	if err := server(dir).Ensure(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, read(t, serving)) {
		t.Fatal("a good certificate was issued again")
	}
	if err := server(dir, "platform.example").Ensure(); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(before, read(t, serving)) || !bytes.Equal(keyBefore, read(t, key)) {
		t.Fatal("a new host must give a new certificate with the old key")
	}
}

func TestRotateRemovesOnlyTheNamedService(t *testing.T) {
	dir := t.TempDir()
	if err := server(dir).Ensure(); err != nil {
		t.Fatal(err)
	}
	backup, err := Rotate(dir, []string{"admin"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "server/tls/client-admin.crt")); !os.IsNotExist(err) {
		t.Fatalf("still there: %v", err)
	}
	read(t, filepath.Join(dir, "server/tls/client-scheduler.crt"))
	read(t, filepath.Join(backup, "server/tls/client-admin.crt"))
	if _, err := Rotate(dir, []string{"nonsense"}); err == nil {
		t.Fatal("an unknown service must fail")
	}
	list, err := Check(dir, []string{"scheduler"})
	if err != nil || len(list) != 2 || list[0].Status != "OK" || list[0].Subject != "system:kube-scheduler" {
		t.Fatalf("check: %v %v", list, err)
	}
}
