package cause

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Cause is why a connection carried no further request. Every connection has
// one: the first that applies, in the order of the constants' groups.
type Cause uint8

// The causes.
const (
	Undecided Cause = iota // only the group can tell; never once Finish has returned

	// Never opened.
	Refused
	AcceptQueueFull
	Unanswered
	ConnectTimeout

	// Not a pool's business.
	TLSFailed
	NotHTTP
	Upgraded
	Tunnel
	GoAway
	SpareDial
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
	ServerConnectionLimit
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

// causes are the words for each cause.
var causes = [causeCount]struct {
	name    string // in reports
	meaning string
	failed  bool // its last request got no whole response
}{
	Undecided:                 {"undecided", "", false},
	Refused:                   {"refused", "the SYN was answered by RST", true},
	AcceptQueueFull:           {"accept_queue_full", "the server's accept queue was full", true},
	Unanswered:                {"unanswered", "no answer to the SYN or SYN-ACK", true},
	ConnectTimeout:            {"connect_timeout", "the client gave up before the SYN-ACK came", true},
	TLSFailed:                 {"tls_failed", "the TLS handshake did not finish", false},
	NotHTTP:                   {"not_http", "another protocol", false},
	Upgraded:                  {"upgraded", "left HTTP/1 by an upgrade", false},
	Tunnel:                    {"tunnel", "a CONNECT tunnel", false},
	GoAway:                    {"goaway", "HTTP/2 GOAWAY", false},
	SpareDial:                 {"spare_dial", "opened beside others, and never needed", false},
	NoRequest:                 {"no_request", "opened and never used", false},
	RequestConnectionClose:    {"request_connection_close", `"Connection: close" in a request`, false},
	HTTP10:                    {"http10", "HTTP/1.0 without keep-alive", false},
	EarlyResponse:             {"early_response", "answered before the request was read", false},
	ServerMaxRequests:         {"server_max_requests", "limit of requests per connection", false},
	ServerMaxAge:              {"server_max_age", "limit of the connection's age", false},
	ServerDrain:               {"server_drain", "the server shut down gracefully", false},
	ResponseConnectionClose:   {"response_connection_close", `"Connection: close" in a response`, false},
	CloseDelimited:            {"close_delimited", "a body that only the close ends", false},
	StaleRace:                 {"stale_race", "the request crossed the server's close", true},
	UsedAfterClose:            {"used_after_close", "used after the server had closed", true},
	HalfOpenPeer:              {"half_open_peer", "the server no longer knew it", true},
	DeadPeer:                  {"dead_peer", "probes unanswered", false},
	LocalDrop:                 {"local_drop", "answers dropped on the capturing host", false},
	RetransmissionTimeout:     {"retransmission_timeout", "data unanswered", false},
	MiddleboxReset:            {"middlebox_reset", "reset by something on the path", false},
	ServerExit:                {"server_exit", "the server's process ended", false},
	ClientExit:                {"client_exit", "the client's process ended", false},
	ClientTimeout:             {"client_timeout", "the client gave up a request", true},
	ServerTimeoutEmpty:        {"server_timeout_empty", "the server closed without a response", true},
	ServerTimeoutCut:          {"server_timeout_cut", "the server cut a response", true},
	ClientUnreadBody:          {"client_unread_body", "the client closed without reading the body", false},
	ServerReset:               {"server_reset", "reset by the server", false},
	ClientReset:               {"client_reset", "reset by the client", false},
	ServerConnectionLimit:     {"server_connection_limit", "the server closes idle ones to make room for others", false},
	ServerIdleTimeout:         {"server_idle_timeout", "the server closes idle connections", false},
	ClientIdleTimeout:         {"client_idle_timeout", "the client closes idle connections", false},
	ClientPoolOverflow:        {"client_pool_overflow", "the client's idle pool was full", false},
	ClientClosedAfterResponse: {"client_closed_after_response", "the client closed after a response", false},
	ServerClosedUnannounced:   {"server_closed_unannounced", "the server closed without a word", false},
	HalfClose:                 {"half_close", "one side shut down, data went on the other way", false},
	CloseWait:                 {"close_wait", "the server closed, the client did not", false},
	Leaked:                    {"leaked", "open, but the client forgot it", false},
	BusyAtEnd:                 {"busy_at_end", "a request under way at the end", false},
	IdleAtEnd:                 {"idle_at_end", "open and usable at the end", false},
	Unknown:                   {"unknown", "none of these can be told", false},
}

// String returns the cause as reports name it.
func (c Cause) String() string { return causes[c].name }

// AllCauses returns all causes but Undecided, in order.
func AllCauses() []Cause {
	all := make([]Cause, 0, causeCount-1)
	for c := Undecided + 1; c < causeCount; c++ {
		all = append(all, c)
	}
	return all
}

// Meaning returns the cause in words.
func (c Cause) Meaning() string { return causes[c].meaning }

// Failed reports whether a connection that ended so lost a request: its client
// got no whole response.
func (c Cause) Failed() bool { return causes[c].failed }

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
