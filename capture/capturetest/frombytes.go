package capturetest

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
)

// PacketBytes is how many bytes [FromBytes] makes one packet of.
const PacketBytes = 5

// FromBytes returns the script that data stands for, whatever data is: so that a
// fuzz target reaches what only comes after a handshake, and a change of one byte
// changes one packet. There are a few connections, one of them of IPv6. Most packets
// are what follows from what came before on their connection; others jump in
// sequence and in time, are cut, lost or copies, or have flags that nobody sends.
func FromBytes(data []byte) *Script {
	g := generator{now: Epoch, script: &Script{Wants: map[uint64]string{}}}
	for ; len(data) >= PacketBytes; data = data[PacketBytes:] {
		g.packet([PacketBytes]byte(data))
	}
	return g.script
}

// A generator makes packets of bytes.
type generator struct {
	script *Script
	now    int64
	next   [4][2]uint32 // sequence numbers, by connection and side
}

// What a few bits of a packet's bytes choose from.
var (
	steps = [...]time.Duration{0, time.Microsecond, 100 * time.Microsecond, 2 * time.Millisecond, 50 * time.Millisecond,
		time.Second, 15 * time.Second, 70 * time.Second}
	jumps    = [...]int32{0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -5, 10, 1000, -1000, 1 << 30, -1 << 30}
	flagSets = [...]flows.Flags{
		flows.ACK, flows.ACK, flows.ACK | flows.PSH, flows.ACK | flows.PSH, flows.SYN, flows.SYN | flows.ACK,
		flows.FIN | flows.ACK, flows.RST, flows.RST | flows.ACK, flows.FIN, 0, flows.SYN | flows.FIN, flows.ACK, flows.ACK, flows.ACK, flows.ACK,
	}
	payloads = [...]string{
		"x",
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHo",
		"st: a\r\n\r\n",
		"POST /p HTTP/1.1\r\nContent-Length: 9\r\nConnection: close\r\n\r\n123",
		"HEAD / HTTP/1.0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
		"CONNECT a:1 HTTP/1.1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
		"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nbody",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nuntil the close",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=9\r\nContent-Length: 0\r\n\r\nHTTP/1.1 2",
		"\x16\x03\x01\x00\x05hello",
		"\r\n",
	}
)

// packet adds the packet of its bytes:
//
//	0  two bits for the connection, one for its side, three for the time since the
//	   packet before, one for timestamps, one for a clock that goes back instead
//	1  four bits for the flags, four for the window
//	2  four bits for a jump of the sequence number, four of the acknowledgement
//	3  one bit for a payload, three for how much of it is cut, four for which
//	4  of a SYN below 64: its sequence number; 128: a copy of the packet before; 129
//	   to 135: a VLAN; above 250: a jump that is gone on from
func (g *generator) packet(b [PacketBytes]byte) {
	step := int64(steps[b[0]>>3&7])
	if b[0]&128 != 0 {
		step = -step
	}
	g.now = max(0, g.now+step)
	list := g.script.packets
	if b[4] == 128 && len(list) > 0 {
		again := list[len(list)-1]
		again.time, again.ttl = g.now, 64-b[1]&1
		g.script.packets = append(list, again)
		return
	}
	which, from := int(b[0]&3), int(b[0]>>2&1)
	p := packet{
		time: g.now, flags: flagSets[b[1]&15], window: uint16(b[1]>>4) * 100,
		scale: -1, mss: -1, ttl: 64, id: uint16(len(list) + 1),
		hasTS: b[0]&64 != 0, tsVal: uint32(g.now / 1e6),
	}
	ends := generated(which)
	p.src, p.dst = ends[from], ends[1-from]
	p.seq = g.next[which][from] + uint32(jumps[b[2]&15])
	p.ack = g.next[which][1-from] + uint32(jumps[b[2]>>4])
	if p.flags.Has(flows.SYN) && b[4] < 64 {
		p.seq = uint32(b[4]) << 26
	}
	if b[3]&128 != 0 && !p.flags.Has(flows.SYN|flows.ACK) {
		p.payload = []byte(payloads[b[3]&15])
		p.cut = len(p.payload) * (8 - int(b[3]>>4&7)) / 8
	}
	if b[4] > 128 && b[4] < 136 {
		p.vlan = uint16(b[4] - 128)
	}
	if b[2]&15 < 9 || b[4] > 250 {
		s := p.segment()
		g.next[which][from] = s.Seq + s.SeqLen()
	}
	g.script.packets = append(list, p)
}

// generated returns the ends of a generated connection, its client's first.
func generated(which int) [2]netip.AddrPort {
	clientPort, serverPort := uint16(defaultPort+which/2), uint16(80+which%2)
	client, server := defaultClient, defaultServer.Addr()
	if which == 3 {
		client, server = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	}
	return [2]netip.AddrPort{netip.AddrPortFrom(client, clientPort), netip.AddrPortFrom(server, serverPort)}
}

// Limit is for a fuzz target: unless the function that it returns is called in time,
// it ends the program with the stacks of all goroutines. The fuzzing engine has no
// limit of its own, and takes that for a failure of the case.
func Limit(d time.Duration) (done func()) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, func() {
		if ctx.Err() == context.DeadlineExceeded {
			debug.SetTraceback("all")
			panic(fmt.Sprintf("a case takes longer than %v", d))
		}
	})
	return cancel
}
