package reporttest

import (
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/bothends"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// otherSide is a capture at the other end, with all that two captures can tell.
func otherSide() *report.OtherSide {
	dropped := uint64(3)
	server := netip.MustParseAddrPort("10.20.0.2:8080")
	return &report.OtherSide{
		Source: "server.pcap", Packets: 900, CutPackets: 2, KernelDropped: &dropped, Damage: "the record is cut",
		Comparison: &bothends.Comparison{
			Matched: 4, By: [3]int{2, 1, 1}, Ambiguous: 1, AloneHere: 2, AloneThere: 3, OutsideHere: 1, OutsideThere: 1, Full: true,
			From: Noon, To: Noon + 900*Ms,
			Clock: bothends.Clock{Known: true, Offset: 37_250 * Ms, Low: 37_249 * Ms, High: 37_251 * Ms, DriftLow: 10, DriftHigh: 20, At: Noon + 450*Ms, Pairs: [2]uint64{70, 60}},
			Translated: []bothends.Translation{{
				Client: netip.MustParseAddr("10.20.0.1"), ClientThere: netip.MustParseAddr("192.0.2.1"), Server: server, ServerThere: server, Connections: 4, PortsKept: 1,
			}},
			Ports:    bothends.PortsKept{Kept: 1, Of: 4},
			Changed:  []bothends.Change{{Option: "MSS", Side: flows.Initiator, Sent: 1460, Got: 1400, Connections: 4}, {Option: "SACK", Side: flows.Responder, Sent: 1, Got: -1, Connections: 1}},
			Lost:     [2]bothends.Loss{{Sent: 100, Packets: 5, SYN: 1, FIN: 1, Data: 2, Bare: 1, Bytes: 2000}, {}},
			NotThere: 1, NotHere: 2, NotJudged: 3,
			LostPackets:  []bothends.Packet{{Here: 1, There: 2, Side: flows.Initiator, AtHere: true, Num: 7, Time: Noon, Flags: flows.PSH | flows.ACK, Bytes: 1000}},
			Forged:       []bothends.Packet{{Here: 1, There: 2, Side: flows.Responder, AtHere: true, Num: 9, Time: Noon + Ms, Flags: flows.RST}, {There: 3, Side: flows.Initiator, Num: 4, Time: Noon, Flags: flows.FIN | flows.ACK}},
			ForgedCount:  [2]uint64{1, 1},
			Needless:     [2]uint64{2, 1},
			NeedlessLost: [2]uint64{1, 0},
			SYN:          bothends.SYNs{NeverArrived: 1, NotAnswered: 1, AnswerLost: 1, IDs: []uint64{6}},
			Network:      bothends.Spans{N: 3, P50: Ms, P90: 2 * Ms, Max: 3 * Ms},
			Server:       bothends.Spans{N: 3, P50: 10 * Ms, P90: 20 * Ms, Max: 30 * Ms},
			Pairs: []bothends.Pair{
				{There: 3, Lost: [2]uint32{1, 0}},
				{Here: 1, There: 2, ClientHere: true, Lost: [2]uint32{1, 2}, Forged: [2]uint32{0, 1}, Needless: [2]uint32{2, 1}, ForgedNum: 9},
				{Here: 2, There: 1, Means: bothends.ByPackets, Swapped: true},
			},
		},
	}
}
