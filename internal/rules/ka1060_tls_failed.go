package rules

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var tlsFailed = &Rule{
	ID:    "KA1060",
	Title: "TLS handshakes do not finish",
	Who:   analyze.Both,
	SetWhen: "a connection ends after its ClientHello and before both Finished, or the server sends nothing but an alert after them; " +
		"the alert is encrypted in TLS 1.3",
	Why: "a certificate that one side does not trust, that has expired or is for another name; no version, cipher or protocol (ALPN) in " +
		"common; a certificate of the client that is missing; a port that does not speak TLS",
	Advice: products.Advise("read the TLS error in the log of the side that ended it, and try openssl s_client -connect ADDR:PORT -servername NAME").Noting("keep-alive settings do not matter here"),
	Filter: "tls.alert_message or tls.handshake.type == 1",
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
		f.Advice = adviceForHandshake(r, &e)
		f.brief = "TLS handshakes between " + e.pair.Name + " and " + e.server.Name + " fail"
		out = append(out, f)
	}
	return out
}

// handshakeAdvice is what to change by what keeps handshakes from their end, where it is not
// known what the programs are.
var handshakeAdvice = map[cause.HandshakeFault]products.Advice{
	cause.ServerCertificate: products.Advise(
		"serve a certificate that the client trusts, for the name that it asks for, not expired and with its whole chain (nginx "+
			"ssl_certificate, HAProxy crt, Apache SSLCertificateFile, Go tls.Config.Certificates)",
		"give the client its authority (Go RootCAs, Node NODE_EXTRA_CA_CERTS, Java trust store, curl --cacert, Python verify=FILE)",
	),
	cause.ClientCertificate: products.Advise(
		"give the client a certificate that the server takes (Go tls.Config.Certificates, Node cert and key, Java key store, curl "+
			"--cert, Python cert=)",
		"let the server ask for none (nginx ssl_verify_client, HAProxy verify, Apache SSLVerifyClient, Go ClientAuth)",
	),
	cause.NoParameters: products.Advise("let both sides have a version and a cipher suite in common: nginx ssl_protocols, HAProxy " +
		"ssl-min-ver, Apache SSLProtocol, Go MinVersion, Node minVersion, Java jdk.tls.disabledAlgorithms, curl --tlsv1.2, Python " +
		"minimum_version"),
	cause.NoALPN: products.Advise("let both sides have a protocol of ALPN in common: nginx http2, HAProxy alpn, Apache Protocols, Go " +
		"NextProtos, Node ALPNProtocols, Java version(HTTP_1_1), curl --http1.1"),
	cause.NoName: products.Advise("ask for a name that the server knows, or add it there: nginx server_name, HAProxy crt-list, Apache " +
		"ServerName").Noting("a client that connects by address sends no name (curl --connect-to keeps it)"),
	cause.NoTLS: products.Advise(
		"use https:// where the port speaks TLS, and http:// where it does not",
		"to make it speak TLS: nginx listen PORT ssl, HAProxy bind ssl crt FILE, Apache SSLEngine on",
	),
}

// adviceForHandshake returns what to change for handshakes to come to their end: in the
// words of the program that ends them, if it is known, else by what the first one shows.
func adviceForHandshake(r *Rule, e *group) products.Advice {
	if says := r.adviceFor(*e); says.Fix != r.Fix {
		return says
	}
	if advice, ok := handshakeAdvice[e.records[0].HandshakeFault()]; ok {
		return advice
	}
	return r.Advice
}

// sparesNothing corrects the fix of a finding about what connections leave behind, where most
// of these came no further than a TLS handshake: to use them again is out of the question.
func sparesNothing(f *Finding, records []*cause.Record) {
	failed := cause.Having(records, []cause.Cause{cause.TLSFailed})
	if len(failed)*2 > len(records) {
		f.Title += ", most of it after TLS handshakes that did not finish"
		f.Advice = products.Advise("repair the TLS handshakes (KA1060): no keep-alive setting matters here")
	}
}
