package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// hostFacts appends what the kernel says.
func (e *encoder) hostFacts(h *report.Host) {
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

func (e *encoder) hostCounter(c *report.HostCounter) {
	e.key("name")
	e.str(c.Name)
	e.members(member{"total", c.Total}, member{"during_capture", c.New})
}

func (e *encoder) comparison(c *report.Comparison) {
	e.key("state")
	e.word(c.State)
	e.members(member{"packets", c.Packets}, member{"kernel", c.Kernel}, member{"unseen", c.Unseen})
	e.key("agree")
	e.bool(c.Agree)
	e.key("said")
	e.text(c.Said)
}

func (e *encoder) localEnd(x *report.LocalEnd) {
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
	each(e, "processes", x.Processes, func(p *report.HostProcess) {
		e.members(member{"pid", int64(p.PID)})
		e.key("name")
		e.str(p.Name)
	})
}
