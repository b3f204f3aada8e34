package decode

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// plainLayers are what gopacket's answer may consist of for it to be an oracle:
// what it cannot decode, or decodes otherwise on purpose, is not compared.
var plainLayers = []gopacket.LayerType{
	layers.LayerTypeEthernet, layers.LayerTypeDot1Q, layers.LayerTypeLoopback, layers.LayerTypeLinuxSLL,
	layers.LayerTypeIPv4, layers.LayerTypeIPv6, layers.LayerTypeIPv6Destination,
	layers.LayerTypeIPSecAH, layers.LayerTypeTCP, layers.LayerTypeGRE, layers.LayerTypeMPLS,
	layers.LayerTypeICMPv4, layers.LayerTypePPP,
	gopacket.LayerTypePayload,
}

// byGopacket decodes a frame that was not cut by gopacket alone. It is not ok if
// gopacket is not to be trusted with that frame.
func byGopacket(link pcapfile.LinkType, data []byte) (seg flows.Segment, v Verdict, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	data = bytes.Clone(data)
	p := gopacket.NewPacket(data, layers.LinkType(link), gopacket.NoCopy)
	if p.ErrorLayer() != nil || p.Metadata().Truncated {
		return seg, Undecoded, false
	}
	v = NotTCP
	for _, l := range p.Layers() {
		if !slices.Contains(plainLayers, l.LayerType()) {
			return seg, Undecoded, false
		}
		switch l := l.(type) {
		case *layers.IPv4:
			if l.Version != 4 {
				return seg, Undecoded, false
			}
			mapIPv4(&seg.SrcIP, binary.LittleEndian.Uint32(l.SrcIP))
			mapIPv4(&seg.DstIP, binary.LittleEndian.Uint32(l.DstIP))
		case *layers.IPv6:
			if l.Version != 6 {
				return seg, Undecoded, false
			}
			seg.SrcIP, seg.DstIP = [16]byte(l.SrcIP), [16]byte(l.DstIP)
		case *layers.LinuxSLL:
			if slices.Contains([]uint16{770, 803, 824}, l.AddrType) { // hardware whose protocol field gopacket reads all the same
				return seg, Undecoded, false
			}
		case *layers.Dot1Q:
			if l.Type == 0x9200 || l.Type == 0x9300 { // tags that gopacket does not know
				return seg, Undecoded, false
			}
		case *layers.GRE:
			if l.Protocol>>4 == 0x820 || l.Protocol == 0x22eb { // mirrored frames that gopacket does not know
				return seg, Undecoded, false
			}
		case *layers.TCP:
			v = TCP
			fromTCP(l, &seg)
		}
	}
	return seg, v, true
}

func fromTCP(l *layers.TCP, seg *flows.Segment) {
	seg.SrcPort, seg.DstPort = uint16(l.SrcPort), uint16(l.DstPort)
	seg.Seq, seg.Ack, seg.Window = l.Seq, l.Ack, l.Window
	seg.Flags = flows.Flags(l.Contents[13])
	seg.Payload, seg.Len = l.Payload, uint32(len(l.Payload))
	seg.WindowScale = flows.NoScale
	for _, o := range l.Options {
		switch {
		case o.OptionType == layers.TCPOptionKindWindowScale && len(o.OptionData) == 1 && l.SYN:
			seg.WindowScale = min(o.OptionData[0], maxScale)
		case o.OptionType == layers.TCPOptionKindTimestamps && len(o.OptionData) == 8:
			seg.HasTS = true
			seg.TSVal, seg.TSEcr = binary.BigEndian.Uint32(o.OptionData), binary.BigEndian.Uint32(o.OptionData[4:])
		}
	}
}

// checkFrame decodes a frame and, if possible, compares with gopacket.
func checkFrame(t *testing.T, link pcapfile.LinkType, data []byte, wireLen uint32) {
	t.Helper()
	var seg flows.Segment
	v := New().Decode(link, 0, data, wireLen, &seg)
	if v == TCP && (uint64(len(seg.Payload)) > uint64(seg.Len) || seg.Len > max(wireLen, maxDatagram)) {
		t.Errorf("%d bytes of a frame of %d, of which %d captured", seg.Len, wireLen, len(seg.Payload))
	}
	if v == Fragment {
		f := NewDefragmenter()
		if got := f.Add(link, 0, data, wireLen, 0, &seg); got == TCP {
			t.Error("a fragment alone is a segment")
		}
		return
	}
	if link > 0xff || uint64(wireLen) > uint64(len(data)) {
		return
	}
	if want, wantVerdict, ok := byGopacket(link, data); ok {
		if (v == TCP) != (wantVerdict == TCP) {
			t.Errorf("link type %v, frame %x: verdict is %d, gopacket's is %d", link, data, v, wantVerdict)
		} else if v == TCP {
			checkSegment(t, seg, want)
		}
	}
}

// TestAsGopacket compares the frames of this package's tests and of the corpus.
func TestAsGopacket(t *testing.T) {
	for _, e := range filetest.Encapsulations(t) {
		checkFrame(t, e.Link, e.Frame, uint32(len(e.Frame)))
	}
	if testing.Short() {
		return
	}
	for _, name := range filetest.Corpus(t) {
		for _, fr := range filetest.ReadFrames(t, name) {
			checkFrame(t, fr.Link, fr.Data, fr.WireLen)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range filetest.Encapsulations(f) {
		f.Add(uint32(e.Link), e.Frame, uint32(len(e.Frame)))
	}
	f.Fuzz(func(t *testing.T, link uint32, data []byte, wireLen uint32) {
		checkFrame(t, pcapfile.LinkType(link%300), data, wireLen)
	})
}
