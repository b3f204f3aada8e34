package kaanalyze

import (
	"fmt"
	"net/netip"
	"time"
)

// The types of this file, and of contract_*.go, are the contract kaanalyze.report/1 for
// Go programs: a field for each member of the JSON, with its name and meaning. kaanalyze
// --json-schema prints that contract. Names stay, and more may be added. What is
// not known is nil or, where null is not told from it, "".

// Levels of a [Verdict].
const (
	Problem = "problem" // something is to be changed
	OK      = "ok"
	Unknown = "unknown" // the capture does not show enough to tell
)

// Verdict is the answer in one line.
type Verdict struct {
	Level string `json:"level"` // [Problem], [OK] or [Unknown]
	Text  string `json:"text"`  // names the server or client and the number that matters
}

// Tool is what wrote the report.
type Tool struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	CommandLine []string `json:"command_line"` // empty in a report that [Analyze] made
}

// Capture is what was read.
type Capture struct {
	Sources          []Source      `json:"sources"`          // in the order in which they were named
	Points           []Point       `json:"points,omitempty"` // where they were made, of parts that were joined
	Format           *string       `json:"format"`           // pcap, pcap-ns, pcapng ..., mixed if several
	LinkTypes        []string      `json:"link_types"`       // tcpdump's names, in order of appearance
	Packets          uint64        `json:"packets"`          // frames as Wireshark numbers them
	TCPPackets       uint64        `json:"tcp_packets"`
	Bytes            uint64        `json:"bytes"` // of all frames, as long as they were on the wire
	First            *time.Time    `json:"first"`
	Last             *time.Time    `json:"last"`
	Duration         *float64      `json:"duration_seconds"`
	Damaged          bool          `json:"damaged"` // a file could not be read to its end
	Damage           *Damage       `json:"damage"`
	Warnings         []string      `json:"warnings,omitempty"`          // what is odd about the files
	KernelDropped    *uint64       `json:"kernel_dropped"`              // packets that the capturing system says it lost
	InterfaceDropped *uint64       `json:"interface_dropped,omitempty"` // of a live capture
	CutPackets       uint64        `json:"cut_packets"`                 // captured in part (snap length)
	UndecodedPackets uint64        `json:"undecoded_packets"`           // neither TCP nor known to be something else
	DuplicatePackets uint64        `json:"duplicate_packets"`           // copies, counted in Packets and TCPPackets alone
	TimeBack         float64       `json:"time_back_seconds"`           // the most that a packet is earlier than one before it
	Clock            *Clock        `json:"clock,omitempty"`             // packets whose times cannot be right, nil without
	NotKept          int64         `json:"connections_not_kept"`        // connections that are in the sums alone
	Interrupted      bool          `json:"interrupted"`                 // the reading was stopped before the end
	GivenUp          []GivenUp     `json:"given_up,omitempty"`          // so that memory stays bounded
	TLSKeys          *TLSKeys      `json:"tls_keys,omitempty"`          // what the key log was good for, nil without
	Filter           *string       `json:"filter"`                      // the pcap filter
	Narrowed         *NarrowedPart `json:"narrowed,omitempty"`          // the part that was asked for, nil for all
	Anonymized       bool          `json:"anonymized,omitempty"`        // addresses and names are pseudonyms
}

// TLSKeys is what a key log was good for.
type TLSKeys struct {
	Sessions           int64          `json:"sessions"`            // in the key log
	SessionsInCapture  int64          `json:"sessions_in_capture"` // that a connection was seen of
	Decrypted          int64          `json:"decrypted"`           // connections
	DecryptedMidstream int64          `json:"decrypted_midstream"` // of these, without their handshake
	DecryptedInPart    int64          `json:"decrypted_in_part"`   // of these, up to a record that could not be decrypted
	WithoutKey         int64          `json:"without_key"`         // connections with TLS
	NotDecrypted       []NotDecrypted `json:"not_decrypted"`       // others
	UnreadableLines    int64          `json:"unreadable_lines"`    // of the key log
	SecretsLeftOut     int64          `json:"secrets_left_out"`    // that there was no room for
}

// NotDecrypted are connections that could not be decrypted.
type NotDecrypted struct {
	Reason      string `json:"reason"` // AES-CCM, another cipher, older than TLS 1.2 or wrong secrets
	Connections int64  `json:"connections"`
}

