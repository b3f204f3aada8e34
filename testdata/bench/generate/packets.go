package main

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
)

const (
	fin = 1 << 0
	syn = 1 << 1
	psh = 1 << 3
	ack = 1 << 4
)

// side sends.
type side int

const (
	client side = iota
	server
)

// connection makes the packets of one connection.
type connection struct {
	sizes *rand.Rand // of requests and responses
	rand  *rand.Rand // all else
	yield func(packet []byte) bool
	keys  io.Writer // of the key log
	ended bool      // nobody wants more

	address [2]uint32
	port    [2]uint16
	next    [2]uint32 // the sequence number that comes next
	frame   []byte    // the last packet
}

// newConnection returns a connection by its number: with a client address of its own in a
// flood, else of eight.
func newConnection(number int, seed uint64, k kind) *connection {
	c := &connection{
		sizes: rand.New(rand.NewPCG(seed, uint64(number))),
		rand:  rand.New(rand.NewPCG(^seed, uint64(number))),
	}
	c.address = [2]uint32{10<<24 | uint32(number+1), 172<<24 | 16<<16 | uint32(number/k.each+1)}
	c.port = [2]uint16{uint16(1024 + number%60000), 80}
	if k.beside > 1 {
		c.address[client] = 10<<24 | uint32(number%8+1)
		c.port[client] = uint16(1024 + number/8%64000)
	}
	c.next = [2]uint32{c.rand.Uint32(), c.rand.Uint32()}
	return c
}

// send makes a packet, in Ethernet and IPv4: what is sent acknowledges all of the other
// side, but for the first SYN.
func (c *connection) send(by side, flags byte, payload []byte) {
	if c.ended {
		return
	}
	const head = 14 + 20 + 20
	b := append(c.frame[:0], "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00"...)
	b = append(b, make([]byte, head-14)...)
	b = append(b, payload...)
	c.frame = b

	peer := 1 - by
	ip, tcp := b[14:], b[34:]
	ip[0], ip[8], ip[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(ip[2:], uint16(len(b)-14))
	binary.BigEndian.PutUint16(ip[4:], uint16(c.next[by]))
	binary.BigEndian.PutUint32(ip[12:], c.address[by])
	binary.BigEndian.PutUint32(ip[16:], c.address[peer])
	binary.BigEndian.PutUint16(ip[10:], ^sum(0, ip[:20]))

	binary.BigEndian.PutUint16(tcp, c.port[by])
	binary.BigEndian.PutUint16(tcp[2:], c.port[peer])
	binary.BigEndian.PutUint32(tcp[4:], c.next[by])
	if flags&ack != 0 {
		binary.BigEndian.PutUint32(tcp[8:], c.next[peer])
	}
	tcp[12], tcp[13] = 5<<4, flags
	binary.BigEndian.PutUint16(tcp[14:], 64240)
	pseudo := sum(0, ip[12:20]) // the pseudo-header of RFC 9293, 3.1
	binary.BigEndian.PutUint16(tcp[16:], ^sum(uint32(pseudo)+6+uint32(len(tcp)), tcp))

	c.next[by] += uint32(len(payload))
	if flags&(syn|fin) != 0 {
		c.next[by]++
	}
	c.ended = !c.yield(b)
}

// segments sends what may be longer than a segment.
func (c *connection) segments(by side, payload []byte) {
	const mss = 1448
	for len(payload) > mss {
		c.send(by, ack, payload[:mss])
		payload = payload[mss:]
	}
	c.send(by, ack|psh, payload)
}

// sum adds up 16-bit words as checksums of the Internet do (RFC 1071).
func sum(x uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		x += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		x += uint32(b[0]) << 8
	}
	for x > 0xffff {
		x = x>>16 + x&0xffff
	}
	return uint16(x)
}
