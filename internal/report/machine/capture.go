package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// toolObject is what wrote the report.
type toolObject struct {
	Name        string `json:"name"`
	Version     str    `json:"version"`
	CommandLine []str  `json:"command_line"`
}

func newTool(version string, m *report.Meta) *toolObject {
	return &toolObject{report.ToolName, str(version), strList(m.CommandLine)}
}

// captureObject is what was read.
type captureObject struct {
	Sources            []sourceObject  `json:"sources"`
	Points             []pointObject   `json:"points,omitempty"` // where parts were read
	Format             text            `json:"format"`
	LinkTypes          []str           `json:"link_types"`
	Packets            uint64          `json:"packets"`
	TCPPackets         uint64          `json:"tcp_packets"`
	Bytes              uint64          `json:"bytes"`
	First              instant         `json:"first"`
	Last               instant         `json:"last"`
	Duration           seconds         `json:"duration_seconds"`
	Damaged            bool            `json:"damaged"`
	Damage             *damageObject   `json:"damage"`
	Warnings           []str           `json:"warnings,omitempty"` // where something is odd about the files
	KernelDropped      *uint64         `json:"kernel_dropped"`
	InterfaceDropped   *uint64         `json:"interface_dropped,omitempty"` // live captures alone
	CutPackets         uint64          `json:"cut_packets"`
	UndecodedPackets   uint64          `json:"undecoded_packets"`
	DuplicatePackets   number          `json:"duplicate_packets"`
	TimeBack           seconds         `json:"time_back_seconds"`
	Clock              *clockObject    `json:"clock,omitempty"` // where it is wrong
	ConnectionsNotKept number          `json:"connections_not_kept"`
	Interrupted        bool            `json:"interrupted"`
	GivenUp            []givenUpObject `json:"given_up,omitempty"`
	Keys               *keysObject     `json:"tls_keys,omitempty"` // with a key log
	Filter             text            `json:"filter"`
	Narrowed           *narrowedObject `json:"narrowed,omitempty"`
	Anonymized         bool            `json:"anonymized,omitempty"`
}

func newCapture(r *report.Report) *captureObject {
	m, t := &r.Meta, &r.Result.Totals
	first, last := m.Times()
	c := &captureObject{
		Sources: listOf(m.Sources, newSource), Points: listOf(m.Points, newPoint), Format: text(m.Format), LinkTypes: strList(m.LinkTypes),
		Packets: m.Packets, TCPPackets: m.TCPPackets, Bytes: m.Bytes,
		First: instant(first), Last: instant(last), Duration: seconds(m.Duration()),
		Damaged: m.Damage != nil, Warnings: strList(r.Warnings()), KernelDropped: m.KernelDropped,
		CutPackets: m.CutPackets, UndecodedPackets: m.UndecodedPackets, DuplicatePackets: number(t.DuplicatePackets),
		TimeBack: seconds(t.TimeBack), ConnectionsNotKept: number(r.NotKept), Interrupted: m.Interrupted, GivenUp: newGivenUp(r.Result.GivenUp),
		Keys: newKeys(&r.Result.Keys), Filter: text(m.Filter), Narrowed: newNarrowed(&m.Narrowed, r.Analyzed()), Anonymized: m.Anonymized,
	}
	if d := m.Damage; d != nil {
		c.Damage = &damageObject{str(d.Source), d.Packet, number(d.Offset), str(d.Reason)}
	}
	if m.ClockFaults.Wrong() {
		c.Clock = &clockObject{m.ClockFaults.Backwards, m.ClockFaults.Absurd}
	}
	if m.Live() {
		c.InterfaceDropped = &m.InterfaceDropped
	}
	return c
}

// sourceObject is one file, or one interface.
type sourceObject struct {
	Name    str    `json:"name"`
	Format  text   `json:"format"`
	Size    number `json:"size_bytes"`
	Packets uint64 `json:"packets"`
	SHA256  text   `json:"sha256"`

	KernelDropped    *uint64 `json:"kernel_dropped,omitempty"` // interfaces alone
	InterfaceDropped *uint64 `json:"interface_dropped,omitempty"`
}

func newSource(s *report.Source) sourceObject {
	size := s.Size
	if size < 0 {
		size = analyze.Unknown
	}
	x := sourceObject{Name: str(s.Name), Format: text(s.Format), Size: number(size), Packets: s.Packets, SHA256: text(s.SHA256), KernelDropped: s.KernelDropped}
	if s.KernelDropped != nil {
		x.InterfaceDropped = &s.InterfaceDropped
	}
	return x
}

// pointObject is a place where captures were made.
type pointObject struct {
	Name     str     `json:"name"`
	Part     text    `json:"part"`
	Captures number  `json:"captures"`
	Packets  uint64  `json:"packets"`
	First    instant `json:"first"`
	Last     instant `json:"last"`
	Version  str     `json:"version"`
}

func newPoint(p *report.Point) pointObject {
	x := pointObject{str(p.Name), text(p.Part), number(p.Captures), p.Packets, instant(p.First), instant(p.Last), str(p.Version)}
	if p.Packets == 0 {
		x.First, x.Last = instant(analyze.Unknown), instant(analyze.Unknown)
	}
	return x
}

// clockObject counts the packets whose times cannot be right.
type clockObject struct {
	Backwards uint64 `json:"backwards"`
	Absurd    uint64 `json:"absurd"`
}

// damageObject says where a file is damaged.
type damageObject struct {
	Source str    `json:"source"`
	Packet uint64 `json:"packet"`
	Offset number `json:"offset"`
	Reason str    `json:"reason"`
}

// narrowedObject is the part of the capture that was asked for.
type narrowedObject struct {
	Since    instant  `json:"since"`
	Until    instant  `json:"until"`
	Duration seconds  `json:"duration_seconds"`
	Server   endpoint `json:"server"`
	Count    *uint64  `json:"count"`
	Filter   text     `json:"filter"`
}

// newNarrowed returns nil for the whole capture. What is left of it lasts that
// long, in ns or Unknown.
func newNarrowed(n *report.Narrowed, lasts int64) *narrowedObject {
	if *n == (report.Narrowed{}) {
		return nil
	}
	x := &narrowedObject{
		Since: instant(unlessZero(n.Since)), Until: instant(unlessZero(n.Until)), Duration: seconds(lasts),
		Server: endpoint(n.Server), Filter: text(n.Filter),
	}
	if n.Count != 0 {
		x.Count = &n.Count
	}
	return x
}
