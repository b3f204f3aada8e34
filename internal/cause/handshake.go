package cause

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// handshake describes a TLS handshake that did not finish.
func (o observation) handshake() string {
	const failed = "the TLS handshake did not finish: "
	who := o.by.party()
	switch o.kind {
	case observedHTTPAnswer:
		return failed + "the server answered the ClientHello in HTTP: the port does not speak TLS"
	case observedTLSAlert:
		s := fmt.Sprintf("%sthe %s sent the alert %s", failed, who, analyze.AlertName(uint8(o.number)))
		if means := o.alertMeans(); means != "" {
			s += ", for " + means
		}
		return s
	}
	s := fmt.Sprintf("%sthe %s sent %s %s after the ClientHello", failed, who, o.end(), Duration(o.ns))
	byClient := who == analyze.Client
	switch {
	case o.number == uint32(analyze.BothFinished):
		s += ", instead of a response: it most likely wants a certificate of the client, or refuses the one it has"
	case o.number == uint32(analyze.ServerAnswered) && byClient && o.status == 1:
		s += ", and an alert before it: it most likely does not trust the server's certificate"
	case o.number == uint32(analyze.HelloSent) && !byClient:
		s += ", without an answer"
	}
	return s
}

// Alerts (RFC 8446, 6.2).
const (
	alertHandshakeFailure = 40
	alertBadCertificate   = 42 // up to certificate_unknown
	alertUnknownCertif    = 46
	alertUnknownCA        = 48
	alertVersion          = 70
	alertSecurity         = 71
	alertName             = 112
	alertCertRequired     = 116
	alertProtocol         = 120
)

// alertMeans returns what an alert stands for, "" if that depends.
func (o observation) alertMeans() string {
	byClient := o.by.party() == analyze.Client
	switch c := o.number; {
	case c >= alertBadCertificate && c <= alertUnknownCertif || c == alertUnknownCA:
		if byClient {
			return "the server's certificate"
		}
		return "the client's certificate"
	case c == alertCertRequired, c == alertHandshakeFailure && o.status == 1 && !byClient:
		return "want of a certificate of the client"
	case c == alertVersion:
		return "want of a version in common"
	case c == alertHandshakeFailure, c == alertSecurity:
		return "want of parameters in common, such as a cipher suite"
	case c == alertProtocol:
		return "want of a protocol (ALPN) in common"
	case c == alertName:
		return "a server name that it does not know"
	}
	return ""
}
