package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

const (
	// podKnownLimit is how long a pod may be unknown here after the kubelet has begun to start it.
	podKnownLimit = 10 * time.Second
	applyLimit    = 30 * time.Second
	messageLimit  = 64 << 10
)

type message struct {
	Command   string   `json:"command"`
	Container string   `json:"container"`
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	IPs       []string `json:"ips"`
}

func listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(path, 0o600)
}

func (e *enforcer) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(podKnownLimit + applyLimit))
			var m message
			if err := json.NewDecoder(io.LimitReader(conn, messageLimit)).Decode(&m); err != nil {
				return
			}
			answer := map[string]string{}
			if err := e.answer(m); err != nil {
				answer["error"] = err.Error()
			}
			_ = json.NewEncoder(conn).Encode(answer)
		}()
	}
}

func (e *enforcer) answer(m message) error {
	if m.Command == "DEL" {
		e.forget(m.Container)
		return nil
	}
	if m.Command != "ADD" || m.Name == "" {
		return fmt.Errorf("unknown request %q", m.Command)
	}
	for _, text := range m.IPs {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return err
		}
		if ip.Is4() {
			return e.add(m, ip)
		}
	}
	return errors.New("the pod has no IPv4 address")
}

// add waits until the pod is known and its rules are in the kernel.
func (e *enforcer) add(m message, ip netip.Addr) error {
	deadline := time.Now().Add(podKnownLimit)
	for {
		if _, err := e.pods.Pods(m.Namespace).Get(m.Name); err == nil {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("pod %s/%s is not known", m.Namespace, m.Name)
		}
		time.Sleep(50 * time.Millisecond)
	}
	done := make(chan error, 1)
	e.mu.Lock()
	e.announced[m.Namespace+"/"+m.Name] = announcement{m.Container, ip}
	e.waiters = append(e.waiters, done)
	e.mu.Unlock()
	e.poke()
	select {
	case err := <-done:
		return err
	case <-time.After(applyLimit):
		return errors.New("timed out")
	}
}

func (e *enforcer) forget(container string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, a := range e.announced {
		if a.container == container {
			delete(e.announced, key)
		}
	}
}
