package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// kernelObject is what the kernel of the capturing host says.
type kernelObject struct {
	Sockets   socketsObject      `json:"sockets"`
	Settings  settingsObject     `json:"settings"`
	Counters  []counterObject    `json:"counters"`
	Compared  []comparisonObject `json:"compared"`
	Processes []endObject        `json:"processes"`
}

// socketsObject is what sockets its kernel counts.
type socketsObject struct {
	Established number `json:"established"`
	TimeWait    number `json:"time_wait"`
	InUse       number `json:"in_use"`
	Orphaned    number `json:"orphaned"`
}

// settingsObject is its sysctls in force.
type settingsObject struct {
	FirstPort        number `json:"first_port"`
	LastPort         number `json:"last_port"`
	Ports            number `json:"ports"`
	TWReuse          number `json:"tcp_tw_reuse"`
	MaxTWBuckets     number `json:"tcp_max_tw_buckets"`
	FINTimeout       number `json:"tcp_fin_timeout_seconds"`
	KeepaliveSeconds number `json:"tcp_keepalive_time_seconds"`
}

// counterObject is a counter of its kernel.
type counterObject struct {
	Name  str    `json:"name"`
	Total number `json:"total"`
	New   number `json:"during_capture"`
}

// comparisonObject sets its sockets beside the connections of the packets.
type comparisonObject struct {
	State   string `json:"state"`
	Packets number `json:"packets"`
	Kernel  number `json:"kernel"`
	Unseen  number `json:"unseen"`
	Agree   bool   `json:"agree"`
	Note    text   `json:"said"`
}

// endObject is who holds the ends of connections on this host.
type endObject struct {
	End         string          `json:"end"`
	Client      address         `json:"client"`
	Server      endpoint        `json:"server"`
	Connections number          `json:"connections"`
	Processes   []processObject `json:"processes"` // null if they are not known
}

// processObject is a process that holds ends of connections.
type processObject struct {
	PID  int `json:"pid"`
	Name str `json:"name"`
}

func newKernel(h *report.Host) *kernelObject {
	s, set := &h.Sockets, &h.Settings
	return &kernelObject{
		Sockets: socketsObject{number(s.Established), number(s.TimeWait), number(s.InUse), number(s.Orphaned)},
		Settings: settingsObject{number(set.FirstPort), number(set.LastPort), number(set.Ports()), number(set.TWReuse),
			number(set.MaxTWBuckets), number(set.FINTimeoutSeconds), number(set.KeepaliveSeconds)},
		Counters: listOf(h.Counters, func(c *report.HostCounter) counterObject {
			return counterObject{str(c.Name), number(c.Total), number(c.New)}
		}),
		Compared: listOf(h.Compared, func(c *report.HostComparison) comparisonObject {
			return comparisonObject{c.State, number(c.Packets), number(c.Kernel), number(c.Unseen), c.Agree, text(c.Note)}
		}),
		Processes: listOf(h.Ends, newEnd),
	}
}

func newEnd(x *report.HostEnd) endObject {
	e := endObject{End: "server", Server: endpoint(x.Server), Connections: number(x.Connections)}
	if x.Client.IsValid() {
		e.End, e.Client = "client", address(x.Client)
	}
	if len(x.Processes) > 0 {
		e.Processes = listOf(x.Processes, func(p *report.HostProcess) processObject { return processObject{p.PID, str(p.Name)} })
	}
	return e
}
