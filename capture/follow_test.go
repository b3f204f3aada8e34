package capture

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// seconds returns packets with those times, in seconds since a time that is believed.
func seconds(times ...int64) []filetest.Packet {
	const begin = 1_800_000_000
	var ps []filetest.Packet
	for _, t := range times {
		ps = append(ps, filetest.Packet{Time: (begin + t) * 1e9, Mark: 1})
	}
	return ps
}

// write is a step of who writes the capture: a file is created or emptied, then data added.
type write struct {
	name string
	new  bool
	data []byte
	want int // packets that are to be read then
}

// do does the step, in the present folder. Files that were written later have a later time.
func (w *write) do(t *testing.T, at time.Time) {
	t.Helper()
	flags := os.O_WRONLY | os.O_APPEND
	if w.new {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(w.name, flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(w.data); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := os.Chtimes(w.name, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestFollow(t *testing.T) {
	pcap := func(times ...int64) []byte { return filetest.PlainPcap.Write(seconds(times...)...) }
	ng := func(times ...int64) []byte { return filetest.LE.Write(seconds(times...)...) }
	record := func(times ...int64) []byte { return bytes.TrimPrefix(pcap(times...), pcap()) }
	block := func(times ...int64) []byte { return bytes.TrimPrefix(ng(times...), ng()) }
	half := len(record(1)) / 2
	for _, c := range []struct {
		name   string
		steps  []write // the first before it is opened
		want   string  // names of sources
		damage string
	}{
		{"a packet in two pieces, and half of one at the end", []write{
			{"a.pcap", true, pcap(1), 1}, {"a.pcap", false, record(2)[:half], 1}, {"a.pcap", false, record(2)[half:], 2}, {"a.pcap", false, record(3)[:half], 2},
		}, "a.pcap", ""},
		{"pcapng in pieces", []write{
			{"a.pcapng", true, ng(1), 1}, {"a.pcapng", false, block(2)[:half], 1}, {"a.pcapng", false, block(2)[half:], 2}, {"a.pcapng", false, block(3)[:9], 2},
		}, "a.pcapng", ""},
		{"empty at first", []write{{"a.pcap", true, pcap(1)[:3], 0}, {"a.pcap", false, pcap(1)[3:], 1}}, "a.pcap", ""},
		{"-C", []write{
			{"a.pcap", true, pcap(1), 1}, {"a.pcap1", true, nil, 1}, {"a.pcap1", false, pcap(2), 2}, {"a.pcap2", true, pcap(3), 3},
		}, "a.pcap a.pcap1 a.pcap2", ""},
		{"-C -W", []write{
			{"a.pcap1", true, pcap(-2), -1}, {"a.pcap2", true, pcap(-1), -1}, {"a.pcap0", true, pcap(1), 1}, {"a.pcap1", true, pcap(2), 2}, {"a.pcap2", true, pcap(3), 3},
			{"a.pcap0", true, pcap(4, 5), 5},
		}, "a.pcap0 a.pcap1 a.pcap2 a.pcap0", ""},
		{"-C -W 10", []write{{"a.pcap09", true, pcap(1), 1}, {"a.pcap10", true, pcap(2), 2}, {"a.pcap00", true, pcap(3), 3}}, "a.pcap09 a.pcap10 a.pcap00", ""},
		{"-G", []write{
			{"a-20261120-235959.pcap", true, pcap(1), 1}, {"b-20261121-000000.pcap", true, pcap(2), 1}, {"a-20261121-000159.pcap", true, pcap(2), 2}, {"a-20261121-000359.pcap", true, pcap(3), 3},
		}, "a-20261120-235959.pcap a-20261121-000159.pcap a-20261121-000359.pcap", ""},
		{"dumpcap's -b", []write{
			{"a_00001_20261120041320.pcapng", true, ng(1), 1}, {"a_00002_20261120041330.pcapng", true, ng(2), 2},
		}, "a_00001_20261120041320.pcapng a_00002_20261120041330.pcapng", ""},
		{"written over, in one file", []write{{"a.pcap", true, pcap(1, 2), 2}, {"a.pcap", true, pcap(3), 3}}, "a.pcap a.pcap", ""},
		{"cut at the end of a file", []write{{"a.pcap", true, append(pcap(1), record(2)[:half]...), 1}, {"a.pcap1", true, pcap(3), 2}}, "a.pcap a.pcap1", "a.pcap"},
		{"another capture with a number", []write{{"a.pcap", true, pcap(5), 1}, {"a.pcap1", true, pcap(1), 1}}, "a.pcap", ""},
		{"other captures with short numbers", []write{{"web8080.pcap", true, pcap(1), 1}, {"web8081.pcap", true, pcap(2), 1}}, "web8080.pcap", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			began := time.Now().Add(-time.Hour)
			first := 0
			for ; ; first++ { // what was there before
				c.steps[first].do(t, began.Add(time.Duration(first)*time.Second))
				if c.steps[first].want >= 0 {
					break
				}
			}
			stop := make(chan struct{})
			name := c.steps[first].name
			var seen atomic.Int64
			done := make(chan error, 1)
			var src *Source
			opened := make(chan struct{})
			go func() {
				var err error
				src, err = OpenFiles([]string{name}, Options{Follow: until(stop), Workers: 2})
				close(opened)
				if err == nil {
					err = src.Run(context.Background(), func(segs []flows.Segment) error { seen.Add(int64(len(segs))); return nil })
				}
				done <- err
			}()
			for i := range c.steps[first:] {
				step := &c.steps[first+i]
				if i > 0 {
					step.do(t, began.Add(time.Duration(first+i)*time.Second))
				}
				for end := time.Now().Add(20 * time.Second); seen.Load() < int64(step.want) && time.Now().Before(end); {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(2 * time.Millisecond) // what should not be read has its time, too
				if got := seen.Load(); got != int64(step.want) {
					t.Fatalf("after step %d, %s: got %d packets, want %d", i+1, step.name, got, step.want)
				}
			}
			close(stop)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			<-opened
			defer src.Close()
			stats := src.Stats()
			var names []string
			for _, s := range stats.Sources {
				names = append(names, s.Name)
				if s.Packets == 0 || s.Format == "" {
					t.Errorf("%s: got %+v", s.Name, s)
				}
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("got sources %s, want %s", got, c.want)
			}
			if last, number := src.Origin(stats.Packets); last != names[len(names)-1] || number != stats.Sources[len(names)-1].Packets {
				t.Errorf("the last packet: got %s, %d", last, number)
			}
			if d := stats.Damage; (d == nil) != (c.damage == "") || d != nil && d.Source != c.damage {
				t.Errorf("got damage %+v, want in %q", d, c.damage)
			}
			if len(stats.Warnings) > 0 {
				t.Errorf("got warnings %v", stats.Warnings)
			}
		})
	}
}

// TestFollowReplaced follows a file that is moved away, and another of its name.
func TestFollowReplaced(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.pcap")
	pcap := func(times ...int64) []byte { return filetest.PlainPcap.Write(seconds(times...)...) }
	if err := os.WriteFile(name, pcap(1, 2), 0o600); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	src, err := OpenFiles([]string{name}, Options{Follow: until(stop)})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	n := 0
	err = src.Run(context.Background(), func(segs []flows.Segment) error {
		switch n += len(segs); n {
		case 2:
			if err := os.Rename(name, name+".old"); err != nil {
				return err
			}
			return os.WriteFile(name, pcap(3, 4, 5), 0o600)
		case 5:
			close(stop)
		}
		return nil
	})
	if s := src.Stats(); err != nil || s.Packets != 5 || len(s.Sources) != 2 {
		t.Errorf("got error %v, %+v", err, s)
	}
}

// TestFollowStop: a reading that has much before it ends when it is told to.
func TestFollowStop(t *testing.T) {
	var times []int64
	for i := range int64(200_000) {
		times = append(times, i/1000)
	}
	name := filetest.Save(t, filetest.PlainPcap.Write(seconds(times...)...))[0]
	stop := make(chan struct{})
	src, err := OpenFiles([]string{name}, Options{Follow: until(stop), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	stopped, n := false, 0
	err = src.Run(context.Background(), func(segs []flows.Segment) error {
		if n += len(segs); !stopped {
			stopped = true
			close(stop)
		}
		return nil
	})
	if s := src.Stats(); err != nil || uint64(n) != s.Packets || s.Damage != nil || n == len(times) {
		t.Errorf("got error %v, %d packets of %d, damage %+v", err, n, len(times), s.Damage)
	}
}

// TestFollowNot refuses what cannot be followed, and reads a pipe to its end.
func TestFollowNot(t *testing.T) {
	stop := make(chan struct{})
	zipped := filetest.Save(t, filetest.Compress(t, ".gz", filetest.PlainPcap.Write(seconds(1)...)))
	if _, err := OpenFiles(zipped, Options{Follow: until(stop)}); err == nil || !strings.Contains(err.Error(), "it is compressed (.gz), and such a file cannot be followed") {
		t.Errorf("compressed: got error %v", err)
	}
	r, w := io.Pipe()
	go func() {
		_, _ = w.Write(filetest.PlainPcap.Write(seconds(1)...))
		w.Close()
	}()
	src, err := OpenFiles([]string{"-"}, Options{Follow: until(stop), Stdin: r})
	if err == nil {
		err = src.Run(context.Background(), func([]flows.Segment) error { return nil })
	}
	if err != nil || fmt.Sprint(src.Stats().Packets) != "1" {
		t.Errorf("pipe: got error %v", err)
	}
}

// until follows until stop is closed.
func until(stop <-chan struct{}) *Follow {
	return &Follow{stop, time.NewTicker(time.Millisecond).C}
}
