package machine

import (
	"fmt"
	"io"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// chunkItems is how many items are encoded at a time: enough to outweigh the
// hand-over, few enough for a chunk of connections to stay below 100 KiB.
const chunkItems = 64

// chunk is a run of items and what they were encoded to.
type chunk struct {
	e        *encoder
	from, to int
	done     chan struct{} // holds one value when e.b is ready
}

// writeItems calls encode for the items 0 to n-1 and writes what it appends,
// in order. Several goroutines of r.Options.Workers encode at once, each chunk
// with an encoder of its own, so encode must be safe for concurrent use.
// Memory is bounded by a few chunks.
func writeItems(w io.Writer, r *report.Report, n int, encode func(e *encoder, i int)) error {
	chunks := (n + chunkItems - 1) / chunkItems
	workers := min(r.Options.Workers, chunks)
	if workers <= 1 {
		return writeAlone(w, r, n, encode)
	}
	ring := make([]chunk, workers+1)
	for i := range ring {
		ring[i] = chunk{e: newEncoder(r), done: make(chan struct{}, 1)}
	}
	jobs := make(chan *chunk, len(ring))
	defer close(jobs)
	for range workers {
		go encodeChunks(jobs, encode)
	}
	sent := 0
	send := func() {
		c := &ring[sent%len(ring)]
		c.from, c.to = sent*chunkItems, min(n, (sent+1)*chunkItems)
		jobs <- c
		sent++
	}
	for sent < min(len(ring), chunks) {
		send()
	}
	for next := range chunks {
		c := &ring[next%len(ring)]
		<-c.done
		if _, err := w.Write(c.e.b); err != nil {
			return err
		}
		if sent < chunks {
			send()
		}
	}
	return nil
}

// encodeChunks encodes what comes from jobs until that is closed.
func encodeChunks(jobs <-chan *chunk, encode func(e *encoder, i int)) {
	for c := range jobs {
		c.e.b = c.e.b[:0]
		for i := c.from; i < c.to; i++ {
			encode(c.e, i)
		}
		c.done <- struct{}{}
	}
}

// writeAlone is writeItems in the caller's goroutine.
func writeAlone(w io.Writer, r *report.Report, n int, encode func(e *encoder, i int)) error {
	const enough = 64 << 10
	e := newEncoder(r)
	for i := range n {
		encode(e, i)
		if len(e.b) >= enough || i == n-1 {
			if _, err := w.Write(e.b); err != nil {
				return err
			}
			e.b = e.b[:0]
		}
	}
	return nil
}

// Where the items of a list stand.
const (
	onLines = "\n" // each on a line of its own
	inLine  = ""
)

// writeExchanges writes the member exchanges.
func writeExchanges(w io.Writer, r *report.Report, list []analyze.Exchange) error {
	return writeList(w, r, onLines, "exchanges", len(list), func(e *encoder, i int) {
		e.b = append(e.b, '{')
		e.exchange(&list[i])
	})
}

// writeList writes the member called name, an array of n items.
func writeList(w io.Writer, r *report.Report, newline, name string, n int, item func(e *encoder, i int)) error {
	if _, err := fmt.Fprintf(w, `,%s"%s":[`, newline, name); err != nil {
		return err
	}
	err := writeItems(w, r, n, func(e *encoder, i int) {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.raw(newline)
		item(e, i)
	})
	if err == nil {
		_, err = io.WriteString(w, "]")
	}
	return err
}

// flushTo writes what e holds and empties it.
func flushTo(w io.Writer, e *encoder) error {
	_, err := w.Write(e.b)
	e.b = e.b[:0]
	return err
}
