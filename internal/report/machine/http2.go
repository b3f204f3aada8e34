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
	)
	e.goAway(&x.GoAway)
	e.open("pings")
	e.members(member{"keep_alive", x.KeepAlivePings}, member{"other", x.OtherPings})
	e.close()
	e.raw(`,"lost":`)
	e.bool(x.Lost)
	e.close()
	if x.GRPCCalls > 0 {
		e.members(member{"grpc_failed", x.GRPCFailed})
	}
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
const http2Cells = 13

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
	r.int(x.KeepAlivePings, x.OtherPings)
	r.bool(x.Lost)
	if x.GRPCCalls > 0 {
		r.int(x.GRPCFailed)
	} else {
		r.end()
	}
}
