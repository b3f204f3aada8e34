package app

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/report"
)

// A bound is one end of the time that is analysed. It is the zero bound, a
// moment, or one that is counted from the capture's beginning.
type bound struct {
	kind  boundKind
	nanos int64 // see kind
}

type boundKind uint8

const (
	noBound     boundKind = iota
	moment                // RFC 3339: nanos since the epoch
	timeOfDay             // nanos since midnight of the day of the first packet, by the clock of a zone
	afterPacket           // nanos after the first packet
)

var errBound = errors.New("it is neither RFC 3339, nor HH:MM:SS, nor +SECONDS")

// parseBound reads a bound. A time of day may lack the seconds.
func parseBound(text string) (bound, error) {
	if text == "" {
		return bound{}, nil
	}
	if after, ok := strings.CutPrefix(text, "+"); ok {
		if d, err := time.ParseDuration(after); err == nil { // as in +1m30s
			after = strconv.FormatFloat(d.Seconds(), 'g', -1, 64)
		}
		s, err := strconv.ParseFloat(after, 64)
		if err != nil || !(s >= 0 && s <= math.MaxInt32) { // also NaN
			return bound{}, errBound
		}
		return bound{afterPacket, int64(math.Round(s * 1e9))}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		if y := t.Year(); y < 1970 || y > 2261 {
			return bound{}, errors.New("it is not from 1970 to 2261")
		}
		return bound{moment, max(1, t.UnixNano())}, nil
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			day := t.Truncate(24 * time.Hour)
			return bound{timeOfDay, int64(t.Sub(day))}, nil
		}
	}
	return bound{}, errBound
}

// relative reports whether the bound needs the time of the first packet.
func (b bound) relative() bool { return b.kind == timeOfDay || b.kind == afterPacket }

// at returns the bound in nanoseconds since the epoch, 0 if there is none, for
// a capture whose first packet was at first.
func (b bound) at(first int64, zone report.Zone) int64 {
	switch b.kind {
	case timeOfDay:
		t := zone.At(first)
		return max(1, time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, int(b.nanos), t.Location()).UnixNano())
	case afterPacket:
		return max(1, first+b.nanos)
	}
	return b.nanos
}
