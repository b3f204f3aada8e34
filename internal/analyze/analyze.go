package analyze

import (
	"net/netip"
	"slices"
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/keylog"
)

// Options say what to analyze. The zero Options analyze everything.
type Options struct {
	TimeWait  time.Duration  // how long TIME_WAIT lasts; 60 s if zero
	Server    netip.AddrPort // only connections to it, if valid
	Filtered  bool           // segments were left out: stream numbers are not known
	Narrowed  bool           // less than all of the capture was asked for
	Exchanges bool           // keep every exchange
	Story     uint64         // tell the connection with that ID packet by packet

	// OnConnection, if set, is called with each connection when it has ended;
	// it is then forgotten, and the Result has no connections. The pointee is
	// valid only during the call.
	OnConnection func(*Connection)

	// Clock, if set, is asked when Apply is called without segments: all that were
	// captured before its answer, ns since the epoch, have been applied. So
	// OnConnection need not wait for the next segment.
	Clock func() int64

	// Fold makes the totals forget what happened two minutes ago and more, so that
	// memory does not grow with the number of connections. Numbers that compare
	// with a perfect pool are then by the pool need that was known at the time.
	Fold bool

	// Limits bound the rows of pairs, servers and hosts. When some are left out, the
	// others get new numbers, and OnRenumber, if set, is called with functions that
	// return the new number of a pair and of a server, 0 for one that was left out.
	Limits     Limits
	OnRenumber func(pair, server func(uint32) uint32)

	// Turn, if set, is called when SweepMost connections have gone to OnConnection,
	// and more are to go, so that memory for them can be made free.
	Turn      func()
	SweepMost int

	// Observer, if set, is shown the packets of the connections that it wants.
	Observer Observer

	// WholeHandshakes shows it the handshakes of TLS whole, not only what can be read of them.
	WholeHandshakes bool

	// Rewrite, if set, returns what is to be read in place of a head. It is as long,
	// and valid until the next call.
	Rewrite func(raw []byte) []byte

	// RewriteTLS, if set, replaces names in what TLS shows of a connection.
	RewriteTLS func(*TLSInfo)

	// RewriteAddr, if set, replaces addresses that are told in payload. Like RewriteTLS it
	// is called on several goroutines.
	RewriteAddr func([16]byte) [16]byte

	// Sums, if set, is called by Finish with what was added up, before it is: it is valid
	// during the call. Fold and Limits must not be set.
	Sums func(*Sums)

	// Keys, if set, is called before segments are taken. It returns secrets of TLS sessions,
	// whose connections are read as if they were not encrypted, and whether more may be
	// added to them; nil for none so far.
	Keys func() (log *keylog.Log, grows bool)

	// PortBudget, if set, returns how many ports a client has towards one server,
	// 0 if that is not known.
	PortBudget func(client netip.Addr) int64
}

// Analyzer follows one capture. It belongs to one goroutine at a time.
type Analyzer struct {
	opt    Options
	server flows.Endpoint
	engine *flows.Engine

	states  httpStates
	proxies proxies
	reader  *reader // of the connection whose data is under way
	bufs    httpparse.Buffers
	pools   pools
	totals  totals
	story   story
	conn    Connection // the one that OnConnection sees

	exchanges     []Exchange
	firstExchange int32 // how many were given up before them
	lastFold      int64 // when the totals were last folded
	hasKeys       bool  // secrets of TLS sessions are known
	watching      bool  // the observer wants the connection whose data is under way
	unpaired      int   // connections that are kept whose pair is not known yet
	gaveUp        gaveUp
	repeats       repeats

	refusedRecords bool // some of exchanges are of streams that were refused
}

// New returns an Analyzer.
func New(opt Options) *Analyzer {
	if opt.TimeWait <= 0 {
		opt.TimeWait = time.Minute
	}
	a := &Analyzer{opt: opt}
	if opt.Server.IsValid() {
		a.server = flows.EndpointOf(opt.Server)
	}
	a.story.id = opt.Story
	a.engine = flows.NewEngine(a.engineOptions(), consumer{a})
	a.pools.init()
	a.pools.limits = opt.Limits
	a.totals.init(&a.pools, opt.OnConnection != nil && !opt.Fold)
	return a
}

// engineOptions returns what the engine is to do.
func (a *Analyzer) engineOptions() flows.Options {
	opt := flows.Options{TimeWait: int64(a.opt.TimeWait), Evict: a.opt.OnConnection != nil, IgnoredRST: func(c *flows.Conn) {
		if a.wanted(c) {
			a.totals.sum.IgnoredRSTs++
		}
	}}
	if a.opt.Story != 0 {
		opt.Applied = func(c *flows.Conn, from flows.Side, s *flows.Segment) {
			if a.story.of(c) {
				a.story.add(a, c, from, s)
			}
		}
	}
	return opt
}

