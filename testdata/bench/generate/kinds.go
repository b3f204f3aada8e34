package main

import (
	"io"
	"iter"
)

// kind is one of traffic.
type kind struct {
	beside int // connections at the same time, 1 for a flood
	each   int // connections of a server
	script func(c *connection)
	keys   io.Writer // of the key log
}

// all is more connections than there are.
const all = 1 << 40

var kinds = map[string]kind{
	"syn":       {1, all, func(c *connection) { c.send(client, syn, nil) }, nil},
	"midstream": {1, all, func(c *connection) { c.send(client, ack|psh, []byte("\x17\x03\x03\x00\x10................")) }, nil},
	"clients": {1, all, func(c *connection) {
		c.open()
		c.send(client, ack|psh, []byte("GET / HTTP/1.1\r\nHost: flood\r\n\r\n"))
		c.send(server, ack|psh, []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		c.send(client, ack|fin, nil)
		c.send(server, ack|fin, nil)
		c.send(client, ack, nil)
	}, nil},
	"churn":           {64, all, func(c *connection) { c.talk(plain{}, 1, false) }, nil},
	"servers":         {64, 10, func(c *connection) { c.talk(plain{}, 1, false) }, nil},
	"keepalive":       {64, all, func(c *connection) { c.talk(plain{}, 10_000, false) }, nil},
	"tls-churn":       {64, all, func(c *connection) { c.talk(secured{}, 2, true) }, nil},
	"tls-keepalive":   {64, all, func(c *connection) { c.talk(secured{}, 10_000, true) }, nil},
	"clear-churn":     {64, all, func(c *connection) { c.talk(plain{}, 2, true) }, nil},
	"h2-full":         {8, all, h2{64, 1 << 20, 1 << 14}.script, nil},
	"h2-small":        {8, all, h2{64, 1 << 20, 300}.script, nil},
	"clear-keepalive": {64, all, func(c *connection) { c.talk(plain{}, 10_000, true) }, nil},
}

// packets are those of one connection. A packet is valid until the next one.
func (k kind) packets(number int, seed uint64) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := newConnection(number, seed, k)
		c.yield, c.keys = yield, k.keys
		k.script(c)
	}
}

// mixed are the packets of n connections, of those that run beside each other in turn.
func (k kind) mixed(n int, seed uint64) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var running []func() ([]byte, bool)
		for begun := 0; begun < n || len(running) > 0; {
			for ; begun < n && len(running) < k.beside; begun++ {
				next, stop := iter.Pull(k.packets(begun, seed))
				defer stop()
				running = append(running, next)
			}
			left := running[:0]
			for _, next := range running {
				b, more := next()
				if !more {
					continue
				}
				if !yield(b) {
					return
				}
				left = append(left, next)
			}
			running = left
		}
	}
}

// open opens the connection.
func (c *connection) open() {
	c.send(client, syn, nil)
	c.send(server, syn|ack, nil)
	c.send(client, ack, nil)
}

// manner is how requests and responses are written: with the same sizes each takes the
// same packets.
type manner interface {
	hello(c *connection) []byte  // what comes first: a ClientHello, or a request
	answer(c *connection) []byte // to it
	// request is of that many bytes, and behind what ends a handshake if it is the first.
	request(c *connection, size int, first bool) []byte
	// response is of that many bytes, and more of it may come with the FIN.
	response(c *connection, size, more int) []byte
	end(c *connection, size int) []byte // comes with the FIN
}

// talk opens a connection, sends that many requests, and has the server close it. With a
// handshake the packets are those that TLS takes.
func (c *connection) talk(m manner, requests int, handshake bool) {
	c.open()
	ends := 0
	if handshake {
		ends = notifySize
		c.segments(client, m.hello(c))
		c.segments(server, m.answer(c))
	}
	for i := range requests {
		request, response := 90+c.sizes.IntN(260), 200+c.sizes.IntN(1100)
		if c.sizes.IntN(16) == 0 {
			response += 6000
		}
		more := 0
		if i == requests-1 {
			more = ends
		}
		c.segments(client, m.request(c, request, handshake && i == 0))
		c.segments(server, m.response(c, response, more))
	}
	c.send(client, ack, nil)
	c.send(server, ack|fin, m.end(c, ends))
	c.send(client, ack|fin, nil)
	c.send(server, ack, nil)
}
