package machine

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/bothends"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// otherSideObject is what two captures tell together.
type otherSideObject struct {
	Source      str               `json:"source"`
	Packets     uint64            `json:"packets"`
	Damage      text              `json:"damage"`
	Matched     int               `json:"matched"`
	MatchedBy   matchedByObject   `json:"matched_by"`
	Unmatched   unmatchedObject   `json:"unmatched"`
	Ambiguous   int               `json:"ambiguous"`
	SamePackets bool              `json:"same_packets"`
	Incomplete  bool              `json:"incomplete"`
	Offset      seconds           `json:"offset_seconds"`
	Bounds      []seconds         `json:"offset_bounds_seconds"`
	Drift       []ratio           `json:"drift_bounds_ppm"`
	Stepped     bool              `json:"clock_stepped"`
	NAT         []natObject       `json:"nat"`
	PortsKept   int               `json:"ports_kept"`
	Changed     []changeObject    `json:"changed_options"`
	Sent        wayObject         `json:"judged_packets"`
	Lost        wayObject         `json:"lost_packets"`
	Losses      []lossObject      `json:"losses"`
	LostList    []packetAtObject  `json:"lost"`
	Forged      []packetAtObject  `json:"forged"`
	ForgedRST   uint64            `json:"forged_rst"`
	ForgedFIN   uint64            `json:"forged_fin"`
	Needless    []needlessObject  `json:"needless_retransmissions"`
	Corrected   []correctedObject `json:"corrected_causes"`
	SYN         handshakesObject  `json:"not_opened"`
	NotCaptured notCapturedObject `json:"not_captured"`
	NotJudged   uint64            `json:"not_judged_packets"`
	Time        timeObject        `json:"time"`
	Connections []sidesObject     `json:"connections"`
}

// correctedObject counts connections whose cause this capture alone would show wrongly.
type correctedObject struct {
	From        text   `json:"from"`
	To          string `json:"to"`
	Connections int64  `json:"connections"`
}

// matchedByObject is how connections were matched.
type matchedByObject struct {
	Both    int `json:"both_sequence_numbers"`
	Client  int `json:"client_sequence_number"`
	Packets int `json:"packets"`
}

// unmatchedObject is connections that one capture has.
type unmatchedObject struct {
	Here         int `json:"here"`
	There        int `json:"there"`
	OutsideHere  int `json:"outside_here"`
	OutsideThere int `json:"outside_there"`
}

// natObject is addresses at both points.
type natObject struct {
	Client      address  `json:"client"`
	ClientThere address  `json:"client_there"`
	Server      endpoint `json:"server"`
	ServerThere endpoint `json:"server_there"`
	Connections int      `json:"connections"`
	PortsKept   int      `json:"ports_kept"`
}

// changeObject is an option of SYNs that was changed.
type changeObject struct {
	Option      string `json:"option"`
	Side        string `json:"side"`
	Sent        number `json:"sent"`
	Arrived     number `json:"arrived"`
	Connections int    `json:"connections"`
}

// wayObject is a count each way, null where one of the captures lacks that way.
type wayObject struct {
	ToServer number `json:"to_server"`
	ToClient number `json:"to_client"`
}

// lossObject is what was lost one way.
type lossObject struct {
	To    string `json:"to"`
	SYN   uint64 `json:"syn"`
	Data  uint64 `json:"data"`
	FIN   uint64 `json:"fin"`
	RST   uint64 `json:"rst"`
	ACK   uint64 `json:"ack"`
	Bytes uint64 `json:"bytes"`
}

// packetAtObject is a packet that one capture has.
type packetAtObject struct {
	Connection *uint64 `json:"connection"`
	There      *uint64 `json:"connection_there"`
	Side       string  `json:"side"`
	Capture    string  `json:"capture"`
	Packet     uint64  `json:"packet"`
	At         instant `json:"at"`
	Flags      string  `json:"flags"`
	Bytes      uint32  `json:"bytes"`
}

// needlessObject is retransmissions of what had arrived.
type needlessObject struct {
	By      string `json:"by"`
	Packets uint64 `json:"packets"`
	ACKLost uint64 `json:"ack_lost"`
}

// handshakesObject is connections that did not open.
type handshakesObject struct {
	NeverArrived int      `json:"syn_never_arrived"`
	NotAnswered  int      `json:"syn_not_answered"`
	AnswerLost   int      `json:"syn_ack_lost"`
	Connections  []uint64 `json:"connections"`
}

// notCapturedObject is packets that a capture lacks.
type notCapturedObject struct {
	Receiver uint64 `json:"at_receiver"`
	Sender   uint64 `json:"at_sender"`
}

// timeObject is where time went.
type timeObject struct {
	Network spansObject `json:"network"`
	Server  spansObject `json:"server"`
	Client  spansObject `json:"client"`
}

// spansObject is times of one kind.
type spansObject struct {
	Turns uint64  `json:"turns"`
	P50   seconds `json:"p50"`
	P90   seconds `json:"p90"`
	Max   seconds `json:"max"`
}

// sidesObject is a connection at both points.
type sidesObject struct {
	Here       *uint64    `json:"here"`
	There      *uint64    `json:"there"`
	MatchedBy  string     `json:"matched_by"`
	ClientHere bool       `json:"client_here"`
	Lost       sideCounts `json:"lost"`
	Forged     sideCounts `json:"forged"`
	Needless   sideCounts `json:"needless_retransmissions"`
}

