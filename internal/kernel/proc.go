package kernel

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// Counts are how many sockets there are in this network namespace, [Unknown] where
// the kernel does not say.
type Counts struct {
	Established, TimeWait int64
	InUse, Orphaned       int64 // Orphaned belong to no process any more
}

// Settings are the sysctls of net.ipv4 that are in force, [Unknown] where they may
// not be read.
type Settings struct {
	FirstPort, LastPort                 int64 // ip_local_port_range
	TWReuse, MaxTWBuckets               int64 // tcp_tw_reuse, tcp_max_tw_buckets
	FINTimeoutSeconds, KeepaliveSeconds int64 // tcp_fin_timeout, tcp_keepalive_time
}

// Ports returns how many ports a client has towards one server and its port, or
// [Unknown].
func (s *Settings) Ports() int64 {
	if s.FirstPort == Unknown || s.LastPort < s.FirstPort {
		return Unknown
	}
	return s.LastPort - s.FirstPort + 1
}

// readCounts returns the counts that the kernel keeps itself.
func readCounts(fs procfs.FS) Counts {
	c := Counts{Established: Unknown, TimeWait: Unknown, InUse: Unknown, Orphaned: Unknown}
	v4, err := fs.NetSockstat()
	if err != nil {
		return c
	}
	v6, err := fs.NetSockstat6()
	if err != nil {
		v6 = &procfs.NetSockstat{} // there may be no IPv6
	}
	for _, p := range append(v4.Protocols, v6.Protocols...) {
		switch p.Protocol {
		case "TCP": // its tw and orphan are of both
			c.InUse, c.TimeWait, c.Orphaned = int64(p.InUse), countOf(p.TW), countOf(p.Orphan)
		case "TCP6":
			c.InUse += int64(p.InUse)
		}
	}
	return c
}

// countOf returns a count that may be missing.
func countOf(n *int) int64 {
	if n == nil {
		return Unknown
	}
	return int64(*n)
}

// readSettings returns the settings in force.
func readSettings(fs procfs.FS) Settings {
	return Settings{
		FirstPort: setting(fs, "ip_local_port_range", 0), LastPort: setting(fs, "ip_local_port_range", 1),
		TWReuse: setting(fs, "tcp_tw_reuse", 0), MaxTWBuckets: setting(fs, "tcp_max_tw_buckets", 0),
		FINTimeoutSeconds: setting(fs, "tcp_fin_timeout", 0), KeepaliveSeconds: setting(fs, "tcp_keepalive_time", 0),
	}
}

// setting returns the i-th number of a sysctl of net.ipv4, or Unknown.
func setting(fs procfs.FS, name string, i int) int64 {
	list, err := fs.SysctlInts("net.ipv4." + name)
	if err != nil || i >= len(list) {
		return Unknown
	}
	return int64(list[i])
}

// readCounters returns the counters of TcpExt, which are pairs of lines: the first
// names the numbers of the second. procfs would leave out some of them.
func readCounters(name string) map[string]int64 {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	out := map[string]int64{}
	var names []string
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) == 0 || words[0] != "TcpExt:" {
			continue
		}
		for i, name := range names {
			if i >= len(words) {
				break
			}
			if n, err := strconv.ParseInt(words[i], 10, 64); err == nil {
				out[name] = n
			}
		}
		names = words
	}
	return out
}
