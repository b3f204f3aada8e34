package decode

import (
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// udpDatagram is the innermost one of UDP in a frame.
type udpDatagram struct {
	from    uint16 // port
	payload []byte // as captured
}

// FindDatagram decodes a frame that holds no segment again, to find the innermost datagram
// of UDP: the port that it comes from, 0 if there is none, and its payload, which aliases
// data.
func FindDatagram(link pcapfile.LinkType, iface uint32, data []byte, wireLen uint32) (from uint16, payload []byte) {
	var found udpDatagram
	var seg flows.Segment
	d := Decoder{datagram: &found}
	d.Decode(link, iface, data, wireLen, &seg)
	return found.from, found.payload
}
