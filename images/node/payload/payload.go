// Package payload holds the programs that are no Go library of this executable and unpacks them once per host.
package payload

import (
	"archive/tar"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"bridle.local/node/files"
	"github.com/klauspost/compress/zstd"
)

//go:embed blob
var blob embed.FS

// maxProgramBytes bounds each unpacked program.
const maxProgramBytes = 256 << 20

// Programs is what must be in the payload.
var Programs = []string{"containerd", "containerd-shim-runc-v2", "ctr", "runc", "bridge", "host-local", "loopback", "portmap", "pod-policy"}

// Unpack makes sure that DATA/data/HASH/bin holds the programs and DATA/data/current points at HASH; it returns that bin folder.
func Unpack(dataDir string) (string, error) {
	name, hash, err := find()
	if err != nil {
		return "", err
	}
	root := filepath.Join(dataDir, "data")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(root, ".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	target := filepath.Join(root, hash)
	if !complete(target) {
		if err := unpackTo(target, name, hash); err != nil {
			return "", fmt.Errorf("unpack programs to %s: %w", target, err)
		}
	}
	current := filepath.Join(root, "current")
	if before, err := os.Readlink(current); err == nil && before != target {
		if err := files.Link(before, filepath.Join(root, "previous")); err != nil {
			return "", err
		}
	}
	if err := files.Link(target, current); err != nil {
		return "", err
	}
	return filepath.Join(target, "bin"), nil
}

// find gives the archive; its name carries its hash, so that no start has to read it all.
func find() (name, hash string, err error) {
	entries, err := blob.ReadDir("blob")
	if err != nil {
		return "", "", err
	}
	for _, e := range entries {
		if hash, ok := strings.CutSuffix(e.Name(), ".tar.zst"); ok && len(hash) == sha256.Size*2 {
			return "blob/" + e.Name(), hash, nil
		}
	}
	return "", "", errors.New("this executable was built without its payload: use build.sh")
}

func complete(target string) bool {
	for _, p := range Programs {
		if _, err := os.Stat(filepath.Join(target, "bin", p)); err != nil {
			return false
		}
	}
	return true
}

// unpackTo fills a temporary folder, syncs it and renames it into place.
func unpackTo(target, name, hash string) error {
	packed, err := blob.Open(name)
	if err != nil {
		return err
	}
	defer packed.Close()
	sum := sha256.New()
	tmp := target + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	bin := filepath.Join(tmp, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	stream, err := zstd.NewReader(io.TeeReader(packed, sum), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return err
	}
	defer stream.Close()
	archive := tar.NewReader(stream)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg || strings.ContainsAny(header.Name, "/\\") || header.Size > maxProgramBytes {
			return fmt.Errorf("unexpected entry %q", header.Name)
		}
		if err := writeProgram(filepath.Join(bin, header.Name), io.LimitReader(archive, header.Size)); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, io.TeeReader(packed, sum)); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != hash {
		return errors.New("the payload is damaged")
	}
	if err := files.SyncDir(bin); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	if err := os.Rename(tmp, target); err != nil {
		return err
	}
	return files.SyncDir(filepath.Dir(target))
}

func writeProgram(path string, from io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

func lock(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
