package app

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/kaanalyze/kaanalyze/capture"
)

// What Wireshark and tshark ask a program of theirs that captures, see extcap(4): which
// interfaces it has, of which link type they are, and what else it may be told.

// extcapPrefix is what names of interfaces begin with there: they have their own as well.
const extcapPrefix = "kaanalyze-"

// ExtcapInterface returns the interface that a name of [WriteExtcapInterfaces] stands for.
func ExtcapInterface(name string) string { return strings.TrimPrefix(name, extcapPrefix) }

// WriteExtcapInterfaces answers --extcap-interfaces.
func WriteExtcapInterfaces(w io.Writer) error {
	list, err := capture.Interfaces()
	if err != nil {
		return liveError(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "extcap {version=%s}{help=https://github.com/kaanalyze/kaanalyze}{display=kaanalyze}\n", Version)
	for _, i := range list {
		if i.Pseudo && i.Name != "any" || strings.ContainsAny(i.Name, "{}\n") {
			continue // there is no TCP
		}
		fmt.Fprintf(&b, "interface {value=%s%s}{display=kaanalyze (%s)}\n", extcapPrefix, i.Name, i.Name)
	}
	return WriteText(w, b.String())
}

// WriteExtcapLinkTypes answers --extcap-dlts.
func WriteExtcapLinkTypes(w io.Writer, name string) error {
	number, word := linkTypeOf(ExtcapInterface(name))
	return WriteText(w, fmt.Sprintf("dlt {number=%d}{name=%s}{display=%s}\n", number, word, word))
}

// linkTypeOf returns the link type that packets of an interface will have, as far as is
// known before it is opened. What begins the packets tells Wireshark so anyway.
func linkTypeOf(name string) (number int, word string) {
	if name == "any" {
		return 113, "LINUX_SLL"
	}
	kind, err := os.ReadFile(filepath.Join("/sys/class/net", filepath.Base(name), "type"))
	if err != nil || runtime.GOOS != "linux" {
		return 1, "EN10MB"
	}
	switch strings.TrimSpace(string(kind)) { // ARPHRD_ of linux/if_arp.h
	case "1", "772":
		return 1, "EN10MB"
	case "512":
		return 113, "LINUX_SLL"
	case "803":
		return 127, "IEEE802_11_RADIO"
	}
	return 101, "RAW"
}

// WriteExtcapConfig answers --extcap-config: what the dialogue of an interface asks.
func WriteExtcapConfig(w io.Writer) error {
	return WriteText(w, `arg {number=0}{call=--output}{display=Report}{type=fileselect}{mustexist=false}{tooltip=A file for the report when the capture ends: .html, .txt, .md, .json}
arg {number=1}{call=--server}{display=Server}{type=string}{tooltip=The report is of connections to this ADDR:PORT alone}
arg {number=2}{call=--snapshot-length}{display=Bytes of a packet}{type=integer}{range=0,262144}{default=0}{tooltip=How many are captured at most, 0 is all}
`)
}

// Extcap makes a configuration that of Wireshark's capture call: packets go to the pipe that
// it names, all of them or those of the filter, and reports to files alone.
func (c *Config) Extcap(name, pipe, filter string) {
	c.Live.Interfaces, c.Live.Write, c.Live.Piped = []string{ExtcapInterface(name)}, pipe, true
	c.Words, c.Quiet = nil, true
	if filter != "" {
		c.Words = []string{filter}
	}
}
