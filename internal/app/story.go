package app

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// story returns the packets of a connection as reports tell them.
func story(r *analyze.Result, kept report.Facts, id uint64) (*report.Story, error) {
	c := &analyze.Connection{}
	if !find(kept, id, c) {
		if id <= uint64(r.Totals.Connections) && len(r.GivenUp) > 0 {
			return nil, &hintError{fmt.Errorf("--conn %d: it was dropped to stay within --max-memory", id),
				"a filter for its addresses and ports leaves fewer connections"}
		}
		return nil, &UsageError{
			fmt.Errorf("--conn %d: the capture has no such connection", id),
			"--conn takes an id of the report, made with the same filter and bounds",
		}
	}
	told := r.Story()
	s := &report.Story{Connection: c, Truncated: int(told.More)}
	for _, e := range told.Events {
		s.Lines = append(s.Lines, report.StoryLine{
			Num:        e.Num,
			Time:       e.Time,
			Rel:        e.Time - c.Start,
			FromClient: e.FromClient,
			Flags:      e.Flags.String(),
			Seq:        e.Seq,
			Ack:        e.Ack,
			Len:        e.Len,
			Window:     uint32(e.Window),
			Means:      e.Means,
		})
	}
	return s, nil
}

// find fills c with the connection of that ID, and reports whether there is one.
func find(r report.Facts, id uint64, c *analyze.Connection) bool {
	low, high := 0, r.Len() // their IDs ascend
	for low < high {
		i := low + (high-low)/2
		r.Connection(i, c)
		switch {
		case c.ID == id:
			return true
		case c.ID < id:
			low = i + 1
		default:
			high = i
		}
	}
	return false
}
