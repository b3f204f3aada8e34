package cause

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Cause is why a connection carried no further request. Every connection has
// one: the first that applies, in the order of the constants' groups.
type Cause uint8

// The causes.
const (
	Undecided Cause = iota // only the group can tell; never in a Diagnosis

	// Never opened.
	Refused
	AcceptQueueFull
	Unanswered

	// Not a pool's business.
	TLSFailed
	NotHTTP
	Upgraded
	Tunnel
	GoAway
	NoRequest

	// Said by a message.
	RequestConnectionClose
	HTTP10
	EarlyResponse
	ServerMaxRequests
	ServerMaxAge
	ServerDrain
	ResponseConnectionClose
	CloseDelimited

	// Cut while in use.
	StaleRace
	UsedAfterClose
	HalfOpenPeer
	DeadPeer
	LocalDrop
	RetransmissionTimeout
	MiddleboxReset
	ServerExit
	ClientExit
	ClientTimeout
	ServerTimeoutEmpty
	ServerTimeoutCut
	ClientUnreadBody
	ServerReset
	ClientReset

	// Closed while idle.
	ServerIdleTimeout
	ClientIdleTimeout
	ClientPoolOverflow
	ClientClosedAfterResponse
	ServerClosedUnannounced

	// Half-closed.
	HalfClose
	CloseWait

	// Still open.
	Leaked
	BusyAtEnd
	IdleAtEnd
	Unknown
	causeCount
)

var causeNames = [causeCount]string{
	"undecided",
	"refused", "accept_queue_full", "unanswered",
	"tls_failed", "not_http", "upgraded", "tunnel", "goaway", "no_request",
	"request_connection_close", "http10", "early_response", "server_max_requests", "server_max_age", "server_drain",
	"response_connection_close", "close_delimited",
	"stale_race", "used_after_close", "half_open_peer", "dead_peer", "local_drop", "retransmission_timeout", "middlebox_reset",
	"server_exit", "client_exit", "client_timeout", "server_timeout_empty", "server_timeout_cut", "client_unread_body",
	"server_reset", "client_reset",
	"server_idle_timeout", "client_idle_timeout", "client_pool_overflow", "client_closed_after_response", "server_closed_unannounced",
	"half_close", "close_wait",
	"leaked", "busy_at_end", "idle_at_end", "unknown",
}

// String returns the cause as reports name it.
func (c Cause) String() string { return causeNames[c] }

// AllCauses returns all causes but Undecided, in order.
func AllCauses() []Cause {
	all := make([]Cause, 0, causeCount-1)
	for c := Undecided + 1; c < causeCount; c++ {
		all = append(all, c)
	}
	return all
}

var meanings = [causeCount]string{
	Refused: "the SYN was answered by RST", AcceptQueueFull: "the server's accept queue was full", Unanswered: "no answer to the SYN or SYN-ACK",
	TLSFailed: "the TLS handshake did not finish", NotHTTP: "another protocol", Upgraded: "left HTTP/1 by an upgrade", Tunnel: "a CONNECT tunnel",
	GoAway: "HTTP/2 GOAWAY", NoRequest: "opened and never used",
	RequestConnectionClose: `"Connection: close" in a request`, HTTP10: "HTTP/1.0 without keep-alive", EarlyResponse: "answered before the request was read",
	ServerMaxRequests: "limit of requests per connection", ServerMaxAge: "limit of the connection's age", ServerDrain: "the server shut down gracefully",
	ResponseConnectionClose: `"Connection: close" in a response`, CloseDelimited: "a body that only the close ends",
	StaleRace: "the request crossed the server's close", UsedAfterClose: "used after the server had closed", HalfOpenPeer: "the server no longer knew it",
	DeadPeer: "probes unanswered", LocalDrop: "answers dropped on the capturing host", RetransmissionTimeout: "data unanswered",
	MiddleboxReset: "reset by something on the path", ServerExit: "the server's process ended", ClientExit: "the client's process ended",
	ClientTimeout: "the client gave up a request", ServerTimeoutEmpty: "the server closed without a response", ServerTimeoutCut: "the server cut a response",
	ClientUnreadBody: "the client closed without reading the body", ServerReset: "reset by the server", ClientReset: "reset by the client",
	ServerIdleTimeout: "the server closes idle connections", ClientIdleTimeout: "the client closes idle connections",
	ClientPoolOverflow: "the client's idle pool was full", ClientClosedAfterResponse: "the client closed after a response",
	ServerClosedUnannounced: "the server closed without a word", HalfClose: "one side shut down, data went on the other way",
	CloseWait: "the server closed, the client did not", Leaked: "open, but the client forgot it", BusyAtEnd: "a request under way at the end",
	IdleAtEnd: "open and usable at the end", Unknown: "none of these can be told",
}

// Meaning returns the cause in words.
func (c Cause) Meaning() string { return meanings[c] }

// Failed reports whether a connection that ended so lost a request: its client
// got no whole response.
func (c Cause) Failed() bool {
	switch c {
	case Refused, AcceptQueueFull, Unanswered, StaleRace, UsedAfterClose, HalfOpenPeer, ServerTimeoutEmpty, ServerTimeoutCut, ClientTimeout:
		return true
	}
	return false
}

// Confidence is how sure a judgement is.
type Confidence uint8

// The levels.
const (
	Low Confidence = iota
	Medium
	High
)

// String returns the level as reports name it.
func (c Confidence) String() string { return [...]string{"low", "medium", "high"}[c] }

// NotReused is why one connection carried no further request.
type NotReused struct {
	Cause       Cause
	By          analyze.Party // who did it
	Confidence  Confidence
	observation observation
}

// Observed returns what the capture shows of it, in words: "server sent FIN
// 1.000 s after response 1".
func (n NotReused) Observed() string { return n.observation.String() }

// AppendObserved appends what Observed returns to b, ready for a JSON string.
func (n NotReused) AppendObserved(b []byte) []byte {
	for _, c := range []byte(n.observation.String()) {
		if c == '"' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return b
}
