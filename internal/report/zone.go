package report

import "time"

// Zone is the time zone in which people are told times. The zero Zone is UTC; JSON and CSV
// are always in UTC.
type Zone struct{ Location *time.Location }

// At returns a time, in ns since the epoch.
func (z Zone) At(ns int64) time.Time {
	if z.Location == nil {
		return time.Unix(0, ns).UTC()
	}
	return time.Unix(0, ns).In(z.Location)
}

// Word returns what the zone is called then, as UTC or CET.
func (z Zone) Word(ns int64) string {
	if z.Location == nil {
		return "UTC"
	}
	return z.At(ns).Format("MST")
}

// Offset returns how many seconds its clocks are ahead of UTC then.
func (z Zone) Offset(ns int64) int64 {
	_, seconds := z.At(ns).Zone()
	return int64(seconds)
}

// instant writes a moment with its date.
func (z Zone) instant(ns int64) string { return z.At(ns).Format("2006-01-02 15:04:05.999 MST") }
