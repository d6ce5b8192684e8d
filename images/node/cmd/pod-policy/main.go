// Command pod-policy is the last CNI plugin of the pod network: it tells the node's policy enforcer a new pod's address
// and waits until the rules for it are in the kernel, so that no container runs before its network policies bite.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

const (
	// waitLimit is below the kubelet's limit of two minutes for a sandbox.
	waitLimit  = 60 * time.Second
	inputLimit = 1 << 20
)

type config struct {
	CNIVersion string          `json:"cniVersion"`
	Socket     string          `json:"socket"`
	PrevResult json.RawMessage `json:"prevResult"`
}

type result struct {
	IPs []struct {
		Address string `json:"address"`
	} `json:"ips"`
}

func main() {
	err := run(os.Getenv("CNI_COMMAND"), os.Getenv("CNI_ARGS"), os.Getenv("CNI_CONTAINERID"))
	if err != nil {
		answer, _ := json.Marshal(map[string]any{"cniVersion": "1.0.0", "code": 100, "msg": err.Error()})
		fmt.Println(string(answer))
		os.Exit(1)
	}
}

func run(command, args, container string) error {
	if command == "VERSION" {
		fmt.Println(`{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0","1.1.0"]}`)
		return nil
	}
	input, err := io.ReadAll(io.LimitReader(os.Stdin, inputLimit))
	if err != nil {
		return err
	}
	var c config
	if err := json.Unmarshal(input, &c); err != nil {
		return fmt.Errorf("read network configuration: %w", err)
	}
	switch command {
	case "ADD":
		if err := announce(c, args, container); err != nil {
			return fmt.Errorf("network policies of the pod are not in place: %w", err)
		}
		fmt.Println(string(c.PrevResult))
	case "DEL":
		// The enforcer forgets addresses of pods that are gone by itself; an unreachable one must not keep a pod from being removed.
		_ = send(c.Socket, map[string]any{"command": "DEL", "container": container}, 2*time.Second)
	}
	return nil
}

func announce(c config, args, container string) error {
	var r result
	if err := json.Unmarshal(c.PrevResult, &r); err != nil {
		return fmt.Errorf("read the result of the plugin before: %w", err)
	}
	pod := map[string]string{}
	for _, pair := range strings.Split(args, ";") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			pod[key] = value
		}
	}
	var ips []string
	for _, ip := range r.IPs {
		address, _, _ := strings.Cut(ip.Address, "/")
		ips = append(ips, address)
	}
	return send(c.Socket, map[string]any{
		"command": "ADD", "container": container, "ips": ips,
		"namespace": pod["K8S_POD_NAMESPACE"], "name": pod["K8S_POD_NAME"], "uid": pod["K8S_POD_UID"],
	}, waitLimit)
}

// send asks the enforcer and waits for "ok"; a socket that is not there yet is tried again until the limit.
func send(socket string, message map[string]any, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	var conn net.Conn
	for {
		var err error
		if conn, err = net.DialTimeout("unix", socket, time.Second); err == nil {
			break
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	if err := json.NewEncoder(conn).Encode(message); err != nil {
		return err
	}
	answer := struct {
		Error string `json:"error"`
	}{}
	if err := json.NewDecoder(io.LimitReader(conn, inputLimit)).Decode(&answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	return nil
}
