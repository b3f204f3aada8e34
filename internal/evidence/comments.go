package evidence

import "slices"

// maxComments is how many comments a packet has at most.
const maxComments = 20

// Comments say what packets show. The zero Comments say nothing; a Recorder uses them up.
type Comments struct {
	Packets     map[uint64][]string // by number in the capture
	Connections map[uint64][]string // by ID: of the first packet of it that is kept
}

// take returns the comments of a packet, and takes those of its connection.
func (c *Comments) take(p *packet) []string {
	if c == nil {
		return nil
	}
	of := c.Connections[p.connection]
	delete(c.Connections, p.connection)
	all := slices.Concat(of, c.Packets[p.num])
	return all[:min(len(all), maxComments)]
}
