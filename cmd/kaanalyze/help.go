package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// commit is what a build that make release makes is of, "" for others.
var commit string

// versionText says which program this is, and how it filters and captures.
func versionText() string {
	by := "filters and live capture: yes (libpcap)"
	revision := ""
	if commit != "" {
		revision = ", revision " + commit
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "CGO_ENABLED" && s.Value == "0", s.Key == "-tags" && strings.Contains(s.Value, "nolibpcap"):
				by = "built without libpcap: filters of hosts, networks and ports, live capture by a ring on Linux"
			case s.Key == "vcs.revision":
				revision = ", revision " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return fmt.Sprintf("kaanalyze %s%s\n%s %s/%s, %s\n",
		app.Version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH, by)
}

// usage is the help text. Flags and formats come from their lists.
func usage() string {
	var b strings.Builder
	b.WriteString(`kaanalyze tells why HTTP kept opening new TCP connections instead of reusing them

Usage:
  kaanalyze [flags] [FILE...] [FILTER...]
  sudo kaanalyze -i IF [flags] [FILTER...]
  kaanalyze --tui incident.pcapng
  ssh web1 tcpdump -U -w - tcp | kaanalyze

Leading arguments that name files (or -, standard input) are captures: pcap or
pcapng, maybe compressed. The rest is a pcap filter.

Flags:
`)
	flags := newFlags(newCommandLine())
	flags.Lookup("anonymize").NoOptDefVal = "" // help names its value as optional, and not the one without
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() == "bool" {
			f.Value = plainSwitch{f.Value}
		}
	})
	b.WriteString(strings.Replace(flags.FlagUsagesWrapped(90), "--anonymize KEY  ", "--anonymize[=KEY]", 1))
	b.WriteString("\nFormats:\n")
	for _, f := range app.Formats() {
		fmt.Fprintf(&b, "  %-8s %-8s %s\n", f.Name, f.Ending, f.Help)
	}
	b.WriteString(`
Exit codes: 0 analysed, 1 not read or not written, 2 wrong usage, 3 a condition
of --fail-on, 4 damaged or dropped packets or absurd times with --strict, 130 at
the second signal.
`)
	return b.String()
}

// plainSwitch is a switch that help names without "[=true|false]".
type plainSwitch struct{ pflag.Value }

// Type returns a type that pflag prints no value for.
func (plainSwitch) Type() string { return "boolfunc" }
