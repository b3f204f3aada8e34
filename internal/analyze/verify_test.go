package analyze_test

import (
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

const verifyOpening = `
0.000 > S  0:0(0)
0.001 < S. 0:0(0) ack 1
0.002 > .  ack 1
`

// A request that no response can answer any more is not in flight: the next
// connection needs no second place in the pool.
func TestPoolNeedAfterEnd(t *testing.T) {
	const request = ` "GET / HTTP/1.1\r\n\r\n"`
	const response = ` "HTTP/1.1 204 No Content\r\n\r\n"`
	const again = `
conn 40001
3.000 > S  0:0(0)
3.001 < S. 0:0(0) ack 1
3.002 > .  ack 1
3.003 > P. 1:19(18) ack 1` + request + `
3.004 < P. 1:28(27) ack 19` + response
	for _, tc := range []struct{ name, script string }{
		{"sent after the server's FIN", verifyOpening + `
0.003 > P. 1:19(18) ack 1` + request + `
0.004 < P. 1:28(27) ack 19` + response + `
1.000 < F. 28:28(0) ack 19
1.100 > P. 19:37(18) ack 29` + request + `
1.101 < R  29:29(0)` + again},
		{"begun before the server's FIN", verifyOpening + `
0.003 > P. 1:19(18) ack 1` + request + `
0.004 < P. 1:28(27) ack 19` + response + `
0.999 > P. 19:24(5) ack 28 "GET /"
1.000 < F. 28:28(0) ack 24
1.100 > P. 24:37(13) ack 29 " HTTP/1.1\r\n\r\n"
1.101 < R  29:29(0)` + again},
		{"the next life shows that it has ended", verifyOpening + `
0.003 > P. 1:19(18) ack 1` + request + `
2.000 > S  70000:70000(0)` + again},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := run(t, analyze.Options{}, tc.script)
			if got := r.Totals.PoolNeed; got != 1 {
				t.Errorf("pool need %d, want 1", got)
			}
		})
	}
}

// Without the end of a response there is no idle time after it.
func TestIdleAfterLostResponse(t *testing.T) {
	r := run(t, analyze.Options{}, verifyOpening+`
0.003 > P. 1:19(18) ack 1 "GET / HTTP/1.1\r\n\r\n"
0.004 < P. 1:48(47) ack 19 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
0.005 > .  19:19(0) ack 1048
0.006 < P. 1048:1053(5) ack 19 "0\r\n\r\n"
1.000 > P. 19:37(18) ack 1053 "GET / HTTP/1.1\r\n\r\n"
1.001 < P. 1053:1080(27) ack 37 "HTTP/1.1 204 No Content\r\n\r\n"
2.001 > F. 37:37(0) ack 1080`)
	var c analyze.Connection
	r.Connection(0, &c)
	if c.Requests != 2 || c.Responses != 2 || c.IdleMax != 1e9 {
		t.Errorf("%d requests, %d responses, longest idle gap %d ns; want 2, 2, 1 s", c.Requests, c.Responses, c.IdleMax)
	}
}

// Keeping the exchanges does not make an unanswered request an idle time.
func TestUnansweredWithExchanges(t *testing.T) {
	for _, exchanges := range []bool{false, true} {
		r := run(t, analyze.Options{Exchanges: exchanges}, verifyOpening+`
0.003 > P. 1:19(18) ack 1 "GET / HTTP/1.1\r\n\r\n"
0.004 < P. 1:28(27) ack 19 "HTTP/1.1 204 No Content\r\n\r\n"
1.000 > P. 19:37(18) ack 28 "GET / HTTP/1.1\r\n\r\n"
2.000 < F. 28:28(0) ack 37`)
		var c analyze.Connection
		r.Connection(0, &c)
		if c.IdleLast != analyze.Unknown || c.IdleMax != 996e6 {
			t.Errorf("exchanges %v: idle %d ns before the close, %d at most; want none and 0.996 s", exchanges, c.IdleLast, c.IdleMax)
		}
	}
}

// What packets cut short hide, or a side that was not captured, is unknown,
// not zero.
func TestUnreadMessages(t *testing.T) {
	const unknown = analyze.Unknown
	for _, tc := range []struct {
		name, script        string
		requests, responses int64
	}{
		{"both heads cut", verifyOpening + `
0.003 > P. 1:19(18) ack 1 "GET / HTTP/1.1\r\n\r\n" cut 10
0.004 < P. 1:28(27) ack 19 "HTTP/1.1 204 No Content\r\n\r\n" cut 10`, unknown, unknown},
		{"the head of the response cut", verifyOpening + `
0.003 > P. 1:19(18) ack 1 "GET / HTTP/1.1\r\n\r\n"
0.004 < P. 1:28(27) ack 19 "HTTP/1.1 204 No Content\r\n\r\n" cut 10`, 1, unknown},
		{"a body cut", verifyOpening + `
0.003 > P. 1:19(18) ack 1 "GET / HTTP/1.1\r\n\r\n"
0.004 < P. 1:44(43) ack 19 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" cut 40`, 1, 1},
		{"only the initiator captured", `
0.000 > S  0:0(0)
0.002 > .  1:1(0) ack 1
0.003 > P. 1:19(18) ack 1 "GET / HTTP/1.1\r\n\r\n"`, 1, unknown},
		{"only the responder captured", `
0.001 < S. 0:0(0) ack 1
0.004 < P. 1:28(27) ack 19 "HTTP/1.1 204 No Content\r\n\r\n"`, unknown, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := run(t, analyze.Options{}, tc.script)
			var c analyze.Connection
			r.Connection(0, &c)
			if c.Requests != tc.requests || c.Responses != tc.responses {
				t.Errorf("got %d requests, %d responses; want %d, %d", c.Requests, c.Responses, tc.requests, tc.responses)
			}
			if got := r.Totals.Requests; got != tc.requests {
				t.Errorf("got %d requests in all, want %d", got, tc.requests)
			}
		})
	}
}
