package part

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/part/fields"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// made returns the part of a script's packets, as it is written.
func made(t testing.TB, point, script string) []byte {
	t.Helper()
	segments := capturetest.Segments(t, script)
	var sums *Encoded
	a := analyze.New(analyze.Options{Sums: func(s *analyze.Sums) { sums = EncodeSums(s) }})
	a.Apply(segments)
	first, last := segments[0].Time, segments[len(segments)-1].Time
	r := a.Finish(first, last)
	d := cause.NewCollector(1)
	p := &Part{Point: point, Version: "1", TimeWait: time.Minute, AllRows: true, Meta: report.Meta{
		Sources: []report.Source{{Name: point + ".pcap", Format: "pcap", Packets: uint64(len(segments))}}, Format: "pcap",
		LinkTypes: []string{"EN10MB"}, Packets: uint64(len(segments)), First: first, Last: last,
	}, Origins: []Origin{{1, 1, 0}}}
	var open []analyze.Connection
	for i := range r.Len() {
		var c analyze.Connection
		r.Connection(i, &c)
		p.Rows = append(p.Rows, c)
		if cause.Final(&c) {
			d.Add(&c, r.Last)
		} else {
			open = append(open, c)
		}
	}
	var b bytes.Buffer
	if err := Write(&b, p, sums, EncodeConnections(d.Kept(), open)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// script returns a few connections of each kind of end, of one client.
func script(client string) string {
	var s strings.Builder
	for i := range 12 {
		fmt.Fprintf(&s, "conn %d\nclient %s\nserver 198.51.100.1:80\n", 40000+i, client)
		fmt.Fprintf(&s, "%d.000 > S 0:0(0)\n%d.001 < S. 0:0(0)\n%d.001 > .\n", i, i, i)
		fmt.Fprintf(&s, "%d.020 > P. \"GET /%d HTTP/1.1\\r\\nHost: a\\r\\nUser-Agent: curl/8\\r\\n\\r\\n\"\n", i, i)
		fmt.Fprintf(&s, "%d.040 < P. \"HTTP/1.1 200 OK\\r\\nServer: nginx\\r\\nKeep-Alive: timeout=5\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n", i)
		switch i % 4 {
		case 0:
			fmt.Fprintf(&s, "%d.900 < F.\n%d.901 > F.\n%d.901 < .\n", i, i, i)
		case 1:
			fmt.Fprintf(&s, "%d.900 > R.\n", i)
		case 2:
			fmt.Fprintf(&s, "%d.900 < F.\n%d.901 > .\n", i, i)
		}
	}
	return s.String()
}

// diagnosed returns the JSON report of parts.
func diagnosed(t testing.TB, parts ...*Part) (string, error) {
	t.Helper()
	j, err := Join(parts, 1)
	if err != nil {
		return "", err
	}
	r := &report.Report{Version: "1", Meta: j.Meta, Result: j.Result, Facts: j.Rows, NotKept: j.NotKept, Diagnosis: rules.Diagnose(j.Collector, j.Result), Origin: j.Origin}
	var b bytes.Buffer
	if err := machine.WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String(), nil
}

// TestJoinErrors holds what parts are not joined.
func TestJoinErrors(t *testing.T) {
	a, b := made(t, "a", script("10.0.0.1")), made(t, "b", script("10.0.0.2"))
	for _, tc := range []struct {
		name   string
		change func(x, y *Part)
		want   string
	}{
		{"two of one name", func(_, y *Part) { y.Point = "a" }, "two parts have this name"},
		{"another length of TIME_WAIT", func(_, y *Part) { y.TimeWait = time.Second }, "TIME_WAIT lasts"},
		{"another part of the capture", func(_, y *Part) { y.Meta.Narrowed.Count = 7 }, "a filter, --since"},
		{"pseudonyms", func(x, _ *Part) { x.Meta.Anonymized = true }, "pseudonyms in one alone"},
		{"a pair at two points", func(_, y *Part) { *y = *read(t, made(t, "b", script("10.0.0.1"))) }, "both have connections of 10.0.0.1 to 198.51.100.1:80"},
		{"a connection whose client is taken for its server", func(_, y *Part) {
			*y = *read(t, made(t, "b", "conn 80\nclient 198.51.100.1\nserver 10.0.0.1:40003\n1 > . 1:1(0) ack 1\n1.1 > P. 1:28(27) ack 1 \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n"))
		}, "both have the connection of 198.51.100.1:80 and 10.0.0.1:40003"},
		{"another connection between the hosts", func(_, y *Part) {
			*y = *read(t, made(t, "b", "conn 80\nclient 198.51.100.1\nserver 10.0.0.1:40099\n1 > . 1:1(0) ack 1\n1.1 > P. 1:28(27) ack 1 \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n"))
		}, ""},
		{"what goes together", func(_, _ *Part) {}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x, y := read(t, a), read(t, b)
			tc.change(x, y)
			_, err := diagnosed(t, x, y)
			switch {
			case tc.want == "" && err != nil, tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

func read(t testing.TB, b []byte) *Part {
	t.Helper()
	p, err := Read(bytes.NewReader(b), 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestReadErrors holds what is said of files that are no whole part of this format.
func TestReadErrors(t *testing.T) {
	whole := made(t, "a", script("10.0.0.1"))
	newer := append([]byte("kaanalyze.part/2\n"), whole[len(Format)+1:]...)
	var version *VersionError
	if _, err := Read(bytes.NewReader(newer), 64<<20); !errors.As(err, &version) || !strings.Contains(err.Error(), "kaanalyze.part/2") {
		t.Errorf("a newer part: %v", err)
	}
	if !Is(newer) || Is([]byte("kaanalyze")) {
		t.Error("a part is not told by its beginning")
	}
	for n := range whole {
		if _, err := Read(bytes.NewReader(whole[:n]), 64<<20); err == nil {
			t.Errorf("of %d bytes %d were taken for a part", len(whole), n)
		}
	}
	for _, more := range [][]byte{append(bytes.Clone(whole), 0), append(bytes.Clone(whole), whole...)} {
		if _, err := Read(bytes.NewReader(more), 64<<20); err == nil {
			t.Error("what follows a part was taken for its own")
		}
	}
	if _, err := Read(bytes.NewReader(whole), 1000); !errors.Is(err, fields.ErrRoom) {
		t.Errorf("with room for 1000 bytes: %v", err)
	}
}

// uncompressed returns the rows of a part.
func uncompressed(t testing.TB, whole []byte) []byte {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(whole[len(Format)+1:]))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	rows, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var compressor, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(windowSize))

// judge reads rows as those of a part whose checksum is right and, if they can be read,
// judges it.
func judge(t testing.TB, rows []byte) {
	var b bytes.Buffer
	if err := writeFrames(&b, compressor.EncodeAll(rows, nil)); err != nil {
		t.Fatal(err)
	}
	p, err := Read(&b, 32<<20)
	if err != nil {
		return
	}
	if _, err := diagnosed(t, p); err != nil {
		t.Fatal(err)
	}
}

// TestMutated holds that no part, however it was changed, makes the program panic or take
// memory without bound.
func TestMutated(t *testing.T) {
	whole := made(t, "a", script("10.0.0.1"))
	rows := uncompressed(t, whole)
	random := rand.New(rand.NewPCG(3, 4))
	tries := 10_000
	if testing.Short() {
		tries = 1_000
	}
	for range tries {
		b := bytes.Clone(rows)
		for range 1 + random.IntN(4) {
			switch at := random.IntN(len(b)); random.IntN(4) {
			case 0:
				b = b[:at+1]
			case 1:
				b = append(b[:at], append(bytes.Repeat([]byte{0xff}, random.IntN(9)), b[at:]...)...)
			case 2:
				b[at] = byte(random.Uint32())
			default:
				b[at] ^= 1 << random.IntN(8)
			}
		}
		judge(t, b)
		c := bytes.Clone(whole)
		c[random.IntN(len(c))] ^= 1 << random.IntN(8)
		if _, err := Read(bytes.NewReader(c), 32<<20); err == nil {
			t.Fatal("a bit was changed, and the checksum is right")
		}
	}
	var m runtime.MemStats
	if runtime.ReadMemStats(&m); m.Sys > 512<<20 {
		t.Errorf("it took %d MiB, want 512 at most", m.Sys>>20)
	}
}

// FuzzPart holds the same of any rows.
func FuzzPart(f *testing.F) {
	f.Add(uncompressed(f, made(f, "a", script("10.0.0.1"))))
	f.Add([]byte{1, 1, 1, 0, 0})
	f.Fuzz(func(t *testing.T, rows []byte) { judge(t, rows) })
}

// TestConnection holds that each field of a connection is written and read.
func TestConnection(t *testing.T) {
	var want analyze.Connection
	fill(reflect.ValueOf(&want).Elem(), new(int64))
	var b bytes.Buffer
	want.Client, want.Server = netip.MustParseAddrPort("10.0.0.1:4000"), netip.MustParseAddrPort("[2001:db8::1]:80")
	one(fields.NewWriter(&b), func(c *fields.Coder) { analyze.CodeConnection(c, &want) })
	var got analyze.Connection
	c := fields.NewReader(&b, 1<<20)
	one(c, func(c *fields.Coder) { analyze.CodeConnection(c, &got) })
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(x, y netip.AddrPort) bool { return x == y })); diff != "" {
		t.Errorf("written (-) and read (+):\n%s", diff)
	}
}

// TestMeta holds the same of what is told of captures, but for what is told of a run.
func TestMeta(t *testing.T) {
	var want report.Meta
	fill(reflect.ValueOf(&want).Elem(), new(int64))
	want.Points, want.CommandLine, want.Naming, want.Zone, want.Narrowed.Zone = nil, nil, nil, report.Zone{}, report.Zone{}
	want.InterfaceDropped, want.Followed = 0, false
	want.Narrowed.Server = netip.MustParseAddrPort("10.0.0.1:80")
	var b bytes.Buffer
	codeMeta(fields.NewWriter(&b), &want)
	var got report.Meta
	c := fields.NewReader(&b, 1<<20)
	if codeMeta(c, &got); c.Err() != nil {
		t.Fatal(c.Err())
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(x, y netip.AddrPort) bool { return x == y })); diff != "" {
		t.Errorf("written (-) and read (+):\n%s", diff)
	}
}

func one(c *fields.Coder, code func(*fields.Coder)) { c.One(func() { code(c) }) }

// fill gives each field a value that is not zero and, where there is room, of its own.
func fill(v reflect.Value, n *int64) {
	*n++
	switch v.Type().String() {
	case "netip.AddrPort", "netip.Addr", "report.Zone", "*report.Naming":
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64, reflect.Int:
		v.SetInt(1_000_000 + *n)
	case reflect.Uint64, reflect.Uint32, reflect.Uint16:
		v.SetUint(uint64(*n))
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic("no value for " + v.Type().String())
	}
}
