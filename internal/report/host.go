package report

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Host is what the kernel of the capturing host says, beside what the packets
// say. Numbers that the kernel does not tell are analyze.Unknown.
type Host struct {
	Sockets   HostSockets
	Settings  HostSettings
	Counters  []HostCounter
	Compared  []Comparison
	Processes []LocalEnd // with most connections first
}

// HostSockets are the kernel's own counts, of this host's network namespace.
type HostSockets struct {
	Established, TimeWait int64
	InUse, Orphaned       int64 // Orphaned belong to no process any more
}

// HostSettings are the sysctls in force, of net.ipv4.
type HostSettings struct {
	FirstPort, LastPort                 int64 // ip_local_port_range
	TWReuse, MaxTWBuckets               int64 // tcp_tw_reuse, tcp_max_tw_buckets
	FINTimeoutSeconds, KeepaliveSeconds int64 // tcp_fin_timeout, tcp_keepalive_time
}

// Ports returns how many ports a client has towards one server.
func (s *HostSettings) Ports() int64 {
	if s.FirstPort == analyze.Unknown || s.LastPort < s.FirstPort {
		return analyze.Unknown
	}
	return s.LastPort - s.FirstPort + 1
}

// HostCounter is a counter of the kernel, as in /proc/net/netstat.
type HostCounter struct {
	Name  string
	Total int64 // since the network namespace was made
	New   int64 // since the capture began, Unknown without a look at it then
}

// Comparison sets the kernel's sockets beside the connections of the packets.
// Both count the ends that are on this host.
type Comparison struct {
	State   string // "time_wait" or "established"
	Packets int64
	Kernel  int64 // of the connections that the packets show
	Unseen  int64 // that the kernel has besides, which the capture does not show
	Agree   bool
	Said    string // what a disagreement or Unseen comes from, "" if there is nothing to say
}

// LocalEnd is who holds the ends of connections on this host.
type LocalEnd struct {
	Server      netip.AddrPort
	Client      netip.Addr    // valid if it is the client that is on this host
	Connections int64         // in the capture
	Processes   []HostProcess // none if they may not be seen, or have ended
}

// HostProcess is a process of this host.
type HostProcess struct {
	PID  int
	Name string
}

// host writes what the kernel says, if it was asked.
func (p *page) host() {
	h := p.r.Host
	if h == nil {
		return
	}
	p.section("THIS HOST")
	tab := table{align: "lrrl", heads: []string{"ends on this host, now", "by its kernel", "by the packets", ""}}
	for i := range h.Compared {
		c := &h.Compared[i]
		agree := "they agree"
		if !c.Agree {
			agree = "THEY DISAGREE"
		}
		tab.row(stateNames[c.State], count(c.Kernel), count(c.Packets), agree)
		tab.note(c.Said)
	}
	p.table(&tab)
	s, set := &h.Sockets, &h.Settings
	p.fact("sockets in all", strings.Join([]string{told(s.Established) + " established", told(s.TimeWait) + " TIME_WAIT",
		told(s.InUse) + " in use", told(s.Orphaned) + " orphaned"}, ", "))
	p.fact("ports", fmt.Sprintf("%s to one server and port (%s to %s, ip_local_port_range)", told(set.Ports()), port(set.FirstPort), port(set.LastPort)))
	p.fact("settings", fmt.Sprintf("tcp_tw_reuse %s, tcp_max_tw_buckets %s, tcp_fin_timeout %s s, tcp_keepalive_time %s s",
		told(set.TWReuse), told(set.MaxTWBuckets), told(set.FINTimeoutSeconds), told(set.KeepaliveSeconds)))
	p.counters(h.Counters)
	p.processes(h.Processes)
}

// stateNames are the states as people write them.
var stateNames = map[string]string{"time_wait": "TIME_WAIT", "established": "established"}

// told writes a number that may not be known.
func told(n int64) string {
	if n == analyze.Unknown {
		return unknown
	}
	return count(n)
}

// port writes a port, which has no thousands.
func port(n int64) string {
	if n == analyze.Unknown {
		return unknown
	}
	return fmt.Sprint(n)
}

