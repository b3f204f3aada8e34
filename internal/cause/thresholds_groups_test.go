package cause

import (
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// TestThresholdsOfGroups holds, on both sides of it, what each threshold of a single
// file changes.
func TestThresholdsOfGroups(t *testing.T) {
	for _, tc := range []thresholdCase{
		{"minConnectWait", minConnectWait - 1, minConnectWait, func(x int64) bool {
			c := connection(func(c *analyze.Connection, e *analyze.Evidence) {
				c.Handshake, c.BytesClient, c.Close.ResetShape = flows.HandshakeIncomplete, 0, flows.ResetNoSocket
				e.ClientRST = analyze.Mark{At: c.Start + x, Packet: 3}
			})
			_, k := judge(c, 100*second)
			return k == openingGivenUp
		}},
		{"besideAnother", 10*second - besideAnother, 10*second - besideAnother + 1, func(x int64) bool {
			gaveUp := &Record{ID: 2, Pair: 1, Start: 10 * second, Ended: 11 * second, class: openingGivenUp}
			p := pairOf([]*Record{{ID: 1, Pair: 1, Start: x - 1000, connect: 1, flags: isOpen}, gaveUp})
			p.gaveUpOpening()
			return gaveUp.Cause == SpareDial
		}},
		{"goDrain", goDrain - 1, goDrain, func(x int64) bool { return inVain(x, x, x) }},
		{"drainExact", goDrain + drainExact + 1, goDrain + drainExact, func(x int64) bool { return inVain(x, x, goDrain+drainLate) }},
		{"drainLate", goDrain + drainLate + 1, goDrain + drainLate, func(x int64) bool { return inVain(goDrain, goDrain, x) }},
		{"drainFew", goDrain + drainFew + 1, goDrain + drainFew, func(x int64) bool { return goInVain(x, x) }},
		{"inPlace", inPlace + 1, inPlace, func(x int64) bool {
			spare := &Record{ID: 2, Pair: 1, Start: 5*second + x, Cause: NoRequest, observation: observation{kind: observedNoRequest, by: sender(analyze.Client)}}
			p := pairOf([]*Record{{ID: 1, Pair: 1, Ended: 5 * second, Cause: ClientUnreadBody}, spare})
			p.spareDials()
			return spare.Cause == SpareDial
		}},
		{"afterOpening", afterOpening + 1, afterOpening, func(x int64) bool {
			s := serverOf(ended([]int64{0, 9 * second}, []int64{9*second + x, 20 * second}, []int64{second, second}))
			return s.madeRoom(s.Records[0])
		}},
		{"byChance", 4*byChance*afterOpening - 1, 4 * byChance * afterOpening, makesRoom},
	} {
		if tc.is(tc.without) {
			t.Errorf("%s: at %d it holds, want it not to", tc.name, tc.without)
		}
		if !tc.is(tc.with) {
			t.Errorf("%s: at %d it does not hold, want it to", tc.name, tc.with)
		}
	}
}

// inVain reports whether a client that closes connections at these times after the
// head of a response is taken to have read on for nothing.
func inVain(waited ...int64) bool {
	return len(pairOf(readInVain(waited)).drainedInVain()) == len(waited)
}

// goInVain is inVain for a client that says it is Go.
func goInVain(waited ...int64) bool {
	p := pairOf(readInVain(waited))
	p.Program = products.Go
	return len(p.drainedInVain()) == len(waited)
}

// readInVain returns connections that a client closed at these times after the head of a
// response.
func readInVain(waited []int64) (records []*Record) {
	for i, ns := range waited {
		end := int64(i+1) * second
		records = append(records, &Record{ID: uint32(i + 1), Pair: 1, Ended: end, times: [2]int64{end - ns - 1e5, end - ns},
			observation: observation{kind: observedCutEnd, ns: ns + 1e5}, class: clientEndedBusy})
	}
	return records
}

// makesRoom reports whether a server is taken to make room that has closed each of
// three connections just after the next one was opened, the last of these at x.
func makesRoom(x int64) bool {
	records := ended([]int64{0, x / 3, x * 2 / 3}, []int64{x/3 + 1, x*2/3 + 1, x + 1}, []int64{60e6, 90e6, 180e6})
	records = append(records, &Record{ID: 4, Pair: 1, Start: x, flags: isOpen})
	s := serverOf(records)
	d := &Decisions{}
	d.atConnectionLimit(s, byEnd(s.waiting(serverEndedIdle)))
	return records[0].Cause == ServerConnectionLimit
}
