package part

import (
	"github.com/kaanalyze/kaanalyze/internal/part/fields"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// codeMeta codes what a report says of captures, but for how people are told of it.
func codeMeta(c *fields.Coder, m *report.Meta) {
	fields.Slice(c, &m.Sources, func(s *report.Source) {
		c.Text(&s.Name)
		c.Text(&s.Format)
		fields.Near(c, &s.Size, 0)
		fields.Near(c, &s.Packets, 0)
		c.Text(&s.SHA256)
		codeOptional(c, &s.KernelDropped)
		fields.Near(c, &s.InterfaceDropped, 0)
	})
	codeTexts(c, &m.LinkTypes)
	codeTexts(c, &m.Warnings)
	codeNumbers(c, &m.ClockFaults.AbsurdPackets)
	codeNumbers(c, &m.ClockFaults.BackwardPackets)
	c.One(func() {
		c.Text(&m.Format)
		c.Text(&m.Filter)
		for _, n := range []*uint64{
			&m.Packets, &m.TCPPackets, &m.Bytes, &m.CutPackets, &m.UndecodedPackets, &m.ClockFaults.Absurd, &m.ClockFaults.Backwards,
		} {
			fields.Near(c, n, 0)
		}
		c.Time(&m.First)
		c.Time(&m.Last)
		c.Bool(&m.Interrupted)
		c.Bool(&m.Anonymized)
		codeOptional(c, &m.KernelDropped)
		fields.Optional(c, &m.Damage, func(d *report.Damage) {
			c.Text(&d.Source)
			fields.Near(c, &d.Packet, 0)
			fields.Near(c, &d.Offset, 0)
			c.Text(&d.Reason)
		})
		n := &m.Narrowed
		c.Time(&n.Since)
		c.Time(&n.Until)
		c.AddrPort(&n.Server)
		fields.Near(c, &n.Count, 0)
		c.Text(&n.Filter)
	})
}

func codeOptional(c *fields.Coder, n **uint64) {
	fields.Optional(c, n, func(n *uint64) { fields.Near(c, n, 0) })
}

func codeTexts(c *fields.Coder, list *[]string) {
	fields.Slice(c, list, func(s *string) { c.Text(s) })
}

func codeNumbers(c *fields.Coder, list *[]uint64) {
	fields.Slice(c, list, func(n *uint64) { fields.Near(c, n, 0) })
}
