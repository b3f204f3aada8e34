package analyze

import (
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

const (
	// leastHalfClosed is how long, in ns, a side must be half-closed to count: each orderly
	// close has these states for as long as the other side takes to answer.
	leastHalfClosed = 10e6
	// finTimeout is how long, in ns, FIN_WAIT_2 lasts at most where no process has the socket
	// any more: tcp_fin_timeout of Linux.
	finTimeout = 60e9
	// halfClosedHosts bounds the hosts of which that is counted where nothing else does.
	halfClosedHosts = 10_000
)

// HalfClosedTotals count sockets that are half-closed for 10 ms or longer, over time: by
// the FINs and their acknowledgements, as the kernel counts CLOSE_WAIT and FIN_WAIT_2.
type HalfClosedTotals struct {
	Connections int64 // that had such a socket
	Population
	Hosts     []HostPopulation // that hold them, most first
	HostsLeft int64            // hosts that were left out
}

// halfClosing is what half-closed sockets come to.
type halfClosing struct {
	spans compact.List[halfClosed]
	hosts map[[16]byte]uint32
	ips   [][16]byte // by number of the host; [0] stands for those that were left out
	left  int64      // that were left out

	connections [halfStates]int64
	all         [halfStates]level
	byHost      [halfStates][]level
}

// halfState is a state of a half-closed socket.
type halfState uint8

const (
	closeWait halfState = iota
	finWait2
	halfStates
)

// halfClosed is the time that a socket was half-closed: half-open, ns since the epoch.
type halfClosed struct {
	from, to int64
	host     uint32
	state    halfState
	begun    bool // its beginning is folded
}

// add notes how long the sockets of a connection were half-closed. limit bounds the hosts,
// 0 does not.
func (x *halfClosing) add(c *flows.Conn, limit int) {
	first, at, _, ok := c.FirstFIN()
	if !ok || c.Inferred() || !c.FINAcknowledged(first) {
		return // the other side has not told that it has the FIN, or its own was not captured
	}
	peer := first.Peer()
	if fin, _, ok := c.FINAt(peer); ok && fin < at+leastHalfClosed {
		return // as most
	}
	to := int64(math.MaxInt64)
	for _, end := range [...]Mark{
		markOf(c.FINAt(peer)), markOf(c.RSTAt(peer)), markOf(c.RSTAt(first)),
	} {
		if end.OK() {
			to = min(to, end.At)
		}
	}
	if c.Superseded() {
		to = min(to, c.End)
	}
	if to < at+leastHalfClosed {
		return
	}
	x.note(halfClosed{from: at, to: to, host: x.number(c.Endpoint(peer).IP, limit), state: closeWait})
	x.note(halfClosed{from: at, to: min(to, c.End+finTimeout), host: x.number(c.Endpoint(first).IP, limit), state: finWait2})
}

// note adds a span.
func (x *halfClosing) note(h halfClosed) {
	x.connections[h.state]++
	x.spans.Add(h)
}

// number returns the number of a host.
func (x *halfClosing) number(ip [16]byte, limit int) uint32 {
	if n, ok := x.hosts[ip]; ok {
		return n
	}
	if len(x.ips) == 0 {
		x.hosts, x.ips = map[[16]byte]uint32{}, make([][16]byte, 1)
	}
	if len(x.ips) > cmp.Or(limit, halfClosedHosts) {
		x.left++
		return 0
	}
	n := uint32(len(x.ips))
	x.hosts[ip] = n
	x.ips = append(x.ips, ip)
	return n
}

// fold counts what happened from one time until another, and forgets it; last is when the
// capture ends.
func (x *halfClosing) fold(since, until, last int64) {
	x.spans.Unpack()
	if x.spans.Len() == 0 {
		return
	}
	for state := range x.byHost {
		x.byHost[state] = grown(x.byHost[state], len(x.ips))
	}
	line := newTimeline(x.spans.Len())
	for i := range uint32(x.spans.Len()) {
		h := x.spans.At(i)
		line.add(i, max(h.from, since), h.to, until, &h.begun)
	}
	line.sort()
	line.sweep(func(i uint32, at int64) {
		h := x.spans.At(i)
		x.all[h.state].begin(at, last)
		x.byHost[h.state][h.host].begin(at, last)
	}, func(i uint32, at int64) {
		h := x.spans.At(i)
		x.all[h.state].end(at, last)
		x.byHost[h.state][h.host].end(at, last)
	})
	x.spans.Remove(func(h *halfClosed) bool { return h.to <= until && h.to != math.MaxInt64 })
}

// totals returns what the sockets in one state come to.
func (x *halfClosing) totals(state halfState, last int64) HalfClosedTotals {
	t := HalfClosedTotals{Connections: x.connections[state], Population: x.all[state].population(last, last, 0, 0), HostsLeft: x.left}
	for i, v := range x.byHost[state] {
		if i > 0 && v.peak > 0 {
			t.Hosts = append(t.Hosts, HostPopulation{netip.AddrFrom16(x.ips[i]).Unmap(), v.population(last, last, 0, 0)})
		}
	}
	slices.SortFunc(t.Hosts, func(x, y HostPopulation) int {
		return cmp.Or(cmp.Compare(y.Peak, x.Peak), cmp.Compare(y.AtEnd, x.AtEnd), x.Host.Compare(y.Host))
	})
	return t
}

// clone returns a copy that shares nothing, without the spans if it is to be brief.
func (x *halfClosing) clone(briefly bool) halfClosing {
	y := *x
	y.spans = compact.List[halfClosed]{}
	if !briefly {
		y.spans = x.spans.Clone()
	}
	y.hosts, y.ips = maps.Clone(x.hosts), slices.Clone(x.ips)
	for state := range x.byHost {
		y.byHost[state] = slices.Clone(x.byHost[state])
	}
	return y
}
