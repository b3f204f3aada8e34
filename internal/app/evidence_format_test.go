package app

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEvidenceComments asks tshark and capinfos which packets of an evidence file name which
// rule: those of the examples of the report do.
func TestEvidenceComments(t *testing.T) {
	if os.Getenv("KAANALYZE_TSHARK") == "" {
		t.Skip("KAANALYZE_TSHARK is not set")
	}
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	for _, name := range []string{"demo", "pool-default", "go-stale-race", "h2-go-goaway", "go-readtimeout"} {
		file := filepath.Join(recordings, name+".pcap")
		if _, err := os.Stat(file); err != nil {
			continue
		}
		c := reading(file)
		c.Evidence = filepath.Join(t.TempDir(), "proof.pcapng")
		var got struct {
			Findings []struct {
				Rule     string
				Examples []struct{ Packets []uint64 }
			}
			Evidence struct{ Packets []uint64 }
		}
		if err := json.Unmarshal([]byte(succeedJSON(t, c)), &got); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(tshark, "-r", c.Evidence, "-T", "fields", "-e", "frame.number", "-e", "frame.comment").Output()
		if err != nil {
			t.Fatal(err)
		}
		said := map[uint64]string{} // by number in the capture
		for line := range strings.Lines(string(out)) {
			num, comment, _ := strings.Cut(strings.TrimSpace(line), "\t")
			n, err := strconv.Atoi(num)
			if err != nil {
				t.Fatal(err)
			}
			said[got.Evidence.Packets[n-1]] = comment
		}
		for _, f := range got.Findings {
			for _, x := range f.Examples {
				for _, n := range x.Packets {
					if comment, kept := said[n]; kept && !strings.Contains(comment, f.Rule+" [") {
						t.Errorf("%s: packet %d shows %s, its comment is %q", name, n, f.Rule, comment)
					}
				}
			}
		}
		if len(said) != len(got.Evidence.Packets) || len(got.Findings) == 0 {
			t.Errorf("%s: tshark has %d packets of %d, %d findings", name, len(said), len(got.Evidence.Packets), len(got.Findings))
		}
		if out, err := exec.Command("capinfos", "-k", "-F", c.Evidence).Output(); err != nil || !strings.Contains(string(out), "evidence of: PROBLEM") {
			t.Errorf("%s: capinfos says %s, error %v", name, out, err)
		}
	}
}
