// Package certs issues, renews, lists and rotates the certificates of a node under k3s's file names.
package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bridle.local/node/files"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	// RenewBefore is how long before its end a certificate is renewed at the next start, as k3s does.
	RenewBefore = 120 * 24 * time.Hour
)

// Authority is a certificate authority: `NAME.crt` and `NAME.key`.
type Authority struct {
	Certificate *x509.Certificate
	PEM         []byte
	key         crypto.Signer
}

// EnsureAuthority loads the authority at base (a path without suffix) or makes it with this name.
func EnsureAuthority(base, name string) (*Authority, error) {
	a, err := LoadAuthority(base)
	if !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s@%d", name, now.Unix())},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if err := writeKey(base+".key", key); err != nil {
		return nil, err
	}
	if err := files.Write(base+".crt", encode(der), 0o644); err != nil {
		return nil, err
	}
	return LoadAuthority(base)
}

// LoadAuthority reads an authority; a missing certificate or key gives fs.ErrNotExist.
func LoadAuthority(base string) (*Authority, error) {
	text, err := os.ReadFile(base + ".crt")
	if err != nil {
		return nil, err
	}
	certificate, err := first(text)
	if err != nil {
		return nil, fmt.Errorf("read %s.crt: %w", base, err)
	}
	key, err := readKey(base + ".key")
	if err != nil {
		return nil, err
	}
	return &Authority{certificate, text, key}, nil
}

// Profile says what a leaf certificate is for.
type Profile struct {
	Name          string
	Organizations []string
	Client        bool
	Server        bool
	Hosts         []string
}

// Sign issues a certificate for the public key; the answer carries the authority's certificate behind the leaf.
func (a *Authority) Sign(p Profile, public crypto.PublicKey) ([]byte, error) {
	now := time.Now().UTC()
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: p.Name, Organization: p.Organizations},
		NotBefore:    now.Add(-time.Minute),
		NotAfter:     now.Add(leafLife),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	if template.NotAfter.After(a.Certificate.NotAfter) {
		template.NotAfter = a.Certificate.NotAfter
	}
	if p.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	if p.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, h := range p.Hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Certificate, public, a.key)
	if err != nil {
		return nil, err
	}
	return append(encode(der), a.PEM...), nil
}

// EnsureLeaf keeps `base.crt` valid: signed by this authority, for this profile, not due for renewal.
// The key is kept when the certificate is renewed.
func (a *Authority) EnsureLeaf(base string, p Profile) error {
	if a.leafGood(base+".crt", p) {
		if _, err := readKey(base + ".key"); err == nil {
			return nil
		}
	}
	key, err := EnsureKey(base + ".key")
	if err != nil {
		return err
	}
	text, err := a.Sign(p, key.Public())
	if err != nil {
		return fmt.Errorf("sign %s.crt: %w", base, err)
	}
	return files.Write(base+".crt", text, 0o644)
}

func (a *Authority) leafGood(path string, p Profile) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	c, err := first(text)
	if err != nil || c.CheckSignatureFrom(a.Certificate) != nil || time.Until(c.NotAfter) < RenewBefore || time.Now().Before(c.NotBefore) {
		return false
	}
	if c.Subject.CommonName != p.Name || !slices.Equal(c.Subject.Organization, p.Organizations) {
		return false
	}
	for _, h := range p.Hosts {
		if c.VerifyHostname(h) != nil {
			return false
		}
	}
	return true
}

// Good says whether `base.crt` and its key need no renewal, for certificates signed elsewhere by the given authority certificate.
func Good(base string, authorityPEM []byte, p Profile) bool {
	c, err := first(authorityPEM)
	if err != nil {
		return false
	}
	if _, err := readKey(base + ".key"); err != nil {
		return false
	}
	return (&Authority{Certificate: c}).leafGood(base+".crt", p)
}

// EnsureKey loads an EC key or makes one.
func EnsureKey(path string) (crypto.Signer, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return fresh, writeKey(path, fresh)
}

// EnsureServiceKey keeps the RSA key that signs service account tokens.
func EnsureServiceKey(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return files.Write(path, pem.EncodeToMemory(block), 0o600)
}

// Request makes a certificate signing request; the signer decides the subject.
func Request(key crypto.Signer) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// PublicOf checks a signing request's own signature and returns its public key.
func PublicOf(request []byte) (crypto.PublicKey, error) {
	block, _ := pem.Decode(request)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("no certificate request in PEM")
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	return r.PublicKey, r.CheckSignature()
}

func first(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return files.Write(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func readKey(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read %s: no key in PEM", path)
	}
	switch block.Type {
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("read %s: the key cannot sign", path)
	}
	return signer, nil
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // the kernel's random source is gone: nothing safe can be issued
	}
	return n
}
