// Notice writes the file NOTICE: what of others is in the program, under which
// licences, with their texts.
//
//	notice [-check] [DIR]
//
// It asks go list which modules the command in DIR/cmd/kaanalyze is made of on Linux,
// with libpcap and without, and finds the texts in their source: in the folder of
// each package and in those above it. The rest is in the function others.
//
// With -check it writes nothing, and exits with 1 if the file is not what it would
// write. It exits with 3 if the module cache lacks the source of a module.
package main

import (
	"bytes"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

func main() {
	check := flag.Bool("check", false, "compare the file instead of writing it")
	flag.Parse()
	dir := "."
	if flag.NArg() > 0 {
		dir = flag.Arg(0)
	}
	if err := run(dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "notice: error:", err)
		if errors.Is(err, errNoSource) {
			os.Exit(3)
		}
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	parts, err := linked(dir)
	if err != nil {
		return err
	}
	more, err := others(dir)
	if err != nil {
		return err
	}
	want, err := notice(append(parts, more...))
	if err != nil {
		return err
	}
	name := filepath.Join(dir, "NOTICE")
	if !check {
		return os.WriteFile(name, want, 0o666)
	}
	got, err := os.ReadFile(name)
	if err == nil && !bytes.Equal(got, want) {
		err = errors.New("NOTICE is not of the modules that are linked now; make notice writes it")
	}
	return err
}

//go:embed libpcap.LICENSE
var libpcap string

// others returns what is in the program and in no module.
func others(dir string) ([]part, error) {
	assets := filepath.Join(dir, "internal", "report", "page", "assets")
	script, err := os.ReadFile(filepath.Join(assets, "uPlot.js"))
	if err != nil {
		return nil, err
	}
	version := regexp.MustCompile(`^/\*!.*\((v[0-9.]+)\)`).FindSubmatch(script)
	if version == nil {
		return nil, errors.New("uPlot.js does not begin with its version")
	}
	licence, err := os.ReadFile(filepath.Join(assets, "uPlot.LICENSE"))
	if err != nil {
		return nil, err
	}
	goLicence, err := os.ReadFile(filepath.Join(goroot(), "LICENSE"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoSource, err)
	}
	return []part{
		{name: "Go's standard library", version: "the compiler's", builds: both, texts: []text{{"LICENSE", string(goLicence)}}},
		{name: "libpcap", version: "the system's", builds: withLibpcap, texts: []text{{"LICENSE", libpcap}}},
		{name: "uPlot", version: string(version[1]), builds: both, texts: []text{{"LICENSE", string(licence)}}},
	}, nil
}
