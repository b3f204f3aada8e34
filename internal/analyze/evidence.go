package analyze

import "github.com/kaanalyze/kaanalyze/flows"

// Mark is a packet and its time. The zero Mark is none.
type Mark struct {
	At     int64 // ns since the epoch
	Packet uint64
}

// OK reports whether there is such a packet.
func (m Mark) OK() bool { return m.Packet != 0 }

// TimeWaitSpan is when a side is in TIME_WAIT, ns since the epoch. The zero
// TimeWaitSpan is none.
type TimeWaitSpan struct{ From, To int64 }

// Evidence is what tells why a connection carried no further request: the facts
// that its numbers leave out. Times are ns since the epoch, durations ns.
type Evidence struct {
	Pair, Server uint32 // numbers of its pair and its server, as in [Pair.Num] and [ServerSummary.Num]

	EndReason    EndReason // how a message ended the persistence; the first one that did counts
	EndMark      Mark      // that message
	EndN         int64     // its number among the requests, or the responses, of the connection; from 1
	PreviousDone int64     // last byte of the response before it; Unknown without

	LastDone      int64  // last byte of the last response; Unknown without, or while one is under way
	LastStatus    uint16 // of the last final response, 0 without
	LastHadBody   bool   // the last response that began has a body
	EarlyResponse bool   // a final response was complete before its request
	Idle408       bool   // a 408 came that answers no request
	Switched      bool   // a 101 or a CONNECT ended HTTP/1 on it
	HeadStarted   bool   // a request has begun whose head is not whole

	Outstanding   int64 // requests without a complete response
	ResponseBegun bool  // the response to the first outstanding request has begun
	EventStream   bool  // and it is a stream of events, which has no end of its own
	Request       Mark  // the first packet of the first outstanding request, else of the last request
	RequestDone   int64 // last byte of that request; Unknown if it is not complete
	FirstByteAt   int64 // first byte of the response to it; Unknown without

	IdleBefore       int64 // other connections of the pair that were idle when this one was opened
	IdleOthers       int64 // other connections of the pair that were idle when this one began to close
	SurvivedSameIdle bool  // it was used again after an idle time as long as the one before its close: no timeout ended it

	ClientFIN, ServerFIN           Mark
	ClientRST, ServerRST           Mark
	ClientTimeWait, ServerTimeWait TimeWaitSpan
	Quiet                          int64 // silence, but for probes, before the first FIN or RST

	ServerFINCrossedData bool // the server's FIN crossed data of the client: neither had the other's
	ClientSentAfterFIN   bool // the client sent data though it had the server's FIN
	ServerSentAfterFIN   bool // the server sent data after the client's FIN
	ClientFINCrossedData bool // the client's FIN crossed data of the server

	UnansweredClient, UnansweredServer uint32 // probes and retransmissions without any answer, to the end
	UnackedClient, UnackedServer       bool   // data or a FIN is not acknowledged at the end

	AnswersLost Party // whose timestamps show that answers did not reach it
	Remote      Party // who is not the capturing host, if the TTLs show it
	ForeignRST  Party // whose RST has another TTL than its other packets
	Stall       int64 // how long a window was closed, at the longest
	StallBy     Party // whose window that was

	Challenged            bool  // the SYN was answered by a bare ACK (RFC 9293, 3.10.7.4)
	Recycled              Party // who took over a TIME_WAIT of this 4-tuple
	SYNACKRetransmissions uint32
}

// asLong is how much shorter a pause may be that counts as long as another, ns:
// programs wake up no more exactly.
const asLong = 2e6

// evidence fills the evidence of a connection.
func (a *Analyzer) evidence(c *flows.Conn, t *httpState, client flows.Side, x *Evidence) {
	server := client.Peer()
	*x = Evidence{
		Pair: t.pair, Server: a.pools.pairs[t.pair].server,
		EndReason: t.end.reason, EndMark: Mark{t.end.at, t.end.num}, EndN: int64(t.end.n), PreviousDone: t.end.previousDone,
		LastDone: Unknown, LastStatus: t.lastStatus, LastHadBody: t.has(bodied),
		EarlyResponse: t.has(early), Idle408: t.has(idle408), Switched: t.has(tunnelled), HeadStarted: a.states.headBegun(t, client),
		Outstanding: int64(t.outstanding), RequestDone: Unknown, FirstByteAt: Unknown,
		IdleBefore: int64(t.idleBefore), IdleOthers: int64(t.idleOthers),
		Quiet:                c.Quiet(),
		ServerFINCrossedData: c.FINMissesData(server) || c.SentAcrossFIN(client),
		ClientSentAfterFIN:   c.SentAfterFIN(client),
		ServerSentAfterFIN:   c.SentAcrossFIN(server) || c.SentAfterFIN(server), ClientFINCrossedData: c.FINMissesData(client) || c.SentAcrossFIN(server),
		UnansweredClient: c.Unanswered(client), UnansweredServer: c.Unanswered(server),
		UnackedClient: c.Unacknowledged(client), UnackedServer: c.Unacknowledged(server),
		Challenged: c.Challenged(), SYNACKRetransmissions: c.SYNACKRetransmissions(),
	}
	if t.responses > 0 {
		x.LastDone = t.lastDone
	}
	if last, ok := lastGap(c, t); ok {
		x.SurvivedSameIdle = t.gaps.n > 0 && t.gaps.max >= last-asLong
	}
	if t.requests > 0 {
		x.Request = Mark{t.now.requestAt, t.now.requestNum}
		x.RequestDone, x.FirstByteAt, x.ResponseBegun = t.now.requestDone, t.now.firstByteAt, t.now.answered
		x.EventStream = t.now.answered && t.outstanding > 0 && t.has(events)
	}
	x.ClientFIN, x.ServerFIN = markOf(c.FINAt(client)), markOf(c.FINAt(server))
	x.ClientRST, x.ServerRST = markOf(c.RSTAt(client)), markOf(c.RSTAt(server))
	x.ClientTimeWait, x.ServerTimeWait = a.timeWaitSpan(c, client), a.timeWaitSpan(c, server)
	x.AnswersLost = partyWho(client, c.ProbeAnswersLost)
	x.Remote = party(c.Remote(), client)
	x.ForeignRST = partyWho(client, c.ForeignRST)
	var by flows.Side
	if x.Stall, by = c.Stall(); x.Stall > 0 {
		x.StallBy = party(by.Set(), client)
	}
	byClient, byServer := c.Recycled()
	switch {
	case byClient:
		x.Recycled = Client
	case byServer:
		x.Recycled = Server
	}
}

// timeWaitSpan returns the TIME_WAIT of a side.
func (a *Analyzer) timeWaitSpan(c *flows.Conn, s flows.Side) TimeWaitSpan {
	from, restarted, ended, ok := c.TimeWaitSpan(s)
	if !ok {
		return TimeWaitSpan{}
	}
	to := restarted + int64(a.opt.TimeWait)
	if ended != 0 {
		to = min(to, ended)
	}
	return TimeWaitSpan{from, to}
}

func markOf(at int64, num uint64, ok bool) Mark {
	if !ok {
		return Mark{}
	}
	return Mark{at, num}
}

// partyWho returns who of the two sides does what is says.
func partyWho(client flows.Side, is func(flows.Side) bool) Party {
	var s flows.Sides
	for side := range flows.Side(2) {
		if is(side) {
			s |= side.Set()
		}
	}
	return party(s, client)
}
