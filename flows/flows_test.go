package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// recorder writes down what a Consumer is told.
type recorder struct {
	data [2]string
}

func (r *recorder) Open(*flows.Conn) {}
func (r *recorder) Data(_ *flows.Conn, from flows.Side, d *flows.Data) {
	r.data[from] += string(d.Payload)
	if d.Cut > 0 {
		r.data[from] += fmt.Sprintf("<cut %d>", d.Cut)
	}
}
func (r *recorder) Gap(_ *flows.Conn, from flows.Side, n uint64) {
	r.data[from] += fmt.Sprintf("<gap %d>", n)
}
func (r *recorder) End(_ *flows.Conn, from flows.Side, _ int64, num uint64) {
	r.data[from] += fmt.Sprintf("<end %d>", num)
}
func (r *recorder) Evict(*flows.Conn) {}

// follow runs a script through an Engine.
func follow(t *testing.T, script string) (*flows.Engine, []*flows.Conn, *recorder) {
	t.Helper()
	r := &recorder{}
	e := flows.NewEngine(flows.Options{}, r)
	segs := capturetest.Segments(t, script)
	for i := range segs {
		e.Segment(&segs[i])
	}
	e.Finish()
	var conns []*flows.Conn
	e.Each(func(c *flows.Conn) { conns = append(conns, c) })
	return e, conns, r
}

const opening = `
0.000 > S  0:0(0)
0.001 < S. 0:0(0) ack 1
0.002 > .  ack 1
`

// describe says the close of a connection in one line.
func describe(c *flows.Conn) string {
	tw, sides := c.Holders()
	by, shape, _, _ := c.Resets()
	return fmt.Sprintf("%v %v active=%d tw=%d/%d rst=%d/%v inferred=%v", c.Handshake(), c.CloseKind(), c.ActiveClosers(), tw, sides, by, shape, c.Inferred())
}

