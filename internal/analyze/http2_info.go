package analyze

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
)

// HTTP2 is what HTTP/2 shows of a connection. Requests are the streams that were opened
// and not refused. Times are ns since the epoch, durations ns.
type HTTP2 struct {
	StreamsOpened, StreamsRefused int64
	MostAtOnce                    int64 // open streams
	Limit                         int64 // SETTINGS_MAX_CONCURRENT_STREAMS of the server; Unknown without
	Failed, Abandoned             int64 // streams that the server, the client reset
	Lasting                       int64 // streams of events or of gRPC whose response went on for 1 s or longer
	GRPCCalls, GRPCFailed         int64 // that were answered; of them those with another grpc-status than 0
	KeepAlivePings, OtherPings    int64 // of both sides, without answers
	CancelPings, BDPPings         int64 // of the other ones: sent with the reset of a stream, and to measure what DATA may be under way
	ClientPings, ServerPings      Pings
	GoAway                        GoAway
	Windows                       bool // of flow control are known, until frames were missed
	ClientStalls, ServerStalls    Stalls
	Settings                      int64 // frames of both sides, without answers
	OddFrames                     int64 // that RFC 9113 does not allow, or that cannot be decoded
	Lost                          bool  // the place in one direction was lost and not found again: there may have been more
}

// StreamCount adds up streams of HTTP/2.
type StreamCount struct {
	Connections           int64 // that speak HTTP/2 and can be read
	Opened, Refused       int64
	GRPCCalls, GRPCFailed int64
	OddFrames, Odd        int64 // frames that RFC 9113 does not allow, and the connections that have them
	Lost                  int64 // connections whose frames were not found again after bytes that are missing
}

func (n *StreamCount) add(x *h2State) {
	n.Connections++
	n.Opened += int64(x.opened)
	n.Refused += int64(x.refused)
	n.GRPCCalls += int64(x.grpcCalls)
	n.GRPCFailed += int64(x.grpcFailed)
	if x.odd > 0 {
		n.OddFrames += int64(x.odd)
		n.Odd++
	}
	if x.lost() {
		n.Lost++
	}
}

// addStreams adds the streams of a connection.
func (a *Analyzer) addStreams(s *totals, t *httpState) {
	if x := a.states.h2Of(t); x != nil {
		s.sum.Streams.add(x)
		s.pools.servers.At(s.pools.pairs.At(t.pair).server).streams.add(x)
	}
}

// Pings are the PINGs of one side that keep a connection alive.
type Pings struct {
	KeepAlive      int64
	Idle, Interval int64 // silence before the first of a run, time between two; Unknown without
}

// GoAway is what the first side that sent GOAWAY said by it. By is Nobody without one.
type GoAway struct {
	By         Party
	Mark       Mark // the first GOAWAY
	LastStream uint32
	Code       http2.ErrCode
	Debug      string // as sent, shortened
	Drains     bool   // the first one left open which stream is the last
	Open       int64  // streams that were open when it came
	Requests   int64  // that had been sent until then
	Done       int64  // last byte of the last response before it; Unknown without
	After      int64  // streams that were opened in spite of it
	Unheeded   int64  // of them those above the last one, when the client must have had it
}

// h2Info returns what HTTP/2 shows of a connection whose last packet came at end, nil if it
// does not speak it.
func (a *Analyzer) h2Info(t *httpState, client flows.Side, end int64) *HTTP2 {
	x := a.states.h2Of(t)
	if x == nil {
		return nil
	}
	info := &HTTP2{
		StreamsOpened: int64(x.opened), StreamsRefused: int64(x.refused), MostAtOnce: int64(x.most), Limit: x.limit,
		Failed: int64(x.failed), Abandoned: int64(x.abandoned), GRPCCalls: int64(x.grpcCalls), GRPCFailed: int64(x.grpcFailed),
		ClientPings: x.pings[client].told(), ServerPings: x.pings[client.Peer()].told(),
		OtherPings: int64(x.pings[0].other) + int64(x.pings[1].other), CancelPings: int64(x.pings[0].cancel) + int64(x.pings[1].cancel),
		BDPPings: int64(x.pings[0].bdp) + int64(x.pings[1].bdp),
		Lasting:  int64(x.lasting), Settings: int64(x.settings), OddFrames: int64(x.odd),
		Lost: x.lost(), Windows: x.begun,
	}
	for i := range x.streams {
		if x.streams[i].lasts(end) {
			info.Lasting++
		}
	}
	if x.begun {
		info.ClientStalls, info.ServerStalls = x.stallsOf(client, end), x.stallsOf(client.Peer(), end)
	}
	info.KeepAlivePings = info.ClientPings.KeepAlive + info.ServerPings.KeepAlive
	if g := &x.away; g.some {
		info.GoAway = GoAway{
			By: party(g.from.Set(), client), Mark: Mark{g.at, g.num}, LastStream: g.last, Code: g.code, Debug: g.debug,
			Drains: g.drains, Open: int64(g.open), Requests: int64(g.requests), Done: g.done, After: int64(g.after), Unheeded: int64(g.unheeded),
		}
	}
	return info
}

// lost reports whether the place in what a side sends is lost.
func (x *h2State) lost() bool {
	return x.lostThen || x.readers != nil && (x.readers[0].IsLost() && x.readers[0].Losses() > 0 || x.readers[1].IsLost() && x.readers[1].Losses() > 0)
}

func (p *pings) told() Pings {
	x := Pings{KeepAlive: int64(p.keepAlive), Idle: Unknown, Interval: Unknown}
	if p.idle > 0 {
		x.Idle = p.idle
	}
	if p.interval > 0 {
		x.Interval = p.interval
	}
	return x
}

// awayAt returns when the side that is to stop sending requests was told so, or said it
// itself, with nothing under way; Unknown if that did not happen.
func (a *Analyzer) awayAt(t *httpState) int64 {
	if x := a.states.h2Of(t); x != nil && x.away.some {
		return x.away.at
	}
	return Unknown
}

// knownDebug are the texts of a GOAWAY that programs are known to send, and that tell a
// reason: those of grpc-go.
var knownDebug = []string{"too_many_pings", "max_age", "max_idle", "graceful_stop"}

// debugText returns the text of a GOAWAY. Where names are replaced, it is one of those that
// are known or none: a text may hold any name.
func (a *Analyzer) debugText(b []byte) string {
	if a.opt.Rewrite == nil {
		return string(b)
	}
	for _, known := range knownDebug {
		if strings.Contains(string(b), known) {
			return known
		}
	}
	return ""
}
