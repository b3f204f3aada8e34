package flows

// evictions is a queue of connections that are over, oldest first. It is used
// only with Options.Evict.
type evictions struct {
	queue []eviction
	head  int
}

type eviction struct {
	conn handle
	id   uint64
}

// lingering is how long after its last packet and its TIME_WAIT a closed
// connection is still known, so that late packets find it.
const lingering = 1e9

// leave queues a connection that is over.
func (e *Engine) leave(c *Conn) {
	if e.opt.Evict && c.facts&factOver == 0 {
		c.facts |= factOver
		e.over.queue = append(e.over.queue, eviction{c.self, c.ID})
	}
}

// Sweep evicts the connections that have been over for long enough. Call it
// now and then, outside of Segment.
func (e *Engine) Sweep() {
	o := &e.over
	for n := len(o.queue); o.head < n; {
		x := o.queue[o.head]
		c := e.slabs.at(x.conn)
		if c.ID == x.id {
			if c.End+e.opt.TimeWait+lingering > e.now {
				break
			}
			e.evict(c)
		}
		o.head++
	}
	if o.head > 1<<12 && o.head*2 > len(o.queue) {
		o.queue = append(o.queue[:0], o.queue[o.head:]...)
		o.head = 0
	}
}

// evict forgets a connection.
func (e *Engine) evict(c *Conn) {
	e.complete(c)
	e.consumer.Evict(c)
	if c.next != 0 {
		e.slabs.at(c.next).prev = 0
	}
	if c.prev != 0 {
		e.slabs.at(c.prev).next = 0
	}
	e.table.remove(c.hash, c.self)
	if e.last == c.self {
		e.last = 0
	}
	h := c.self
	*c = Conn{}
	e.slabs.give(h)
}
