// Package kernel reads what the kernel of this host says of its TCP: sockets,
// counts, settings, and the processes that have the sockets.
//
// [Read] returns a [Host]; without Linux, or without /proc, there is none.
package kernel

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"
)

// Proc is where the kernel tells of itself.
const Proc = "/proc"

// Unknown is what the kernel does not tell, or this process may not read.
const Unknown = math.MinInt64

// Host is what the kernel says of the TCP of this host, in this network
// namespace, at a moment. It is not changed any more.
type Host struct {
	At        int64        // ns since the epoch
	Addresses []netip.Addr // of the interfaces
	Counts    Counts
	Settings  Settings
	Counters  map[string]int64 // TcpExt of /proc/net/netstat, by name; nil if they are not known
	Sockets   []Socket
	Owners    map[uint64][]Process // by inode; of processes that may be seen

	// Anonymous is true if addresses are pseudonyms: nobody is told of processes.
	Anonymous bool

	loopback []netip.Prefix
}

// Counts are the kernel's own counts of sockets, of this network namespace.
type Counts struct {
	Established, TimeWait int64
	InUse, Orphaned       int64 // Orphaned belong to no process any more
}

// Settings are the sysctls in force, of net.ipv4.
type Settings struct {
	FirstPort, LastPort                 int64 // ip_local_port_range
	TWReuse, MaxTWBuckets               int64 // tcp_tw_reuse, tcp_max_tw_buckets
	FINTimeoutSeconds, KeepaliveSeconds int64 // tcp_fin_timeout, tcp_keepalive_time
}

// Process is a process of this host.
type Process struct {
	PID  int
	Name string
}

// Socket is one that the kernel lists.
type Socket struct {
	Local, Remote netip.AddrPort // Remote has port 0 if the socket listens
	State         State
	Inode         uint64 // 0 if no process has it
}

// State is the state of a socket, as Linux numbers them.
type State uint8

// The states that tell of connections.
const (
	Established State = 1
	TimeWait    State = 6
	Listening   State = 10
)

// Read reads what the kernel says now under root, which is [Proc] but in tests.
// It takes long where there are many sockets, some 0.1 s for 100,000. An error
// means that there is nothing to read, as on other systems; what alone is
// missing or may not be read is unknown.
func Read(root string, now time.Time) (*Host, error) {
	fs, err := procfs.NewFS(root)
	if err != nil {
		return nil, fmt.Errorf("read the kernel's numbers: %w", err)
	}
	h := &Host{At: now.UnixNano(), Addresses: addresses(), loopback: loopback()}
	v4, err := fs.NetTCP()
	if err != nil {
		return nil, fmt.Errorf("read the kernel's sockets: %w", err)
	}
	v6, _ := fs.NetTCP6() // there may be no IPv6
	h.list(v4, v6)
	h.count(fs)
	h.Counters = readCounters(filepath.Join(root, "net", "netstat"))
	h.Settings = Settings{
		FirstPort: setting(fs, "ip_local_port_range", 0), LastPort: setting(fs, "ip_local_port_range", 1),
		TWReuse: setting(fs, "tcp_tw_reuse", 0), MaxTWBuckets: setting(fs, "tcp_max_tw_buckets", 0),
		FINTimeoutSeconds: setting(fs, "tcp_fin_timeout", 0), KeepaliveSeconds: setting(fs, "tcp_keepalive_time", 0),
	}
	h.Owners = owners(fs)
	return h, nil
}

// Ports returns how many ports a client has towards one server.
func (s *Settings) Ports() int64 {
	if s.FirstPort == Unknown || s.LastPort < s.FirstPort {
		return Unknown
	}
	return s.LastPort - s.FirstPort + 1
}

// PortBudget returns how many ports a client has towards one server, 0 if that
// is not known because the client is another host. It is what analyze.Options
// ask for.
func (h *Host) PortBudget(client netip.Addr) int64 {
	if n := h.Settings.Ports(); h.Has(client) && n != Unknown {
		return n
	}
	return 0
}

