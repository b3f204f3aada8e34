package capture

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/bpf"
	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// numbers returns the frame numbers of the segments.
func numbers(r result) string {
	var n []string
	for _, s := range r.Segments {
		n = append(n, strings.Fields(s)[0])
	}
	return strings.Join(n, " ")
}

func TestWindow(t *testing.T) {
	names := filetest.Save(t, filetest.PlainPcap.Write(filetest.Times(1, 2, 3, 4, 5)...))
	for _, tt := range []struct {
		since, until int64
		want         string
	}{
		{0, 0, "1 2 3 4 5"},
		{2e9, 0, "2 3 4 5"},
		{0, 4e9, "1 2 3 4"},
		{2e9 + 1, 4e9 - 1, "3"},
		{6e9, 0, ""},
	} {
		r := readEveryWay(t, names, Options{Since: tt.since, Until: tt.until})
		if numbers(r) != tt.want || r.Stats.Packets != 5 || r.Stats.First != 1e9 || r.Stats.Last != 5e9 {
			t.Errorf("since %d until %d: got %s of %d packets, want %s of 5", tt.since, tt.until, numbers(r), r.Stats.Packets, tt.want)
		}
		if want := uint64(len(r.Segments)); r.Stats.TCPPackets != want {
			t.Errorf("since %d until %d: got %d TCP packets, want %d", tt.since, tt.until, r.Stats.TCPPackets, want)
		}
	}
}

func TestCount(t *testing.T) {
	file := filetest.PlainPcap.Write(filetest.Times(1, 2, 3, 4, 5)...)
	names := filetest.Save(t, file[:len(file)-3]) // damaged, but only after the fourth
	for count, want := range map[uint64]string{1: "1", 3: "1 2 3", 4: "1 2 3 4"} {
		r := readEveryWay(t, names, Options{Count: count})
		if numbers(r) != want || r.Stats.Packets != count || r.Stats.Sources[0].Packets != count || r.Stats.Damage != nil {
			t.Errorf("count %d: got %s, stats %+v", count, numbers(r), r.Stats)
		}
	}
	if r := readEveryWay(t, names, Options{Count: 2, Since: 3e9}); numbers(r) != "3 4" || r.Stats.Packets != 4 {
		t.Errorf("count 2 since 3 s: got %s of %d packets", numbers(r), r.Stats.Packets)
	}
	two := filetest.Save(t, filetest.PlainPcap.Write(at(1, 1, 3)...), filetest.PlainPcap.Write(at(2, 2, 4)...))
	if r := readEveryWay(t, two, Options{Count: 3}); numbers(r) != "1 2 3" || r.Stats.Sources[0].Packets != 2 || r.Stats.Sources[1].Packets != 1 {
		t.Errorf("count 3 of two files: got %s, %+v", numbers(r), r.Stats.Sources)
	}
}

func TestSourceFilter(t *testing.T) {
	names := filetest.Save(t, filetest.PlainPcap.Write(manyPackets(20)...))
	_, err := OpenFiles(names, Options{Filter: "tcp prot 80"})
	if errors.Is(err, ErrNoLibpcap) {
		t.Skip(err)
	}
	var wrong *FilterError
	if !errors.As(err, &wrong) || wrong.Expr != "tcp prot 80" || !strings.Contains(wrong.Reason, "syntax error") {
		t.Errorf("wrong syntax: got %#v, want a *FilterError about syntax", err)
	}
	if err != nil && !strings.HasPrefix(err.Error(), `filter "tcp prot 80": `) {
		t.Errorf("got %q, want it to name the expression", err)
	}
	// tcp[7] is the last byte of the sequence number: the mark.
	r := readEveryWay(t, names, Options{Filter: "tcp[7] > 0x40"})
	if numbers(r) != "11 12 13 14 15 16 17 18 19 20" || r.Stats.Packets != 20 || r.Stats.TCPPackets != 10 {
		t.Errorf("got %s, %+v", numbers(r), r.Stats)
	}
	r = readEveryWay(t, names, Options{Filter: "tcp[7] > 0x40", Count: 2})
	if numbers(r) != "11 12" || r.Stats.Packets != 12 {
		t.Errorf("count 2: got %s of %d packets", numbers(r), r.Stats.Packets)
	}
}

