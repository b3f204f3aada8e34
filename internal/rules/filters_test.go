package rules

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFiltersOfTshark has tshark compile the display filter of each rule.
func TestFiltersOfTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	compiles := func(filter string) (string, bool) {
		out, err := exec.Command("tshark", "-r", filepath.Join("..", "..", "testdata", "go-reuse.pcap"), "-c", "1", "-Y", filter).CombinedOutput()
		return string(out), err == nil
	}
	if _, ok := compiles("tcp.flags.fin == 1: one side only"); ok {
		t.Fatal("tshark takes what is no filter")
	}
	var all []string
	for _, r := range Rules {
		all = append(all, "("+r.Filter+")")
	}
	if _, ok := compiles(strings.Join(all, " or ")); ok {
		return
	}
	for _, r := range Rules {
		if out, ok := compiles(r.Filter); !ok {
			t.Errorf("%s: tshark does not take %s: %s", r.ID, r.Filter, out)
		}
	}
}
