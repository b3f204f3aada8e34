package app

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture"
)

func TestLiveSettings(t *testing.T) {
	s, err := newSettings(filled(Config{Count: 9, Words: []string{"tcp", "port", "80"}, Live: Live{
		Interfaces: []string{"lo"}, SnapLen: 200, BufferKiB: 4096, NoPromiscuous: true, Write: "x%H", RotateSeconds: 60, RotateSize: 5, RotateCount: 3,
		User: "root", Duration: time.Minute, Keep: 1, Interval: 10 * time.Second,
	}}))
	if err != nil {
		t.Fatal(err)
	}
	want := liveSettings{
		device: capture.Device{Name: "lo", SnapLen: 200, Buffer: 4 << 20, NoPromiscuous: true},
		filter: "tcp port 80", duration: time.Minute, user: "root",
		saving: capture.Saving{Name: "x%H", Every: time.Minute, Size: 5e6, Count: 3},
	}
	if diff := cmp.Diff(want, *s.live, cmp.AllowUnexported(liveSettings{}), cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".Now" || p.Last().String() == ".Pause"
	}, cmp.Ignore())); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
	if s.files != nil || s.filter != "" || s.Count != 9 {
		t.Errorf("got files %q, filter %q, count %d", s.files, s.filter, s.Count)
	}
	c := Defaults()
	c.Live.Interfaces = []string{"lo"}
	if s, err = newSettings(&c); err != nil || s.live.filter != "tcp" || s.live.device.Buffer != 64<<20 {
		t.Errorf("got %+v, error %v", s.live, err)
	}
}

// TestLiveRefused says which flags of a live capture exclude each other.
func TestLiveRefused(t *testing.T) {
	file := save(t, demo)
	for want, change := range map[string]func(c *Config){
		"-i and -r exclude each other":                 func(c *Config) { c.Read = []string{file} },
		"-i and --demo exclude each other":             func(c *Config) { c.Demo = demo },
		"-i and the file " + file + " exclude":         func(c *Config) { c.Words = []string{file} },
		"--since and --until are for files":            func(c *Config) { c.Since = "+1" },
		"--exchanges and --conn are for files":         func(c *Config) { c.Exchanges = true },
		"--keep 0: it is not from 1":                   func(c *Config) { c.Live.Keep = 0 },
		"a time below zero":                            func(c *Config) { c.Live.Duration = -1 },
		"--window 1s: it is not from 2s to 24h":        func(c *Config) { c.Live.Window = time.Second },
		"--window 0s: it is not from 2s to 24h":        func(c *Config) { c.Given = given("window") },
		"--window is for live capture, with -i,":       func(c *Config) { c.Live.Interfaces, c.Live.Window = nil, time.Minute },
		"-s 300000: it is not from 0 to 262144":        func(c *Config) { c.Live.SnapLen = 300000 },
		"-B 0: it is not from 1 to 2097151 KiB":        func(c *Config) { c.Live.BufferKiB = 0 },
		"-G, -C and -W are about the files of":         func(c *Config) { c.Given = given("rotate-seconds") },
		"-W needs -G or -C":                            func(c *Config) { c.Live.Write, c.Live.RotateCount = "x", 5 },
		"-G, -C and -W need a number above 0":          func(c *Config) { c.Live.Write, c.Given = "x", given("rotate-size") },
		"-G would overwrite x again and again":         func(c *Config) { c.Live.Write, c.Live.RotateSeconds = "x", 5 },
		`-w: file name "x%Q": %Q is not a time format`: func(c *Config) { c.Live.Write, c.Live.RotateSeconds = "x%Q", 5 },
		"-w - takes the place of the report":           func(c *Config) { c.Live.Write = "-" },
		"-w - and the report cannot both go to":        func(c *Config) { c.Live.Write, c.JSON = "-", true },
		"-w - is one file":                             func(c *Config) { c.Live.Write, c.Given = "-", given("rotate-size"); c.Live.RotateSize = 5 },
		"--duration is for live capture, with -i":      func(c *Config) { c.Live.Interfaces, c.Given = nil, given("duration") },
		"-i lo is given twice":                         func(c *Config) { c.Live.Interfaces = []string{"lo", "eth0", "lo"} },
		"-i any is all interfaces, so no other":        func(c *Config) { c.Live.Interfaces = []string{"any", "lo"} },
		`-i "": it is no interface`:                    func(c *Config) { c.Live.Interfaces = []string{"lo", ""} },
		"-i 65 times: it is 64 times at most":          func(c *Config) { c.Live.Interfaces = slices.Repeat([]string{"lo"}, 65) },
		"--evidence needs a capture that can be":       func(c *Config) { c.Evidence = "x.pcap" },
	} {
		c := Defaults()
		c.Live.Interfaces = []string{"lo"}
		change(&c)
		_, err := newSettings(&c)
		if _, ok := errors.AsType[*UsageError](err); !ok || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

// TestSeveralInterfaceNames: people are told all interfaces, and pseudonyms of each in a report
// without names.
func TestSeveralInterfaceNames(t *testing.T) {
	l := Defaults().Live
	l.Interfaces = []string{"lo", "eth 0", "tun0"}
	j := liveJob(t, Config{Live: l, Anonymize: RandomKey}, io.Discard)
	if got, want := j.s.live.names(), `lo, "eth 0" and tun0`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i, name := range l.Interfaces {
		if got, want := j.display(name), "interface-"+string(rune('1'+i)); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// given returns a Config.Given that reports true for these flags.
func given(flags ...string) func(string) bool {
	return func(flag string) bool { return slices.Contains(flags, flag) }
}
