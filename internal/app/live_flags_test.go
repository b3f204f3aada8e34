package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture"
)

func TestLiveFlags(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tcp", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := parse(strings.Fields("-i lo -s 200 -B 4096 -p -w x%H -G 60 -C 5 -W 3 -Z root --duration 1m -c 9 tcp port 80"))
	if err != nil {
		t.Fatal(err)
	}
	s.live.device.Now, s.live.device.Pause = nil, nil
	want := liveSettings{
		device: capture.Device{Name: "lo", SnapLen: 200, Buffer: 4 << 20, NoPromiscuous: true},
		filter: "tcp port 80", duration: time.Minute, interval: 10 * time.Second, user: "root",
		saving: capture.Saving{Name: "x%H", Every: time.Minute, Size: 5e6, Count: 3},
	}
	if diff := cmp.Diff(want, *s.live, cmp.AllowUnexported(liveSettings{}), cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".Now" || p.Last().String() == ".Pause"
	}, cmp.Ignore())); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
	if s.files != nil || s.filter != "" || s.count != 9 {
		t.Errorf("got files %q, filter %q, count %d", s.files, s.filter, s.count)
	}
	if s, err = parse([]string{"-i", "lo"}); err != nil || s.live.filter != "tcp" || s.live.device.Buffer != 64<<20 {
		t.Errorf("got %+v, error %v", s.live, err)
	}
}

func TestLiveUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.pcap", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"-w x a.pcap":                 "--write is for live capture, with -i",
		"--duration 5s a.pcap":        "--duration is for live capture, with -i",
		"-i lo -r a.pcap":             "-i and -r exclude each other",
		"-i lo a.pcap":                "-i and the file a.pcap exclude each other",
		"-i lo --demo":                "-i and --demo exclude each other",
		"-i lo --since +1":            "--since and --until are for files",
		"-i lo -s 300000":             "-s 300000: it is not from 0 to 262144",
		"-i lo -B 0":                  "-B 0: it is not from 1 to 2097151 KiB",
		"-i lo -G 5":                  "-G, -C and -W are about the files of -w",
		"-i lo -w x -W 5":             "-W needs -G or -C",
		"-i lo -w x -C 0":             "-G, -C and -W need a number above 0",
		"-i lo -w x -G 5":             "-G would write x over and over",
		"-i lo -w x%Q -G 5":           `-w: file name "x%Q": %Q is not a word of time`,
		"-i lo -w -":                  "-w - takes the place of the report on standard output",
		"-i lo -w - --json -o r.json": "-w - and the report cannot both go to standard output",
		"-i lo -w - -C 5 -o r.json":   "-w - is one file",
	} {
		if _, err := parse(strings.Fields(args)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s", args, err, want)
		} else if _, ok := errors.AsType[*usageError](err); !ok {
			t.Errorf("%s: got no usage error", args)
		}
	}
	for _, args := range []string{"-i lo -w x -G 60 -W 1", "-i lo -w - -o r.json", "-i lo -w x -C 5 -W 2", "-i lo -w x%H -G 60"} {
		if _, err := parse(strings.Fields(args)); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// TestStatusLine overwrites the status of a live capture, and keeps lines apart
// from it.
func TestStatusLine(t *testing.T) {
	var out strings.Builder
	u := &ui{w: &out}
	u.show("1s")
	u.warn("something")
	u.show("2s")
	u.show("")
	u.show("")
	const want = clearLine + "1s" + clearLine + "kaanalyze: warning: something\n" + "1s" + clearLine + "2s" + clearLine
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
