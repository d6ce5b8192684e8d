package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

type fileValue struct {
	name   string
	values []string
}

// loadFiles reads the configuration file and FILE.d/*.yaml in alphabetical order.
// The last value of a key wins; `key+` appends to what earlier files say.
func loadFiles(path string, explicit bool) ([]fileValue, error) {
	files := []string{}
	if _, err := os.Stat(path); err == nil {
		files = append(files, path)
	} else if !errors.Is(err, fs.ErrNotExist) || explicit {
		return nil, err
	}
	var dropins []string
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		found, err := filepath.Glob(filepath.Join(path+".d", pattern))
		if err != nil {
			return nil, err
		}
		dropins = append(dropins, found...)
	}
	sort.Strings(dropins)
	merged := map[string][]string{}
	for _, file := range append(files, dropins...) {
		if err := mergeFile(file, merged); err != nil {
			return nil, fmt.Errorf("failed to read config %s: %w", file, err)
		}
	}
	out := make([]fileValue, 0, len(merged))
	for name, values := range merged {
		out = append(out, fileValue{name, values})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out, nil
}

func mergeFile(path string, into map[string][]string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return err
	}
	if len(data) > maxConfigBytes {
		return fmt.Errorf("larger than %d bytes", maxConfigBytes)
	}
	doc := map[string]any{}
	if err := yaml.UnmarshalStrict(data, &doc); err != nil {
		return err
	}
	for key, value := range doc {
		values, err := scalars(value)
		if err != nil {
			return fmt.Errorf("key %s: %w", key, err)
		}
		if name, appends := strings.CutSuffix(key, "+"); appends {
			into[name] = append(into[name], values...)
		} else {
			into[key] = values
		}
	}
	return nil
}

func scalars(value any) ([]string, error) {
	if list, ok := value.([]any); ok {
		out := []string{}
		for _, v := range list {
			s, err := scalar(v)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
		return out, nil
	}
	s, err := scalar(value)
	return []string{s}, err
}

func scalar(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	}
	return "", fmt.Errorf("value of type %T is neither a scalar nor a list of scalars", value)
}
