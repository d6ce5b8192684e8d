package registries

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func load(t *testing.T, text string) *Registry {
	t.Helper()
	path := filepath.Join(t.TempDir(), "registries.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWildcardWithoutDefaultEndpointNeverLeavesTheMirror(t *testing.T) {
	hosts, err := load(t, "mirrors:\n  \"*\":\n    endpoint: [\"http://127.0.0.1:5070\"]\n").Hosts(true)
	if err != nil {
		t.Fatal(err)
	}
	want := header + "server = 'http://127.0.0.1:5070/v2'\noverride_path = true\ncapabilities = [\"pull\", \"resolve\"]\n"
	if hosts["_default"] != want {
		t.Fatalf("got %q", hosts["_default"])
	}
}

func TestMirrorOrderAccessAndFallback(t *testing.T) {
	r := load(t, `
mirrors:
  docker.io:
    endpoint: ["https://b.example:5000", "https://a.example"]
configs:
  b.example:5000:
    auth: {username: u, password: p}
    tls: {ca_file: /ca.pem, insecure_skip_verify: true}
`)
	hosts, err := r.Hosts(false)
	if err != nil {
		t.Fatal(err)
	}
	text := hosts["docker.io"]
	b, a := strings.Index(text, "b.example"), strings.Index(text, "a.example")
	if b < 0 || a < b || !strings.Contains(text, "Basic dTpw") || !strings.Contains(text, "skip_verify = true") || !strings.Contains(text, "registry-1.docker.io") {
		t.Fatalf("got %s", text)
	}
	if _, ok := hosts["b.example_5000_"]; !ok {
		t.Fatalf("no folder for the configured registry: %v", hosts)
	}
}

func TestRefusals(t *testing.T) {
	for _, text := range []string{
		"mirrors: {\"*\": {endpoint: [\"ftp://x\"]}}",
		"mirrors: {\"*\": {endpoint: [\"http://x\"], rewrite: {\"a\": \"b\"}}}",
		"mirrors: {\"../x\": {endpoint: [\"http://x\"]}}",
	} {
		if _, err := load(t, text).Hosts(true); err == nil {
			t.Errorf("accepted %s", text)
		}
	}
}

func TestWriteKeepsForeignFolders(t *testing.T) {
	dir := t.TempDir()
	own, foreign := filepath.Join(dir, "old"), filepath.Join(dir, "mine")
	for d, text := range map[string]string{own: header, foreign: "server = 'x'\n"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, "hosts.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(dir, map[string]string{"_default": header}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(own); !os.IsNotExist(err) {
		t.Fatal("an own folder stayed")
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Fatal("a foreign folder went")
	}
}
