package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// Pipelines run on prism, in this process. KAANALYZE is the program that they are compared with.

func TestMain(m *testing.M) {
	beam.Init()
	os.Exit(m.Run())
}

// script returns what a host sees: connections of some clients to three servers, closed in
// several ways, with client ports that are taken again and packets that the capture lost.
func script(host, connections int) string {
	random := rand.New(rand.NewPCG(11, uint64(host)))
	type line struct {
		at   int
		text string
	}
	var heads strings.Builder
	var lines []line
	for i := range connections {
		client, server := random.IntN(1+connections/8), random.IntN(3)
		fmt.Fprintf(&heads, "conn %d\nclient 10.%d.%d.%d\nserver 198.51.%d.%d:80\n", 2000+i, host, client/250, client%250+1, host, server+1)
		now, isn := random.IntN(80_000_000), 0
		say := func(after int, text string) {
			if now += after; random.IntN(400) > 0 {
				lines = append(lines, line{now, fmt.Sprintf("%d: %d.%06d %s\n", 2000+i, now/1e6, now%1e6, text)})
			}
		}
		for range 1 + random.IntN(8)/7 { // lives
			say(0, fmt.Sprintf("> S %d:%d(0)", isn, isn))
			say(300, fmt.Sprintf("< S. %d:%d(0) ack %d", isn, isn, isn+1))
			say(300, "> .")
			for n := range random.IntN(5) {
				say(random.IntN(400_000), fmt.Sprintf(`> P. "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"`, n))
				say(random.IntN(20_000), `< P. "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 2\r\n\r\nok"`)
			}
			first, second := ">", "<"
			if random.IntN(2) == 0 {
				first, second = "<", ">"
			}
			pause := []int{50, 5_000_000, 700_000}[random.IntN(3)]
			switch random.IntN(6) {
			case 0: // it stays open
			case 1:
				say(pause, first+" R.")
			default:
				say(pause, first+" F.")
				say(300, second+" F.")
				say(300, first+" .")
			}
			isn += 1_000_000
			now += 1_000_000 + random.IntN(3_000_000)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at - b.at })
	for _, l := range lines {
		heads.WriteString(l.text)
	}
	return heads.String()
}

