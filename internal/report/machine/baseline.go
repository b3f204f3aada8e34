package machine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// pastReport is what is read of a baseline.
type pastReport struct {
	schema  string
	verdict struct{ Level, Text string }
	capture struct {
		Duration *float64 `json:"duration_seconds"`
		Narrowed struct { // to a part that is shorter
			Duration *float64 `json:"duration_seconds"`
		}
		Anonymized bool
	}
	totals map[string]any
	causes []struct {
		Cause       string
		Connections float64
	}
	findings []report.BaselineFinding
	rules    []struct{ Rule, Outcome string }
	servers  []struct{ Server string }
	pairs    []struct{ Client, Server string }
}

// ReadBaseline reads a JSON report called source, as far as it needs to. What it
// does not need may be of any size. Its errors are those of r, or say what is
// wrong with the report.
func ReadBaseline(r io.Reader, source string) (*report.Baseline, error) {
	in := &boundedReader{r: r}
	in.dec = json.NewDecoder(in)
	p := &pastReport{}
	members := map[string]any{
		"schema": &p.schema, "verdict": &p.verdict, "capture": &p.capture, "totals": &p.totals, "causes": &p.causes,
		"findings": &p.findings, "rules": &p.rules, "servers": &p.servers, "pairs": &p.pairs,
	}
	if t, err := in.dec.Token(); err != nil {
		return nil, unexpectedEOF(err)
	} else if t != json.Delim('{') {
		return nil, errors.New("it is not an object")
	}
	for len(members) > 0 {
		t, err := in.dec.Token()
		if err != nil {
			return nil, unexpectedEOF(err)
		}
		name, ok := t.(string)
		if !ok { // the closing brace
			return nil, fmt.Errorf("it has no member %q", slices.Max(slices.Collect(maps.Keys(members))))
		}
		if into, ok := members[name]; ok {
			delete(members, name)
			err = in.dec.Decode(into)
		} else {
			err = skipValue(in.dec)
		}
		if err != nil {
			return nil, unexpectedEOF(err)
		}
		if name == "schema" && p.schema != report.SchemaName {
			return nil, fmt.Errorf("its schema is %q", report.Shorten(p.schema, 60))
		}
	}
	return p.baseline(source), nil
}

// unexpectedEOF says that the end came too early.
func unexpectedEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// skipValue skips a value piece by piece.
func skipValue(dec *json.Decoder) error {
	const deepest = 1000
	for depth := 0; ; {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		if depth > deepest {
			return errors.New("its values are nested too deep")
		}
	}
}

// boundedReader bounds what a decoder keeps of it.
type boundedReader struct {
	r    io.Reader
	dec  *json.Decoder
	read int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	const most = 64 << 20
	if b.read-b.dec.InputOffset() > most {
		return 0, errors.New("it has a value of more than 64 MiB")
	}
	n, err := b.r.Read(p)
	b.read += int64(n)
	return n, err
}

// baseline keeps what is compared.
func (p *pastReport) baseline(source string) *report.Baseline {
	b := &report.Baseline{
		Source: source, Duration: math.NaN(), Numbers: map[string]float64{}, Findings: p.findings,
		Judged: map[string]bool{}, Subjects: map[string]bool{}, Anonymized: p.capture.Anonymized,
	}
	if d := cmp.Or(p.capture.Narrowed.Duration, p.capture.Duration); d != nil {
		b.Duration = *d
	}
	b.Verdict.Text = report.Shorten(p.verdict.Text, report.MaxText)
	for _, l := range []rules.Level{rules.OK, rules.Problem} {
		if p.verdict.Level == l.String() {
			b.Verdict.Level = l
		}
	}
	for i := range gate.Metrics {
		if name := gate.Metrics[i].Name; strings.HasPrefix(name, "cause.") {
			b.Numbers[name] = 0
		}
	}
	addNumbers(b.Numbers, "", p.totals)
	for _, c := range p.causes {
		b.Numbers["cause."+c.Cause] += c.Connections
	}
	for i := range b.Findings {
		f := &b.Findings[i]
		f.Title, f.Subject = report.Shorten(f.Title, report.MaxText), report.Shorten(f.Subject, report.MaxText)
		f.Rule, f.Severity = report.Shorten(f.Rule, 20), report.Shorten(f.Severity, 20)
	}
	for _, r := range p.rules {
		b.Judged[r.Rule] = r.Outcome != notJudged
	}
	for _, s := range p.servers {
		b.Subjects[s.Server] = true
	}
	for _, x := range p.pairs {
		b.Subjects[x.Client] = true
		b.Subjects[cause.PairSubject(x.Client, x.Server)] = true
	}
	return b
}

// addNumbers takes the numbers of totals, by path.
func addNumbers(numbers map[string]float64, path string, v any) {
	switch v := v.(type) {
	case float64:
		numbers[path] = v
	case map[string]any:
		for name, sub := range v {
			addNumbers(numbers, strings.TrimPrefix(path+"."+name, "."), sub)
		}
	}
}
