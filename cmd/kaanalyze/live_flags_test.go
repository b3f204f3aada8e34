package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

func TestLiveFlags(t *testing.T) {
	c, err := parse(strings.Fields("-i lo -s 200 -B 4096 -p -w x%H -G 60 -C 5 -W 3 -Z root --duration 1m -c 9 tcp port 80"))
	if err != nil {
		t.Fatal(err)
	}
	want := app.Live{
		Interfaces: []string{"lo"}, SnapLen: 200, BufferKiB: 4096, NoPromiscuous: true, Duration: time.Minute, Interval: 10 * time.Second, User: "root",
		Write: "x%H", RotateSeconds: 60, RotateSize: 5, RotateCount: 3, Keep: app.Defaults().Live.Keep,
	}
	if diff := cmp.Diff(want, c.Live); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
	if got := strings.Join(c.Words, " "); c.Read != nil || got != "tcp port 80" || c.Count != 9 {
		t.Errorf("got files %q, words %q, count %d", c.Read, got, c.Count)
	}
}

// refusal returns why a command line is not accepted, nil if it is.
func refusal(args []string) error {
	c, err := parse(args)
	if err == nil {
		_, err = app.New(&c.Config, strings.NewReader(""), io.Discard, io.Discard)
	}
	return err
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
		"-i lo -w x -G 5":             "-G would overwrite x again and again",
		"-i lo -w x%Q -G 5":           `-w: file name "x%Q": %Q is not a time format`,
		"-i lo -w -":                  "-w - takes the place of the report on standard output",
		"-i lo -w - --json -o r.json": "-w - and the report cannot both go to standard output",
		"-i lo -w - -C 5 -o r.json":   "-w - is one file",
	} {
		if err := refusal(strings.Fields(args)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s", args, err, want)
		} else if _, ok := errors.AsType[*app.UsageError](err); !ok {
			t.Errorf("%s: got no usage error", args)
		}
	}
	for _, args := range []string{"-i lo -w x -G 60 -W 1", "-i lo -w - -o r.json", "-i lo -w x -C 5 -W 2", "-i lo -w x%H -G 60"} {
		if err := refusal(strings.Fields(args)); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
}