// Point is a place where captures were made. Go programs get none: they read no parts.
type Point struct {
	Name     string     `json:"name"`
	Part     *string    `json:"part"` // the file that has what the captures come to, nil for captures
	Captures int64      `json:"captures"`
	Packets  uint64     `json:"packets"`
	First    *time.Time `json:"first"`
	Last     *time.Time `json:"last"`
	Version  string     `json:"version"` // of the program that analysed them
}

// Source is one file that was read.
type Source struct {
	Name    string  `json:"name"`
	Format  *string `json:"format"`     // with the ending of its compression
	Size    *int64  `json:"size_bytes"` // on disk
	Packets uint64  `json:"packets"`
	SHA256  *string `json:"sha256"` // in hexadecimal, nil if it was not computed

	KernelDropped    *uint64 `json:"kernel_dropped,omitempty"` // of an interface, as in [Capture]
	InterfaceDropped *uint64 `json:"interface_dropped,omitempty"`
}

// Clock counts packets whose times cannot be right.
type Clock struct {
	Backwards uint64 `json:"backwards"` // captured an hour or more before the packet in front of them in their file
	Absurd    uint64 `json:"absurd"`    // before 1988 or from 2100 on, with a fraction of more than a second, or an hour or more away from the packets around them
}

// Damage says where a file could not be read further.
type Damage struct {
	Source string `json:"source"`
	Packet uint64 `json:"packet"` // number within the file of the first packet that is lost
	Offset int64  `json:"offset"` // of its record, in bytes of the uncompressed file
	Reason string `json:"reason"`
}

// NarrowedPart is the part of a capture that all numbers are of.
type NarrowedPart struct {
	Since    *time.Time      `json:"since"`
	Until    *time.Time      `json:"until"`
	Duration *float64        `json:"duration_seconds"`
	Server   *netip.AddrPort `json:"server"`
	Count    *uint64         `json:"count"` // packets at most
	Filter   *string         `json:"filter"`
}

// ByCloser counts connections by the side whose FIN does not acknowledge the
// other's, or that sent the RST.
type ByCloser struct {
	Client int64 `json:"client"`
	Server int64 `json:"server"`
	Both   int64 `json:"both"`
	None   int64 `json:"none"` // still open, silent or never opened

	Unknown int64 `json:"unknown,omitempty"` // closed, but one direction was not captured
}

