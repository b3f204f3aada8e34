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
	holed   bool // bytes of the record under way are missing
	ccs     bool // a ChangeCipherSpec came
	some    bool // a record was whole
	message message
}

// streamState is where a stream stands.
type streamState uint8

const (
	inOrder streamState = iota
	isLost              // the place is lost, until a segment begins with a record
	noTLS               // no record came where one had to
)

// next takes bytes from the beginning of b and returns how many, and the record that
// is whole then, if one is: its bytes among those taken are body.
func (r *stream) next(b []byte, at int64) (n int, body []byte, whole bool) {
	if r.left == 0 {
		if r.have == 0 {
			r.begun = at
		}
		n = copy(r.header[r.have:], b)
		r.have += uint8(n)
		if !isHeader(r.header[:r.have]) {
			r.fail()
			return len(b), nil, false
		}
		if r.have < headerLen {
			return n, nil, false
		}
		r.kind = recordType(r.header[0])
		r.length = uint16(r.header[3])<<8 | uint16(r.header[4])
		r.left, r.have, r.holed = r.length, 0, false
	}
	end := n + min(int(r.left), len(b)-n)
	body = b[n:end]
	r.left -= uint16(len(body))
	return end, body, r.left == 0
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
		r.fail()
		return false
	}
	r.left -= uint16(n)
	r.holed = true
	return r.left == 0
}
