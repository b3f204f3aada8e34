package app

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// recordHead is the length of the head of a record of a pcap file.
const recordHead = 16

// A packetFile is a pcap file in little endian with nanoseconds or microseconds.
type packetFile struct {
	head    []byte
	records [][]byte
}

// readPackets takes a pcap file apart.
func readPackets(t rapid.TB, file []byte) packetFile {
	t.Helper()
	if len(file) < 24 || file[0] != 0xd4 && file[0] != 0x4d {
		t.Fatalf("the file begins with % x, want a pcap file in little endian", file[:min(4, len(file))])
	}
	p := packetFile{head: file[:24:24]}
	for b := file[24:]; len(b) > 0; {
		n := recordHead + int(binary.LittleEndian.Uint32(b[8:]))
		p.records = append(p.records, b[:n:n])
		b = b[n:]
	}
	return p
}

// of returns the file of some records.
func (p packetFile) of(records [][]byte) []byte {
	return append(p.head, bytes.Join(records, nil)...)
}

// at returns the time of a record, which may be compared within its file.
func at(record []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(record))<<32 | uint64(binary.LittleEndian.Uint32(record[4:]))
}

// drawCapture draws a capture whose packets are in order of time. Some of them may be
// missing.
func drawCapture(t *rapid.T) packetFile {
	p := drawRecords(t, false)
	lost := rapid.SliceOfN(rapid.IntRange(0, 1<<12), 0, 4).Draw(t, "lost")
	for _, i := range lost {
		if len(p.records) > 1 {
			i %= len(p.records)
			p.records = slices.Delete(p.records, i, i+1)
		}
	}
	if len(p.records) == 0 {
		t.Skip("no packet")
	}
	return p
}

// drawRecords draws a capture whose packets are in order of time: of a script, or a
// recording. With proper, a port that is taken again begins with a SYN.
func drawRecords(t *rapid.T, proper bool) packetFile {
	var p packetFile
	if rapid.IntRange(0, 3).Draw(t, "recorded") == 0 {
		file, err := os.ReadFile(filepath.Join(recordings, rapid.SampledFrom(smallRecordings).Draw(t, "recording")+".pcap"))
		if err != nil {
			t.Fatal(err)
		}
		p = readPackets(t, file)
	} else {
		script, err := capturetest.Parse(drawScript(t, proper))
		if err != nil {
			t.Fatal(err)
		}
		p = readPackets(t, script.Pcap())
	}
	slices.SortStableFunc(p.records, func(a, b []byte) int { return int(int64(at(a)) - int64(at(b))) })
	return p
}

// smallRecordings are recordings of each kind of end.
var smallRecordings = []string{
	"go-probes-dialer-2s", "accept-queue-full", "node-408", "syn-challenge", "cut-data", "cut-idle", "nginx-keepalive-on", "not-http", "apache-408",
	"go-unread-small", "go-h2c-shutdown", "go-upgrade", "go-half-close", "go-used-after-close", "go-reuse", "python-http10", "go-connect",
	"nginx-keepalive-off", "tw-recycle-server", "go-client-timeout", "reset-linger", "node-5s", "kill-client", "go-stale-race", "half-open", "go-tls-failed",
}

// A scriptLine is a packet of a script.
type scriptLine struct {
	at   int64 // microseconds
	text string
}

// drawScript draws connections of a few clients to two servers, with losses that
// were made good, and client ports that are taken again.
func drawScript(t *rapid.T, proper bool) string {
	var heads strings.Builder
	var lines []scriptLine
	n := rapid.IntRange(1, 12).Draw(t, "connections")
	for i := range n {
		port := 40000 + i
		fmt.Fprintf(&heads, "conn %d\nclient 192.0.2.%d\nserver 198.51.100.%d:80\n", port,
			rapid.IntRange(1, 3).Draw(t, "client"), rapid.IntRange(1, 2).Draw(t, "server"))
		c := connectionScript{t: t, port: port, now: int64(rapid.IntRange(0, 20_000_000).Draw(t, "start"))}
		lives := 1 + rapid.IntRange(0, 5).Draw(t, "port taken again")/5
		for life := range lives {
			c.draw(life, proper && life > 0)
			c.now += int64(rapid.SampledFrom([]int{2_000_000, 70_000_000}).Draw(t, "port at rest"))
		}
		lines = append(lines, c.lines...)
	}
	sort.SliceStable(lines, func(i, j int) bool { return lines[i].at < lines[j].at })
	var s strings.Builder
	s.WriteString(heads.String())
	for _, l := range lines {
		s.WriteString(l.text)
	}
	return s.String()
}