// sideCounts is a count by who sent.
type sideCounts struct {
	Client uint32 `json:"client"`
	Server uint32 `json:"server"`
}

func newOtherSide(o *report.OtherSide, corrected []cause.Corrected) *otherSideObject {
	x := &otherSideObject{
		Source: str(o.Source), Packets: o.Packets, Damage: text(o.Damage), Matched: o.Matched,
		MatchedBy: matchedByObject{o.By[bothends.BySequences], o.By[bothends.ByClient], o.By[bothends.ByPackets]},
		Unmatched: unmatchedObject{o.AloneHere, o.AloneThere, o.OutsideHere, o.OutsideThere},
		Ambiguous: o.Ambiguous, SamePackets: o.Same, Incomplete: o.Full, Offset: seconds(analyze.Unknown), Stepped: o.Clock.Stepped,
		PortsKept: o.Ports.Kept,
		Sent:      way(o, func(l *bothends.Loss) uint64 { return l.Sent }), Lost: way(o, func(l *bothends.Loss) uint64 { return l.Packets }),
		ForgedRST: o.ForgedCount[0], ForgedFIN: o.ForgedCount[1],
		Corrected: listOf(corrected, func(c *cause.Corrected) correctedObject {
			x := correctedObject{To: c.To.String(), Connections: c.Connections}
			if c.From != cause.Undecided {
				x.From = text(c.From.String())
			}
			return x
		}),
		SYN:         handshakesObject{o.SYN.NeverArrived, o.SYN.NotAnswered, o.SYN.AnswerLost, append([]uint64{}, o.SYN.IDs...)},
		NotCaptured: notCapturedObject{o.NotThere, o.NotHere}, NotJudged: o.NotJudged,
		Time: timeObject{newSpans(&o.Network), newSpans(&o.Server), newSpans(&o.Client)},
		NAT: listOf(o.Translated, func(t *bothends.Translation) natObject {
			return natObject{address(t.Client), address(t.ClientThere), endpoint(t.Server), endpoint(t.ServerThere), t.Connections, t.PortsKept}
		}),
		Changed: listOf(o.Changed, func(c *bothends.Change) changeObject {
			return changeObject{c.Option, sideNames[c.Side], optionValue(c.Sent), optionValue(c.Got), c.Connections}
		}),
		LostList: listOf(o.LostPackets, newPacketAt), Forged: listOf(o.Forged, newPacketAt),
		Connections: listOf(o.Pairs, newSides),
	}
	if c := &o.Clock; c.Known {
		x.Offset = seconds(c.Offset)
		x.Bounds, x.Drift = []seconds{seconds(c.Low), seconds(c.High)}, []ratio{ratio(c.DriftLow), ratio(c.DriftHigh)}
	}
	for side := range o.Lost {
		l := &o.Lost[side]
		x.Losses = append(x.Losses, lossObject{sideNames[1-side], l.SYN, l.Data, l.FIN, l.RST, l.Bare, l.Bytes})
		x.Needless = append(x.Needless, needlessObject{sideNames[side], o.Needless[side], o.NeedlessLost[side]})
	}
	return x
}

// sideNames are those of the sides.
var sideNames = [2]string{"client", "server"}

// optionValue is the number of an option, null for none.
func optionValue(n int) number {
	if n < 0 {
		return number(analyze.Unknown)
	}
	return number(n)
}

// way returns a count of each way.
func way(o *report.OtherSide, count func(*bothends.Loss) uint64) wayObject {
	var n [2]number
	for side := range o.Lost {
		if n[side] = number(count(&o.Lost[side])); o.Lost[side].Sent == 0 {
			n[side] = number(analyze.Unknown)
		}
	}
	return wayObject{n[0], n[1]}
}

func newSpans(s *bothends.Spans) spansObject {
	if s.N == 0 {
		return spansObject{0, seconds(analyze.Unknown), seconds(analyze.Unknown), seconds(analyze.Unknown)}
	}
	return spansObject{s.N, seconds(s.P50), seconds(s.P90), seconds(s.Max)}
}

// idOrNull is the ID of a connection, null for none.
func idOrNull(id uint64) *uint64 {
	if id == 0 {
		return nil
	}
	return &id
}

func newPacketAt(p *bothends.Packet) packetAtObject {
	x := packetAtObject{
		Connection: idOrNull(p.Here), There: idOrNull(p.There), Side: sideNames[p.Side], Capture: "there", Packet: p.Num, At: instant(p.Time), Bytes: p.Bytes,
	}
	if p.AtHere {
		x.Capture = "here"
	}
	var words []string
	for i, name := range [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"} {
		if p.Flags.Has(flows.Flags(1 << i)) {
			words = append(words, name)
		}
	}
	x.Flags = strings.Join(words, ",")
	return x
}

func newSides(p *bothends.Pair) sidesObject {
	counts := func(n [2]uint32) sideCounts { return sideCounts{n[0], n[1]} }
	return sidesObject{idOrNull(p.Here), idOrNull(p.There), p.Means.String(), p.ClientHere, counts(p.Lost), counts(p.Forged), counts(p.Needless)}
}
