package report

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// Narrowed is the part of a capture that was asked for. The zero Narrowed is all
// of it.
type Narrowed struct {
	Since, Until int64          // ns since the epoch, both inclusive; 0 is no bound
	Server       netip.AddrPort // only connections to it, if valid
	Count        uint64         // packets at most, 0 for all
	Filter       string         // pcap filter, "" for none
}

// Words returns what is left, "" for all.
func (n *Narrowed) Words() string {
	var parts []string
	switch {
	case n.Since != 0 && n.Until != 0:
		parts = append(parts, span(n.Since, n.Until))
	case n.Since != 0:
		parts = append(parts, "from "+instant(n.Since)+" on")
	case n.Until != 0:
		parts = append(parts, "up to "+instant(n.Until))
	}
	if n.Server.IsValid() {
		parts = append(parts, "connections to "+AddrText(n.Server))
	}
	if n.Count != 0 {
		parts = append(parts, "at most "+cause.Plural(int64(n.Count), "packet", "packets"))
	}
	if n.Filter != "" {
		parts = append(parts, "packets that pass the filter "+Fit(n.Filter, 200))
	}
	return strings.Join(parts, ", ")
}

// instant writes a moment with its date.
func instant(ns int64) string {
	return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05.999 UTC")
}

// leavesPackets reports whether packets of the capture are left out.
func (n *Narrowed) leavesPackets() bool { return n.Since != 0 || n.Until != 0 || n.Filter != "" }

// unopened says which connections have no opening, and why.
func (n *Narrowed) unopened() string {
	if n.Since == 0 {
		return "whose opening was not captured"
	}
	return fmt.Sprintf("whose opening was before %s, or not captured", instant(n.Since))
}

// unfinished says until when connections are open.
func (n *Narrowed) unfinished() string {
	if n.Until == 0 {
		return "still open when the capture ends"
	}
	return fmt.Sprintf("still open at %s, or when the capture ends", instant(n.Until))
}
