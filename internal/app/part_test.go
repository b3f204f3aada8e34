package app

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// asPart writes the part of captures, and returns the report that came with it.
func asPart(t rapid.TB, file string, c Config) map[string]any {
	t.Helper()
	c.Output = []string{file}
	return without(t, succeedJSON(t, c))
}

// joined returns the report of parts and captures, without the names of what was read.
func joined(t rapid.TB, files ...string) map[string]any {
	t.Helper()
	r := without(t, succeedJSON(t, reading(files...)))
	delete(r["capture"].(map[string]any), "points")
	return r
}

// leaveRows takes out of reports what a part without rows does not have.
func leaveRows(reports ...map[string]any) {
	for _, r := range reports {
		delete(r, "connections")
		delete(r["capture"].(map[string]any), "connections_not_kept")
	}
}

// packetWords are the numbers of packets in a sentence.
var packetWords = regexp.MustCompile(`\(packets? [0-9, and]+\)`)

// leavePackets takes out of reports what numbers packets: those of two points are not
// numbered in the order of time, and neither belongs to one capture.
func leavePackets(reports ...map[string]any) {
	for _, r := range reports {
		capture := r["capture"].(map[string]any)
		delete(capture, "warnings")
		delete(capture, "clock")
		for _, f := range r["findings"].([]any) {
			f := f.(map[string]any)
			f["observed"] = packetWords.ReplaceAllString(f["observed"].(string), "")
			f["title"] = packetWords.ReplaceAllString(f["title"].(string), "")
		}
		eachExample(r, func(e map[string]any) {
			for _, key := range []string{"packets", "source", "source_packet"} {
				delete(e, key)
			}
		})
		if list, ok := r["repeats"].([]any); ok {
			for _, x := range list {
				delete(x.(map[string]any), "packet")
				delete(x.(map[string]any), "lost_packet")
			}
		}
		if list, ok := r["connections"].([]any); ok {
			for _, c := range list {
				delete(c.(map[string]any)["close"].(map[string]any), "packet")
			}
		}
	}
}

// samePart has a part in place of the capture.
func samePart(t *rapid.T, p packetFile, dir string) {
	cut := rapid.IntRange(0, len(p.records)).Draw(t, "cut")
	files := []string{saved(t, dir, "c.pcap0", p.of(p.records[:cut])), saved(t, dir, "c.pcap1", p.of(p.records[cut:]))}
	part := filepath.Join(dir, "c.kap")
	want := asPart(t, part, Config{Read: files, PartRows: true})
	wantSame(t, "its part with rows", want, joined(t, part))
	want = asPart(t, part, Config{Read: files})
	got := joined(t, part)
	leaveRows(want, got)
	wantSame(t, "its part", want, got)
}

// samePoints has the parts of two points, or one part and the other's capture, in place of
// both captures.
func samePoints(t *rapid.T, p packetFile, dir string) {
	q := drawCapture(t)
	if p.head[0] != 0x4d || q.head[0] != 0x4d {
		t.Skip("one has microseconds")
	}
	for i, r := range q.records {
		q.records[i] = elsewhere(r)
	}
	a, b := saved(t, dir, "a.pcap", p.of(p.records)), saved(t, dir, "b.pcap", q.of(q.records))
	partA, partB := filepath.Join(dir, "a.kap"), filepath.Join(dir, "b.kap")
	asPart(t, partA, Config{Read: []string{a}, PartRows: true})
	asPart(t, partB, Config{Read: []string{b}, PartRows: true})
	want := joined(t, a, b)
	leavePackets(want)
	first := joined(t, partA, partB)
	wantSame(t, "the other order", first, joined(t, partB, partA))
	for _, files := range [][]string{{partA, partB}, {partA, b}, {a, partB}} {
		got := joined(t, files...)
		leavePackets(got)
		wantSame(t, fmt.Sprint("of two points, ", files), want, got)
	}
}

// elsewhere returns a record of IPv4 in Ethernet with other addresses, and a little later: at
// no microsecond, as none of a script is.
func elsewhere(record []byte) []byte {
	r := slices.Clone(record)
	for _, at := range []int{12, 16} {
		r[recordHead+14+at+1] ^= 0x80
	}
	r[4] += 100 // of 1000 ns
	return r
}

