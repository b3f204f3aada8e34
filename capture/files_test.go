package capture

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/flows"
)

// result is what reading gave.
type result struct {
	Segments []string // number, time, mark, length of the payload, note
	Stats    Stats
	Err      string
}

// readAll reads files with blocks of size bytes.
func readAll(t testing.TB, names []string, opt Options, size int) result {
	t.Helper()
	s, err := openFiles(names, opt, size)
	if err != nil {
		return result{Err: err.Error()}
	}
	defer s.Close()
	var r result
	err = s.Run(context.Background(), func(segments []flows.Segment) error {
		for i := range segments {
			g := &segments[i]
			mark := "-"
			if len(g.Payload) > 0 {
				mark = fmt.Sprintf("%02x", g.Payload[0])
			}
			r.Segments = append(r.Segments, fmt.Sprintf("%d %d %s %d %d", g.Num, g.Time, mark, g.Len, g.Note.A))
		}
		return nil
	})
	if err != nil {
		r.Err = err.Error()
	}
	r.Stats = s.Stats()
	for i := range r.Stats.Sources {
		r.Stats.Sources[i].Name = filepath.Base(r.Stats.Sources[i].Name)
	}
	if r.Stats.Damage != nil {
		r.Stats.Damage.Source = filepath.Base(r.Stats.Damage.Source)
	}
	return r
}

// nothing is an apply that does nothing.
func nothing([]flows.Segment) error { return nil }

// readEveryWay reads files with 1, 2 and 4 workers and blocks of several
// sizes, demands one result and returns it.
func readEveryWay(t *testing.T, names []string, opt Options) result {
	t.Helper()
	opt.Workers = 1
	want := readAll(t, names, opt, blockSize)
	for _, workers := range []int{1, 2, 4} {
		for _, size := range []int{1, 60, 100, 333, 4096} {
			opt.Workers = workers
			got := readAll(t, names, opt, size)
			if diff := cmp.Diff(got, want); diff != "" {
				t.Fatalf("%d workers, blocks of %d bytes: got, then want with large ones\n%s", workers, size, diff)
			}
		}
	}
	return want
}

// marks returns the payload's first byte of each segment, and the time.
func marks(r result) string {
	var b strings.Builder
	for _, s := range r.Segments {
		f := strings.Fields(s)
		fmt.Fprintf(&b, "%s@%s ", f[2], f[1])
	}
	return strings.TrimSpace(b.String())
}
