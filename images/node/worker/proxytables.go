package worker

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

const proxyTablesLimit = 20 * time.Second

// clearProxyTables removes kube-proxy's tables on hosts without /etc/protocols (Debian's package netbase).
// There nft lists protocols as numbers; kube-proxy, started again, takes its own rules for foreign ones and deletes each
// rule that it has just written, so that no service answers. Without old tables it has nothing to compare.
// Connections that are established stay so; new ones wait for its first sync, about a second.
func clearProxyTables(ctx context.Context) error {
	if namesProtocols("/etc/protocols") {
		return nil
	}
	logrus.Warn("/etc/protocols is missing (package netbase): services are interrupted for a moment at each start")
	ctx, cancel := context.WithTimeout(ctx, proxyTablesLimit)
	defer cancel()
	command := exec.CommandContext(ctx, "nft", "-f", "-")
	command.Stdin = strings.NewReader("add table ip kube-proxy\ndelete table ip kube-proxy\nadd table ip6 kube-proxy\ndelete table ip6 kube-proxy\n")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("clear kube-proxy's tables: %w: %.2000s", err, out)
	}
	return nil
}

func namesProtocols(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == "tcp" {
			return true
		}
	}
	return false
}
