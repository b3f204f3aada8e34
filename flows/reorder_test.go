package flows_test

import (
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
)

// A hole that is filled: sent again, or only late?
func TestFilledHole(t *testing.T) {
	for _, tc := range []struct {
		name, script    string
		retransmissions uint32
	}{
		{"later timestamp, though soon", `
1.0000 > P. 1:4(3) ack 1 "abc" tsval 100
1.0001 > P. 7:9(2) ack 1 "gh" tsval 100
1.0004 > P. 4:7(3) ack 1 "def" tsval 102`, 1},
		{"earlier timestamp, though late", `
1.0000 > P. 1:4(3) ack 1 "abc" tsval 100
1.0010 > P. 7:9(2) ack 1 "gh" tsval 102
1.2000 > P. 4:7(3) ack 1 "def" tsval 101`, 0},
		{"same timestamp, but newer ones came before it", `
1.0000 > P. 4:7(3) ack 1 "def" tsval 100
1.0010 > P. 7:9(2) ack 1 "gh" tsval 101
1.2000 > P. 1:4(3) ack 1 "abc" tsval 100`, 0},
		{"same timestamp, late", `
1.0000 > P. 4:7(3) ack 1 "def" tsval 100
1.2000 > P. 1:4(3) ack 1 "abc" tsval 100`, 1},
		{"no timestamps, an older hole", `
1.0000 > P. 4:7(3) ack 1 "def"
1.2000 > P. 10:12(2) ack 1 "jk"
1.2001 > P. 1:4(3) ack 1 "abc"`, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, conns, _ := follow(t, opening+tc.script)
			if got := conns[0].Retransmissions(flows.Initiator); got != tc.retransmissions {
				t.Errorf("got %d retransmissions, want %d", got, tc.retransmissions)
			}
		})
	}
}
