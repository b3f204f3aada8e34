package machine

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// totalsObject is what holds for the whole capture. Gates and baselines read its
// numbers by their path.
type totalsObject struct {
	Connections              number              `json:"connections"`
	HandshakesComplete       number              `json:"handshakes_complete"`
	Refused                  number              `json:"refused"`
	Unanswered               number              `json:"unanswered"`
	Midstream                number              `json:"midstream"`
	Unfinished               number              `json:"unfinished"`
	SYN                      number              `json:"syn"`
	SYNACK                   number              `json:"syn_ack"`
	FIN                      number              `json:"fin"`
	RST                      number              `json:"rst"`
	IgnoredRSTs              number              `json:"ignored_rst"`
	Requests                 number              `json:"requests"`
	Responses                number              `json:"responses"`
	Interim                  number              `json:"interim_responses"`
	ByClass                  classesObject       `json:"responses_by_class"`
	Unmatched                number              `json:"unmatched_responses"`
	SurplusBytes             number              `json:"surplus_bytes"`
	Failed                   number              `json:"failed_requests"`
	Abandoned                number              `json:"abandoned_requests"`
	HTTPUnknown              number              `json:"http_unknown_connections"`
	ConnectionsWithRequests  number              `json:"connections_with_requests"`
	SingleRequestConnections number              `json:"single_request_connections"`
	ReusedRequests           number              `json:"reused_requests"`
	ReuseRatio               ratio               `json:"reuse_ratio"`
	PerConnection            perConnectionObject `json:"requests_per_connection"`
	PoolNeed                 number              `json:"pool_need"`
	AvoidableConnections     number              `json:"avoidable_connections"`
	AvoidableHandshake       seconds             `json:"avoidable_handshake_seconds"`
	RequestsEstimated        number              `json:"requests_estimated"`
	FailedEstimated          number              `json:"failed_requests_estimated"`
	AbandonedEstimated       number              `json:"abandoned_requests_estimated"`
	ReuseRatioEstimated      ratio               `json:"reuse_ratio_estimated"`
	PoolNeedEstimated        number              `json:"pool_need_estimated"`
	AvoidableEstimated       number              `json:"avoidable_connections_estimated"`
	HandshakeEstimated       seconds             `json:"avoidable_handshake_seconds_estimated"`
	StreamsOpened            *number             `json:"streams_opened,omitempty"`
	StreamsRefused           *number             `json:"streams_refused,omitempty"`
	GRPCFailed               *number             `json:"grpc_failed,omitempty"`
	Probes                   number              `json:"probes"`
	ProbesAnswered           number              `json:"probes_answered"`
	ProbesUnanswered         number              `json:"probes_unanswered"`
	Retransmissions          number              `json:"retransmissions"`
	MissingBytes             number              `json:"missing_bytes"`
	ClosedFirst              closersObject       `json:"closed_first_by"`
	CloseKinds               closeKindsObject    `json:"close_kinds"`
	TimeWait                 timeWaitObject      `json:"time_wait"`
	CloseWait                halfClosedObject    `json:"close_wait"`
	FINWait2                 halfClosedObject    `json:"fin_wait_2"`
	AtLeast                  []string            `json:"at_least,omitempty"`
	AtMost                   []string            `json:"at_most,omitempty"`
}

