package report

import (
	"net/netip"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Host is what the kernel of the capturing host says, beside what the packets
// say. Numbers that the kernel does not tell are analyze.Unknown.
type Host struct {
	Sockets  HostSockets
	Settings HostSettings
	Counters []HostCounter
	Compared []HostComparison
	Ends     []HostEnd // with most connections first
}

// HostSockets are the kernel's own counts, of this host's network namespace.
type HostSockets struct {
	Established, TimeWait int64
	InUse, Orphaned       int64 // Orphaned belong to no process any more
}

// HostSettings are the sysctls in force, of net.ipv4.
type HostSettings struct {
	FirstPort, LastPort                 int64 // ip_local_port_range
	TWReuse, MaxTWBuckets               int64 // tcp_tw_reuse, tcp_max_tw_buckets
	FINTimeoutSeconds, KeepaliveSeconds int64 // tcp_fin_timeout, tcp_keepalive_time
}

// Ports returns how many ports a client has towards one server.
func (s *HostSettings) Ports() int64 {
	if s.FirstPort == analyze.Unknown || s.LastPort < s.FirstPort {
		return analyze.Unknown
	}
	return s.LastPort - s.FirstPort + 1
}

// HostCounter is a counter of the kernel, as in /proc/net/netstat.
type HostCounter struct {
	Name  string
	Total int64 // since the network namespace was made
	New   int64 // since the capture began, Unknown without a look at it then
}

// HostComparison sets the kernel's sockets beside the connections of the packets.
// Both count the ends that are on this host.
type HostComparison struct {
	State   string // "time_wait", "established", "close_wait" or "fin_wait_2"
	Packets int64
	Kernel  int64 // of the connections that the packets show
	Unseen  int64 // that the kernel has besides, which the capture does not show
	Agree   bool
	Note    string // what a disagreement or Unseen comes from, "" if there is nothing to say
}

// HostEnd is who holds the ends of connections on this host.
type HostEnd struct {
	Server      netip.AddrPort
	Client      netip.Addr    // valid if it is the client that is on this host
	Connections int64         // in the capture
	Processes   []HostProcess // none if they may not be seen, or have ended
}

// HostProcess is a process of this host.
type HostProcess struct {
	PID  int
	Name string
}
