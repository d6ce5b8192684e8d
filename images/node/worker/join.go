package worker

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"bridle.local/node/token"
)

const (
	requestTime = 15 * time.Second
	answerLimit = 1 << 20
)

// Settings are what a server tells joining hosts.
type Settings struct {
	ClusterCIDR   string `json:"clusterCIDR"`
	ClusterDNS    string `json:"clusterDNS"`
	ClusterDomain string `json:"clusterDomain"`
	Backend       string `json:"backend"`
	NoProxy       bool   `json:"noProxy"`
	NoPolicy      bool   `json:"noPolicy"`
}

// Remote gets certificates and settings from a server over the network.
type Remote struct {
	Server           string
	Token            token.Token
	NodeName, NodeIP string
	client           *http.Client
	serverCA         []byte
}

// Connect fetches the server's CA, checks it against the token's hash and trusts it from then on.
func (r *Remote) Connect(ctx context.Context) error {
	// The first answer is untrusted until its hash is compared with the token's.
	open := &http.Client{Timeout: requestTime, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}}}
	ca, err := r.do(ctx, open, http.MethodGet, "/cacerts", nil, false)
	if err != nil {
		return err
	}
	if r.Token.CAHash != "" && r.Token.CAHash != token.Hash(ca) {
		return errors.New("token CA hash does not match the cluster CA certificate hash")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return errors.New("the server's CA is no certificate")
	}
	r.serverCA = ca
	r.client = &http.Client{Timeout: requestTime, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	return nil
}

// Settings asks for the cluster's settings.
func (r *Remote) Settings(ctx context.Context) (Settings, error) {
	var s Settings
	text, err := r.do(ctx, r.client, http.MethodGet, "/v1-k3s/config", nil, true)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

// Authorities returns the certificates of the server's and the clients' authority.
func (r *Remote) Authorities(ctx context.Context) (server, client []byte, err error) {
	client, err = r.do(ctx, r.client, http.MethodGet, "/v1-k3s/client-ca.crt", nil, true)
	return r.serverCA, client, err
}

// Sign lets the server sign a request.
func (r *Remote) Sign(ctx context.Context, file string, request []byte) ([]byte, error) {
	return r.do(ctx, r.client, http.MethodPost, "/v1-k3s/"+file+".crt", request, true)
}

func (r *Remote) do(ctx context.Context, client *http.Client, method, path string, body []byte, secret bool) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(r.Server, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if secret {
		request.SetBasicAuth("node", r.Token.Secret)
	}
	request.Header.Set("K3s-Node-Name", r.NodeName)
	request.Header.Set("K3s-Node-Ip", r.NodeIP)
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s%s: %s", r.Server, path, response.Status)
	}
	return text, nil
}
