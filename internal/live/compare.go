package live

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/diagnose"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Compare sets what the kernel says beside a snapshot of the same moment: the
// last time of that has to be the clock's, not that of the last packet. Before is
// what the kernel said when the capture began, or nil.
//
// The kernel's sockets are matched with the connections that the packets show,
// one by one. What the capture cannot see, as other interfaces, what the filter
// leaves out, and connections that had ended before it began, is counted apart
// and is no disagreement.
func Compare(h, before *Host, x *Snapshot) *report.Host {
	out := &report.Host{Sockets: h.Sockets, Settings: h.Settings}
	for _, name := range counted {
		n, ok := h.counters[name]
		if !ok {
			continue
		}
		c := report.HostCounter{Name: name, Total: n, New: analyze.Unknown}
		if before != nil {
			if was, ok := before.counters[name]; ok {
				c.New = n - was
			}
		}
		out.Counters = append(out.Counters, c)
	}
	out.Compared = h.compare(x, out)
	out.Processes = h.processes(x)
	return out
}

// slack is how far the two may differ because they are not read at one instant:
// some sockets, or one in so many.
const (
	slackSockets = 3
	slackPart    = 50
)

// tuple is a connection by its ends, the lower first.
type tuple [2]netip.AddrPort

func tupleOf(a, b netip.AddrPort) tuple {
	if a.Compare(b) > 0 {
		a, b = b, a
	}
	return tuple{a, b}
}

// compare counts ends on this host by state.
func (h *Host) compare(x *Snapshot, said *report.Host) []report.Comparison {
	waits := report.Comparison{State: "time_wait"}
	open := report.Comparison{State: "established"}
	seen := map[tuple]bool{}
	for i := range x.Connections {
		c := &x.Connections[i]
		seen[tupleOf(c.Client, c.Server)] = true
		if c.Close.Kind == flows.CloseOpen && opened(c.Handshake) {
			open.Packets += h.ends(c)
		}
	}
	for i := range x.Result.Totals.TimeWait.Hosts {
		if t := &x.Result.Totals.TimeWait.Hosts[i]; h.has(t.Host) {
			waits.Packets += t.AtEnd
		}
	}
	for i := range h.table {
		s := &h.table[i]
		c := &waits
		switch s.state {
		case timeWait:
		case established:
			c = &open
		default:
			continue
		}
		if seen[tupleOf(s.local, s.remote)] {
			c.Kernel++
		} else {
			c.Unseen++
		}
	}
	for _, c := range []*report.Comparison{&waits, &open} {
		differ := c.Packets - c.Kernel
		c.Agree = max(differ, -differ) <= max(slackSockets, max(c.Packets, c.Kernel)/slackPart)
	}
	waits.Said = h.aboutWaits(&waits, said)
	open.Said = aboutOpen(&open)
	return []report.Comparison{waits, open}
}

// opened reports whether both sides took part.
func opened(h flows.Handshake) bool {
	switch h {
	case flows.HandshakeComplete, flows.HandshakeSimultaneous, flows.HandshakeSplit, flows.HandshakeMidstream:
		return true
	}
	return false
}

// ends returns how many ends of a connection are on this host.
func (h *Host) ends(c *analyze.Connection) int64 {
	n := int64(0)
	for _, a := range []netip.AddrPort{c.Client, c.Server} {
		if h.has(a.Addr()) {
			n++
		}
	}
	return n
}

// aboutWaits says where a difference of TIME_WAIT entries comes from, and what
// the capture does not show.
func (h *Host) aboutWaits(c *report.Comparison, said *report.Host) string {
	var out []string
	switch n := c.Packets - c.Kernel; {
	case c.Agree:
	case n > 0 && c.Kernel == 0:
		out = append(out, "the kernel has none of them: these sockets are in another network namespace, as a container's")
	case n > 0:
		why := "by RSTs that the capture does not hold, or TIME_WAIT is shorter here than --time-wait says"
		if grown(said.Counters, "TCPTimeWaitOverflow") {
			why = "there were more than tcp_max_tw_buckets allows"
		}
		out = append(out, "the kernel has dropped "+diagnose.Count(n)+" of them early: "+why)
	default:
		out = append(out, "the kernel has "+diagnose.Count(-n)+" more of them: the capture does not hold the packets that ended these, or TIME_WAIT lasts longer here than --time-wait says")
	}
	return strings.Join(append(out, aboutUnseen(c.Unseen)...), "; ")
}

// aboutOpen does the same for established connections.
func aboutOpen(c *report.Comparison) string {
	var out []string
	switch n := c.Packets - c.Kernel; {
	case c.Agree:
	case n > 0 && c.Kernel == 0:
		out = append(out, "the kernel has none of them: these sockets are in another network namespace, as a container's")
	case n > 0:
		out = append(out, fmt.Sprintf("the kernel has closed %s of them without a packet that the capture holds: lost packets, or a process that ended while nobody heard", diagnose.Count(n)))
	default:
		out = append(out, "the kernel holds "+diagnose.Count(-n)+" open that have ended by the packets: what ended them did not arrive, or was not accepted")
	}
	return strings.Join(append(out, aboutUnseen(c.Unseen)...), "; ")
}

func aboutUnseen(n int64) []string {
	if n == 0 {
		return nil
	}
	return []string{diagnose.Count(n) + " more are not in the capture: other ports or interfaces, or nothing was sent since it began"}
}

// grown reports whether the kernel has counted something meanwhile.
func grown(list []report.HostCounter, name string) bool {
	return slices.ContainsFunc(list, func(c report.HostCounter) bool { return c.Name == name && c.New > 0 })
}

// maxEnds and maxProcesses bound what is told of processes.
const (
	maxEnds      = 100
	maxProcesses = 16
)

// processes returns who holds the ends on this host.
func (h *Host) processes(x *Snapshot) []report.LocalEnd {
	listens := map[netip.AddrPort][]report.HostProcess{}
	clients := map[string][]report.HostProcess{} // by client address and server
	key := func(client netip.Addr, server netip.AddrPort) string { return client.String() + " " + server.String() }
	for i := range h.table {
		s := &h.table[i]
		switch s.state {
		case listening:
			listens[s.local] = join(listens[s.local], h.owners[s.inode])
		case timeWait:
		default:
			k := key(s.local.Addr(), s.remote)
			clients[k] = join(clients[k], h.owners[s.inode])
		}
	}
	var out []report.LocalEnd
	for i := range x.Result.Servers {
		if s := &x.Result.Servers[i]; h.has(s.Server.Addr()) {
			by := listens[s.Server]
			for _, wild := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
				by = join(by, listens[netip.AddrPortFrom(wild, s.Server.Port())])
			}
			out = append(out, report.LocalEnd{Server: s.Server, Connections: s.Connections, Processes: by})
		}
	}
	for i := range x.Result.Pairs {
		if p := &x.Result.Pairs[i]; h.has(p.Client) {
			out = append(out, report.LocalEnd{Server: p.Server, Client: p.Client, Connections: p.Connections, Processes: clients[key(p.Client, p.Server)]})
		}
	}
	slices.SortStableFunc(out, func(x, y report.LocalEnd) int { return cmp.Compare(y.Connections, x.Connections) })
	return out[:min(len(out), maxEnds)]
}

// join adds processes that are not in list yet.
func join(list, more []report.HostProcess) []report.HostProcess {
	for _, p := range more {
		if len(list) < maxProcesses && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}