func TestClose(t *testing.T) {
	for _, tc := range []struct {
		name, script, want string
	}{
		{"responder closes first", opening + `
1.000 < F. 1:1(0) ack 1
1.001 > F. 1:1(0) ack 2
1.002 < .  ack 2`,
			"complete fin active=2 tw=1/2 rst=0/ inferred=false"},
		{"the FINs cross", opening + `
1.000 > F. 1:1(0) ack 1
1.000 < F. 1:1(0) ack 1
1.001 > .  2:2(0) ack 2
1.001 < .  2:2(0) ack 2`,
			"complete simultaneous active=3 tw=1/3 rst=0/ inferred=false"},
		{"a FIN without an acknowledgement", opening + `
1.000 < F. 1:1(0) ack 1
1.001 > F  1:1(0)
1.002 < .  2:2(0) ack 2`,
			"complete simultaneous active=3 tw=1/1 rst=0/ inferred=false"},
		{"one FIN, and nothing was captured of the other side", `
0.000 > S  0:0(0)
0.002 > .  ack 1
1.000 > F. 1:1(0) ack 9`,
			"complete unknown active=1 tw=4/0 rst=0/ inferred=false"},
		{"one FIN of the responder, and nothing was captured of the other side", `
0.000 < S. 0:0(0) ack 1
0.003 < P. 1:4(3) ack 4 "abc"
1.000 < F. 4:4(0) ack 4`,
			"complete unknown active=2 tw=4/0 rst=0/ inferred=false"},
		{"sent again and again, and nothing was captured of the other side", `
0.000 > S  0:0(0)
0.002 > .  ack 1
0.003 > P. 1:4(3) ack 1 "abc"
0.203 > P. 1:4(3) ack 1 "abc"
0.603 > P. 1:4(3) ack 1 "abc"`,
			"complete open active=0 tw=0/0 rst=0/ inferred=false"},
		{"one FIN so far", opening + `
1.000 > F. 1:1(0) ack 1
1.001 < .  1:1(0) ack 2`,
			"complete half_closed active=1 tw=3/0 rst=0/ inferred=false"},
		{"a late RST removes the TIME_WAIT", opening + `
1.000 > F. 1:1(0) ack 1
1.001 < F. 1:1(0) ack 2
1.002 > .  2:2(0) ack 2
31.00 < R  2:2(0)`,
			"complete fin_then_reset active=1 tw=2/0 rst=2/no_socket inferred=false"},
		{"the initiator aborts", opening + `
1.000 > R. 1:1(0) ack 1`,
			"complete reset active=0 tw=2/0 rst=1/abort inferred=false"},
		{"a forged RST out of place is ignored", opening + `
1.000 < R  -5000:-5000(0)
1.100 > P. 1:3(2) ack 1 "hi"
1.200 < .  1:1(0) ack 3`,
			"complete open active=0 tw=0/0 rst=0/ inferred=false"},
		{"the receiver of an RST goes on", opening + `
1.000 < R  1:1(0)
1.100 < P. 1:4(3) ack 1 "abc"
1.200 > .  1:1(0) ack 4`,
			"complete open active=0 tw=0/0 rst=0/ inferred=false"},
		{"refused", `
0.000 > S  0:0(0)
0.001 < R. 0:0(0) ack 1 win 0`,
			"refused reset active=0 tw=0/0 rst=2/refused inferred=false"},
		{"unanswered", `
0.000 > S  0:0(0)
1.000 > S  0:0(0)
2.000 > S  0:0(0)`,
			"unanswered silent active=0 tw=0/0 rst=0/ inferred=false"},
		{"the first FIN was not captured", opening + `
1.000 > P. 1:3(2) ack 1 "hi"
1.001 < F. 1:1(0) ack 4
1.002 > .  4:4(0) ack 2`,
			"complete fin active=1 tw=1/1 rst=0/ inferred=true"},
		{"the second FIN was not captured", opening + `
1.000 > F. 1:1(0) ack 1
1.001 < .  1:1(0) ack 2
1.002 > .  2:2(0) ack 2`,
			"complete fin active=1 tw=1/1 rst=0/ inferred=true"},
		{"simultaneous open", `
0.000 > S  0:0(0)
0.000 < S  0:0(0)
0.001 > S. 0:0(0) ack 1
0.001 < S. 0:0(0) ack 1
0.002 > .  ack 1`,
			"simultaneous open active=0 tw=0/0 rst=0/ inferred=false"},
		{"the SYN-ACK was not captured", `
0.000 > S  0:0(0)
0.002 > .  1:1(0) ack 1
0.003 > P. 1:3(2) ack 1 "hi"`,
			"complete open active=0 tw=0/0 rst=0/ inferred=false"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, conns, _ := follow(t, tc.script)
			if len(conns) != 1 {
				t.Fatalf("got %d connections, want 1", len(conns))
			}
			if got := describe(conns[0]); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestTimeWaitSpan(t *testing.T) {
	_, conns, _ := follow(t, opening+`
1.000 < F. 1:1(0) ack 1
1.500 > F. 1:1(0) ack 2
1.501 < .  2:2(0) ack 2
9.000 > F. 1:1(0) ack 2
9.001 < .  2:2(0) ack 2
30.00 > S  70000:70000(0)
30.01 < S. 65538:65538(0) ack 70001
30.02 > .  70001:70001(0) ack 65539`)
	if len(conns) != 2 {
		t.Fatalf("got %d connections, want 2", len(conns))
	}
	from, restarted, ended, ok := conns[0].TimeWaitSpan(flows.Responder)
	got := []int64{(from - capturetest.Epoch) / 1e6, (restarted - capturetest.Epoch) / 1e6, (ended - capturetest.Epoch) / 1e6}
	if want := []int64{1500, 9000, 30010}; !ok || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("entered, restarted, ended at %v ms, want %v", got, want)
	}
	if tw, sides := conns[0].Holders(); tw != flows.TimeWaitHeld || sides != flows.ResponderSide {
		t.Errorf("holder after the next life %v %v, want the responder still", tw, sides)
	}
	if conns[1].Stream != 1 {
		t.Errorf("stream %d, want 1", conns[1].Stream)
	}
}

func TestDelivery(t *testing.T) {
	for _, tc := range []struct {
		name, script, want string
		retransmissions    uint32
	}{
		{"in order", `
1 > P. 1:4(3) ack 1 "abc"
1.1 > P. 4:7(3) ack 1 "def"`, "abcdef", 0},
		{"sent again", `
1 > P. 1:4(3) ack 1 "abc"
1.3 > P. 1:4(3) ack 1 "abc"`, "abc", 1},
		{"sent again with more", `
1 > P. 1:4(3) ack 1 "abc"
1.3 > P. 1:7(6) ack 1 "abcdef"`, "abcdef", 1},
		{"reordered", `
1 > P. 4:7(3) ack 1 "def"
1.0005 > P. 1:4(3) ack 1 "abc"`, "abcdef", 0},
		{"lost before the capture point and sent again", `
1 > P. 4:7(3) ack 1 "def"
1.3 > P. 1:4(3) ack 1 "abc"`, "abcdef", 1},
		{"missed by the capture", `
1 > P. 4:7(3) ack 1 "def"
1.1 < . 1:1(0) ack 7`, "<gap 3>def", 0},
		{"missed by the capture, known later", `
1 > P. 1:4(3) ack 1 "abc"
1.1 < . 1:1(0) ack 8
1.2 > P. 8:9(1) ack 1 "h"`, "abc<gap 4>h", 0},
		{"a hole that is acknowledged after what came before it", `
1 > P. 1:4(3) ack 1 "abc"
1.1 > P. 7:10(3) ack 1 "ghi"
1.2 < . 1:1(0) ack 4
1.3 < . 1:1(0) ack 10`, "abc<gap 3>ghi", 0},
		{"a FIN behind a hole that is acknowledged", `
1 > F. 4:7(3) ack 1 "def"
1.1 < . 1:1(0) ack 8`, "<gap 3>def<end 4>", 0},
		{"data after the FIN", `
1 > F. 1:1(0) ack 1
1.1 > P. 1:4(3) ack 1 "abc"`, "<end 4>", 1},
		{"never filled", `
1 > P. 4:7(3) ack 1 "def"`, "<gap 3>def", 0},
		{"cut by the snap length", `
1 > P. 1:11(10) ack 1 "abcdefghij" cut 4
1.1 > P. 11:12(1) ack 1 "k"`, "abcd<cut 6>k", 0},
		{"a FIN before the last data", `
1 > F. 4:4(0) ack 1
1.001 > P. 1:4(3) ack 1 "abc"`, "abc<end 5>", 0},
		{"a probe with a byte is not data", `
1 > P. 1:4(3) ack 1 "abc"
1.001 < . 1:1(0) ack 4
3 > . 3:4(1) ack 1 "x"
3.001 < . 1:1(0) ack 4
3.1 > P. 4:5(1) ack 1 "d"`, "abcd", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, isn := range []string{"", "isn 4294967293 4294967295\n"} {
				_, conns, r := follow(t, isn+opening+tc.script)
				if r.data[flows.Initiator] != tc.want {
					t.Errorf("got  %q\nwant %q", r.data[flows.Initiator], tc.want)
				}
				if got := conns[0].Retransmissions(flows.Initiator); got != tc.retransmissions {
					t.Errorf("got %d retransmissions, want %d", got, tc.retransmissions)
				}
			}
		})
	}
}

func TestProbes(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		want         flows.Probes
	}{
		{"answered", `
2.002 > . 0:0(0) ack 1
2.003 < . 1:1(0) ack 1
17.10 > . 0:0(0) ack 1
17.11 < . 1:1(0) ack 1`, flows.Probes{Sent: 2, Answered: 2, Idle: 2e9, Interval: 15.098e9}},
		{"unanswered", `
2.002 > . 0:0(0) ack 1
3.002 > . 0:0(0) ack 1
4.002 > . 0:0(0) ack 1`, flows.Probes{Sent: 3, Idle: 2e9, Interval: 1e9}},
		{"both sides at the same instant", `
2.002 > . 0:0(0) ack 1
2.002 < . 0:0(0) ack 1
2.003 < . 1:1(0) ack 1
2.003 > . 1:1(0) ack 1`, flows.Probes{Sent: 1, Answered: 1, Idle: 2e9}},
		{"it acknowledges something new", `
0.500 < P. 1:4(3) ack 1 "abc"
2.502 > . 0:0(0) ack 4`, flows.Probes{}},
		{"too soon after data", `
0.300 > . 0:0(0) ack 1`, flows.Probes{}},
		{"a closed window", `
0.500 < . 1:1(0) ack 1 win 0
2.502 > . 0:0(0) ack 1`, flows.Probes{}},
		{"the last byte sent again", `
0.500 > P. 1:2(1) ack 1 "x"
2.502 > P. 1:2(1) ack 1 "x"`, flows.Probes{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, conns, _ := follow(t, opening+tc.script)
			if got := conns[0].Probes(flows.Initiator); got != tc.want {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

// A capture that begins in the idle time of a connection sees a probe first: it
// shows only in the answer that the bytes below it were sent before.
func TestProbesFromTheFirstPacketOn(t *testing.T) {
	_, conns, _ := follow(t, `
0.000 > . 0:0(0) ack 1
0.001 < . 1:1(0) ack 1
1.024 > . 0:0(0) ack 1
2.048 > . 0:0(0) ack 1
3.072 > R. 1:1(0) ack 1`)
	want := flows.Probes{Sent: 2, Idle: 1.023e9, Interval: 1.024e9}
	if got := conns[0].Probes(flows.Initiator); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSentAfterReset(t *testing.T) {
	_, _, r := follow(t, opening+`
0.5 > R  1:1(0)
9.0 > P. 1:4(3) ack 1 "abc"
9.1 < R  1:1(0)`)
	if want := "<end 4>abc<end 6>"; r.data[0] != want {
		t.Errorf("got %q, want %q", r.data[0], want)
	}
}

// Both ends of a connection are told again after an RST that was none.
func TestEndAfterForgedReset(t *testing.T) {
	_, _, r := follow(t, opening+`
1.0 < R  1:1(0)
1.1 < P. 1:4(3) ack 1 "abc"
1.2 > .  1:1(0) ack 4
2.0 < R. 4:4(0) ack 1`)
	if want := [2]string{"<end 4><end 7>", "<end 4>abc<end 7>"}; r.data != want {
		t.Errorf("got %q, want %q", r.data, want)
	}
}

func TestForgedBeforeHandshake(t *testing.T) {
	_, conns, r := follow(t, `
0.00 > S  0:0(0)
0.06 < R. -9:-9(0) ack 1
0.06 < F. -9:-9(0) ack 1
0.06 > R  1:1(0)
0.07 < S. 0:0(0) ack 1
0.08 > .  1:1(0) ack 1
0.09 > P. 1:4(3) ack 1 "abc"
0.10 < P. 1:3(2) ack 4 "ok"`)
	if got, want := describe(conns[0]), "complete open active=0 tw=0/0 rst=0/ inferred=false"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.HasSuffix(r.data[0], "abc") || !strings.HasSuffix(r.data[1], "ok") {
		t.Errorf("got %q", r.data)
	}
}

func TestAlikeResets(t *testing.T) {
	e, conns, _ := follow(t, opening+`
1.0000 > R  1:1(0) id 0
1.0001 > R  1:1(0) id 0`)
	if e.Counts().Duplicates != 0 || conns[0].Packets(flows.Initiator) != 4 {
		t.Errorf("got %d duplicates, want none: a dead socket answers each packet alike", e.Counts().Duplicates)
	}
}

func TestMidstreamAtAProbe(t *testing.T) {
	_, conns, r := follow(t, strings.TrimSpace(`
1.000 > .  0:0(0) ack 1
1.001 < .  1:1(0) ack 1
2.000 > P. 1:4(3) ack 1 "abc"
2.001 < P. 1:3(2) ack 4 "ok"`))
	if !conns[0].Midstream() || r.data[0] != "abc" || r.data[1] != "ok" || conns[0].Missing(flows.Initiator) != 0 {
		t.Errorf("midstream %v, data %q, missing %d", conns[0].Midstream(), r.data, conns[0].Missing(flows.Initiator))
	}
}

func TestDuplicates(t *testing.T) {
	e, conns, r := follow(t, `
0.000 > S  0:0(0) id 1 iface 1
0.010 > S  0:0(0) id 1 iface 2
0.011 < S. 0:0(0) ack 1 id 9
0.012 > .  ack 1 id 2
0.013 > P. 1:4(3) ack 1 "abc" id 3
0.0135 > P. 1:4(3) ack 1 "abc" id 3
0.019 > P. 1:4(3) ack 1 "abc" id 3 ttl 63
0.020 > P. 1:4(3) ack 1 "abc" id 4`)
	if got := e.Counts(); got.Duplicates != 3 {
		t.Errorf("got %+v, want 3 duplicates", got)
	}
	if conns[0].Packets(flows.Initiator) != 4 || conns[0].Retransmissions(flows.Initiator) != 1 || r.data[0] != "abc" {
		t.Errorf("got %d packets, %d retransmissions, %q", conns[0].Packets(flows.Initiator), conns[0].Retransmissions(flows.Initiator), r.data[0])
	}
}

// Data may come with the SYN (RFC 7413).
func TestDataWithSYN(t *testing.T) {
	_, conns, r := follow(t, `
0.000 > S  0:3(3) "abc"
0.001 < S. 0:0(0) ack 4
0.002 > P. 4:7(3) ack 1 "def"`)
	if r.data[flows.Initiator] != "abcdef" || conns[0].Handshake() != flows.HandshakeComplete {
		t.Errorf("got %q and handshake %v, want abcdef and complete", r.data[flows.Initiator], conns[0].Handshake())
	}
}

// Who sent data with a SYN has given up when nobody answers for so long.
func TestDataWithUnansweredSYN(t *testing.T) {
	for _, tc := range []struct{ name, script, want string }{
		{"so far", `
40001: 69.9 > S  0:0(0)`, "abc"},
		{"for long", `
40001: 70.1 > S  0:0(0)`, "abc<end 0>"},
		{"sent again", `
63 > S  0:3(3) "abc"
40001: 70.1 > S  0:0(0)`, "abc"},
		{"answered late", `
69.9 < S. 0:0(0) ack 4
40001: 99.9 > S  0:0(0)`, "abc"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, r := follow(t, `
0 > S  0:3(3) "abc"`+tc.script)
			if got := r.data[flows.Initiator]; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestTimeBack(t *testing.T) {
	e := flows.NewEngine(flows.Options{}, &recorder{})
	segs := capturetest.Segments(t, opening+`
5.0 > P. 1:4(3) ack 1 "abc"
2.0 < . ack 4
2.5 > P. 4:7(3) ack 1 "def"`)
	for i := range segs {
		e.Segment(&segs[i])
	}
	if got := e.Counts().TimeBack; got != 3e9 {
		t.Errorf("got %d ns back, want 3 s", got)
	}
}

func TestOpenedTheOtherWayAfterRefusal(t *testing.T) {
	_, conns, _ := follow(t, `
0.000 > S  0:0(0)
0.001 < R. 0:0(0) ack 1 win 0
0.002 < S  500:500(0)
0.003 > R. 0:0(0) ack 501 win 0`)
	if len(conns) != 2 || conns[0].Handshake() != flows.HandshakeRefused || conns[1].Handshake() != flows.HandshakeRefused || conns[1].Stream != 1 {
		t.Errorf("got %d connections, want 2 refused, each a stream", len(conns))
	}
}
