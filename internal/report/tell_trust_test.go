package report_test

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
)

func TestTrustTellsEveryLimit(t *testing.T) {
	r := reporttest.Incident()
	r.Meta.Interrupted, r.Meta.KernelDropped = true, nil
	r.Meta.Sources = append(r.Meta.Sources, report.Source{Name: "second one.pcap", Size: -1, Packets: 1})
	r.Result.Totals.Midstream, r.Result.Totals.TimeBack = 4, 3_600e9
	r.Result.Totals.TLSLost = 2
	r.Meta.Warnings = []string{"second one.pcap: odd"}
	r.Result.CopiesMissed, r.Result.CopiesMissedSince = 1200, reporttest.Noon
	r.Meta.ClockFaults = report.ClockFaults{Absurd: 1200, AbsurdPackets: []uint64{4, 5000, 5001}, Backwards: 1, BackwardPackets: []uint64{77}}
	got := string(reporttest.Render(t, text.Write, r))
	for _, want := range []string{
		"clock               1,200 packets have a time that cannot be right (packets 4, 5000, 5001 and\n",
		"                    1,197 more): before 1988, after 2099, with a fraction over one second, or an\n",
		"clock set back      1 packet is an hour or more earlier than the one before (packet 77)\n",
		"kaanalyze: incident.pcapng and 1 more  3,804,600 packets",
		"files               second one.pcap: odd\n",
		"files               from 2026-11-20 12:13:20 UTC on packets came too fast to remember each for 100\n" +
			"                      ms: a copy of one of 1,200 packets may count as another packet\n",
		"kernel drops        unknown (not recorded in this file)\n",
		"stopped             before the end of the capture\n",
		"damage              incident.pcapng, packet 3,804,601, byte 418,000,100: record is cut off",
		"cut packets         4 packets captured in part\n",
		"not decoded         1 of 3,804,600 packets; 99 non-TCP\n",
		"duplicates          9 packets",
		"order               some packets are up to 3,600 s earlier than the packet before them",
		"missing             512 bytes",
		"midstream           4 connections",
		"unfinished          1 connection still open",
		"not readable        1 connection with TLS, HTTP/2 or cut heads",
		"TLS records         2 connections have missing records, or bytes that are no records: what follows\n",
		"ignored             2 RSTs",
		"file                second one.pcap (1 packet)\n",
		"link types          EN10MB\n", // of several files
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

// TestTrustFoldsWhatIsClean says in one line what does not limit the numbers.
func TestTrustFoldsWhatIsClean(t *testing.T) {
	r := reporttest.Incident()
	none := uint64(0)
	r.Meta.KernelDropped, r.Meta.Damage, r.Meta.CutPackets = &none, nil, 0
	r.Meta.TCPPackets, r.Meta.UndecodedPackets = r.Meta.Packets, 0
	x := &r.Result.Totals
	x.DuplicatePackets, x.MissingBytes, x.Unfinished, x.IgnoredRSTs, x.HTTPUnknown = 0, 0, 0, 0, 0
	got := string(reporttest.Render(t, text.Write, r))
	const want = "\nTRUST\n" +
		"  clean               no kernel drops, no damage, no cut packets, all packets are TCP, no\n" +
		"                      duplicates, no bytes missing, every opening captured, none left open, all\n" +
		"                      requests readable\n\n"
	if !strings.Contains(got, want) {
		t.Errorf("want %q in\n%s", want, got)
	}
}

// TestTrustOfSeveralInterfaces names those that dropped packets, and what has become of one.
func TestTrustOfSeveralInterfaces(t *testing.T) {
	r := reporttest.Incident()
	count := func(n uint64) *uint64 { return &n }
	r.Meta.Format, r.Meta.Damage, r.Meta.KernelDropped, r.Meta.InterfaceDropped = "live", nil, count(1202), 7
	r.Meta.Warnings = []string{"tun0 ended early"}
	r.Meta.Sources = []report.Source{
		{Name: "eth0", Format: "live", Size: -1, Packets: 50, KernelDropped: count(1200), InterfaceDropped: 7},
		{Name: "lo", Format: "live", Size: -1, Packets: 20, KernelDropped: count(0)},
		{Name: "tun0", Format: "live", Size: -1, Packets: 10, KernelDropped: count(2)},
	}
	got := string(reporttest.Render(t, text.Write, r))
	for _, want := range []string{
		"kernel drops        1,202 packets (eth0 1,200, tun0 2)\n", "interface drops     7 packets (eth0 7)\n", "interfaces          tun0 ended early\n",
		"interface           lo (20 packets, live)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}
