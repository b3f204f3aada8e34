package pcapfile

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// Options that are written, beside those that are read.
const (
	optionEnd     = 0
	optionComment = 1
	optionProgram = 4 // of a section: what wrote it

	// maxComment is how long a comment is at most: an option has 65,535 bytes.
	maxComment = 4096
)

// AppendPcapngHeader appends what a pcapng file begins with: a section, with the program
// that writes it and a comment, and one interface with times in nanoseconds.
func AppendPcapngHeader(b []byte, link LinkType, snapLen uint32, program, comment string) []byte {
	return appendInterface(appendSection(b, program, comment), SavedInterface{Link: link, SnapLen: snapLen})
}

// appendSection appends what a section begins with.
func appendSection(b []byte, program, comment string) []byte {
	at := len(b)
	b = beginBlock(b, blockSection)
	b = binary.LittleEndian.AppendUint32(b, byteOrderMagic)
	b = binary.LittleEndian.AppendUint16(b, 1)       // major version
	b = binary.LittleEndian.AppendUint16(b, 0)       // minor version
	b = binary.LittleEndian.AppendUint64(b, 1<<64-1) // length of the section: not known
	b = appendOption(b, optionComment, comment)
	b = appendOption(b, optionProgram, program)
	return endBlock(appendOption(b, optionEnd, ""), at)
}

// appendInterface appends an interface with times in nanoseconds.
func appendInterface(b []byte, i SavedInterface) []byte {
	at := len(b)
	b = beginBlock(b, blockInterface)
	b = binary.LittleEndian.AppendUint16(b, uint16(i.Link))
	b = binary.LittleEndian.AppendUint16(b, 0)
	b = binary.LittleEndian.AppendUint32(b, i.SnapLen)
	b = appendOption(b, optionName, i.Name)
	b = appendOption(b, optionResolution, "\x09")
	return endBlock(appendOption(b, optionEnd, ""), at)
}

// appendStatistics appends what an interface has lost since the capture began, in ns since
// the epoch, up to a time.
func appendStatistics(b []byte, number uint32, began, at int64, kernel, iface uint64) []byte {
	begin := len(b)
	b = appendStamp(binary.LittleEndian.AppendUint32(beginBlock(b, blockStatistics), number), at)
	b = appendOption(b, optionStart, string(appendStamp(nil, began)))
	b = appendOption(b, optionKernelDrops, string(binary.LittleEndian.AppendUint64(nil, kernel)))
	b = appendOption(b, optionIfaceDrops, string(binary.LittleEndian.AppendUint64(nil, iface)))
	return endBlock(appendOption(b, optionEnd, ""), begin)
}

// AppendPcapngPacket appends a packet of the one interface, captured at a time in ns since
// the epoch, which had wire bytes in all, with comments.
func AppendPcapngPacket(b []byte, at int64, wire uint32, data []byte, comments []string) []byte {
	return appendPacket(b, 0, at, wire, data, comments)
}

// appendPacket appends a packet of an interface.
func appendPacket(b []byte, number uint32, at int64, wire uint32, data []byte, comments []string) []byte {
	begin := len(b)
	b = appendStamp(binary.LittleEndian.AppendUint32(beginBlock(b, blockEnhanced), number), at)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = binary.LittleEndian.AppendUint32(b, wire)
	b = pad(append(b, data...), len(data))
	for _, c := range comments {
		b = appendOption(b, optionComment, c)
	}
	if len(comments) > 0 {
		b = appendOption(b, optionEnd, "")
	}
	return endBlock(b, begin)
}

// appendStamp appends a time in ns since the epoch.
func appendStamp(b []byte, at int64) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(uint64(at)>>32)), uint32(at))
}

// beginBlock appends the type of a block, and room for its length.
func beginBlock(b []byte, kind uint32) []byte {
	return append(binary.LittleEndian.AppendUint32(b, kind), 0, 0, 0, 0)
}

// endBlock ends the block that begins there.
func endBlock(b []byte, at int) []byte {
	n := uint32(len(b) - at + 4)
	binary.LittleEndian.PutUint32(b[at+4:], n)
	return binary.LittleEndian.AppendUint32(b, n)
}

// appendOption appends an option, but for an empty one.
func appendOption(b []byte, code uint16, value string) []byte {
	if value == "" && code != optionEnd {
		return b
	}
	if code == optionComment {
		value = commentText(value)
	}
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...), len(value))
}

// commentText returns a comment as it may stand in a file: valid, and not too long.
func commentText(s string) string {
	s = strings.ToValidUTF8(s, "?")
	for len(s) > maxComment {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// pad appends zeros to n bytes, up to the next multiple of 4.
func pad(b []byte, n int) []byte { return append(b, make([]byte, -n&3)...) }
