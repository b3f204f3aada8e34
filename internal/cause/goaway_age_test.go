package cause

import "testing"

// away returns that many connections to which GOAWAY came at ages within a tenth of a
// limit, one after the other.
func away(n int64) (w []*Record) {
	for i := range n {
		age := 27*second + i*second
		w = append(w, &Record{
			observation: observation{kind: observedGoAway}, class: saidInResponse,
			Start: i * 40 * second, times: [2]int64{i*40*second + age, 0},
		})
	}
	return w
}

// TestAwayWithJitter holds from how many GOAWAYs on ages are taken to be of one limit.
func TestAwayWithJitter(t *testing.T) {
	s := &Server{}
	if s.agedWithJitter(away(jitteredLeast-1)) || !s.agedWithJitter(away(jitteredLeast)) {
		t.Errorf("got an age from %d GOAWAYs: %v, and from %d: %v; want false and true",
			jitteredLeast-1, s.agedWithJitter(away(jitteredLeast-1)), jitteredLeast, s.agedWithJitter(away(jitteredLeast)))
	}
	s.Records = []*Record{{Start: 0, Done: 32 * second}} // kept when it was older than all of them
	if s.agedWithJitter(away(jitteredLeast)) {
		t.Error("got an age though a connection was kept beyond it")
	}
}

// TestJittered holds which limits ages show that are up to a tenth more or less.
func TestJittered(t *testing.T) {
	for _, tc := range []struct {
		ages []int64
		want int64
		ok   bool
	}{
		{[]int64{27.1e9, 32.8e9}, 30e9, true},
		{[]int64{0.966e9, 1.04e9, 1.02e9}, 1e9, true},
		{[]int64{54.5e9, 65.9e9}, 60e9, true},
		{[]int64{27e9, 33.1e9}, 0, false},
	} {
		if got, ok := jittered(tc.ages); got != tc.want || ok != tc.ok {
			t.Errorf("%v: got %d, %v, want %d, %v", tc.ages, got, ok, tc.want, tc.ok)
		}
	}
}
