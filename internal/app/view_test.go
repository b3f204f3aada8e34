package app

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// TestTell compares stories as the view tells them with those of --conn.
func TestTell(t *testing.T) {
	for _, name := range []string{"demo.pcap", "go-stale-race.pcap"} {
		file := filepath.Join("..", "..", "testdata", name)
		j, _, x := viewed(t, file)
		for _, id := range []uint64{1, 3, 5} {
			got, err := j.tellConnection(x, id, 0)
			if err != nil {
				t.Fatal(err)
			}
			if want := succeed(t, Config{Read: []string{file}, Conn: id}); got != want {
				t.Errorf("%s, connection %d: got\n%s\nwant\n%s", name, id, got, want)
			}
		}
		if _, err := j.tellConnection(x, 1000, 0); err == nil {
			t.Errorf("%s: got a story of a connection that is not there", name)
		}
	}
}

// viewed reads a file as the view does.
func viewed(t *testing.T, file string) (*Job, *capture.Source, *live.Snapshot) {
	t.Helper()
	c := reading(file)
	j, err := New(filled(c), &bytes.Buffer{}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.stop)
	opt, err := j.captureOptions()
	if err != nil {
		t.Fatal(err)
	}
	src, err := capture.OpenFiles(c.Read, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	a := analyze.New(j.analysisOptions(opt))
	if _, err := j.read(src, unfailing(a.Apply)); err != nil {
		t.Fatal(err)
	}
	r := a.Finish(j.times(src, opt))
	return j, src, live.Whole(r, rules.Run(r, 2))
}

// TestSaveView saves each format, and nothing over what is there.
func TestSaveView(t *testing.T) {
	j, src, x := viewed(t, filepath.Join("..", "..", "testdata", "demo.pcap"))
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.txt", "a.json", "a.ndjson", "a.csv"} {
		if err := j.save(src, x, name); err != nil || !exists(name) {
			t.Errorf("%s: got none, error %v", name, err)
		}
		if err := j.save(src, x, name); err == nil {
			t.Errorf("%s: saved over what was there", name)
		}
	}
	for _, name := range []string{"a.pcap", "nowhere/a.txt"} {
		if err := j.save(src, x, name); err == nil || exists(name) {
			t.Errorf("%s: saved", name)
		}
	}
}
