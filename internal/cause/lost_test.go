package cause

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// TestLost holds which requests failed, and which their client dropped of its own
// accord.
func TestLost(t *testing.T) {
	const (
		used   = "0.000 $open\n0.002 > P. $get\n0.010 < P. $ok\n"
		begun  = "0.000 $open\n0.002 > P. $get\n0.010 < P. \"HTTP/1.1 200 OK\\r\\nContent-Length: 2000\\r\\n\\r\\nbegin\"\n"
		upload = "0.000 $open\n0.002 > P. \"POST / HTTP/1.1\\r\\nContent-Length: 9\\r\\n\\r\\nup\"\n"
		three  = "0.000 $open\n0.002 > P. \"GET /1 HTTP/1.1\\r\\n\\r\\nGET /2 HTTP/1.1\\r\\n\\r\\nGET /3 HTTP/1.1\\r\\n\\r\\n\"\n"
	)
	for _, c := range []struct {
		name, script string
		want         Lost
	}{
		{"all answered", used + "1.000 < F.", Lost{}},
		{"open with a request under way", used + "1.000 > P. $get", Lost{}},
		{"the server closes without a response", used + "1.000 > P. $get\n3.000 < F.", Lost{1, 0}},
		{"the server cuts the response", begun + "3.000 < F.", Lost{1, 0}},
		{"the server resets", begun + "3.000 < R.", Lost{1, 0}},
		{"over TLS, the server closes without a response", "0.000 $tls\n0.010 > P. $request\n1.000 < F.", Lost{1, 0}},
		{"over TLS, the client gives up before the response", "0.000 $tls\n0.010 > P. $request\n1.000 > P. $notify\n1.000 > F.", Lost{1, 0}},
		{"over TLS, what it is cannot be told", "0.000 $tls-h2\n0.010 > P. $request\n1.000 < F.", Lost{}},
		{"pipelined, one answered", three + "0.010 < P. $ok\n1.000 < F.", Lost{2, 0}},
		{"the client gives up before the response", used + "1.000 > P. $get\n3.000 > F.", Lost{1, 0}},
		{"the client resets before the response", used + "1.000 > P. $get\n3.000 > R.", Lost{1, 0}},
		{"the client resets before the response, which says close", used + "1.000 > P. \"GET / HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n\"\n3.000 > R.", Lost{1, 0}},
		{"the client gives up, the response comes later", used + "1.000 > P. $get\n3.000 > F.\n3.500 < P. $ok\n3.501 > R 56:56(0)", Lost{1, 0}},
		{"the client reads on after its FIN", used + "1.000 > P. $get\n3.000 > F.\n3.500 < P. $ok\n3.501 > .\n3.502 < F.\n3.503 > .", Lost{}},
		{"the client leaves the body unread", begun + "0.011 > R.", Lost{0, 1}},
		{"the client leaves the body unread, the rest comes later", begun + "0.011 > F.\n0.090 < P. " + fmt.Sprintf("%q", strings.Repeat(".", 1995)) + "\n0.091 > R 29:29(0)", Lost{0, 1}},
		{"the client leaves a stream of events", "0.000 $open\n0.002 > P. $get\n0.010 < P. \"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n\"\n5.000 > F.", Lost{0, 1}},
		{"an upload is refused", upload + "0.010 < P. \"HTTP/1.1 413 Too Large\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n0.011 < F.", Lost{1, 0}},
		{"an upload is refused by a response without a length", upload + "3.002 < P. \"HTTP/1.1 408 Request Timeout\\r\\nConnection: close\\r\\n\\r\\n\"\n3.003 < F.\n3.004 > F.\n3.005 < .", Lost{1, 0}},
		{"an upload is refused, and goes on to its end", upload + "0.010 < P. \"HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n0.011 > P. \"-------\"\n1.000 < F.", Lost{}},
		{"an upload is answered early", upload + "0.010 < P. \"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n0.011 < F.", Lost{}},
		{"an upload meets an RST", upload + "0.010 < R.", Lost{1, 0}},
		{"data unanswered to the end", used + "4.010 > P. $get\n4.210 > P. 28:55(27) $get\n4.610 > P. 28:55(27) $get\n5.410 > P. 28:55(27) $get\n7.010 > P. 28:55(27) $get", Lost{1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := causetest.Run(t, c.script)
			d := Collect(p.Result, 1).Finish(p.Result)
			if got := d.Lost(d.Records()[0]); got != c.want {
				t.Errorf("got %+v, want %+v: %v, %s", got, c.want, d.Records()[0].Cause, d.Records()[0].Observed())
			}
			server := d.Servers()[0].Num
			total, at := d.TotalLost, d.LostAt
			if strings.HasPrefix(c.name, "over TLS") {
				total, at = d.EstimatedLost, d.EstimatedLostAt
			}
			if total() != c.want || at(server) != c.want || d.TotalLost().plus(d.EstimatedLost()) != c.want {
				t.Errorf("got %+v in all and %+v at the server, want %+v", total(), at(server), c.want)
			}
			var past Past
			d.Remember(&past, []uint64{1})
			d.AddPast(&past)
			if twice := (Lost{2 * c.want.Failed, 2 * c.want.Abandoned}); total() != twice || at(server) != twice {
				t.Errorf("got %+v in all and %+v at the server, want %+v with what is remembered", total(), at(server), twice)
			}
		})
	}
}

// TestProcessEndLoses holds that a client's process that ends abandons its requests.
func TestProcessEndLoses(t *testing.T) {
	p := causetest.Run(t, `conn 40001..40003 every 0.3
0.000 $open
0.002 > P. $get
0.010 < P. $ok
0.100 > P. $get
40001: 2.0370 > R.
40002: 2.0371 > R.
40003: 2.0372 > R.`)
	d := Collect(p.Result, 1).Finish(p.Result)
	for _, r := range d.Records() {
		if got, want := d.Lost(r), (Lost{0, 1}); got != want || r.Cause != ClientExit {
			t.Errorf("got %+v and %v, want %+v and %v", got, r.Cause, want, ClientExit)
		}
	}
	if d.Records()[0].By != analyze.Client {
		t.Errorf("got %v, want the client", d.Records()[0].By)
	}
}
