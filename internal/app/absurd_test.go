package app

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
)

// closedScript is two connections that are closed by the server, and one that is
// not.
const closedScript = `
conn 1001
0.000 > S 0:0(0)
0.001 < S. 0:0(0) ack 1
0.002 > .
0.003 > P. "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
0.004 < P. "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
0.005 > P. "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
0.006 < P. "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
0.007 < F.
0.008 > F.
0.009 < .
conn 1002
0.010 > S 0:0(0)
0.011 < S. 0:0(0) ack 1
0.012 > .
0.013 > P. "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
0.014 < P. "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
0.015 > F.
0.016 < F.
0.017 > .
conn 1003
0.018 > S 0:0(0)
0.019 < S. 0:0(0) ack 1
0.020 > .
`

// retimed returns the packets of a pcap file as a pcapng file, whose times can be
// any number of nanoseconds that 64 bits hold; at returns that of a packet.
func retimed(pcap []byte, at func(packet int) int64) []byte {
	var b bytes.Buffer
	block := func(kind uint32, body []byte) {
		body = append(body, make([]byte, -len(body)&3)...)
		n := uint32(len(body) + 12)
		for _, v := range []any{kind, n, body, n} {
			if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
				panic(err)
			}
		}
	}
	le := binary.LittleEndian
	block(0x0a0d0d0a, append(le.AppendUint32(nil, 0x1a2b3c4d), 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))
	block(1, append(le.AppendUint16(nil, uint16(le.Uint32(pcap[20:]))), 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0)) // if_tsresol: nanoseconds
	for i, rest := 0, pcap[24:]; len(rest) > 0; i++ {
		n := le.Uint32(rest[8:])
		t := uint64(at(i))
		body := le.AppendUint32(nil, 0)
		body = le.AppendUint32(le.AppendUint32(body, uint32(t>>32)), uint32(t))
		body = append(le.AppendUint32(le.AppendUint32(body, n), n), rest[16:16+n]...)
		block(6, body)
		rest = rest[16+n:]
	}
	return b.Bytes()
}

// withinTime runs f, and fails if it does not come back in time.
func withinTime(t *testing.T, limit time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("%s: it goes on after %v", what, limit)
	}
}

// TestAbsurdTimes reads packets whose times jump between the ends of what 64 bits
// hold: every format comes to an end.
func TestAbsurdTimes(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	pcap := capturetest.Pcap(t, closedScript)
	ends := []int64{math.MinInt64, -1, 0, capturetest.Epoch, (1<<32 - 1) * 1e9, math.MaxInt64}
	for _, a := range ends {
		for _, b := range ends {
			for name, at := range map[string]func(int) int64{
				"in turn":  func(i int) int64 { return []int64{a, b}[i%2] },
				"in order": func(i int) int64 { return []int64{a, b}[min(i/14, 1)] },
			} {
				file := save(t, retimed(pcap, at))
				for _, format := range []string{"text", "html", "json", "svg"} { // the others write the same numbers
					what := fmt.Sprintf("%s, %d and %d %s", format, a, b, name)
					withinTime(t, 20*time.Second, what, func() {
						c := reading(file)
						c.Format = format
						if code, _, stderr := command(c); code != ExitOK {
							t.Errorf("%s: got exit code %d\n%s", what, code, stderr)
						}
					})
				}
			}
		}
	}
}

// TestClockGoesBack reads two requests of a connection whose opening is not
// captured, the second earlier than the first.
func TestClockGoesBack(t *testing.T) {
	file := save(t, capturetest.Pcap(t, `
2.0 > P. 1:19(18) ack 1   "GET / HTTP/1.1\r\n\r\n"
1.0 > P. 19:37(18) ack 1 "GET / HTTP/1.1\r\n\r\n"
`))
	for _, f := range formats.All {
		withinTime(t, 20*time.Second, f.Name, func() {
			c := reading(file)
			c.Format = f.Name
			succeed(t, c)
		})
	}
}

// TestTimesAlike reads a recording as if all of it had happened at once: a client
// that keeps some connections is not said to need fewer.
func TestTimesAlike(t *testing.T) {
	pcap, err := os.ReadFile(filepath.Join(recordings, "pool-default.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	text := succeed(t, reading(save(t, retimed(pcap, func(int) int64 { return capturetest.Epoch }))))
	if want := "keeps only 2 idle connections to 10.20.0.2:8080, and closes the others"; !strings.Contains(text, want) {
		t.Errorf("want %q in\n%s", want, text)
	}
}
