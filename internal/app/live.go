package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// inRing is more than a packet waits in the kernel's ring when no other is read.
const inRing = int64(time.Second)

// openLive opens the interface, gives all privileges up and begins to save.
func (j *Job) openLive(opt capture.Options) (*capture.Source, error) {
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
func (j *Job) notAllowed(err error, who *identity) error {
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

// ListInterfaces writes what -D shows.
func ListInterfaces(w io.Writer) error {
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
		if err := WriteText(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
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
func (j *Job) terminal() bool { return j.s.progress && IsTerminal(j.ui.w) }

// pace is how often a live capture tells its status, 0 for never.
func (j *Job) pace() time.Duration {
	switch {
	case j.s.Quiet:
		return 0
	case j.terminal():
		return time.Second
	case IsTerminal(j.ui.w): // and --progress never
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
