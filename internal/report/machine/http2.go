package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// http2 appends what HTTP/2 shows, nothing without it.
func (e *encoder) http2(x *analyze.HTTP2) {
	if x == nil {
		return
	}
	e.open("h2")
	e.members(
		member{"streams_opened", x.StreamsOpened},
		member{"streams_refused", x.StreamsRefused},
		member{"most_at_once", x.MostAtOnce},
		member{"max_concurrent_streams", x.Limit},
		member{"streams_lasting", x.Lasting},
	)
	e.goAway(&x.GoAway)
	e.open("pings")
	e.members(member{"keep_alive", x.KeepAlivePings}, member{"other", x.OtherPings}, member{"cancel", x.CancelPings}, member{"bdp", x.BDPPings})
	e.close()
	e.stalls(x)
	e.members(member{"settings", x.Settings}, member{"odd_frames", x.OddFrames})
	e.raw(`,"lost":`)
	e.bool(x.Lost)
	e.close()
	if x.GRPCCalls > 0 {
		e.members(member{"grpc_failed", x.GRPCFailed})
	}
}

// stalls appends how long windows of flow control held each side up, null if they are not
// known.
func (e *encoder) stalls(x *analyze.HTTP2) {
	if !x.Windows {
		e.raw(`,"stalls":null`)
		return
	}
	e.open("stalls")
	e.stallsOf("client", &x.ClientStalls)
	e.stallsOf("server", &x.ServerStalls)
	e.close()
}

// stallsOf appends the stalls of one side.
func (e *encoder) stallsOf(side string, s *analyze.Stalls) {
	e.open(side)
	e.members(member{"stream", s.Stream})
	e.key("stream_seconds")
	e.seconds(s.StreamTime)
	e.members(member{"connection", s.Connection})
	e.key("connection_seconds")
	e.seconds(s.ConnectionTime)
	e.close()
}

// goAway appends the GOAWAY of a connection, null without one.
func (e *encoder) goAway(g *analyze.GoAway) {
	if g.By == analyze.Nobody {
		e.raw(`,"goaway":null`)
		return
	}
	e.open("goaway")
	e.raw(`"by":`)
	e.word(g.By.String())
	e.members(member{"last_stream", int64(g.LastStream)})
	e.raw(`,"code":`)
	e.word(g.Code.String())
	e.raw(`,"debug":`)
	if g.Debug == "" {
		e.null()
	} else {
		e.text(g.Debug)
	}
	e.raw(`,"at":`)
	e.time(g.Mark.At)
	e.raw(`,"packet":`)
	e.packet(g.Mark.Packet)
	e.close()
}

// http2Cells is how many cells of a row HTTP/2 has.
const http2Cells = 26

// http2 appends the cells of what HTTP/2 shows, but for the text of a GOAWAY.
func (r csvRow) http2(x *analyze.HTTP2) {
	if x == nil {
		for range http2Cells {
			r.end()
		}
		return
	}
	r.int(x.StreamsOpened, x.StreamsRefused, x.MostAtOnce, x.Limit)
	if g := &x.GoAway; g.By != analyze.Nobody {
		r.word(g.By.String())
		r.int(int64(g.LastStream))
		r.word(g.Code.String())
		r.time(g.Mark.At)
		r.uint(g.Mark.Packet)
	} else {
		r.word("", "", "", "", "")
	}
	r.int(x.KeepAlivePings, x.OtherPings, x.CancelPings, x.BDPPings)
	r.bool(x.Lost)
	if x.GRPCCalls > 0 {
		r.int(x.GRPCFailed)
	} else {
		r.end()
	}
	r.int(x.Lasting, x.Settings, x.OddFrames)
	for _, s := range []*analyze.Stalls{&x.ClientStalls, &x.ServerStalls} {
		if !x.Windows {
			r.word("", "", "", "")
			continue
		}
		r.int(s.Stream)
		r.seconds(s.StreamTime)
		r.int(s.Connection)
		r.seconds(s.ConnectionTime)
	}
}
