package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
)

// liveSettings are those of a capture from an interface.
type liveSettings struct {
	device   capture.Device
	filter   string // the kernel's
	duration time.Duration
	interval time.Duration // of status lines where there is no terminal
	user     string        // who to be, "" to choose
	saving   capture.Saving
}

// rawLive are the flags that a live capture alone has.
type rawLive struct {
	liveSettings
	buffer, every, size int
}

// newLiveFlags adds them.
func newLiveFlags(f *pflag.FlagSet, s *settings, r *rawLive) {
	f.StringVarP(&r.device.Name, "interface", "i", "", "capture from interface `IF`; any is all of them")
	f.BoolVarP(&s.list, "list-interfaces", "D", false, "list the interfaces")
	f.DurationVar(&r.duration, "duration", 0, "capture for that long (default: until Ctrl-C)")
	f.IntVarP(&r.device.SnapLen, "snapshot-length", "s", 0, "capture at most `N` bytes of a packet (default 262144)")
	f.IntVarP(&r.buffer, "buffer-size", "B", capture.DefaultBuffer>>10, "`KiB` that the kernel keeps until they are read")
	f.BoolVarP(&r.device.NoPromiscuous, "no-promiscuous-mode", "p", false, "capture only what is for this host")
	f.StringVarP(&r.saving.Name, "write", "w", "", "save the packets to `FILE` while they are analysed, - is standard output")
	f.IntVarP(&r.every, "rotate-seconds", "G", 0, "begin another file every `N` seconds; its name has the time, as in trace-%H%M%S.pcap")
	f.IntVarP(&r.size, "rotate-size", "C", 0, "begin another file after `N` million bytes")
	f.IntVarP(&r.saving.Count, "rotate-count", "W", 0, "write over the first of `N` files; with -G alone, stop after N")
	f.StringVarP(&r.user, "relinquish-privileges", "Z", "", "be `USER` once the interface is open (default: who called sudo, or nobody)")
	f.IntVar(&s.keep, "keep", live.DefaultKeep, "keep `N` ended connections in detail at least; older ones are in the sums alone")
	f.DurationVar(&r.interval, "interval", 10*time.Second, "time between status lines where standard error is no terminal; 0 is none")
}

// liveOnly are the flags that say nothing about files.
var liveOnly = []string{"duration", "snapshot-length", "buffer-size", "no-promiscuous-mode", "write", "rotate-seconds",
	"rotate-size", "rotate-count", "relinquish-privileges", "interval", "keep"}

// setLive reads the flags of a live capture.
func (s *settings) setLive(f *pflag.FlagSet, r *raw, words []string) error {
	l := r.live.liveSettings
	if l.device.Name == "" {
		for _, name := range liveOnly {
			if f.Changed(name) {
				return usagef("--%s is for live capture, with -i", name)
			}
		}
		return nil
	}
	switch {
	case len(r.read) > 0:
		return usagef("-i and -r exclude each other")
	case s.demo:
		return usagef("-i and --demo exclude each other")
	case len(words) > 0 && (words[0] == "-" || looksLikeFile(words[0]) && exists(words[0])):
		return usagef("-i and the file %s exclude each other", printable(words[0]))
	case r.since != "" || r.until != "":
		return &usageError{errors.New("--since and --until are for files"), "--duration ends a live capture"}
	case s.exchanges || s.conn != 0:
		return &usageError{errors.New("--exchanges and --conn are for files"), "save the packets with -w, and read that file"}
	case s.keep < 1 || s.keep > 10_000_000:
		return usagef("--keep %d: it is not from 1 to 10000000", s.keep)
	case l.duration < 0 || l.interval < 0:
		return usagef("a time below zero")
	case l.device.SnapLen < 0 || l.device.SnapLen > capture.MaxSnapLen:
		return usagef("-s %d: it is not from 0 to %d", l.device.SnapLen, capture.MaxSnapLen)
	case r.live.buffer < 1 || r.live.buffer > 1<<21-1:
		return usagef("-B %d: it is not from 1 to %d KiB", r.live.buffer, 1<<21-1)
	}
	l.device.Buffer = r.live.buffer << 10
	l.device.Now = func() int64 { return time.Now().UnixNano() }
	l.device.Pause = func(nanos int64) { time.Sleep(time.Duration(nanos)) }
	s.live = &l
	return s.setSaving(f, r)
}

