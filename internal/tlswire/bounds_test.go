package tlswire

import "testing"

// TestHelloMemory has more hellos of 64 KiB under way at once than there is room for: what is
// held stays within the bound, those that have no room say so, and all is given back.
func TestHelloMemory(t *testing.T) {
	const n = 2 * maxHeld / maxHello
	table := &Table{}
	sessions, readers := make([]Session, n), make([]Reader, n)
	part := append(header(handshake, 1<<14), clientHelloMessageOf(maxHello)...)
	part = append(part, make([]byte, 1<<14-4)...)
	more := append(header(handshake, 1<<14), make([]byte, 1<<14)...)
	for i := range n {
		for _, b := range [][]byte{part, more, more, more} {
			sessions[i].Data(&readers[i], 0, b, 1, table)
		}
		if got, most := table.Bytes(), int64(maxHeld+64*n); table.held > maxHeld || got > most {
			t.Fatalf("%d bytes are held, and %d in all; want %d and %d at most", table.held, got, maxHeld, most)
		}
	}
	refused := 0
	for i := range n {
		if sessions[i].has(bigHello) {
			refused++
		}
		readers[i].Close(table)
	}
	if refused == 0 || refused == n {
		t.Errorf("%d of %d had no room", refused, n)
	}
	if table.held > maxSpare*spareLimit || len(table.free) != len(table.hellos) {
		t.Errorf("%d bytes are held, %d of %d buffers are free", table.held, len(table.free), len(table.hellos))
	}
}

// clientHelloMessageOf returns the header of a ClientHello of that length.
func clientHelloMessageOf(n int) []byte {
	return []byte{byte(clientHelloMessage), byte(n >> 16), byte(n >> 8), byte(n)}
}
