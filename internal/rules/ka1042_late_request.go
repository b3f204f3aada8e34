package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var lateRequest = &Rule{
	ID:      "KA1042",
	Title:   "client uses connections that the server has closed",
	Who:     analyze.Client,
	SetWhen: "a request is sent though the server's FIN had come and was acknowledged; it is answered by RST, if at all",
	Why: "the client does not look whether an idle connection was closed before it uses it, or does not heed that the response " +
		`before said "Connection: close"; or the server's idle timeout ends while an upload that it has answered goes on`,
	Advice: products.Advise(checkBeforeUse, "keep its idle timeout below the timeout of the server"),
	Filter: "tcp.flags.fin == 1 or http.request",
	Hint:   "the request comes after the server's FIN",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkLateRequest,
}

// checkBeforeUse is what a client has to do that met closed connections.
const checkBeforeUse = "let the client check idle connections before use (most libraries do), and retry"

func checkLateRequest(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.UsedAfterClose) {
		f := v.found(r, e, "%s sent %s to %s after it had closed (%s after its FIN)",
			e.pair.Name, cause.Plural(e.len(), "request", "requests"), e.server.Name, after(e.records))
		if fix := v.roomBelow(e.server); fix != "" {
			own, ok := e.pair.Program.Advice(r.ID)
			if !ok {
				own = products.Advise(checkBeforeUse)
			}
			f.Advice = products.Advise(fix, append([]string{own.Fix}, own.Alternatives...)...).Noting(own.Note)
		}
		if said := v.saidBefore(e.records); said*2 > e.len() {
			f.Title += fmt.Sprintf(", though a response had said that it would close (%s of %s)", cause.Count(said), cause.Count(e.len()))
			f.Advice = products.Advise(
				`let the client close a connection, and not use it again, once a response says "Connection: close" (RFC 9112, `+
					"9.6): its version of the HTTP library, or the proxy, may not",
				retryIdempotent,
			)
		}
		if in := cause.Where(e.records, (*cause.Record).UploadOutlasted); len(in)*2 > len(e.records) {
			f.Title = fmt.Sprintf("%s closed before uploads of %s were over, which it had answered; %s that followed got lost",
				e.server.Name, e.pair.Name, cause.Plural(e.len(), "request", "requests"))
			f.Advice = products.Advise("raise the server's idle timeout above the slowest upload, or let it read the body before it answers: its " +
				"timer begins with the response, though the client still sends")
			f.brief = e.server.Name + " closes in the middle of uploads that it has answered"
			out = append(out, f)
			continue
		}
		f.brief = e.pair.Name + " uses connections that " + e.server.Name + " has closed"
		out = append(out, f)
	}
	return out
}

// saidBefore returns on how many of some connections a message had ended the
// persistence.
func (v *view) saidBefore(records []*cause.Record) (n int64) {
	for _, r := range records {
		if v.failedIDs[r.ID] {
			n++
		}
	}
	return n
}