// inRing is more than a packet waits in the kernel's ring when no other is read.
const inRing = int64(time.Second)

// wordOfTime finds the words of strftime in a file name.
var wordOfTime = regexp.MustCompile(`%[^%]`)

// setSaving checks how the packets are saved.
func (s *settings) setSaving(f *pflag.FlagSet, r *raw) error {
	v := &s.live.saving
	v.Every, v.Size = time.Duration(r.live.every)*time.Second, int64(r.live.size)*1e6
	rotates := f.Changed("rotate-seconds") || f.Changed("rotate-size") || f.Changed("rotate-count")
	switch {
	case v.Name == "" && rotates:
		return usagef("-G, -C and -W are about the files of -w")
	case f.Changed("rotate-seconds") && v.Every <= 0, f.Changed("rotate-size") && v.Size <= 0, f.Changed("rotate-count") && v.Count <= 0:
		return usagef("-G, -C and -W need a number above 0")
	case v.Count > 0 && v.Every == 0 && v.Size == 0:
		return usagef("-W needs -G or -C")
	case v.Name == "-" && rotates:
		return usagef("-w - is one file: -G, -C and -W need another name")
	case v.Name == "-" && (r.json || f.Changed("format")):
		return usagef("-w - and the report cannot both go to standard output: name a file with -o")
	case v.Name == "-" && len(s.outputs) == 0:
		return &usageError{errors.New("-w - takes the place of the report on standard output"), "name a file for the report, as in -o report.txt"}
	}
	if v.Every > 0 {
		if _, err := capture.TimeName(v.Name, time.Now()); err != nil {
			return usagef("-w: %w", err)
		}
		if !wordOfTime.MatchString(v.Name) && v.Count != 1 {
			return usagef("-G would write %s over and over: it needs the time in its name, as in trace-%%H%%M%%S.pcap", printable(v.Name))
		}
	}
	return nil
}

// defaultFilter is the filter of a live capture that has none: other packets
// would only cost time.
const defaultFilter = "tcp"

// openLive opens the interface, gives all privileges up and begins to save.
func (j *job) openLive(opt capture.Options) (*capture.Source, error) {
	l := j.s.live
	who, err := unprivileged(l.user)
	if err != nil {
		return nil, err
	}
	opt.Filter = l.filter
	src, err := capture.OpenLive(l.device, opt)
	if err != nil {
		return nil, liveError(err)
	}
	if err = dropPrivileges(who); err == nil && l.saving.Name != "" {
		saving := l.saving
		saving.Stdout = j.stdout
		err = src.Save(saving)
	}
	if err != nil {
		src.Close()
		return nil, j.notAllowed(err, who)
	}
	j.user = who
	j.ui.tell("capturing from %s, filter %q, buffer of %s KiB", printable(l.device.Name), l.filter, grouped(uint64(l.device.Buffer>>10)))
	return src, nil
}

// notAllowed adds who the program is to an error of a file that it may not
// create, and what else liveError knows.
func (j *job) notAllowed(err error, who *identity) error {
	if !errors.Is(err, fs.ErrPermission) {
		return liveError(err)
	}
	if who == nil {
		return err
	}
	return &hintError{err, fmt.Sprintf("files are written as user %s; name a folder where that user may, or another user with -Z", printable(who.name))}
}

