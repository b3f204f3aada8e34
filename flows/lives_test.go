package flows_test

import (
	"fmt"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
)

// closed is a connection whose initiator holds TIME_WAIT.
const closed = opening + `
1.00 > F. 1:1(0) ack 1
1.01 < F. 1:1(0) ack 2
1.02 > .  2:2(0) ack 2`

func TestLives(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		want         string // per connection: handshake, stream, who recycled, whether its TIME_WAIT ended early
	}{
		{"the port is used again after TIME_WAIT", closed + `
99.0 > S  70000:70000(0)
99.1 < S. 70000:70000(0) ack 70001
99.2 > .  70001:70001(0) ack 70001`,
			"complete 0 false/false ended 0, complete 1 false/false ended 0"},
		{"the client takes over its own TIME_WAIT", closed + `
9.0 > S  65539:65539(0) tsval 9 tsecr 5
9.1 < S. 70000:70000(0) ack 65540
9.2 > .  65540:65540(0) ack 70001`,
			"complete 0 false/false ended 9000, complete 1 true/false ended 0"},
		{"an ordinary SYN is no recycling", closed + `
9.0 > S  65539:65539(0) tsval 9
9.1 < S. 70000:70000(0) ack 65540`,
			"complete 0 false/false ended 9000, incomplete 1 false/false ended 0"},
		{"the server takes over its own TIME_WAIT", opening + `
1.00 < F. 1:1(0) ack 1
1.01 > F. 1:1(0) ack 2
1.02 < .  2:2(0) ack 2
9.00 > S  70000:70000(0)
9.10 < S. 65539:65539(0) ack 70001`,
			"complete 0 false/false ended 9100, incomplete 1 false/true ended 0"},
		{"an RST that answers a challenge ends TIME_WAIT", opening + `
1.00 < F. 1:1(0) ack 1
1.01 > F. 1:1(0) ack 2
1.02 < .  2:2(0) ack 2
9.00 > S  -9:-9(0)
9.10 < .  2:2(0) ack 2
9.20 > R  2:2(0)
10.0 > S  -9:-9(0)
10.1 < S. 900:900(0) ack -8`,
			"complete 0 false/false ended 9200, incomplete 1 false/false ended 0"},
		{"an RST that answers a challenge ends a connection that was open", opening + `
9.00 > S  900:900(0)
9.10 < .  1:1(0) ack 1
9.20 > R  1:1(0)`,
			"complete 0 false/false reset 0, unanswered 1 false/false ended 0"},
		{"a SYN sent again is no new life", opening + `
1.00 > S  0:0(0)`,
			"complete 0 false/false ended 0"},
		{"a refused SYN is sent again, as Windows does", `
0.0 > S  0:0(0)
0.1 < R. 0:0(0) ack 1
0.6 > S  0:0(0)
0.7 < R. 0:0(0) ack 1
1.2 > S  0:0(0)
1.3 < R. 0:0(0) ack 1`,
			"refused 0 false/false reset 0"},
		{"a refused SYN is sent again, and answered", `
0.0 > S  0:0(0)
0.1 < R. 0:0(0) ack 1
0.6 > S  0:0(0)
0.7 < S. 0:0(0) ack 1
0.8 > .  ack 1`,
			"complete 0 false/false ended 0"},
		{"a late copy of the SYN, after the close", closed + `
9.0 > S  0:0(0)`,
			"complete 0 false/false ended 0"},
		{"a late copy of the SYN, after an RST", opening + `
1.0 < R  1:1(0)
9.0 > S  0:0(0)`,
			"complete 0 false/false reset 0"},
		{"a SYN that comes after its answer", `
0.000 < S. 0:0(0) ack 1
0.001 > S  0:0(0)
0.002 > .  ack 1`,
			"complete 0 false/false ended 0"},
		{"a late copy of a SYN whose first was not captured", `
0.00 > P. 1:4(3) ack 1 "abc"
0.01 < .  1:1(0) ack 4
9.00 > S  0:0(0)
9.10 > S  0:0(0)`,
			"midstream 0 false/false ended 0"},
		{"a late copy of a SYN whose refusal alone was captured", `
0.00 < R. 0:0(0) ack 1
9.00 > S  0:0(0)
9.10 > S  70000:70000(0)`,
			"midstream 0 false/false reset 0, unanswered 0 false/false ended 0, unanswered 1 false/false ended 0"},
		{"another SYN, after a refusal alone", `
0.00 < R. 0:0(0) ack 1
9.00 > S  70000:70000(0)`,
			"midstream 0 false/false reset 0, unanswered 1 false/false ended 0"},
		{"a SYN in the middle of a connection that only one side was seen of", `
0.00 < P. 1:4(3) ack 1 "abc"
9.00 > S  900:900(0)`,
			"midstream 0 false/false ended 0, unanswered 1 false/false ended 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, conns, _ := follow(t, tc.script)
			var got string
			for i, c := range conns {
				if i > 0 {
					got += ", "
				}
				byClient, byServer := c.Recycled()
				var ended int64
				for s := range flows.Side(2) {
					if _, _, at, _ := c.TimeWaitSpan(s); at != 0 {
						ended = millis(at)
					}
				}
				how := "ended"
				if c.CloseKind() == flows.CloseReset {
					how = "reset"
				}
				got += fmt.Sprintf("%v %d %v/%v %s %d", c.Handshake(), c.Stream, byClient, byServer, how, ended)
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestSuperseded(t *testing.T) {
	const again = "\n99.0 > S 70000:70000(0)\n99.1 < S. 70000:70000(0) ack 70001"
	for _, tc := range []struct {
		name, script string
		want         bool
	}{
		{"while it is open", opening + again, true},
		{"while it is half closed", opening + "\n1.00 < F. 1:1(0) ack 1\n1.01 > . 1:1(0) ack 2" + again, true},
		{"after both FINs", closed + again, false},
		{"after an RST", opening + "\n1.00 < R 1:1(0)" + again, false},
	} {
		_, conns, _ := follow(t, tc.script)
		if len(conns) != 2 || conns[0].Superseded() != tc.want || conns[1].Superseded() {
			t.Errorf("%s: got %d connections, the first superseded: %v, want %v", tc.name, len(conns), conns[0].Superseded(), tc.want)
		}
	}
}

// A connection is found by its ID.
func TestConnByID(t *testing.T) {
	e, conns, _ := follow(t, closed+`
99.0 > S  70000:70000(0)`)
	if e.Len() != 2 || e.Kept() != 2 {
		t.Errorf("got %d connections and %d kept, want 2 and 2", e.Len(), e.Kept())
	}
	for _, c := range conns {
		if got := e.Conn(c.ID); got != c {
			t.Errorf("ID %d: got connection %d", c.ID, got.ID)
		}
	}
}
