package live

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// counted are the counters of the kernel that count connections which end, or are never
// accepted.
var counted = []string{"TW", "TWRecycled", "TWKilled", "TCPTimeWaitOverflow", "ListenOverflows", "ListenDrops", "TCPReqQFullDrop",
	"TCPAbortOnData", "TCPAbortOnClose", "TCPAbortOnTimeout", "TCPAbortOnLinger", "TCPAbortOnMemory"}

// Compare sets what the kernel says beside what the packets say: r with its
// connections, as a Snapshot or r itself has them, and how long TIME_WAIT lasts.
// Before is what the kernel said when the capture began, or nil. Without
// connections, as where they are streamed, or without the kernel's sockets, there
// is nothing to compare, and the kernel's counts and settings are all that it returns.
//
// The kernel's sockets are matched with the connections that the packets show,
// one by one. Sockets that the capture cannot show are counted apart, and are no
// disagreement: those of other interfaces, those that the filter leaves out, and
// connections that had ended before the capture began.
func Compare(h, before *kernel.Host, r *analyze.Result, connections report.Facts, timeWait time.Duration) *report.Host {
	out := &report.Host{Sockets: report.HostSockets(h.Counts), Settings: report.HostSettings(h.Settings)}
	for _, name := range counted {
		n, ok := h.Counters[name]
		if !ok {
			continue
		}
		c := report.HostCounter{Name: name, Total: n, New: analyze.Unknown}
		if before != nil {
			if was, ok := before.Counters[name]; ok {
				c.New = n - was
			}
		}
		out.Counters = append(out.Counters, c)
	}
	if h.SocketsErr != nil {
		return out
	}
	if connections.Len() > 0 || r.Totals.Connections == 0 {
		out.Compared = compare(h, connections, int64(timeWait), out.Counters)
	}
	if !h.Anonymous {
		out.Ends = processes(h, before, r)
	}
	return out
}

// Packets and kernel agree if they differ by at most slackSockets, or by one in
// slackPart: they are not read at one instant.
const (
	slackSockets = 3
	slackPart    = 50
)

// tuple is a connection by its endpoints, the lower first.
type tuple [2]netip.AddrPort

func tupleOf(a, b netip.AddrPort) tuple {
	if a.Compare(b) > 0 {
		a, b = b, a
	}
	return tuple{a, b}
}

// ends counts the ends of a connection that are on this host, by state.
type ends struct {
	open, waits         int64
	closeWait, finWait2 int64
}

// compare counts the ends on this host by state, as the packets and as the kernel have
// it. Of connections between the same endpoints the last one counts.
func compare(h *kernel.Host, connections report.Facts, timeWait int64, counters []report.HostCounter) []report.HostComparison {
	waits := report.HostComparison{State: "time_wait"}
	open := report.HostComparison{State: "established"}
	closeWait := report.HostComparison{State: "close_wait"}
	finWait2 := report.HostComparison{State: "fin_wait_2"}
	last := map[tuple]ends{}
	var c analyze.Connection
	for i := range connections.Len() {
		connections.Connection(i, &c)
		last[tupleOf(c.Client, c.Server)] = endsOf(h, &c, timeWait)
	}
	for _, e := range last {
		open.Packets += e.open
		waits.Packets += e.waits
		closeWait.Packets += e.closeWait
		finWait2.Packets += e.finWait2
	}
	for i := range h.Sockets {
		s := &h.Sockets[i]
		c := &waits
		switch s.State {
		case kernel.TimeWait:
		case kernel.Established:
			c = &open
		case kernel.CloseWait:
			c = &closeWait
		case kernel.FINWait2:
			c = &finWait2
		default:
			continue
		}
		if _, ok := last[tupleOf(s.Local, s.Remote)]; ok {
			c.Kernel++
		} else {
			c.Unseen++
		}
	}
	for _, c := range []*report.HostComparison{&waits, &open, &closeWait, &finWait2} {
		differ := c.Packets - c.Kernel
		c.Agree = max(differ, -differ) <= max(slackSockets, max(c.Packets, c.Kernel)/slackPart)
	}
	waits.Note = explainTimeWaits(&waits, counters)
	open.Note = explainOpen(&open)
	list := []report.HostComparison{waits, open}
	for _, c := range []*report.HostComparison{&closeWait, &finWait2} {
		if c.Packets+c.Kernel+c.Unseen > 0 {
			c.Note = explainHalfClosed(c)
			list = append(list, *c)
		}
	}
	return list
}

// opened reports whether both sides took part in the handshake, as far as the capture
// has it.
func opened(h flows.Handshake) bool {
	switch h {
	case flows.HandshakeComplete, flows.HandshakeSimultaneous, flows.HandshakeSplit, flows.HandshakeMidstream:
		return true
	}
	return false
}

