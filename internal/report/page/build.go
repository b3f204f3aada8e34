package page

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"io"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// newData returns what the script needs of r.
func newData(r *report.Report) *data {
	first, last := r.Meta.Times()
	if first == analyze.Unknown {
		first, last = 0, 0
	}
	d := &data{
		Zero: first / 1e6, ZeroMicro: first % 1e6 / 1e3, End: micro(last - first),
		All: r.Result.Totals.Connections, Columns: map[string]column{}, Findings: []findingRows{},
	}
	if z := r.Meta.Zone; z.Location != nil {
		d.Offset, d.Zone = z.Offset(first)*1000, z.Word(first)
	}
	b := &rowsBuilder{r: r, zero: first, data: d}
	rows := b.rows()
	d.Pairs, d.Words = b.pairs.list, b.words.list
	b.findings(rows)
	d.Series = newSeries(r, first)
	if r.Options.Exchanges {
		b.exchanges(rows)
	}
	return d
}

// newSeries returns the shape over time, nil if it has none.
func newSeries(r *report.Report, zero int64) *series {
	s := &r.Result.Series
	if len(s.NewConnections) < 2 {
		return nil
	}
	var holders []holder
	for _, h := range r.Holders() {
		holders = append(holders, holder{h.Host.String(), h.Most})
	}
	return &series{
		Step: s.Step, Start: micro(s.Start - zero),
		Opened: s.NewConnections, Requests: s.Requests, Reused: s.Reused, TimeWait: s.TimeWait, Holders: holders,
	}
}

// compression is the level of deflate: the highest makes the page 3% smaller, and takes
// three times as long.
const compression = 5

// packed returns v as JSON, compressed (RFC 1951) and in base64 (RFC 4648, 5),
// so that nothing of a capture stands in the page as it is.
func packed(v any) (string, error) {
	var b bytes.Buffer
	text := base64.NewEncoder(base64.RawURLEncoding, &b)
	small, err := flate.NewWriter(text, compression)
	if err != nil {
		return "", err
	}
	encoder := json.NewEncoder(small)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "", err
	}
	for _, c := range []io.Closer{small, text} {
		if err := c.Close(); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}
