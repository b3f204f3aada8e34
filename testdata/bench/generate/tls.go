package main

import (
	"encoding/binary"
	"strings"
)

// Sizes of what a handshake of TLS 1.3 sends, as programs of today send it.
const (
	helloSize    = 517 // ClientHello, padded
	answerSize   = 1380
	finishedSize = 6 + 58 // ChangeCipherSpec and Finished of the client
	notifySize   = 5 + 19 // close_notify
)

// secured is TLS 1.3 with http/1.1, a full handshake, and the keys of which nobody has.
type secured struct{}

func (secured) hello(c *connection) []byte {
	list := field(2, field(1, "http/1.1"))
	extensions := extension(43, "\x02\x03\x04") + extension(16, list) + extension(0, field(2, "\x00"+field(2, "shop.example"))) +
		extension(51, field(2, "\x00\x1d"+field(2, unreadable(c, 32))))
	head := "\x03\x03" + unreadable(c, 32) + field(1, unreadable(c, 32)) + field(2, "\x13\x01\x13\x02") + "\x01\x00"
	const around = 5 + 4 + 2 + 4 // record, message, list of extensions, padding
	extensions += extension(21, strings.Repeat("\x00", helloSize-around-len(head)-len(extensions)))
	return []byte(record(22, "\x01\x00"+field(2, head+field(2, extensions))))
}

func (secured) answer(c *connection) []byte {
	extensions := extension(43, "\x03\x04") + extension(51, "\x00\x1d"+field(2, unreadable(c, 32)))
	hello := record(22, "\x02\x00"+field(2, "\x03\x03"+unreadable(c, 32)+field(1, unreadable(c, 32))+"\x13\x01\x00"+field(2, extensions)))
	const encrypted = 42 // EncryptedExtensions that choose http/1.1 and acknowledge the name
	flight := hello + record(20, "\x01") + record(23, unreadable(c, encrypted))
	flight += record(23, unreadable(c, answerSize-len(flight)-5-5-53)) + record(23, unreadable(c, 53))
	return []byte(flight)
}

func (secured) request(c *connection, size int, first bool) []byte {
	var b string
	if first {
		b = record(20, "\x01") + record(23, unreadable(c, 53))
	}
	return []byte(b + record(23, unreadable(c, size-5)))
}

func (secured) response(c *connection, size, _ int) []byte {
	return []byte(record(23, unreadable(c, size-5)))
}

func (secured) end(c *connection, size int) []byte { return []byte(record(23, unreadable(c, size-5))) }

func record(kind byte, b string) string { return string([]byte{kind, 3, 3}) + field(2, b) }

func extension(number byte, b string) string { return string([]byte{0, number}) + field(2, b) }

// field returns b behind its length in that many bytes.
func field(width int, b string) string {
	n := binary.BigEndian.AppendUint32(nil, uint32(len(b)))
	return string(n[4-width:]) + b
}

// unreadable returns bytes as encryption leaves them.
func unreadable(c *connection, n int) string {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, c.rand.Uint64())
	}
	return string(b[:n])
}