// TestFilterLaterLinkType has a filter that only the first link type knows.
func TestFilterLaterLinkType(t *testing.T) {
	file := filetest.Concat(filetest.LE.Section(), filetest.LE.Iface(1, 0), filetest.OnePacket(), filetest.LE.Iface(101, 0), filetest.LE.Enhanced(1, 5, filetest.Packet{Mark: 1}.Bytes()[14:]))
	_, err := bpf.Compile("ether broadcast", pcapfile.LinkEthernet, pcapfile.MaxSnapLen)
	if errors.Is(err, ErrNoLibpcap) {
		t.Skip(err)
	}
	if r := readEveryWay(t, filetest.Save(t, file), Options{Filter: "ether broadcast"}); !strings.Contains(r.Err, "ether broadcast") {
		t.Errorf("got error %q", r.Err)
	}
}

func TestScan(t *testing.T) {
	var calls atomic.Int64
	scan := func(payload []byte) flows.Note {
		calls.Add(1)
		return flows.Note{A: uint64(payload[0]) + 1}
	}
	names := filetest.Save(t, filetest.PlainPcap.Write(filetest.Times(1, 2, 3)...))
	r := readAll(t, names, Options{NewScan: func() func([]byte) flows.Note { return scan }, Workers: 2}, 100)
	want := []string{"1 1000000000 01 1 2", "2 2000000000 02 1 3", "3 3000000000 03 1 4"}
	if diff := cmp.Diff(r.Segments, want); diff != "" || calls.Load() != 3 {
		t.Errorf("%d calls; got, then want\n%s", calls.Load(), diff)
	}
}

// noteLength makes a scan that notes the length.
func noteLength() func([]byte) flows.Note {
	return func(p []byte) flows.Note { return flows.Note{A: uint64(len(p))} }
}

// TestSourceFragments has a segment in two IP fragments with others between them.
func TestSourceFragments(t *testing.T) {
	p := filetest.Packet{Mark: 0x77, Size: 16}.Bytes()
	first, second := bytes.Clone(p[:34+24]), append(bytes.Clone(p[:34]), p[34+24:]...)
	first[16], first[17], first[20] = 0, 44, 0x20                // more fragments
	second[16], second[17], second[20], second[21] = 0, 32, 0, 3 // at byte 24
	file := filetest.PlainPcap.Write(filetest.Times(1)...)
	file = filetest.PlainPcap.Record(file, 2e9, first, len(first))
	file = filetest.PlainPcap.Record(file, 3e9, filetest.Packet{Mark: 2}.Bytes(), 55)
	file = filetest.PlainPcap.Record(file, 4e9, second, len(second))
	file = filetest.PlainPcap.Record(file, 5e9, filetest.Packet{Mark: 3}.Bytes(), 55)
	r := readEveryWay(t, filetest.Save(t, file), Options{NewScan: noteLength})
	want := []string{"1 1000000000 01 1 1", "3 3000000000 02 1 1", "4 4000000000 77 16 16", "5 5000000000 03 1 1"}
	if diff := cmp.Diff(r.Segments, want); diff != "" {
		t.Errorf("got, then want\n%s", diff)
	}
	if r.Stats.TCPPackets != 4 || r.Stats.UndecodedPackets != 0 {
		t.Errorf("got stats %+v", r.Stats)
	}
}

func TestSourceUndecoded(t *testing.T) {
	file := filetest.PlainPcap.Write(filetest.Times(1)...)
	arp := append(make([]byte, 12), 8, 6, 0, 1)
	file = filetest.PlainPcap.Record(file, 2e9, append(arp, make([]byte, 26)...), 42) // known not to be TCP
	p := filetest.Packet{Mark: 2}.Bytes()
	file = filetest.PlainPcap.Record(file, 3e9, p[:44], len(p)) // cut in the TCP header
	if r := readEveryWay(t, filetest.Save(t, file), Options{}); r.Stats.UndecodedPackets != 1 || r.Stats.CutPackets != 1 || r.Stats.TCPPackets != 1 {
		t.Errorf("got stats %+v", r.Stats)
	}
}

func TestApplyError(t *testing.T) {
	names := filetest.Save(t, filetest.PlainPcap.Write(manyPackets(50)...))
	stop := errors.New("stop")
	for _, workers := range []int{1, 2, 4} {
		s, err := openFiles(names, Options{Workers: workers}, 100)
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		err = s.Run(t.Context(), func([]flows.Segment) error {
			if calls++; calls == 3 {
				return stop
			}
			return nil
		})
		if err != stop || calls != 3 {
			t.Errorf("%d workers: got %v after %d calls, want %v after 3", workers, err, calls, stop)
		}
		if err := s.Run(t.Context(), nothing); err == nil {
			t.Error("the second Run has no error")
		}
		s.Close()
	}
}