// Totals are the numbers of the whole capture. Those that follow from requests are
// nil if no connection can be read.
type Totals struct {
	Connections                   int64            `json:"connections"` // lives of 4-tuples
	HandshakesComplete            int64            `json:"handshakes_complete"`
	Refused                       int64            `json:"refused"`    // SYN answered by RST
	Unanswered                    int64            `json:"unanswered"` // SYN answered by nothing
	Midstream                     int64            `json:"midstream"`  // connections whose opening was not captured
	Unfinished                    int64            `json:"unfinished"` // still open at the end
	SYN                           int64            `json:"syn"`        // packets, retransmitted ones too, as the next three
	SYNACK                        int64            `json:"syn_ack"`
	FIN                           int64            `json:"fin"`
	RST                           int64            `json:"rst"`
	IgnoredRST                    int64            `json:"ignored_rst"` // that its receiver does not accept
	Requests                      *int64           `json:"requests"`
	Responses                     *int64           `json:"responses"` // final ones; 101 is final
	InterimResponses              *int64           `json:"interim_responses"`
	ResponsesByClass              *ByClass         `json:"responses_by_class"`
	UnmatchedResponses            *int64           `json:"unmatched_responses"`       // to no request that was captured
	SurplusBytes                  int64            `json:"surplus_bytes"`             // beyond the end of responses
	FailedRequests                *int64           `json:"failed_requests"`           // without a whole response, or refused while being sent
	AbandonedRequests             *int64           `json:"abandoned_requests"`        // whose client dropped the response of its own accord
	StreamsOpened                 *int64           `json:"streams_opened,omitempty"`  // of HTTP/2, nil without, as the next
	StreamsRefused                *int64           `json:"streams_refused,omitempty"` // those that are no requests
	GRPCFailed                    *int64           `json:"grpc_failed,omitempty"`     // calls with another status than 0, nil without gRPC
	HTTPUnknown                   int64            `json:"http_unknown_connections"`  // encrypted, or cut
	ConnectionsWithRequests       *int64           `json:"connections_with_requests"`
	SingleRequest                 *int64           `json:"single_request_connections"`
	ReusedRequests                *int64           `json:"reused_requests"` // all on a connection but its first
	ReuseRatio                    *float64         `json:"reuse_ratio"`     // from 0 to 1
	RequestsPerConnection         Distribution     `json:"requests_per_connection"`
	PoolNeed                      *int64           `json:"pool_need"` // connections that a perfect pool would open
	AvoidableConnections          *int64           `json:"avoidable_connections"`
	AvoidableHandshake            *float64         `json:"avoidable_handshake_seconds"`
	RequestsEstimated             *int64           `json:"requests_estimated"`           // of TLS without keys; the next ones are over these and those counted; nil without
	FailedRequestsEstimated       *int64           `json:"failed_requests_estimated"`    // of these, as FailedRequests; not among them
	AbandonedRequestsEstimated    *int64           `json:"abandoned_requests_estimated"` // of these, as AbandonedRequests
	ReuseRatioEstimated           *float64         `json:"reuse_ratio_estimated"`
	PoolNeedEstimated             *int64           `json:"pool_need_estimated"`
	AvoidableConnectionsEstimated *int64           `json:"avoidable_connections_estimated"`
	AvoidableHandshakeEstimated   *float64         `json:"avoidable_handshake_seconds_estimated"`
	Probes                        int64            `json:"probes"` // of TCP keep-alive
	ProbesAnswered                int64            `json:"probes_answered"`
	ProbesUnanswered              int64            `json:"probes_unanswered"`
	Retransmissions               int64            `json:"retransmissions"`
	MissingBytes                  int64            `json:"missing_bytes"` // payload that the capture does not hold
	ClosedFirstBy                 ByCloser         `json:"closed_first_by"`
	CloseKinds                    map[string]int64 `json:"close_kinds"` // connections by [Close].Kind
	TimeWait                      TimeWaitTotals   `json:"time_wait"`
	CloseWait                     HalfClosed       `json:"close_wait"`         // sockets in CLOSE_WAIT for 10 ms or longer
	FINWait2                      HalfClosed       `json:"fin_wait_2"`         // sockets in FIN_WAIT_2, for 60 s at most
	AtLeast                       []string         `json:"at_least,omitempty"` // totals that may be higher in truth, as detail was given up
	AtMost                        []string         `json:"at_most,omitempty"`  // and lower
}

// HalfClosed are half-closed sockets over time, by FINs and their acknowledgements. Numbers
// are nil if they are not known, as of one direction.
type HalfClosed struct {
	Connections *int64             `json:"connections"` // that had such a socket
	Peak        *int64             `json:"peak"`        // the most at once
	PeakAt      *time.Time         `json:"peak_at"`
	AtEnd       *int64             `json:"at_end"`
	Hosts       []HalfClosedHolder `json:"hosts"` // by the host that holds them, most first
	HostsLeft   int64              `json:"hosts_left_out,omitempty"`
}

// HalfClosedHolder is a host that holds half-closed sockets.
type HalfClosedHolder struct {
	Host   netip.Addr `json:"host"`
	Peak   int64      `json:"peak"`
	PeakAt *time.Time `json:"peak_at"`
	AtEnd  int64      `json:"at_end"`
}

// GivenUp is a kind of detail that was given up so that memory stays bounded.
type GivenUp struct {
	What  string     `json:"what"` // connections, exchanges, samples, half_open, ended or idle_connections
	Count int64      `json:"count"`
	Since *time.Time `json:"since"`
}

// LeftOut are servers, or pairs, that have no row, and what they had.
type LeftOut struct {
	Count       int64 `json:"count"`
	Connections int64 `json:"connections"`
	Requests    int64 `json:"requests"`
	TimeWait    int64 `json:"time_wait"` // closes that left an entry
}

// Distribution is of requests over connections that have any.
type Distribution struct {
	Mean      *float64 `json:"mean"`
	P50       *int64   `json:"p50"` // nearest rank, as P90
	P90       *int64   `json:"p90"`
	Max       *int64   `json:"max"`
	Histogram []Bucket `json:"histogram"` // ascending, without empty ones
}

// Bucket counts connections with From to To requests, both inclusive.
type Bucket struct {
	From        int64 `json:"from"`
	To          int64 `json:"to"`
	Connections int64 `json:"connections"`
}

