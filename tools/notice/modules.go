package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A part is something of others that is in the program.
type part struct {
	name, version string
	builds        builds
	texts         []text
}

// builds are those of the program that a part is in.
type builds uint8

const (
	withLibpcap builds = 1 << iota
	withoutLibpcap
	both = withLibpcap | withoutLibpcap
)

// A text is a licence, or a notice that goes with one.
type text struct {
	file string // its name in the module
	body string
}

// errNoSource says that the source of a module is not on this machine.
var errNoSource = errors.New("there is no source here")

// chosen is a file with the licence where a module offers several.
var chosen = map[string]string{"github.com/golang/freetype": "licenses/ftl.txt"}

// linked returns the modules of the command.
func linked(dir string) ([]part, error) {
	parts := map[string]*part{}
	files := map[string]map[string]bool{} // of the modules
	for tags, in := range map[string]builds{"": withLibpcap, "nolibpcap": withoutLibpcap} {
		list := exec.Command("go", "list", "-deps", "-tags", tags,
			"-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}", "./cmd/kaanalyze")
		list.Dir = dir
		list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1", "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off")
		var said bytes.Buffer
		list.Stderr = &said
		out, err := list.Output()
		if bytes.Contains(said.Bytes(), []byte("GOPROXY=off")) {
			return nil, fmt.Errorf("%w of what go list wants:\n%s", errNoSource, said.Bytes())
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w\n%s", err, said.Bytes())
		}
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			if len(f) != 4 {
				continue // the standard library, or this module
			}
			name, version, root, folder := f[0], f[1], f[2], f[3]
			p := parts[name]
			if p == nil {
				p = &part{name: name, version: version}
				parts[name], files[name] = p, map[string]bool{}
			}
			p.builds |= in
			if err := p.addTexts(root, folder, files[name]); err != nil {
				return nil, err
			}
		}
	}
	var all []part
	for _, p := range parts {
		slices.SortFunc(p.texts, func(a, b text) int { return cmp.Compare(a.file, b.file) })
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b part) int { return cmp.Compare(a.name, b.name) })
	return all, nil
}

// licenceFile is the name of a file with a licence, or with a notice.
var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|notice)([-._].*)?$`)

// addTexts adds the texts in folder and in those above it, up to the module's root,
// that are not in seen.
func (p *part) addTexts(root, folder string, seen map[string]bool) error {
	add := func(name string) error {
		file, err := filepath.Rel(root, name)
		if err != nil || seen[file] {
			return err
		}
		seen[file] = true
		body, err := os.ReadFile(name)
		p.texts = append(p.texts, text{filepath.ToSlash(file), string(body)})
		return err
	}
	for ; len(folder) >= len(root); folder = filepath.Dir(folder) {
		entries, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %w", errNoSource, err)
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Type().IsRegular() && licenceFile.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
				if err := add(filepath.Join(folder, e.Name())); err != nil {
					return err
				}
			}
		}
	}
	if c := chosen[p.name]; c != "" {
		return add(filepath.Join(root, filepath.FromSlash(c)))
	}
	return nil
}

// goroot returns where Go is.
func goroot() string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