// liveError adds what to do about it.
func liveError(err error) error {
	const other = "run with sudo, or once `make install-setcap`; to read a file, use -r FILE"
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &hintError{err, "live capture needs CAP_NET_RAW; " + other}
	case errors.Is(err, syscall.ENODEV):
		return &hintError{err, "kaanalyze -D lists the interfaces; to capture, " + other}
	case errors.Is(err, syscall.ENETDOWN):
		return &hintError{err, "kaanalyze -D tells which interfaces are up; to capture, " + other}
	case errors.Is(err, capture.ErrNoLive):
		return &hintError{err, "build with cgo, a C compiler and libpcap-dev; or pipe: tcpdump -i IF -U -w - tcp | kaanalyze"}
	}
	return err
}

// listInterfaces writes what -D shows.
func listInterfaces(w io.Writer) error {
	list, err := capture.Interfaces()
	if err != nil {
		return liveError(err)
	}
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, i := range list {
		var state, addrs []string
		for _, is := range []struct {
			so   bool
			word string
		}{{i.Up, "up"}, {!i.Up && !i.Pseudo, "down"}, {i.Running, "running"}, {i.Loopback, "loopback"}} {
			if is.so {
				state = append(state, is.word)
			}
		}
		for _, a := range i.Addresses {
			addrs = append(addrs, a.String())
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", printable(i.Name), strings.Join(state, ","), strings.Join(addrs, " "), i.Description)
	}
	_ = t.Flush() // to memory
	for line := range strings.Lines(b.String()) {
		if err := writeAll(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// A pulse tells how a live capture goes. Only tell may be called from another
// goroutine than the reading one.
type pulse struct {
	next  time.Time // when to tell
	pace  time.Duration
	asked chan struct{}
	lines chan string // what to tell, dropped if nobody hears
	begun time.Time
}

// newPulse returns a pulse that tells every pace, never if that is 0.
func newPulse(pace time.Duration) *pulse {
	p := &pulse{pace: pace, asked: make(chan struct{}, 1), lines: make(chan string, 1), begun: time.Now()}
	p.next = p.begun.Add(pace)
	return p
}

// ask has the next beat tell.
func (p *pulse) ask() {
	select {
	case p.asked <- struct{}{}:
	default:
	}
}

// beat tells if it is time, or if asked. Counting takes the reading's time, so it
// is done less often where that is long.
func (p *pulse) beat(src *capture.Source, count func(at int64) analyze.Snapshot) {
	const share = 20
	now := time.Now()
	select {
	case <-p.asked:
	default:
		if p.pace == 0 || now.Before(p.next) {
			return
		}
		p.next = now.Add(p.pace)
	}
	census, stats := count(now.UnixNano()), src.Stats()
	if least := now.Add(share * time.Since(now)); p.next.Before(least) {
		p.next = least
	}
	dropped := stats.InterfaceDropped
	if stats.KernelDropped != nil {
		dropped += *stats.KernelDropped
	}
	line := fmt.Sprintf("%v, %s packets, %s connections (%s open), %s requests, %s TIME_WAIT now, %s dropped",
		now.Sub(p.begun).Round(time.Second), grouped(stats.Packets), grouped(uint64(census.Connections)), grouped(uint64(census.Open)),
		grouped(uint64(census.Requests)), grouped(uint64(census.TimeWait)), grouped(dropped))
	select {
	case p.lines <- line:
	default:
	}
}

// terminal reports whether the status of a live capture is drawn on a terminal.
func (j *job) terminal() bool { return j.s.progress && isTerminal(j.ui.w) }

// pace is how often a live capture tells its status, 0 for never.
func (j *job) pace() time.Duration {
	switch {
	case j.s.quiet:
		return 0
	case j.terminal():
		return time.Second
	case isTerminal(j.ui.w): // and --progress never
		return 0
	}
	return j.s.live.interval
}

// watch shows the pulse's lines until the function that it returns is called:
// on a terminal each in the place of the one before.
func (u *ui) watch(p *pulse, terminal bool) (end func()) {
	ended, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-ended:
				u.show("")
				return
			case line := <-p.lines:
				if terminal {
					u.show(line)
				} else {
					u.line("status", "%s", line)
				}
			}
		}
	}()
	return func() {
		close(ended)
		<-gone
	}
}
