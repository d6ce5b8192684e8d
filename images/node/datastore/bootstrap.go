package datastore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bridle.local/node/certs"
	"bridle.local/node/files"
)

const (
	bootstrapPrefix = "/bootstrap/"
	// bootstrapRounds is the work of trying one token against a stolen snapshot.
	bootstrapRounds = 210_000
	saltBytes       = 16
)

// ErrOtherToken means that the database belongs to another token.
var ErrOtherToken = errors.New("bootstrap data already found and encrypted with different token")

// bootstrapFiles are kept in the database, encrypted with the token, so that a snapshot and the token are enough to rebuild a server.
func bootstrapFiles() []string {
	out := []string{"cred/encryption-config.json", "cred/encryption-state.json"}
	for _, f := range certs.AuthorityFiles() {
		out = append(out, "tls/"+f)
	}
	return out
}

func bootstrapKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return bootstrapPrefix + hex.EncodeToString(sum[:])[:12]
}

// SaveBootstrap writes the authorities and keys of this server to the database if they differ from what is there.
func (s *Store) SaveBootstrap(ctx context.Context, secret string) error {
	client, err := s.Client(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	stored, err := s.readBootstrap(ctx, secret)
	if err != nil {
		return err
	}
	present := map[string][]byte{}
	for _, name := range bootstrapFiles() {
		data, err := os.ReadFile(filepath.Join(s.ServerDir, name))
		if err == nil {
			present[name] = data
		} else if !os.IsNotExist(err) {
			return err
		}
	}
	if same(stored, present) {
		return nil
	}
	sealed, err := seal(secret, present)
	if err != nil {
		return err
	}
	_, err = client.Put(ctx, bootstrapKey(secret), string(sealed))
	return err
}

// LoadBootstrap writes the authorities and keys in the database to the server's folder; it says whether any file changed.
// A database without them changes nothing.
func (s *Store) LoadBootstrap(ctx context.Context, secret string) (changed bool, err error) {
	stored, err := s.readBootstrap(ctx, secret)
	if err != nil {
		return false, err
	}
	for _, name := range bootstrapFiles() {
		data, ok := stored[name]
		if !ok {
			continue
		}
		path := filepath.Join(s.ServerDir, name)
		if now, err := os.ReadFile(path); err == nil && string(now) == string(data) {
			continue
		}
		mode := os.FileMode(0o600)
		if strings.HasSuffix(name, ".crt") {
			mode = 0o644
		}
		if err := files.Write(path, data, mode); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

func (s *Store) readBootstrap(ctx context.Context, secret string) (map[string][]byte, error) {
	client, err := s.Client(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	answer, err := client.Get(ctx, bootstrapPrefix, prefixOption())
	if err != nil {
		return nil, fmt.Errorf("read bootstrap data: %w", err)
	}
	for _, kv := range answer.Kvs {
		if string(kv.Key) == bootstrapKey(secret) {
			return open(secret, kv.Value)
		}
	}
	if len(answer.Kvs) > 0 {
		return nil, ErrOtherToken
	}
	return nil, nil
}

func same(a, b map[string][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if string(b[k]) != string(v) {
			return false
		}
	}
	return true
}

func seal(secret string, content map[string][]byte) ([]byte, error) {
	plain, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	box, err := newBox(secret, salt)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return box.Seal(append(salt, nonce...), nonce, plain, nil), nil
}

func open(secret string, sealed []byte) (map[string][]byte, error) {
	if len(sealed) < saltBytes {
		return nil, errors.New("bootstrap data is truncated")
	}
	box, err := newBox(secret, sealed[:saltBytes])
	if err != nil {
		return nil, err
	}
	sealed = sealed[saltBytes:]
	if len(sealed) < box.NonceSize() {
		return nil, errors.New("bootstrap data is truncated")
	}
	plain, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], nil)
	if err != nil {
		return nil, ErrOtherToken
	}
	content := map[string][]byte{}
	return content, json.Unmarshal(plain, &content)
}

func newBox(secret string, salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha256.New, secret, salt, bootstrapRounds, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