// Has reports whether an address is one of this host.
func (h *Host) Has(a netip.Addr) bool {
	return slices.Contains(h.Addresses, a) || slices.ContainsFunc(h.loopback, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Anonymize replaces all addresses as those of the packets are: addr takes IPv4
// in its IPv4-mapped form, and keeps prefixes. It is called once, before others
// look at h.
func (h *Host) Anonymize(addr func([16]byte) [16]byte) {
	replace := func(a netip.Addr) netip.Addr {
		if a.IsUnspecified() {
			return a
		}
		return netip.AddrFrom16(addr(a.As16())).Unmap()
	}
	for i, a := range h.Addresses {
		h.Addresses[i] = replace(a)
	}
	for i, p := range h.loopback {
		h.loopback[i] = netip.PrefixFrom(replace(p.Addr()), p.Bits()).Masked()
	}
	for i := range h.Sockets {
		for _, end := range []*netip.AddrPort{&h.Sockets[i].Local, &h.Sockets[i].Remote} {
			*end = netip.AddrPortFrom(replace(end.Addr()), end.Port())
		}
	}
	h.Owners, h.Anonymous = nil, true
}

// loopback are the addresses that each host has (RFC 1122, 3.2.1.3, RFC 4291, 2.5.3).
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// addresses returns those of the interfaces.
func addresses() []netip.Addr {
	var out []netip.Addr
	list, _ := net.InterfaceAddrs() // none are known then
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr().Unmap())
		}
	}
	return out
}

// list keeps the sockets of the kernel's tables.
func (h *Host) list(tables ...procfs.NetTCP) {
	for _, t := range tables {
		for _, s := range t {
			h.Sockets = append(h.Sockets, Socket{endpoint(s.LocalAddr, s.LocalPort), endpoint(s.RemAddr, s.RemPort), State(s.St), s.Inode})
		}
	}
}

func endpoint(ip net.IP, port uint64) netip.AddrPort {
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}

// count fills the kernel's own counts of sockets.
func (h *Host) count(fs procfs.FS) {
	h.Counts = Counts{TimeWait: Unknown, InUse: Unknown, Orphaned: Unknown}
	for i := range h.Sockets {
		if h.Sockets[i].State == Established {
			h.Counts.Established++
		}
	}
	v4, err := fs.NetSockstat()
	if err != nil {
		return
	}
	v6, err := fs.NetSockstat6()
	if err != nil {
		v6 = &procfs.NetSockstat{}
	}
	for _, p := range append(v4.Protocols, v6.Protocols...) {
		switch p.Protocol {
		case "TCP": // its tw and orphan are of both
			h.Counts.InUse, h.Counts.TimeWait, h.Counts.Orphaned = int64(p.InUse), number64(p.TW), number64(p.Orphan)
		case "TCP6":
			h.Counts.InUse += int64(p.InUse)
		}
	}
}

func number64(n *int) int64 {
	if n == nil {
		return Unknown
	}
	return int64(*n)
}

// setting returns a number of a sysctl of net.ipv4, or Unknown.
func setting(fs procfs.FS, name string, i int) int64 {
	list, err := fs.SysctlInts("net.ipv4." + name)
	if err != nil || i >= len(list) {
		return Unknown
	}
	return int64(list[i])
}

// readCounters reads pairs of lines: the first names the numbers of the second.
// (procfs leaves out some of them.)
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

// owners returns which processes have which sockets. Those that this process may
// not look into are left out.
func owners(fs procfs.FS) map[uint64][]Process {
	out := map[uint64][]Process{}
	procs, _ := fs.AllProcs() // none may be seen then
	slices.SortFunc(procs, func(x, y procfs.Proc) int { return cmp.Compare(x.PID, y.PID) })
	for _, p := range procs {
		files, err := p.FileDescriptorTargets()
		if err != nil {
			continue
		}
		name := ""
		for _, f := range files {
			f, ok := strings.CutPrefix(f, "socket:[")
			inode, err := strconv.ParseUint(strings.TrimSuffix(f, "]"), 10, 64)
			if !ok || err != nil {
				continue
			}
			if name == "" {
				if name, err = p.Comm(); err != nil {
					break // it has ended
				}
			}
			is := Process{PID: p.PID, Name: name}
			if list := out[inode]; len(list) == 0 || list[len(list)-1] != is {
				out[inode] = append(list, is)
			}
		}
	}
	return out
}
