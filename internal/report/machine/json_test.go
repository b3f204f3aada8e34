package machine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

func TestJSONKeepsItsSchema(t *testing.T) {
	s := reporttest.CompileSchema(t, Schema(), "")
	for name, r := range reporttest.Samples() {
		t.Run(name, func(t *testing.T) { reporttest.Validate(t, s, reporttest.Render(t, WriteJSON, r)) })
	}
}

func TestJSONGolden(t *testing.T) {
	reporttest.Golden(t, "incident.json", reporttest.Render(t, WriteJSON, reporttest.Incident()))
	reporttest.Golden(t, "story.json", reporttest.Render(t, WriteJSON, reporttest.Samples()["story"]))
}

// TestSchemaNamesWhatIsWritten fails where a member is written that the schema
// does not describe: additional ones are allowed for later versions alone.
func TestSchemaNamesWhatIsWritten(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	for name, r := range reporttest.Samples() {
		var got any
		if err := json.Unmarshal(reporttest.Render(t, WriteJSON, r), &got); err != nil {
			t.Fatal(err)
		}
		describe(t, doc, doc, got, name)
	}
}

// Lists of names in the schema are those of the code, so that a new one is not forgotten.
func TestSchemaListsAllNames(t *testing.T) {
	var doc struct {
		Defs struct {
			Cause  struct{ Enum []string } `json:"cause_name"`
			Policy struct {
				Properties struct{ Kind struct{ Enum []string } }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, c := range cause.AllCauses() {
		want = append(want, c.String())
	}
	if diff := gocmp.Diff(want, doc.Defs.Cause.Enum, cmpopts.SortSlices(cmp.Less[string])); diff != "" {
		t.Errorf("causes (-) and those of the schema (+):\n%s", diff)
	}
	want = nil
	for k := range cause.PolicyKinds {
		want = append(want, k.String())
	}
	if diff := gocmp.Diff(want, doc.Defs.Policy.Properties.Kind.Enum); diff != "" {
		t.Errorf("kinds of policies (-) and those of the schema (+):\n%s", diff)
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
		r := reporttest.Many(n)
		want := reporttest.Render(t, WriteJSON, r)
		for _, workers := range []int{2, 3, 8} {
			r.Options.Workers = workers
			if got := reporttest.Render(t, WriteJSON, r); !bytes.Equal(got, want) {
				t.Errorf("%d connections: %d workers write something else than one", n, workers)
			}
		}
		reporttest.Validate(t, reporttest.CompileSchema(t, Schema(), ""), want)
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
	for _, ns := range []int64{0, 1, -1, -86400e9, -86400e9 - 1, reporttest.Noon, reporttest.Noon + 1, math.MaxInt64, math.MinInt64 + 1,
		951782399_999999999, 951782400_000000000, reporttest.Noon} { // around a 29 February
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

func TestConnectionAllocatesNothing(t *testing.T) {
	e := newEncoder(reporttest.Incident())
	c := reporttest.OpenConn(3, reporttest.Noon)
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
			r := reporttest.Many(n)
			r.Options.Workers = workers
			b.ReportAllocs()
			var size counter
			for b.Loop() {
				size = 0
				if err := WriteJSON(&size, r); err != nil {
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

func TestHost(t *testing.T) {
	r := reporttest.Hosted()
	reporttest.Validate(t, reporttest.CompileSchema(t, Schema(), ""), reporttest.Render(t, WriteJSON, r))
	line := string(reporttest.Render(t, WriteNDJSON, r))
	if !strings.Contains(line, `"host":{"sockets":{"established":14,`) {
		t.Errorf("got %s, want the host in the summary", line)
	}
}
