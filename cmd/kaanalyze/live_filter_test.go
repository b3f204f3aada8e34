//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze"
	"github.com/kaanalyze/kaanalyze/internal/app"
)

// TestLiveFilters holds the filters of a live report to tshark: they find the packets of the
// connection in what was saved. Streams have a number only where one file holds them all.
func TestLiveFilters(t *testing.T) {
	program := executable(t)
	may(t, ownNet)
	tools := filepath.Dir(program)
	asked := filepath.Join(tools, "serve") + " 127.0.0.1:18643 sh -c '" + strings.Repeat(filepath.Join(tools, "ask")+" 127.0.0.1:18643 1; ", 3) + "'"
	for _, c := range []struct {
		name   string
		save   []string
		begins string
	}{
		{"not saved", nil, "ip.addr eq 127.0.0.1 and ip.addr eq 127.0.0.1 and tcp.port eq "},
		{"saved in one file", []string{"-w", "one.pcap"}, "tcp.stream eq "},
		{"saved in several", []string{"-w", "several.pcap", "-C", "100"}, "ip.addr eq 127.0.0.1 and ip.addr eq 127.0.0.1 and tcp.port eq "},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			p := start(t, dir, nil, nil, slices.Concat(ownNet, []string{program, "-i", "lo", "-o", "report.json", "--exec", asked}, c.save,
				[]string{"tcp", "port", "18643"})...)
			<-p.ended
			text, err := os.ReadFile(filepath.Join(dir, "report.json"))
			var report kaanalyze.Report
			if err == nil {
				err = json.Unmarshal(text, &report)
			}
			if err != nil || p.ProcessState.ExitCode() != app.ExitOK || len(report.Findings) == 0 {
				t.Fatalf("got exit code %d, %d findings, error %v:\n%s", p.ProcessState.ExitCode(), len(report.Findings), err, p.stderr.String())
			}
			example := report.Findings[0].Examples[0]
			if !strings.HasPrefix(example.Filter, c.begins) {
				t.Errorf("got the filter %q, want one that begins with %q", example.Filter, c.begins)
			}
			if story := strings.Contains(p.stdout.String(), "--conn"); story != (c.name == "saved in one file") {
				t.Errorf("the report tells of --conn: %v", story)
			}
			if c.save != nil {
				shown(t, filepath.Join(dir, c.save[1]), example.Filter, report.Connections[example.Connection-1].Packets)
			}
		})
	}
}

// shown has tshark count the packets of a capture that pass a filter.
func shown(t *testing.T, name, filter string, want kaanalyze.Sides) {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not here")
	}
	out, err := exec.Command(tshark, "-r", name, "-Y", filter, "-T", "fields", "-e", "frame.number").Output()
	if got := int64(strings.Count(string(out), "\n")); err != nil || got != want.Client+want.Server {
		t.Errorf("%s: got %d packets, error %v; want %d", filter, got, err, want.Client+want.Server)
	}
}
