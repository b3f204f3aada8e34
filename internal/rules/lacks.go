package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// lacks returns what the capture lacks of needs, and what to capture instead;
// "" if nothing.
func (v *view) lacks(needs Needs) string { return v.lacksUnless(v.seesSome, needs) }

// lacksUnless is lacks; where some servers lack nothing, what others do not show is no
// reason.
func (v *view) lacksUnless(some bool, needs Needs) string {
	for _, lacks := range [...]string{v.lacksConnections(some, needs), v.lacksMessages(needs), v.lacksProbes(needs), v.lacksOtherEnd(needs)} {
		if lacks != "" {
			return lacks
		}
	}
	return ""
}

// lacksConnections is lacks for what TCP must show.
func (v *view) lacksConnections(some bool, needs Needs) string {
	all, n := v.Summary(), v.connections
	if some {
		needs &^= BothSides | Whole
	}
	switch {
	case n == 0 && v.result.Narrowed:
		return "no TCP connection is in the part of the capture that was asked for; widen it"
	case n == 0 && v.result.Undecoded != "":
		return "no TCP connection was found, for " + v.result.Undecoded
	case n == 0:
		return "no TCP connection was captured; capture on the host of the client or the server, with the filter tcp"
	case needs&BothSides != 0 && all.OneDirection*2 > n && v.result.Undecoded != "":
		return "only one direction of most connections was decoded; " + v.result.Undecoded
	case needs&BothSides != 0 && all.OneDirection*2 > n:
		return "only one direction of most connections was captured; capture where both pass, on the host of the client or the server"
	case needs&Opening != 0 && all.Midstream == n && v.result.Narrowed:
		return "no connection opens in the part of the capture that was asked for; let it begin earlier"
	case needs&Opening != 0 && all.Midstream == n:
		return "the opening of no connection was captured; begin the capture before the traffic, or capture for longer"
	case needs&Whole != 0 && all.Lossy*lossyCapture > n:
		return "bytes are missing from many connections; capture with a larger buffer (tcpdump -B 65536), all of each packet (-s 0) " +
			"and no filter on TCP flags"
	}
	return ""
}

// lacksMessages is lacks for what HTTP must show.
func (v *view) lacksMessages(needs Needs) string {
	all := v.Summary()
	unread := needs&HTTP != 0 && all.WithRequests == 0 || needs&Messages != 0 && all.WithMessages == 0
	switch other := v.count(cause.NotHTTP); {
	case !unread:
		return ""
	case all.Opaque > 0:
		return v.hidden()
	case v.count(cause.TLSFailed)*2 > v.connections:
		return fmt.Sprintf("no request was captured: TLS handshakes do not finish (%s of %s)", cause.Count(v.count(cause.TLSFailed)), conns(v.connections))
	case other*2 > v.connections:
		return fmt.Sprintf("no HTTP request was captured, but another protocol (%s of %s); capture at the port of the HTTP server",
			cause.Count(other), conns(v.connections))
	}
	return "no HTTP request was captured; capture for longer, or at another place"
}

// LacksProbes is what a capture lacks for the rules on keep-alive probes.
const LacksProbes = "no keep-alive probe was captured; capture for longer than the idle time of the probes"

// lacksProbes is lacks for keep-alive probes.
func (v *view) lacksProbes(needs Needs) string {
	if needs&Probed != 0 && v.result.Totals.Probes == 0 {
		return LacksProbes
	}
	return ""
}

// LacksOtherEnd is what a capture lacks for the rules on both ends of the path.
const LacksOtherEnd = "there is no capture of the other end of the path; capture there, too, and add it with --other-side"

// lacksOtherEnd is lacks for what the other end of the path must show.
func (v *view) lacksOtherEnd(needs Needs) string {
	if needs&OtherEnd != 0 && v.Between() == nil {
		return LacksOtherEnd
	}
	return ""
}

// hidden says why requests cannot be read, and what to capture instead.
func (v *view) hidden() string {
	what, all := "the requests", v.Summary()
	if all.Opaque < v.connections {
		what = fmt.Sprintf("the requests of %s of %s", cause.Count(all.Opaque), conns(v.connections))
	}
	switch {
	case all.Encrypted == all.Opaque:
		return what + " cannot be read: they are encrypted, and their TLS records do not show where one begins (HTTP/2, another " +
			"protocol, or captured from the middle); " + withKeys
	case all.HTTP2 == all.Opaque:
		return what + " cannot be read: they are HTTP/2 whose frames were not found; capture each connection from its beginning"
	case all.Encrypted+all.HTTP2 == all.Opaque:
		return what + " cannot be read: they are encrypted or HTTP/2; " + withKeys + ", where they are HTTP/1"
	case all.Encrypted+all.HTTP2 == 0:
		return what + " cannot be read: they are cut or not captured; capture all of each packet (-s 0)"
	}
	return what + " cannot be read: they are encrypted, HTTP/2 or cut; " + withKeys + ", with -s 0"
}

// withKeys is what to capture where TLS hides the requests.
const withKeys = "capture with a key log (SSLKEYLOGFILE, --tls-keylog), or between the TLS terminator and its backend, if there is one"
