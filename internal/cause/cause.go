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
	MalformedResponse
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
}{
	Undecided:                 {"undecided", ""},
	Refused:                   {"refused", "the SYN was answered by RST"},
	AcceptQueueFull:           {"accept_queue_full", "the server's accept queue was full"},
	Unanswered:                {"unanswered", "no answer to the SYN or SYN-ACK"},
	ConnectTimeout:            {"connect_timeout", "the client gave up before the SYN-ACK came"},
	TLSFailed:                 {"tls_failed", "the TLS handshake did not finish"},
	NotHTTP:                   {"not_http", "another protocol"},
	Upgraded:                  {"upgraded", "upgraded to another protocol"},
	Tunnel:                    {"tunnel", "a CONNECT tunnel"},
	GoAway:                    {"goaway", "HTTP/2 GOAWAY"},
	SpareDial:                 {"spare_dial", "opened beside others, and never needed"},
	NoRequest:                 {"no_request", "opened and never used"},
	RequestConnectionClose:    {"request_connection_close", `"Connection: close" in a request`},
	HTTP10:                    {"http10", "HTTP/1.0 without keep-alive"},
	EarlyResponse:             {"early_response", "answered before the request was read"},
	ServerMaxRequests:         {"server_max_requests", "limit of requests per connection"},
	ServerMaxAge:              {"server_max_age", "limit of the connection's age"},
	ServerDrain:               {"server_drain", "the server shut down gracefully"},
	ResponseConnectionClose:   {"response_connection_close", `"Connection: close" in a response`},
	CloseDelimited:            {"close_delimited", "a body that ends only with the connection"},
	StaleRace:                 {"stale_race", "the request crossed the server's close"},
	UsedAfterClose:            {"used_after_close", "used after the server had closed"},
	HalfOpenPeer:              {"half_open_peer", "the server no longer knew it"},
	DeadPeer:                  {"dead_peer", "probes unanswered"},
	LocalDrop:                 {"local_drop", "answers dropped on the capturing host"},
	RetransmissionTimeout:     {"retransmission_timeout", "data unanswered"},
	MiddleboxReset:            {"middlebox_reset", "reset by something on the path"},
	ServerExit:                {"server_exit", "the server's process ended"},
	ClientExit:                {"client_exit", "the client's process ended"},
	ClientTimeout:             {"client_timeout", "the client gave up a request"},
	ServerTimeoutEmpty:        {"server_timeout_empty", "the server closed without a response"},
	ServerTimeoutCut:          {"server_timeout_cut", "the server cut a response"},
	ClientUnreadBody:          {"client_unread_body", "the client closed without reading the body"},
	MalformedResponse:         {"malformed_response", "the answer to the request is not HTTP"},
	ServerReset:               {"server_reset", "reset by the server"},
	ClientReset:               {"client_reset", "reset by the client"},
	ServerConnectionLimit:     {"server_connection_limit", "the server closes idle ones to make room for others"},
	ServerIdleTimeout:         {"server_idle_timeout", "the server closes idle connections"},
	ClientIdleTimeout:         {"client_idle_timeout", "the client closes idle connections"},
	ClientPoolOverflow:        {"client_pool_overflow", "the client's idle pool was full"},
	ClientClosedAfterResponse: {"client_closed_after_response", "the client closed after a response"},
	ServerClosedUnannounced:   {"server_closed_unannounced", "the server closed without announcing it"},
	HalfClose:                 {"half_close", "one side shut down, the other kept sending"},
	CloseWait:                 {"close_wait", "the server closed, the client did not"},
	Leaked:                    {"leaked", "open, but never reused"},
	BusyAtEnd:                 {"busy_at_end", "a request in progress at the end"},
	IdleAtEnd:                 {"idle_at_end", "open and usable at the end"},
	Unknown:                   {"unknown", "the cause could not be determined"},
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
