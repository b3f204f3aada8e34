package main

import "encoding/binary"

// kinds say what packets the connection i has.
var kinds = map[string]func(f *frames, i int){
	"syn": func(f *frames, i int) {
		f.add(i, fromClient, syn, 0, "")
	},
	"midstream": func(f *frames, i int) {
		f.add(i, fromClient, ack|psh, 1, "\x17\x03\x03\x00\x10................")
	},
	"clients": func(f *frames, i int) {
		const request = "GET / HTTP/1.1\r\nHost: flood\r\n\r\n"
		const response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
		f.add(i, fromClient, syn, 0, "")
		f.add(i, fromServer, syn|ack, 0, "")
		f.add(i, fromClient, ack, 1, "")
		f.add(i, fromClient, ack|psh, 1, request)
		f.add(i, fromServer, ack|psh, 1, response)
		f.add(i, fromClient, ack|fin, 1+uint32(len(request)), "")
		f.add(i, fromServer, ack|fin, 1+uint32(len(response)), "")
		f.add(i, fromClient, ack, 2+uint32(len(request)), "")
	},
}

const (
	fin = 1 << 0
	syn = 1 << 1
	psh = 1 << 3
	ack = 1 << 4
)

const (
	fromClient = iota
	fromServer
)

// frames are the packets of one connection.
type frames struct {
	list [][]byte
	next [2]uint32 // what the other side of each acknowledges, 0 while it has sent nothing
}

// add adds a packet of connection i, in Ethernet and IPv4. seq counts from the first
// sequence number of its sender.
func (f *frames) add(i int, by int, flags byte, seq uint32, payload string) {
	b := make([]byte, 54, 54+len(payload))
	b = append(b, payload...)
	copy(b, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00")
	ip, tcp := b[14:], b[34:]
	ip[0], ip[8], ip[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(ip[2:], uint16(len(b)-14))
	binary.BigEndian.PutUint16(ip[4:], uint16(i))
	client, server := uint32(10<<24|i+1), uint32(172<<24|16<<16|1)
	ports := [2]uint16{uint16(1024 + i%60000), 80}
	self := 0
	if by == fromServer {
		client, server = server, client
		ports[0], ports[1] = ports[1], ports[0]
		self = 1
	}
	binary.BigEndian.PutUint32(ip[12:], client)
	binary.BigEndian.PutUint32(ip[16:], server)
	binary.BigEndian.PutUint16(ip[10:], ^sum(0, ip[:20]))

	binary.BigEndian.PutUint16(tcp, ports[0])
	binary.BigEndian.PutUint16(tcp[2:], ports[1])
	start := uint32(i)*2654435761 | 1<<20
	binary.BigEndian.PutUint32(tcp[4:], start+seq)
	if flags&ack != 0 {
		n := f.next[1-self]
		if n == 0 {
			n = start + 1
		}
		binary.BigEndian.PutUint32(tcp[8:], n)
	}
	next := start + seq + uint32(len(payload))
	if flags&(syn|fin) != 0 {
		next++
	}
	f.next[self] = next
	tcp[12], tcp[13] = 5<<4, flags
	binary.BigEndian.PutUint16(tcp[14:], 64240)
	pseudo := sum(0, ip[12:20]) // the pseudo-header of RFC 9293, 3.1
	binary.BigEndian.PutUint16(tcp[16:], ^sum(uint32(pseudo)+6+uint32(len(tcp)), tcp))
	f.list = append(f.list, b)
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
