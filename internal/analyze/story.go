package analyze

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

// maxStory bounds the packets of a story.
const maxStory = 100_000

// story collects the packets of one connection while the capture is read.
type story struct {
	id     uint64 // 0 for none
	conn   *flows.Conn
	events []StoryEvent
	sides  []flows.Side
	more   uint64
	frames []string  // what the frames of HTTP/2 since the last packet mean
	base   [2]uint32 // sequence numbers that count as 0
	based  [2]bool

	before     flows.Conn // as it was before the last packet
	httpBefore httpState
}

// of reports whether the story is of c.
func (y *story) of(c *flows.Conn) bool { return y.id != 0 && c != nil && c.ID == y.id }

// add adds a segment of c that has been applied.
func (y *story) add(a *Analyzer, c *flows.Conn, d flows.Side, s *flows.Segment) {
	y.conn = c
	t := a.states.get(c)
	y.rebase(d, s)
	if len(y.events) < maxStory {
		y.events = append(y.events, StoryEvent{
			Num: s.Num, Time: s.Time, Flags: s.Flags, Len: s.Len, Window: s.Window,
			Seq: s.Seq - y.base[d], Ack: y.ack(d, s), Means: y.means(a, c, t, d, s),
		})
		y.sides = append(y.sides, d)
		y.sortLast()
	} else {
		y.more++
	}
	y.before, y.httpBefore = *c, *t
}

// sortLast puts the last event where its packet belongs: it may have waited for
// others.
func (y *story) sortLast() {
	for i := len(y.events) - 1; i > 0 && y.events[i-1].Num > y.events[i].Num; i-- {
		y.events[i-1], y.events[i] = y.events[i], y.events[i-1]
		y.sides[i-1], y.sides[i] = y.sides[i], y.sides[i-1]
	}
}

// rebase sets what counts as sequence number 0 of each side.
func (y *story) rebase(d flows.Side, s *flows.Segment) {
	if !y.based[d] && s.Flags&flows.RST == 0 || s.Flags&flows.SYN != 0 {
		y.based[d] = true
		y.base[d] = s.Seq
		if s.Flags&flows.SYN == 0 {
			y.base[d]--
		}
	}
	if p := d.Peer(); !y.based[p] && s.Flags&flows.ACK != 0 {
		y.based[p] = true
		y.base[p] = s.Ack - 1
	}
}

// ack returns the relative acknowledgement number of s, 0 without.
func (y *story) ack(d flows.Side, s *flows.Segment) uint32 {
	if s.Flags&flows.ACK == 0 {
		return 0
	}
	return s.Ack - y.base[d.Peer()]
}

// means says what a segment of side d did, from what changed with it.
func (y *story) means(a *Analyzer, c *flows.Conn, t *httpState, d flows.Side, s *flows.Segment) []string {
	var m []string
	say := func(format string, args ...any) { m = append(m, fmt.Sprintf(format, args...)) }
	old, now := y.before.Probes(d), c.Probes(d)
	theirs, theirsNow := y.before.Probes(d.Peer()), c.Probes(d.Peer())
	again := c.Retransmissions(d) > y.before.Retransmissions(d)
	switch {
	case now.Sent > old.Sent:
		say("keep-alive probe")
	case theirsNow.Answered > theirs.Answered:
		say("answers the probe")
	case again:
		say("retransmission")
	}
	if missing := c.Missing(d) - y.before.Missing(d); missing > 0 {
		say("%d bytes before it are not in the capture", missing)
	}
	y.sayOpening(c, s, again, say)
	if t.has(multiplexed) {
		m = append(m, y.frames...)
		y.frames = nil
	} else {
		y.sayExchanges(a, t, say)
		m = append(m, y.frames...)
		y.frames = y.frames[:0]
	}
	if s.Window == 0 && s.Flags&(flows.RST|flows.SYN) == 0 {
		say("window closed")
	}
	if s.Flags&flows.FIN != 0 && !again {
		say("FIN")
	}
	if s.Flags&flows.RST != 0 {
		sayReset(c, d, s, say)
	}
	return m
}

