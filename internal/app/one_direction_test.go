package app

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// TestOneDirection has a connection of which one direction was captured, with and without
// another that was captured whole: what cannot be known is not told as zero.
func TestOneDirection(t *testing.T) {
	const script = `
0.000 > S  0:0(0)
0.001 < S. 0:0(0)    ack 1
0.002 > .            ack 1
0.003 > P. 1:28(27)  ack 1  "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
0.010 < P. 1:39(38)  ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
0.020 > .  28:28(0)  ack 39
1.000 < F. 39:39(0)  ack 28
1.001 > F. 28:28(0)  ack 40
1.002 < .  40:40(0)  ack 29
`
	other := strings.NewReplacer("\n0", "\n40009: 0", "\n1.", "\n40009: 1.").Replace(script)
	for _, tc := range []struct {
		name, script string
		want         string // of the connection: kind, began, first_fin, time_wait; of the totals: peak, at the end, entries, failed, half closed
	}{
		{"the client's packets", sentBy(">", script),
			`null null null "unknown"; null null null null 0`},
		{"the server's packets", sentBy("<", script),
			`null null null "unknown"; null null null null 0`},
		{"the client's packets, and another connection", sentBy(">", script) + other,
			`null null null "unknown"; 1 1 [0,1] 0 0; at least time_wait.closes time_wait.peak time_wait.at_end failed_requests abandoned_requests avoidable_connections avoidable_handshake_seconds`},
		{"both", script,
			`"fin" "server" "server" "server"; 1 1 [0,1] 0 0`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := told(t, reading(save(t, capturetest.Pcap(t, tc.script))))
			text := func(v any) string { b, _ := json.Marshal(v); return string(b) }
			end := r["connections"].([]any)[0].(map[string]any)["close"].(map[string]any)
			totals := r["totals"].(map[string]any)
			wait := totals["time_wait"].(map[string]any)
			got := strings.Join([]string{text(end["kind"]), text(end["began"]), text(end["first_fin"]), text(end["time_wait"])}, " ") + "; " +
				strings.Join([]string{text(wait["peak"]), text(wait["at_end"]), text(r["series"].(map[string]any)["time_wait"]),
					text(totals["failed_requests"]), text(totals["close_kinds"].(map[string]any)["half_closed"])}, " ")
			if list, ok := totals["at_least"].([]any); ok && wait["peak"] != nil {
				got += "; at least"
				for _, x := range list {
					got += " " + x.(string)
				}
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// sentBy returns the lines of a script that one side sent.
func sentBy(side, script string) string {
	var kept strings.Builder
	for line := range strings.Lines(script) {
		if strings.Contains(line, " "+side+" ") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
