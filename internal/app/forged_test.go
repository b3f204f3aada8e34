package app

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// TestForged has packets that the receiver does not take, on its path or behind it: they
// change nothing but the numbers of packets and payload bytes.
func TestForged(t *testing.T) {
	const script = `
0.000 > S  0:0(0)          win 64240 wscale 7
0.001 < S. 0:0(0)    ack 1 win 65160 wscale 7
0.002 > .            ack 1 win 502
0.003 > P. 1:28(27)  ack 1 win 502 "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
0.004 < .  1:1(0)    ack 28 win 502
0.010 < .  1:1001(1000) ack 28 win 502 "HTTP/1.1 200 OK\r\nContent-Length: 65000\r\n\r\n"
0.011 > .  28:28(0)  ack 1001 win 502
FORGED
0.050 < .  1001:2001(1000) ack 28 win 502
0.051 > .  28:28(0)  ack 2001 win 502
0.060 < F. 2001:2001(0) ack 28 win 502
0.061 > F. 28:28(0)  ack 2002 win 502
0.062 < .  2002:2002(0) ack 29 win 502`
	numbers := func(forged string) map[string]any {
		r := told(t, reading(save(t, capturetest.Pcap(t, strings.Replace(script, "FORGED", forged, 1)))))
		totals := r["totals"].(map[string]any)
		for _, key := range []string{"fin", "rst", "ignored_rst"} {
			delete(totals, key)
		}
		for _, x := range r["connections"].([]any) {
			c := x.(map[string]any)
			delete(c, "packets")
			delete(c, "bytes")
			delete(c["close"].(map[string]any), "packet")
		}
		for _, x := range r["exchanges"].([]any) {
			delete(x.(map[string]any), "response_packet")
		}
		eachExample(r, func(e map[string]any) { delete(e, "packets") })
		delete(r, "capture")
		return r
	}
	want := numbers("")
	for name, forged := range map[string]string{
		"data 30 MB ahead":                        `0.020 < P. 30000000:30001000(1000) ack 28 win 502 "HTTP/1.1 200 OK\r\n\r\n"`,
		"data 30 MB ahead, acknowledging as much": `0.020 < P. 30000000:30001000(1000) ack 30000000 win 502`,
		"a request 30 MB ahead":                   `0.020 > P. 30000000:30001000(1000) ack 1001 win 502 "GET /2 HTTP/1.1\r\n\r\n"`,
		"a FIN 30 MB ahead":                       `0.020 < F. 30000000:30000000(0) ack 28 win 502`,
		"an RST 30 MB ahead":                      `0.020 < R  30000000:30000000(0)`,
		"an RST below what is acknowledged":       `0.020 < R  1000:1000(0)`,
		"an RST in the window, challenged": `0.020 < R  5000:5000(0)
0.021 > .  28:28(0)  ack 1001 win 502`,
	} {
		t.Run(name, func(t *testing.T) { wantSame(t, "with "+name, want, numbers(forged)) })
	}
}
