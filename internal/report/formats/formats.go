// Package formats lists the formats of a report: [All], in the order in which
// help names them, [ByName] and [ByEnding].
package formats

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
	"github.com/kaanalyze/kaanalyze/internal/report/page"
	"github.com/kaanalyze/kaanalyze/internal/report/picture"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
)

// All are all formats; help and completion are printed from here.
var All = []report.Format{
	{Name: "text", Ending: ".txt", Write: text.Write,
		Help: "for a person: numbers, shape over time, servers, trust"},
	{Name: "md", Ending: ".md", Write: text.WriteMarkdown,
		Help: "for a ticket: the text in Markdown, at most 60,000 characters"},
	{Name: "html", Ending: ".html", Write: page.Write,
		Help: "one page for a browser: charts and all connections, no network"},
	{Name: "json", Ending: ".json", Write: machine.WriteJSON,
		Help: "everything, as " + report.SchemaName + " (see --json-schema)"},
	{Name: "ndjson", Ending: ".ndjson", Write: machine.WriteNDJSON,
		Help: "one JSON object a line, connections as they end"},
	{Name: "csv", Ending: ".csv", Write: machine.WriteCSV,
		Help: "one row per connection"},
	{Name: "svg", Ending: ".svg", Write: picture.WriteSVG,
		Help: "a picture for a ticket: the verdict and charts over time"},
	{Name: "png", Ending: ".png", Write: picture.WritePNG, Binary: true,
		Help: "the same for a chat, 1200 pixels wide"},
}

// ByName returns the format called name.
func ByName(name string) (report.Format, bool) {
	for _, f := range All {
		if f.Name == name {
			return f, true
		}
	}
	return report.Format{}, false
}

// ByEnding returns the format that the ending of a file name asks for. Case
// does not matter.
func ByEnding(file string) (report.Format, bool) {
	file = strings.ToLower(file)
	for _, f := range All {
		if strings.HasSuffix(file, f.Ending) {
			return f, true
		}
	}
	return report.Format{}, false
}
