package app

import (
	"errors"
	"fmt"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/bothends"
	"github.com/kaanalyze/kaanalyze/internal/cause"
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
	compared    *bothends.Comparison
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
	e.compared = bothends.Compare(e.here, e.there)
	o.Comparison = e.compared
	return o
}

// proves returns what the comparison proves of connections of this capture, nil without
// one.
func (e *ends) proves() *cause.Between {
	if e == nil || e.compared == nil {
		return nil
	}
	b := &cause.Between{Rare: true}
	for side := range e.compared.Lost {
		l := &e.compared.Lost[side]
		b.Rare = b.Rare && l.Packets*100 < max(l.Sent, 1)
	}
	for i := range e.compared.Pairs {
		p := &e.compared.Pairs[i]
		if p.Here == 0 {
			continue
		}
		for side, as := range [...]analyze.Party{analyze.Client, analyze.Server} {
			if p.Forged[side] > 0 {
				b.Forged = append(b.Forged, cause.Forged{ID: p.Here, As: as, Packet: p.ForgedNum})
			}
		}
		if p.Lost != [2]uint32{} {
			b.Lost = append(b.Lost, cause.LostBetween{ID: p.Here, ToServer: p.Lost[0], ToClient: p.Lost[1]})
		}
	}
	return b
}
