package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var idleSocket = &Rule{
	ID:    "KA1083",
	Title: "WebSockets are closed for being idle",
	Who:   analyze.Both,
	SetWhen: "one side ends three or more WebSockets the same time after their last frame, be it a message, a Ping or a Pong, and no Close frame " +
		"came before",
	Why: "a proxy or load balancer ends what is idle for longer than its timeout (proxy_read_timeout of nginx, 60 s by default), and the " +
		"programs send nothing, nor Pings, in that time; keep-alive probes of TCP are no activity for it",
	Advice: sendPings("that"),
	Filter: "websocket or tcp.flags.fin == 1",
	Hint:   "by tcp.stream, the time from the last websocket frame to the FIN; websocket.opcode == 9 is a Ping",
	Needs:  HTTP | BothSides,
	Check:  checkIdleSocket,
}

// sendPings is what keeps a WebSocket open, where Pings are needed more often than that.
func sendPings(than string) products.Advice {
	return products.Advise("let one of the programs send Pings more often than "+than+" (ping_interval of Python's websockets, a timer with "+
		"ws.ping() in Node, Conn.Ping of coder/websocket in Go)",
		"raise the timeout (nginx proxy_read_timeout and proxy_send_timeout, HAProxy timeout tunnel, idle timeouts of Envoy and of load balancers)")
}

// idleSockets are the WebSockets of a server that one side ended while they were idle.
type idleSockets struct {
	server *cause.Server
	by     analyze.Party
	ids    []uint32
	idle   []int64
}

func checkIdleSocket(v *view, r *Rule) []Finding {
	type key struct {
		server uint32
		by     analyze.Party
	}
	groups := map[key]*idleSockets{}
	v.EachAnomaly(func(m *cause.Anomaly) {
		s := v.PairOf(v.Record(uint64(m.ID))).To
		k := key{s.Num, m.By}
		if groups[k] == nil {
			groups[k] = &idleSockets{server: s, by: m.By}
		}
		x := groups[k]
		x.ids, x.idle = append(x.ids, m.ID), append(x.idle, m.Duration)
	}, cause.AnomalySocketIdle)
	var out []Finding
	for _, s := range v.Servers() {
		for _, by := range [...]analyze.Party{analyze.Client, analyze.Server} {
			if x := groups[key{s.Num, by}]; x != nil {
				out = x.tell(v, r, out)
			}
		}
	}
	return out
}

// tell appends what is found of them.
func (x *idleSockets) tell(v *view, r *Rule, out []Finding) []Finding {
	b, ok := cause.Agree(x.idle)
	if !ok {
		return out
	}
	e := group{subject: subject{server: x.server}}
	for i, id := range x.ids {
		if d := x.idle[i]; d >= b.Lo && d <= b.Hi {
			e.records = append(e.records, v.Record(uint64(id)))
		}
	}
	slices.SortFunc(e.records, cause.ByID)
	who, of := x.server.Name+" ends its WebSockets", int64(len(x.server.Having([]cause.Cause{cause.Upgraded})))
	if x.by == analyze.Client {
		who = "the clients of " + x.server.Name + " end their WebSockets"
	}
	f := v.told(r, e, "%s after %s without a frame, and without Close: %s", who, cause.Duration(b.Middle), shareOf(e.len(), of))
	f.brief = fmt.Sprintf("%s after %s without a frame", who, cause.Duration(b.Middle))
	f.Advice = sendPings("every " + cause.Duration(b.Middle))
	f.Observed = fmt.Sprintf("the %s ended it %s after its last frame", x.by, cause.Duration(b.Middle))
	f.Severity, f.Confidence = Notable, cause.High
	return append(out, f)
}
