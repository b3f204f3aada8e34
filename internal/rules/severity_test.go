package rules

import (
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// TestWorst holds the greatest part of some pairs that comes to a share.
func TestWorst(t *testing.T) {
	fifth := share{1, 5}
	for _, tc := range []struct {
		name   string
		stakes []stake
		want   float64
	}{
		{"nothing", nil, 0},
		{"a fifth", []stake{{10, 50}}, 10},
		{"less than a fifth", []stake{{10, 51}}, 0},
		{"one that is well beside one that is not", []stake{{1, 1000}, {10, 50}}, 10},
		{"together a fifth, the better one first", []stake{{1, 30}, {9, 20}}, 10},
		{"a part of the better one", []stake{{10, 60}, {9, 40}}, 14},
		{"more than there is", []stake{{3, 0}, {3, 2}}, 6},
	} {
		if got := worst(fifth, tc.stakes); got < tc.want-1e-9 || got > tc.want+1e-9 {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

// weighed is a finding about one pair.
type weighed struct {
	failed, wasted int64
	each           int64   // requests on each connection that is wasted; 1 if 0
	well           int64   // requests on others
	every          float64 // seconds from one connection to the next
	unopened       bool    // what failed are connections
}

// severity weighs a finding as it is made.
func (w weighed) severity() Severity {
	if w.failed > 0 {
		return ofFailed([]stake{{w.failed, w.well + w.failed}}, !w.unopened)
	}
	f := Finding{Saves: Saving{Connections: w.wasted}, records: [][]*cause.Record{nil}}
	for i := range w.wasted {
		r := &cause.Record{ID: uint32(i + 1), Pair: 1, Start: int64(float64(i) * w.every * 1e9), Requests: uint32(max(w.each, 1))}
		f.records[0] = append(f.records[0], r)
	}
	v := &view{requests: []int64{0, w.well}, used: []int64{0, 1}, avoidable: []int64{0, w.wasted}, checks: make([]bool, 2)}
	for _, r := range f.records[0] {
		v.requests[1] += int64(r.Requests)
		v.used[1]++
	}
	return v.weigh(&f)
}

// TestWeigh holds what a finding must cost to matter, on both sides of each
// threshold.
func TestWeigh(t *testing.T) {
	for _, tc := range []struct {
		threshold string
		at        weighed
		want      Severity
	}{
		{"one request that failed of any number", weighed{failed: 1, well: 1e6}, Notable},
		{"failedShare: more requests did not fail", weighed{failed: 5, well: 496}, Notable},
		{"failedShare", weighed{failed: 5, well: 495}, Grave},
		{"MinSamples, of requests that failed", weighed{failed: 2, well: 98}, Notable},
		{"MinSamples, of requests that failed", weighed{failed: 3, well: 97}, Grave},
		{"a connection that did not open", weighed{failed: 1, well: 99, unopened: true}, Notable},
		{"one of many", weighed{failed: 1, well: 100, unopened: true}, Info},
		{"fewWasted", weighed{wasted: fewWasted - 1}, Info},
		{"fewWasted", weighed{wasted: fewWasted, well: 1}, Notable},
		{"mostShare", weighed{wasted: 2, well: 2}, Info},
		{"MinSamples", weighed{wasted: 3, well: 2}, Grave},
		{"graveShare", weighed{wasted: 10, well: 41}, Notable},
		{"graveShare", weighed{wasted: 10, well: 40}, Grave},
		{"notableShare", weighed{wasted: 3, well: 148}, Info},
		{"notableShare", weighed{wasted: 3, well: 147}, Notable},
		{"manyWasted", weighed{wasted: manyWasted - 1, well: 1e6}, Info},
		{"manyWasted", weighed{wasted: manyWasted, well: 1e6}, Notable},
		{"used by so many requests that they are less than graveShare", weighed{wasted: 1000, each: 6}, Notable},
		{"used by so many requests that they are less than notableShare", weighed{wasted: 1000, each: 51}, Info},
		{"used by as many as make graveShare", weighed{wasted: 3, each: 5}, Grave},
		{"one a minute", weighed{wasted: 10, every: 60}, Grave},
		{"less than one a minute", weighed{wasted: 1000, every: 60.1}, Info},
	} {
		if tc.at.every == 0 {
			tc.at.every = 1
		}
		if got := tc.at.severity(); got != tc.want {
			t.Errorf("%s: got %v with %+v, want %v", tc.threshold, got, tc.at, tc.want)
		}
	}
}
