package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var unreadBody = &Rule{
	ID:    "KA1012",
	Title: "client closes without reading the response body",
	Who:   analyze.Client,
	SetWhen: "the client resets in the middle of a response, or closes right after responses while it reuses connections only " +
		"after responses without a body",
	Why: "the program closes the response body before it has read it to the end, so that its HTTP library cannot use the " +
		"connection again",
	Advice: products.Advise("read the body to the end before closing it, also on errors and when you do not need it, and share one client"),
	Filter: "tcp.flags.reset == 1 or tcp.flags.fin == 1",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkUnreadBody,
	Costs:  true,
}

func checkUnreadBody(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.ClientUnreadBody) {
		resets := int64(0)
		for _, x := range e.records {
			if x.CutShort() {
				resets++
			}
		}
		how := "right after the response"
		if resets > 0 {
			how = "in the middle of the response"
			if resets < e.len() {
				how = "in the middle of the response or right after it"
			}
		}
		f := v.found(r, e, "%s leaves bodies of %s unread and closes %s: %s",
			e.pair.Name, e.server.Name, how, shareOf(e.len(), e.pair.Seen()))
		f.brief = e.pair.Name + " closes its connections to " + e.server.Name + " without reading the bodies"
		out = append(out, f)
	}
	return out
}
