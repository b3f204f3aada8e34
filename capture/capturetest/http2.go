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
//	get:STREAM[:AGENT]  a request without a body, with a User-Agent field or not
//	post:STREAM         one whose body is to come
//	ok:STREAM           a whole response
//	head:STREAM         the head of one
//	data:STREAM         two bytes of a body
//	end:STREAM          the last two bytes of one
//	call:STREAM         the head of a response of gRPC
//	grpc:STREAM:STATUS  its trailers
//	reset:STREAM:CODE   RST_STREAM
//	ping[:ack]
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
		switch f[0] {
		case "preface":
			b = append(b, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"...)
			b = frame(b, 4, 0, 0, "")
		case "settings":
			setting := ""
			if len(f) > 1 {
				setting = "\x00\x03" + be32(n[0])
			}
			b = frame(b, 4, 0, 0, setting)
		case "get":
			b = frame(b, 1, 5, n[0], "\x82\x84\x86"+userAgent(f[2:]))
		case "post":
			b = frame(b, 1, 4, n[0], "\x83\x84\x86")
		case "ok":
			b = frame(frame(b, 1, 4, n[0], "\x88"), 0, 1, n[0], "ok")
		case "head":
			b = frame(b, 1, 4, n[0], "\x88")
		case "call":
			b = frame(b, 1, 4, n[0], "\x88\x0f\x10\x10application/grpc")
		case "data":
			b = frame(b, 0, 0, n[0], "xx")
		case "end":
			b = frame(b, 0, 1, n[0], "xx")
		case "grpc":
			b = frame(b, 1, 5, n[0], "\x00\x0bgrpc-status"+string(rune(len(f[2])))+f[2])
		case "reset":
			b = frame(b, 3, 0, n[0], be32(n[1]))
		case "ping":
			flags := byte(0)
			if len(f) > 1 {
				flags = 1
			}
			b = frame(b, 6, flags, 0, "12345678")
		case "goaway":
			debug := ""
			if len(f) > 3 {
				debug = f[3]
			}
			b = frame(b, 7, 0, 0, be32(n[0])+be32(n[1])+debug)
		default:
			return "", fmt.Errorf("%q is no frame", word)
		}
	}
	return strconv.Quote(string(b)), nil
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