// saved writes the capture of a script as three files, as they rotate: with times that are
// all different, and with some packets captured twice.
func saved(t *testing.T, pattern, script string, twice bool) (names []string) {
	t.Helper()
	file := capturetest.Pcap(t, script)
	head, file := slices.Clone(file[:24]), file[24:]
	binary.LittleEndian.PutUint32(head, 0xa1b23c4d) // nanoseconds
	var records [][]byte
	for n := uint32(0); len(file) > 0; n++ {
		r := slices.Clone(file[:16+binary.LittleEndian.Uint32(file[8:])])
		file = file[len(r):]
		nanos := binary.LittleEndian.Uint32(r[4:])
		if binary.LittleEndian.Uint32(capturetest.Pcap(t, "0 > S")) != 0xa1b23c4d {
			nanos *= 1000
		}
		binary.LittleEndian.PutUint32(r[4:], nanos/1000*1000+n%500*2)
		records = append(records, r)
		if twice && n%3 == 0 {
			again := slices.Clone(r)
			again[4]++
			records = append(records, again)
		}
	}
	for i := range 3 {
		names = append(names, fmt.Sprintf(pattern, i))
		data := append(slices.Clone(head), bytes.Join(records[len(records)*i/3:len(records)*(i+1)/3], nil)...)
		if err := os.WriteFile(names[i], data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// told returns a report without what says who made it, and without rows.
func told(t *testing.T, report []byte) map[string]any {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal(report, &r); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"tool", "connections"} {
		delete(r, key)
	}
	about := r["capture"].(map[string]any)
	delete(about, "connections_not_kept")
	for _, p := range list(about["points"]) {
		delete(p.(map[string]any), "part")
		delete(p.(map[string]any), "version")
	}
	return r
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// one returns the report of one run of kaanalyze.
func one(t *testing.T, words ...string) map[string]any {
	t.Helper()
	cmd := exec.Command(os.Getenv("KAANALYZE"), words...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kaanalyze %q: %v: %s", words, err, said.String())
	}
	return told(t, out)
}

// piped returns the report of the pipeline.
func piped(t *testing.T, shuffle int, globs ...string) map[string]any {
	t.Helper()
	output := filepath.Join(t.TempDir(), "report.json")
	if err := run(context.Background(), &config{globs, output, shuffle, time.Minute}); err != nil {
		t.Fatal(err)
	}
	report, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	return told(t, report)
}

// TestOnePoint compares a point with one run, also in shards and with packets captured twice.
func TestOnePoint(t *testing.T) {
	for _, twice := range []bool{false, true} {
		dir := t.TempDir()
		files := saved(t, filepath.Join(dir, "web1.pcap%d"), script(1, 1500), twice)
		want := one(t, append([]string{"--json"}, files...)...)
		n, copies := want["totals"].(map[string]any)["connections"].(float64), want["capture"].(map[string]any)["duplicate_packets"].(float64)
		if n < 1500 || twice != (copies > 0) {
			t.Fatalf("got %v connections and %v copies", n, copies)
		}
		for _, shards := range []int{0, 1, 3, 16} {
			got := piped(t, shards, filepath.Join(dir, "*"))
			points := list(got["capture"].(map[string]any)["points"])
			delete(got["capture"].(map[string]any), "points")
			if len(points) != 1 || points[0].(map[string]any)["name"] != "web1" {
				t.Errorf("%d shards: got points %v", shards, points)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("packets twice %v, %d shards: -one run +pipeline:\n%s", twice, shards, diff)
			}
		}
	}
}

// TestTwoPoints compares captures and parts of two points with one run over their parts.
func TestTwoPoints(t *testing.T) {
	dir := t.TempDir()
	var parts []string
	for host := 1; host <= 2; host++ {
		folder := filepath.Join(dir, fmt.Sprint("web", host))
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		files := saved(t, filepath.Join(folder, "cap.pcap%d"), script(host, 400), false)
		parts = append(parts, filepath.Join(dir, fmt.Sprintf("web%d.kap", host)))
		one(t, append([]string{"--json", "--point", fmt.Sprintf("web%d/cap", host), "-o", parts[host-1]}, files...)...)
	}
	want := one(t, "--json", parts[0], parts[1])
	for _, shards := range []int{0, 3} {
		for _, globs := range [][]string{{filepath.Join(dir, "*", "*")}, parts} {
			if diff := cmp.Diff(want, piped(t, shards, globs...)); diff != "" {
				t.Errorf("%d shards of %q: -one run +pipeline:\n%s", shards, globs, diff)
			}
		}
	}
}

// TestRefused holds that bad input is named, and leaves no report.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	saved(t, filepath.Join(dir, "web1.pcap%d"), script(1, 20), false)
	whole, err := os.ReadFile(filepath.Join(dir, "web1.pcap0"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"odd.pcap": []byte("this is no capture"), "a/x1.pcap": whole, "a/x2.pcap": whole, "odd.kap": []byte("no part"), "torn.kap": []byte("kaanalyze.part/1\nx"),
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	output := filepath.Join(dir, "report.json")
	for glob, want := range map[string]string{
		"none*":      "no file matches it",
		"*.pcap*":    "odd.pcap",
		"a/*":        "do not look like captures of one point",
		"odd.kap":    "odd.kap\": it is none",
		"torn.kap":   "read a part",
		"web1.pcap*": "",
	} {
		for _, shards := range []int{0, 3} {
			err := run(context.Background(), &config{[]string{filepath.Join(dir, filepath.FromSlash(glob))}, output, shards, time.Minute})
			_, missing := os.Stat(output)
			switch {
			case want == "" && (err != nil || missing != nil):
				t.Errorf("%s: got error %v and %v", glob, err, missing)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want) || missing == nil):
				t.Errorf("%s: got error %v, want one with %q, and no report", glob, err, want)
			}
			_ = os.Remove(output)
		}
	}
	for _, c := range []config{
		{nil, output, 0, time.Minute}, {[]string{"x"}, "", 0, time.Minute}, {[]string{"x"}, "report.doc", 0, time.Minute},
		{[]string{"x"}, output, -1, time.Minute}, {[]string{"x"}, output, 0, 0},
	} {
		if err := run(context.Background(), &c); err == nil || !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("%+v: got error %v", c, err)
		}
	}
}

// TestSegments has segments as they were, and tells torn ones.
func TestSegments(t *testing.T) {
	var b []byte
	var was before
	want := capturetest.Segments(t, script(1, 3))
	for i := range want {
		b = appendSegment(b, &want[i], &was)
	}
	got, err := readSegments(nil, b)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("error %v: -want +got:\n%s", err, diff)
	}
	whole := 0
	for n := range b {
		if _, err := readSegments(nil, b[:n]); err == nil {
			whole++
		}
	}
	if whole != len(want) { // none at all, and those that end with a packet
		t.Errorf("%d beginnings were taken for whole, want %d", whole, len(want))
	}
	for i := range want {
		s := want[i]
		s.SrcIP, s.DstIP = s.DstIP, s.SrcIP
		if a, b := shardOf(&want[i], 16), shardOf(&s, 16); a != b {
			t.Errorf("both directions of %v are in shards %d and %d", want[i].Src(), a, b)
		}
	}
	if s := (flows.Segment{}); shardOf(&s, 1) != 0 {
		t.Error("one shard is not 0")
	}
}

// TestLinked holds that the command has none of this.
func TestLinked(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./cmd/kaanalyze")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), "kaanalyze/internal/part") || strings.Contains(string(out), "beam") {
		t.Errorf("error %v; the command needs:\n%s", err, out)
	}
}
