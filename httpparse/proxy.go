package httpparse

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
)

// A ProxyHeader is what a proxy sends before anything else, to tell who its client is
// (the PROXY protocol of HAProxy, versions 1 and 2).
type ProxyHeader struct {
	Client, Server netip.AddrPort // as the proxy was reached; the zero value if it does not say
	Len            int            // of the header in bytes; more than were given, if what follows the addresses is yet to come
}

const (
	proxyWord      = "PROXY "
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n"
	maxProxyLine   = 107 // with its CRLF
	proxyFixed     = 16  // of version 2: signature, command, family and length
)

// MaxProxyHeld is the most that [ScanProxy] must be given to tell.
const MaxProxyHeld = maxProxyLine

// ScanProxy reads the header that b, the first bytes of a connection, begins with. It
// answers [NeedMore] if b may be the beginning of one, and [NotMessage] if there is none.
func ScanProxy(b []byte) (ProxyHeader, Result) {
	switch {
	case len(b) == 0:
		return ProxyHeader{}, NeedMore
	case b[0] == proxyWord[0]:
		return scanProxyLine(b)
	case b[0] == proxySignature[0]:
		return scanProxyBinary(b)
	}
	return ProxyHeader{}, NotMessage
}

// scanProxyLine reads version 1, a line of text.
func scanProxyLine(b []byte) (h ProxyHeader, r Result) {
	n := min(len(b), len(proxyWord))
	if string(b[:n]) != proxyWord[:n] {
		return h, NotMessage
	}
	line, _, whole := bytes.Cut(b[:min(len(b), maxProxyLine)], []byte("\r\n"))
	if !whole {
		if len(b) < maxProxyLine && mayBeProxyLine(line) {
			return h, NeedMore
		}
		return h, NotMessage
	}
	h.Len = len(line) + 2
	words := strings.Split(string(line), " ")
	if words[1] == "UNKNOWN" { // what follows does not count
		return h, Complete
	}
	if len(words) != 6 || words[1] != "TCP4" && words[1] != "TCP6" {
		return ProxyHeader{}, NotMessage
	}
	client, err1 := netip.ParseAddrPort(joinAddr(words[2], words[4]))
	server, err2 := netip.ParseAddrPort(joinAddr(words[3], words[5]))
	v4 := words[1] == "TCP4"
	if err1 != nil || err2 != nil || client.Addr().Is4() != v4 || server.Addr().Is4() != v4 {
		return ProxyHeader{}, NotMessage
	}
	h.Client, h.Server = plain(client), plain(server)
	return h, Complete
}

// mayBeProxyLine reports whether a line that is not whole goes on as those do.
func mayBeProxyLine(line []byte) bool {
	if len(line) <= len(proxyWord) {
		return true
	}
	rest := line[len(proxyWord):]
	for _, family := range [...]string{"TCP4 ", "TCP6 ", "UNKNOWN"} {
		if n := min(len(rest), len(family)); string(rest[:n]) == family[:n] {
			return true
		}
	}
	return false
}

// joinAddr writes an address and a port as netip reads them.
func joinAddr(addr, port string) string {
	if strings.Contains(addr, ":") {
		return "[" + addr + "]:" + port
	}
	return addr + ":" + port
}

// plain returns an address without a zone, and an IPv4 one in its own form.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// scanProxyBinary reads version 2. The length covers the addresses and what may follow
// them. A header that is too short for its addresses says nothing.
func scanProxyBinary(b []byte) (h ProxyHeader, r Result) {
	const local, proxied, tcp4, tcp6 = 0x20, 0x21, 0x11, 0x21
	n := min(len(b), len(proxySignature))
	if string(b[:n]) != proxySignature[:n] {
		return h, NotMessage
	}
	if len(b) > len(proxySignature) && b[n] != local && b[n] != proxied {
		return h, NotMessage
	}
	if len(b) < proxyFixed {
		return h, NeedMore
	}
	size, rest := int(binary.BigEndian.Uint16(b[14:])), b[proxyFixed:]
	h.Len = proxyFixed + size
	ip := 0 // bytes of an address
	switch {
	case b[12] == local:
	case b[13] == tcp4:
		ip = 4
	case b[13] == tcp6:
		ip = 16
	}
	all := 2*ip + 4
	switch {
	case ip == 0 || size < all:
		return h, Complete
	case len(rest) < all:
		return ProxyHeader{}, NeedMore
	}
	client, _ := netip.AddrFromSlice(rest[:ip])
	server, _ := netip.AddrFromSlice(rest[ip : 2*ip])
	h.Client = plain(netip.AddrPortFrom(client, binary.BigEndian.Uint16(rest[2*ip:])))
	h.Server = plain(netip.AddrPortFrom(server, binary.BigEndian.Uint16(rest[2*ip+2:])))
	return h, Complete
}

// HideProxy overwrites addresses and what follows them in a header, which stays one of
// the same length. b is the header or its beginning.
func HideProxy(b []byte) {
	if len(b) > 0 && b[0] == proxyWord[0] {
		const unknown = proxyWord + "UNKNOWN "
		n := copy(b, unknown)
		for i := n; i < len(b)-2; i++ {
			b[i] = 'x'
		}
		if len(b) == len(unknown)+1 { // no room for the blank
			copy(b, proxyWord+"UNKNOWN\r\n")
		}
		return
	}
	if len(b) > proxyFixed {
		b[12], b[13] = 0x20, 0
		clear(b[proxyFixed:])
	}
}
