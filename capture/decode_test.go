package capture

import (
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

func BenchmarkDecode(b *testing.B) {
	for _, bench := range []struct{ name, script string }{
		{"ack", "0 > . 1:1(0) ack 1 tsval 1 tsecr 2"},
		{"data", "0 > P. 1:301(300) ack 1 tsval 1 tsecr 2"},
		{"syn", "0 > S 0:0(0) mss 1460 wscale 7"},
		{"vlan", "0 > . 1:1(0) ack 1 vlan 7 tsval 1 tsecr 2"},
		{"sll2", "0 > . 1:1(0) ack 1 iface 7 tsval 1 tsecr 2"},
		{"ipv6", "client ::1\nserver [::2]:80\n0 > . 1:1(0) ack 1 tsval 1 tsecr 2"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			fr := readPcap(capturetest.Pcap(b, bench.script))[0]
			d := newDecoder()
			var seg flows.Segment
			b.ReportAllocs()
			for b.Loop() {
				if v := d.decode(fr.link, fr.iface, fr.data, fr.wireLen, &seg); v != tcp {
					b.Fatalf("verdict %d, want %d", v, tcp)
				}
			}
		})
	}
}
