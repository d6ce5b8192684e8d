package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"bridle.local/node/certs"
	"bridle.local/node/cli"
	"github.com/sirupsen/logrus"
	"sigs.k8s.io/yaml"
)

func runCertificate(args []string) error {
	if len(args) == 0 {
		return errors.New("a sub-command is needed: check or rotate")
	}
	known := append(cli.Only("config", "debug", "data-dir", "token", "log", "alsologtostderr"),
		cli.Flag{Name: "service", Short: "s", Kind: cli.List}, cli.Flag{Name: "output", Short: "o", Default: "text"})
	o, err := cli.Parse(known, args[1:], false)
	if err != nil {
		return err
	}
	dataDir, err := filepath.Abs(o.Text("data-dir"))
	if err != nil {
		return err
	}
	services := o.Split("service")
	switch args[0] {
	case "check":
		list, err := certs.Check(dataDir, services)
		if err != nil {
			return err
		}
		return showCertificates(list, o.Text("output"))
	case "rotate":
		backup, err := certs.Rotate(dataDir, services)
		if err != nil {
			return err
		}
		logrus.Infof("Successfully backed up certificates to %s, please restart k3s server or agent to rotate certificates", backup)
		return nil
	}
	return notSupported("certificate " + args[0])
}

func showCertificates(list []certs.Entry, format string) error {
	document := map[string]any{"Certificates": list}
	switch format {
	case "text":
		for _, c := range list {
			logrus.Infof("%s: certificate %s (%s) is %s, expires at %s", c.Filename, c.Subject, strings.Join(c.Usages, ","), c.Status, c.ExpiryTime.Format("2006-01-02T15:04:05Z07:00"))
		}
		return nil
	case "table":
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
		fmt.Fprint(w, "\nFILENAME\tSUBJECT\tUSAGES\tEXPIRES\tRESIDUAL TIME\tSTATUS\n--------\t-------\t------\t-------\t-------------\t------\n")
		for _, c := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d days\t%s\n", c.Filename, c.Subject, strings.Join(c.Usages, ","),
				c.ExpiryTime.Format("Jan 02, 2006 15:04 MST"), int(c.ResidualTime.Hours()/24), c.Status)
		}
		return w.Flush()
	case "json":
		return json.NewEncoder(os.Stdout).Encode(document)
	case "yaml":
		text, err := yaml.Marshal(document)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(text)
		return err
	}
	return fmt.Errorf("invalid output format %s", format)
}
