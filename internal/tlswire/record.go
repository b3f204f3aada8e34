package tlswire

// recordType is the content type of a record (RFC 8446, 5.1).
type recordType uint8

const (
	changeCipherSpec recordType = 20 + iota
	alert
	handshake
	applicationData
	heartbeat
)

const (
	headerLen = 5
	// maxRecord is the longest record: TLS 1.2 allows 2,048 bytes beyond its 16 KiB
	// (RFC 5246, 6.2.3), TLS 1.3 256.
	maxRecord = 1<<14 + 2048
)

// isHeader reports whether b, as far as it goes, begins a record.
func isHeader(b []byte) bool {
	switch n := len(b); {
	case n > 0 && (b[0] < byte(changeCipherSpec) || b[0] > byte(heartbeat)),
		n > 1 && b[1] != 3,
		n > 2 && b[2] > 4,
		n > 3 && b[3] > maxRecord>>8,
		n > 4 && (b[3] == 0 && b[4] == 0 || int(b[3])<<8|int(b[4]) > maxRecord):
		return false
	}
	return true
}

// stream cuts one direction into records. The zero stream is at the beginning.
type stream struct {
	header [headerLen]byte // of the next record, as far as it has come
	have   uint8           // bytes of header
	kind   recordType      // of the record under way
	length uint16          // of its body
	left   uint16          // bytes of it that are to come
	begun  int64           // when its first byte came

	state   streamState
	holed   bool // bytes of the record under way are missing, and with them the place in its messages
	ccs     bool // a ChangeCipherSpec came
	some    bool // a record was whole
	http    bool // it began with what begins a response of HTTP
	message message
}

// streamState is where a stream stands.
type streamState uint8

const (
	inOrder streamState = iota
	isLost              // the place is lost, until a segment begins with a record
	noTLS               // no record came where one had to
)

// plainHTTP is what the answer of a server begins with that speaks HTTP without TLS.
const plainHTTP = "HTTP/"

// next takes bytes from the beginning of b and returns how many of them are of a header
// and what follows of the body, and whether the record is whole then.
func (r *stream) next(b []byte, at int64) (head int, body []byte, whole bool) {
	if r.left == 0 {
		if r.have == 0 {
			r.begun = at
		}
		head = copy(r.header[r.have:], b)
		r.have += uint8(head)
		switch h := r.header[:r.have]; {
		case isHeader(h):
		case !r.some && string(h) == plainHTTP:
			r.http = true
			fallthrough
		case r.some || string(h) != plainHTTP[:r.have]:
			r.fail()
			return head, nil, false
		}
		if r.have < headerLen {
			return head, nil, false
		}
		r.kind = recordType(r.header[0])
		r.length = uint16(r.header[3])<<8 | uint16(r.header[4])
		r.left, r.have, r.holed = r.length, 0, false
	}
	body = b[head : head+min(int(r.left), len(b)-head)]
	r.left -= uint16(len(body))
	return head, body, r.left == 0
}

// fail gives the place up.
func (r *stream) fail() {
	r.have, r.left = 0, 0
	r.state = isLost
}

// skip takes n bytes that are missing.
func (r *stream) skip(n uint64) (whole bool) {
	switch {
	case r.left == 0 || n > uint64(r.left):
		r.some = r.some || r.left > 0
		r.fail()
		return false
	}
	r.left -= uint16(n)
	return r.left == 0
}
