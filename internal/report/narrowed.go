package report

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// Narrowed is the part of a capture that was asked for. The zero Narrowed is all
// of it.
type Narrowed struct {
	Since, Until int64          // ns since the epoch, both inclusive; 0 is no bound
	Server       netip.AddrPort // only connections to it, if valid
	Count        uint64         // packets at most, 0 for all
	Filter       string         // pcap filter, "" for none
	Zone         Zone           // as of [Meta]
}

// Words returns what is left, "" for all.
func (n *Narrowed) Words() string {
	var parts []string
	switch {
	case n.Since != 0 && n.Until != 0:
		parts = append(parts, n.Zone.span(n.Since, n.Until))
	case n.Since != 0:
		parts = append(parts, "from "+n.Zone.instant(n.Since)+" on")
	case n.Until != 0:
		parts = append(parts, "up to "+n.Zone.instant(n.Until))
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

// leavesPackets reports whether packets of the capture are left out.
func (n *Narrowed) leavesPackets() bool { return n.Since != 0 || n.Until != 0 || n.Filter != "" }

// unopened says which connections have no opening, and why.
func (n *Narrowed) unopened() string {
	if n.Since == 0 {
		return "whose opening was not captured"
	}
	return fmt.Sprintf("whose opening was before %s, or not captured", n.Zone.instant(n.Since))
}

// unfinished says until when connections are open.
func (n *Narrowed) unfinished() string {
	if n.Until == 0 {
		return "still open when the capture ends"
	}
	return fmt.Sprintf("still open at %s, or when the capture ends", n.Zone.instant(n.Until))
}
