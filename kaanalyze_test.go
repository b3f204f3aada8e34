package kaanalyze_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze"
	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/app"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
)

// analyzed returns the report of files, which must come without an error.
func analyzed(t *testing.T, opt kaanalyze.Options, files ...string) *kaanalyze.Report {
	t.Helper()
	r, err := kaanalyze.Analyze(t.Context(), files, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// written returns what WriteJSON writes.
func written(t *testing.T, r *kaanalyze.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// commanded returns the JSON report of a run of the command that has these settings.
func commanded(t *testing.T, change func(c *app.Config)) string {
	t.Helper()
	c := app.Defaults()
	c.JSON, c.Quiet, c.CommandLine = true, true, nil
	change(&c)
	var out, errs bytes.Buffer
	j, err := app.New(&c, nil, &out, &errs)
	if err != nil {
		t.Fatal(err)
	}
	if code := j.Run(); code != app.ExitOK {
		t.Fatalf("got exit code %d: %s", code, errs.String())
	}
	return strings.Replace(out.String(), `"command_line":["kaanalyze"]`, `"command_line":[]`, 1)
}

// TestReportIsTheCommands writes the same bytes as the command, and marshals the
// same values, of each recording.
func TestReportIsTheCommands(t *testing.T) {
	files, err := filepath.Glob("testdata/*.pcap")
	if err != nil || len(files) < 50 {
		t.Fatalf("got %d recordings, error %v", len(files), err)
	}
	sets := [][]string{{"testdata/demo.pcap", "testdata/go-stale-race.pcap"}}
	for _, file := range files {
		sets = append(sets, []string{file})
	}
	for _, file := range sets {
		r := analyzed(t, kaanalyze.Options{Exchanges: true}, file...)
		got := written(t, r)
		want := commanded(t, func(c *app.Config) { c.Read, c.Exchanges = file, true })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -command +library:\n%s", file, diff)
		}
		marshalled, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var compact, escaped bytes.Buffer
		if err := json.Compact(&compact, []byte(want)); err != nil {
			t.Fatal(err)
		}
		json.HTMLEscape(&escaped, compact.Bytes())
		if !bytes.Equal(marshalled, escaped.Bytes()) {
			t.Errorf("%s: json.Marshal differs from what the command writes, without its space", file)
		}
	}
}

// TestOptionsAreTheCommands asks for parts of a capture, as flags do.
func TestOptionsAreTheCommands(t *testing.T) {
	const file = "testdata/demo.pcap"
	since, until := time.Date(2026, 11, 21, 2, 13, 42, 0, time.UTC), time.Date(2026, 11, 21, 2, 13, 45, 5e8, time.UTC)
	server := analyzed(t, kaanalyze.Options{}, file).Servers[0].Server
	for _, tt := range []struct {
		opt    kaanalyze.Options
		change func(c *app.Config)
	}{
		{kaanalyze.Options{Since: since, Until: until}, func(c *app.Config) { c.Since, c.Until = since.Format(time.RFC3339Nano), until.Format(time.RFC3339Nano) }},
		{kaanalyze.Options{Server: server, Count: 500}, func(c *app.Config) { c.Server, c.Count = server.String(), 500 }},
		{kaanalyze.Options{TimeWait: 2 * time.Second, Workers: 1}, func(c *app.Config) { c.TimeWait = 2 * time.Second }},
		{kaanalyze.Options{ShowSecrets: true, Exchanges: true}, func(c *app.Config) { c.ShowSecrets, c.Exchanges = true, true }},
		{kaanalyze.Options{FailOn: []string{"connections>1", "finding=KA1011"}}, nil},
	} {
		got := written(t, analyzed(t, tt.opt, file))
		if tt.change == nil {
			continue
		}
		want := commanded(t, func(c *app.Config) { c.Read = []string{file}; tt.change(c) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v: -command +library:\n%s", tt.opt, diff)
		}
	}
}

// TestFieldsAreTheContract finds a field for each member that the schema has, and
// the same values in fields and JSON.
func TestFieldsAreTheContract(t *testing.T) {
	var schema struct {
		Properties map[string]any
		Defs       map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal(machine.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"story", "host", "evidence", "window", "baseline", "other_side"} { // see Report
		delete(schema.Properties, name)
	}
	checkFields(t, "report", reflect.TypeFor[kaanalyze.Report](), map[string]any{"properties": schema.Properties}, schema.Defs)

	r := analyzed(t, kaanalyze.Options{Exchanges: true, FailOn: []string{"requests>5"}}, "testdata/timing.pcap", "testdata/demo.pcap")
	type fields kaanalyze.Report
	again, err := json.Marshal((*fields)(r))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(normal(t, []byte(written(t, r))), normal(t, again)); diff != "" {
		t.Errorf("-JSON +fields:\n%s", diff)
	}
}

// checkFields compares the fields of a type with the properties of its schema.
func checkFields(t *testing.T, path string, typ reflect.Type, schema map[string]any, defs map[string]any) {
	if ref, ok := schema["$ref"].(string); ok {
		schema = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if one, ok := schema["oneOf"].([]any); ok {
		for _, s := range one {
			checkFields(t, path, typ, s.(map[string]any), defs)
		}
		return
	}
	if items, ok := schema["items"].(map[string]any); ok {
		checkFields(t, path+"[]", typ.Elem(), items, defs)
		return
	}
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		return
	}
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	tags := map[string]reflect.Type{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		tags[name] = f.Type
		if _, ok := properties[name]; !ok && f.IsExported() {
			t.Errorf("%s: the field %s is not in the contract", path, f.Name)
		}
	}
	for name, s := range properties {
		if tags[name] == nil {
			t.Errorf("%s: the member %s has no field", path, name)
			continue
		}
		checkFields(t, path+"."+name, tags[name], s.(map[string]any), defs)
	}
}

// normal returns JSON with times as they are compared: without zeros at the end.
func normal(t *testing.T, text []byte) (v any) {
	t.Helper()
	text = regexp.MustCompile(`(T\d\d:\d\d:\d\d)(\.\d*?)?0*Z"`).ReplaceAll(text, []byte(`$1$2"`))
	text = regexp.MustCompile(`(T\d\d:\d\d:\d\d)\."`).ReplaceAll(text, []byte(`$1"`))
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestReadBack reads reports as the command writes them.
func TestReadBack(t *testing.T) {
	r := analyzed(t, kaanalyze.Options{}, "testdata/go-reuse.pcap")
	text := written(t, r)
	var again kaanalyze.Report
	if err := json.Unmarshal([]byte(text), &again); err != nil {
		t.Fatal(err)
	}
	if written(t, &again) != text || again.Verdict != r.Verdict || len(again.Connections) != len(r.Connections) {
		t.Errorf("got another report: %+v", again.Verdict)
	}
	if err := json.Unmarshal([]byte(`{"schema":"other/1"}`), &again); err == nil || err.Error() != `read report: its schema is "other/1", not kaanalyze.report/1` {
		t.Errorf("another schema: got error %v", err)
	}
	if err := json.Unmarshal([]byte(`{"schema":1}`), &again); err == nil {
		t.Error("a schema that is a number: got no error")
	}
	var empty kaanalyze.Report
	if _, err := json.Marshal(empty); err == nil {
		t.Error("an empty report was marshalled")
	}
	if err := empty.WriteJSON(&bytes.Buffer{}); err == nil {
		t.Error("an empty report was written")
	}
	if err := r.WriteJSON(broken{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got error %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

// TestDamaged keeps what stands before the damage.
func TestDamaged(t *testing.T) {
	data, err := os.ReadFile("testdata/demo.pcap")
	if err != nil {
		t.Fatal(err)
	}
	r, err := kaanalyze.Analyze(t.Context(), []string{"-"}, kaanalyze.Options{Input: bytes.NewReader(data[:len(data)-1])})
	damage, ok := errors.AsType[*kaanalyze.DamageError](err)
	if !ok || damage.Damage.Packet != 888 || !strings.HasPrefix(err.Error(), "-: damaged at packet 888, byte ") {
		t.Errorf("got error %v", err)
	}
	if r == nil || r.Capture.Packets != 887 || r.Verdict.Level != kaanalyze.Problem {
		t.Fatalf("got report %+v", r)
	}
}

// endless is an input that never ends: the same packets again and again. After some
// MiB, more than any queue holds, it ends ctx.
type endless struct {
	file []byte
	next []byte
	left int // bytes before the end of ctx
	end  context.CancelFunc
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.next) == 0 {
		e.next = e.file[24:] // without the header of the file
	}
	n := copy(p, e.next)
	e.next = e.next[n:]
	if e.left -= n; e.left < 0 {
		e.end()
	}
	return n, nil
}

// TestInterrupted keeps what was read before ctx ended.
func TestInterrupted(t *testing.T) {
	data, err := os.ReadFile("testdata/demo.pcap")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	defer end()
	r, err := kaanalyze.Analyze(ctx, []string{"-"}, kaanalyze.Options{Input: &endless{data, data, 32 << 20, end}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if r == nil || !r.Capture.Interrupted || r.Capture.Packets < 888 {
		t.Fatalf("got report %+v", r)
	}
	r, err = kaanalyze.Analyze(ctx, []string{"testdata/demo.pcap"}, kaanalyze.Options{})
	if r != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("ended before: got a report %v, error %v", r != nil, err)
	}
}

// TestErrors says what is wrong, without a report.
func TestErrors(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pcap")
	data, err := os.ReadFile("testdata/demo.pcap")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(empty, data[:24], 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		sources []string
		opt     kaanalyze.Options
		want    string
	}{
		{nil, kaanalyze.Options{}, "no capture was named"},
		{[]string{"testdata/no.pcap"}, kaanalyze.Options{}, `open capture "testdata/no.pcap": no such file or directory`},
		{[]string{"-"}, kaanalyze.Options{}, `open capture "-": not a capture: the file is empty`},
		{[]string{empty}, kaanalyze.Options{}, `read capture "` + empty + `": there is no packet in it`},
		{[]string{empty}, kaanalyze.Options{FailOn: []string{"speed>3"}}, `condition "speed>3": `},
	} {
		r, err := kaanalyze.Analyze(t.Context(), tt.sources, tt.opt)
		if r != nil || err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q, %+v: got report %v, error %v; want %s", tt.sources, tt.opt, r != nil, err, tt.want)
		}
	}
	_, err = kaanalyze.Analyze(t.Context(), []string{"testdata/demo.pcap"}, kaanalyze.Options{Filter: "no such word"})
	if _, ok := errors.AsType[*capture.FilterError](err); !ok && !errors.Is(err, capture.ErrNoLibpcap) {
		t.Errorf("a wrong filter: got error %v", err)
	}
}

// TestGoProgram builds a program outside this module, the one that docs/library.md shows,
// and runs it.
func TestGoProgram(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil || testing.Short() {
		t.Skip("it takes the go command, and a while")
	}
	checkout, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("testdata/goprogram/main.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("docs/library.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```go\n"+string(program)+"```\n") {
		t.Error("docs/library.md shows another program than testdata/goprogram/main.go")
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	capture, err := os.ReadFile("testdata/demo.pcap")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(mod), "module github.com/kaanalyze/kaanalyze\n", "module example.com/holders\n", 1) +
		"\nrequire github.com/kaanalyze/kaanalyze v0.0.0\n\nreplace github.com/kaanalyze/kaanalyze => " + checkout + "\n"
	dir := t.TempDir()
	for name, data := range map[string]string{
		"go.mod": own, "go.sum": string(sum), "main.go": string(program), "incident.pcapng": string(capture),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(tool, "run", "-mod=mod", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	const want = "10.20.0.1 keeps only 2 idle connections to 10.20.0.2:8081, but needs 7; the client holds up to 35 TIME_WAIT\n" +
		"TIME_WAIT: [10.20.0.1 (35) 10.20.0.3 (18) 10.20.0.2 (15)]\n"
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go run: %v\n%s", err, exit.Stderr)
	}
	if err != nil || string(out) != want {
		t.Errorf("got %q, error %v; want %q", out, err, want)
	}
}
