package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// host writes what the kernel says, if it was asked.
func (p *teller) host() {
	h := p.r.Host
	if h == nil {
		return
	}
	p.section("THIS HOST")
	tab := Table{Align: "lrrl", Heads: []string{"ends on this host, now", "by its kernel", "by the packets", ""}}
	for i := range h.Compared {
		c := &h.Compared[i]
		agree := "match"
		if !c.Agree {
			agree = "DIFFER"
		}
		tab.Row(stateNames[c.State], cause.Count(c.Kernel), cause.Count(c.Packets), agree)
		tab.note(c.Note)
	}
	p.table(&tab)
	s, set := &h.Sockets, &h.Settings
	p.fact("sockets in all", strings.Join([]string{countOrNotKnown(s.Established) + " established", countOrNotKnown(s.TimeWait) + " TIME_WAIT",
		countOrNotKnown(s.InUse) + " in use", countOrNotKnown(s.Orphaned) + " orphaned"}, ", "))
	p.fact("ports", fmt.Sprintf("%s to one server and port (%s to %s, ip_local_port_range)", countOrNotKnown(set.Ports()), portOrNotKnown(set.FirstPort), portOrNotKnown(set.LastPort)))
	p.fact("settings", fmt.Sprintf("tcp_tw_reuse %s, tcp_max_tw_buckets %s, tcp_fin_timeout %s s, tcp_keepalive_time %s s",
		countOrNotKnown(set.TWReuse), countOrNotKnown(set.MaxTWBuckets), countOrNotKnown(set.FINTimeoutSeconds), countOrNotKnown(set.KeepaliveSeconds)))
	p.counters(h.Counters)
	p.processes(h.Ends)
}

// stateNames are the states as people write them.
var stateNames = map[string]string{"time_wait": "TIME_WAIT", "established": "established", "close_wait": "CLOSE_WAIT", "fin_wait_2": "FIN_WAIT_2"}

// countOrNotKnown writes a number that may not be known.
func countOrNotKnown(n int64) string {
	if n == analyze.Unknown {
		return notKnown
	}
	return cause.Count(n)
}

// portOrNotKnown writes a port, which has no thousands.
func portOrNotKnown(n int64) string {
	if n == analyze.Unknown {
		return notKnown
	}
	return fmt.Sprint(n)
}

// counters writes what the kernel has counted meanwhile.
func (p *teller) counters(list []HostCounter) {
	var out []string
	compared := false
	for i := range list {
		c := &list[i]
		compared = compared || c.New != analyze.Unknown
		if c.New > 0 {
			out = append(out, Plain(c.Name)+" "+cause.Count(c.New))
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
func (p *teller) processes(list []HostEnd) {
	if len(list) == 0 {
		return
	}
	tab := Table{Align: "llrl", Heads: []string{"end on this host", "is", "conns", "process"}}
	for i := range min(len(list), p.rows) {
		e := &list[i]
		end, is := AddrText(e.Server), "server"
		if e.Client.IsValid() {
			end, is = HostText(e.Client)+" -> "+end, "client"
		}
		tab.Row(end, is, cause.Count(e.Connections), processNames(e.Processes))
	}
	tab.Apart = true
	p.table(&tab)
	if slices.ContainsFunc(list[:min(len(list), p.rows)], func(e HostEnd) bool { return len(e.Processes) == 0 }) {
		p.para(0, "(unknown: it has ended, or began later and the capturing user may not see it)")
	}
	p.more(len(list))
}

// processNames writes the first of the processes, and how many more there are.
func processNames(list []HostProcess) string {
	if len(list) == 0 {
		return notKnown
	}
	s := fmt.Sprintf("%s (%d)", Plain(list[0].Name), list[0].PID)
	if n := len(list) - 1; n > 0 {
		s += " and " + cause.Count(int64(n)) + " more"
	}
	return s
}
