package capture

import (
	"fmt"
	"io"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// A Writer writes IP packets as a file of link type RAW, with times in nanoseconds. It is
// not safe for concurrent use, and writes each packet at once.
type Writer struct {
	w      io.Writer
	pcapng bool
	record []byte
}

// NewWriter writes the header of a pcap file to w. Its packets have no comments.
func NewWriter(w io.Writer) (*Writer, error) {
	return begin(&Writer{w: w}, pcapfile.FileHeader(pcapfile.LinkRaw, pcapfile.MaxSnapLen))
}

// NewPcapngWriter writes the header of a pcapng file to w, with the name of the program that
// writes it and a comment.
func NewPcapngWriter(w io.Writer, program, comment string) (*Writer, error) {
	return begin(&Writer{w: w, pcapng: true}, pcapfile.AppendPcapngHeader(nil, pcapfile.LinkRaw, pcapfile.MaxSnapLen, program, comment))
}

func begin(w *Writer, header []byte) (*Writer, error) {
	if _, err := w.w.Write(header); err != nil {
		return nil, fmt.Errorf("write capture: %w", err)
	}
	return w, nil
}

// Write writes a packet of which data was captured at a time, in nanoseconds
// since the Unix epoch, and that had wire bytes in all. It does not keep data. Comments are
// cut where they are longer than 4 KiB, and go to pcapng only.
func (w *Writer) Write(at int64, data []byte, wire int, comments ...string) error {
	if w.pcapng {
		w.record = pcapfile.AppendPcapngPacket(w.record[:0], at, uint32(wire), data, comments)
	} else {
		w.record = pcapfile.AppendRecord(w.record[:0], at, uint32(wire), data)
	}
	if _, err := w.w.Write(w.record); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	return nil
}