// counters writes what the kernel has counted meanwhile.
func (p *page) counters(list []HostCounter) {
	var out []string
	compared := false
	for i := range list {
		c := &list[i]
		compared = compared || c.New != analyze.Unknown
		if c.New > 0 {
			out = append(out, plain(c.Name)+" "+count(c.New))
		}
	}
	switch {
	case len(out) > 0:
		p.fact("counted meanwhile", strings.Join(out, ", "))
	case compared:
		p.fact("counted meanwhile", "nothing")
	}
}

// processes writes whose connections they are.
func (p *page) processes(list []LocalEnd) {
	if len(list) == 0 {
		return
	}
	tab := table{align: "llrl", heads: []string{"end on this host", "is", "conns", "process"}}
	for i := range min(len(list), p.top) {
		e := &list[i]
		end, is := addrText(e.Server), "server"
		if e.Client.IsValid() {
			end, is = hostText(e.Client)+" -> "+end, "client"
		}
		tab.row(end, is, count(e.Connections), processNames(e.Processes))
	}
	tab.apart = true
	p.table(&tab)
	if slices.ContainsFunc(list[:min(len(list), p.top)], func(e LocalEnd) bool { return len(e.Processes) == 0 }) {
		p.para(0, "(unknown: it has ended, or the user that captures may not see whose it is)")
	}
	p.more(len(list))
}

// processNames writes the first of the processes, and how many more there are.
func processNames(list []HostProcess) string {
	if len(list) == 0 {
		return unknown
	}
	s := fmt.Sprintf("%s (%d)", plain(list[0].Name), list[0].PID)
	if n := len(list) - 1; n > 0 {
		s += " and " + count(int64(n)) + " more"
	}
	return s
}

// hostFacts appends what the kernel says.
func (e *encoder) hostFacts(h *Host) {
	e.raw(`{"sockets":{`)
	e.members(member{"established", h.Sockets.Established}, member{"time_wait", h.Sockets.TimeWait},
		member{"in_use", h.Sockets.InUse}, member{"orphaned", h.Sockets.Orphaned})
	e.close()
	s := &h.Settings
	e.open("settings")
	e.members(member{"first_port", s.FirstPort}, member{"last_port", s.LastPort}, member{"ports", s.Ports()},
		member{"tcp_tw_reuse", s.TWReuse}, member{"tcp_max_tw_buckets", s.MaxTWBuckets},
		member{"tcp_fin_timeout_seconds", s.FINTimeoutSeconds}, member{"tcp_keepalive_time_seconds", s.KeepaliveSeconds})
	e.close()
	each(e, "counters", h.Counters, e.hostCounter)
	each(e, "compared", h.Compared, e.comparison)
	each(e, "processes", h.Processes, e.localEnd)
	e.close()
}

// each appends the member called name, a list.
func each[T any](e *encoder, name string, list []T, item func(*T)) {
	e.key(name)
	e.b = append(e.b, '[')
	for i := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.b = append(e.b, '{')
		item(&list[i])
		e.close()
	}
	e.b = append(e.b, ']')
}

func (e *encoder) hostCounter(c *HostCounter) {
	e.key("name")
	e.str(c.Name)
	e.members(member{"total", c.Total}, member{"during_capture", c.New})
}

func (e *encoder) comparison(c *Comparison) {
	e.key("state")
	e.word(c.State)
	e.members(member{"packets", c.Packets}, member{"kernel", c.Kernel}, member{"unseen", c.Unseen})
	e.key("agree")
	e.bool(c.Agree)
	e.key("said")
	e.text(c.Said)
}

func (e *encoder) localEnd(x *LocalEnd) {
	e.key("end")
	if x.Client.IsValid() {
		e.word("client")
	} else {
		e.word("server")
	}
	e.key("client")
	if x.Client.IsValid() {
		e.host(x.Client)
	} else {
		e.null()
	}
	e.key("server")
	e.addr(x.Server)
	e.members(member{"connections", x.Connections})
	if len(x.Processes) == 0 {
		e.key("processes")
		e.null()
		return
	}
	each(e, "processes", x.Processes, func(p *HostProcess) {
		e.members(member{"pid", int64(p.PID)})
		e.key("name")
		e.str(p.Name)
	})
}
