package app

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// save writes a capture to a file.
func save(t *testing.T, data []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "made.pcap")
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// withLink returns a pcap file that states another link type.
func withLink(data []byte, link uint32) []byte {
	data = bytes.Clone(data)
	order := binary.ByteOrder(binary.LittleEndian)
	if data[0] == 0xa1 {
		order = binary.BigEndian
	}
	order.PutUint32(data[20:], link)
	return data
}

// TestUnknownLinkType reads packets that cannot be decoded: they are counted as
// such, and there are no connections.
func TestUnknownLinkType(t *testing.T) {
	file := save(t, withLink(demo, 147))
	if text := succeed(t, reading(file)); !strings.Contains(text, "888 packets") {
		t.Errorf("got %s", text)
	}
	var got struct {
		Capture struct {
			Packets, TCP, Undecoded int64
		}
		Totals struct{ Connections int64 }
	}
	report := strings.NewReplacer(`"tcp_packets"`, `"tcp"`, `"undecoded_packets"`, `"undecoded"`).Replace(succeedJSON(t, reading(file)))
	if err := json.Unmarshal([]byte(report), &got); err != nil {
		t.Fatal(err)
	}
	if c := got.Capture; c.Packets != 888 || c.TCP != 0 || c.Undecoded != 888 || got.Totals.Connections != 0 {
		t.Errorf("got %+v, want 888 packets, all undecoded", got)
	}
	text := succeed(t, reading(save(t, withLink(demo, 180))))
	const want = "no TCP connection was found, for 888 of 888 packets could not be decoded (link type JUNIPER_FRELAY)"
	if !strings.Contains(strings.Join(strings.Fields(text), " "), want) || strings.Contains(text, "filter tcp") {
		t.Errorf("got %s\nwant %q in it, and no advice on filters", text, want)
	}
}

// TestOddVersion reads a file whose version is in the other byte order, and warns of it.
func TestOddVersion(t *testing.T) {
	data := bytes.Clone(demo)
	data[4], data[5], data[6], data[7] = data[5], data[4], data[7], data[6]
	file := save(t, data)
	const want = "pcap version 512.1024 is not known; it is read as 2.4"
	var r struct {
		Capture struct {
			Packets  int64
			Warnings []string
		}
	}
	if err := json.Unmarshal([]byte(succeedJSON(t, reading(file))), &r); err != nil {
		t.Fatal(err)
	}
	if w := r.Capture.Warnings; r.Capture.Packets != 888 || len(w) != 1 || !strings.HasSuffix(w[0], want) {
		t.Errorf("got %+v, want 888 packets and a warning", r.Capture)
	}
	if text := succeed(t, reading(file)); !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
		t.Errorf("got %s\nwant %q in it", text, want)
	}
}

// TestSameTrafficTwice reads a capture and a copy of it by another clock: what it warns of
// has no name of a file where names are withheld.
func TestSameTrafficTwice(t *testing.T) {
	one, shifted := save(t, demo), bytes.Clone(demo)
	for b := shifted[24:]; len(b) > 0; b = b[16+binary.LittleEndian.Uint32(b[8:]):] {
		binary.LittleEndian.PutUint32(b, binary.LittleEndian.Uint32(b)+2)
	}
	c := reading(one, save(t, shifted))
	const want = "holds packets of %s 2s later: packets in both count twice"
	if text := strings.Join(strings.Fields(succeed(t, c)), " "); !strings.Contains(text, fmt.Sprintf(want, one)) {
		t.Errorf("got %s\nwant %q in it", text, fmt.Sprintf(want, one))
	}
	c.Anonymize = "key"
	_, text, stderr := command(c)
	if text = strings.Join(strings.Fields(text), " "); !strings.Contains(text, fmt.Sprintf("capture-2.pcap "+want, "capture-1.pcap")) || strings.Contains(text+stderr, one) {
		t.Errorf("got %s and %s\nwant a warning without names", text, stderr)
	}
}

// TestNothingToJudge reads captures without TCP and without HTTP: the text says
// so instead of showing zeros.
func TestNothingToJudge(t *testing.T) {
	noHTTP := capturetest.Pcap(t, `
		0.000 > S  0:0(0)
		0.001 < S. 0:0(0) ack 1
		0.002 > .  ack 1
		0.003 < P. 1:9(8) ack 1 "SSH-2.0\n"
		0.004 > P. 1:9(8) ack 9 "SSH-2.0\n"
		0.005 > F. 9:9(0) ack 9
		0.006 < F. 9:9(0) ack 10
		0.007 > .  ack 10
	`)
	noTCP := bytes.Clone(capturetest.Pcap(t, "0.000 > S 0:0(0)"))
	noTCP[24+16+14+9] = 17 // the protocol of the IPv4 header
	for what, tt := range map[string]struct {
		data []byte
		want string
	}{
		"HTTP": {noHTTP, "CANNOT TELL: no HTTP request was captured"},
		"TCP":  {noTCP, "CANNOT TELL: no TCP connection was captured"},
	} {
		if text := succeed(t, reading(save(t, tt.data))); !strings.Contains(text, tt.want) {
			t.Errorf("without %s: got %s; want %q in it", what, text, tt.want)
		}
	}
}

