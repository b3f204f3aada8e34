package evidence_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/anonymize"
	"github.com/kaanalyze/kaanalyze/internal/evidence"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// record returns the evidence file of a capture, and the numbers of its packets.
func record(t *testing.T, file []byte, opt evidence.Options, ids ...uint64) ([]byte, []uint64) {
	t.Helper()
	src, err := capture.OpenFiles([]string{"-"}, capture.Options{Stdin: bytes.NewReader(file), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	opt.Headers = src.Headers
	if opt.Rewrite == nil {
		opt.Rewrite = func(_, head []byte) []byte { return bytes.ReplaceAll(head, []byte("secret"), []byte("xxxxxx")) }
	}
	if opt.RewriteHello == nil {
		opt.RewriteHello = func(hello []byte, byClient bool) { tlswire.Mask(hello, byClient, nil, nil) }
	}
	rec := evidence.NewRecorder(ids, opt)
	a := analyze.New(analyze.Options{Observer: rec})
	apply := func(segs []flows.Segment) error {
		a.Apply(segs)
		return nil
	}
	if err := src.Run(context.Background(), apply); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := capture.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := rec.Write(w, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), numbers
}

// packets returns the payloads that a file holds, after a look at each packet.
func packets(t *testing.T, file []byte) (payloads []string) {
	t.Helper()
	for b := file[24:]; len(b) > 0; {
		n, wire := int(binary.LittleEndian.Uint32(b[8:])), int(binary.LittleEndian.Uint32(b[12:]))
		data := b[16:][:n]
		b = b[16+n:]
		first := gopacket.Decoder(layers.LayerTypeIPv4)
		if data[0]>>4 == 6 {
			first = layers.LayerTypeIPv6
		}
		p := gopacket.NewPacket(data, first, gopacket.NoCopy)
		tcp, ok := p.TransportLayer().(*layers.TCP)
		if !ok {
			t.Fatalf("packet %d is not TCP: %v", len(payloads)+1, p.ErrorLayer())
		}
		payloads = append(payloads, string(tcp.Payload))
		whole := append(slices.Clone(data), make([]byte, wire-n)...)
		checkSums(t, whole, len(payloads))
	}
	return payloads
}

// checkSums adds up the words of a packet as its receiver would (RFC 1071).
func checkSums(t *testing.T, b []byte, num int) {
	t.Helper()
	add := func(b []byte) (s uint32) {
		for i, c := range b {
			s += uint32(c) << (8 * (1 - i&1))
		}
		return s
	}
	check := func(what string, s uint32) {
		for s > 0xffff {
			s = s>>16 + s&0xffff
		}
		if s != 0xffff {
			t.Errorf("packet %d: the checksum of %s is wrong", num, what)
		}
	}
	size, addresses := 20, b[12:20]
	if b[0]>>4 == 6 {
		size, addresses = 40, b[8:40]
	} else {
		check("IPv4", add(b[:20]))
	}
	check("TCP", add(addresses)+6+uint32(len(b)-size)+add(b[size:]))
}

const exchange = `
	0.000 > S
	0.001 < S.
	0.002 > .
	0.003 > P. "GET /?secret HTTP/1.1\r\nHost: a\r\n\r\n"
	0.004 < P. "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nbody"
	0.005 < P. "bodyHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\ndata\r\n"
	0.006 < P. "3\r\nend\r\n0\r\nTrailer: t\r\n\r\n"
	0.007 > P. "GET /2 HT"
	0.008 > F.
	0.009 < F.
	0.010 > .
`

func TestPayload(t *testing.T) {
	want := []string{
		"", "", "",
		"GET /?xxxxxx HTTP/1.1\r\nHost: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n",
		"\x00\x00\x00\x00HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;xxx\r\n\x00\x00\x00\x00\r\n",
		"3\r\n\x00\x00\x00\r\n0\r\nxxxxxxxxxx\r\n\r\n",
		"GET /2 HT", "", "", "",
	}
	for _, who := range []string{"", "client 2001:db8::1\nserver [2001:db8::2]:80\n"} {
		file, numbers := record(t, capturetest.Pcap(t, who+exchange), evidence.Options{}, 1)
		if got := packets(t, file); !slices.Equal(got, want) {
			t.Errorf("payloads are %q, want %q", got, want)
		}
		if !slices.IsSorted(numbers) || len(numbers) != 11 || numbers[0] != 1 {
			t.Errorf("numbers are %d, want 1 to 11", numbers)
		}
	}
}

func TestBodies(t *testing.T) {
	file, _ := record(t, capturetest.Pcap(t, exchange), evidence.Options{Bodies: true}, 1)
	got := packets(t, file)
	if want := "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nbody"; got[4] != want {
		t.Errorf("payload is %q, want %q", got[4], want)
	}
	if strings.Contains(got[3], "secret") {
		t.Errorf("payload %q has the secret", got[3])
	}
}

// Only what was asked for is in the file, and copies are not.
func TestSelection(t *testing.T) {
	script := `
		40001: 0.000 > S
		40002: 0.001 > S
		40002: 0.002 < S. id 7
		40002: 0.0021 < S. 0:0(0) id 7
		40001: 0.003 < S.
		40002: 0.004 > .
	`
	file, numbers := record(t, capturetest.Pcap(t, script), evidence.Options{}, 2)
	if want := []uint64{2, 3, 6}; !slices.Equal(numbers, want) {
		t.Errorf("numbers are %d, want %d", numbers, want)
	}
	packets(t, file)
}

// Of other protocols it is kept which they are.
func TestOtherProtocols(t *testing.T) {
	const tls = `"\x16\x03\x01\x00\x20\x01\x00\x00\x1csecretsecretsecret"`
	const opened = "0.000 > S\n0.001 < S.\n0.002 > .\n"
	for _, test := range []struct{ payload, want string }{
		{tls, "\x16\x03\x01\x00\x20\x01\x00\x00\x1cse" + strings.Repeat("\x00", 16)},
		{`"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore"`, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{`"PRI * HTTP/2.0\r\nsecret!!more"`, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{`"\x01secret"`, "\x00\x00\x00\x00\x00\x00\x00"},
	} {
		file, _ := record(t, capturetest.Pcap(t, opened+"0.003 > P. "+test.payload+"\n"), evidence.Options{}, 1)
		if got := packets(t, file)[3]; got != test.want {
			t.Errorf("of %s is kept %q, want %q", test.payload, got, test.want)
		}
	}
}

// Of TLS what can be read without keys is kept, and of a hello only what it is about,
// however records and segments cut it.
func TestHello(t *testing.T) {
	extensions := "\x00\x00\x00\x10\x00\x0e\x00\x00\x0bexample.com" + "\x00\x10\x00\x05\x00\x03\x02h2" + "\x00\x33\x00\x03key"
	body := "\x03\x03" + strings.Repeat("r", 32) + "\x04\x73\x73\x73\x73" + "\x00\x02\xc0\x2f\x01\x00" + "\x00\x24" + extensions
	masked := strings.NewReplacer(strings.Repeat("r", 32), strings.Repeat("\x00", 32), "ssss", "\x00\x00\x00\x00", "key", "\x00\x00\x00",
		"example.com", "EXAMPLE.COM").Replace(body)
	framed := func(b string) string { return "\x16\x03\x01\x00" + string(rune(len(b))) + b }
	whole := func(body string) string { return "\x01\x00\x00" + string(rune(len(body))) + body }
	opt := evidence.Options{RewriteHello: func(hello []byte, byClient bool) {
		tlswire.Mask(hello, byClient, func(name []byte) { copy(name, bytes.ToUpper(name)) }, nil)
	}}
	for _, cut := range []int{8, 20, 45, 60, 70, 80} {
		sent, want := framed(whole(body)), framed(whole(masked))
		for _, records := range []bool{false, true} {
			if records {
				sent = framed(whole(body)[:cut]) + framed(whole(body)[cut:])
				want = framed(whole(masked)[:cut]) + framed(whole(masked)[cut:])
			}
			var script strings.Builder
			script.WriteString("0.000 > S\n0.001 < S.\n0.002 > .\n")
			for _, part := range []string{sent[:cut], sent[cut:]} {
				fmt.Fprintf(&script, "0.003 > P. \"")
				for _, c := range []byte(part) {
					fmt.Fprintf(&script, "\\x%02x", c)
				}
				script.WriteString("\"\n")
			}
			script.WriteString("0.004 < P. \"\\x17\\x03\\x03\\x00\\x04text\\x15\\x03\\x03\\x00\\x02\\x02\\x30\"\n")
			file, _ := record(t, capturetest.Pcap(t, script.String()), opt, 1)
			got := packets(t, file)
			if text := got[3] + got[4]; strings.TrimRight(text, "\x00") != strings.TrimRight(want, "\x00") {
				t.Errorf("cut at %d, two records: %t: got\n%q, want\n%q", cut, records, text, want)
			}
			if want := "\x17\x03\x03\x00\x04\x00\x00\x00\x00\x15\x03\x03\x00\x02\x02\x30"; got[5] != want {
				t.Errorf("of the server is kept %q, want %q", got[5], want)
			}
		}
	}
}

// A head that comes in pieces, out of order and twice is the same in each packet.
func TestPieces(t *testing.T) {
	script := `
		0.000 > S
		0.001 < S.
		0.002 > .
		0.003 > P. 1:11(10) "GET /secre"
		0.004 > P. 21:33(12) ".1\r\n\r\nGET /2"
		0.005 > P. 11:21(10) "t HTTP/1.1"
		0.006 > P. 6:21(15) "secret HTTP/1.1"
	`
	script = strings.Replace(script, `".1\r\n\r\nGET /2"`, `"\r\nA: b\r\n\r\nGE"`, 1)
	file, _ := record(t, capturetest.Pcap(t, script), evidence.Options{}, 1)
	want := []string{"GET /xxxxx", "\r\nA: b\r\n\r\nGE", "x HTTP/1.1", "xxxxxx HTTP/1.1"}
	if got := packets(t, file)[3:]; !slices.Equal(got, want) {
		t.Errorf("payloads are %q, want %q", got, want)
	}
}

// A segment that is too long for the field in an IP header is one again.
func TestLongSegment(t *testing.T) {
	script := "0.000 > S\n0.001 < S.\n0.002 > .\n0.003 > P. \"GET / HTTP/1.1\\r\\nContent-Length: 70000\\r\\n\\r\\n" +
		strings.Repeat("x", 70000) + "GET /end HTTP/1.1\\r\\n\\r\\n\"\n"
	for who, jumbo := range map[string]bool{"": false, "client 2001:db8::1\nserver [2001:db8::2]:80\n": true} {
		file, _ := record(t, capturetest.Pcap(t, who+script), evidence.Options{}, 1)
		again, _ := record(t, file, evidence.Options{}, 1)
		if !bytes.Equal(file, again) || !bytes.HasSuffix(file, []byte("\x00GET /end HTTP/1.1\r\n\r\n")) {
			t.Errorf("%s: the evidence of the evidence has %d bytes, want the same %d with the second head", who, len(again), len(file))
		}
		if got := bytes.Contains(file, []byte{6, 0, 0xc2, 4, 0, 1}); got != jumbo {
			t.Errorf("%s: a jumbo payload option (RFC 2675): %v, want %v", who, got, jumbo)
		}
	}
}

// A head of which bytes are missing does not go on in the next one.
func TestHeadCut(t *testing.T) {
	script := "0.000 > S\n0.001 < S.\n0.002 > .\n" +
		"0.003 > P. 1:25(24) \"GET / HTTP/1.1\\r\\nAccept: \"\n" + // and 5 bytes that were not captured
		"0.004 < . ack 30\n" +
		"0.005 > P. 30:55(25) \"GET /?secret HTTP/1.1\\r\\n\\r\\n\"\n"
	file, _ := record(t, capturetest.Pcap(t, script), evidence.Options{Rewrite: anonymize.Redact}, 1)
	want := []string{"GET / HTTP/1.1\r\nAccept: ", "", "GET /?xxxxxx HTTP/1.1\r\n\r\n"}
	if got := packets(t, file)[3:]; !slices.Equal(got, want) {
		t.Errorf("payloads are %q, want %q", got, want)
	}
}

// A head of which bytes are missing stands before what follows, which is no message.
func TestHeadBeforeOther(t *testing.T) {
	script := `
		0.000 > S
		0.001 < S.
		0.002 > .
		0.003 > P. "GET / HTTP/1.1\r\n\r\n"
		0.004 < P. 1:15(14) ack 19 "HTTP/1.1 200 O"
		0.005 > .  ack 30
		0.006 < P. 30:45(15) ack 19 "some other text"
		0.007 < P. 10:40(30) ack 19 "200 OK\r\nServer: x\r\n some other"
	`
	file, _ := record(t, capturetest.Pcap(t, script), evidence.Options{}, 1)
	want := []string{"", "", "", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 O", "", "", "200 O"}
	if got := packets(t, file); !slices.Equal(got, want) {
		t.Errorf("payloads are %q, want %q", got, want)
	}
}

// Where the reader is not to learn who spoke, options that may tell are gone.
func TestAnonymousOptions(t *testing.T) {
	file := capturetest.Pcap(t, "0.000 > S mss 1460 wscale 7 tsval 5 tsecr 0\n0.001 > S mss 2570\n")
	at := bytes.Index(file, []byte{2, 4, 0x05, 0xb4})
	copy(file[at:], []byte{30, 4, 0x05, 0xb4})                                         // of Multipath TCP (RFC 8684)
	copy(file[bytes.Index(file, []byte{2, 4, 0x0a, 0x0a}):], []byte{8, 4, 0x0a, 0x0a}) // too short for timestamps
	out, _ := record(t, file, evidence.Options{Anonymous: true}, 1)
	packets(t, out)
	if bytes.Contains(out, []byte{30, 4}) || bytes.Contains(out, []byte{8, 4}) || !bytes.Contains(out, []byte{1, 1, 1, 1}) || !bytes.Contains(out, []byte{8, 10}) {
		t.Errorf("options are % x, want no kind 30, but timestamps", out[len(out)-20:])
	}
}
