package capturetest

import (
	"fmt"
	"strconv"
	"strings"
)

// HTTP2 returns frames of HTTP/2 as a word of a script, the payload of one packet. They
// are given by words, each with what follows it behind colons:
//
//	preface             of a client, with its SETTINGS
//	settings[:MOST]     SETTINGS, with MAX_CONCURRENT_STREAMS
//	window:BYTES        SETTINGS, with INITIAL_WINDOW_SIZE
//	update:STREAM:BYTES WINDOW_UPDATE
//	get:STREAM[:AGENT]  a request without a body, with a User-Agent field or not
//	post:STREAM         one whose body is to come
//	ok:STREAM           a whole response
//	head:STREAM         the head of one
//	data:STREAM[:BYTES] bytes of a body, two by default
//	end:STREAM[:BYTES]  the last bytes of one
//	last:STREAM         nothing more of one
//	call:STREAM         the head of a response of gRPC
//	grpc:STREAM:STATUS  its trailers
//	reset:STREAM:CODE   RST_STREAM
//	ping[:ack|:bdp]     bdp is that of grpc-go
//	goaway:LAST[:CODE[:DEBUG]]
func HTTP2(words string) (string, error) {
	var b []byte
	for _, word := range strings.Fields(words) {
		f := strings.SplitN(word, ":", 4)
		n := [3]uint32{}
		for i, s := range f[1:] {
			if v, err := strconv.ParseUint(s, 10, 32); err == nil {
				n[i] = uint32(v)
			}
		}
		more := streamFrame(b, f, n)
		if more == nil {
			more = connectionFrame(b, f, n)
		}
		if more == nil {
			return "", fmt.Errorf("%q is no frame", word)
		}
		b = more
	}
	return strconv.Quote(string(b)), nil
}

// streamFrame appends the frames of a stream that words, with their numbers, stand for, nil
// if they stand for none.
func streamFrame(b []byte, words []string, n [3]uint32) []byte {
	switch words[0] {
	case "get":
		return frame(b, 1, 5, n[0], "\x82\x84\x86"+userAgent(words[2:]))
	case "post":
		return frame(b, 1, 4, n[0], "\x83\x84\x86")
	case "ok":
		return frame(frame(b, 1, 4, n[0], "\x88"), 0, 1, n[0], "ok")
	case "head":
		return frame(b, 1, 4, n[0], "\x88")
	case "call":
		return frame(b, 1, 4, n[0], "\x88\x0f\x10\x10application/grpc")
	case "data":
		return frame(b, 0, 0, n[0], body(words, n[1]))
	case "end":
		return frame(b, 0, 1, n[0], body(words, n[1]))
	case "last":
		return frame(b, 0, 1, n[0], "")
	case "grpc":
		return frame(b, 1, 5, n[0], "\x00\x0bgrpc-status"+string(rune(len(words[2])))+words[2])
	case "reset":
		return frame(b, 3, 0, n[0], be32(n[1]))
	}
	return nil
}

// connectionFrame is streamFrame for those of the connection, and WINDOW_UPDATE of both.
func connectionFrame(b []byte, words []string, n [3]uint32) []byte {
	switch words[0] {
	case "preface":
		return frame(append(b, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"...), 4, 0, 0, "")
	case "settings":
		if len(words) == 1 {
			return frame(b, 4, 0, 0, "")
		}
		return frame(b, 4, 0, 0, "\x00\x03"+be32(n[0]))
	case "window":
		return frame(b, 4, 0, 0, "\x00\x04"+be32(n[0]))
	case "update":
		return frame(b, 8, 0, n[0], be32(n[1]))
	case "ping":
		switch {
		case len(words) == 1:
			return frame(b, 6, 0, 0, "12345678")
		case words[1] == "bdp":
			return frame(b, 6, 0, 0, "\x02\x04\x10\x10\x09\x0e\x07\x07")
		}
		return frame(b, 6, 1, 0, "12345678")
	case "goaway":
		debug := ""
		if len(words) > 3 {
			debug = words[3]
		}
		return frame(b, 7, 0, 0, be32(n[0])+be32(n[1])+debug)
	}
	return nil
}

// body returns the body of DATA, of n bytes if they are given.
func body(words []string, n uint32) string {
	if len(words) < 3 {
		n = 2
	}
	return strings.Repeat("x", int(n))
}

// userAgent returns the field with that value, if there is one (RFC 7541, 6.2.2).
func userAgent(value []string) string {
	if len(value) == 0 {
		return ""
	}
	return "\x0f\x2b" + string(rune(len(value[0]))) + value[0]
}

// frame appends a frame (RFC 9113, 4.1).
func frame(b []byte, kind, flags byte, stream uint32, payload string) []byte {
	n := len(payload)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	b = append(b, be32(stream)...)
	return append(b, payload...)
}

func be32(v uint32) string {
	return string([]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}
