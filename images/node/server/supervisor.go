package server

import (
	"context"
	"crypto/subtle"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"bridle.local/node/certs"
	"bridle.local/node/token"
	"bridle.local/node/worker"
	"github.com/sirupsen/logrus"
)

const requestLimit = 64 << 10

var nodeNamePattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

// Local signs with this server's own authorities.
type Local struct {
	TLS              string
	NodeName, NodeIP string
}

// Authorities returns the certificates of the server's and the clients' authority.
func (l Local) Authorities(context.Context) (server, client []byte, err error) {
	if server, err = os.ReadFile(filepath.Join(l.TLS, "server-ca.crt")); err != nil {
		return nil, nil, err
	}
	client, err = os.ReadFile(filepath.Join(l.TLS, "client-ca.crt"))
	return server, client, err
}

// Sign signs a request for one of worker.Profiles.
func (l Local) Sign(_ context.Context, file string, request []byte) ([]byte, error) {
	public, err := certs.PublicOf(request)
	if err != nil {
		return nil, err
	}
	p := worker.Profiles(l.NodeName, l.NodeIP)[file]
	authority, err := certs.LoadAuthority(filepath.Join(l.TLS, p.Authority))
	if err != nil {
		return nil, err
	}
	return authority.Sign(p.Profile, public)
}

// Handler answers /ping, /cacerts and /v1-k3s/* in front of the API server.
func Handler(dataDir, settings string, next http.Handler) http.Handler {
	s := &supervisor{filepath.Join(dataDir, "server"), settings, next}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "pong")
	})
	mux.HandleFunc("GET /cacerts", func(w http.ResponseWriter, r *http.Request) { s.file(w, "server-ca.crt") })
	mux.Handle("GET /v1-k3s/config", s.authenticated(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, s.settings)
	}))
	mux.Handle("GET /v1-k3s/client-ca.crt", s.authenticated(func(w http.ResponseWriter, _ *http.Request) { s.file(w, "client-ca.crt") }))
	mux.Handle("GET /v1-k3s/server-ca.crt", s.authenticated(func(w http.ResponseWriter, _ *http.Request) { s.file(w, "server-ca.crt") }))
	mux.Handle("GET /v1-k3s/readyz", s.authenticated(s.ready))
	mux.Handle("POST /v1-k3s/{file}", s.authenticated(s.sign))
	mux.HandleFunc("/v1-k3s/", http.NotFound)
	mux.Handle("/", next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would clean other paths by redirects; only ours may go through it.
		if r.URL.Path == "/ping" || r.URL.Path == "/cacerts" || strings.HasPrefix(r.URL.Path, "/v1-k3s/") {
			mux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

type supervisor struct {
	dir      string
	settings string
	next     http.Handler
}

func (s *supervisor) file(w http.ResponseWriter, name string) {
	text, err := os.ReadFile(filepath.Join(s.dir, "tls", name))
	if err != nil {
		http.Error(w, "not available", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write(text)
}

// authenticated lets through who knows the token (or the agents' token).
func (s *supervisor) authenticated(handler http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, ok := r.BasicAuth()
		if !ok || !s.known(password) {
			http.Error(w, "not authorized", http.StatusUnauthorized)
			return
		}
		handler(w, r)
	})
}

func (s *supervisor) known(password string) bool {
	good := false
	for _, name := range []string{"token", "agent-token"} {
		data, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			continue
		}
		t, err := token.Parse(string(data))
		if err == nil && subtle.ConstantTimeCompare([]byte(t.Secret), []byte(password)) == 1 {
			good = true
		}
	}
	return good
}

func (s *supervisor) ready(w http.ResponseWriter, r *http.Request) {
	client, err := adminHTTP(filepath.Join(s.dir, "tls", "server-ca.crt"), filepath.Join(s.dir, "tls", "client-supervisor"))
	if err == nil {
		_, port, splitErr := net.SplitHostPort(r.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
		if err = splitErr; err == nil {
			var response *http.Response
			if response, err = client.Get("https://127.0.0.1:" + port + "/readyz"); err == nil {
				response.Body.Close()
				if response.StatusCode == http.StatusOK {
					_, _ = io.WriteString(w, "ok")
					return
				}
			}
		}
	}
	http.Error(w, "apiserver is not ready", http.StatusInternalServerError)
}

func (s *supervisor) sign(w http.ResponseWriter, r *http.Request) {
	file := strings.TrimSuffix(r.PathValue("file"), ".crt")
	name, ip := r.Header.Get("K3s-Node-Name"), r.Header.Get("K3s-Node-Ip")
	if !nodeNamePattern.MatchString(name) || net.ParseIP(ip) == nil {
		http.Error(w, "node name or address missing", http.StatusBadRequest)
		return
	}
	if _, ok := worker.Profiles(name, ip)[file]; !ok {
		http.NotFound(w, r)
		return
	}
	request, err := io.ReadAll(io.LimitReader(r.Body, requestLimit))
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	text, err := Local{filepath.Join(s.dir, "tls"), name, ip}.Sign(r.Context(), file, request)
	if err != nil {
		logrus.Warnf("Failed to sign %s for node %s: %v", file, name, err)
		http.Error(w, "cannot sign this request", http.StatusBadRequest)
		return
	}
	_, _ = w.Write(text)
}
