package live

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Bounds of the list of processes.
const (
	maxEnds      = 100
	maxProcesses = 16 // of each end
)

// holders are processes by what their sockets do.
type holders struct {
	listens map[netip.AddrPort][]kernel.Process
	clients map[pair][]kernel.Process
}

// pair is a client address and a server.
type pair struct {
	client netip.Addr
	server netip.AddrPort
}

// add adds those of the sockets of a host. Who had a socket when the capture began, with
// privileges that are gone now, has it still.
func (o *holders) add(h, before *kernel.Host) {
	for i := range h.Sockets {
		s := &h.Sockets[i]
		by := h.Owners[s.Inode]
		if len(by) == 0 && before != nil {
			by = before.Owners[s.Inode]
		}
		switch s.State {
		case kernel.Listening:
			o.listens[s.Local] = addProcesses(o.listens[s.Local], by)
		case kernel.TimeWait:
		default:
			k := pair{s.Local.Addr(), s.Remote}
			o.clients[k] = addProcesses(o.clients[k], by)
		}
	}
}

// processes returns which processes have the ends on this host, those with most
// connections first. Sockets that have been closed since the capture began tell of those
// that have none left.
func processes(h, before *kernel.Host, r *analyze.Result) []report.HostEnd {
	have := holders{map[netip.AddrPort][]kernel.Process{}, map[pair][]kernel.Process{}}
	have.add(h, before)
	if before != nil {
		have.add(before, nil)
	}
	var out []report.HostEnd
	for i := range r.Servers {
		if s := &r.Servers[i]; h.Has(s.Server.Addr()) {
			by := have.listens[s.Server]
			for _, wild := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
				by = addProcesses(by, have.listens[netip.AddrPortFrom(wild, s.Server.Port())])
			}
			out = append(out, report.HostEnd{Server: s.Server, Connections: s.Connections, Processes: asReported(by)})
		}
	}
	for i := range r.Pairs {
		if p := &r.Pairs[i]; h.Has(p.Client) {
			out = append(out, report.HostEnd{Server: p.Server, Client: p.Client, Connections: p.Connections, Processes: asReported(have.clients[pair{p.Client, p.Server}])})
		}
	}
	slices.SortStableFunc(out, func(x, y report.HostEnd) int { return cmp.Compare(y.Connections, x.Connections) })
	return out[:min(len(out), maxEnds)]
}

// addProcesses appends those of more that are not in list yet.
func addProcesses(list, more []kernel.Process) []kernel.Process {
	for _, p := range more {
		if len(list) < maxProcesses && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// asReported returns processes as reports have them.
func asReported(list []kernel.Process) []report.HostProcess {
	var out []report.HostProcess
	for _, p := range list {
		out = append(out, report.HostProcess(p))
	}
	return out
}
