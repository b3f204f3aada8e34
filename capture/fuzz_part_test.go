package capture

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/bpf"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A filterTerm is a pcap filter and the packets of [capturetest.FromBytes] that match
// it: frames of Ethernet, perhaps with a VLAN, without IP options.
type filterTerm struct {
	expr    string
	matches func(s *flows.Segment) bool
}

func isIPv4(s *flows.Segment) bool { return s.Src().AddrPort().Addr().Is4() && s.Link == 0 }

var filterTerms = []filterTerm{
	{"tcp", func(s *flows.Segment) bool { return s.Link == 0 }},
	{"ip6", func(s *flows.Segment) bool { return !s.Src().AddrPort().Addr().Is4() && s.Link == 0 }},
	{"port 80", func(s *flows.Segment) bool { return s.Link == 0 && (s.SrcPort == 80 || s.DstPort == 80) }},
	{"src port 81", func(s *flows.Segment) bool { return s.Link == 0 && s.SrcPort == 81 }},
	{"portrange 40001-40009", func(s *flows.Segment) bool { return s.Link == 0 && max(s.SrcPort, s.DstPort) == 40001 }},
	{"dst net 198.51.100.0/24", func(s *flows.Segment) bool { return isIPv4(s) && s.Dst().AddrPort().Addr().As4()[0] == 198 }},
	{"ip6 host 2001:db8::1", func(s *flows.Segment) bool { return !s.Src().AddrPort().Addr().Is4() && s.Link == 0 }},
	{"udp", func(*flows.Segment) bool { return false }},
	{"tcp[tcpflags] & (tcp-syn|tcp-rst) != 0", func(s *flows.Segment) bool { return isIPv4(s) && s.Flags&(flows.SYN|flows.RST) != 0 }},
	{"ip[8] < 64", func(s *flows.Segment) bool { return isIPv4(s) && s.TTL < 64 }},
	{"ip[2:2] >= 60", func(s *flows.Segment) bool {
		length := 40 + s.Len
		if s.HasTS {
			length += 12
		}
		return isIPv4(s) && length >= 60
	}},
	{"", func(*flows.Segment) bool { return true }}, // no filter
}

// readFilter makes a filter of bytes, and returns what is left of them.
func readFilter(b []byte, depth int) (f filterTerm, rest []byte) {
	if len(b) == 0 || b[0] < 128 || depth > 4 {
		i := 0
		if len(b) > 0 {
			i, b = int(b[0]), b[1:]
		}
		if depth > 0 {
			return filterTerms[i%(len(filterTerms)-1)], b
		}
		return filterTerms[i%len(filterTerms)], b
	}
	kind := b[0] % 3
	x, b := readFilter(b[1:], depth+1)
	if kind == 0 {
		return filterTerm{"not (" + x.expr + ")", func(s *flows.Segment) bool { return !x.matches(s) }}, b
	}
	y, b := readFilter(b, depth+1)
	if kind == 1 {
		return filterTerm{"(" + x.expr + ") and (" + y.expr + ")", func(s *flows.Segment) bool { return x.matches(s) && y.matches(s) }}, b
	}
	return filterTerm{"(" + x.expr + ") or (" + y.expr + ")", func(s *flows.Segment) bool { return x.matches(s) || y.matches(s) }}, b
}

// FuzzPart reads a part of a capture, by time, filter and number of packets, and
// wants the packets that a look at each of them chooses.
func FuzzPart(f *testing.F) {
	opened := []byte{0, 4, 0, 0, 0, 12, 5, 0, 0, 0, 8, 0, 0, 0, 0, 8, 2, 0, 0x81, 0, 12, 2, 0, 0x87, 0, 15, 2, 0, 0x87, 130, 0x2a, 7, 0, 0, 128, 1, 4, 0, 0, 0, 3, 4, 0, 0, 0}
	f.Add(opened, int32(0), int32(0), byte(0), []byte{11})
	f.Add(opened, int32(1), int32(-5), byte(3), []byte{2})
	f.Add(opened, int32(-1), int32(100), byte(0), []byte{130, 2, 129, 8, 5})
	f.Add(opened, int32(2), int32(900_000), byte(1), []byte{129, 10, 9})
	_, err := bpf.Compile("len > 0", pcapfile.LinkEthernet, pcapfile.MaxSnapLen)
	filters := !errors.Is(err, ErrNoLibpcap)
	f.Fuzz(func(t *testing.T, data []byte, since, until int32, count byte, filter []byte) {
		if len(data) > 1000 || len(filter) > 20 {
			return
		}
		script := capturetest.FromBytes(data)
		opt := Options{Workers: 2, Count: uint64(count)}
		if since != 0 { // in microseconds after the first packet
			opt.Since = capturetest.Epoch + int64(since)*1e3
		}
		if until != 0 {
			opt.Until = capturetest.Epoch + int64(until)*1e3
		}
		term := filterTerms[len(filterTerms)-1]
		if filters {
			term, _ = readFilter(filter, 0)
		}
		opt.Filter = term.expr
		var want result
		for _, s := range script.Segments() {
			if want.Stats.Packets == 0 {
				want.Stats.First, want.Stats.Last = s.Time, s.Time
			}
			want.Stats.Packets++
			want.Stats.First, want.Stats.Last = min(want.Stats.First, s.Time), max(want.Stats.Last, s.Time)
			if opt.Since != 0 && s.Time < opt.Since || opt.Until != 0 && s.Time > opt.Until || !term.matches(&s) {
				continue
			}
			mark := "-"
			if len(s.Payload) > 0 {
				mark = fmt.Sprintf("%02x", s.Payload[0])
			}
			want.Segments = append(want.Segments, fmt.Sprintf("%d %d %s %d %d", s.Num, s.Time, mark, s.Len, 0))
			if opt.Count > 0 && uint64(len(want.Segments)) == opt.Count {
				break
			}
		}
		for _, size := range []int{100, blockSize} {
			opt.Stdin = bytes.NewReader(script.Pcap())
			got := readAll(t, []string{"-"}, opt, size)
			if strings.HasSuffix(got.Err, "expression rejects all packets") && len(want.Segments) == 0 {
				return // libpcap sees that it does
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Stats{}, "Sources", "LinkTypes", "Format", "TCPPackets", "Bytes", "CutPackets")); diff != "" {
				t.Fatalf("filter %q, since %d, until %d, count %d, blocks of %d bytes: chosen one by one (-) and read (+):\n%s",
					opt.Filter, opt.Since, opt.Until, opt.Count, size, diff)
			}
		}
	})
}
