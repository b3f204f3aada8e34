// Package page writes a report as one page for a browser: what the text tells,
// and charts and a table of all connections that a script of the page draws.
package page

import (
	"bufio"
	"io"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// tableRows is how many rows a table of a page shows: they scroll.
const tableRows = 200

// Write writes r as one file that a browser opens from disk.
func Write(w io.Writer, r *report.Report) error {
	parts := fixedPartsOnce()
	d := &document{
		Policy: parts.policy, Style: parts.style, Script: parts.script,
		Told: r.Story != nil, Zone: r.Meta.Zone.Word(r.Meta.First), Version: report.ToolName + " " + report.Plain(r.Version),
	}
	report.Tell(d, r, max(r.Options.Rows(), tableRows))
	if !d.Told && r.Records().Len() > 0 {
		data := newData(r)
		var err error
		if d.Data, err = packed(data); err != nil {
			return report.WriteError(err)
		}
		d.Shown, d.All = cause.Count(int64(data.Rows)), cause.Count(int64(r.Records().Len()))
		d.cut(data.Exchanges)
		d.explore()
	}
	for _, x := range report.Definitions {
		d.Definitions = append(d.Definitions, [2]string{x.Word, x.Means})
	}
	out := bufio.NewWriterSize(w, 64<<10)
	err := parts.template.Execute(out, d)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return report.WriteError(err)
	}
	return nil
}
