package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// extcap is how Wireshark and tshark call the program, where its link lies in their folder
// for programs that capture, see extcap(4).
type extcap struct {
	interfaces, linkTypes, config, capture bool

	name, filter, pipe string
}

// newExtcapFlags adds the flags of extcap. Help does not list them: people do not type them.
func newExtcapFlags(f *pflag.FlagSet, x *extcap) {
	f.BoolVar(&x.interfaces, "extcap-interfaces", false, "list the interfaces for Wireshark")
	f.BoolVar(&x.linkTypes, "extcap-dlts", false, "list the link types of an interface for Wireshark")
	f.BoolVar(&x.config, "extcap-config", false, "list for Wireshark what an interface may be told")
	f.BoolVar(&x.capture, "capture", false, "capture for Wireshark")
	f.StringVar(&x.name, "extcap-interface", "", "the interface that Wireshark means, `IF`")
	f.StringVar(&x.filter, "extcap-capture-filter", "", "the pcap `FILTER` that Wireshark wants")
	f.StringVar(&x.pipe, "fifo", "", "the pipe that Wireshark reads packets from, `PATH`")
	f.String("extcap-version", "", "Wireshark's `VERSION`, which changes nothing")
	f.Bool("extcap-cleanup-postkill", false, "nothing is left to clean up")
	for _, name := range []string{
		"extcap-interfaces", "extcap-dlts", "extcap-config", "capture", "extcap-interface", "extcap-capture-filter", "fifo", "extcap-version", "extcap-cleanup-postkill",
	} {
		_ = f.MarkHidden(name) // never fails: it is there
	}
}

// check refuses calls that Wireshark does not make.
func (x *extcap) check(f *pflag.FlagSet) error {
	asked := 0
	for _, is := range []bool{x.interfaces, x.linkTypes, x.config, x.capture} {
		if is {
			asked++
		}
	}
	switch {
	case asked > 1:
		return &app.UsageError{Err: errors.New("--extcap-interfaces, --extcap-dlts, --extcap-config and --capture exclude each other")}
	case (x.linkTypes || x.config || x.capture) && x.name == "":
		return &app.UsageError{Err: errors.New("--extcap-interface is missing"), Hint: "kaanalyze --extcap-interfaces lists them"}
	case x.capture && x.pipe == "":
		return &app.UsageError{Err: errors.New("--capture needs --fifo PATH"), Hint: "Wireshark gives it; kaanalyze -i IF -w FILE saves packets"}
	case x.capture && (f.Changed("interface") || f.Changed("read") || f.Changed("write") || f.NArg() > 0):
		return &app.UsageError{Err: errors.New("--capture takes what to capture from --extcap-interface and --extcap-capture-filter alone")}
	}
	for _, name := range []string{"fifo", "extcap-capture-filter"} {
		// Wireshark gives the filter to verify it, too.
		if f.Changed(name) && asked == 0 {
			return &app.UsageError{Err: fmt.Errorf("--%s is for Wireshark, with --capture", name)}
		}
	}
	return nil
}

// answer answers what Wireshark asks before it captures; asked reports whether it does.
func (x *extcap) answer(w io.Writer) (asked bool, err error) {
	switch {
	case x.interfaces:
		return true, app.WriteExtcapInterfaces(w)
	case x.linkTypes:
		return true, app.WriteExtcapLinkTypes(w, x.name)
	case x.config:
		return true, app.WriteExtcapConfig(w)
	}
	return false, nil
}
