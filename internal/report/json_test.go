package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// compileSchema returns the part of the schema that fragment names.
func compileSchema(t *testing.T, fragment string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("report.json" + fragment)
}

// validate holds got to the schema.
func validate(t *testing.T, s *jsonschema.Schema, got []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
	if err != nil {
		t.Fatalf("not JSON: %v\n%s", err, got)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v", err)
	}
}

// samples are reports of every shape.
func samples() map[string]*Report {
	told := incident()
	told.Story = story()
	stdin := emptyReport()
	stdin.Meta = Meta{Sources: []Source{{Name: "-", Size: -1}}}
	part := incident()
	part.Meta.Narrowed = Narrowed{Since: noon + 10_000*ms, Until: noon + 70_000*ms + 1, Count: 5000, Filter: part.Meta.Filter,
		Server: netip.MustParseAddrPort("10.20.0.2:8080")}
	part.Result.First, part.Result.Last = noon+10_000*ms, noon+70_000*ms+1
	unnamed := emptyReport()
	unnamed.Meta.Anonymized, unnamed.Meta.Filter, unnamed.Meta.CommandLine = true, "(withheld)", nil
	return map[string]*Report{
		"anonymized": unnamed, "incident": incident(), "narrowed": part, "host": hosted(), "story": told, "no-tcp": emptyReport(), "no-packet": stdin, "tls": tlsReport(), "no-http": noHTTPReport(),
	}
}

func TestJSONKeepsItsSchema(t *testing.T) {
	s := compileSchema(t, "")
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) { validate(t, s, render(t, "json", r)) })
	}
}

func TestJSONGolden(t *testing.T) {
	golden(t, "incident.json", render(t, "json", incident()))
	golden(t, "story.json", render(t, "json", samples()["story"]))
}

// TestSchemaNamesWhatIsWritten fails where a member is written that the schema
// does not describe: additional ones are allowed for later versions alone.
func TestSchemaNamesWhatIsWritten(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	for name, r := range samples() {
		var got any
		if err := json.Unmarshal(render(t, "json", r), &got); err != nil {
			t.Fatal(err)
		}
		describe(t, doc, doc, got, name)
	}
}

