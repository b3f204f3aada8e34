package capturetest

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
)

// Epoch is the time that a script's times are added to, in nanoseconds since
// the Unix epoch: the beginning of 2024.
const Epoch = 1704067200 * int64(time.Second)

// What a script's first connection is, and how others begin, unless it says so.
const (
	defaultPort      = 40000
	defaultClientISN = 1_000_000_000
	defaultServerISN = 2_000_000_000
)

var (
	defaultClient = netip.MustParseAddr("192.0.2.1") // RFC 5737
	defaultServer = netip.MustParseAddrPort("198.51.100.1:80")
)

// Script is a script that was read. It is safe for concurrent use.
type Script struct {
	// Wants has the text behind "# want" by packet number.
	Wants map[uint64]string

	packets []packet
}

// packet is a line of a script, with all that it left out filled in.
type packet struct {
	time           int64 // nanoseconds since the Unix epoch
	src, dst       netip.AddrPort
	flags          flows.Flags
	seq, ack       uint32
	window         uint16
	payload        []byte
	cut            int // bytes of payload that were captured
	scale, mss     int // none if negative
	hasTS          bool
	tsVal, tsEcr   uint32
	id             uint16
	ttl            uint8
	vlan           uint16
	iface          uint32
	hasSeq, hasAck bool
	hasID          bool
	length         int // as in SEQ:END(LEN), if hasSeq
}

// conn is what a script's reader knows of a connection.
type conn struct {
	client, server       netip.AddrPort
	clientISN, serverISN uint32
	clientNext           uint32 // sequence number of the next packet
	serverNext           uint32
	begun                bool
}

// Segments returns the segments of a script, numbered from 1, as package
// capture would read them, but for the values of Hash, Link and Print: these
// are equal where capture's are, and differ where those differ. A script with an
// error fails the test.
func Segments(t testing.TB, script string) []flows.Segment {
	t.Helper()
	return parse(t, script).Segments()
}

// Pcap returns the capture file of a script: a pcap file with nanoseconds, of
// Ethernet frames, or of Linux cooked ones if a packet has an interface. A script
// with an error fails the test.
func Pcap(t testing.TB, script string) []byte {
	t.Helper()
	return parse(t, script).Pcap()
}

// parse is Parse for a test, which an error fails.
func parse(t testing.TB, script string) *Script {
	t.Helper()
	s, err := Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Parse reads a script. Its error names the line that is not understood.
func Parse(script string) (*Script, error) {
	r := reader{script: &Script{Wants: make(map[uint64]string)}, conns: make(map[uint16]*conn)}
	r.current = r.conn(defaultPort)
	for i, line := range strings.Split(script, "\n") {
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("packet script, line %d: %w", i+1, err)
		}
	}
	return r.script, nil
}

// reader reads a script line by line.
type reader struct {
	script  *Script
	conns   map[uint16]*conn
	current *conn
	lastID  uint16
}

// conn returns the connection of a client's port.
func (r *reader) conn(port uint16) *conn {
	c := r.conns[port]
	if c == nil {
		c = &conn{client: netip.AddrPortFrom(defaultClient, port), server: defaultServer}
		c.setISN(defaultClientISN, defaultServerISN)
		r.conns[port] = c
	}
	return c
}

// setISN sets the initial sequence numbers.
func (c *conn) setISN(client, server uint32) {
	c.clientISN, c.serverISN = client, server
	c.clientNext, c.serverNext = client, server
}

// line reads a line: nothing, a directive or a packet.
func (r *reader) line(line string) error {
	words, comment, err := split(line)
	if err != nil || len(words) == 0 {
		return err
	}
	switch words[0] {
	case "conn", "isn", "client", "server":
		return r.directive(words)
	}
	c := r.current
	if port, ok := strings.CutSuffix(words[0], ":"); ok {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return fmt.Errorf("read client port: %w", err)
		}
		c, words = r.conn(uint16(n)), words[1:]
	}
	if err := r.packet(c, words); err != nil {
		return err
	}
	if want, ok := strings.CutPrefix(comment, "want "); ok {
		r.script.Wants[uint64(len(r.script.packets))] = strings.TrimSpace(want)
	}
	return nil
}

