package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// rowSpan is when a side is in TIME_WAIT.
type rowSpan struct{ From, To time.Time }

// A completeRow is a line of NDJSON with --complete-rows, as far as it is added up.
type completeRow struct {
	Type           string
	ID             uint64
	Client, Server string
	NotReused      *struct{ Cause, By string } `json:"not_reused"`
	Point          string
	Avoidable      *bool
	TimeWait       struct{ Client, Server *rowSpan } `json:"time_wait"`
}

// completeRows returns the rows of files, each held to the schema, and how they stand there.
func completeRows(t rapid.TB, schema *jsonschema.Schema, c Config) (rows []completeRow, text map[uint64]any) {
	t.Helper()
	c.Format, c.CompleteRows = "ndjson", true
	text = map[uint64]any{}
	for line := range strings.Lines(succeed(t, c)) {
		var r completeRow
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Type == "cause" {
			t.Fatalf("%v: there is a line for a cause: %s", c.Read, line)
		}
		if r.Type != "connection" {
			continue
		}
		id, v := identified(t, []byte(line))
		if err := schema.Validate(v); err != nil {
			t.Errorf("%v: %v in %s", c.Read, err, line)
		}
		text[id] = v
		rows = append(rows, r)
	}
	return rows, text
}

// peaks sweeps the TIME_WAIT entries of rows: by host, and "" for all.
func peaks(rows []completeRow) map[string]int64 {
	type change struct {
		at    time.Time
		step  int64
		hosts [2]string
	}
	var list []change
	for _, r := range rows {
		for end, s := range map[string]*rowSpan{r.Client: r.TimeWait.Client, r.Server: r.TimeWait.Server} {
			if s == nil {
				continue
			}
			hosts := [2]string{"", strings.Trim(end[:strings.LastIndexByte(end, ':')], "[]")}
			list = append(list, change{s.From, 1, hosts}, change{s.To, -1, hosts})
		}
	}
	slices.SortFunc(list, func(a, b change) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.step, b.step)) })
	open, most := map[string]int64{}, map[string]int64{}
	for _, c := range list {
		for _, h := range c.hosts {
			open[h] += c.step
			most[h] = max(most[h], open[h])
		}
	}
	return most
}

// TestCompleteRows adds complete rows up: they come to the numbers of the report.
func TestCompleteRows(t *testing.T) {
	schema := compileSchema(t, "#/$defs/connection")
	for _, name := range captures(t, recordings) {
		file := filepath.Join(recordings, name+".pcap")
		rows, text := completeRows(t, schema, reading(file))
		rowsAddUp(t, file, rows)
		var whole struct{ Connections []json.RawMessage }
		if err := json.Unmarshal([]byte(succeedJSON(t, reading(file))), &whole); err != nil {
			t.Fatal(err)
		}
		if len(whole.Connections) != len(rows) {
			t.Errorf("%s: got %d rows of %d connections", file, len(rows), len(whole.Connections))
		}
		for _, c := range whole.Connections {
			id, want := identified(t, c)
			got := map[string]any{}
			for key, v := range text[id].(map[string]any) {
				if !slices.Contains([]string{"point", "isn", "avoidable", "time_wait"}, key) {
					got[key] = v
				}
			}
			wantSame(t, fmt.Sprintf("%s: row %d", file, id), want, any(got))
		}
	}
}

// rowsAddUp compares what rows come to with the report of the file.
func rowsAddUp(t rapid.TB, file string, rows []completeRow) {
	t.Helper()
	var want struct {
		Totals struct {
			Avoidable *int64 `json:"avoidable_connections"`
			TimeWait  struct {
				Peak  *int64
				Hosts []struct {
					Host string
					Peak int64
				}
			} `json:"time_wait"`
		}
		Causes []struct {
			Cause, By   string
			Connections int64
		}
	}
	if err := json.Unmarshal([]byte(succeedJSON(t, reading(file))), &want); err != nil {
		t.Fatal(err)
	}
	avoidable, causes, point := int64(0), map[[2]string]int64{}, strings.TrimSuffix(filepath.Base(file), ".pcap")
	for _, r := range rows {
		if r.Avoidable != nil && *r.Avoidable {
			avoidable++
		}
		if r.NotReused == nil || r.Point != point {
			t.Fatalf("%s: row %d has cause %v and point %q, want one and %q", file, r.ID, r.NotReused, r.Point, point)
		}
		causes[[2]string{r.NotReused.Cause, r.NotReused.By}]++
	}
	if n := want.Totals.Avoidable; n != nil && *n != avoidable {
		t.Errorf("%s: got %d avoidable connections in rows, want %d", file, avoidable, *n)
	}
	most := peaks(rows)
	if n := want.Totals.TimeWait.Peak; n != nil && *n != most[""] {
		t.Errorf("%s: got a TIME_WAIT peak of %d by rows, want %d", file, most[""], *n)
	}
	for _, h := range want.Totals.TimeWait.Hosts {
		if most[h.Host] != h.Peak {
			t.Errorf("%s: got a TIME_WAIT peak of %d at %s, want %d", file, most[h.Host], h.Host, h.Peak)
		}
	}
	for _, c := range want.Causes {
		if got := causes[[2]string{c.Cause, c.By}]; got != c.Connections {
			t.Errorf("%s: got %d rows with cause %s by %s, want %d", file, got, c.Cause, c.By, c.Connections)
		}
	}
}

// TestCompleteRowsOfParts holds that a part with rows has those of its captures, with its
// own point, and of several parts each row its own.
func TestCompleteRowsOfParts(t *testing.T) {
	schema := compileSchema(t, "#/$defs/connection")
	dir := t.TempDir()
	var parts []string
	want := map[string]int{}
	g := &hostScript{random: rand.New(rand.NewPCG(7, 1)), host: 1, clients: 5}
	script := saved(t, dir, "script.pcap", capturetest.Pcap(t, g.script(20)))
	for name, file := range map[string]string{"script": script, "demo": filepath.Join(recordings, "demo.pcap")} {
		part := filepath.Join(dir, name+".kap")
		asPart(t, part, Config{Read: []string{file}, PartRows: true})
		rows, captured := completeRows(t, schema, reading(file))
		_, joined := completeRows(t, schema, reading(part))
		wantSame(t, "rows of the part of "+name, captured, joined)
		want[name] = len(rows)
		parts = append(parts, part)
	}
	got := map[string]int{}
	rows, _ := completeRows(t, schema, reading(parts...))
	for _, r := range rows {
		got[r.Point]++
	}
	wantSame(t, "rows by point", want, got)
}

// TestCompleteRowsBounded holds that there are no rows where some are missing.
func TestCompleteRowsBounded(t *testing.T) {
	var out, said strings.Builder
	j, err := New(filled(Config{Read: []string{filepath.Join(recordings, "demo.pcap")}, Format: "ndjson", CompleteRows: true}), strings.NewReader(""), &out, &said)
	if err != nil {
		t.Fatal(err)
	}
	j.memory = 1
	opt, err := j.captureOptions()
	if err != nil {
		t.Fatal(err)
	}
	src, err := j.open(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := j.begin(src, opt); err != nil {
		t.Fatal(err)
	}
	if err := j.readFiles(src, opt); err == nil || !strings.HasPrefix(err.Error(), "detail was given up") || out.Len() > 0 {
		t.Errorf("got error %v and the report %q, want none for what is missing", err, out.String())
	}
}