func newTotals(r *report.Report) *totalsObject {
	t, lost := &r.Result.Totals, r.Lost()
	x, guessed := t.Estimated, r.EstimatedLost()
	if !x.Known() {
		x = analyze.Estimates{Requests: analyze.Unknown, ReuseRatio: math.NaN(), PoolNeed: analyze.Unknown,
			AvoidableConnections: analyze.Unknown, AvoidableHandshake: analyze.Unknown}
	}
	n := &t.Streams
	return &totalsObject{
		StreamsOpened: countIf(n.Opened, n.Connections > 0), StreamsRefused: countIf(n.Refused, n.Connections > 0), GRPCFailed: countIf(n.GRPCFailed, n.GRPCCalls > 0),
		RequestsEstimated: number(x.Requests), FailedEstimated: number(guessed.Failed), AbandonedEstimated: number(guessed.Abandoned), ReuseRatioEstimated: ratio(x.ReuseRatio), PoolNeedEstimated: number(x.PoolNeed),
		AvoidableEstimated: number(x.AvoidableConnections), HandshakeEstimated: seconds(x.AvoidableHandshake),
		AtLeast: r.Result.AtLeast, AtMost: r.Result.AtMost,
		Connections: number(t.Connections), HandshakesComplete: number(t.HandshakesComplete), Refused: number(t.Refused),
		Unanswered: number(t.Unanswered), Midstream: number(t.Midstream), Unfinished: number(t.Unfinished),
		SYN: number(t.SYN), SYNACK: number(t.SYNACK), FIN: number(t.FIN), RST: number(t.RST), IgnoredRSTs: number(t.IgnoredRSTs),
		Requests: number(t.Requests), Responses: number(t.Responses), Interim: number(t.Interim),
		ByClass: t.ByClass, Unmatched: number(t.Unmatched), SurplusBytes: number(t.SurplusBytes), Failed: number(lost.Failed), Abandoned: number(lost.Abandoned), HTTPUnknown: number(t.HTTPUnknown),
		ConnectionsWithRequests: number(t.ConnectionsWithRequests), SingleRequestConnections: number(t.SingleRequestConnections),
		ReusedRequests: number(t.ReusedRequests), ReuseRatio: ratio(t.ReuseRatio), PerConnection: newPerConnection(t),
		PoolNeed: number(t.PoolNeed), AvoidableConnections: number(t.AvoidableConnections), AvoidableHandshake: seconds(t.AvoidableHandshake),
		Probes: number(t.Probes), ProbesAnswered: number(t.ProbesAnswered), ProbesUnanswered: number(minus(t.Probes, t.ProbesAnswered)),
		Retransmissions: number(t.Retransmissions), MissingBytes: number(t.MissingBytes),
		ClosedFirst: newClosers(&t.ClosedFirst), CloseKinds: t.CloseKinds, TimeWait: newTimeWait(&t.TimeWait, r.Result.HostsLeftOut),
		CloseWait: newHalfClosed(&t.CloseWait), FINWait2: newHalfClosed(&t.FINWait2),
	}
}

// countIf returns a count that is told only in some captures.
func countIf(n int64, tell bool) *number {
	if !tell {
		return nil
	}
	x := number(n)
	return &x
}

// minus returns a - b, Unknown if either is.
func minus(a, b int64) int64 {
	if a == analyze.Unknown || b == analyze.Unknown {
		return analyze.Unknown
	}
	return a - b
}

// perConnectionObject is the requests per connection, null without any.
type perConnectionObject struct {
	Mean      ratio          `json:"mean"`
	P50       number         `json:"p50"`
	P90       number         `json:"p90"`
	Max       number         `json:"max"`
	Histogram []bucketObject `json:"histogram"`
}

// bucketObject is how many connections carried between From and To requests.
type bucketObject struct {
	From        number `json:"from"`
	To          number `json:"to"`
	Connections number `json:"connections"`
}

func newPerConnection(t *analyze.Totals) perConnectionObject {
	if t.ConnectionsWithRequests <= 0 { // none, or Unknown
		return perConnectionObject{ratio(math.NaN()), analyze.Unknown, analyze.Unknown, analyze.Unknown, []bucketObject{}}
	}
	q := &t.PerConnection
	return perConnectionObject{ratio(q.Mean), number(q.P50), number(q.P90), number(q.Max), listOf(q.Histogram, func(b *analyze.Bucket) bucketObject {
		return bucketObject{number(b.From), number(b.To), number(b.Connections)}
	})}
}

