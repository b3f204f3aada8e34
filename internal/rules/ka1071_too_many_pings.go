package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var tooManyPings = &Rule{
	ID:      "KA1071",
	Title:   "server ends connections with ENHANCE_YOUR_CALM",
	Who:     analyze.Client,
	SetWhen: "the server sends GOAWAY with ENHANCE_YOUR_CALM; with too_many_pings in it the client pings more often than the server allows",
	Why: "the client's keep-alive PINGs come more often than the server's policy allows: servers of gRPC take one in 5 minutes (MinTime), " +
		"none while no call is under way, and end the connection at the third that is too soon, unless they are told otherwise",
	Advice: products.Advise(
		"let the client ping less often (grpc-go keepalive.ClientParameters.Time of 5 minutes or more, PermitWithoutStream false)",
		"let the server allow it (keepalive.EnforcementPolicy MinTime, PermitWithoutStream)",
	),
	Filter: "http2.goaway.error == 11 || http2.type == 6",
	Needs:  HTTP | BothSides,
	Check:  checkTooManyPings,
}

func checkTooManyPings(v *view, r *Rule) []Finding {
	apart := map[uint32]int64{}
	v.EachAnomaly(func(m *cause.Anomaly) { apart[m.ID] = m.Duration }, cause.AnomalyPinged)
	var out []Finding
	for _, e := range v.perPair(cause.GoAway) {
		e.records = cause.Where(e.records, func(x *cause.Record) bool { return x.TooManyPings() || x.Calm() })
		if len(e.records) == 0 {
			continue
		}
		what := "asks for too much"
		if e.records[0].TooManyPings() {
			what = "sends too many PINGs"
		}
		f := v.found(r, e, "%s %s for %s, which therefore ends connections: %s", e.pair.Name, what, e.server.Name,
			shareOf(e.len(), e.pair.Seen()))
		if every := pingEvery(e.records, apart); every > 0 && e.records[0].TooManyPings() {
			f.Title += "; it pings every " + cause.Duration(every) + " of silence"
			f.Advice = products.Advise(
				"raise the time between the client's PINGs, now "+cause.Duration(every)+", to 5 minutes or more (grpc-go "+
					"keepalive.ClientParameters.Time, GRPC_ARG_KEEPALIVE_TIME_MS, keepAliveTime of Java), with PermitWithoutStream false",
				"lower what the server asks for below it (keepalive.EnforcementPolicy MinTime, "+
					"GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, permitKeepAliveTime), with PermitWithoutStream true",
			)
		}
		f.Severity = max(f.Severity, Notable)
		f.brief = e.server.Name + " ends connections of " + e.pair.Name + ", which " + what
		out = append(out, f)
	}
	return out
}

// pingEvery returns the typical time between PINGs on these connections, 0 if it is not
// known.
func pingEvery(records []*cause.Record, apart map[uint32]int64) int64 {
	var all []int64
	for _, r := range records {
		if ns := apart[r.ID]; ns > 0 {
			all = append(all, ns)
		}
	}
	if len(all) == 0 {
		return 0
	}
	return cause.Typical(all)
}
