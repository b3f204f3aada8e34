package evidence

import (
	"sort"

	"github.com/kaanalyze/kaanalyze/capture"
)

// maxPacket is what Wireshark reads of a packet at most.
const maxPacket = 256 << 10

// Write ends the recording and writes the packets with out, in the order in which they
// came, with their comments. It returns the number that each has in the capture. An error
// is that of out.
func (r *Recorder) Write(out *capture.Writer, say *Comments) ([]uint64, error) {
	for _, sides := range r.conns {
		for i := range sides {
			r.keepPartialHead(&sides[i])
			r.keepPartialHello(&sides[i])
		}
	}
	numbers := make([]uint64, 0, len(r.packets))
	var buf []byte
	written := 0
	for i := range r.packets {
		p := &r.packets[i]
		buf = p.append(buf[:0], written < maxBytes)
		written += len(buf)
		if err := out.Write(p.time, buf, p.wire(), say.take(p)...); err != nil {
			return nil, err
		}
		numbers = append(numbers, p.num)
	}
	return numbers, nil
}

// append appends the packet up to the last byte of payload that is kept, or, without
// padding, the first that is not.
func (p *packet) append(b []byte, padding bool) []byte {
	b = append(b, p.headers...)
	at := len(b)
	if at < headersLen(b) { // options were cut, and what comes behind them
		setChecksums(b, p.wire())
		return b
	}
	b = append(b, p.payload[:min(len(p.payload), maxPacket-at)]...)
	for _, x := range p.stream.within(p.at, min(int64(p.n), int64(maxPacket-at))) {
		off := int(x.at - p.at)
		if off > len(b)-at && !padding {
			break
		}
		if end := off + len(x.text); end > len(b)-at {
			b = append(b, make([]byte, end-(len(b)-at))...)
		}
		copy(b[at+off:], x.text)
	}
	setChecksums(b, p.wire())
	return b
}

// within returns the parts of the runs that lie in n bytes from a place on.
func (t *stream) within(at, n int64) []run {
	from := sort.Search(len(t.runs), func(i int) bool { return t.runs[i].at+int64(len(t.runs[i].text)) > at })
	var in []run
	for _, x := range t.runs[from:] {
		if x.at >= at+n {
			break
		}
		x.text = x.text[:min(int64(len(x.text)), at+n-x.at)]
		if skip := at - x.at; skip > 0 { // the run begins before the packet
			x = run{at, x.text[skip:]}
		}
		in = append(in, x)
	}
	return in
}