// closersObject is who closed first.
type closersObject struct {
	Client number `json:"client"`
	Server number `json:"server"`
	Both   number `json:"both"`
	None   number `json:"none"`

	Unknown number `json:"unknown,omitempty"`
}

func newClosers(c *analyze.Closers) closersObject {
	return closersObject{number(c.Client), number(c.Server), number(c.Both), number(c.None), number(c.Unknown)}
}

// closeKindsObject is how many connections ended in which way, by its name.
type closeKindsObject [flows.CloseKinds]int64

// MarshalJSON implements [json.Marshaler]. A map would change the order.
func (kinds closeKindsObject) MarshalJSON() ([]byte, error) {
	return encoded(func(e *encoder) {
		e.b = append(e.b, '{')
		for kind, n := range kinds {
			if n == 0 && flows.CloseKind(kind) == flows.CloseUnknown {
				continue
			}
			e.members(member{flows.CloseKind(kind).String(), n})
		}
		e.close()
	})
}

// timeWaitObject is who holds TIME_WAIT, and how many at once.
type timeWaitObject struct {
	Closes  number `json:"closes"`
	Client  number `json:"client"`
	Server  number `json:"server"`
	Both    number `json:"both"`
	None    number `json:"none"`
	Pending number `json:"pending"`
	Unknown number `json:"unknown"`
	populationObject
	PerfectPool number       `json:"perfect_pool_peak"`
	Hosts       []hostObject `json:"hosts"`
	HostsLeft   int64        `json:"hosts_left_out,omitempty"`
}

func newTimeWait(t *analyze.TimeWaitTotals, left int64) timeWaitObject {
	return timeWaitObject{
		HostsLeft: left,
		Closes:    number(t.Closes), Client: number(t.Client), Server: number(t.Server), Both: number(t.Both), None: number(t.None),
		Pending: number(t.Pending), Unknown: number(t.Unknown), populationObject: newPopulation(&t.Population),
		PerfectPool: number(t.PerfectPool), Hosts: listOf(t.Hosts, func(h *analyze.HostPopulation) hostObject {
			return hostObject{address(h.Host), newPopulation(&h.Population)}
		}),
	}
}

// halfClosedObject is how many sockets are half-closed at once.
type halfClosedObject struct {
	Connections number             `json:"connections"`
	Peak        number             `json:"peak"`
	PeakAt      instant            `json:"peak_at"`
	AtEnd       number             `json:"at_end"`
	Hosts       []halfClosedHolder `json:"hosts"`
	HostsLeft   int64              `json:"hosts_left_out,omitempty"`
}

// halfClosedHolder is a host that holds such sockets.
type halfClosedHolder struct {
	Host   address `json:"host"`
	Peak   number  `json:"peak"`
	PeakAt instant `json:"peak_at"`
	AtEnd  number  `json:"at_end"`
}

func newHalfClosed(t *analyze.HalfClosedTotals) halfClosedObject {
	return halfClosedObject{
		Connections: number(t.Connections), Peak: number(t.Peak), PeakAt: instant(t.PeakAt), AtEnd: number(t.AtEnd), HostsLeft: t.HostsLeft,
		Hosts: listOf(t.Hosts, func(h *analyze.HostPopulation) halfClosedHolder {
			return halfClosedHolder{address(h.Host), number(h.Peak), instant(h.PeakAt), number(h.AtEnd)}
		}),
	}
}

// hostObject is a host that holds TIME_WAIT.
type hostObject struct {
	Host address `json:"host"`
	populationObject
}

// populationObject is TIME_WAIT entries over time.
type populationObject struct {
	Peak        number  `json:"peak"`
	PeakAt      instant `json:"peak_at"`
	AtEnd       number  `json:"at_end"`
	SteadyState ratio   `json:"steady_state"`
}

func newPopulation(p *analyze.Population) populationObject {
	return populationObject{number(p.Peak), instant(p.PeakAt), number(p.AtEnd), ratio(p.SteadyState)}
}
