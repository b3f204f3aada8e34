package analyze

import "testing"

// Beyond the bound exchanges are counted, and keep their order; what is not
// remembered is unknown, not zero.
func TestQueueBound(t *testing.T) {
	var s httpStates
	_, x := s.Take()
	const n = maxQueued + 100
	for i := range int64(n) {
		s.push(x).requestAt = i + 1
	}
	s.last(x).requestDone = 7
	for i := range int64(n) {
		want := i + 1
		if i > maxQueued {
			want = Unknown
		}
		if x.current.requestAt != want || x.current.requestDone == 7 {
			t.Fatalf("exchange %d is of the time %d, want %d", i, x.current.requestAt, want)
		}
		s.pop(x)
	}
	if x.outstanding != 0 || x.queue != 0 || s.queued != 0 {
		t.Errorf("%d are outstanding, %d in queues", x.outstanding, s.queued)
	}
	s.push(x)
	s.push(x)
	if q := s.queues.At(x.queue); cap(q.list) > maxSpareQueue {
		t.Errorf("a queue used again has room for %d", cap(q.list))
	}
}
