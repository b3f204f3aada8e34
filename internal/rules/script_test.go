package rules

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
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
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// The scripts of testdata/rules are packet scripts, see package capturetest,
// with a little more, which testdata/rules/README.md describes.

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

// script is a part of an archive.
type script struct {
	archive, name string
	text          string
}

// scripts reads all archives.
func scripts(t *testing.T) (all []script) {
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
			all = append(all, script{archive, part.Name, string(part.Data)})
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
	comment, ok := strings.CutPrefix(strings.TrimSpace(rest), "$open")
	if !ok {
		return []step{{0, words.Replace(rest)}}
	}
	out := slices.Clone(handshake)
	out[0].what += comment
	return out
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

// played is a script and what became of it.
type played struct {
	segs  []flows.Segment
	wants map[uint64]string
	*analyze.Result
	*Diagnosis
}

// play diagnoses a script, at once and as a live capture does, where
// connections are judged one by one: both must agree.
func play(t *testing.T, text string) played {
	t.Helper()
	full, err := expand(text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := capturetest.Parse(full)
	if err != nil {
		t.Fatalf("%v in\n%s", err, full)
	}
	p := played{segs: s.Segments(), wants: s.Wants}
	for i := range p.segs {
		p.segs[i].Note = flows.Note(httpparse.Scan(p.segs[i].Payload))
	}
	first, last := p.segs[0].Time, p.segs[len(p.segs)-1].Time
	a := analyze.New(analyze.Options{})
	a.Apply(p.segs)
	p.Result = a.Finish(first, last)
	p.Diagnosis = Run(p.Result, 2)

	d := cause.NewCollector(1)
	now := first
	live := analyze.New(analyze.Options{OnConnection: func(c *analyze.Connection) { d.Add(c, now) }})
	for i := range p.segs {
		now = p.segs[i].Time
		live.Apply(p.segs[i : i+1])
	}
	streamed := Diagnose(d, live.Finish(first, last))
	if got, want := summary(streamed), summary(p.Diagnosis); got != want {
		t.Errorf("judged one by one:\n%s\nwant as when judged together:\n%s", got, want)
	}
	return p
}

// summary writes what a diagnosis comes to.
func summary(d *Diagnosis) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s\n", d.Verdict.Level, d.Verdict.Text)
	for _, r := range d.Records() {
		fmt.Fprintf(&b, "  %d %v by %q: %s\n", r.ID, r.Cause, r.By, r.Observed())
	}
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "  %s [%v] %s\n", f.Rule.ID, f.Severity, f.Title)
	}
	return b.String()
}

// connectionOf returns the connection of a packet.
func (p *played) connectionOf(num uint64) (c analyze.Connection, ok bool) {
	s := &p.segs[num-1]
	a, b := s.Src().AddrPort(), s.Dst().AddrPort()
	for i := p.Len() - 1; i >= 0; i-- {
		p.Connection(i, &c)
		if c.Start <= s.Time && (c.Client == a && c.Server == b || c.Client == b && c.Server == a) {
			return c, true
		}
	}
	return c, false
}
