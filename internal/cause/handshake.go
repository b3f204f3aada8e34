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
	switch o.fault() {
	case ServerCertificate:
		return "the server's certificate"
	case ClientCertificate:
		if o.number == alertCertRequired || o.number == alertHandshakeFailure {
			return "lack of a client certificate"
		}
		return "the client's certificate"
	case NoParameters:
		if o.number == alertVersion {
			return "lack of a common version"
		}
		return "lack of common parameters, such as a cipher suite"
	case NoALPN:
		return "lack of a common protocol (ALPN)"
	case NoName:
		return "a server name that it does not know"
	}
	return ""
}

// HandshakeFault is what keeps a TLS handshake from its end.
type HandshakeFault uint8

// The faults.
const (
	UnknownFault      HandshakeFault = iota
	ServerCertificate                // that the client does not take
	ClientCertificate                // that is missing, or that the server does not take
	NoParameters                     // no version or cipher suite in common
	NoALPN                           // no protocol in common
	NoName                           // the server does not know the name that it is asked for
	NoTLS                            // one of the sides does not speak TLS
)

// HandshakeFault returns what seems to have kept the TLS handshake from its end.
func (r *Record) HandshakeFault() HandshakeFault {
	if r.Cause != TLSFailed {
		return UnknownFault
	}
	return r.observation.fault()
}

// fault is HandshakeFault of what was observed.
func (o observation) fault() HandshakeFault {
	byClient := o.by.party() == analyze.Client
	switch o.kind {
	case observedHTTPAnswer, observedPlainRequest:
		return NoTLS
	case observedTLS:
		switch {
		case o.number == uint32(analyze.BothFinished):
			return ClientCertificate
		case o.number == uint32(analyze.ServerAnswered) && byClient && o.status == 1:
			return ServerCertificate
		}
		return UnknownFault
	case observedTLSAlert:
	default:
		return UnknownFault
	}
	switch c := o.number; {
	case c >= alertBadCertificate && c <= alertUnknownCertif || c == alertUnknownCA:
		if byClient {
			return ServerCertificate
		}
		return ClientCertificate
	case c == alertCertRequired, c == alertHandshakeFailure && o.status == 1 && !byClient:
		return ClientCertificate
	case c == alertVersion, c == alertHandshakeFailure, c == alertSecurity:
		return NoParameters
	case c == alertProtocol:
		return NoALPN
	case c == alertName:
		return NoName
	}
	return UnknownFault
}
