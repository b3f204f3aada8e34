// Package kernel reads what the kernel of this host says of its TCP: sockets by
// netlink's sock_diag, and by /proc counts, settings and the processes that have the
// sockets.
//
// [Read] returns a [Host], whose [Socket] values lead to a [Process] by their inodes.
// Without Linux, or without /proc, there is none. It needs no privileges, but sees into
// the processes of other users only with them.
package kernel

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/procfs"
)

// Unknown is what the kernel does not tell, or this process may not read.
const Unknown = math.MinInt64

// Host is what the kernel says of the TCP of this host, in this network
// namespace, at a moment. Nobody changes it after [Host.Anonymize], so any number of
// goroutines may read it.
type Host struct {
	At        int64        // ns since the epoch
	Addresses []netip.Addr // of the interfaces
	Counts    Counts
	Settings  Settings
	Counters  map[string]int64 // TcpExt of /proc/net/netstat, by name; nil if they are not known
	Sockets   []Socket         // listening ones and TIME_WAIT entries, too
	Owners    Owners           // of the processes that this one may look into

	// SocketsErr says why Sockets are not known; it is nil if they are.
	SocketsErr error

	// Anonymous reports whether addresses are pseudonyms; processes are left out then.
	Anonymous bool

	loopback []netip.Prefix
}

// Read reads what the kernel says now. It takes long where there are many sockets
// or processes, some 0.1 s for 100,000 of them. An error means that there is nothing
// to read, as on other systems; what alone is missing or may not be read is unknown.
func Read(now time.Time) (*Host, error) {
	return source{"/proc", readSockets}.read(now, nil)
}

// ReadWith is [Read], but who has the sockets is known: owners, of which h keeps those of
// its sockets.
func ReadWith(now time.Time, owners Owners) (*Host, error) {
	if owners == nil {
		owners = Owners{}
	}
	return source{"/proc", readSockets}.read(now, owners)
}

// source is where a Host is read: a folder as /proc is, and a function that lists
// the sockets.
type source struct {
	proc    string
	sockets func() ([]Socket, error)
}

// read reads a host, and who has its sockets unless that is known.
func (s source) read(now time.Time, owners Owners) (*Host, error) {
	fs, err := procfs.NewFS(s.proc)
	if err != nil {
		return nil, fmt.Errorf("read the kernel's numbers: %w", err)
	}
	h := &Host{At: now.UnixNano(), Addresses: addresses(), loopback: loopback()}
	h.Sockets, h.SocketsErr = s.sockets()
	h.Counts = readCounts(fs)
	h.Counters = readCounters(filepath.Join(s.proc, "net", "netstat"))
	if h.SocketsErr != nil && h.Counters == nil && h.Counts.TimeWait == Unknown {
		return nil, h.SocketsErr
	}
	h.Counts.Established = h.established()
	h.Settings = readSettings(fs)
	if owners == nil {
		h.Owners = readOwners(fs)
	} else {
		h.Owners = owners.of(h.Sockets)
	}
	return h, nil
}

// established counts what the kernel has no count of.
func (h *Host) established() int64 {
	if h.SocketsErr != nil {
		return Unknown
	}
	n := int64(0)
	for i := range h.Sockets {
		if h.Sockets[i].State == Established {
			n++
		}
	}
	return n
}

// PortBudget returns how many ports a client has towards one server and its port, 0 if
// that is not known, as of a client on another host. An analyzer takes it as an option.
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

// Anonymize replaces all addresses by pseudonyms, the same as those of the packets, and
// forgets the processes. addr takes IPv4 addresses in their IPv4-mapped form, and keeps
// prefixes. It is called once, before others look at h.
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

// loopback returns the addresses that every host has (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3).
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// addresses returns the addresses of this host's interfaces, none if they are not known.
func addresses() []netip.Addr {
	var out []netip.Addr
	list, _ := net.InterfaceAddrs()
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr().Unmap())
		}
	}
	return out
}
