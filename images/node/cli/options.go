package cli

import (
	"fmt"
	"os"
	"strings"
)

// maxConfigBytes bounds each configuration file.
const maxConfigBytes = 1 << 20

// Options are the values of one command after defaults, files, environment and command line.
type Options struct {
	texts map[string]string
	lists map[string][]string
	set   map[string]bool
	known map[string]Flag
	// Args are what follows the flags.
	Args []string
	// Warnings are to be logged once logging is up.
	Warnings []string
}

// Text returns the value of a text flag.
func (o *Options) Text(name string) string { return o.texts[name] }

// Bool returns the value of a switch.
func (o *Options) Bool(name string) bool { return o.texts[name] == "true" }

// List returns the values of a repeatable flag; comma-separated values count as several.
func (o *Options) List(name string) []string { return o.lists[name] }

// Split returns the values of a repeatable flag with each value split at commas.
func (o *Options) Split(name string) []string {
	var out []string
	for _, v := range o.lists[name] {
		for _, p := range strings.Split(v, ",") {
			if p = strings.TrimSpace(p); p != "" {
				out = append(out, p)
			}
		}
	}
	return out
}

// Set says whether the flag was given anywhere.
func (o *Options) Set(name string) bool { return o.set[name] }

// UndefinedError is a flag or key that k3s does not know; its text is what k3s prints.
type UndefinedError struct{ Flag string }

func (e *UndefinedError) Error() string { return "flag provided but not defined: -" + e.Flag }

// RefusedError is a flag or key that k3s knows and this build does not obey.
type RefusedError struct{ Flag string }

func (e *RefusedError) Error() string { return "--" + e.Flag + " is not supported by this build" }

// Parse reads arguments, environment and configuration files for the given flags.
// strictKeys makes a key of a configuration file that is no flag an error; else such keys are skipped with a warning.
func Parse(known []Flag, args []string, strictKeys bool) (*Options, error) {
	o := &Options{texts: map[string]string{}, lists: map[string][]string{}, set: map[string]bool{}, known: map[string]Flag{}}
	byShort := map[string]string{}
	for _, f := range known {
		o.known[f.Name] = f
		if f.Short != "" {
			byShort[f.Short] = f.Name
		}
	}
	line, rest, err := o.commandLine(args, byShort)
	if err != nil {
		return nil, err
	}
	o.Args = rest
	file, explicit := configPath(line)
	values, err := loadFiles(file, explicit)
	if err != nil {
		return nil, err
	}
	for _, kv := range values {
		f, ok := o.known[kv.name]
		if !ok {
			if strictKeys {
				return nil, &UndefinedError{kv.name}
			}
			o.Warnings = append(o.Warnings, fmt.Sprintf("Unknown flag --%s found in config.yaml, skipping", kv.name))
			continue
		}
		if _, onLine := line[kv.name]; onLine {
			continue
		}
		if err := o.assign(f, kv.values); err != nil {
			return nil, err
		}
	}
	for name, vs := range line {
		if err := o.assign(o.known[name], vs); err != nil {
			return nil, err
		}
	}
	return o, o.finish()
}

// finish fills in environment and defaults and refuses what this build does not obey.
func (o *Options) finish() error {
	for _, f := range o.known {
		if !o.set[f.Name] && f.Env != "" {
			if v := os.Getenv(f.Env); v != "" {
				if err := o.assign(f, []string{v}); err != nil {
					return err
				}
			}
		}
		if o.set[f.Name] {
			if f.Support == Refused && !(f.Kind == Bool && o.texts[f.Name] == "false") {
				return &RefusedError{f.Name}
			}
			continue
		}
		if f.Default != "" {
			o.texts[f.Name] = f.Default
		}
	}
	if o.Bool("selinux") {
		return &RefusedError{"selinux"}
	}
	return nil
}

func (o *Options) assign(f Flag, values []string) error {
	o.set[f.Name] = true
	if f.Kind == List {
		o.lists[f.Name] = values
		return nil
	}
	if len(values) == 0 {
		return fmt.Errorf("flag needs an argument: -%s", f.Name)
	}
	v := values[len(values)-1]
	if f.Kind == Bool && v != "true" && v != "false" {
		return fmt.Errorf("invalid boolean value %q for -%s: parse error", v, f.Name)
	}
	o.texts[f.Name] = v
	return nil
}

// commandLine splits arguments into flag values and what follows.
func (o *Options) commandLine(args []string, byShort map[string]string) (map[string][]string, []string, error) {
	out := map[string][]string{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			return out, args[i+1:], nil
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			return out, args[i:], nil
		}
		name, value, inline := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(a, "-"), "-"), "=")
		if long, ok := byShort[name]; ok {
			name = long
		}
		f, ok := o.known[name]
		if !ok {
			return nil, nil, &UndefinedError{name}
		}
		if !inline {
			if f.Kind == Bool {
				value = "true"
			} else if i+1 < len(args) {
				i++
				value = args[i]
			} else {
				return nil, nil, fmt.Errorf("flag needs an argument: -%s", name)
			}
		}
		out[name] = append(out[name], value)
	}
	return out, nil, nil
}

func configPath(line map[string][]string) (path string, explicit bool) {
	if vs := line["config"]; len(vs) > 0 {
		return vs[len(vs)-1], true
	}
	if v := os.Getenv("K3S_CONFIG_FILE"); v != "" {
		return v, true
	}
	return defaultConfigFile, false
}
