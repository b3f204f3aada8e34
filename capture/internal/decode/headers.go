package decode

import (
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// FindHeaders decodes a frame again to find its innermost headers. They alias
// data. If it is a fragment of a datagram, [Defragmenter.Headers] has them.
func FindHeaders(link pcapfile.LinkType, iface uint32, data []byte, wireLen uint32) (Headers, Verdict) {
	var h Headers
	var seg flows.Segment
	d := Decoder{headers: &h}
	return h, d.Decode(link, iface, data, wireLen, &seg)
}

// Split returns the IP header, without options or extension headers, and the TCP
// header with the options that were captured.
func (h *Headers) Split() (ip, tcp []byte) {
	size := 20
	if h.IP[0]>>4 == 6 {
		size = 40
	}
	return h.IP[:size], h.TCP[:min(len(h.TCP), int(h.TCP[12]>>4)*4)]
}
