package flows_test

import (
	"fmt"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// millis is a time as ms after the script's begin.
func millis(ns int64) int64 { return (ns - capturetest.Epoch) / 1e6 }

// both asks the same of both sides.
func both[T any](f func(flows.Side) T) [2]T {
	return [2]T{f(flows.Initiator), f(flows.Responder)}
}

func TestEvidence(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		ask          func(c *flows.Conn) any
		want         string
	}{
		{"the request crosses the server's FIN", opening + `
1.000 < F. 1:1(0) ack 1
1.001 > P. 1:4(3) ack 1 "abc"`,
			func(c *flows.Conn) any {
				return [][2]bool{both(c.SentAcrossFIN), both(c.SentAfterFIN), both(c.FINMissesData)}
			}, "[[true false] [false false] [false false]]"},
		{"the request is sent though the FIN was there", opening + `
1.000 < F. 1:1(0) ack 1
1.001 > P. 1:4(3) ack 2 "abc"`,
			func(c *flows.Conn) any { return [][2]bool{both(c.SentAcrossFIN), both(c.SentAfterFIN)} },
			"[[false false] [true false]]"},
		{"data before the FIN that acknowledges it, captured after", opening + `
1.000 < F. 1:1(0) ack 4
1.001 > P. 1:4(3) ack 1 "abc"`,
			func(c *flows.Conn) any { return [][2]bool{both(c.SentAcrossFIN), both(c.SentAfterFIN)} },
			"[[false false] [false false]]"},
		{"the FIN misses data that was sent", opening + `
1.000 > P. 1:4(3) ack 1 "abc"
1.001 < F. 1:1(0) ack 1`,
			func(c *flows.Conn) any { return both(c.FINMissesData) }, "[false true]"},
		{"a FIN after a FIN acknowledges all data", opening + `
1.000 > P. 1:4(3) ack 1 "abc"
1.001 > F. 4:4(0) ack 1
1.002 < F. 1:1(0) ack 5`,
			func(c *flows.Conn) any { return both(c.FINMissesData) }, "[false false]"},
		{"quiet before the FIN, but for probes", opening + `
1.000 > P. 1:4(3) ack 1 "abc"
1.001 < .  1:1(0) ack 4
3.001 > .  3:3(0) ack 1
3.002 < .  1:1(0) ack 4
9.001 < F. 1:1(0) ack 4`,
			func(c *flows.Conn) any { return c.Quiet() / 1e6 }, "8000"},
		{"not quiet without an end", opening,
			func(c *flows.Conn) any { return c.Quiet() }, "0"},
		{"retransmissions that nobody answers", opening + `
1.0 > P. 1:4(3) ack 1 "abc"
1.2 > P. 1:4(3) ack 1 "abc"
1.6 > P. 1:4(3) ack 1 "abc"`,
			func(c *flows.Conn) any { return []any{both(c.Unanswered), both(c.Unacknowledged), c.CloseKind()} },
			"[[2 0] [true false] silent]"},
		{"both sides send again what neither hears", opening + `
1.0 > P. 1:4(3) ack 1 "abc"
1.0 < P. 1:4(3) ack 1 "xyz"
1.2 > P. 1:4(3) ack 1 "abc"
1.2 < P. 1:4(3) ack 1 "xyz"
1.6 > P. 1:4(3) ack 1 "abc"`,
			func(c *flows.Conn) any { return both(c.Unanswered) }, "[2 1]"},
		{"the peer gives up with a FIN that acknowledges nothing new", opening + `
1.0 > P. 1:4(3) ack 1 "abc"
1.2 > P. 1:4(3) ack 1 "abc"
1.6 > P. 1:4(3) ack 1 "abc"
9.0 < F. 1:1(0) ack 1`,
			func(c *flows.Conn) any { return both(c.Unanswered) }, "[2 0]"},
		{"the peer answers at last", opening + `
1.0 > P. 1:4(3) ack 1 "abc"
1.2 > P. 1:4(3) ack 1 "abc"
1.3 < .  1:1(0) ack 4`,
			func(c *flows.Conn) any { return []any{both(c.Unanswered), both(c.Unacknowledged)} }, "[[0 0] [false false]]"},
		{"the answers to probes do not arrive", opening + `
2.002 > . 0:0(0) ack 1 tsval 10 tsecr 5
2.003 < . 1:1(0) ack 1 tsval 20 tsecr 10
4.002 > . 0:0(0) ack 1 tsval 30 tsecr 5
4.003 < . 1:1(0) ack 1 tsval 40 tsecr 30`,
			func(c *flows.Conn) any { return both(c.ProbeAnswersLost) }, "[true false]"},
		{"the answers to probes arrive", opening + `
2.002 > . 0:0(0) ack 1 tsval 10 tsecr 5
2.003 < . 1:1(0) ack 1 tsval 20 tsecr 10
4.002 > . 0:0(0) ack 1 tsval 30 tsecr 20
4.003 < . 1:1(0) ack 1 tsval 40 tsecr 30`,
			func(c *flows.Conn) any { return both(c.ProbeAnswersLost) }, "[false false]"},
		{"an answer that comes too late", opening + `
2.002 > . 0:0(0) ack 1
9.000 < . 1:1(0) ack 1`,
			func(c *flows.Conn) any { return c.Probes(flows.Initiator) }, "{1 0 2000000000 0}"},
		{"the peer of a captured host", opening + `
1.0 > P. 1:4(3) ack 1 "abc" ttl 64
1.1 < .  1:1(0) ack 4 ttl 57`,
			func(c *flows.Conn) any { return c.Remote() }, "responder"},
		{"a capture between routers", `
0.0 > S  0:0(0) ttl 60
0.1 < S. 0:0(0) ack 1 ttl 57`,
			func(c *flows.Conn) any { return c.Remote() }, "none"},
		{"an RST from another place", opening + `
1.0 < P. 1:4(3) ack 1 "abc" ttl 57
1.1 > .  1:1(0) ack 4
1.2 < R  4:4(0) ttl 250`,
			func(c *flows.Conn) any { return both(c.ForeignRST) }, "[false true]"},
		{"an RST by a path that other packets took", opening + `
1.0 < P. 1:4(3) ack 1 "abc" ttl 57
1.1 < P. 4:7(3) ack 1 "def" ttl 55
1.2 < P. 7:10(3) ack 1 "ghi" ttl 57
1.3 > .  1:1(0) ack 10
1.4 < R  10:10(0) ttl 55`,
			func(c *flows.Conn) any { return both(c.ForeignRST) }, "[false false]"},
		{"an RST by none of two paths", opening + `
1.0 < P. 1:4(3) ack 1 "abc" ttl 57
1.1 < P. 4:7(3) ack 1 "def" ttl 55
1.3 > .  1:1(0) ack 7
1.4 < R  7:7(0) ttl 56`,
			func(c *flows.Conn) any { return both(c.ForeignRST) }, "[false true]"},
		{"an RST by one path more than are remembered", opening + `
1.0 < P. 1:4(3) ack 1 "abc" ttl 57
1.1 < P. 4:7(3) ack 1 "def" ttl 55
1.2 < P. 7:10(3) ack 1 "ghi" ttl 54
1.2 < P. 10:13(3) ack 1 "jkl" ttl 53
1.2 < P. 13:16(3) ack 1 "mno" ttl 52
1.3 > .  1:1(0) ack 16
1.4 < R  16:16(0) ttl 51`,
			func(c *flows.Conn) any { return both(c.ForeignRST) }, "[false false]"},
		{"a closed window that opens", opening + `
1.0 < . 1:1(0) ack 1 win 0
3.5 < . 1:1(0) ack 1 win 100
4.0 > . 1:1(0) ack 1 win 0
5.0 > . 1:1(0) ack 1 win 9`,
			func(c *flows.Conn) any { ns, by := c.Stall(); return fmt.Sprint(ns/1e6, " ", by) }, "2500 responder"},
		{"the longer stall is the other's", opening + `
1.0 < . 1:1(0) ack 1 win 0
1.5 < . 1:1(0) ack 1 win 100
4.0 > . 1:1(0) ack 1 win 0
5.0 > . 1:1(0) ack 1 win 9`,
			func(c *flows.Conn) any { ns, by := c.Stall(); return fmt.Sprint(ns/1e6, " ", by) }, "1000 initiator"},
		{"a window that stays closed", opening + `
1.0 > . 1:1(0) ack 1 win 0
9.0 < . 1:1(0) ack 1`,
			func(c *flows.Conn) any { ns, by := c.Stall(); return fmt.Sprint(ns/1e6, " ", by) }, "8000 initiator"},
		{"no stall", opening,
			func(c *flows.Conn) any { ns, _ := c.Stall(); return ns }, "0"},
		{"the SYN meets a connection that is still open there", `
0.0 > S  0:0(0)
0.1 < .  9:9(0) ack 77
0.2 > R  77:77(0)
1.0 > S  0:0(0)
1.1 < S. 500:500(0) ack 1
1.2 > .  1:1(0) ack 501`,
			func(c *flows.Conn) any {
				return []any{c.Challenged(), c.Handshake(), c.SYNRetransmissions(), c.SYNACKRetransmissions(), c.CloseKind()}
			}, "[true complete 1 0 open]"},
		{"not challenged", opening,
			func(c *flows.Conn) any { return c.Challenged() }, "false"},
		{"the times of the ends", opening + `
1.0 > F. 1:1(0) ack 1
2.0 < R  1:1(0)`,
			func(c *flows.Conn) any {
				finAt, fin, _ := c.FINAt(flows.Initiator)
				rstAt, rst, _ := c.RSTAt(flows.Responder)
				_, _, noFIN := c.FINAt(flows.Responder)
				_, _, noRST := c.RSTAt(flows.Initiator)
				return []any{millis(finAt), fin, millis(rstAt), rst, noFIN, noRST}
			}, "[1000 4 2000 5 false false]"},
		{"which FIN was captured first", opening + `
1.0 < F. 1:1(0) ack 1
2.0 > F. 1:1(0) ack 2`,
			func(c *flows.Conn) any { s, at, num, ok := c.FirstFIN(); return []any{s, millis(at), num, ok} }, "[responder 1000 4 true]"},
		{"the initiator's FIN was captured first", opening + `
1.0 > F. 1:1(0) ack 1
2.0 < F. 1:1(0) ack 2`,
			func(c *flows.Conn) any { s, at, num, ok := c.FirstFIN(); return []any{s, millis(at), num, ok} }, "[initiator 1000 4 true]"},
		{"no FIN at all", opening,
			func(c *flows.Conn) any { _, _, _, ok := c.FirstFIN(); return ok }, "false"},
		{"the handshake's times", `
0.000 > S  0:0(0)
1.000 > S  0:0(0)
1.030 < S. 0:0(0) ack 1
1.050 > .  ack 1`,
			func(c *flows.Conn) any {
				rtt, ok := c.RTT()
				connect, also := c.ConnectTime()
				return []any{rtt / 1e6, ok, connect / 1e6, also, c.SYNRetransmissions()}
			}, "[50 true 1050 true 1]"},
		{"no times without a handshake", `
0.0 > P. 1:4(3) ack 1 "abc"`,
			func(c *flows.Conn) any {
				_, ok := c.RTT()
				_, also := c.ConnectTime()
				_, _, _, waits := c.TimeWaitSpan(flows.Initiator)
				return []any{ok, also, waits, c.Handshake()}
			}, "[false false false midstream]"},
		{"one SYN-ACK only", `
0.0 > S  0:0(0)
0.0 < S  0:0(0)
0.1 > S. 0:0(0) ack 1`,
			func(c *flows.Conn) any { return []any{c.Handshake(), c.Opened()} }, "[split true]"},
		{"the last ACK does not come", `
0.0 > S  0:0(0)
0.1 < S. 0:0(0) ack 1
1.1 < S. 0:0(0) ack 1`,
			func(c *flows.Conn) any { return []any{c.Handshake(), c.Opened(), c.SYNACKRetransmissions()} }, "[incomplete true 1]"},
		{"a hidden side", `
0.0 > S  0:0(0)
0.1 > .  1:1(0) ack 1
1.0 > F. 1:1(0) ack 1`,
			func(c *flows.Conn) any {
				where, sides := c.Holders()
				return []any{where, sides, c.Missing(flows.Responder)}
			}, "[unknown none 0]"},
		{"the last ACK of a close is missing", opening + `
1.0 > F. 1:1(0) ack 1
1.1 < F. 1:1(0) ack 1`,
			func(c *flows.Conn) any { where, sides := c.Holders(); return []any{where, sides} }, "[pending none]"},
		{"the end of a side is acknowledged only", opening + `
1.0 > P. 1:4(3) ack 1 "abc"
1.1 < .  1:1(0) ack 11`,
			func(c *flows.Conn) any { return both(c.Missing) }, "[7 0]"},
		{"packets and bytes", opening + `
1.0 > P. 1:4(3) ack 1 "abc"
1.3 > P. 1:4(3) ack 1 "abc"`,
			func(c *flows.Conn) any { return []any{both(c.Packets), both(c.Bytes)} }, "[[4 1] [6 0]]"},
		{"a window probe with a byte", opening + `
1.0 > P. 1:4(3) ack 1 "abc"
1.1 < .  1:1(0) ack 4 win 0
2.1 > .  3:4(1) ack 1 "c"`,
			func(c *flows.Conn) any { return both(c.Retransmissions) }, "[0 0]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, conns, _ := follow(t, tc.script)
			if len(conns) != 1 {
				t.Fatalf("got %d connections, want 1", len(conns))
			}
			if got := fmt.Sprint(tc.ask(conns[0])); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}
