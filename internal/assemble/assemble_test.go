package assemble

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// TestNewScan finds heads as the parser does.
func TestNewScan(t *testing.T) {
	scan := NewScan()
	none := scan([]byte("no head"))
	head := scan([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	if head == none || head == (flows.Note{}) {
		t.Errorf("got note %v of a head, %v of none", head, none)
	}
	if again := NewScan()([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")); again != head {
		t.Errorf("another scanner: got %v, want %v", again, head)
	}
}

func TestOptions(t *testing.T) {
	server := netip.MustParseAddrPort("192.0.2.1:80")
	for what, tt := range map[string]struct {
		part report.Narrowed
		want analyze.Options
	}{
		"all":      {report.Narrowed{}, analyze.Options{TimeWait: time.Minute}},
		"server":   {report.Narrowed{Server: server}, analyze.Options{TimeWait: time.Minute, Server: server, Narrowed: true}},
		"count":    {report.Narrowed{Count: 5}, analyze.Options{TimeWait: time.Minute, Narrowed: true}},
		"until":    {report.Narrowed{Until: 5}, analyze.Options{TimeWait: time.Minute, Narrowed: true}},
		"since":    {report.Narrowed{Since: 5}, analyze.Options{TimeWait: time.Minute, Narrowed: true, Filtered: true}},
		"filtered": {report.Narrowed{Filter: "tcp"}, analyze.Options{TimeWait: time.Minute, Narrowed: true, Filtered: true}},
	} {
		if diff := cmp.Diff(tt.want, Options(tt.part, time.Minute), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", what, diff)
		}
	}
}

func TestBounds(t *testing.T) {
	s := &capture.Stats{First: 100, Last: 200}
	for _, tt := range []struct{ since, until, first, last int64 }{
		{0, 0, 100, 200},
		{50, 250, 100, 200},
		{150, 0, 150, 200},
		{0, 150, 100, 150},
		{120, 180, 120, 180},
		{250, 0, 200, 200}, // after the capture
		{0, 50, 100, 100},  // before it
	} {
		if first, last := Bounds(s, tt.since, tt.until); first != tt.first || last != tt.last {
			t.Errorf("since %d, until %d: got %d to %d, want %d to %d", tt.since, tt.until, first, last, tt.first, tt.last)
		}
	}
}

// TestMeta tells of a capture that is damaged, read from a file.
func TestMeta(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "demo.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "cut.pcap")
	if err := os.WriteFile(name, data[:len(data)-1], 0o666); err != nil {
		t.Fatal(err)
	}
	src, err := capture.OpenFiles([]string{name}, capture.Options{Count: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := src.Run(t.Context(), func([]flows.Segment) error { return nil }); err != nil {
		t.Fatal(err)
	}
	stats := src.Stats()
	part := report.Narrowed{Count: 1000, Filter: "tcp"}
	got := Meta(&stats, part)
	want := report.Meta{
		Format: "pcap", LinkTypes: []string{"EN10MB"}, Packets: 887, TCPPackets: 887, Bytes: stats.Bytes, First: stats.First, Last: stats.Last,
		Filter: "tcp", Narrowed: part,
		Sources: []report.Source{{Name: name, Format: "pcap", Size: int64(len(data) - 1), Packets: 887}},
		Damage:  &report.Damage{Source: name, Packet: 888, Offset: stats.Damage.Offset, Reason: stats.Damage.Reason},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.Damage.Offset == 0 || got.Damage.Reason == "" || got.Bytes == 0 || got.First >= got.Last {
		t.Errorf("got %+v, damage %+v", got, got.Damage)
	}
}

// TestSum hashes regular files that are not too large.
func TestSum(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a")
	data := make([]byte, 3<<20+5) // more than one step
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	sum := sha256.Sum256(data)
	size := int64(len(data))
	for _, tt := range []struct {
		ctx  context.Context
		name string
		most int64
		want string
	}{
		{t.Context(), name, size, hex.EncodeToString(sum[:])},
		{t.Context(), name, size - 1, ""},
		{t.Context(), "-", size, ""},
		{t.Context(), dir, size, ""},
		{t.Context(), filepath.Join(dir, "b"), size, ""},
		{ended, name, size, ""},
	} {
		if got := Sum(tt.ctx, tt.name, tt.most); got != tt.want {
			t.Errorf("%s, at most %d bytes: got %q, want %q", tt.name, tt.most, got, tt.want)
		}
	}
}
