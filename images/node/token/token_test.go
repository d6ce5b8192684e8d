package token

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	full := Token{strings.Repeat("a", 64), "server", "s:3cret"}
	got, err := Parse(full.String() + "\n")
	if err != nil || got != full {
		t.Fatalf("%v %v", got, err)
	}
	if got, err := Parse("plain"); err != nil || got.Secret != "plain" || got.CAHash != "" {
		t.Fatalf("%v %v", got, err)
	}
	for _, bad := range []string{"", "K10abc", "K10abc::server:x", "K10" + strings.Repeat("a", 64) + "::server"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func TestStoreAndDecide(t *testing.T) {
	dir := t.TempDir()
	if err := Store(dir, "abc", "", []byte("ca")); err != nil {
		t.Fatal(err)
	}
	stored, err := Stored(dir)
	if err != nil || stored.Secret != "abc" || stored.CAHash != Hash([]byte("ca")) {
		t.Fatalf("%v %v", stored, err)
	}
	if s, err := Decide(Token{}, stored); err != nil || s != "abc" {
		t.Fatalf("%q %v", s, err)
	}
	if s, err := Decide(Token{Secret: "new"}, stored); err != nil || s != "new" {
		t.Fatalf("%q %v", s, err)
	}
	if target, err := os.Readlink(filepath.Join(dir, "node-token")); err != nil || target != filepath.Join(dir, "token") {
		t.Fatalf("%q %v", target, err)
	}
}
