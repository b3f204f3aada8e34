package flows_test

import (
	"fmt"
	"strings"
	"testing"
)

// scaled is an opening with windows of 4 x 1000 bytes of the initiator, which is what
// the responder's data has to fit into.
const scaled = `
0.000 > S  0:0(0)            win 1000 wscale 2
0.001 < S. 0:0(0)     ack 1  win 1000 wscale 0
0.002 > .             ack 1  win 1000
0.010 > P. 1:4(3)     ack 1  win 1000 "abc"
0.020 < P. 1:4(3)     ack 4  win 1000 "def"
0.030 > .             ack 4  win 1000
`

// Data and FINs count if they fit into the window of their receiver, as far as it is
// known.
func TestBeyondWindow(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		want         string // what the responder sent, and how much is missing
	}{
		{"one segment far ahead", scaled + `
0.040 < P. 30000000:30000003(3) ack 4 "bad"
0.050 < P. 4:7(3) ack 4 "ghi"
0.060 > . ack 7 win 1000
0.070 < F. 7:7(0) ack 4`, "defghi<end 10> missing 0, 0 again"},
		{"one segment far ahead, and the receiver says at once that it is none of its", scaled + `
0.0400 < P. 30000000:30000003(3) ack 4 "bad"
0.0405 > . 4:4(0) ack 4 win 1000
0.0500 < P. 4:7(3) ack 4 "ghi"`, "defghi missing 0, 0 again"},
		{"one segment far ahead that acknowledges what was not sent", scaled + `
0.040 < P. 30000000:30000003(3) ack 9000 "bad"
0.050 < P. 4:7(3) ack 4 "ghi"
0.060 > . ack 7 win 1000`, "defghi missing 0, 0 again"},
		{"one segment far ahead, and its side goes on", scaled + `
0.040 < P. 30000000:30000003(3) ack 4 "bad"
0.050 < P. 4:7(3) ack 4 "ghi"`, "defghi missing 0, 0 again"},
		{"a FIN far ahead", scaled + `
0.040 < F. 30000000:30000000(0) ack 4
0.050 < P. 4:7(3) ack 4 "ghi"
0.060 > . ack 7 win 1000`, "defghi missing 0, 0 again"},
		{"far ahead before an RST", scaled + `
0.040 < P. 30000000:30000003(3) ack 4 "bad"
0.050 < R. 4:4(0) ack 4`, "def<end 8> missing 0, 0 again"},
		{"behind a hole at the window's edge", scaled + `
0.040 < P. 4001:4004(3) ack 4 "end"
0.060 > . ack 4004 win 1000`, "def<gap 3997>end missing 3997, 0 again"},
		{"behind a hole beyond the window's edge that the receiver acknowledges", scaled + `
0.040 < P. 30000000:30000003(3) ack 4 "end"
0.060 > . ack 30000003 win 1000
0.070 < P. 30000003:30000006(3) ack 4 "!!!"`, "def<gap 29999996>end!!! missing 29999996, 0 again"},
		{"behind a hole beyond the window's edge, and a window that has opened", scaled + `
0.040 < P. 4101:4104(3) ack 4 "end"
0.060 > . 4:4(0) ack 4 win 2000
0.070 > . 4:4(0) ack 4104 win 2000`, "def<gap 4097>end missing 4097, 0 again"},
		{"behind a hole beyond the window's edge, and the capture ends", scaled + `
0.040 < P. 30000000:30000003(3) ack 4 "end"
0.050 < F. 30000003:30000003(0) ack 4`, "def<gap 29999996>end<end 8> missing 29999996, 0 again"},
		{"more than fits, without a hole: acknowledgements were not captured", scaled + `
0.040 < P. 4:4004(4000) ack 4
0.050 < P. 4004:4007(3) ack 4 "end"`, "def" + strings.Repeat("\x00", 4000) + "end missing 0, 0 again"},
		{"the scale is not known", `
0.010 > P. 1:4(3)     ack 1  win 1000 "abc"
0.020 < P. 1:4(3)     ack 4  win 1000 "def"
0.030 > .             ack 4  win 1000
0.040 < P. 8004:8007(3) ack 4 "end"
0.050 < P. 4:7(3) ack 4 "ghi"`, "defghi<gap 7997>end missing 7997, 1 again"},
		{"one direction only", `
0.001 < S. 0:0(0)     ack 1  win 1000 wscale 0
0.020 < P. 1:4(3)     ack 4  win 1000 "def"
0.040 < P. 30000000:30000003(3) ack 4 "end"`, "def<gap 29999996>end missing 29999996, 0 again"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, conns, r := follow(t, tc.script)
			got := fmt.Sprintf("%s missing %d, %d again", r.data[1], conns[0].Missing(1), conns[0].Retransmissions(1))
			if got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}
