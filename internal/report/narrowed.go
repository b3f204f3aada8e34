package report

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Narrowed is the part of a capture that was asked for. The zero Narrowed is all
// of it.
type Narrowed struct {
	Since, Until int64          // ns since the epoch, both inclusive; 0 is no bound
	Server       netip.AddrPort // only connections to it, if valid
	Count        uint64         // packets at most, 0 for all
	Filter       string         // pcap filter, "" for none
}

// words returns what is left, "" for all.
func (n *Narrowed) words(p *page) string {
	var parts []string
	switch {
	case n.Since != 0 && n.Until != 0:
		parts = append(parts, p.span(n.Since, n.Until))
	case n.Since != 0:
		parts = append(parts, "from "+instant(n.Since)+" on")
	case n.Until != 0:
		parts = append(parts, "up to "+instant(n.Until))
	}
	if n.Server.IsValid() {
		parts = append(parts, "connections to "+addrText(n.Server))
	}
	if n.Count != 0 {
		parts = append(parts, "at most "+plural(int64(n.Count), "packet", "packets"))
	}
	if n.Filter != "" {
		parts = append(parts, "packets that pass the filter "+fit(n.Filter, 200))
	}
	return strings.Join(parts, ", ")
}

// instant writes a moment with its date.
func instant(ns int64) string {
	return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05.999 UTC")
}

// leavesPackets reports whether packets of the capture are left out.
func (n *Narrowed) leavesPackets() bool { return n.Since != 0 || n.Until != 0 || n.Filter != "" }

// narrowing writes what the narrowing, not the capture, keeps from being seen.
func (p *page) narrowing() {
	n := &p.r.Meta.Narrowed
	var said []string
	if n.Since != 0 {
		said = append(said, "what connections did before "+instant(n.Since)+", and TIME_WAIT that had begun, is not counted")
	}
	if n.Until != 0 {
		said = append(said, "what connections did after "+instant(n.Until)+" is not counted")
	}
	if n.Server.IsValid() {
		said = append(said, "connections, shares and TIME_WAIT are those of "+addrText(n.Server)+" alone")
	}
	if n.Filter != "" {
		said = append(said, "the filter left packets out, and streams have no number")
	}
	if len(said) > 0 {
		p.fact("narrowed", strings.Join(said, "; "))
	}
}

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

// narrowed appends the part of the capture that was asked for, if it is not all;
// it lasts that long in ns, or Unknown.
func (e *encoder) narrowed(n *Narrowed, lasts int64) {
	if *n == (Narrowed{}) {
		return
	}
	bound := func(ns int64) {
		if ns == 0 {
			ns = analyze.Unknown
		}
		e.time(ns)
	}
	e.raw(`,"narrowed":{"since":`)
	bound(n.Since)
	e.key("until")
	bound(n.Until)
	e.key("duration_seconds")
	e.seconds(lasts)
	e.key("server")
	if n.Server.IsValid() {
		e.addr(n.Server)
	} else {
		e.null()
	}
	e.key("count")
	if n.Count == 0 {
		e.null()
	} else {
		e.uint(n.Count)
	}
	e.key("filter")
	e.text(n.Filter)
	e.close()
}
