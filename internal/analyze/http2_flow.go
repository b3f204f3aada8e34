package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
)

// Windows of flow control (RFC 9113, 5.2), where the packets are captured. A side stalls
// from the DATA that uses a window up, with more to send, to the frame that opens it, if
// DATA follows. A window that has a byte left holds nobody up: what is not sent then waits
// for something else.

// firstWindow is how much may be sent on a connection, and on a stream until SETTINGS say
// otherwise (RFC 9113, 6.9.2).
const firstWindow = 1<<16 - 1

// Levels of flow control.
const (
	streamLevel = iota
	connectionLevel
	flowLevels
)

// windowState is what the window of a stream or of a connection does to who sends.
type windowState uint8

const (
	windowOpen   windowState = iota
	windowUsedUp             // since a time, and there is more to send
	windowOpened             // again, after some time; whether DATA waited for that is not known yet
)

// window is how much one side may send on a stream or on the connection.
type window struct {
	ns    int64 // when it was used up, since the epoch; how long it was, once it is open again
	moved int32 // what WINDOW_UPDATE added, less what was sent: to be added to how large it began
	is    windowState
}

// move adds to a window.
func (w *window) move(by int64) {
	w.moved = int32(max(math.MinInt32, min(int64(w.moved)+by, math.MaxInt32)))
}

// left returns how much of a window is left that began with start bytes.
func (w *window) left(start int64) int64 { return start + int64(w.moved) }

// sending is what one side may send.
type sending struct {
	connection window
	highest    uint32 // stream when the window of the connection opened: a later one did not wait for that
	initial    int64  // of each stream, as SETTINGS of the other side say
	changedAt  int64  // when they said that
	stalls     [flowLevels]stalls
}

// stalls counts stalls and adds up how long they were.
type stalls struct {
	count uint32
	ns    int64
}

func (s *stalls) add(ns int64) {
	s.count += min(1, math.MaxUint32-s.count)
	s.ns += max(0, ns)
}

// h2Body takes DATA of one side.
func (a *Analyzer) h2Body(c *flows.Conn, t *httpState, x *h2State, from flows.Side, f *http2.Frame, now int64) {
	byClient, ends := from == t.requestSide(c), f.Has(http2.EndStream)
	if !x.blind {
		i, open := x.find(f.Stream)
		others := t.outstanding > 1 || t.outstanding == 1 && !open
		if x.sentOnConnection(from, f, !ends || others, now) && a.story.of(c) {
			a.story.say("the connection's window is used up")
		}
		if open && x.streams[i].sent(&x.sending[from], from, f.Length, !ends, now) && a.story.of(c) {
			a.story.say("the stream's window is used up")
		}
	}
	if ends {
		a.h2EndOfData(t, x, f.Stream, byClient, now)
	}
}

// sentOnConnection takes DATA from the window of the connection, and reports whether that
// used it up.
func (x *h2State) sentOnConnection(from flows.Side, f *http2.Frame, more bool, now int64) bool {
	s := &x.sending[from]
	w := &s.connection
	if w.is == windowOpened && f.Length > 0 {
		if f.Stream <= s.highest {
			s.stalls[connectionLevel].add(w.ns)
		}
		w.is = windowOpen
	}
	return w.send(f.Length, firstWindow, more, now)
}

// sent takes DATA from the window of the stream, and reports whether that used it up.
func (y *h2Stream) sent(s *sending, from flows.Side, n uint32, more bool, now int64) bool {
	w := &y.windows[from]
	switch {
	case n == 0:
	case w.is == windowOpened:
		s.stalls[streamLevel].add(w.ns)
	case w.is == windowUsedUp && w.left(s.initial) > 0 && s.changedAt >= w.ns: // SETTINGS opened it
		s.stalls[streamLevel].add(s.changedAt - w.ns)
	}
	if n > 0 {
		w.is = windowOpen
	}
	return w.send(n, s.initial, more, now)
}

// send takes bytes from a window that began with start of them, and reports whether that
// used it up.
func (w *window) send(n uint32, start int64, more bool, now int64) bool {
	w.move(-int64(n))
	switch {
	case !more:
		w.is = windowOpen
	case n > 0 && w.left(start) == 0:
		w.is, w.ns = windowUsedUp, now
		return true
	}
	return false
}

// open adds to a window that began with start bytes, and reports whether it was used up
// and is open by that.
func (w *window) open(n uint32, start, now int64) bool {
	w.move(int64(n))
	if w.is != windowUsedUp || w.left(start) <= 0 {
		return false
	}
	w.is, w.ns = windowOpened, now-w.ns
	return true
}

// h2Update takes a WINDOW_UPDATE of one side: it opens a window of the other.
func (a *Analyzer) h2Update(c *flows.Conn, x *h2State, from flows.Side, f *http2.Frame, now int64) {
	if x.blind {
		return
	}
	s, opened := &x.sending[from.Peer()], false
	if f.Stream == 0 {
		if opened = s.connection.open(f.Increment, firstWindow, now); opened {
			s.highest = x.highest
		}
	} else if i, ok := x.find(f.Stream); ok {
		opened = x.streams[i].windows[from.Peer()].open(f.Increment, s.initial, now)
	}
	if opened && a.story.of(c) {
		a.story.say("WINDOW_UPDATE opens the window")
	}
}

// setWindow takes SETTINGS_INITIAL_WINDOW_SIZE of one side, which holds for the streams
// that are open, too (RFC 9113, 6.9.2).
func (x *h2State) setWindow(from flows.Side, size, now int64) {
	if s := &x.sending[from.Peer()]; size <= http2.MaxStream && size != s.initial {
		s.initial, s.changedAt = size, now
	}
}

// sentAll notes that a side has sent all of a stream, which may be the only one that is
// open: it waits for no window any more.
func (x *h2State) sentAll(i int, from flows.Side, only bool) {
	x.streams[i].windows[from].is = windowOpen
	if only {
		x.sending[from].connection.is = windowOpen
	}
}

// stopWaiting ends what a stream that is over, which may be the only one that was open,
// waited for.
func (x *h2State) stopWaiting(y *h2Stream, only bool, now int64) {
	if x.blind {
		return
	}
	for side := range y.windows {
		s := &x.sending[side]
		if w := &y.windows[side]; w.is == windowUsedUp {
			s.stalls[streamLevel].add(now - w.ns)
		}
		if only && s.connection.is == windowUsedUp {
			s.stalls[connectionLevel].add(now - s.connection.ns)
		}
		if only {
			s.connection.is = windowOpen
		}
	}
}

// Stalls are how often a side could not send because a window of flow control was used
// up, and for how long in all, in ns. Those of several streams at once add up.
type Stalls struct {
	Stream, StreamTime         int64 // by the window of a stream
	Connection, ConnectionTime int64 // by that of the connection
}

// stallsOf returns the stalls of a side, with those that last until end.
func (x *h2State) stallsOf(side flows.Side, end int64) Stalls {
	s := x.sending[side]
	if !x.blind {
		for i := range x.streams {
			if w := &x.streams[i].windows[side]; w.is == windowUsedUp {
				s.stalls[streamLevel].add(end - w.ns)
			}
		}
		if s.connection.is == windowUsedUp && len(x.streams)+int(x.unlisted) > 0 {
			s.stalls[connectionLevel].add(end - s.connection.ns)
		}
	}
	stream, connection := &s.stalls[streamLevel], &s.stalls[connectionLevel]
	return Stalls{int64(stream.count), stream.ns, int64(connection.count), connection.ns}
}
