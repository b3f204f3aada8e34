package main

import (
	"bytes"
	"fmt"
)

// plain is clear text.
type plain struct{}

func (plain) hello(c *connection) []byte  { return get(c, helloSize) }
func (plain) answer(c *connection) []byte { return ok(answerSize, 0) }

func (plain) request(c *connection, size int, first bool) []byte {
	if first {
		size += finishedSize
	}
	return get(c, size)
}

func (plain) response(_ *connection, size, more int) []byte { return ok(size, more) }
func (plain) end(_ *connection, size int) []byte            { return make([]byte, size) }

// get returns a request of that many bytes, one of a thousand targets.
func get(c *connection, size int) []byte {
	head := fmt.Sprintf("GET /items/%03d HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\nCookie: ", c.rand.IntN(1000))
	const end = "\r\n\r\n"
	return append(filled(head, size-len(end)), end...)
}

// ok returns a response of that many bytes, and declares more of its body.
func ok(size, more int) []byte {
	const head = "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/plain\r\nContent-Length: %9d\r\n\r\n"
	length := len(fmt.Sprintf(head, 0)) // whatever the number is
	return filled(fmt.Sprintf(head, size-length+more), size)
}

// filled returns b with letters behind, that many bytes.
func filled(b string, size int) []byte {
	return append([]byte(b), bytes.Repeat([]byte("x"), size-len(b))...)
}
