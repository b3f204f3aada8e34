package rules

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var responseShort = &Rule{
	ID:    "KA1059",
	Title: "responses shorter than they say",
	Who:   analyze.Server,
	SetWhen: "the same number of bytes of the Content-Length never comes, in three responses of a server or more: it closes at once behind " +
		"the last byte, or sends nothing more for a second or longer, until the client gives up",
	Why: "the server, or a proxy in front of it, measures before it compresses or rewrites, or counts what it then leaves out; or its " +
		"handler stops there each time. Clients wait for the rest, and fail",
	Advice: products.Advise(
		"correct the length that the server announces: count the bytes that are sent, after compression and rewriting",
		"if it is right, look in the server's log for what ends the handler there",
	),
	Filter: "http.content_length",
	Hint:   "tcp.len of the segments of the response adds up to less",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkResponseShort,
}

func checkResponseShort(v *view, r *Rule) []Finding {
	var out []Finding
	for _, s := range v.short {
		f := v.found(r, s.group, "%s ends responses %s before the length that they say: %s",
			s.server.Name, cause.Plural(s.lacks, "byte", "bytes"), shareOf(s.len(), s.server.Seen()))
		f.brief = s.server.Name + " sends responses that are shorter than they say"
		out = append(out, f)
	}
	return out
}

// short are the connections to a server whose last response lacks as many bytes of the
// length that it says.
type short struct {
	group
	lacks int64
}

// findShort finds them, where they are enough to tell a wrong length from a response that
// was cut.
func (v *view) findShort() {
	type key struct {
		server *cause.Server
		lacks  int64
	}
	var order []key
	by := map[key]*short{}
	v.EachAnomaly(func(m *cause.Anomaly) {
		r := v.Record(uint64(m.ID))
		k := key{v.PairOf(r).To, m.Duration}
		if by[k] == nil {
			order = append(order, k)
			by[k] = &short{group{subject: subject{server: k.server}, byCause: true}, m.Duration}
		}
		by[k].records = append(by[k].records, r)
	}, cause.AnomalyShort)
	v.shortIDs = map[uint32]bool{}
	for _, k := range order {
		s := by[k]
		if s.len() < cause.MinSamples {
			continue
		}
		slices.SortFunc(s.records, func(x, y *cause.Record) int { return cmp.Compare(x.ID, y.ID) })
		v.short = append(v.short, *s)
		for _, r := range s.records {
			v.shortIDs[r.ID] = true
		}
	}
}

// notShort leaves out the connections that KA1059 tells of.
func (v *view) notShort(records []*cause.Record) []*cause.Record {
	if len(v.shortIDs) == 0 {
		return records
	}
	return cause.Where(records, func(r *cause.Record) bool { return !v.shortIDs[r.ID] })
}
