package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// orderTeller writes down in which order payload comes, by frame.
type orderTeller struct {
	recorder
	told []string
}

func (r *orderTeller) Data(c *flows.Conn, from flows.Side, d *flows.Data) {
	r.recorder.Data(c, from, d)
	r.told = append(r.told, fmt.Sprintf("%v %d", from, d.Num))
}

// inOrder runs a script and returns the frames of the payload in the order in which it
// was handed over, and the connections.
func inOrder(t *testing.T, opt flows.Options, script string) (string, []*flows.Conn) {
	t.Helper()
	r := &orderTeller{}
	e := flows.NewEngine(opt, r)
	segs := capturetest.Segments(t, script)
	for i := range segs {
		e.Segment(&segs[i])
	}
	e.Finish()
	var conns []*flows.Conn
	e.Each(func(c *flows.Conn) { conns = append(conns, c) })
	return strings.Join(r.told, ", "), conns
}

// What a segment acknowledges came before it, whatever the order of capture.
func TestOrderOfCapture(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		want         string // frames of the payload, in the order in which it is handed over
	}{
		{"a response before its request", opening + `
1.00000 < P. 1:4(3) ack 4 "def"
1.00002 > P. 1:4(3) ack 1 "abc"`, "initiator 5, responder 4"},
		{"two responses before the requests that they answer", opening + `
1.00000 < P. 1:4(3) ack 4 "def"
1.00001 < P. 4:7(3) ack 7 "jkl"
1.00002 > P. 1:4(3) ack 1 "abc"
1.00003 > P. 4:7(3) ack 4 "ghi"`, "initiator 6, responder 4, initiator 7, responder 5"},
		{"a chain", opening + `
1.00000 > P. 4:7(3) ack 4 "ghi"
1.00001 < P. 1:4(3) ack 4 "def"
1.00002 > P. 1:4(3) ack 1 "abc"`, "initiator 6, responder 5, initiator 4"},
		{"the last of the handshake before the SYN-ACK", `
0.00000 > S  0:0(0)
0.00001 > .  1:1(0) ack 1
0.00002 > P. 1:4(3) ack 1 "abc"
0.00003 < S. 0:0(0) ack 1`, "initiator 3"},
		{"after a millisecond it waits no more", opening + `
1.0000 < P. 1:4(3) ack 4 "def"
1.0011 > P. 1:4(3) ack 1 "abc"`, "responder 4, initiator 5"},
		{"for a millisecond of the time of another connection", opening + `
1.0000 < P. 1:4(3) ack 4 "def"
40001: 1.0011 > S 0:0(0)
1.0005 > P. 1:4(3) ack 1 "abc"`, "responder 4, initiator 6"},
		{"what never comes", opening + `
1.0000 < P. 1:4(3) ack 4 "def"
1.0001 < P. 4:7(3) ack 4 "ghi"`, "responder 4, responder 5"},
		{"the clock steps back", opening + `
1.0000 < P. 1:4(3) ack 4 "def"
0.5000 > P. 4:7(3) ack 1 "ghi"
0.5001 > P. 1:4(3) ack 1 "abc"`, "responder 4, initiator 5"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, _ := inOrder(t, flows.Options{}, tc.script); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// Who closed, and how, is told by the numbers, if neighbours were swapped.
func TestCloseOutOfOrder(t *testing.T) {
	for _, tc := range []struct {
		name, script, want string
		began              flows.Sides
	}{
		{"a FIN before the one that it acknowledges", opening + `
1.00000 > F. 1:1(0) ack 2
1.00001 < F. 1:1(0) ack 1
1.00002 < .  2:2(0) ack 2`,
			"complete fin active=2 tw=1/2 rst=0/ inferred=false", flows.ResponderSide},
		{"a FIN before the one that it acknowledges, by much", opening + `
1.00 > F. 1:1(0) ack 2
1.01 < F. 1:1(0) ack 1
1.02 < .  2:2(0) ack 2`,
			"complete fin active=2 tw=1/2 rst=0/ inferred=false", flows.ResponderSide},
		{"the last ACK before the FIN", opening + `
1.00000 < F. 1:1(0) ack 1
1.00001 < .  2:2(0) ack 2
1.00002 > F. 1:1(0) ack 2`,
			"complete fin active=2 tw=1/2 rst=0/ inferred=false", flows.ResponderSide},
		{"an RST before the data that it follows", opening + `
1.00000 < R. 4:4(0) ack 1
1.00001 < P. 1:4(3) ack 1 "abc"`,
			"complete reset active=0 tw=2/0 rst=2/abort inferred=false", flows.ResponderSide},
		{"the answer to what comes later before the abort", opening + `
1.00000 < R  1:1(0)
1.00001 < R. 1:1(0) ack 1`,
			"complete reset active=0 tw=2/0 rst=2/abort inferred=false", flows.ResponderSide},
		{"an RST before the SYN that it refuses", `
0.00000 < R. 0:0(0) ack 1 win 0
0.00001 > S  0:0(0)`,
			"refused reset active=0 tw=0/0 rst=2/refused inferred=false", flows.ResponderSide},
		{"an RST that the receiver ignores, and the one that it does not, before the FIN", opening + `
1.00000 < F. 1:1(0) ack 1
1.02000 > P. 1:4(3) ack 1 "abc"
1.02001 < R  1:1(0)
1.04000 < R  2:2(0)
1.04001 > F. 4:4(0) ack 2`,
			"complete fin_then_reset active=2 tw=2/0 rst=2/no_socket inferred=false", flows.ResponderSide},
		{"an RST of the server before the client's FIN", opening + `
1.00000 < R. 1:1(0) ack 1
1.00010 > F. 1:1(0) ack 1`,
			"complete fin_then_reset active=1 tw=2/0 rst=2/abort inferred=false", flows.ResponderSide},
		{"an RST of the server after the client's FIN", opening + `
1.00000 > F. 1:1(0) ack 1
1.00010 < R. 1:1(0) ack 2`,
			"complete fin_then_reset active=1 tw=2/0 rst=2/abort inferred=false", flows.InitiatorSide},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, conns := inOrder(t, flows.Options{}, tc.script)
			if len(conns) != 1 {
				t.Fatalf("got %d connections, want 1", len(conns))
			}
			c := conns[0]
			if got := describe(c); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if got := c.Began(); got != tc.began {
				t.Errorf("%v began the close, want %v", got, tc.began)
			}
			if got := c.Retransmissions(flows.Initiator) + c.Retransmissions(flows.Responder); got != 0 {
				t.Errorf("got %d retransmissions, want 0", got)
			}
		})
	}
}