// Apply takes the next segments of the capture, in order; none if it is quiet.
// The segments are the caller's again when it returns.
func (a *Analyzer) Apply(segs []flows.Segment) {
	if a.opt.Keys != nil {
		k := &a.states.keys.table
		k.Log, k.Grows = a.opt.Keys()
		a.hasKeys = k.Log != nil
	}
	for i := range segs {
		s := &segs[i]
		c := a.engine.Segment(s)
		if s.Flags&(flows.SYN|flows.FIN|flows.RST) != 0 && c != nil && a.wanted(c) {
			a.totals.countFlags(s.Flags)
		} else if s.Flags == flows.ACK && s.Len == 0 {
			a.totals.sum.BareACK = true
		}
		if w := a.opt.Observer; w != nil && c != nil && w.Wants(c.ID) {
			w.Packet(c, senderOf(c, s), s)
		}
	}
	now := a.engine.Now()
	if len(segs) == 0 && a.opt.Clock != nil {
		now = max(now, a.opt.Clock())
	}
	for a.engine.SweepSome(now, a.opt.SweepMost) {
		a.opt.Turn()
	}
	a.keepLimits()
	if a.opt.Fold && a.engine.Now() >= a.lastFold+foldEvery {
		a.lastFold = a.engine.Now()
		a.foldTurns()
		a.totals.fold(a.lastFold - 2*int64(a.opt.TimeWait) - foldEvery)
	}
}

// foldEvery is how often the totals are folded, in ns: what they keep until then is
// small.
const foldEvery = 5e9

// wanted reports whether c is to be analyzed.
func (a *Analyzer) wanted(c *flows.Conn) bool {
	return !a.opt.Server.IsValid() || c.Endpoint(flows.Responder) == a.server || c.Midstream() && c.Endpoint(flows.Initiator) == a.server
}

// Finish says that the capture is over, with the times of its first and last
// packet, and adds all up.
func (a *Analyzer) Finish(first, last int64) *Result {
	a.engine.Finish()
	last = max(last, a.engine.Now())
	settle := func(c *flows.Conn) {
		if a.wanted(c) {
			a.settle(c)
		}
	}
	if a.opt.OnConnection != nil && a.story.id == 0 {
		a.engine.Drain(func(c *flows.Conn) {
			settle(c)
			a.states.drop(c)
		})
	} else {
		a.engine.Each(settle)
	}
	if a.refusedRecords {
		a.exchanges = slices.DeleteFunc(a.exchanges, func(e Exchange) bool { return e.Refused })
	}
	r := &Result{analyzer: a}
	if a.opt.Sums != nil {
		a.opt.Sums(a.sums(first, last))
	}
	a.totals.finish(r, &a.opt, first, last, a.engine.Counts())
	forgotten, since := a.engine.Forgotten()
	r.CopiesMissed, r.CopiesMissedSince = int64(forgotten), since
	if a.opt.OnConnection == nil {
		a.index(r)
	}
	r.Settled = r.Totals
	a.gaveUp.tell(r)
	r.Repeats, r.Keys = a.repeats.told(), a.keyUse()
	a.story.finish(r, a)
	if a.opt.OnConnection != nil && !a.opt.Fold && a.story.id == 0 { // no connection can be asked for: the rows are in the result
		a.totals, a.pools = totals{pools: &a.pools}, pools{}
	}
	return r
}

// settle adds a connection that does not change any more to the totals.
func (a *Analyzer) settle(c *flows.Conn) {
	a.keepLimits()
	var scratch httpState
	t := &scratch
	if a.opt.OnConnection == nil || a.story.of(c) {
		t = a.states.get(c) // it is asked for later
	} else {
		t = a.states.read(c, &scratch)
	}
	client := clientSide(c, t)
	t.pair = a.pairOf(c, t)
	a.addEstimated(&a.totals, c, t)
	a.addStreams(&a.totals, t)
	a.totals.add(c, t, client, a.beganClose(c, t, client), int64(a.opt.TimeWait), max(0, a.tlsTime(t)))
	if a.opt.OnConnection != nil {
		a.describeAs(c, t, &a.conn)
		a.opt.OnConnection(&a.conn)
	}
	if a.opt.Exchanges || a.story.of(c) {
		a.updateRecords(t)
	}
}

// pairOf returns the pair of a connection, as far as it shows.
func (a *Analyzer) pairOf(c *flows.Conn, t *httpState) uint32 {
	if t.pair != 0 {
		return t.pair
	}
	return a.pools.pair(c, clientSide(c, t))
}

// index notes which connections the Result has.
func (a *Analyzer) index(r *Result) {
	r.count = a.engine.Len()
	if !a.opt.Server.IsValid() {
		return
	}
	r.ids = []uint64{}
	a.engine.Each(func(c *flows.Conn) {
		if a.wanted(c) {
			r.ids = append(r.ids, c.ID)
		}
	})
	r.count = len(r.ids)
}
