package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"

	"bridle.local/node/cli"
	"bridle.local/node/datastore"
	"github.com/sirupsen/logrus"
	"sigs.k8s.io/yaml"
)

func snapshotFlags() []cli.Flag {
	return append(cli.Only("config", "debug", "data-dir", "node-name", "token", "server", "etcd-snapshot-dir", "etcd-snapshot-compress", "etcd-snapshot-retention",
		"log", "alsologtostderr", "etcd-s3"),
		cli.Flag{Name: "name", Default: "on-demand"}, cli.Flag{Name: "dir"}, cli.Flag{Name: "snapshot-compress", Kind: cli.Bool},
		cli.Flag{Name: "snapshot-retention"}, cli.Flag{Name: "output", Short: "o"})
}

func runSnapshot(args []string) error {
	if len(args) == 0 {
		return errors.New("a sub-command is needed: save, ls, delete or prune")
	}
	quietGRPC()
	known := snapshotFlags()
	for i := range known {
		if known[i].Short == "o" && known[i].Name != "output" {
			known[i].Short = ""
		}
	}
	o, err := cli.Parse(known, args[1:], false)
	if err != nil {
		return err
	}
	name, err := nodeName(o)
	if err != nil {
		return err
	}
	store := &datastore.Store{ServerDir: filepath.Join(o.Text("data-dir"), "server"), NodeName: name}
	dir := o.Text("dir")
	if dir == "" {
		dir = o.Text("etcd-snapshot-dir")
	}
	if dir == "" {
		dir = store.DefaultSnapshotDir()
	}
	switch args[0] {
	case "save":
		return saveSnapshot(o, store, dir)
	case "ls", "list", "l":
		return listSnapshots(o, name, dir)
	case "delete":
		if len(o.Args) == 0 {
			return errors.New("no snapshots given for removal")
		}
		if err := datastore.Delete(dir, o.Args); err != nil {
			return err
		}
		for _, n := range o.Args {
			logrus.Infof("Snapshot %s deleted.", n)
		}
		return nil
	case "prune":
		return pruneSnapshots(o, store, dir)
	}
	return fmt.Errorf("No help topic for '%s'", args[0]) //nolint:staticcheck // k3s's own words
}

func saveSnapshot(o *cli.Options, store *datastore.Store, dir string) error {
	if len(o.Args) > 0 {
		return errors.New("this command does not take any arguments")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	full, err := store.Save(ctx, dir, o.Text("name"), o.Bool("snapshot-compress") || o.Bool("etcd-snapshot-compress"))
	if err != nil {
		return err
	}
	logrus.Infof("Snapshot %s saved.", full)
	return nil
}

func listSnapshots(o *cli.Options, node, dir string) error {
	list, err := datastore.List(dir)
	if err != nil {
		return err
	}
	switch o.Text("output") {
	case "":
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
		fmt.Fprint(w, "Name\tLocation\tSize\tCreated\n")
		for _, s := range list {
			fmt.Fprintf(w, "%s\tfile://%s\t%d\t%s\n", s.Name, s.Path, s.Size, s.Created.UTC().Format(time.RFC3339))
		}
		return w.Flush()
	case "json", "yaml":
		text, err := datastore.ListJSON(list, node)
		if err == nil && o.Text("output") == "yaml" {
			text, err = yaml.JSONToYAML(text)
		}
		if err != nil {
			return err
		}
		fmt.Println(string(text))
		return nil
	}
	return errors.New("invalid output format: " + o.Text("output"))
}

func pruneSnapshots(o *cli.Options, store *datastore.Store, dir string) error {
	text := o.Text("snapshot-retention")
	if text == "" {
		text = o.Text("etcd-snapshot-retention")
	}
	var keep int
	if _, err := fmt.Sscanf(text, "%d", &keep); err != nil || keep < 1 {
		return fmt.Errorf("invalid retention %q", text)
	}
	gone, err := store.Prune(dir, o.Text("name"), keep)
	for _, n := range gone {
		logrus.Infof("Snapshot %s deleted.", n)
	}
	return err
}

func nodeName(o *cli.Options) (string, error) {
	if n := o.Text("node-name"); n != "" {
		return n, nil
	}
	return os.Hostname()
}