// TestCutAnywhere cuts a capture at every byte of its first packets: it is
// analysed or refused, with the reason, and nothing in between.
func TestCutAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	const most = 700
	whole, reported := demo[:most], 0
	for n := range most {
		code, stdout, stderr := commandOn(bytes.NewReader(whole[:n]), Config{Read: []string{"-"}, JSON: true})
		switch code {
		case ExitOK:
			reported++
			if !json.Valid([]byte(stdout)) {
				t.Errorf("cut at %d: got invalid JSON %s", n, stdout)
			}
			if ends := packetEnds(n); !ends && !strings.Contains(stderr, "warning: -: damaged at packet ") {
				t.Errorf("cut at %d: got no warning, standard error is %q", n, stderr)
			}
		case ExitFailed:
			if stdout != "" || !strings.HasPrefix(stderr, "kaanalyze: error: ") {
				t.Errorf("cut at %d: got %q and %q", n, stdout, stderr)
			}
		default:
			t.Errorf("cut at %d: got exit code %d", n, code)
		}
	}
	if reported < most/2 {
		t.Errorf("got %d reports of %d cut captures, want most", reported, most)
	}
}

// packetEnds reports whether a packet of the demo ends at that byte.
func packetEnds(n int) bool {
	at := 24
	for at < n {
		at += 16 + int(binary.LittleEndian.Uint32(demo[at+8:]))
	}
	return at == n
}

// TestHostileText shows names and targets that would act on a terminal.
func TestHostileText(t *testing.T) {
	data := capturetest.Pcap(t, `
		0.000 > S  0:0(0)
		0.001 < S. 0:0(0) ack 1
		0.002 > .  ack 1
		0.003 > P. ack 1 "GET /\x1b[2J\x9b?token=secret HTTP/1.1\r\nHost: a\x1b]0;x\r\n\r\n"
		0.004 < P. "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	`)
	name := filepath.Join(t.TempDir(), "a\x1b[31m.pcap")
	if err := os.WriteFile(name, data[:len(data)-1], 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{{}, {JSON: true, Exchanges: true}, {Format: "csv"}, {Format: "ndjson", Exchanges: true}, {Conn: 1}, {Conn: 1, JSON: true}} {
		c.Read = []string{name}
		code, stdout, stderr := command(c)
		if code != ExitOK {
			t.Errorf("%+v: got exit code %d: %s", c, code, stderr)
		}
		if strings.ContainsAny(stdout+stderr, "\x1b\u009b") {
			t.Errorf("%+v: got control characters in %q and %q", c, stdout, stderr)
		}
		if strings.Contains(stdout, "secret") {
			t.Errorf("%+v: got the query in %s", c, stdout)
		}
	}
	if out := succeedJSON(t, Config{Read: []string{name}, Conn: 1, ShowSecrets: true}); !strings.Contains(out, "secret") {
		t.Errorf("--show-secrets: got no query in %s", out)
	}
}

// TestManySources reads more files than a program may have open.
func TestManySources(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i := range 40 {
		name := filepath.Join(dir, fmt.Sprintf("cap.pcap%d", i))
		script := fmt.Sprintf("conn %d\n%d.0 > S 0:0(0)\n%d.1 < R. ack 1", 40000+i, i, i)
		if err := os.WriteFile(name, capturetest.Pcap(t, script), 0o666); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	got := ask(t, reading(names...))
	equal(t, "totals.connections", got.Totals.Connections, 40)
}

// TestLateBounds reads a part of a capture in which connections are under way.
func TestLateBounds(t *testing.T) {
	all := ask(t, Config{Demo: demo})
	late := ask(t, Config{Demo: demo, Since: "+3"})
	if late.Totals.Connections == 0 || late.Totals.Connections >= all.Totals.Connections || late.Totals.Midstream == 0 {
		t.Errorf("got %d connections, %d of them midstream, of %d", late.Totals.Connections, late.Totals.Midstream, all.Totals.Connections)
	}
	for _, c := range late.Connections {
		if c.Stream != nil {
			t.Fatalf("connection %d: got stream %d; without the packets before nobody knows", c.ID, *c.Stream)
		}
	}
}
