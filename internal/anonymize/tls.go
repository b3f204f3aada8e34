package anonymize

import "slices"

// Host returns the pseudonym of a host name, which has as many labels as long.
func (a *Anonymizer) Host(name string) string {
	b := []byte(name)
	a.host(b)
	return string(b)
}

// Protocol returns the pseudonym of a name of ALPN; those that are known stay.
func (a *Anonymizer) Protocol(name string) string {
	if name == "" || slices.Contains(knownProtocols, name) {
		return name
	}
	b := []byte(name)
	a.replace(valueWord, b)
	return string(b)
}

// knownProtocols are the names of ALPN that IANA has, and older ones of HTTP/2.
var knownProtocols = []string{
	"acme-tls/1", "c-webrtc", "co", "coap", "dicom", "doq", "dot", "ftp", "h2", "h2-14", "h2-15", "h2-16", "h2c", "h3",
	"http/0.9", "http/1.0", "http/1.1", "imap", "irc", "managesieve", "mqtt", "n-http/1.1", "n-http/2", "nntp", "nnsp",
	"ntske/1", "pop3", "postgresql", "radius/1.0", "radius/1.1", "sip/2", "smb", "spdy/1", "spdy/2", "spdy/3", "spdy/3.1",
	"stun.nat-discovery", "stun.turn", "sunrpc", "tds/8.0", "webrtc", "xmpp-client", "xmpp-server",
}
