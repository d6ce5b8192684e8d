package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"bridle.local/node/cli"
	"github.com/sirupsen/logrus"
	"google.golang.org/grpc/grpclog"
)

var notifySocket string

// takeNotifySocket keeps systemd's socket for this process alone.
func takeNotifySocket() {
	notifySocket = os.Getenv("NOTIFY_SOCKET")
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		os.Unsetenv(name)
	}
}

// notify tells systemd; without systemd it does nothing.
func notify(state string) {
	if notifySocket == "" {
		return
	}
	address := notifySocket
	if strings.HasPrefix(address, "@") {
		address = "\x00" + address[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err == nil {
		defer conn.Close()
		_, err = conn.Write([]byte(state))
	}
	if err != nil {
		logrus.Warnf("Failed to notify systemd: %v", err)
	}
}

// quietGRPC drops the connection attempts that the etcd client logs; what matters comes back as an error.
func quietGRPC() { grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard)) }

// identity gives this host's name and address in the cluster.
func identity(o *cli.Options) (name, ip string, err error) {
	if name = o.Text("node-name"); name == "" {
		if name, err = os.Hostname(); err != nil {
			return "", "", err
		}
	}
	name = strings.ToLower(name)
	for _, given := range o.Split("node-ip") {
		parsed := net.ParseIP(given)
		if parsed == nil {
			return "", "", fmt.Errorf("invalid node-ip: %s", given)
		}
		if parsed.To4() != nil {
			return name, parsed.String(), nil
		}
	}
	ip, err = defaultAddress()
	return name, ip, err
}

// defaultAddress is the address of the interface with the default route; without one k3s cannot start either.
func defaultAddress() (string, error) {
	f, err := os.Open("/proc/net/route")
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 8 || fields[1] != "00000000" || fields[7] != "00000000" {
			continue
		}
		link, err := net.InterfaceByName(fields[0])
		if err != nil {
			return "", err
		}
		addresses, err := link.Addrs()
		if err != nil {
			return "", err
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
				return n.IP.String(), nil
			}
		}
	}
	return "", errors.New("unable to select an IP from default routes")
}
