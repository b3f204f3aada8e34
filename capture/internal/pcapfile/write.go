package pcapfile

import "encoding/binary"

const RecordLen = 16 // of a record's header

var order = binary.LittleEndian

// fileHeader returns the header of a pcap file.
func FileHeader(link LinkType, snapLen uint32) []byte {
	h := make([]byte, 0, pcapHeaderLen)
	h = order.AppendUint32(h, pcapNano)
	h = order.AppendUint16(h, 2)
	h = order.AppendUint16(h, 4)
	h = append(h, make([]byte, 8)...)
	h = order.AppendUint32(h, snapLen)
	return order.AppendUint32(h, uint32(link))
}

// appendRecord appends a packet as a record of a pcap file, which a block's
// bytes can be written as.
func AppendRecord(buf []byte, at int64, wireLen uint32, data []byte) []byte {
	seconds, nanos := at/1e9, at%1e9
	buf = order.AppendUint32(buf, uint32(seconds))
	buf = order.AppendUint32(buf, uint32(nanos))
	buf = order.AppendUint32(buf, uint32(len(data)))
	buf = order.AppendUint32(buf, max(wireLen, uint32(len(data))))
	return append(buf, data...)
}
