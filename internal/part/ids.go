package part

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// ids are the connections of a part, in order of ID, and what orders them among others.
type ids struct {
	rows  []idRow
	dense bool // the ID of each is its index plus 1
}

type idRow struct {
	start    int64
	id       uint32
	stream   uint32 // in Wireshark, or cause.NoStream
	becomes  uint32 // the new ID
	streamed uint32 // the new stream
}

// newIDs returns the connections of a part, nil if two have one ID.
func newIDs(p *Part) *ids {
	x := &ids{rows: make([]idRow, 0, p.Kept.Len()+len(p.Open)), dense: true}
	p.Kept.Each(func(id uint32, start int64, stream uint32) {
		x.rows = append(x.rows, idRow{start: start, id: id, stream: stream})
	})
	for i := range p.Open {
		c := &p.Open[i]
		row := idRow{start: c.Start, id: uint32(c.ID), stream: cause.NoStream}
		if c.ID == 0 || c.ID > cause.NoStream {
			return nil
		}
		if c.Stream != analyze.Unknown {
			row.stream = uint32(c.Stream)
		}
		x.rows = append(x.rows, row)
	}
	slices.SortFunc(x.rows, func(a, b idRow) int { return cmp.Compare(a.id, b.id) })
	for i := range x.rows {
		if x.rows[i].id == 0 || i > 0 && x.rows[i].id == x.rows[i-1].id {
			return nil
		}
		x.dense = x.dense && x.rows[i].id == uint32(i+1)
	}
	return x
}

func (x *ids) len() int { return len(x.rows) }

// index returns where a connection is, -1 for one that is not there.
func (x *ids) index(id uint32) int {
	if i := int(id) - 1; x.dense {
		if i >= len(x.rows) {
			return -1
		}
		return i
	}
	i, ok := slices.BinarySearchFunc(x.rows, id, func(r idRow, id uint32) int { return cmp.Compare(r.id, id) })
	if !ok {
		return -1
	}
	return i
}

// becomes returns the new ID of a connection, 0 for one that is not there.
func (x *ids) becomes(id uint32) uint32 {
	if i := x.index(id); i >= 0 {
		return x.rows[i].becomes
	}
	return 0
}

// number gives all connections new numbers, by the order of their first packets: those of
// one part keep theirs. It returns the new streams by the new IDs.
func number(parts []*ids) (stream func(id uint32) uint32) {
	if len(parts) == 1 {
		x := parts[0]
		for i := range x.rows {
			r := &x.rows[i]
			r.becomes, r.streamed = r.id, r.stream
		}
		return func(id uint32) uint32 { return x.rows[x.index(id)].streamed }
	}
	type place struct{ part, row int }
	var order []place
	for k, x := range parts {
		for i := range x.rows {
			order = append(order, place{k, i})
		}
	}
	at := func(p place) *idRow { return &parts[p.part].rows[p.row] }
	slices.SortFunc(order, func(a, b place) int {
		return cmp.Or(cmp.Compare(at(a).start, at(b).start), cmp.Compare(a.part, b.part), cmp.Compare(a.row, b.row))
	})
	type key struct {
		part   int
		stream uint32
	}
	streams := map[key]uint32{}
	for i, p := range order {
		r := at(p)
		r.becomes, r.streamed = uint32(i+1), cause.NoStream
		if r.stream == cause.NoStream {
			continue
		}
		n, ok := streams[key{p.part, r.stream}]
		if !ok {
			n = uint32(len(streams))
			streams[key{p.part, r.stream}] = n
		}
		r.streamed = n
	}
	return func(id uint32) uint32 { return at(order[id-1]).streamed }
}
