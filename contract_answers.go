package kaanalyze

import "net/netip"

// ByClass counts responses by the class of their status, interim ones too.
type ByClass struct {
	Interim     int64 `json:"1xx"` // and 101
	Success     int64 `json:"2xx"`
	Redirection int64 `json:"3xx"`
	ClientError int64 `json:"4xx"`
	ServerError int64 `json:"5xx"`
}

// ServerTime is how long a server took from the last byte of a request to the first byte of
// its final response, in seconds. Quantiles are at most 1 % or 1 µs too high.
type ServerTime struct {
	Responses int64   `json:"responses"` // that have such a time
	P50       float64 `json:"p50"`
	P90       float64 `json:"p90"`
	P95       float64 `json:"p95"`
	P99       float64 `json:"p99"`
	Max       float64 `json:"max"` // exact
}

// Name is an address of a server or a client and what it is called.
type Name struct {
	Address netip.Addr `json:"address"`
	DNS     []string   `json:"dns"`   // by answers in the capture, the name that was asked for last first
	Hosts   *string    `json:"hosts"` // in the hosts file
}