// TimeWaitTotals counts closes by who holds TIME_WAIT after them, as Linux does it,
// and entries over time.
type TimeWaitTotals struct {
	Closes          int64      `json:"closes"` // Client + Server + Both
	Client          int64      `json:"client"`
	Server          int64      `json:"server"`
	Both            int64      `json:"both"`    // two entries each
	None            int64      `json:"none"`    // an RST removed it or kept it from coming
	Pending         int64      `json:"pending"` // one FIN so far
	Unknown         int64      `json:"unknown"`
	Peak            *int64     `json:"peak"` // the most entries at once; nil, as AtEnd and PerfectPoolPeak, if none of the closes is known
	PeakAt          *time.Time `json:"peak_at"`
	AtEnd           *int64     `json:"at_end"`            // entries at the last packet
	SteadyState     *float64   `json:"steady_state"`      // entries that the rate of closes leads to
	PerfectPoolPeak *int64     `json:"perfect_pool_peak"` // if only PoolNeed connections were made
	Hosts           []Holder   `json:"hosts"`             // who holds them, most first
	HostsLeftOut    int64      `json:"hosts_left_out,omitempty"`
}

// Holder is a host that holds TIME_WAIT entries.
type Holder struct {
	Host        netip.Addr `json:"host"`
	Peak        int64      `json:"peak"` // the most entries at once
	PeakAt      *time.Time `json:"peak_at"`
	AtEnd       int64      `json:"at_end"`
	SteadyState *float64   `json:"steady_state"`
}

// String returns the host and its peak, as "10.20.0.1 (35)".
func (h Holder) String() string { return fmt.Sprintf("%v (%d)", h.Host, h.Peak) }

// Cause counts connections that were not reused for one reason.
type Cause struct {
	Cause       string  `json:"cause"` // as server_idle_timeout
	By          string  `json:"by"`    // client, server, both, network or none
	Connections int64   `json:"connections"`
	Share       float64 `json:"share"` // of all connections, from 0 to 1
}

// Finding is a rule that fired for a server, a client and server, or a host.
type Finding struct {
	Rule           string    `json:"rule"`     // its stable ID, as KA1011
	Severity       string    `json:"severity"` // high, medium or low, as Confidence
	Confidence     string    `json:"confidence"`
	Title          string    `json:"title"`    // what is wrong, with its numbers
	Subject        string    `json:"subject"`  // the server, the client and server, or the host
	Observed       string    `json:"observed"` // what the first example shows
	Cause          string    `json:"cause"`
	Fix            string    `json:"fix"`          // what to change first
	Alternatives   []string  `json:"alternatives"` // what else helps, or does where that cannot be done
	Note           *string   `json:"note"`         // what to know about it
	Filter         string    `json:"filter"`       // a Wireshark display filter that leaves the packets that show it
	Hint           *string   `json:"hint"`         // what to look for among these
	Connections    int64     `json:"connections"`
	FailedRequests int64     `json:"failed_requests"` // as in [Totals]; each is told by one finding
	Saves          Saves     `json:"saves"`
	Examples       []Example `json:"examples"`
}

// Saves is what mending a finding spares.
type Saves struct {
	Connections int64 `json:"connections"`
	TimeWait    int64 `json:"time_wait"` // closes that leave TIME_WAIT
}

// Example is a connection that shows a finding.
type Example struct {
	Connection   uint64   `json:"connection"`
	Stream       *int64   `json:"stream"`                  // Wireshark's tcp.stream
	Packets      []uint64 `json:"packets"`                 // frame numbers that matter
	Source       string   `json:"source,omitempty"`        // of several files, the one that has the first of Packets
	SourcePacket uint64   `json:"source_packet,omitempty"` // the number of that packet in its file
	Filter       string   `json:"filter"`                  // for Wireshark
	Observed     string   `json:"observed"`
}

// Gate is what became of a condition of Options.FailOn.
type Gate struct {
	Expression string   `json:"expression"`
	Value      *float64 `json:"value"`  // of the metric, or how often the rule fired
	Passed     bool     `json:"passed"` // it is known not to hold
	Lacks      *string  `json:"lacks"`  // why Value is not known
}

// Policy is a setting that three or more connections agree on.
type Policy struct {
	Kind    string   `json:"kind"` // as idle_timeout
	By      string   `json:"by"`   // client or server
	Subject string   `json:"subject"`
	Seconds *float64 `json:"seconds"` // the value, if it is a time
	Count   *int64   `json:"count"`   // the value, if it is a number
	Samples int64    `json:"samples"`
	Spread  float64  `json:"spread"`  // of the samples, as a share of the value
	Matches []string `json:"matches"` // products whose default it is
}

