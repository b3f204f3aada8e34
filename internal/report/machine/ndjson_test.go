package machine

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// ndjsonTypes returns the types of lines, each once for a run of equal ones.
func ndjsonTypes(t *testing.T, out []byte) []string {
	t.Helper()
	var types []string
	for line := range bytes.Lines(out) {
		var v struct{ Type string }
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if !bytes.HasPrefix(line, []byte(`{"type":"`)) {
			t.Errorf("type is not first in %q", line)
		}
		if n := len(types); n == 0 || types[n-1] != v.Type {
			types = append(types, v.Type)
		}
	}
	return types
}

func TestNDJSON(t *testing.T) {
	parts := map[string]string{"connection": "connection", "exchange": "exchange", "packet": "packet", "finding": "finding"}
	for name, want := range map[string][]string{
		"incident": {"meta", "connection", "cause", "exchange", "finding", "summary", "end"},
		"story":    {"meta", "connection", "packet", "exchange", "finding", "summary", "end"},
		"no-tcp":   {"meta", "summary", "end"},
	} {
		out := reporttest.Render(t, WriteNDJSON, reporttest.Samples()[name])
		if diff := cmp.Diff(ndjsonTypes(t, out), want); diff != "" {
			t.Errorf("%s: types (-got +want):\n%s", name, diff)
		}
		for line := range bytes.Lines(out) {
			var v struct{ Type string }
			if err := json.Unmarshal(line, &v); err != nil {
				t.Fatal(err)
			}
			if def := parts[v.Type]; def != "" {
				reporttest.Validate(t, reporttest.CompileSchema(t, Schema(), "#/$defs/"+def), line)
			}
		}
	}
}

func TestLinesGolden(t *testing.T) {
	reporttest.Golden(t, "incident.ndjson", reporttest.Render(t, WriteNDJSON, reporttest.Incident()))
	reporttest.Golden(t, "incident.csv", reporttest.Render(t, WriteCSV, reporttest.Incident()))
}

