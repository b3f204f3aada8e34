package rules

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// join puts the findings of one rule about many clients of a server into one:
// they are then more likely to have their program in common than to differ.
func (v *view) join(findings []Finding) []Finding {
	clients := map[*cause.Server][]Finding{}
	for _, f := range findings {
		if f.subject.pair != nil {
			clients[f.subject.server] = append(clients[f.subject.server], f)
		}
	}
	var out []Finding
	for _, f := range findings {
		s := f.subject.server
		switch alike := clients[s]; {
		case f.subject.pair == nil || len(alike) < manyClients:
			out = append(out, f)
		case alike[0].Subject == f.Subject:
			out = append(out, v.joined(s, alike))
		}
	}
	return out
}

// joined makes one finding of several about clients of s.
func (v *view) joined(s *cause.Server, alike []Finding) Finding {
	slices.SortStableFunc(alike, func(x, y Finding) int { return cmp.Compare(y.Connections, x.Connections) })
	f := alike[0]
	f.subject = subject{server: s}
	f.Subject = s.Name
	f.Title = fmt.Sprintf("%s clients of %s do the same, for example: %s", cause.Count(int64(len(alike))), s.Name, f.Title)
	f.brief = fmt.Sprintf("%s clients do the same, for example: %s", cause.Count(int64(len(alike))), cmp.Or(f.brief, f.Title))
	f.Examples = slices.Clone(f.Examples[:1])
	f.records = slices.Clone(f.records)
	for _, x := range alike[1:] {
		f.Connections += x.Connections
		f.records = append(f.records, x.records...)
		f.Failed += x.Failed
		f.Unopened += x.Unopened
		f.Saves.Connections += x.Saves.Connections
		f.Saves.TimeWait += x.Saves.TimeWait
		f.Confidence = max(f.Confidence, x.Confidence)
		f.Severity = max(f.Severity, x.Severity)
		if len(f.Examples) < maxExamples {
			f.Examples = append(f.Examples, x.Examples[0])
		}
	}
	f.Severity = max(f.Severity, v.weigh(&f))
	return f
}