// endsOf counts the ends of a connection that are on this host. TIME_WAIT lasts from
// the last packet of a connection, as each one starts it again (RFC 9293, 3.10.7.4).
func endsOf(h *kernel.Host, c *analyze.Connection, timeWait int64) (e ends) {
	open := c.Close.Kind == flows.CloseOpen && opened(c.Handshake)
	waits := h.At-c.End < timeWait
	byClient, byServer := halfClosedBy(c)
	for _, end := range []struct {
		at    netip.AddrPort
		waits analyze.TimeWait

		closed, left bool // this side has closed, the other one; and not both
	}{{c.Client, analyze.TimeWaitClient, byClient, byServer}, {c.Server, analyze.TimeWaitServer, byServer, byClient}} {
		switch by := c.Close.TimeWait; {
		case !h.Has(end.at.Addr()):
		case open:
			e.open++
		case end.left:
			e.closeWait++
		case end.closed && h.At-c.End < finTimeout:
			e.finWait2++
		case waits && (by == end.waits || by == analyze.TimeWaitBoth):
			e.waits++
		}
	}
	return e
}

// finTimeout is how long, in ns, FIN_WAIT_2 lasts where no process has the socket any
// more: tcp_fin_timeout of Linux.
const finTimeout = 60e9

// halfClosedBy returns which side of a connection alone has closed, and knows that the
// other one has its FIN.
func halfClosedBy(c *analyze.Connection) (client, server bool) {
	e := &c.Evidence
	if c.Close.Kind != flows.CloseHalf || c.Close.Inferred {
		return false, false
	}
	return e.ClientFIN.OK() && !e.ServerFIN.OK() && !e.UnackedClient, e.ServerFIN.OK() && !e.ClientFIN.OK() && !e.UnackedServer
}

// explainHalfClosed says where a difference of half-closed sockets comes from.
func explainHalfClosed(c *report.HostComparison) string {
	var out []string
	switch n := c.Packets - c.Kernel; {
	case c.Agree:
	case n > 0 && c.Kernel == 0:
		out = append(out, "the kernel has none of them: these sockets are in another network namespace, as a container's, or have ended without a packet")
	case n > 0:
		out = append(out, "the kernel has ended "+cause.Count(n)+" of them without a packet that the capture holds, as FIN_WAIT_2 does after tcp_fin_timeout")
	default:
		out = append(out, "the kernel has "+cause.Count(-n)+" more of them: what ended these did not arrive, or was not captured")
	}
	return strings.Join(append(out, explainUnseen(c.Unseen)...), "; ")
}

// explainTimeWaits says where a difference of TIME_WAIT entries comes from, and how
// many the capture does not show.
func explainTimeWaits(c *report.HostComparison, counters []report.HostCounter) string {
	var out []string
	switch n := c.Packets - c.Kernel; {
	case c.Agree:
	case n > 0 && c.Kernel == 0:
		out = append(out, "the kernel has none of them: these sockets are in another network namespace, as a container's")
	case n > 0:
		why := "by RSTs that the capture does not hold, or TIME_WAIT is shorter here than --time-wait says"
		if countedMore(counters, "TCPTimeWaitOverflow") {
			why = "there were more than tcp_max_tw_buckets allows"
		}
		out = append(out, "the kernel has dropped "+cause.Count(n)+" of them early: "+why)
	default:
		out = append(out, "the kernel has "+cause.Count(-n)+" more of them: the capture does not hold the packets that ended these, or TIME_WAIT lasts longer here than --time-wait says")
	}
	return strings.Join(append(out, explainUnseen(c.Unseen)...), "; ")
}

// explainOpen does the same for established connections.
func explainOpen(c *report.HostComparison) string {
	var out []string
	switch n := c.Packets - c.Kernel; {
	case c.Agree:
	case n > 0 && c.Kernel == 0:
		out = append(out, "the kernel has none of them: these sockets are in another network namespace, as a container's")
	case n > 0:
		out = append(out, fmt.Sprintf("the kernel has closed %s of them without a packet that the capture holds: lost packets, or a process that ended while nobody heard", cause.Count(n)))
	default:
		out = append(out, "the kernel holds "+cause.Count(-n)+" open that have ended by the packets: what ended them did not arrive, or was not accepted")
	}
	return strings.Join(append(out, explainUnseen(c.Unseen)...), "; ")
}

// explainUnseen says why the kernel has sockets that the capture does not show, if it
// has any.
func explainUnseen(n int64) []string {
	if n == 0 {
		return nil
	}
	return []string{cause.Count(n) + " more are not in the capture: other ports or interfaces, or nothing was sent since it began"}
}

// countedMore reports whether a counter of the kernel has grown since the capture began.
func countedMore(list []report.HostCounter, name string) bool {
	return slices.ContainsFunc(list, func(c report.HostCounter) bool { return c.Name == name && c.New > 0 })
}