// TestParts holds that parts of two hosts with several captures each come to what all
// captures in one run do.
func TestParts(t *testing.T) {
	dir := t.TempDir()
	clients, connections := 900, 3000
	if testing.Short() {
		clients, connections = 60, 300
	}
	var files [2][]string
	for host := range files {
		g := &hostScript{random: rand.New(rand.NewPCG(7, uint64(host))), host: host, clients: clients}
		p := readPackets(t, capturetest.Pcap(t, g.script(connections)))
		slices.SortStableFunc(p.records, func(a, b []byte) int { return int(int64(at(a)) - int64(at(b))) })
		p.records = slices.DeleteFunc(p.records, func([]byte) bool { return g.random.IntN(300) == 0 }) // they were lost
		const parts = 4
		for i := range parts {
			records := p.records[len(p.records)*i/parts : len(p.records)*(i+1)/parts]
			files[host] = append(files[host], saved(t, dir, fmt.Sprintf("host%d.pcap%d", host+1, i), p.of(records)))
		}
	}
	var list []string
	for host := range files {
		for _, rows := range []bool{true, false} {
			part := filepath.Join(dir, fmt.Sprintf("host%d.kap", host+1))
			want := asPart(t, part, Config{Read: files[host], PartRows: rows})
			got := joined(t, part)
			if !rows {
				leaveRows(want, got)
			}
			wantSame(t, "its part", want, got)
		}
		list = append(list, filepath.Join(dir, fmt.Sprintf("host%d.kap", host+1)))
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(succeedJSON(t, reading(list...))))
	if err != nil {
		t.Fatal(err)
	}
	if err := compileSchema(t, "").Validate(v); err != nil {
		t.Error(err)
	}
	want, got := joined(t, slices.Concat(files[0], files[1])...), joined(t, list...)
	if n := len(want["pairs"].([]any)); n < clients {
		t.Fatalf("the captures have %d pairs, want %d at least", n, clients)
	}
	swapped := joined(t, list[1], list[0])
	wantSame(t, "the other order", got, swapped)
	leaveRows(want, got)
	leavePackets(want, got)
	wantSame(t, "of two hosts", want, got)
	perConnection := int64(0)
	for _, name := range list {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		perConnection += info.Size()
	}
	perConnection /= int64(want["totals"].(map[string]any)["connections"].(float64))
	t.Logf("%d bytes a connection", perConnection)
	if !testing.Short() && perConnection > 90 {
		t.Errorf("a connection takes %d bytes in a part, want 90 at most", perConnection)
	}
}

// A hostScript makes the connections that one host sees, by a seed.
type hostScript struct {
	random  *rand.Rand
	host    int
	clients int
	lines   []scriptLine
	heads   strings.Builder
}

// script returns a script with so many connections to three servers, with closes of all
// kinds, losses, requests without a response, and client ports that are taken again.
func (g *hostScript) script(n int) string {
	for i := range n {
		port := 1024 + i
		client := g.random.IntN(g.clients)
		fmt.Fprintf(&g.heads, "conn %d\nclient 10.%d.%d.%d\nserver 198.51.%d.%d:80\n", port, g.host, client/250, client%250+1, g.host, 1+g.random.IntN(3))
		c := connectionScript{port: port, now: g.random.Int64N(90_000_000)}
		lives := 1 + g.random.IntN(8)/7
		for life := range lives {
			g.life(&c, life)
			c.now += 1_000_000 + g.random.Int64N(65_000_000)
		}
		g.lines = append(g.lines, c.lines...)
	}
	slices.SortStableFunc(g.lines, func(a, b scriptLine) int { return int(a.at - b.at) })
	for _, l := range g.lines {
		g.heads.WriteString(l.text)
	}
	return g.heads.String()
}

// say adds a message of one side.
func (g *hostScript) say(c *connectionScript, from rune, after int, text string) {
	seq := &c.seq[0]
	if from == '<' {
		seq = &c.seq[1]
	}
	begin := *seq
	*seq += len(text)
	c.send(after, `%c P. %d:%d(%d) %q`, from, begin, *seq, len(text), text)
	if g.random.IntN(60) == 0 {
		c.send(210_000, `%c P. %d:%d(%d) %q`, from, begin, *seq, len(text), text)
	}
}

// life makes one life of a connection.
func (g *hostScript) life(c *connectionScript, life int) {
	isn := life * 1_000_000
	rtt := 100 + g.random.IntN(3000)
	c.send(0, "> S %d:%d(0) wscale 7 mss 1460", isn, isn)
	switch g.random.IntN(40) {
	case 0:
		c.send(rtt, "< R.")
		return
	case 1:
		c.send(1_000_000, "> S %d:%d(0) wscale 7 mss 1460", isn, isn)
		return
	}
	c.send(rtt, "< S. %d:%d(0) wscale 7 mss 1460", isn, isn)
	c.send(rtt, "> .")
	c.seq = [2]int{isn + 1, isn + 1}
	requests := g.random.IntN(5)
	closes := ""
	for i := range requests {
		if i == requests-1 && g.random.IntN(3) == 0 {
			closes = "Connection: close\r\n"
		}
		g.say(c, '>', 200+g.random.IntN(400_000), "GET /"+fmt.Sprint(i)+" HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/8\r\n\r\n")
		if i == requests-1 && g.random.IntN(15) == 0 {
			break // no response
		}
		g.say(c, '<', rtt+g.random.IntN(20_000), "HTTP/1.1 200 OK\r\nServer: nginx\r\nKeep-Alive: timeout=5\r\n"+closes+"Content-Length: 2\r\n\r\nok")
		c.send(rtt, "> .")
	}
	if g.random.IntN(6) == 0 {
		return // it stays open
	}
	first, second := '>', '<'
	if g.random.IntN(2) == 0 {
		first, second = '<', '>'
	}
	pause := []int{50, 5_000_000, 1_000 * g.random.IntN(9_000)}[g.random.IntN(3)]
	switch g.random.IntN(8) {
	case 0:
		c.send(pause, "%c R.", first)
	case 1:
		c.send(pause, "%c F.", first)
		c.send(rtt, "%c .", second)
	case 2:
		c.send(pause, "%c F.", first)
		c.send(rtt, "%c R.", second)
	default:
		c.send(pause, "%c F.", first)
		c.send(rtt, "%c F.", second)
		c.send(rtt, "%c .", first)
	}
}