// A connectionScript draws one connection.
type connectionScript struct {
	t     *rapid.T
	port  int
	now   int64  // microseconds
	seq   [2]int // of the next byte of the client and of the server
	lines []scriptLine
}

// send adds a packet a little later than the one before.
func (c *connectionScript) send(after int, packet string, args ...any) {
	c.now += int64(after)
	text := fmt.Sprintf("%d: %d.%06d %s\n", c.port, c.now/1e6, c.now%1e6, fmt.Sprintf(packet, args...))
	c.lines = append(c.lines, scriptLine{c.now, text})
}

// draw draws a life of the connection: its opening, exchanges and end.
func (c *connectionScript) draw(life int, opened bool) {
	const rtt = 400
	isn := life * 1_000_000
	openings := []string{"complete", "complete", "complete", "complete", "midstream", "refused", "unanswered"}
	if opened {
		openings = slices.DeleteFunc(openings, func(x string) bool { return x == "midstream" })
	}
	opening := rapid.SampledFrom(openings).Draw(c.t, "opening")
	if opening != "midstream" {
		c.send(0, "> S %d:%d(0) wscale 7 mss 1460", isn, isn)
		switch opening {
		case "refused":
			c.send(rtt, "< R.")
			return
		case "unanswered":
			c.send(1_000_000, "> S %d:%d(0) wscale 7 mss 1460", isn, isn)
			return
		}
		c.send(rtt, "< S. %d:%d(0) wscale 7 mss 1460", isn, isn)
		c.send(20, "> .")
		c.seq = [2]int{isn + 1, isn + 1}
	}
	for range rapid.IntRange(0, 4).Draw(c.t, "exchanges") {
		c.exchange()
		c.now += int64(rapid.SampledFrom([]int{100, 5_000, 300_000, 5_000_000, 61_000_000}).Draw(c.t, "idle"))
	}
	c.end(rtt)
}

// What messages are.
var (
	requests = []string{
		`GET / HTTP/1.1\r\nHost: a\r\n\r\n`, `GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/8.1\r\n\r\n`,
		`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, `GET / HTTP/1.0\r\n\r\n`,
		`POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`,
	}
	responses = []string{
		`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`, `HTTP/1.1 204 No Content\r\n\r\n`, `HTTP/1.1 200 OK\r\nServer: nginx\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
		`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`, `HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=9\r\nContent-Length: 0\r\n\r\n`,
		`HTTP/1.0 200 OK\r\n\r\nall`, `HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
	}
)

// exchange draws a request and its response.
func (c *connectionScript) exchange() {
	c.message('>', 50, rapid.SampledFrom(requests).Draw(c.t, "request"))
	if rapid.IntRange(0, 9).Draw(c.t, "no response") == 0 {
		return
	}
	c.message('<', rapid.SampledFrom([]int{900, 40_000, 2_000_000}).Draw(c.t, "server"), rapid.SampledFrom(responses).Draw(c.t, "response"))
	c.send(60, "> .")
}

// message adds a message of one side, which may be sent twice.
func (c *connectionScript) message(from rune, after int, text string) {
	payload, err := strconv.Unquote(`"` + text + `"`)
	if err != nil {
		c.t.Fatal(err)
	}
	seq := &c.seq[0]
	if from == '<' {
		seq = &c.seq[1]
	}
	begin := *seq
	*seq += len(payload)
	for range 1 + rapid.IntRange(0, 7).Draw(c.t, "sent again")/7 {
		c.send(after, `%c P. %d:%d(%d) "%s"`, from, begin, *seq, len(payload), text)
		after = 210_000
	}
}

// end draws how the connection ends, if it does.
func (c *connectionScript) end(rtt int) {
	switch rapid.SampledFrom([]string{"client", "client", "server", "server", "client resets", "server resets", "half", "open"}).Draw(c.t, "end") {
	case "client":
		c.send(100, "> F.")
		c.send(rtt, "< F.")
		c.send(20, "> .")
	case "server":
		c.send(100, "< F.")
		c.send(rtt, "> F.")
		c.send(20, "< .")
	case "client resets":
		c.send(100, "> R.")
	case "server resets":
		c.send(100, "< R.")
	case "half":
		c.send(100, "< F.")
		c.send(rtt, "> .")
	}
}
