package pcapfile

import (
	"errors"
	"io"
	"io/fs"
	"slices"
)

// maxRecord bounds the length of a record: more is taken for damage. A
// pcapng block of 16 MiB is the most that libpcap reads, too.
const MaxRecord = 16 << 20

// A frame is one packet of a block.
type Frame struct {
	Time    int64  // nanoseconds since the Unix epoch
	Off     uint32 // of its bytes in the block's buffer
	CapLen  uint32
	WireLen uint32 // at least capLen
	Link    LinkType
	Iface   uint32
	Kind    FrameKind
}

// frameKind tells what a frame lacks, if anything.
type FrameKind uint8

const (
	TimedPacket   FrameKind = iota
	UntimedPacket           // its time is that of the packet before
	NoPacket                // a record that has a number and nothing else
)

// MaxSnapLen is the longest packet that tcpdump captures unless told otherwise
// (MAXIMUM_SNAPLEN of libpcap).
const MaxSnapLen = 256 << 10

// records are whole records of a file, and what was found in them.
type Records struct {
	Buf    []byte
	Frames []Frame
	Side   SideRecords
}

// A format finds the records of one capture file. It is told the bytes in
// pieces and keeps what earlier records have declared.
type Format interface {
	// name is what [SourceStats.Format] says.
	Name() string
	// HeaderLen is how long the file's header is, 0 if that is a record.
	HeaderLen() int64
	// linkTypes are those that are known before the first record.
	LinkTypes() []LinkType
	// walk appends to r.frames those whose records lie whole in r.buf[at:],
	// and to r.news what else it reads. It returns where the first record
	// begins that is not whole, and how many bytes of it are needed to tell
	// more. An error says that this record is damaged.
	Walk(r *Records, at int) (next, need int, err error)
}

// openFormat reads the header of a capture, of which head, at most its first
// four bytes, has been read from r already. It returns what has been read beyond
// the header. source tells the drops of several files apart.
func Open(r io.Reader, head []byte, source int) (Format, []byte, error) {
	switch {
	case isPcapng(head):
		return &pcapngFile{source: source}, head, nil
	case isPcap(head):
		h := make([]byte, pcapHeaderLen)
		copy(h, head)
		if _, err := io.ReadFull(r, h[len(head):]); err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				err = errors.New("not a capture: the file ends inside its header")
			}
			return nil, nil, TrimPath(err)
		}
		p, err := newPcap(h)
		if err != nil {
			return nil, nil, err
		}
		return p, nil, nil
	}
	more := make([]byte, 12)
	n, _ := io.ReadFull(r, more)
	return nil, nil, notCapture(append(head, more[:n]...))
}

// trimPath strips the name from an error of package os: the caller names it.
func TrimPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// news is what records say besides packets. It travels with their block, so
// that it is known in the order of the capture.
type SideRecords struct {
	Links   []LinkType
	Drops   []Drops
	Secrets [][]byte
}

// dropped is a count of packets that a capture lost.
type Drops struct {
	Source, Section, Iface int
	Start                  uint64 // with name: which capture and interface of all files, if known
	Name                   string
	Packets                uint64
	Total                  bool // since the capture began; else since the packet before
}

// link notes a link type.
func (n *SideRecords) AddLink(l LinkType) {
	if !slices.Contains(n.Links, l) {
		n.Links = append(n.Links, l)
	}
}

// drop notes lost packets. Those since the packet before add up at once.
func (n *SideRecords) AddDrops(d Drops) {
	if last := len(n.Drops) - 1; last >= 0 && !d.Total {
		if l := &n.Drops[last]; !l.Total && l.Source == d.Source {
			l.Packets += d.Packets
			return
		}
	}
	n.Drops = append(n.Drops, d)
}

// secret keeps a copy of secrets.
func (n *SideRecords) AddSecret(b []byte) { n.Secrets = append(n.Secrets, slices.Clone(b)) }

// empty reports whether there is no news.
func (n *SideRecords) Empty() bool {
	return n.Links == nil && n.Drops == nil && n.Secrets == nil
}

// add appends the news of m, and leaves m empty.
func (n *SideRecords) Take(m *SideRecords) {
	for _, l := range m.Links {
		n.AddLink(l)
	}
	n.Drops = append(n.Drops, m.Drops...)
	n.Secrets = append(n.Secrets, m.Secrets...)
	*m = SideRecords{}
}