// TestApplyPanic holds that whoever calls Run can recover from a panic of apply, on
// whatever goroutine that ran.
func TestApplyPanic(t *testing.T) {
	names := filetest.Save(t, filetest.PlainPcap.Write(filetest.Times(1, 2, 3, 4, 5)...))
	want := errors.New("of the caller's own")
	for _, workers := range []int{1, 4} {
		src, err := OpenFiles(names, Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("%d workers: recovered %v, want %v", workers, got, want)
				}
			}()
			err := src.Run(t.Context(), func([]flows.Segment) error { calls++; panic(want) })
			t.Errorf("%d workers: Run returned %v, want a panic", workers, err)
		}()
		if calls != 1 {
			t.Errorf("%d workers: %d calls after the panic, want none", workers, calls-1)
		}
		src.Close()
	}
}

func TestCancel(t *testing.T) {
	names := filetest.Save(t, filetest.PlainPcap.Write(manyPackets(50)...))
	for _, workers := range []int{1, 2, 4} {
		s, err := openFiles(names, Options{Workers: workers}, 100)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		err = s.Run(ctx, func([]flows.Segment) error {
			calls++
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) || calls != 1 {
			t.Errorf("%d workers: got %v after %d calls", workers, err, calls)
		}
		s.Close()
	}
}

// TestCancelOnPipe cancels while a worker waits for a pipe that says nothing.
func TestCancelOnPipe(t *testing.T) {
	for _, workers := range []int{1, 3} {
		r, w := io.Pipe()
		go w.Write(filetest.PlainPcap.Write(filetest.Times(1, 2)...))
		s, err := OpenFiles([]string{"-"}, Options{Workers: workers, Stdin: r})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		frames := 0
		err = s.Run(ctx, func(segments []flows.Segment) error {
			if frames += len(segments); frames == 2 {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || frames != 2 || s.Stats().Packets != 2 {
			t.Errorf("%d workers: got %v after %d frames", workers, err, frames)
		}
		s.Close()
		w.Close()
	}
}

// TestPipeAtOnce demands that packets are delivered as they come, even if
// their pipe then says nothing for long.
func TestPipeAtOnce(t *testing.T) {
	r, w := io.Pipe()
	delivered := make(chan struct{})
	go func() {
		w.Write(filetest.PlainPcap.Write())
		for _, p := range filetest.Times(1, 2, 3) {
			w.Write(filetest.PlainPcap.Record(nil, p.Time, p.Bytes(), 55))
			<-delivered
		}
		w.Close()
	}()
	s, err := OpenFiles([]string{"-"}, Options{Stdin: r})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Run(t.Context(), func(segments []flows.Segment) error {
		for range segments {
			delivered <- struct{}{}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	of := s.Stats().Sources[0]
	if done, total := s.Progress(); of.Packets != 3 || of.Size != -1 || done != 24+3*71 || total != 0 {
		t.Errorf("got %+v, progress %d of %d", of, done, total)
	}
}

// TestStdinFile has a file as standard input: its size is known.
func TestStdinFile(t *testing.T) {
	f, err := os.Open(filetest.Save(t, filetest.PlainPcap.Write(manyPackets(30)...))[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := OpenFiles([]string{"-"}, Options{Stdin: f})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	if done, total := s.Progress(); s.Stats().Packets != 30 || done != total || total == 0 {
		t.Errorf("got %d packets, progress %d of %d", s.Stats().Packets, done, total)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Errorf("Close has closed standard input: %v", err)
	}
}

func TestOneReadError(t *testing.T) {
	file := filetest.PlainPcap.Write(filetest.Times(1, 2)...)
	broken := io.MultiReader(bytes.NewReader(file), brokenReader{})
	r := readAll(t, []string{"-"}, Options{Stdin: broken}, blockSize)
	if d := r.Stats.Damage; r.Err != "" || r.Stats.Packets != 2 || d == nil || d.Reason != "read: the disk is on fire" {
		t.Errorf("got error %q, damage %+v", r.Err, d)
	}
}

// A brokenReader cannot be read.
type brokenReader struct{}

// Read implements io.Reader.
func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the disk is on fire") }

func TestOriginOfOneFile(t *testing.T) {
	names := filetest.Save(t, filetest.PlainPcap.Write(filetest.Times(1, 2)...))
	s, err := OpenFiles(names, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Run(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	if source, packet := s.Origin(2); filepath.Base(source) != "0.cap" || packet != 2 {
		t.Errorf("got %q, %d", source, packet)
	}
}

// TestGiantRecord has records much longer than a block.
func TestGiantRecord(t *testing.T) {
	data := append(filetest.Packet{Mark: 1}.Bytes(), make([]byte, 200_000)...)
	file := filetest.PlainPcap.Record(filetest.PlainPcap.Write(filetest.Times(1)...), 2e9, data, len(data))
	file = filetest.PlainPcap.Record(file, 3e9, filetest.Packet{Mark: 3}.Bytes(), 55)
	if r := readEveryWay(t, filetest.Save(t, file), Options{}); numbers(r) != "1 2 3" || r.Stats.Damage != nil {
		t.Errorf("got %s, damage %+v", numbers(r), r.Stats.Damage)
	}
}

// TestClaimedLength demands that a record's length alone costs no memory.
func TestClaimedLength(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	file := filetest.LE.Write(filetest.Times(1)...)
	file = append(file, filetest.LE.Words(filetest.BlockEnhanced, pcapfile.MaxRecord)...)
	names := filetest.Save(t, file)
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			readAll(b, names, Options{Workers: 1}, 4096)
		}
	}).AllocedBytesPerOp()
	if allocated > 1<<20 {
		t.Errorf("reading %d bytes takes %d bytes of memory", len(file), allocated)
	}
}

// TestFilterLinkTypeFirst has filters that only the file's own link type
// knows: it must be found before the filter is compiled.
func TestFilterLinkTypeFirst(t *testing.T) {
	const wlan = 105
	file := filetest.Concat(filetest.LE.Section(), filetest.LE.Iface(wlan, 0), filetest.LE.Enhanced(0, 5, make([]byte, 24)))
	names := filetest.Save(t, file)
	if _, err := bpf.Compile("wlan type mgt", wlan, pcapfile.MaxSnapLen); errors.Is(err, ErrNoLibpcap) {
		t.Skip(err)
	}
	for _, name := range []string{names[0], "-"} {
		for filter, want := range map[string]string{"wlan type mgt": "", "wlan type nonsense": "wlan type nonsense"} {
			r := readAll(t, []string{name}, Options{Filter: filter, Stdin: bytes.NewReader(file)}, blockSize)
			if want == "" && (r.Err != "" || r.Stats.Packets != 1) || !strings.Contains(r.Err, want) {
				t.Errorf("%s: %q: got error %q, %d packets", name, filter, r.Err, r.Stats.Packets)
			}
		}
	}
	f := filetest.PlainPcap
	f.Link = wlan
	if r := readAll(t, filetest.Save(t, f.Write()), Options{Filter: "wlan type mgt"}, blockSize); r.Err != "" {
		t.Errorf("pcap: got error %q", r.Err)
	}
}

// TestGiantRecords has records that are longer than what is in front of a
// region, next to usual ones, and one that the end of the file cuts.
func TestGiantRecords(t *testing.T) {
	format := filetest.PlainPcap
	format.SnapLen = 4 << 20
	file := format.Write(filetest.Times(1)...)
	for i, size := range []int{regionHeadroom - 100, regionHeadroom + 100, 60, 3 << 20, 1 << 20, 60, 60} {
		p := filetest.Packet{Mark: byte(0x10 + i)}.Bytes()
		file = format.Record(file, int64(i+2)*1e9, append(p, make([]byte, size)...), len(p)+size)
	}
	for _, file := range [][]byte{file, file[:len(file)-100], file[:2<<20]} {
		names := filetest.Save(t, file)
		want := readAll(t, names, Options{Workers: 1}, blockSize)
		for _, size := range []int{4096, 100_000, blockSize} {
			if got := readAll(t, names, Options{Workers: 4}, size); !cmp.Equal(got, want) {
				t.Errorf("%d bytes, blocks of %d: got, then want\n%s", len(file), size, cmp.Diff(got, want))
			}
		}
	}
}
