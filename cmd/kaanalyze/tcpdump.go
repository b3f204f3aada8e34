package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// duration is a flag for a span of time: 90s, 1m30s, or a number of seconds alone, as
// tcpdump takes it.
type duration struct{ to *time.Duration }

// durationFlag adds one, whose default is what to holds.
func durationFlag(f *pflag.FlagSet, to *time.Duration, name, usage string) {
	f.Var(duration{to}, name, usage)
}

func (d duration) String() string {
	if d.to == nil || *d.to == 0 {
		return "0" // which help leaves out as a default
	}
	return d.to.String()
}

// Type implements [pflag.Value].
func (d duration) Type() string { return "duration" }

func (d duration) Set(text string) error {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if n = n * float64(time.Second); !(math.Abs(n) < math.MaxInt64) {
			return errors.New("it is too long")
		}
		*d.to = time.Duration(n)
		return nil
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("it is neither a number of seconds nor a time such as 90s or 5m")
	}
	*d.to = v
	return nil
}

// refusals are flags of tcpdump that make no sense here, and why.
var refusals = []struct{ long, short, why, hint string }{
	{"ascii", "A", "packets are not printed", "--conn ID tells a connection packet by packet; -w FILE saves packets for tcpdump -A"},
	{"direction", "Q", "what one direction sends tells neither who closed nor how requests were answered", "leave it out: both directions are captured"},
}

// newTcpdumpFlags adds flags that hands type out of habit, and help does not list: those
// that ask for what is done anyway, and those that are refused.
func newTcpdumpFlags(f *pflag.FlagSet) {
	f.BoolP("packet-buffered", "U", false, "accepted as in tcpdump: packets are saved as they come")
	f.BoolP("line-buffered", "l", false, "accepted as in tcpdump")
	f.CountP("timestamps", "t", "accepted as in tcpdump: times have date and zone")
	f.BoolP(refusals[0].long, refusals[0].short, false, "")
	f.StringP(refusals[1].long, refusals[1].short, "", "")
	for _, name := range []string{"packet-buffered", "line-buffered", "timestamps", refusals[0].long, refusals[1].long} {
		_ = f.MarkHidden(name) // never fails: it is there
	}
}

// refuse returns an error if the command line has a flag that makes no sense here.
func refuse(f *pflag.FlagSet) error {
	for _, r := range refusals {
		if f.Changed(r.long) {
			return &app.UsageError{Err: fmt.Errorf("-%s: %s", r.short, r.why), Hint: r.hint}
		}
	}
	return nil
}
