package pcapfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// foreign are files that people take for captures, by their first bytes, and how to
// read them.
var foreign = [...]struct{ magic, what string }{
	{"BZh", "it is compressed with bzip2; try bunzip2 -c FILE | kaanalyze"},
	{"PK\x03\x04", "it is a zip archive; try unzip -p FILE | kaanalyze"},
	{"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive; try 7z e -so FILE | kaanalyze"},
	{"Rar!\x1a\x07", "it is a RAR archive; try unrar p -inul FILE | kaanalyze"},
	{"\x1f\x9d", "it is compressed with compress (.Z); try uncompress -c FILE | kaanalyze"},
	{"snoop\x00\x00\x00", "it is a snoop capture" + convert},
	{"GMBU", "it is a Network Monitor capture" + convert},
	{"RTSS", "it is a Network Monitor capture" + convert},
	{"\x7fver", "it is an EtherPeek or OmniPeek capture" + convert},
	{"TRSNIFF data", "it is a Sniffer capture" + convert},
	{"XCP\x00", "it is a NetXRay or Sniffer capture" + convert},
	{"ObserverPktBuffe", "it is an Observer capture" + convert},
	{"\x05VNF", "it is a Visual Networks capture" + convert},
	{"TR\x00d\x00", "it is a nettl capture (HP-UX)" + convert},
	{"\x01\x10\x4c\x00", "it is a LANalyzer capture" + convert},
	{"iptrace ", "it is an iptrace capture" + convert},
	{"btsnoop\x00", "it is a Bluetooth capture (btsnoop), without TCP"},
	{"\x7fELF", "it is a program"},
}

// convert is how Wireshark's formats become one that is read.
const convert = "; convert it with editcap -F pcap FILE NEWFILE"

// isERF reports whether a file without a magic begins like a record of Endace's
// extensible record format: a time within it since 1990 in seconds, little endian, a
// type, and the lengths of the record and of the packet in it.
func isERF(head []byte) bool {
	if len(head) < 16 {
		return false
	}
	const since, most, header, room = 631152000, 1 << 32 * 3 / 4, 16, 64
	second, kind := binary.LittleEndian.Uint32(head[4:]), head[8]&0x7f
	length, packet := binary.BigEndian.Uint16(head[10:]), binary.BigEndian.Uint16(head[14:])
	return uint64(second) >= since && uint64(second) < most && kind > 0 && kind < 49 &&
		length > header && int(length) <= int(packet)+header+room
}

// isEtherPeek reports whether a file without a magic begins as EtherPeek's do: version
// and status, the file's length, the number of packets, and a time since 1904.
func isEtherPeek(head []byte) bool {
	if len(head) < 14 {
		return false
	}
	const since, until = 2714256000, 4102444800 // 1990 and 2034
	length, packets, began := binary.BigEndian.Uint32(head[2:]), binary.BigEndian.Uint32(head[6:]), binary.BigEndian.Uint32(head[10:])
	return head[0] >= 5 && head[0] <= 7 && head[1] == 0 && packets <= length && began >= since && began < until
}

// A NotCaptureError says why a file is no capture, by its first bytes.
type NotCaptureError struct{ Reason string }

// Error names the reason.
func (e *NotCaptureError) Error() string { return "not a capture: " + e.Reason }

// notCapture explains why a file that begins with head is not a capture.
func notCapture(head []byte) *NotCaptureError {
	if len(head) == 0 {
		return &NotCaptureError{"the file is empty"}
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return &NotCaptureError{f.what}
		}
	}
	switch {
	case isERF(head):
		return &NotCaptureError{"it looks like an ERF capture" + convert}
	case isEtherPeek(head):
		return &NotCaptureError{"it looks like an EtherPeek capture" + convert}
	}
	kind := ""
	if isText(head) {
		kind = "text, "
	}
	return &NotCaptureError{fmt.Sprintf("%sfirst bytes are %q", kind, head[:min(len(head), 16)])}
}

// isText reports whether head has only printable ASCII and white space.
func isText(head []byte) bool {
	for _, c := range head {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}
