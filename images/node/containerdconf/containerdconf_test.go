package containerdconf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var values = Values{Dir: "/d/agent", Bin: "/d/bin", State: "/run/s", Socket: "/run/s/c.sock", PauseImage: "registry.example/pause:1", Snapshotter: "overlayfs"}

func TestBaseIsValid(t *testing.T) {
	text, err := Render(filepath.Join(t.TempDir(), "none"), values)
	if err != nil {
		t.Fatal(err)
	}
	if err := Valid(text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`sandbox = "registry.example/pause:1"`, `/d/agent/etc/containerd/config-v3.toml.d/*.toml`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestTemplateExtendsBaseAndDuplicateTableIsInvalid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config-v3.toml.tmpl")
	write := func(text string) []byte {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := Render(path, values)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	good := write("{{ template \"base\" . }}\n[plugins.'io.containerd.nri.v1.nri']\n  disable = true\n")
	if err := Valid(good); err != nil {
		t.Fatal(err)
	}
	bad := write("{{ template \"base\" . }}\n[plugins.'io.containerd.cri.v1.images']\n  snapshotter = 'x'\n")
	if Valid(bad) == nil {
		t.Fatal("a table given twice passed")
	}
}
