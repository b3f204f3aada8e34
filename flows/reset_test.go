package flows_test

import (
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
)

// An RST counts if its receiver accepts it (RFC 9293, 3.10.7; RFC 5961, 3.2).
func TestReset(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		want         flows.ResetShape // NoReset if it is ignored
	}{
		{"what the receiver expects next", opening + `
1 < R  1:1(0)`, flows.ResetNoSocket},
		{"what the receiver expects, though more was sent", opening + `
0.5 < P. 1:4(3) ack 1 "abc"
1.0 < R. 1:1(0) ack 1`, flows.ResetAbort},
		{"behind what was sent", opening + `
0.5 < P. 1:4(3) ack 1 "abc"
1.0 < R. 4:4(0) ack 1`, flows.ResetAbort},
		{"between what is acknowledged and what was sent", opening + `
0.5 < P. 1:7(6) ack 1 "abcdef"
1.0 < R  4:4(0)`, flows.ResetNoSocket},
		{"below what is acknowledged", opening + `
0.5 < P. 1:4(3) ack 1 "abc"
0.6 > .  1:1(0) ack 4
1.0 < R  2:2(0)`, flows.NoReset},
		{"in the window, behind bytes that may be missing", opening + `
1.0 < R  500:500(0)`, flows.ResetNoSocket},
		{"beyond the window", opening + `
0.5 > .  1:1(0) ack 1 win 100
1.0 < R  500:500(0)`, flows.NoReset},
		{"in the window as it is scaled", `
0.000 > S  0:0(0) wscale 3
0.001 < S. 0:0(0) ack 1 wscale 2
0.002 > .  ack 1 win 100
1.000 < R  500:500(0)`, flows.ResetNoSocket},
		{"the first packet of all", `
1.0 < R  500:500(0)`, flows.ResetNoSocket},
		{"the answer to a SYN", `
0.0 > S  0:0(0)
0.1 < R. 0:0(0) ack 1`, flows.ResetRefused},
		{"an answer to a SYN that acknowledges too much", `
0.0 > S  0:0(0)
0.1 < S. 0:0(0) ack 1
0.2 < R. -9:-9(0) ack 7`, flows.NoReset},
		{"disproved by what the receiver acknowledges later", opening + `
1.0 < R  1:1(0)
1.1 < P. 1:4(3) ack 1 "abc"
1.2 > .  1:1(0) ack 4`, flows.NoReset},
		{"in the window, and challenged", opening + `
1.0 < R  500:500(0)
1.1 > .  1:1(0) ack 1`, flows.NoReset},
		{"in the window, and its sender goes on", opening + `
1.0 < R  500:500(0)
1.1 < P. 1:4(3) ack 1 "abc"`, flows.NoReset},
		{"in the window, and data that crosses it", opening + `
1.0 < R  500:500(0)
1.1 > P. 1:4(3) ack 1 "abc"`, flows.ResetNoSocket},
		{"at the FIN, in CLOSE-WAIT", opening + `
1.0 < F. 1:1(0) ack 1
1.1 > .  1:1(0) ack 2
1.2 < R  1:1(0)`, flows.ResetNoSocket},
		{"at the FIN, in CLOSE-WAIT, and data that crosses it", opening + `
1.0 < F. 1:1(0) ack 1
1.1 > .  1:1(0) ack 2
1.2 < R  1:1(0)
1.3 > P. 1:4(3) ack 2 "abc"`, flows.ResetNoSocket},
		{"at the FIN, when the receiver holds TIME_WAIT", opening + `
1.0 > F. 1:1(0) ack 1
1.1 < F. 1:1(0) ack 2
1.2 > .  2:2(0) ack 2
1.3 < R  1:1(0)`, flows.NoReset},
		{"provisional, and disproved", opening + `
1.0 < R  4:4(0)
1.1 < P. 1:7(6) ack 1 "abcdef"
1.2 > .  1:1(0) ack 7`, flows.NoReset},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, conns, _ := follow(t, tc.script)
			by, shape, _, num := conns[0].Resets()
			if shape != tc.want || (by == flows.NoSide) != (shape == flows.NoReset) || (num == 0) != (shape == flows.NoReset) {
				t.Errorf("got %q by %v in frame %d, want %q", shape, by, num, tc.want)
			}
			want := uint64(0)
			if tc.want == flows.NoReset {
				want = 1
			}
			if got := e.Counts().IgnoredRST; got != want {
				t.Errorf("got %d RSTs ignored, want %d", got, want)
			}
		})
	}
}

// Both sides reset: the first RST tells how.
func TestResetsOfBothSides(t *testing.T) {
	_, conns, _ := follow(t, opening+`
1.0 > R. 1:1(0) ack 1
1.1 < R  1:1(0)`)
	by, shape, at, num := conns[0].Resets()
	if by != flows.BothSides || shape != flows.ResetAbort || millis(at) != 1000 || num != 4 {
		t.Errorf("got %v %v at %d ms in frame %d, want both, abort at 1000 ms in frame 4", by, shape, millis(at), num)
	}
}
