package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/net/http2/hpack"
)

// h2 is HTTP/2 over TLS 1.3 with AES-128-GCM and the real keys of its secrets, which go to the
// key log: responses of that size, in records of that much text.
type h2 struct{ requests, response, record int }

// Lengths of secrets and keys of TLS_AES_128_GCM_SHA256.
const (
	secretSize = 32
	keySize    = 16
	nonceSize  = 12
)

// sealer encrypts what a side sends.
type sealer struct {
	aead cipher.AEAD
	iv   [nonceSize]byte
	seq  uint64
}

// newSealer makes the keys that a traffic secret gives (RFC 8446, 7.3).
func newSealer(secret string) *sealer {
	s := &sealer{}
	block, err := aes.NewCipher(expand(secret, "key", keySize))
	if err == nil {
		s.aead, err = cipher.NewGCM(block)
	}
	if err != nil {
		panic(err)
	}
	copy(s.iv[:], expand(secret, "iv", nonceSize))
	return s
}

// expand is HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
func expand(secret, label string, size int) []byte {
	info := string([]byte{0, byte(size)}) + field(1, "tls13 "+label) + "\x00"
	key, err := hkdf.Expand(sha256.New, []byte(secret), info, size)
	if err != nil {
		panic(err)
	}
	return key
}

// record appends a record of that content type to b (RFC 8446, 5.2).
func (s *sealer) record(b []byte, kind byte, text []byte) []byte {
	header := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(text)+1+s.aead.Overhead()))
	nonce := s.iv
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(s.iv[4:])^s.seq)
	s.seq++
	inner := append(append(make([]byte, 0, len(text)+1), text...), kind)
	return s.aead.Seal(append(b, header...), nonce[:], inner, header)
}

// Types of records, and of messages of the handshake.
const (
	ofHandshake = 22
	ofData      = 23
)

// script makes one connection: a handshake whose server sends no certificate, as of a session
// that is resumed, then requests one after the other.
func (h h2) script(c *connection) {
	c.port[server] = 443
	c.open()
	random := unreadable(c, 32)
	secrets := map[string]string{}
	for _, name := range []string{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} {
		secrets[name] = unreadable(c, secretSize)
		fmt.Fprintf(c.keys, "%s %x %x\n", name, random, secrets[name])
	}
	protocols := extension(16, field(2, field(1, "h2")))
	extensions := extension(43, "\x02\x03\x04") + protocols + extension(0, field(2, "\x00"+field(2, "shop.example"))) +
		extension(51, field(2, "\x00\x1d"+field(2, unreadable(c, 32))))
	hello := "\x03\x03" + random + field(1, unreadable(c, 32)) + field(2, "\x13\x01") + "\x01\x00" + field(2, extensions)
	c.segments(client, []byte(record(ofHandshake, "\x01\x00"+field(2, hello))))

	answer := "\x03\x03" + unreadable(c, 32) + field(1, unreadable(c, 32)) + "\x13\x01\x00" +
		field(2, extension(43, "\x03\x04")+extension(51, "\x00\x1d"+field(2, unreadable(c, 32))))
	flight := []byte(record(ofHandshake, "\x02\x00"+field(2, answer)) + record(20, "\x01"))
	from := [2]*sealer{client: newSealer(secrets["CLIENT_HANDSHAKE_TRAFFIC_SECRET"]), server: newSealer(secrets["SERVER_HANDSHAKE_TRAFFIC_SECRET"])}
	finished := "\x14\x00" + field(2, unreadable(c, 32))
	flight = from[server].record(flight, ofHandshake, []byte("\x08\x00"+field(2, field(2, protocols))+finished))
	c.segments(server, flight)
	ends := from[client].record([]byte(record(20, "\x01")), ofHandshake, []byte(finished))
	from = [2]*sealer{client: newSealer(secrets["CLIENT_TRAFFIC_SECRET_0"]), server: newSealer(secrets["SERVER_TRAFFIC_SECRET_0"])}
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	c.segments(client, from[client].record(ends, ofData, []byte(preface+frame(4, 0, 0, ""))))
	c.segments(server, from[server].record(nil, ofData, []byte(frame(4, 0, 0, ""))))
	h.exchanges(c, from)
	c.send(client, ack|fin, nil)
	c.send(server, ack|fin, nil)
	c.send(client, ack, nil)
}

// exchanges sends requests and responses. The client acknowledges each 16th segment, and
// opens the window again after each response.
func (h h2) exchanges(c *connection, from [2]*sealer) {
	const most = 16384 // SETTINGS_MAX_FRAME_SIZE at first
	body := unreadable(c, most)
	var encoders [2]*hpack.Encoder
	var blocks [2]bytes.Buffer
	for i := range encoders {
		encoders[i] = hpack.NewEncoder(&blocks[i])
	}
	block := func(by side, fields ...string) string {
		blocks[by].Reset()
		for i := 0; i < len(fields); i += 2 {
			encoders[by].WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
		}
		return blocks[by].String()
	}
	var sent, packets []byte
	for i := range h.requests {
		id := uint32(2*i + 1)
		request := frame(1, 5, id, block(client, ":method", "GET", ":scheme", "https", ":authority", "shop.example", ":path", fmt.Sprintf("/items/%03d", c.rand.IntN(1000))))
		c.segments(client, from[client].record(nil, ofData, []byte(request)))
		sent = append(sent[:0], frame(1, 4, id, block(server, ":status", "200", "content-type", "text/plain", "content-length", fmt.Sprint(h.response)))...)
		for left := h.response; left > 0; left -= min(left, most) {
			end := byte(0)
			if left <= most {
				end = 1
			}
			sent = append(sent, frame(0, end, id, body[:min(left, most)])...)
		}
		packets = packets[:0]
		for left := sent; len(left) > 0; left = left[min(len(left), h.record):] {
			packets = from[server].record(packets, ofData, left[:min(len(left), h.record)])
		}
		const together = 16 * 1448
		for left := packets; len(left) > 0; left = left[min(len(left), together):] {
			c.segments(server, left[:min(len(left), together)])
			c.send(client, ack, nil)
		}
		window := frame(8, 0, 0, string(binary.BigEndian.AppendUint32(nil, uint32(h.response))))
		c.segments(client, from[client].record(nil, ofData, []byte(window)))
	}
}

// frame returns a frame of HTTP/2 (RFC 9113, 4.1).
func frame(kind, flags byte, stream uint32, payload string) string {
	head := field(3, payload)[:3] + string([]byte{kind, flags})
	return head + string(binary.BigEndian.AppendUint32(nil, stream)) + payload
}
