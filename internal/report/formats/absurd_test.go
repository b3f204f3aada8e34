package formats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

// within runs f, and says what became of it: nil if it came back in time.
func within(limit time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if x := recover(); x != nil {
				done <- fmt.Errorf("panic: %v\n%s", x, debug.Stack())
			}
		}()
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return fmt.Errorf("it goes on after %v", limit)
	}
}

// TestAbsurdNumbersEnd holds every format to an end: what it draws may be
// infinite, negative or at an end of its type, and no loop depends on that.
func TestAbsurdNumbersEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	const limit = 20 * time.Second // for what takes milliseconds, on a busy machine
	reports := reporttest.Absurd()
	for _, f := range All {
		for _, name := range slices.Sorted(maps.Keys(reports)) {
			r := reports[name]
			var b bytes.Buffer
			if err := within(limit, func() error { return f.Write(&b, r) }); err != nil {
				t.Fatalf("%s of %s: %v", f.Name, name, err)
			}
			if b.Len() > 2_000_000 {
				t.Errorf("%s of %s: got %d bytes", f.Name, name, b.Len())
			}
			if f.Name == "json" || f.Name == "ndjson" {
				checkJSON(t, f, name, &b)
			}
		}
	}
}

// checkJSON holds each value of a stream to be JSON.
func checkJSON(t *testing.T, f report.Format, name string, in io.Reader) {
	t.Helper()
	for d := json.NewDecoder(in); ; {
		var v any
		if err := d.Decode(&v); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%s of %s: %v", f.Name, name, err)
		}
	}
}