// Of one side: swapped by the capture, or sent again because the peer asked for it?
func TestFilledAtOnce(t *testing.T) {
	const near = `
0.00000 > S  0:0(0)
0.00001 < S. 0:0(0) ack 1
0.00002 > .  ack 1
1.00000 > P. 4:7(3) ack 1 "def"`
	for _, tc := range []struct {
		name, script    string
		retransmissions uint32
	}{
		{"nobody asked", near + `
1.00050 > P. 1:4(3) ack 1 "abc"`, 0},
		{"the peer asked", near + `
1.00010 < .  1:1(0) ack 1
1.00050 > P. 1:4(3) ack 1 "abc"`, 1},
		{"nobody asked, but late", near + `
1.00110 > P. 1:4(3) ack 1 "abc"`, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, conns := inOrder(t, flows.Options{}, tc.script)
			if got := conns[0].Retransmissions(flows.Initiator); got != tc.retransmissions {
				t.Errorf("got %d retransmissions, want %d", got, tc.retransmissions)
			}
		})
	}
}

// The answer to a probe, or to a SYN, may come before it.
func TestAnswerBeforeQuestion(t *testing.T) {
	t.Run("a probe", func(t *testing.T) {
		_, conns := inOrder(t, flows.Options{}, opening+`
9.00000 < .  1:1(0) ack 1
9.00001 > .  0:0(0) ack 1
24.0000 > .  0:0(0) ack 1
24.0001 < .  1:1(0) ack 1`)
		if p := conns[0].Probes(flows.Initiator); p.Sent != 2 || p.Answered != 2 {
			t.Errorf("got %d probes and %d answers, want 2 and 2", p.Sent, p.Answered)
		}
	})
	t.Run("a SYN of a tuple that is used again", func(t *testing.T) {
		_, conns := inOrder(t, flows.Options{}, closed+`
9.00000 < S. 70000:70000(0) ack 70001
9.00001 > S  70000:70000(0)
9.00002 > .  70001:70001(0) ack 70001`)
		if len(conns) != 2 || conns[1].Handshake() != flows.HandshakeComplete || conns[0].Packets(flows.Responder) != 2 {
			t.Errorf("got %d connections, the last %v", len(conns), conns[len(conns)-1].Handshake())
		}
	})
	t.Run("a challenge", func(t *testing.T) {
		_, conns := inOrder(t, flows.Options{}, closed+`
9.00000 < .  2:2(0) ack 2
9.00001 > S  -9:-9(0)
9.00002 > R  2:2(0)`)
		if len(conns) != 2 || !conns[1].Challenged() {
			t.Errorf("got %d connections, want 2, the last challenged", len(conns))
		}
	})
}

// However much waits, it is bounded, and none is lost.
func TestOrderBound(t *testing.T) {
	var script strings.Builder
	script.WriteString(opening)
	for i := range 3000 {
		fmt.Fprintf(&script, "1.0000 < P. %d:%d(2) ack %d \"ab\"\n", 1+2*i, 3+2*i, 10+i)
	}
	got, _ := inOrder(t, flows.Options{}, script.String())
	if n := strings.Count(got, "responder"); n != 3000 {
		t.Errorf("%d segments were handed over, want 3000", n)
	}
}

// With Evict a quiet capture lets go what waits, too; what is applied is told.
func TestOrderInLiveCapture(t *testing.T) {
	var applied []uint64
	r := &orderTeller{}
	e := flows.NewEngine(flows.Options{Evict: true, Applied: func(_ *flows.Conn, _ flows.Side, s *flows.Segment) {
		applied = append(applied, s.Num)
	}}, r)
	segs := capturetest.Segments(t, opening+`
1.00000 < P. 1:4(3) ack 4 "def"
2.00000 < P. 4:7(3) ack 7 "ghi"
2.00001 > P. 4:7(3) ack 4 "xyz"`)
	for i := range segs[:4] {
		e.Segment(&segs[i])
	}
	e.Sweep(e.Now() + 5e8)
	if got := fmt.Sprint(applied); got != "[1 2 3 4]" {
		t.Errorf("applied %s, want 1 to 4", got)
	}
	e.Segment(&segs[4])
	e.Segment(&segs[5])
	if got := fmt.Sprint(applied); got != "[1 2 3 4 6 5]" {
		t.Errorf("applied %s, want 6 before 5", got)
	}
}
