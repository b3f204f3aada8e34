package report

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
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Baseline is an earlier report that this one is compared with. Its text is as
// hostile as a packet's.
type Baseline struct {
	source   string             // its name
	duration float64            // of its capture in seconds, NaN if not known
	numbers  map[string]float64 // by metric
	verdict  rules.Verdict
	findings []pastFinding
	judged   map[string]bool // by ID of the rule
	subjects map[string]bool // that findings may be about

	anonymized bool
}

// Anonymized reports whether its addresses and names are pseudonyms.
func (b *Baseline) Anonymized() bool { return b.anonymized }

type pastFinding struct{ Rule, Severity, Title, Subject string }

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
	findings []pastFinding
	rules    []struct{ Rule, Outcome string }
	servers  []struct{ Server string }
	pairs    []struct{ Client, Server string }
}

// ReadBaseline reads a JSON report called source, as far as it needs to. What it
// does not need may be of any size. Its errors are those of r, or say what is
// wrong with the report.
func ReadBaseline(r io.Reader, source string) (*Baseline, error) {
	in := &boundedReader{r: r}
	in.dec = json.NewDecoder(in)
	p := &pastReport{}
	members := map[string]any{
		"schema": &p.schema, "verdict": &p.verdict, "capture": &p.capture, "totals": &p.totals, "causes": &p.causes,
		"findings": &p.findings, "rules": &p.rules, "servers": &p.servers, "pairs": &p.pairs,
	}
	if t, err := in.dec.Token(); err != nil {
		return nil, noEOF(err)
	} else if t != json.Delim('{') {
		return nil, errors.New("it is not an object")
	}
	for len(members) > 0 {
		t, err := in.dec.Token()
		if err != nil {
			return nil, noEOF(err)
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
			return nil, noEOF(err)
		}
		if name == "schema" && p.schema != schemaName {
			return nil, fmt.Errorf("its schema is %q", shorten(p.schema, 60))
		}
	}
	return p.baseline(source), nil
}

// noEOF says that the end came too early.
func noEOF(err error) error {
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
func (p *pastReport) baseline(source string) *Baseline {
	b := &Baseline{
		source: source, duration: math.NaN(), numbers: map[string]float64{}, findings: p.findings,
		judged: map[string]bool{}, subjects: map[string]bool{}, anonymized: p.capture.Anonymized,
	}
	if d := cmp.Or(p.capture.Narrowed.Duration, p.capture.Duration); d != nil {
		b.duration = *d
	}
	b.verdict.Text = shorten(p.verdict.Text, longText)
	for _, l := range []rules.Level{rules.OK, rules.Problem} {
		if p.verdict.Level == l.String() {
			b.verdict.Level = l
		}
	}
	for i := range gate.Metrics {
		if name := gate.Metrics[i].Name; strings.HasPrefix(name, "cause.") {
			b.numbers[name] = 0
		}
	}
	b.add("", p.totals)
	for _, c := range p.causes {
		b.numbers["cause."+c.Cause] += c.Connections
	}
	for i := range b.findings {
		f := &b.findings[i]
		f.Title, f.Subject = shorten(f.Title, longText), shorten(f.Subject, longText)
		f.Rule, f.Severity = shorten(f.Rule, 20), shorten(f.Severity, 20)
	}
	for _, r := range p.rules {
		b.judged[r.Rule] = r.Outcome != notJudged
	}
	for _, s := range p.servers {
		b.subjects[s.Server] = true
	}
	for _, x := range p.pairs {
		addPair(b.subjects, x.Client, x.Server)
	}
	return b
}

// longText is how many characters of a text are kept.
const longText = 300

// add takes the numbers of totals, by path.
func (b *Baseline) add(path string, v any) {
	switch v := v.(type) {
	case float64:
		b.numbers[path] = v
	case map[string]any:
		for name, sub := range v {
			b.add(strings.TrimPrefix(path+"."+name, "."), sub)
		}
	}
}

// number returns a metric, NaN if the baseline does not tell it.
func (b *Baseline) number(metric string) float64 {
	if v, ok := b.numbers[metric]; ok {
		return v
	}
	return math.NaN()
}

// addPair adds what findings may be about: a client, or it with its server.
func addPair(subjects map[string]bool, client, server string) {
	subjects[client] = true
	subjects[cause.PairSubject(client, server)] = true
}
