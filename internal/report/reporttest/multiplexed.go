package reporttest

import (
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Multiplexed is an incident whose first connection shows all that one with HTTP/2 may
// show, and whose second one shows nothing but its stream.
func Multiplexed() *report.Report {
	r := Incident()
	h := r.Facts.(*HandMade)
	quiet := analyze.Pings{Idle: analyze.Unknown, Interval: analyze.Unknown}
	h.Conns[0].Protocol, h.Conns[0].HTTP2 = analyze.H2C, &analyze.HTTP2{
		StreamsOpened: 14, StreamsRefused: 2, MostAtOnce: 5, Limit: 4, Failed: 1, Abandoned: 3, GRPCCalls: 9, GRPCFailed: 2,
		KeepAlivePings: 3, OtherPings: 6, CancelPings: 1, BDPPings: 3, Lasting: 2, Settings: 1_000_001, OddFrames: 4, Windows: true,
		ServerStalls: analyze.Stalls{Stream: 12, StreamTime: 1203 * Ms, Connection: 1, ConnectionTime: 250 * Ms}, ServerPings: quiet,
		ClientPings: analyze.Pings{KeepAlive: 3, Idle: 10_000 * Ms, Interval: 10_000 * Ms},
		GoAway: analyze.GoAway{By: analyze.Server, Mark: analyze.Mark{At: Noon + 900*Ms, Packet: 9}, LastStream: 23, Code: http2.EnhanceYourCalm,
			Debug: "too_many_pings\x1b[31m<b>", Open: 1, Requests: 12, Done: Noon + 60*Ms, After: 1},
		Lost: true,
	}
	h.Conns[1].Protocol, h.Conns[1].HTTP2 = analyze.H2C, &analyze.HTTP2{
		StreamsOpened: 1, MostAtOnce: 1, Limit: analyze.Unknown, ClientPings: quiet, ServerPings: quiet,
	}
	for i := range h.Exch {
		h.Exch[i].Stream = uint32(2*i + 1)
	}
	n := analyze.StreamCount{Connections: 2, Opened: 15, Refused: 2, GRPCCalls: 9, GRPCFailed: 2, OddFrames: 4, Odd: 1, Lost: 1}
	r.Result.Totals.Streams, r.Result.Servers[0].Streams = n, n
	return diagnosed(r)
}
