package report

import (
	"math"
	"net/netip"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// hosted is an incident with what the kernel said.
func hosted() *Report {
	r := incident()
	server := netip.MustParseAddrPort("10.1.0.5:8080")
	r.Host = &Host{
		Sockets:  HostSockets{Established: 14, TimeWait: 1180, InUse: analyze.Unknown, Orphaned: 0},
		Settings: HostSettings{FirstPort: 32768, LastPort: 60999, TWReuse: 2, MaxTWBuckets: 131072, FINTimeoutSeconds: 60, KeepaliveSeconds: 7200},
		Counters: []HostCounter{{"ListenOverflows", 12, 3}, {"TW", 99, 0}},
		Compared: []Comparison{
			{State: "time_wait", Packets: 1177, Kernel: 1100, Unseen: 80, Said: "the kernel dropped 77 of them early"},
			{State: "established", Packets: 12, Kernel: 12, Unseen: 2, Agree: true},
		},
		Processes: []LocalEnd{
			{Server: server, Connections: 2000, Processes: []HostProcess{{4321, "evil\x1b[31m\"name"}, {4322, "nginx"}}},
			{Server: server, Client: netip.MustParseAddr("10.1.0.7"), Connections: 3},
		},
	}
	return r
}

func TestHost(t *testing.T) {
	r := hosted()
	validate(t, compileSchema(t, ""), render(t, "json", r))
	text := string(render(t, "text", r))
	for _, want := range []string{
		"THIS HOST", "TIME_WAIT", "THEY DISAGREE", "they agree", "the kernel dropped 77 of them early",
		"28,232 to one server and port (32768 to 60999, ip_local_port_range)", "unknown in use", "ListenOverflows 3",
		"10.1.0.7 -> 10.1.0.5:8080", `\x1b[31m`, "and 1 more", "(unknown: it has ended, or",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}
	if strings.ContainsRune(text, '\x1b') {
		t.Error("got an escape of a process's name on the terminal")
	}
	line := string(render(t, "ndjson", r))
	if !strings.Contains(line, `"host":{"sockets":{"established":14,`) {
		t.Errorf("got %s, want the host in the summary", line)
	}
}

// TestOtherBudgets tells of ports where they are not the default.
func TestOtherBudgets(t *testing.T) {
	r := incident()
	r.Result.Pairs[0].PortBudget = 1000
	want := "of 28,232 by default, 1,000 at " + r.Result.Pairs[0].Client.String()
	if text := string(render(t, "text", r)); !strings.Contains(text, want) {
		t.Errorf("got no %q in\n%s", want, text)
	}
	if !math.IsNaN(r.Result.Pairs[1].ReuseRatio) {
		t.Error("the second pair is not the one without requests")
	}
}
