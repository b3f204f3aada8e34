package rules

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var silentDrop = &Rule{
	ID:      "KA1021",
	Title:   "data silently dropped on the path",
	Who:     analyze.Network,
	SetWhen: "data of an open connection is sent again and again without any answer; or a FIN alone, which loses nothing",
	Why: "the path is cut, or a NAT, firewall or load balancer forgot the idle connection and drops its packets (Azure after 4 " +
		"minutes, NAT gateways after 350 s); programs hang until their timeout; where only full packets get lost they are too large " +
		"for the path, and the ICMP that says so is dropped",
	Advice: products.Advise(
		"keep idle connections shorter than the idle limit of the path or probe more often than it",
		boundWait,
	),
	Filter: "tcp.analysis.retransmission",
	Needs:  BothSides,
	Check:  checkSilentDrop,
}

// boundWait is what keeps programs from waiting for what does not come.
const boundWait = "bound the wait with TCP_USER_TIMEOUT and request timeouts"

var (
	// brokenPath is the advice where no connection was silent for long.
	brokenPath = products.Advise("capture at both ends to find where packets get lost, and look for firewall rules there", boundWait)
	// tooLarge is the advice where full segments alone get lost.
	tooLarge = products.Advise(
		"let ICMP fragmentation needed (IPv6: packet too big) through on the path",
		"clamp the MSS there (iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu)",
		"set the MTU of the interface to that of the path; ping -M do -s SIZE shows what passes",
	)
)

func checkSilentDrop(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.RetransmissionTimeout) {
		f := v.found(r, e, "data between %s and %s gets no answer on %s", e.pair.Name, e.server.Name, conns(e.len()))
		f.brief = "packets between " + e.pair.Name + " and " + e.server.Name + " are silently dropped"
		silence := v.silenceOf(e)
		switch {
		case v.allFullLost(e.records):
			f.Title += ", and only full segments are lost: they are too large for the path"
			f.brief = "full packets between " + e.pair.Name + " and " + e.server.Name + " get lost: they are too large for the path"
			f.Advice = tooLarge
		case silence.outlived > 0 || silence.lost >= longSilence:
			f.Title += silence.String()
			f.Advice = silence.advice()
		default:
			f.Advice = brokenPath
		}
		f.Severity = max(f.Severity, Notable)
		out = append(out, f)
	}
	return append(out, v.unheard(r)...)
}

// allFullLost reports whether all that got no answer on some connections were full
// segments.
func (v *view) allFullLost(records []*cause.Record) bool {
	full := map[uint32]bool{}
	v.EachAnomaly(func(m *cause.Anomaly) { full[m.ID] = true }, cause.AnomalyFullLost)
	return !slices.ContainsFunc(records, func(r *cause.Record) bool { return !full[r.ID] })
}

// unheard finds connections whose FIN nobody answered: the path, or the other side, had
// forgotten them. Nothing is lost by that.
func (v *view) unheard(r *Rule) []Finding {
	var out []Finding
	for _, e := range v.withAnomaly(cause.AnomalyUnheardFIN, nil) {
		e.records = cause.Where(e.records, func(x *cause.Record) bool { return x.Cause != cause.RetransmissionTimeout })
		if len(e.records) == 0 {
			continue
		}
		who := "clients of " + e.server.Name
		if e.worst.By == analyze.Server {
			who = e.server.Name
		}
		f := v.told(r, e, "%s closed, and their FINs got no answer, after up to %s of silence: %s that the other side, or the path, "+
			"had forgotten", who, cause.Duration(e.worst.Duration), conns(e.len()))
		f.Severity, f.Confidence = Info, cause.High
		f.Observed = "its FIN was sent again and again without an answer; no data was"
		for i := range f.Examples {
			f.Examples[i].Observed = f.Observed
		}
		f.brief = f.Title
		out = append(out, f)
	}
	return out
}
