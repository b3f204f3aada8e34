package app

import (
	"errors"
	"fmt"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/bothends"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// checkOtherSide checks --other-side.
func (s *settings) checkOtherSide() error {
	if s.OtherSide == "" {
		if s.given("other-side") {
			return usagef("--other-side: the name of the file is empty")
		}
		return nil
	}
	for _, x := range []struct {
		given bool
		flag  string
	}{
		{s.live != nil, "-i"}, {s.Demo != nil, "--demo"}, {s.TUI, "--tui"}, {s.Follow, "--follow"}, {s.Each, "--each"}, {s.Conn != 0, "--conn"},
	} {
		if x.given {
			return usagef("--other-side and %s exclude each other: two captures are compared when both are whole", x.flag)
		}
	}
	switch {
	case len(s.parts) > 0, s.writesPart():
		return usagef("--other-side: a part has no packets to compare")
	case s.OtherSide == "-":
		return &UsageError{errors.New("--other-side -: it is read from a file"), "the other capture may be standard input"}
	case !exists(s.OtherSide):
		return usagef("--other-side %s: no such file", printable(s.OtherSide))
	}
	return nil
}

// ends are what is kept of both captures.
type ends struct {
	here, there *bothends.Log
	stats       capture.Stats // of the other one
}

// mostPackets is how many packets of a capture are compared where memory has no bound.
const mostPackets = 1 << 24

// readOtherSide reads the capture of the other point, if there is one, and prepares for
// src, which is here. Neither the filter nor the bounds of time are for it: behind a
// translation addresses are others, and its clock is another.
func (j *Job) readOtherSide(src *capture.Source) error {
	if j.s.OtherSide == "" {
		return nil
	}
	most := mostPackets
	if j.memory > 0 {
		j.memory /= 2
		most = int(min(j.memory/2/bothends.PacketBytes, mostPackets))
	}
	other, err := capture.OpenFiles([]string{j.s.OtherSide}, capture.Options{Workers: j.s.Workers})
	if err != nil {
		return mayNotRead(err)
	}
	defer other.Close()
	e := &ends{here: bothends.NewLog(src.Headers, most), there: bothends.NewLog(other.Headers, most)}
	engine := flows.NewEngine(flows.Options{TimeWait: int64(j.s.TimeWait)}, nil)
	if err := other.Run(j.ctx, j.s.replaceAddresses(func(segs []flows.Segment) error {
		for i := range segs {
			if c := engine.Segment(&segs[i]); c != nil {
				e.there.Packet(c, &segs[i])
			}
		}
		return nil
	})); err != nil {
		return fmt.Errorf("read the other side: %w", err)
	}
	e.stats = other.Stats()
	if e.stats.Packets == 0 {
		return fmt.Errorf("read capture %q: there is no packet in it", j.s.OtherSide)
	}
	j.ends = e
	return nil
}

// compare compares both, nil without another side.
func (e *ends) compare(j *Job) *report.OtherSide {
	if e == nil {
		return nil
	}
	o := &report.OtherSide{Source: j.s.OtherSide, Packets: e.stats.Packets, CutPackets: e.stats.CutPackets, KernelDropped: e.stats.KernelDropped}
	if d := e.stats.Damage; d != nil {
		o.Damage = d.Reason
		j.ui.warn("%s: damaged at packet %d, byte %d: %s; what follows in it is not compared", printable(j.s.OtherSide), d.Packet, d.Offset, d.Reason)
	}
	if j.s.key != nil {
		o.Source = "other-side.pcap"
	}
	o.Comparison = bothends.Compare(e.here, e.there)
	return o
}
