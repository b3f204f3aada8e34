//go:build linux

package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// TestMetricsLabel captures requests to two servers, and asks what counts for each of them
// until all requests are there.
func TestMetricsLabel(t *testing.T) {
	program := executable(t)
	may(t, ownNet)
	dir := t.TempDir()
	command := strings.ReplaceAll(`DIR/serve 127.0.0.1:8080 DIR/serve 127.0.0.1:8087 sh -c '
	DIR/ask 127.0.0.1:8080 12; DIR/ask 127.0.0.1:8087 1; DIR/ask 127.0.0.1:8087 2; n=0
	until curl -s http://127.0.0.1:9187/metrics >metrics; awk "/^kaanalyze_requests_total/ { n += \$2 } END { exit n != 15 }" metrics; do
		n=$((n+1)); [ $n -lt 200 ] || break; sleep .1
	done; cat metrics'`, "DIR", strings.TrimSuffix(program, "/kaanalyze"))
	p := start(t, dir, nil, nil, slices.Concat(ownNet, []string{program, "-i", "lo", "--listen", "9187", "--metrics-label", "server", "-q",
		"--exec", command, "tcp port 8080 or tcp port 8087"})...)
	<-p.ended
	if code := p.ProcessState.ExitCode(); code != app.ExitOK {
		t.Errorf("got exit code %d: %s", code, p.stderr.String())
	}
	got := regexp.MustCompile(`(?m)^kaanalyze_(connections|requests|reused_requests)_total.*$`).FindAllString(p.stdout.String(), -1)
	want := []string{
		`kaanalyze_connections_total{server="127.0.0.1:8080"} 1`, `kaanalyze_connections_total{server="127.0.0.1:8087"} 2`, `kaanalyze_connections_total{server="other"} 0`,
		`kaanalyze_requests_total{server="127.0.0.1:8080"} 12`, `kaanalyze_requests_total{server="127.0.0.1:8087"} 3`, `kaanalyze_requests_total{server="other"} 0`,
		`kaanalyze_reused_requests_total{server="127.0.0.1:8080"} 11`, `kaanalyze_reused_requests_total{server="127.0.0.1:8087"} 1`, `kaanalyze_reused_requests_total{server="other"} 0`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), p.stderr.String())
	}
}
