// Packages makes a package of the static build for Debian's dpkg or for rpm.
//
//	packages [-format deb|rpm] [-version V] DIR OUT
//
// DIR is the checkout, in which make static and make man completions have been run, and
// OUT the folder to write to. The name of what was written goes to standard output.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

func main() {
	format := flag.String("format", "deb", "deb or rpm")
	version := flag.String("version", "", "of the program")
	arch := flag.String("arch", runtime.GOARCH, "as GOARCH has it")
	unix := flag.Int64("time", 0, "that all files have, in seconds since 1970: the commit's")
	flag.Parse()
	if flag.NArg() != 2 || *version == "" {
		flag.Usage()
		os.Exit(2)
	}
	name, err := write(flag.Arg(0), flag.Arg(1), *format, *version, *arch, time.Unix(*unix, 0).UTC())
	if err != nil {
		fmt.Fprintln(os.Stderr, "packages: error:", err)
		os.Exit(1)
	}
	fmt.Println(name)
}

// write makes a package, and returns its name.
func write(dir, out, format, version, arch string, at time.Time) (string, error) {
	info := nfpm.WithDefaults(&nfpm.Info{
		Name:        "kaanalyze",
		Arch:        arch,
		Platform:    "linux",
		Version:     version,
		Release:     "1",
		Section:     "net",
		Priority:    "optional",
		Maintainer:  "kaanalyze developers <kaanalyze@localhost>",
		Description: "says why HTTP did not use TCP connections again\nIt reads captures of packets, or captures itself, and says how many requests each\nTCP connection carried, who closed it and why, who holds TIME_WAIT, and what to change.",
		License:     "MIT",
		MTime:       at,
		Overridables: nfpm.Overridables{
			Contents: append(contents(dir, format, at), extcapLink(format, arch, at)),
			Scripts: nfpm.Scripts{
				PostInstall: filepath.Join(dir, "tools/packages/postinstall.sh"),
				PreRemove:   filepath.Join(dir, "tools/packages/preremove.sh"),
				PostRemove:  filepath.Join(dir, "tools/packages/postinstall.sh"),
			},
		},
	})
	packager, err := nfpm.Get(format)
	if err != nil {
		return "", err
	}
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return "", err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", err
	}
	name := filepath.Join(out, packager.ConventionalFileName(info))
	file, err := os.Create(name)
	if err != nil {
		return "", err
	}
	return name, errors.Join(packager.Package(info, file), file.Close())
}

// contents returns what the package holds: where it goes, and of what in the checkout it is made.
func contents(dir, format string, at time.Time) files.Contents {
	unit, doc := "/usr/lib/systemd/system/kaanalyze.service", "/usr/share/doc/kaanalyze/"
	licences := doc + "copyright"
	if format == "rpm" {
		licences = "/usr/share/licenses/kaanalyze/LICENSE"
	}
	var all files.Contents
	for _, f := range []struct {
		from, to string
		mode     os.FileMode
	}{
		{"bin/static/kaanalyze", "/usr/bin/kaanalyze", 0o755},
		{"bin/release/kaanalyze.1.gz", "/usr/share/man/man1/kaanalyze.1.gz", 0o644},
		{"bin/release/kaanalyze.bash", "/usr/share/bash-completion/completions/kaanalyze", 0o644},
		{"bin/release/kaanalyze.zsh", "/usr/share/zsh/" + zshFolder(format) + "/_kaanalyze", 0o644},
		{"bin/release/kaanalyze.fish", "/usr/share/fish/vendor_completions.d/kaanalyze.fish", 0o644},
		{"bin/release/kaanalyze.service", unit, 0o644},
		{"contrib/kaanalyze.rules.yml", doc + "kaanalyze.rules.yml", 0o644},
		{"contrib/kaanalyze.dashboard.json", doc + "kaanalyze.dashboard.json", 0o644},
		{"LICENSE", licences, 0o644},
		{"NOTICE", filepath.Join(filepath.Dir(licences), "NOTICE"), 0o644},
	} {
		all = append(all, &files.Content{
			Source: filepath.Join(dir, f.from), Destination: f.to,
			FileInfo: &files.ContentFileInfo{Mode: f.mode, MTime: at, Owner: "root", Group: "root"},
		})
	}
	return all
}

// extcapLink is the link by which Wireshark and tshark find the program as one that captures.
func extcapLink(format, arch string, at time.Time) *files.Content {
	folder := "/usr/lib64"
	if format == "deb" {
		folder = "/usr/lib/" + cmp.Or(map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i386"}[arch], arch) + "-linux-gnu"
	}
	return &files.Content{
		Source: "/usr/bin/kaanalyze", Destination: folder + "/wireshark/extcap/kaanalyze", Type: files.TypeSymlink,
		FileInfo: &files.ContentFileInfo{MTime: at, Owner: "root", Group: "root"},
	}
}

// zshFolder is where the shell of those systems looks.
func zshFolder(format string) string {
	return map[string]string{"deb": "vendor-completions", "rpm": "site-functions"}[format]
}
