package report

import (
	"fmt"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// anonymizedNote says what has become of names.
const anonymizedNote = "addresses are pseudonyms that keep common prefixes (Crypto-PAn); so are host names, paths, queries and header values; " +
	"file names, filter and command line are withheld; ports, times and sizes are the capture's"

// point describes a place where captures were made.
func (m *Meta) point(x *Point) string {
	text := Plain(x.Name) + ": "
	if x.Part != "" {
		text += Plain(x.Part) + ", of "
	}
	text += cause.Plural(int64(x.Captures), "capture", "captures") + " with " + cause.Plural(int64(x.Packets), "packet", "packets")
	if x.Packets > 0 {
		text += ", " + m.Zone.span(x.First, x.Last)
	}
	return text
}

// provenance writes what the report was made from and how.
func (p *teller) provenance() {
	m := &p.r.Meta
	p.section("PROVENANCE")
	for i := range min(len(m.Points), p.rows) {
		p.fact("point", m.point(&m.Points[i]))
	}
	p.more(len(m.Points))
	for i := range min(len(m.Sources), p.rows) {
		s := &m.Sources[i]
		file := Plain(s.Name) + " (" + cause.Plural(int64(s.Packets), "packet", "packets")
		if s.Format != "" {
			file += ", " + Plain(s.Format)
		}
		if len(m.Sources) == 1 && len(m.LinkTypes) == 1 {
			file += " of " + Plain(m.LinkTypes[0])
		}
		if s.Size >= 0 {
			file += ", " + cause.Plural(s.Size, "byte", "bytes")
		}
		label := "file"
		if m.Live() {
			label = "interface"
		}
		p.fact(label, file+")")
		if s.SHA256 != "" {
			p.fact("sha256", s.SHA256)
		}
	}
	p.more(len(m.Sources))
	if len(m.LinkTypes) > 1 || len(m.LinkTypes) == 1 && len(m.Sources) != 1 {
		p.fact("link types", Plain(strings.Join(m.LinkTypes, ", ")))
	}
	if m.Filter != "" {
		p.fact("filter", Plain(m.Filter))
	}
	if m.Anonymized {
		p.fact("anonymised", anonymizedNote)
	} else if len(m.CommandLine) > 0 {
		p.fact("command line", command(m.CommandLine))
	}
	p.fact("version", fmt.Sprintf("%s %s, %s", ToolName, Plain(p.r.Version), SchemaName))
}
