package live

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// State is what a connection is doing at a moment.
type State uint8

// The states.
const (
	Opening    State = iota // its handshake is not complete
	Active                  // an exchange is under way
	Idle                    // open, and nothing is under way
	Silent                  // what is sent is not answered
	HalfClosed              // one side has sent its FIN
	TimeWait                // closed; a side still holds TIME_WAIT
	Closed
)

// String returns the state as the view names it.
func (s State) String() string {
	return [...]string{"opening", "active", "idle", "silent", "half-closed", "TIME_WAIT", "closed"}[s]
}

// idleAfter is how long, in ns, a connection must be silent to count as idle if its
// messages cannot be read: nothing else marks the end of an exchange then.
const idleAfter = 1e9

// synTimeout is for how long, in ns, after its last packet a handshake that was not
// answered counts as under way. Linux sends a SYN again after at most 32 s, unless
// tcp_syn_retries was raised, so a minute without one means that it has given up.
const synTimeout = 60e9

// StateOf returns what c is doing at the time now, in ns since the epoch, and a
// duration in ns: for how much longer TIME_WAIT, which lasts for timeWait, goes on, or
// else for how long c has been doing that.
func StateOf(c *analyze.Connection, now, timeWait int64) (State, int64) {
	since := func(at int64) int64 { return max(0, now-at) }
	opening := c.Handshake == flows.HandshakeUnanswered || c.Handshake == flows.HandshakeIncomplete
	switch c.Close.Kind {
	case flows.CloseOpen:
		if opening && c.Requests <= 0 {
			return Opening, since(c.Start)
		}
		return openState(c, now)
	case flows.CloseSilent:
		if opening && since(c.End) < synTimeout {
			return Opening, since(c.Start)
		}
		return Silent, since(c.End)
	case flows.CloseHalf:
		return HalfClosed, since(c.Close.At)
	case flows.CloseFIN, flows.CloseSimultaneous:
		switch c.Close.TimeWait {
		case analyze.TimeWaitClient, analyze.TimeWaitServer, analyze.TimeWaitBoth:
			if left := c.End + timeWait - now; left > 0 {
				return TimeWait, left
			}
		}
	}
	return Closed, since(c.End)
}

// openState tells active connections from idle ones.
func openState(c *analyze.Connection, now int64) (State, int64) {
	e := &c.Evidence
	switch {
	case c.HTTPUnknown || c.Protocol != analyze.HTTP10 && c.Protocol != analyze.HTTP11:
		silent := max(0, now-c.End)
		if silent < idleAfter && c.Protocol != analyze.NoProtocol {
			return Active, max(0, now-c.Start)
		}
		return Idle, silent
	case e.Outstanding > 0 || e.HeadStarted:
		begun := e.Request.At
		if !e.Request.OK() || e.Outstanding == 0 {
			begun = c.End
		}
		return Active, max(0, now-begun)
	case e.LastDone != analyze.Unknown:
		return Idle, max(0, now-e.LastDone)
	}
	return Idle, max(0, now-c.End)
}

// Recycled says which connections took over the TIME_WAIT entry of an earlier one
// between the same two endpoints: by endpoints, the ID of the last that did.
type Recycled map[tuple]uint64

// Recycled returns which connections of x took over a TIME_WAIT entry, nil if none did.
func (x *Snapshot) Recycled() Recycled {
	var out Recycled
	var scratch analyze.Connection
	for i := range x.Len() {
		c := x.ConnectionAt(i, &scratch)
		if c.Evidence.Recycled == analyze.Nobody {
			continue
		}
		if out == nil {
			out = Recycled{}
		}
		out[tupleOf(c.Client, c.Server)] = c.ID
	}
	return out
}

// State returns what [StateOf] does, but a connection whose TIME_WAIT entry a later one
// has taken over is Closed, and for how long is [analyze.Unknown].
func (r Recycled) State(c *analyze.Connection, now, timeWait int64) (State, int64) {
	s, d := StateOf(c, now, timeWait)
	if s == TimeWait && r[tupleOf(c.Client, c.Server)] > c.ID {
		return Closed, analyze.Unknown
	}
	return s, d
}
