// Package token reads and writes the secrets with which hosts join: K10<hash of the CA>::user:secret.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"bridle.local/node/files"
)

const prefix = "K10"

// Token is a join secret; CAHash is empty where only the secret was given.
type Token struct {
	CAHash string
	User   string
	Secret string
}

// Parse reads both forms: the bare secret and K10<hash>::user:secret.
func Parse(text string) (Token, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, prefix) {
		if text == "" {
			return Token{}, errors.New("the token is empty")
		}
		return Token{Secret: text}, nil
	}
	hash, rest, ok := strings.Cut(strings.TrimPrefix(text, prefix), "::")
	if !ok {
		return Token{}, errors.New("invalid token format")
	}
	user, secret, ok := strings.Cut(rest, ":")
	if !ok || secret == "" || len(hash) != sha256.Size*2 {
		return Token{}, errors.New("invalid token format")
	}
	return Token{hash, user, secret}, nil
}

// Hash is the hash of a CA certificate file that tokens carry.
func Hash(ca []byte) string {
	sum := sha256.Sum256(ca)
	return hex.EncodeToString(sum[:])
}

func (t Token) String() string { return fmt.Sprintf("%s%s::%s:%s", prefix, t.CAHash, t.User, t.Secret) }

// FromConfig gives the token of flag or file; an empty one where neither is set.
func FromConfig(text, file string) (Token, error) {
	if text == "" && file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return Token{}, err
		}
		text = string(data)
	}
	if text == "" {
		return Token{}, nil
	}
	return Parse(text)
}

// Stored reads DATA/server/token; an empty token if there is none.
func Stored(serverDir string) (Token, error) {
	data, err := os.ReadFile(filepath.Join(serverDir, "token"))
	if errors.Is(err, fs.ErrNotExist) {
		return Token{}, nil
	}
	if err != nil {
		return Token{}, err
	}
	return Parse(string(data))
}

// Decide gives the secret of this server: the configured one, else the stored one, else a new one.
func Decide(configured, stored Token) (string, error) {
	switch {
	case configured.Secret != "":
		return configured.Secret, nil
	case stored.Secret != "":
		return stored.Secret, nil
	}
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	return hex.EncodeToString(random), nil
}

// Store writes token, node-token and agent-token below DATA/server.
func Store(serverDir, secret, agentSecret string, ca []byte) error {
	hash := Hash(ca)
	path := filepath.Join(serverDir, "token")
	text := Token{hash, "server", secret}.String() + "\n"
	if now, err := os.ReadFile(path); err != nil || string(now) != text {
		if err := files.Write(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := files.Link(path, filepath.Join(serverDir, "node-token")); err != nil {
		return err
	}
	agent := filepath.Join(serverDir, "agent-token")
	if agentSecret == "" {
		return files.Link(path, agent)
	}
	return files.Write(agent, []byte(Token{hash, "node", agentSecret}.String()+"\n"), 0o600)
}

// Bootstrap makes a bootstrap token [a-z0-9]{6}.[a-z0-9]{16}.
func Bootstrap() (string, error) {
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	random := make([]byte, 0, 22)
	for buffer := make([]byte, 1); len(random) < cap(random); {
		if _, err := rand.Read(buffer); err != nil {
			return "", err
		}
		// Bytes at and above the largest multiple of 36 would favour some letters.
		if buffer[0] < 252 {
			random = append(random, alphabet[buffer[0]%36])
		}
	}
	return string(random[:6]) + "." + string(random[6:]), nil
}