// describe walks got and the schema s together.
func describe(t *testing.T, doc, s map[string]any, got any, at string) {
	t.Helper()
	if ref, ok := s["$ref"].(string); ok {
		s = doc["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if one, ok := s["oneOf"].([]any); ok {
		for _, sub := range one {
			if got != nil && sub.(map[string]any)["type"] != "null" {
				describe(t, doc, sub.(map[string]any), got, at)
			}
		}
		return
	}
	switch v := got.(type) {
	case map[string]any:
		props, _ := s["properties"].(map[string]any)
		for k, sub := range v {
			switch p, ok := props[k].(map[string]any); {
			case ok:
				describe(t, doc, p, sub, at+"."+k)
			case s["additionalProperties"] == nil:
				t.Errorf("%s.%s is not in the schema", at, k)
			}
		}
	case []any:
		for _, sub := range v {
			describe(t, doc, s["items"].(map[string]any), sub, at+"[]")
		}
	}
}

func TestJSONWorkersAgree(t *testing.T) {
	for _, n := range []int{0, 1, chunkItems, chunkItems + 1, 7*chunkItems + 5} {
		r := many(n)
		want := render(t, "json", r)
		for _, workers := range []int{2, 3, 8} {
			r.Options.Workers = workers
			if got := render(t, "json", r); !bytes.Equal(got, want) {
				t.Errorf("%d connections: %d workers write something else than one", n, workers)
			}
		}
		validate(t, compileSchema(t, ""), want)
	}
}

// many returns a report with n connections.
func many(n int) *Report {
	r := incident()
	h := &handMade{connections: make([]analyze.Connection, n)}
	for i := range h.connections {
		h.connections[i] = conn(uint64(i+1), noon+int64(i)*ms, 1)
	}
	r.Facts = h
	return r
}

// failing is a writer that fails after n bytes.
type failing struct{ n int }

var errFull = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteErrorsComeBack(t *testing.T) {
	for _, f := range Formats {
		for _, workers := range []int{1, 4} {
			r := many(24 * chunkItems)
			r.Options.Workers = workers
			for _, n := range []int{0, 100, 200_000} {
				err := f.Write(&failing{n}, r)
				if slices.Contains([]string{"text", "md", "html", "svg", "png"}, f.Name) && n > 100 {
					continue // all of it fits
				}
				if want := "write report: disk full"; !errors.Is(err, errFull) || err.Error() != want {
					t.Errorf("%s, %d bytes, %d workers: got %v, want %s", f.Name, n, workers, err, want)
				}
			}
		}
	}
}

func TestSeconds(t *testing.T) {
	for _, c := range []struct {
		ns   int64
		want string
	}{
		{0, "0"}, {1, "0.000000001"}, {123456, "0.000123456"}, {1e9, "1"}, {1500e6, "1.5"}, {15e9 + 10, "15.00000001"},
		{-1, "-0.000000001"}, {math.MaxInt64, "9223372036.854775807"}, {math.MinInt64 + 1, "-9223372036.854775807"},
		{analyze.Unknown, "null"}, {999999999, "0.999999999"}, {100000000, "0.1"},
	} {
		e := encoder{}
		e.seconds(c.ns)
		if string(e.b) != c.want {
			t.Errorf("%d ns: got %s, want %s", c.ns, e.b, c.want)
		}
	}
}

func TestTimes(t *testing.T) {
	e := encoder{}
	for _, ns := range []int64{0, 1, -1, -86400e9, -86400e9 - 1, noon, noon + 1, math.MaxInt64, math.MinInt64 + 1,
		951782399_999999999, 951782400_000000000, noon} { // around a 29 February
		want := `"` + time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z07:00") + `"`
		e.b = e.b[:0]
		e.time(ns)
		if string(e.b) != want {
			t.Errorf("%d: got %s, want %s", ns, e.b, want)
		}
	}
}

func TestRatioNeverClaimsAll(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 1: "1", 0.5: "0.5", 11.0 / 14: "0.785714", 0.9999999: "0.9999999", 1e-7: "0.0000001", 5.4: "5.4", 2: "2",
		math.Inf(1): "null",
	} {
		e := encoder{}
		e.ratio(f)
		if string(e.b) != want {
			t.Errorf("%v: got %s, want %s", f, e.b, want)
		}
	}
	e := encoder{}
	if e.ratio(math.NaN()); string(e.b) != "null" {
		t.Errorf("NaN: got %s, want null", e.b)
	}
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "quote\" back\\slash", "\x00\x1b[31m\x7f", "\xff\xfe", "é\u0085\u2028\ufffd", "日本\U0001f600", "\xe2\x80", "a\u202eb\u2066"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := encoder{}
		e.str(s)
		var got string
		if err := json.Unmarshal(e.b, &got); err != nil {
			t.Fatalf("%q: %v in %s", s, err, e.b)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); utf8.ValidString(s) && got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if !utf8.Valid(e.b) || bytes.ContainsFunc(e.b, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("%q is written with what a terminal may obey: %q", s, e.b)
		}
	})
}

func TestTarget(t *testing.T) {
	for in, want := range map[string]string{
		"/":                            "/",
		"/a?token=1":                   "/a",
		"/a#t=1":                       "/a",
		"/a@b/c?x":                     "/a@b/c",
		"*":                            "*",
		"":                             "",
		"http://u:p@h/x?y":             "http://h/x",
		"http://h?u@v":                 "http://h",
		"http://u:p@h":                 "http://h",
		"u:p@h:443":                    "h:443",
		"h:443":                        "h:443",
		"http://u@x@h/a@b":             "http://h/a@b",
		"http://u;p@h/a;b=c/d;e":       "http://h/a/d",
		"//u:p@h/x":                    "//h/x",
		"/redirect/http://u:p@h/b?c=1": "/redirect/http://h/b",
	} {
		if got := Target(in, false); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if got := Target(in, true); got != in {
			t.Errorf("%q with secrets: got %q", in, got)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, f := range Formats {
		if got, ok := ByName(f.Name); !ok || got.Ending != f.Ending {
			t.Errorf("ByName(%q): got %q, %v", f.Name, got.Ending, ok)
		}
		if got, ok := ByEnding("a.b/Report" + strings.ToUpper(f.Ending)); !ok || got.Name != f.Name {
			t.Errorf("ByEnding of %q: got %q, %v", f.Ending, got.Name, ok)
		}
	}
	for _, name := range []string{"", "xml", "text "} {
		if _, ok := ByName(name); ok {
			t.Errorf("ByName(%q) found a format", name)
		}
	}
	for _, file := range []string{"", "json", "report.pcap"} {
		if f, ok := ByEnding(file); ok {
			t.Errorf("ByEnding(%q) found %s", file, f.Name)
		}
	}
}

func TestExchangesOnlyWhenAskedFor(t *testing.T) {
	r := incident()
	r.Options.Exchanges = false
	var got map[string]any
	if err := json.Unmarshal(render(t, "json", r), &got); err != nil {
		t.Fatal(err)
	}
	if _, ok := got["exchanges"]; ok {
		t.Error("exchanges are written unasked")
	}
	r.Options.Exchanges, r.Options.ShowSecrets = true, true
	if out := render(t, "json", r); !bytes.Contains(out, []byte("token=secret")) {
		t.Error("the query is hidden although secrets are asked for")
	}
	r.Options.ShowSecrets = false
	for _, f := range Formats {
		for _, told := range []*Story{nil, story()} {
			r.Story = told
			if out := render(t, f.Name, r); bytes.Contains(out, []byte("secret")) || bytes.Contains(out, []byte("me:pw")) {
				t.Errorf("%s shows a secret:\n%s", f.Name, out)
			}
		}
	}
}

func TestConnectionAllocatesNothing(t *testing.T) {
	e := newEncoder(incident())
	c := openConn(3, noon)
	e.connection(&c, cause.NotReused{})
	if n := testing.AllocsPerRun(100, func() {
		e.b = e.b[:0]
		e.connection(&c, cause.NotReused{})
	}); n != 0 {
		t.Errorf("got %v allocations a connection, want 0", n)
	}
}

func BenchmarkJSON(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			const n = 228_000
			r := many(n)
			r.Options.Workers = workers
			b.ReportAllocs()
			var size counter
			for b.Loop() {
				size = 0
				if err := writeJSON(&size, r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/conn")
			b.ReportMetric(float64(size)/n, "B/conn")
		})
	}
}

// counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func TestSchemaIsACopy(t *testing.T) {
	Schema()[0] = 'x'
	if got := Schema()[0]; got != '{' {
		t.Errorf("got %q, want {: a caller has written to the schema", got)
	}
}
