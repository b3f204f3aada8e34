package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
)

// Point is a place where captures were made, one after the other, or one of whose captures
// there is a part.
type Point struct {
	Name  string
	Files []string // in order of name
}

// partEnding is the ending of parts.
const partEnding = ".kap"

func (p *Point) isPart() bool { return strings.HasSuffix(strings.ToLower(p.Files[0]), partEnding) }

// endings are what names of captures end with.
var endings = regexp.MustCompile(`(?i)(\.(pcap|pcapng|cap|ntar|dmp|dump|kap)[0-9]*)?(\.(gz|zst|zstd|xz|lz4))?$`)

// listPoints returns the points of the files that globs match. Captures in one folder whose
// names differ in digits alone are of one point; each part is a point.
func listPoints(ctx context.Context, globs []string) ([]Point, error) {
	var files []string
	for _, glob := range globs {
		list, err := listFiles(ctx, glob)
		if err != nil {
			return nil, fmt.Errorf("list %q: %w", glob, err)
		}
		files = append(files, list...)
	}
	slices.Sort(files)
	var points []Point
	byKey := map[[2]string]int{}
	for _, name := range slices.Compact(files) {
		folder, bare := assemble.PointKey(name)
		if strings.HasSuffix(strings.ToLower(name), partEnding) {
			bare = name
		}
		i, ok := byKey[[2]string{folder, bare}]
		if !ok {
			i = len(points)
			byKey[[2]string{folder, bare}] = i
			points = append(points, Point{Name: endings.ReplaceAllString(path.Base(name), "")})
		}
		points[i].Files = append(points[i].Files, name)
	}
	return points, nameApart(points)
}

// listFiles returns the files that a glob matches, of which there is at least one.
func listFiles(ctx context.Context, glob string) ([]string, error) {
	fs, err := filesystem.New(ctx, glob)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	list, err := fs.List(ctx, glob)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("no file matches it")
	}
	return list, err
}

// nameApart puts the folder into names of points that would be the same.
func nameApart(points []Point) error {
	count := map[string]int{}
	for _, p := range points {
		count[p.Name]++
	}
	taken := map[string]string{}
	for i := range points {
		p := &points[i]
		if count[p.Name] > 1 || p.Name == "" {
			p.Name = path.Join(path.Base(path.Dir(p.Files[0])), p.Name)
		}
		if other, ok := taken[p.Name]; ok {
			return fmt.Errorf("%q and %q would both be point %q: give their folders names of their own", other, p.Files[0], p.Name)
		}
		taken[p.Name] = p.Files[0]
	}
	return nil
}

// fetch returns local names of the files of a point, and what removes those that were copied
// to this machine.
func fetch(ctx context.Context, p *Point) (names []string, remove func(), err error) {
	remove = func() {}
	if !strings.Contains(p.Files[0], "://") {
		return p.Files, remove, nil
	}
	dir, err := os.MkdirTemp("", "kaanalyze-beam")
	if err != nil {
		return nil, remove, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	for i, name := range p.Files {
		local := filepath.Join(dir, fmt.Sprintf("%04d-%s", i, path.Base(name)))
		if err := fetchFile(ctx, name, local); err != nil {
			remove()
			return nil, func() {}, fmt.Errorf("fetch %q: %w", name, err)
		}
		names = append(names, local)
	}
	return names, remove, nil
}

// fetchFile copies a file to this machine.
func fetchFile(ctx context.Context, name, local string) error {
	fs, err := filesystem.New(ctx, name)
	if err != nil {
		return err
	}
	defer fs.Close()
	r, err := fs.OpenRead(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.Create(local)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		_ = w.Close()
		return err
	}
	return w.Close()
}
