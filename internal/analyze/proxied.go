package analyze

import (
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// Proxied is what a PROXY protocol header says of who speaks through a connection: the
// client of the proxy, and the address at which it reached the proxy. Both are zero if
// the header does not say.
type Proxied struct{ Client, Server netip.AddrPort }

// proxies are the PROXY protocol headers of the connections that began with one.
type proxies struct {
	told  map[uint64]proxiedEnds  // by ID of the connection
	begun map[uint64]*proxyHeader // that are not whole yet
}

// proxiedEnds are zero if a header does not tell them.
type proxiedEnds struct{ client, server flows.Endpoint }

// A proxyHeader is one that straddles segments: its beginning, and once that has been
// read how many bytes are still to come.
type proxyHeader struct {
	held []byte // at most httpparse.MaxProxyHeld
	left int
}

// isProxyHeader takes a PROXY protocol header off the first bytes of a connection, if they
// begin with one, and reports whether nothing else is in d.
func (a *Analyzer) isProxyHeader(c *flows.Conn, from flows.Side, d *flows.Data) bool {
	return from == flows.Initiator && !c.Midstream() && len(d.Payload) > 0 && !a.skipProxy(c, d)
}

// skipProxy takes a PROXY protocol header off the first bytes that the client sends, and
// reports whether anything is left of d.
func (a *Analyzer) skipProxy(c *flows.Conn, d *flows.Data) bool {
	x := &a.proxies
	begun := x.begun[c.ID]
	if begun == nil {
		if h, r := httpparse.ScanProxy(d.Payload); r == httpparse.NotMessage || r == httpparse.NeedMore && d.Cut > 0 {
			return true
		} else if r == httpparse.Complete {
			return a.endProxy(c, d, h, 0)
		}
		begun = &proxyHeader{}
		if x.begun == nil {
			x.begun = map[uint64]*proxyHeader{}
		}
		x.begun[c.ID] = begun
	}
	if begun.left > 0 {
		return a.dropProxy(c, d, begun.left, httpparse.OtherPart)
	}
	n := len(begun.held)
	begun.held = append(begun.held, d.Payload[:min(len(d.Payload), httpparse.MaxProxyHeld-n)]...)
	h, r := httpparse.ScanProxy(begun.held)
	switch {
	case r == httpparse.Complete:
		return a.endProxy(c, d, h, n)
	case r == httpparse.NeedMore && d.Cut == 0:
		return false
	}
	delete(x.begun, c.ID) // it is something else, of which the beginning was held
	d.Payload = append(begun.held[:n:n], d.Payload...)
	d.Seq -= uint32(n)
	d.Note = flows.Note{}
	return true
}

// endProxy notes a header of which held bytes came before d.
func (a *Analyzer) endProxy(c *flows.Conn, d *flows.Data, h httpparse.ProxyHeader, held int) bool {
	x := &a.proxies
	if x.told == nil {
		x.told = map[uint64]proxiedEnds{}
	}
	var ends proxiedEnds
	if h.Client.IsValid() {
		ends = proxiedEnds{flows.EndpointOf(h.Client), flows.EndpointOf(h.Server)}
	}
	x.told[c.ID] = ends
	part := httpparse.ProxyPart
	if held > 0 { // an observer is not shown where it begins
		part = httpparse.OtherPart
	}
	return a.dropProxy(c, d, h.Len-held, part)
}

// dropProxy drops the n bytes of a header that are left, as far as d has them.
func (a *Analyzer) dropProxy(c *flows.Conn, d *flows.Data, n int, part httpparse.Part) bool {
	x := &a.proxies
	has := min(n, len(d.Payload))
	a.show(c, flows.Initiator, d.Seq, d.Payload[:has], part, httpparse.None)
	d.Payload, d.Seq, d.Note = d.Payload[has:], d.Seq+uint32(has), flows.Note{}
	n -= has
	cut := min(n, int(d.Cut))
	d.Cut -= uint32(cut)
	if n -= cut; n == 0 {
		delete(x.begun, c.ID)
		return len(d.Payload) > 0 || d.Cut > 0
	}
	if x.begun == nil {
		x.begun = map[uint64]*proxyHeader{}
	}
	x.begun[c.ID] = &proxyHeader{left: n}
	return false
}

// of returns what a header said of a connection, nil without one.
func (x *proxies) of(c *flows.Conn, rewrite func([16]byte) [16]byte) *Proxied {
	ends, ok := x.told[c.ID]
	if !ok {
		return nil
	}
	if ends == (proxiedEnds{}) {
		return &Proxied{}
	}
	if rewrite != nil {
		ends.client.IP, ends.server.IP = rewrite(ends.client.IP), rewrite(ends.server.IP)
	}
	return &Proxied{ends.client.AddrPort(), ends.server.AddrPort()}
}

// forget forgets a connection.
func (x *proxies) forget(c *flows.Conn) {
	if len(x.told) > 0 || len(x.begun) > 0 {
		delete(x.told, c.ID)
		delete(x.begun, c.ID)
	}
}
