package cause

import (
	"math"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// TestWords holds how numbers are written for people.
func TestWords(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1,000"}, {Count(1234567), "1,234,567"},
		{Count(-999), "-999"}, {Count(-1000), "-1,000"}, {Count(analyze.Unknown), NotKnown},
		{Plural(0, "byte", "bytes"), "0 bytes"}, {Plural(1, "byte", "bytes"), "1 byte"}, {Plural(2000, "byte", "bytes"), "2,000 bytes"},
		{Percent(0), "0.0%"}, {Percent(0.0009), "<0.1%"}, {Percent(0.001), "0.1%"}, {Percent(0.5), "50.0%"},
		{Percent(0.9989), "99.9%"}, {Percent(0.99999), "99.9%"}, {Percent(1), "100.0%"}, {Percent(math.NaN()), NotKnown},
		{Decimal(2), "2"}, {Decimal(2.04), "2"}, {Decimal(2.06), "2.1"}, {Decimal(999.5), "999.5"}, {Decimal(1234.5), "1,235"}, {Decimal(math.NaN()), NotKnown},
		{Duration(0), "0 s"}, {Duration(analyze.Unknown), NotKnown}, {Duration(999), "999 ns"}, {Duration(1000), "1 us"},
		{Duration(999_499), "999 us"}, {Duration(999_500), "1.0 ms"}, {Duration(999_949_999), "999.9 ms"}, {Duration(999_950_000), "1.000 s"},
		{Duration(9_999_400_000), "9.999 s"}, {Duration(10_000_000_000), "10 s"}, {Duration(12_340_000_000), "12.3 s"}, {Duration(99_950_000_000), "100 s"},
		{Duration(10_799_000_000_000), "10,799 s"}, {Duration(10_800_000_000_000), "3 h"}, {Duration(259_200_000_000_000), "3 days"},
		{Duration(-5_000_000), "-5.0 ms"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}

// TestObservations holds the sentence for each kind of observation.
func TestObservations(t *testing.T) {
	client, server := sender(analyze.Client), sender(analyze.Server)
	seen := map[observationKind]bool{}
	for _, tc := range []struct {
		is   observation
		want string
	}{
		{observation{kind: observedRefusal}, "the SYN was answered by RST"},
		{observation{kind: observedSilence, number: 3}, "3 SYNs without an answer"},
		{observation{kind: observedNoACK, number: 1}, "1 SYN-ACK without an answer"},
		{observation{kind: observedSYNACKs, number: 4}, "the server answered the SYN 4 times, though the client acknowledged it, and accepted no data"},
		{observation{kind: observedGaveUp, ns: second}, "the SYN-ACK came when the client had given up: it answered with RST 1.000 s after the SYN"},
		{observation{kind: observedTLS, ns: second, by: client, number: 1, status: 1}, "the TLS handshake did not finish: the client sent FIN 1.000 s after the ClientHello, and an alert before it: it most likely does not trust the server's certificate"},
		{observation{kind: observedTLS, ns: second, by: client, number: 1}, "the TLS handshake did not finish: the client sent FIN 1.000 s after the ClientHello"},
		{observation{kind: observedTLS, ns: second, by: server | sentRST}, "the TLS handshake did not finish: the server sent RST 1.000 s after the ClientHello, without an answer"},
		{observation{kind: observedTLS, ns: second, by: server, number: 1}, "the TLS handshake did not finish: the server sent FIN 1.000 s after the ClientHello"},
		{observation{kind: observedTLS, ns: second, by: server, number: 2}, "the TLS handshake did not finish: the server sent FIN 1.000 s after the ClientHello, instead of a response: it most likely wants a certificate of the client, or refuses the one it has"},
		{observation{kind: observedTLSAlert, number: 48, by: client}, "the TLS handshake did not finish: the client sent the alert unknown_ca, for the server's certificate"},
		{observation{kind: observedTLSAlert, number: 42, by: server}, "the TLS handshake did not finish: the server sent the alert bad_certificate, for the client's certificate"},
		{observation{kind: observedTLSAlert, number: 40, by: server, status: 1}, "the TLS handshake did not finish: the server sent the alert handshake_failure, for lack of a client certificate"},
		{observation{kind: observedTLSAlert, number: 40, by: server}, "the TLS handshake did not finish: the server sent the alert handshake_failure, for lack of common parameters, such as a cipher suite"},
		{observation{kind: observedTLSAlert, number: 70, by: server}, "the TLS handshake did not finish: the server sent the alert protocol_version, for lack of a common version"},
		{observation{kind: observedTLSAlert, number: 120, by: server}, "the TLS handshake did not finish: the server sent the alert no_application_protocol, for lack of a common protocol (ALPN)"},
		{observation{kind: observedTLSAlert, number: 250, by: server}, "the TLS handshake did not finish: the server sent the alert 250"},
		{observation{kind: observedHTTPAnswer}, "the TLS handshake did not finish: the server answered the ClientHello in HTTP: the port does not speak TLS"},
		{observation{kind: observedPlainRequest, number: 1}, "request 1, in the clear, was answered by a TLS alert: the port speaks TLS"},
		{observation{kind: observedNoRequest, ns: second}, "no request in 1.000 s"},
		{observation{kind: observedNoRequest, ns: second, by: client | sentRST}, "no request in 1.000 s, then client sent RST"},
		{observation{kind: observedNoRequest, ns: second, by: server, status: 408}, "no whole request in 1.000 s, then server sent status 408"},
		{observation{kind: observedNoRequest, number: spokeHTTP2, ns: second, by: client}, "no request but the preface of HTTP/2 in 1.000 s, then client sent FIN"},
		{observation{kind: observedTLSUnused, ns: second, by: client | sentNotify}, "no request in 1.000 s after the TLS handshake, then client sent close_notify"},
		{observation{kind: observedOtherProtocol}, "the first bytes are not HTTP"},
		{observation{kind: observedUpgrade, number: 1}, "request 1 switched to another protocol"},
		{observation{kind: observedTunnel, number: 1}, "request 1 opened a tunnel (CONNECT)"},
		{observation{kind: observedRequestClose, number: 2}, `request 2 says "Connection: close"`},
		{observation{kind: observedRequest10, number: 2}, "request 2 is HTTP/1.0 without keep-alive"},
		{observation{kind: observedResponseClose, number: 2, status: 200}, `response 2 says "Connection: close"`},
		{observation{kind: observedResponse10, number: 2}, "response 2 is HTTP/1.0 without keep-alive"},
		{observation{kind: observedCloseDelimited, number: 2}, "response 2 has no length: only the close ends its body"},
		{observation{kind: observedGoAway, number: 2, ns: second, status: uint16(awayIdle) << reasonShift}, "server sent GOAWAY 1.000 s after response 2: it was idle"},
		{observation{kind: observedGoAway, number: 2, ns: -1 << 63, status: 0xb | uint16(awayPings)<<reasonShift}, "server sent GOAWAY ENHANCE_YOUR_CALM in request 2: too many PINGs"},
		{observation{kind: observedGoAway, number: 1, ns: second, status: 0xff | uint16(awayIdle)<<reasonShift}, "server sent GOAWAY with an unknown error code 1.000 s after response 1: it was idle"},
		{observation{kind: observedIdleEnd, number: 2, ns: second, by: client | sentGoAway}, "client sent GOAWAY 1.000 s after response 2"},
		{observation{kind: observedEarly, number: 1, status: 413}, "response 1 (status 413) came before its request was whole"},
		{observation{kind: observedCrossing, number: 2, ns: 1e6}, "request 2 and the server's FIN crossed, 1.0 ms apart"},
		{observation{kind: observedMetClose, number: 2, ns: 1e6, by: server | sentRST}, "request 2 arrived as the server was closing the idle connection: RST after 1.0 ms"},
		{observation{kind: observedLateRequest, number: 2, ns: second}, "request 2 was sent 1.000 s after the server's FIN"},
		{observation{kind: observedCrossingData}, "data of the client and the server's FIN crossed"},
		{observation{kind: observedLateData}, "the client sent data though it had the server's FIN"},
		{observation{kind: observedNoSocket, number: 2, ns: 1e6}, "request 2 was answered by a bare RST after 1.0 ms"},
		{observation{kind: observedProbesLost, number: 2, by: client}, "2 probes of the client unanswered"},
		{observation{kind: observedDataLost, number: 1, by: server}, "data of the server unanswered: 1 retransmission"},
		{observation{kind: observedAnswersLost, number: 2, by: client}, "2 probes of client answered on the wire, yet client sent RST"},
		{observation{kind: observedForeignRST, by: server}, "an RST that claims to come from server, with a different TTL than its packets"},
		{observation{kind: observedForgedRST, by: sender(analyze.Server)}, "an RST that claims to come from server, which did not send it: the other capture lacks it"},
		{observation{kind: observedForgedRST, by: sender(analyze.Server), number: forgedAtSYN}, "the SYN was answered by an RST that claims to come from server, which did not send it: the other capture lacks it"},
		{observation{kind: observedForgedRST, by: sender(analyze.Client), number: forgedThere}, "the other capture shows an RST that claims to come from client, which did not send it: this capture lacks it"},
		{observation{kind: observedStray, number: 1}, "these packets belong to connection 1, whose server has another address: the client answered by RST"},
		{observation{kind: observedUntouched, number: 2}, "packets from the server came from another address, as connection 2, and the client answered by RST"},
		{observation{kind: observedUnansweredEnd, number: 2, ns: second, by: client}, "client sent FIN 1.000 s after request 2, which has no response"},
		{observation{kind: observedCutEnd, number: 2, ns: second, by: client | sentRST}, "client sent RST 1.000 s after request 2, before its response was complete"},
		{observation{kind: observedMalformed, number: 2, ns: second, by: server}, "server sent FIN 1.000 s after request 2, whose answer is not HTTP/1.x"},
		{observation{kind: observedSurplus, number: 2, ns: second, by: client}, "2 bytes beyond the end of a response, then client sent FIN 1.000 s after it"},
		{observation{kind: observedEventsEnd, number: 2, ns: second, by: client}, "client sent FIN 1.000 s after request 2, in its stream of events"},
		{observation{kind: observedIdleEnd, number: 2, ns: second, by: server}, "server sent FIN 1.000 s after response 2"},
		{observation{kind: observedIdleEnd, number: 2, ns: second, by: server, status: 500}, "server sent FIN 1.000 s after response 2 (status 500)"},
		{observation{kind: observedIdle408, number: 2, ns: second}, "server sent status 408 without a request, 1.000 s after response 2"},
		{observation{kind: observedQuietEnd, ns: second, by: server}, "server sent FIN after 1.000 s of silence"},
		{observation{kind: observedRecordsEnd, ns: second, by: server | sentRST}, "server sent RST 1.000 s after the last data"},
		{observation{kind: observedIdleEnd, number: 2, ns: second, by: server | sentNotify | estimated}, "server sent close_notify 1.000 s after response 2 (estimated)"},
		{observation{kind: observedBothEnd, ns: second, number: 3, by: client | sentNotify | estimated}, "client sent close_notify 1.000 s after response 3 (estimated), and the other side sent its own before receiving it"},
		{observation{kind: observedFarewellEnd, ns: second, by: server | sentNotify}, "server sent a short record, as GOAWAY of HTTP/2 is, 1.000 s after the last message, then close_notify"},
		{observation{kind: observedHalfClose, by: client}, "client sent FIN, and data went on the other way"},
		{observation{kind: observedOpenIdle, number: 2, ns: second}, "still open, 1.000 s after response 2"},
		{observation{kind: observedOpenBusy, ns: second}, "still open, 1.000 s after the beginning of a request whose response is not complete"},
		{observation{kind: observedOpenBusy, number: 2, ns: second}, "still open, 1.000 s after request 2, whose response is not complete"},
		{observation{kind: observedOpenQuiet}, "still open"},
		{observation{kind: observedOneDirection}, "only one direction was captured"},
		{observation{}, ""},
	} {
		seen[tc.is.kind] = true
		if got := (NotReused{observation: tc.is}).Observed(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
	for k := range observedOneDirection + 1 {
		if !seen[k] {
			t.Errorf("kind %d has no sentence here", k)
		}
	}
}
