package analyze_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// A side stalls from the DATA that uses a window up to the frame that opens it, if there
// is more to send.
func TestHTTP2Stalls(t *testing.T) {
	const begin = `
0.010 > P. h2(preface window:100 get:1)
0.011 < P. h2(settings head:1)`
	// The window of the connection, of 65,535 bytes, is used up but for 35 bytes at 0.023.
	filled := strings.NewReplacer("window:100", "window:100000").Replace(begin) + `
0.020 < P. h2(data:1:16000)
0.021 < P. h2(data:1:16000)
0.022 < P. h2(data:1:16000)
0.023 < P. h2(data:1:17500)`
	const one, opened = "server: 1 in 0.2 s, 0 in 0 s", "server: 1 in 0.07 s, 0 in 0 s"
	for _, tc := range []struct{ name, script, want string }{
		{"the receiver is slow to open the stream", begin + `
0.020 < P. h2(data:1:100)
0.220 > P. h2(update:1:100)
0.230 < P. h2(end:1:50)`, one},
		{"with one byte left the sender is free to send, and pauses", begin + `
0.020 < P. h2(data:1:99)
0.220 > P. h2(update:1:100)
0.230 < P. h2(end:1:50)`, ""},
		{"used up by several frames, opened by a byte, used up again", begin + `
0.020 < P. h2(data:1:60 data:1:40)
0.070 > P. h2(update:1:1)
0.071 < P. h2(data:1:1)
0.091 > P. h2(update:1:100)
0.191 < P. h2(end:1:50)`, "server: 2 in 0.07 s, 0 in 0 s"},
		{"opened at once: what comes after is the sender's own pause", begin + `
0.020 < P. h2(data:1:100)
0.020 > P. h2(update:1:100)
3.000 < P. h2(end:1:50)`, "server: 1 in 0 s, 0 in 0 s"},
		{"used up by the end of the response", begin + `
0.020 < P. h2(end:1:100)
0.220 > P. h2(update:1:100)
0.230 > P. h2(get:3)
0.240 < P. h2(ok:3)`, ""},
		{"used up, and only the end follows, which takes no window", begin + `
0.020 < P. h2(data:1:100)
0.120 < P. h2(last:1)`, ""},
		{"used up, and only trailers follow", begin + `
0.020 < P. h2(data:1:100)
0.120 < P. h2(grpc:1:0)`, ""},
		{"opened, and only the end follows", begin + `
0.020 < P. h2(data:1:100)
0.120 > P. h2(update:1:100)
0.130 < P. h2(last:1)`, ""},
		{"opened by SETTINGS", begin + `
0.020 < P. h2(data:1:100)
0.090 > P. h2(window:200)
0.200 < P. h2(end:1:50)`, opened},
		{"SETTINGS take from the window, more than is left of it", begin + `
0.020 < P. h2(data:1:50)
0.030 > P. h2(window:20 update:1:30)
0.100 > P. h2(update:1:10)
0.110 < P. h2(end:1:10)`, ""},
		{"never opened: the client gives up", begin + `
0.020 < P. h2(data:1:100)
0.220 > P. h2(reset:1:8)`, one},
		{"never opened, to the end of the capture", begin + `
0.020 < P. h2(data:1:100)
0.120 > P. h2(get:3)
0.220 < P. h2(ok:3)`, one},
		{"an upload", `
0.010 > P. h2(preface post:1)
0.011 < P. h2(window:100)
0.020 > P. h2(data:1:100)
0.220 < P. h2(update:1:100)
0.230 > P. h2(end:1:50)
0.240 < P. h2(ok:1)`, "client: 1 in 0.2 s, 0 in 0 s"},
		{"the connection, on which another stream waits, too", filled + `
0.030 > P. h2(get:3)
0.040 < P. h2(head:3 data:1:35)
0.340 > P. h2(update:0:1000)
0.341 < P. h2(end:3:100)
0.342 < P. h2(end:1:100)`, "server: 0 in 0 s, 1 in 0.3 s"},
		{"the connection, all but a byte", filled + `
0.040 < P. h2(data:1:34)
0.340 > P. h2(update:0:1000)
0.342 < P. h2(end:1:100)`, ""},
		{"the connection, by the end of the only response; the next is on a new stream", filled + `
0.040 < P. h2(end:1:35)
0.340 > P. h2(update:0:1000 get:3)
0.342 < P. h2(ok:3)`, ""},
		{"the connection, and the client cancels", filled + `
0.040 < P. h2(data:1:35)
0.340 > P. h2(reset:1:8)`, "server: 0 in 0 s, 1 in 0.3 s"},
		{"DATA on a window that is used up: it was opened, the capture has it later", begin + `
0.020 < P. h2(data:1:100)
0.219 < P. h2(data:1:50)
0.220 > P. h2(update:1:100)
0.230 < P. h2(end:1:50)`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := connections(run(t, analyze.Options{}, opening+h2Script(t, tc.script)))[0]
			if got := tellStalls(c.HTTP2); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// tellStalls tells the stalls of both sides: how many, and for how long, of streams and of
// the connection.
func tellStalls(x *analyze.HTTP2) string {
	var said []string
	for _, side := range []struct {
		name string
		s    analyze.Stalls
	}{{"client", x.ClientStalls}, {"server", x.ServerStalls}} {
		if side.s != (analyze.Stalls{}) {
			said = append(said, fmt.Sprintf("%s: %d in %v s, %d in %v s", side.name, side.s.Stream, float64(side.s.StreamTime)/1e9, side.s.Connection, float64(side.s.ConnectionTime)/1e9))
		}
	}
	if !x.Windows {
		said = append(said, "unknown")
	}
	return strings.Join(said, "; ")
}

// Windows are known from the beginning of a connection up to the first frame that is
// missed.
func TestHTTP2StallsUnknown(t *testing.T) {
	for _, tc := range []struct{ name, script, want string }{
		{"midstream", `
40001: 0.000 > P. 100:112(12) ack 500 h2(get:101)
40001: 0.010 < P. 500:521(21) ack 112 h2(ok:101)`, "unknown"},
		{"the WINDOW_UPDATE is missing, and what was measured before stays", opening + `
0.010 > P. h2(preface window:100 get:1)
0.011 < P. h2(settings head:1)
0.020 < P. h2(data:1:100)
0.030 > P. h2(update:1:100)
0.040 < P. h2(data:1:100)
0.070 > P. 81:93(12) ack 238 h2(get:3)
0.080 < P. h2(head:3)
0.090 > . ack 248`, "server: 1 in 0.01 s, 0 in 0 s"},
	} {
		c := connections(run(t, analyze.Options{}, h2Script(t, tc.script)))[0]
		if got := tellStalls(c.HTTP2); got != tc.want {
			t.Errorf("%s: got  %s\nwant %s", tc.name, got, tc.want)
		}
	}
}

// PINGs are told by what they are for.
func TestHTTP2Pings(t *testing.T) {
	const begin = `
0.010 > P. h2(preface get:1)
0.011 < P. h2(settings head:1)`
	for _, tc := range []struct{ name, script, want string }{
		{"with the reset of a stream", begin + `
0.500 > P. h2(reset:1:8 ping)`, "0 1: 1 0"},
		{"long after it", begin + `
0.500 > P. h2(reset:1:8)
0.520 > P. h2(ping)`, "0 1: 0 0"},
		{"as DATA has come", begin + `
0.500 < P. h2(data:1)
0.501 > P. h2(ping)`, "0 1: 0 1"},
		{"the side that sends DATA measures nothing by it", begin + `
0.500 < P. h2(data:1)
0.501 < P. h2(ping)`, "0 1: 0 0"},
		{"by what it holds", begin + `
0.500 > P. h2(ping:bdp)`, "0 1: 0 1"},
		{"in silence", begin + `
0.020 < P. h2(end:1)
2.020 > P. h2(ping)
4.020 > P. h2(ping)`, "2 0: 0 0"},
		{"in silence after a cancelled stream", begin + `
0.500 > P. h2(reset:1:8)
2.500 > P. h2(ping)`, "1 0: 0 0"},
	} {
		x := connections(run(t, analyze.Options{}, opening+h2Script(t, tc.script)))[0].HTTP2
		if got := fmt.Sprintf("%d %d: %d %d", x.KeepAlivePings, x.OtherPings, x.CancelPings, x.BDPPings); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}
