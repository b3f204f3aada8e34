package rules

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

var tlsFailed = &Rule{
	ID:    "KA1060",
	Title: "TLS handshakes do not finish",
	Who:   analyze.Both,
	SetWhen: "a connection ends after its ClientHello and before both Finished, or the server sends nothing but an alert after them; " +
		"the alert is encrypted in TLS 1.3",
	Why: "a certificate that one side does not trust, that has expired or is for another name; no version, cipher or protocol (ALPN) in " +
		"common; a certificate of the client that is missing; a port that does not speak TLS",
	Fix: "read the TLS error in the log of the side that ended it, and try openssl s_client -connect ADDR:PORT -servername NAME; " +
		"keep-alive settings have no part in this",
	Verify: "tls.alert_message or tls.handshake.type == 1",
	Needs:  Opening | BothSides | Whole,
	Check:  checkTLSFailed,
}

// everyOther is the share of a pair's handshakes that fail, where that is a problem: one in
// two.
const everyOther = 2

func checkTLSFailed(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.TLSFailed) {
		if e.len() < cause.MinSamples && e.len()*everyOther <= e.pair.Seen() {
			continue // as where a browser loses interest
		}
		f := v.found(r, e, "TLS handshakes between %s and %s do not finish: %s", e.pair.Name, e.server.Name, shareOf(e.len(), e.pair.Seen()))
		if _, how, ok := strings.Cut(e.records[0].Observed(), ": "); ok {
			f.Title += "; " + how
		}
		if e.len() >= cause.MinSamples && e.len()*everyOther >= e.pair.Seen() {
			f.Severity = max(f.Severity, Notable)
		}
		f.brief = "TLS handshakes between " + e.pair.Name + " and " + e.server.Name + " fail"
		out = append(out, f)
	}
	return out
}