// sayOpening says what a segment does for the handshake.
func (y *story) sayOpening(c *flows.Conn, s *flows.Segment, again bool, say func(string, ...any)) {
	switch s.Flags & (flows.SYN | flows.ACK) {
	case flows.SYN:
		if !again {
			say("SYN")
		}
	case flows.SYN | flows.ACK:
		if !again {
			say("SYN-ACK")
		}
	}
	_, was := y.before.RTT()
	if rtt, is := c.RTT(); is && !was {
		say("handshake complete, round trip %.3f ms", float64(rtt)/1e6)
	}
}

// sayExchanges says which messages a segment began and completed.
func (y *story) sayExchanges(a *Analyzer, t *httpState, say func(string, ...any)) {
	for n := y.httpBefore.requests + 1; n <= t.requests; n++ {
		if e := a.exchange(y.id, n); e != nil {
			say("request %d: %s %s", n, e.MethodName, e.Target)
		}
	}
	if n := t.interim - y.httpBefore.interim; n > 0 {
		say("interim response")
	}
	for n := y.httpBefore.responses + 1; n <= t.responses; n++ {
		if e := a.exchange(y.id, n); e != nil && e.Status != 0 {
			say("response %d: %d", n, e.Status)
		} else {
			say("response %d", n)
		}
	}
	if t.lastDone != y.httpBefore.lastDone && t.lastDone != Unknown && t.responses > 0 && t.outstanding == 0 {
		say("response %d complete", t.responses)
	}
	if n := t.surplus - y.httpBefore.surplus; n > 0 {
		say("%d bytes beyond the end of response %d", n, t.responses)
	}
	if t.has(malformed) && !y.httpBefore.has(malformed) {
		say("no HTTP/1.x response")
	}
	if t.facts&tunnelled != 0 && !y.httpBefore.has(tunnelled) {
		say("leaves HTTP/1")
	}
}

// exchange returns the n-th exchange of a connection, if it was kept, with
// its status as far as it is known.
func (a *Analyzer) exchange(id uint64, n uint32) *Exchange {
	for i := len(a.exchanges) - 1; i >= 0; i-- {
		if e := &a.exchanges[i]; e.Connection == id && e.N == n {
			return e
		}
	}
	return nil
}

// What an RST tells of its sender.
const (
	liveReset = "RST by a live socket or a refusal"
	bareReset = "bare RST: no such connection there"
)

// sayReset says what an RST does.
func sayReset(c *flows.Conn, d flows.Side, s *flows.Segment, say func(string, ...any)) {
	by, _, _, _ := c.Resets()
	switch {
	case !by.Has(d):
		say("RST that its receiver does not accept")
	case s.Flags&flows.ACK != 0:
		say(liveReset)
	default:
		say(bareReset)
	}
}

// finish ends the story when all is known: who is the client, and what the
// FINs led to.
func (y *story) finish(r *Result, a *Analyzer) {
	if y.conn == nil {
		return
	}
	c := y.conn
	client := clientSide(c, a.states.get(c))
	closers := c.ActiveClosers()
	resets, _, _, _ := c.Resets()
	tw, holders := c.Holders()
	closed := flows.NoSide // whose first FIN is found
	for i := range y.events {
		e, d := &y.events[i], y.sides[i]
		e.FromClient = d == client
		if !resets.Has(d) {
			markIgnored(e, liveReset, bareReset)
		}
		if !c.FINs().Has(d) {
			markIgnored(e, "FIN")
			continue
		}
		if e.Flags&flows.FIN == 0 || closed.Has(d) {
			continue
		}
		closed |= d.Set()
		for j, m := range e.Means {
			if m == "FIN" {
				e.Means[j] = finMeans(party(d.Set(), client), closers.Has(d), closers == flows.BothSides, tw == flows.TimeWaitHeld && holders.Has(d))
			}
		}
	}
	r.story = Story{y.events, y.more}
}

// markIgnored marks what a packet seemed to mean where later ones show that its
// receiver did not take it so.
func markIgnored(e *StoryEvent, seemed ...string) {
	for i, m := range e.Means {
		if slices.Contains(seemed, m) {
			e.Means[i] = m + "; ignored"
		}
	}
}

// finMeans says what the first FIN of a side means.
func finMeans(who Party, active, both, holds bool) string {
	m := fmt.Sprintf("FIN, %s closes second", who)
	switch {
	case both:
		m = fmt.Sprintf("FIN, %s closes at the same time as its peer", who)
	case active:
		m = fmt.Sprintf("FIN, %s closes first", who)
	}
	if holds {
		m += ", will hold TIME_WAIT"
	}
	return m
}