func TestSummaryKeepsTheSchema(t *testing.T) {
	for name, r := range reporttest.Samples() {
		var sum map[string]json.RawMessage
		for line := range bytes.Lines(reporttest.Render(t, WriteNDJSON, r)) {
			if bytes.HasPrefix(line, []byte(`{"type":"summary"`)) {
				if err := json.Unmarshal(line, &sum); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, def := range []string{"capture", "totals", "series"} {
			if sum[def] == nil {
				t.Errorf("%s: the summary has no %s", name, def)
				continue
			}
			reporttest.Validate(t, reporttest.CompileSchema(t, Schema(), "#/$defs/"+def), sum[def])
		}
	}
}

func TestStreamWritesWhatTheFormatWrites(t *testing.T) {
	r := reporttest.Incident()
	r.Options.Workers = 2
	var got bytes.Buffer
	s := NewStream(&got)
	if err := s.Meta(r.Version, &r.Meta); err != nil {
		t.Fatal(err)
	}
	var c analyze.Connection
	for i := range r.Records().Len() {
		r.Records().Connection(i, &c)
		if err := s.Connection(&c, r.Diagnosis.Early(c.ID)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.End(r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.String(), string(reporttest.Render(t, WriteNDJSON, r))); diff != "" {
		t.Errorf("-stream +format:\n%s", diff)
	}
}

func TestStreamStopsAtAFailure(t *testing.T) {
	out := reporttest.FailAfter(2000)
	s := NewStream(out)
	if err := s.Meta("v0.1.0", &report.Meta{}); err != nil {
		t.Fatal(err)
	}
	c := reporttest.Conn(1, reporttest.Noon, 1)
	var err error
	for range 1000 {
		if err = s.Connection(&c, cause.NotReused{}); err != nil {
			break
		}
	}
	if !errors.Is(err, reporttest.ErrFull) {
		t.Fatalf("got %v, want %v", err, reporttest.ErrFull)
	}
	left := out.Left
	for what, err := range map[string]error{"Connection": s.Connection(&c, cause.NotReused{}), "Flush": s.Flush(), "End": s.End(reporttest.Incident())} {
		if !errors.Is(err, reporttest.ErrFull) {
			t.Errorf("%s after a failure: got %v, want %v", what, err, reporttest.ErrFull)
		}
	}
	if out.Left != left {
		t.Error("something is written after a failure")
	}
}

func TestCSV(t *testing.T) {
	out := reporttest.Render(t, WriteCSV, reporttest.Incident())
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(rows), 1+5; got != want {
		t.Fatalf("got %d rows, want %d", got, want)
	}
	if diff := cmp.Diff(rows[0], csvColumns); diff != "" {
		t.Errorf("header (-got +want):\n%s", diff)
	}
	if n := bytes.Count(out, []byte("\r\n")); n != len(rows) {
		t.Errorf("got %d line ends, want %d", n, len(rows))
	}
	if got := len(reporttest.Render(t, WriteCSV, reporttest.Samples()["story"])); got >= len(out) {
		t.Error("a story writes more rows than its connection")
	}
}

// TestCSVAgreesWithJSON compares every cell with the value of the JSON whose
// path its column names.
func TestCSVAgreesWithJSON(t *testing.T) {
	r := reporttest.Multiplexed()
	r.Facts.(*reporttest.HandMade).Conns[1].Proxied = &analyze.Proxied{
		Client: netip.MustParseAddrPort("203.0.113.7:51000"), Server: netip.MustParseAddrPort("[2001:db8::80]:443"),
	}
	secured := &analyze.TLSInfo{Handshake: 12_400_000}
	secured.Version, secured.ServerName, secured.Resumed, secured.ResumptionOffered = "1.3", "=cmd()", tlswire.No, tlswire.Yes
	secured.Alert, secured.AlertCode = "unknown_ca", 48
	r.Facts.(*reporttest.HandMade).Conns[2].TLS = secured
	rows, err := csv.NewReader(bytes.NewReader(reporttest.Render(t, WriteCSV, r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Connections []map[string]any }
	d := json.NewDecoder(bytes.NewReader(reporttest.Render(t, WriteJSON, r)))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	for i, c := range doc.Connections {
		flat := make(map[string]string)
		flatten(flat, "", c)
		if c["proxied"] == nil { // absent without a PROXY protocol header
			flat["proxied_client"], flat["proxied_server"] = "", ""
		}
		for _, cell := range []string{"version", "resumption_offered", "resumed", "handshake_seconds", "alert"} {
			if c["tls"] == nil { // absent without TLS
				flat["tls_"+cell] = ""
			}
		}
		for _, column := range csvColumns {
			if strings.HasPrefix(column, "h2_") && flat[column] == "" || column == "grpc_failed" && flat[column] == "" { // absent without HTTP/2
				flat[column] = ""
			}
		}
		for _, name := range []string{"tls_sni", "tls_alpn", "h2_goaway", "h2_goaway_debug", "h2_stalls"} { // text from packets, or an object that is null
			delete(flat, name)
		}
		for k, column := range csvColumns {
			want, ok := flat[column]
			if !ok {
				t.Fatalf("the JSON has no %s", column)
			}
			if got := rows[i+1][k]; got != want {
				t.Errorf("row %d, %s: got %q, want %q", i+1, column, got, want)
			}
		}
		if got, want := len(csvColumns), len(flat); got != want {
			t.Errorf("got %d columns, the JSON has %d values", got, want)
		}
	}
}

// flatten writes the values of v by path, with the unit at the end.
func flatten(flat map[string]string, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, sub := range v {
			flatten(flat, strings.TrimPrefix(at+"_"+k, "_"), sub)
		}
	case nil:
		flat[unitLast(at)] = ""
	case bool:
		flat[unitLast(at)] = map[bool]string{true: "true", false: "false"}[v]
	case json.Number:
		flat[unitLast(at)] = v.String()
	case string:
		flat[unitLast(at)] = v
	}
}

// unitLast moves the unit of a path to its end.
func unitLast(path string) string {
	if before, after, ok := strings.Cut(path, "_seconds_"); ok {
		return before + "_" + after + "_seconds"
	}
	return path
}