// split returns the words of a line, where a quoted string is one, and its comment.
func split(line string) (words []string, comment string, err error) {
	for {
		line = strings.TrimLeft(line, " \t\r")
		switch {
		case line == "":
			return words, "", nil
		case line[0] == '#':
			return words, strings.TrimSpace(line[1:]), nil
		case line[0] == '"':
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, "", fmt.Errorf("read payload: %w", err)
			}
			words, line = append(words, quoted), line[len(quoted):]
		default:
			n := strings.IndexAny(line, " \t\r")
			if n < 0 {
				n = len(line)
			}
			words, line = append(words, line[:n]), line[n:]
		}
	}
}

// directive reads a line that changes the current connection.
func (r *reader) directive(words []string) error {
	want := 2
	if words[0] == "isn" {
		want = 3
	}
	if len(words) != want {
		return fmt.Errorf("%s takes %d words", words[0], want-1)
	}
	if words[0] == "conn" {
		port, err := strconv.ParseUint(words[1], 10, 16)
		if err != nil {
			return fmt.Errorf("read client port: %w", err)
		}
		r.current = r.conn(uint16(port))
		return nil
	}
	c := r.current
	if c.begun {
		return fmt.Errorf("%s after the connection's first packet", words[0])
	}
	switch words[0] {
	case "isn":
		client, err := number(words[1])
		if err != nil {
			return err
		}
		server, err := number(words[2])
		if err != nil {
			return err
		}
		c.setISN(client, server)
	case "client":
		if addr, err := netip.ParseAddrPort(words[1]); err == nil {
			c.client = addr
			break
		}
		addr, err := netip.ParseAddr(words[1])
		if err != nil {
			return fmt.Errorf("read client: %w", err)
		}
		c.client = netip.AddrPortFrom(addr, c.client.Port())
	case "server":
		addr, err := netip.ParseAddrPort(words[1])
		if err != nil {
			return fmt.Errorf("read server: %w", err)
		}
		c.server = addr
	}
	return nil
}

// packet adds the packet that the words say.
func (r *reader) packet(c *conn, words []string) error {
	if len(words) < 3 {
		return errors.New("a packet has a time, a direction and flags")
	}
	if c.client.Addr().Is4() != c.server.Addr().Is4() {
		return errors.New("client and server are of different IP versions")
	}
	p := packet{window: 65535, cut: -1, scale: -1, mss: -1, ttl: 64}
	var err error
	if p.time, err = seconds(words[0]); err != nil {
		return err
	}
	var seqBase, ackBase uint32
	next, peer := &c.clientNext, &c.serverNext
	switch words[1] {
	case ">":
		p.src, p.dst = c.client, c.server
		seqBase, ackBase = c.clientISN, c.serverISN
	case "<":
		p.src, p.dst = c.server, c.client
		seqBase, ackBase = c.serverISN, c.clientISN
		next, peer = peer, next
	default:
		return fmt.Errorf("the direction is %q, want > or <", words[1])
	}
	if p.flags, err = readFlags(words[2]); err != nil {
		return err
	}
	if err := p.read(words[3:]); err != nil {
		return err
	}
	if err := p.finish(seqBase, ackBase, *next, *peer); err != nil {
		return err
	}
	r.lastID++
	if !p.hasID {
		p.id = r.lastID
	}
	s := p.segment()
	if end := s.Seq + s.SeqLen(); int32(end-*next) > 0 || !c.begun {
		*next = end
	}
	c.begun = true
	r.script.packets = append(r.script.packets, p)
	return nil
}

// finish makes sequence numbers absolute and fills in what was left out.
func (p *packet) finish(seqBase, ackBase, next, peer uint32) error {
	if p.hasSeq {
		p.seq += seqBase
		if len(p.payload) > p.length {
			return fmt.Errorf("the payload has %d bytes, more than %d", len(p.payload), p.length)
		}
		p.payload = append(p.payload, make([]byte, p.length-len(p.payload))...)
	} else {
		p.seq = next
	}
	acks := p.flags.Has(flows.ACK)
	switch {
	case p.hasAck && !acks:
		return errors.New("ack without a dot in the flags")
	case p.hasAck:
		p.ack += ackBase
	case acks:
		p.ack = peer
	}
	if p.cut < 0 || p.cut > len(p.payload) {
		p.cut = len(p.payload)
	}
	return nil
}