// Event is a moment at which one side closed several connections at once.
type Event struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`      // client or server
	Subject string    `json:"subject"` // the server's address and port, or the client's address
	Cause   string    `json:"cause"`   // server_drain, server_exit or client_exit
	Closed  int64     `json:"closed"`  // connections that it closed
	Had     int64     `json:"had"`     // connections that it had
	Back    bool      `json:"back"`    // a server took new ones afterwards
	Text    string    `json:"text"`    // the same in words
}

// Judgement is what became of a rule.
type Judgement struct {
	Rule    string  `json:"rule"`
	Outcome string  `json:"outcome"` // fired, silent or not_judged
	Lacks   *string `json:"lacks"`   // what the capture lacks to judge
}

// Server is what the connections to one server have in common.
type Server struct {
	Server                  netip.AddrPort `json:"server"`
	Clients                 int64          `json:"clients"` // addresses
	Connections             int64          `json:"connections"`
	Requests                *int64         `json:"requests"`
	FailedRequests          *int64         `json:"failed_requests"`          // as in [Totals]
	StreamsOpened           *int64         `json:"streams_opened,omitempty"` // as in [Totals], and the next two
	StreamsRefused          *int64         `json:"streams_refused,omitempty"`
	GRPCFailed              *int64         `json:"grpc_failed,omitempty"`
	ReuseRatio              *float64       `json:"reuse_ratio"`
	RequestsEstimated       *int64         `json:"requests_estimated"` // of TLS without keys; the next ones are over these and those counted; nil without
	ReuseRatioEstimated     *float64       `json:"reuse_ratio_estimated"`
	FailedRequestsEstimated *int64         `json:"failed_requests_estimated"` // of those estimated
	Responses               *ByClass       `json:"responses"`                 // nil if none can be read
	ServerTime              *ServerTime    `json:"server_seconds"`            // nil if not known
	ClosedFirstBy           ByCloser       `json:"closed_first_by"`
	TimeWait                ServerTimeWait `json:"time_wait"`
	IdleTimeout             *float64       `json:"idle_timeout_seconds"` // inferred
	MaxRequests             *int64         `json:"max_requests"`         // inferred
	Advertised              Advertised     `json:"advertised"`
}

// ServerTimeWait counts closes by who holds TIME_WAIT after them.
type ServerTimeWait struct {
	Client int64  `json:"client"`
	Server int64  `json:"server"`
	Both   int64  `json:"both"`
	Peak   *int64 `json:"peak"` // entries that the server itself holds at once
}

// Advertised is what a server's Keep-Alive fields say.
type Advertised struct {
	Timeout *float64 `json:"timeout_seconds"`
	Max     *int64   `json:"max"` // the largest seen
}

// Pair is a client address and a server that it talks to.
type Pair struct {
	Client                        netip.Addr     `json:"client"`
	Server                        netip.AddrPort `json:"server"`
	Connections                   int64          `json:"connections"`
	Requests                      *int64         `json:"requests"`
	ReuseRatio                    *float64       `json:"reuse_ratio"`
	PoolNeed                      *int64         `json:"pool_need"` // exchanges in flight at once
	AvoidableConnections          *int64         `json:"avoidable_connections"`
	AvoidableHandshake            *float64       `json:"avoidable_handshake_seconds"`
	RequestsEstimated             *int64         `json:"requests_estimated"` // of TLS without keys; the next ones are over these and those counted; nil without
	ReuseRatioEstimated           *float64       `json:"reuse_ratio_estimated"`
	PoolNeedEstimated             *int64         `json:"pool_need_estimated"`
	AvoidableConnectionsEstimated *int64         `json:"avoidable_connections_estimated"`
	AvoidableHandshakeEstimated   *float64       `json:"avoidable_handshake_seconds_estimated"`
	PortsIn60s                    int64          `json:"ports_in_60s"` // the most ports in use or in TIME_WAIT at once
	PortBudget                    int64          `json:"port_budget"`  // ports that the client has for one server
}

// Series is the shape over time. All lists have the same length, at most 600.
type Series struct {
	Step           *int64     `json:"step_seconds"`
	Start          *time.Time `json:"start"`
	NewConnections []int64    `json:"new_connections"`
	Requests       []int64    `json:"requests"`
	TimeWait       []int64    `json:"time_wait"` // the most entries within each step
}
