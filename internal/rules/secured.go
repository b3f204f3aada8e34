package rules

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// secured are the TLS handshakes of a pair that came to their end, in order of ID.
type secured struct {
	unoffered []fullHandshake // the client offered no session
	refused   []fullHandshake // it did, and the server did not take it
	resumed   int64
	first     int64 // when the first of all came to its end
}

// fullHandshake is one that resumed no session.
type fullHandshake struct {
	*cause.Record
	took int64 // ns
}

// findSecured finds the TLS handshakes of each pair.
func (v *view) findSecured() {
	v.secured = map[uint32]*secured{}
	v.EachAnomaly(func(m *cause.Anomaly) {
		r := v.Record(uint64(m.ID))
		s := v.secured[r.Pair]
		if s == nil {
			s = &secured{first: math.MaxInt64}
			v.secured[r.Pair] = s
		}
		took := max(0, m.Duration)
		s.first = min(s.first, r.Start+r.ConnectTime()+took)
		switch m.By {
		case analyze.Client:
			s.unoffered = append(s.unoffered, fullHandshake{r, took})
		case analyze.Server:
			s.refused = append(s.refused, fullHandshake{r, took})
		default:
			s.resumed++
		}
	}, cause.AnomalyHandshake)
	byID := func(x, y fullHandshake) int { return cause.ByID(x.Record, y.Record) }
	for _, s := range v.secured {
		slices.SortFunc(s.unoffered, byID)
		slices.SortFunc(s.refused, byID)
	}
}

// len returns how many handshakes there are.
func (s *secured) len() int64 { return int64(len(s.unoffered)+len(s.refused)) + s.resumed }

// avoidableHandshakes are full handshakes that could have resumed a session, of connections
// that were used, but for few requests.
type avoidableHandshakes struct {
	records []*cause.Record
	took    int64 // ns
}

// add adds those of a pair that were made after some time: when there was a session.
func (a *avoidableHandshakes) add(full []fullHandshake, since int64) {
	for _, h := range full {
		if h.Start > since && h.Requests < paidOff && h.Cause != cause.SpareDial && h.Cause != cause.NoRequest {
			a.records = append(a.records, h.Record)
			a.took += h.took
		}
	}
}

// severity weighs them: worth to be seen where they are one for each request, and many.
// What looks whether a server is there costs nobody anything.
func (a *avoidableHandshakes) severity(v *view) Severity {
	each := cause.Where(a.records, func(r *cause.Record) bool { return r.Requests == 1 && !v.checks[r.Pair] })
	if len(each) >= eachTime {
		return Notable
	}
	return Info
}

// fullFound makes a finding of full handshakes.
func (v *view) fullFound(r *Rule, e group, a *avoidableHandshakes, title string) Finding {
	slices.SortFunc(a.records, cause.ByID)
	e.records = a.records
	f := v.told(r, e, "%s; to resume %s would have spared up to %s of handshakes", title, cause.Count(e.len()), cause.Duration(a.took))
	f.Severity, f.Confidence = a.severity(v), cause.High // hellos are in clear
	f.Observed = cmp.Or(f.Observed, "a full TLS handshake")
	return f
}
