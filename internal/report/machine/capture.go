package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// tool appends what wrote the report.
func (e *encoder) tool(r *report.Report) {
	e.raw(`{"name":`)
	e.word(report.ToolName)
	e.key("version")
	e.str(r.Version)
	e.key("command_line")
	e.strings(r.Meta.CommandLine)
	e.close()
}

// capture appends what was read.
func (e *encoder) capture(r *report.Report) {
	m := &r.Meta
	first, last := m.Times()
	e.raw(`{"sources":[`)
	for i := range m.Sources {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.source(&m.Sources[i])
	}
	e.raw(`],"format":`)
	e.text(m.Format)
	e.key("link_types")
	e.strings(m.LinkTypes)
	e.key("packets")
	e.uint(m.Packets)
	e.key("tcp_packets")
	e.uint(m.TCPPackets)
	e.key("bytes")
	e.uint(m.Bytes)
	e.key("first")
	e.time(first)
	e.key("last")
	e.time(last)
	e.key("duration_seconds")
	e.seconds(m.Duration())
	e.key("damaged")
	e.bool(m.Damage != nil)
	e.key("damage")
	e.damage(m.Damage)
	e.key("kernel_dropped")
	if m.KernelDropped == nil {
		e.null()
	} else {
		e.uint(*m.KernelDropped)
	}
	if m.Live() {
		e.key("interface_dropped")
		e.uint(m.InterfaceDropped)
	}
	e.key("cut_packets")
	e.uint(m.CutPackets)
	e.key("undecoded_packets")
	e.uint(m.UndecodedPackets)
	e.key("duplicate_packets")
	e.int(r.Result.Totals.DuplicatePackets)
	e.key("time_back_seconds")
	e.seconds(r.Result.Totals.TimeBack)
	e.members(member{"connections_not_kept", r.NotKept})
	e.key("interrupted")
	e.bool(m.Interrupted)
	e.key("filter")
	e.text(m.Filter)
	e.narrowed(&m.Narrowed, r.Analysed())
	e.anonymized(m)
	e.close()
}

// anonymized says that names are pseudonyms, if they are.
func (e *encoder) anonymized(m *report.Meta) {
	if m.Anonymized {
		e.key("anonymized")
		e.bool(true)
	}
}

// source appends one file.
func (e *encoder) source(s *report.Source) {
	e.raw(`{"name":`)
	e.str(s.Name)
	e.key("format")
	e.text(s.Format)
	e.key("size_bytes")
	if s.Size < 0 {
		e.null()
	} else {
		e.int(s.Size)
	}
	e.key("packets")
	e.uint(s.Packets)
	e.key("sha256")
	e.text(s.SHA256)
	e.close()
}

// damage appends where a file is damaged, null if it is not.
func (e *encoder) damage(d *report.Damage) {
	if d == nil {
		e.null()
		return
	}
	e.raw(`{"source":`)
	e.str(d.Source)
	e.key("packet")
	e.uint(d.Packet)
	e.key("offset")
	e.int(d.Offset)
	e.key("reason")
	e.str(d.Reason)
	e.close()
}

// narrowed appends the part of the capture that was asked for, if it is not all;
// it lasts that long in ns, or Unknown.
func (e *encoder) narrowed(n *report.Narrowed, lasts int64) {
	if *n == (report.Narrowed{}) {
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
