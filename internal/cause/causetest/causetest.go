// Package causetest plays the packet scripts of testdata/rules, for the tests of
// packages cause and rules.
//
// The scripts are packet scripts, see package capturetest, with a little more, which
// testdata/rules/README.md describes. [Scripts] reads them all, and [Run] analyzes
// the text of one.
package causetest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Words of the scripts for what is said often. $open is three packets.
var words = strings.NewReplacer(
	"$get", `"GET / HTTP/1.1\r\nHost: x\r\n\r\n"`,
	"$head", `"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"`,
	"$post", `"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"`,
	"$last", `"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"`,
	"$ok", `"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"`,
	"$none", `"HTTP/1.1 204 No Content\r\n\r\n"`,
	"$part", `"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegin"`,
	"$bye", `"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"`,
)

// step is a packet some time after another.
type step struct {
	after time.Duration
	what  string
}

// handshake is what $open stands for.
var handshake = []step{{0, "> S 0:0(0)"}, {time.Millisecond, "< S. 0:0(0) ack 1"}, {1100 * time.Microsecond, "> . ack 1"}}

// Script is a part of an archive.
type Script struct {
	Archive string // the name of its file, without folder and ending
	Name    string // as "fires", or "silent: WHY"
	Text    string
}

// Scripts reads all archives, seen from a folder of internal.
func Scripts(t testing.TB) (all []Script) {
	t.Helper()
	files, err := filepath.Glob("../../testdata/rules/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d archives, error %v", len(files), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		archive := strings.TrimSuffix(filepath.Base(f), ".txtar")
		for _, part := range txtar.Parse(b).Files {
			all = append(all, Script{archive, part.Name, string(part.Data)})
		}
	}
	return all
}

// expand makes a script of package capturetest of one with blocks and words:
// in order of time, each packet with its port.
func expand(text string) (string, error) {
	type packet struct {
		at   time.Duration
		line string
	}
	var (
		heads       strings.Builder
		packets     []packet
		first, last = 40000, 40000
		every       time.Duration
	)
	for i, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		var err error
		switch {
		case len(f) == 0 || f[0][0] == '#':
			continue
		case f[0] == "conn":
			first, last, every, err = block(f[1:])
		case f[0] == "client" || f[0] == "server" || f[0] == "isn":
			for port := first; port <= last; port++ {
				fmt.Fprintf(&heads, "conn %d\n%s\n", port, strings.TrimSpace(line))
			}
		default:
			from, to := first, last
			word, rest := cutWord(line)
			if p, ok := strings.CutSuffix(word, ":"); ok {
				from, err = strconv.Atoi(p)
				to = from
				word, rest = cutWord(rest)
			}
			at, atErr := time.ParseDuration(word + "s")
			err = cmp.Or(err, atErr)
			for port := from; port <= to; port++ {
				at := at + time.Duration(port-from)*every
				for _, x := range unfold(rest) {
					packets = append(packets, packet{at + x.after, fmt.Sprintf("%d: %s %s", port, point(at+x.after), x.what)})
				}
			}
		}
		if err != nil {
			return "", fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	slices.SortStableFunc(packets, func(x, y packet) int { return cmp.Compare(x.at, y.at) })
	for _, p := range packets {
		heads.WriteString(p.line + "\n")
	}
	return heads.String(), nil
}

// cutWord cuts the first word off a line.
func cutWord(line string) (word, rest string) {
	line = strings.TrimSpace(line)
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[:i], line[i:]
	}
	return line, ""
}

// unfold returns the packets that a line without its time stands for.
func unfold(rest string) []step {
	for i := range connections {
		if comment, ok := strings.CutPrefix(strings.TrimSpace(rest), connections[i].word); ok {
			out := slices.Clone(connections[i].steps)
			out[0].what += comment
			return out
		}
	}
	return []step{{0, frames.ReplaceAllStringFunc(protected.Replace(words.Replace(rest)), multiplexed)}}
}

// frames is what stands for frames of HTTP/2, see capturetest.HTTP2.
var frames = regexp.MustCompile(`\bh2\([^)]*\)`)

// multiplexed returns the payload that it stands for.
func multiplexed(s string) string {
	payload, err := capturetest.HTTP2(s[len("h2(") : len(s)-1])
	if err != nil {
		return s // no word of a script
	}
	return payload
}

// block reads what follows conn: PORT, or FIRST..LAST every SECONDS.
func block(f []string) (first, last int, every time.Duration, err error) {
	if len(f) != 1 && (len(f) != 3 || f[1] != "every") {
		return 0, 0, 0, fmt.Errorf("conn takes PORT, or FIRST..LAST every SECONDS")
	}
	from, to, several := strings.Cut(f[0], "..")
	if first, err = strconv.Atoi(from); err != nil {
		return 0, 0, 0, err
	}
	last = first
	if several {
		if last, err = strconv.Atoi(to); err != nil {
			return 0, 0, 0, err
		}
	}
	if len(f) == 3 {
		every, err = time.ParseDuration(f[2] + "s")
	}
	return first, last, every, err
}

// point writes d in seconds.
func point(d time.Duration) string { return fmt.Sprintf("%d.%09d", d/time.Second, d%time.Second) }

// Play is a script and what it comes to.
type Play struct {
	Segments []flows.Segment
	Wants    map[uint64]string // what follows "want", by packet number
	*analyze.Result
}

// Test is what a script may fail: a test, or one try of a property.
type Test interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Run analyzes the text of a script.
func Run(t Test, text string) *Play {
	t.Helper()
	full, err := expand(text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := capturetest.Parse(full)
	if err != nil {
		t.Fatalf("%v in\n%s", err, full)
	}
	p := &Play{Segments: s.Segments(), Wants: s.Wants}
	for i := range p.Segments {
		p.Segments[i].Note = flows.Note(httpparse.Scan(p.Segments[i].Payload))
	}
	a := analyze.New(analyze.Options{})
	a.Apply(p.Segments)
	p.Result = a.Finish(p.first(), p.last())
	return p
}

func (p *Play) first() int64 { return p.Segments[0].Time }
func (p *Play) last() int64  { return p.Segments[len(p.Segments)-1].Time }

// OneByOne analyzes the script as a live capture is, packet after packet: add gets
// each connection when it is final, and the time of the latest packet.
func (p *Play) OneByOne(add func(c *analyze.Connection, now int64)) *analyze.Result {
	now := p.first()
	a := analyze.New(analyze.Options{OnConnection: func(c *analyze.Connection) { add(c, now) }})
	for i := range p.Segments {
		now = p.Segments[i].Time
		a.Apply(p.Segments[i : i+1])
	}
	return a.Finish(p.first(), p.last())
}

// ConnectionOf returns the connection of a packet.
func (p *Play) ConnectionOf(num uint64) (c analyze.Connection, ok bool) {
	s := &p.Segments[num-1]
	a, b := s.Src().AddrPort(), s.Dst().AddrPort()
	for i := p.Len() - 1; i >= 0; i-- {
		p.Connection(i, &c)
		if c.Start <= s.Time && (c.Client == a && c.Server == b || c.Client == b && c.Server == a) {
			return c, true
		}
	}
	return c, false
}
