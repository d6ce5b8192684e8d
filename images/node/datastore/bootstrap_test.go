package datastore

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSealedDataOpensOnlyWithItsSecret(t *testing.T) {
	content := map[string][]byte{"tls/server-ca.key": []byte("key")}
	sealed, err := seal("secret", content)
	if err != nil {
		t.Fatal(err)
	}
	got, err := open("secret", sealed)
	if err != nil || !same(got, content) {
		t.Fatalf("%v %v", got, err)
	}
	if _, err := open("other", sealed); !errors.Is(err, ErrOtherToken) {
		t.Fatalf("wrong secret: %v", err)
	}
	if _, err := open("secret", sealed[:10]); err == nil {
		t.Fatal("truncated data opened")
	}
	if bootstrapKey("a") == bootstrapKey("b") {
		t.Fatal("two secrets share a key")
	}
}

func TestPruneKeepsTheNewestOfOneName(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"etcd-snapshot-n1-1", "etcd-snapshot-n1-2", "on-demand-n1-3", "etcd-snapshot-n1-4"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	gone, err := (&Store{NodeName: "n1"}).Prune(dir, "etcd-snapshot", 2)
	if err != nil || len(gone) != 1 || gone[0] != "etcd-snapshot-n1-1" {
		t.Fatalf("%v %v", gone, err)
	}
	list, err := List(dir)
	if err != nil || len(list) != 3 {
		t.Fatalf("%v %v", list, err)
	}
	text, err := ListJSON(list, "n1")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Items []struct {
			Spec   struct{ SnapshotName, Location string }
			Status struct{ Size string }
		}
	}
	if err := json.Unmarshal(text, &document); err != nil || document.Items[0].Spec.SnapshotName != "etcd-snapshot-n1-2" || document.Items[0].Status.Size != "1" {
		t.Fatalf("%s %v", text, err)
	}
	if err := Delete(dir, []string{"../x"}); err == nil {
		t.Fatal("a path was taken for a name")
	}
}
