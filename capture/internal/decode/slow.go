package decode

import (
	"bytes"
	"compress/flate"
	"io"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/kaanalyze/kaanalyze/flows"
)

// slow decodes what is rare: gopacket goes through the headers, as far as the
// first IP packet, and that is decoded as any other.
func (d *Decoder) slow(first gopacket.Decoder, data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	packet, v := findIP(first, data)
	if v != TCP {
		return v
	}
	// A copy that gopacket made has no offset in data. It keeps the length.
	size := len(data) - len(packet)
	if size < 0 {
		packet, size = packet[:len(data)], 0
	}
	return d.raw(packet, wire-size, linkID, seg)
}

// findIP returns the first IP packet in data, with all that follows it, and
// tcp; or why there is none. It recovers from gopacket, which panics in rare
// decoders.
func findIP(first gopacket.Decoder, data []byte) (packet []byte, v Verdict) {
	defer func() {
		if recover() != nil {
			packet, v = nil, Undecoded
		}
	}()
	// Some decoders append to what they are given: without room to do so in data.
	data = data[:len(data):len(data)]
	p := gopacket.NewPacket(data, first, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	layer := p.NetworkLayer()
	if layer == nil {
		radio, ok := p.Layer(layers.LayerTypeDot11).(*layers.Dot11)
		if p.ErrorLayer() == nil || ok && radio.Type.MainType() != layers.Dot11TypeData {
			return nil, NotTCP
		}
		return nil, Undecoded
	}
	head := layer.LayerContents()
	if len(head) == 0 {
		return nil, Undecoded
	}
	if off := len(data) - cap(head); off >= 0 && off < len(data) && &data[off] == &head[0] {
		return data[off:], TCP
	}
	return append(head[:len(head):len(head)], layer.LayerPayload()...), TCP
}

// ipcomp inflates a compressed payload (RFC 3173; DEFLATE is RFC 2394). Which
// algorithm it is the peers may have agreed on unseen: as Wireshark does, try
// the one that is in use.
func (d *Decoder) ipcomp(data []byte, wire int, id, linkID uint32, seg *flows.Segment) Verdict {
	const maxInflated = 65535
	d.depth++
	if len(data) < 4 || d.depth > maxDepth {
		return Undecoded
	}
	inflated, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data[4:])), maxInflated))
	cut := len(data) < wire
	if err != nil && !cut {
		return NotTCP
	}
	wire = len(inflated)
	if cut {
		wire = maxInflated // unknown: then the IP header inside tells
	}
	return d.transport(data[0], inflated, wire, id, linkID, seg)
}
