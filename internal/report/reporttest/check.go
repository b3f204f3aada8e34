package reporttest

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kaanalyze/kaanalyze/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Render returns what write, a format, makes of r.
func Render(t testing.TB, write func(io.Writer, *report.Report) error, r *report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Golden compares got with testdata/golden/name.
func Golden(t testing.TB, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s differs (-got +want); `make golden` rewrites it:\n%s", file, diff)
	}
}

// CompileSchema returns the part of a JSON Schema that fragment names.
func CompileSchema(t testing.TB, schema []byte, fragment string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
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

// Validate holds got to the schema.
func Validate(t testing.TB, s *jsonschema.Schema, got []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
	if err != nil {
		t.Fatalf("not JSON: %v\n%s", err, got)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v", err)
	}
}

// ErrFull is how a [Failing] fails.
var ErrFull = errors.New("disk full")

// Failing is a writer that fails where no bytes are left.
type Failing struct{ Left int }

// FailAfter returns a writer that fails after n bytes.
func FailAfter(n int) *Failing { return &Failing{n} }

func (f *Failing) Write(p []byte) (int, error) {
	if f.Left -= len(p); f.Left < 0 {
		return 0, ErrFull
	}
	return len(p), nil
}
