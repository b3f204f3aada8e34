package capture

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
)

// TestCorpus reads a folder of captures with a truth.tsv, which names them and
// says how many frames tshark has found. KAANALYZE_CORPUS is that folder.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("KAANALYZE_CORPUS")
	if dir == "" {
		t.Skip("KAANALYZE_CORPUS is not set")
	}
	f, err := os.Open(filepath.Join(dir, "truth.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		name := row[column["file"]]
		for _, size := range []int{64, blockSize} {
			s, err := openFiles([]string{filepath.Join(dir, name)}, Options{Workers: 2}, size)
			if err != nil {
				t.Error(err)
				continue
			}
			if err := s.Run(context.Background(), func([]flows.Segment) error { return nil }); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got := s.Stats()
			want, _ := strconv.ParseUint(row[column["frames"]], 10, 64)
			if got.Packets != want || got.Damage != nil {
				t.Errorf("%s, blocks of %d: got %d packets, damage %v; want %d", name, size, got.Packets, got.Damage, want)
			}
			wantTCP, _ := strconv.ParseUint(row[column["tcp_frames"]], 10, 64)
			if got.TCPPackets != wantTCP {
				t.Logf("%s: got %d TCP packets, tshark counts %d", name, got.TCPPackets, wantTCP)
			}
			s.Close()
		}
	}
}
