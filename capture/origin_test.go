package capture

import "testing"

// TestOriginsBound: when the memory of origins is used up, what is known stays
// known, and what comes later has no origin.
func TestOriginsBound(t *testing.T) {
	var o origins
	o.add(&block{first: 1, runs: []run{{source: 2, frames: 5, packet: 1}}})
	o.add(&block{first: 6, runs: []run{{source: 2, frames: 4, packet: 6}}}) // goes on
	if len(o.entries) != 1 {
		t.Errorf("got %d entries for one file, want 1", len(o.entries))
	}
	o.add(&block{first: 10, runs: []run{{source: 0, frames: 1, packet: 1}, {source: 2, frames: 200, packet: 10}, {source: 0, frames: 3, packet: 2}}})
	o.bytes = maxOrigins
	o.add(&block{first: 214}) // no frames
	o.add(&block{first: 214, runs: []run{{source: 1, frames: 10, packet: 1}}})
	o.add(&block{first: 224, runs: []run{{source: 1, frames: 10, packet: 11}}})
	for num, want := range map[uint64][2]uint64{
		1: {2, 1}, 9: {2, 9}, 10: {0, 1}, 11: {2, 10}, 210: {2, 209}, 211: {0, 2}, 213: {0, 4}, 214: {0, 0}, 230: {0, 0},
	} {
		if source, packet := o.find(num); uint64(source) != want[0] || packet != want[1] {
			t.Errorf("frame %d: got packet %d of file %d, want %d of %d", num, packet, source, want[1], want[0])
		}
	}
}
