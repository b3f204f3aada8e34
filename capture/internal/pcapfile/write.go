package pcapfile

import "encoding/binary"

// RecordLen is how many bytes the header of a pcap record has.
const RecordLen = 16

// order is the byte order of what is written.
var order = binary.LittleEndian

// FileHeader returns the header of a pcap file with times in nanoseconds.
func FileHeader(link LinkType, snapLen uint32) []byte {
	h := make([]byte, 0, pcapHeaderLen)
	h = order.AppendUint32(h, pcapNano)
	h = order.AppendUint16(h, 2)
	h = order.AppendUint16(h, 4)
	h = append(h, make([]byte, 8)...)
	h = order.AppendUint32(h, snapLen)
	return order.AppendUint32(h, uint32(link))
}

// AppendRecord appends a packet as a record of a pcap file. at is its time in
// nanoseconds since the Unix epoch, wireLen how many bytes it had on the wire.
func AppendRecord(buf []byte, at int64, wireLen uint32, data []byte) []byte {
	seconds, nanos := at/1e9, at%1e9
	buf = order.AppendUint32(buf, uint32(seconds))
	buf = order.AppendUint32(buf, uint32(nanos))
	buf = order.AppendUint32(buf, uint32(len(data)))
	buf = order.AppendUint32(buf, max(wireLen, uint32(len(data))))
	return append(buf, data...)
}
