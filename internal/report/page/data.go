package page

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

const (
	// maxRows is how many connections a page holds.
	maxRows = 20_000
	// maxExchanges is how many exchanges it holds.
	maxExchanges = 50_000
)

// data is what the script of a page draws from. Times are microseconds
// since Zero, and those of a connection since its start.
type data struct {
	Zero      int64    `json:"zero"` // ms since the epoch
	ZeroMicro int64    `json:"zero_micro"`
	Offset    int64    `json:"offset,omitempty"` // of the zone, ms that it is ahead of UTC
	Zone      string   `json:"zone,omitempty"`   // "" is UTC
	End       int64    `json:"end"`
	All       int64    `json:"all"` // connections of the capture, of which Rows are here
	Rows      int      `json:"rows"`
	Pairs     []string `json:"pairs"`
	Words     []string `json:"words"` // that columns refer to

	Columns   map[string]column `json:"columns"`
	Findings  []findingRows     `json:"findings"`
	Series    *series           `json:"series"`
	Exchanges *exchangeData     `json:"exchanges"`
}

// findingRows says which rows show a finding.
type findingRows struct {
	Rule string `json:"rule"`
	Rows column `json:"rows"` // each as the distance from the one before
	All  int64  `json:"all"`
}

// series is the shape over time.
type series struct {
	Step     int64    `json:"step"` // seconds
	Start    int64    `json:"start"`
	Opened   column   `json:"opened"`
	Requests column   `json:"requests"`
	Reused   column   `json:"reused"`
	TimeWait column   `json:"time_wait"`
	Holders  []holder `json:"holders"`
}

// holder is the TIME_WAIT population of one host.
type holder struct {
	Host     string `json:"host"`
	TimeWait column `json:"time_wait"`
}

// exchangeData are the exchanges of the rows: of each all or none.
type exchangeData struct {
	All     int               `json:"all"`     // of the capture
	Held    int               `json:"held"`    // how many of them are here
	Without int               `json:"without"` // rows that have exchanges, but not here
	Texts   []string          `json:"texts"`
	Columns map[string]column `json:"columns"`
}

// column holds a value for each row, Unknown for none.
type column []int64

// MarshalJSON writes null for what is unknown.
func (c column) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, n := range c {
		if i > 0 {
			b = append(b, ',')
		}
		if n == analyze.Unknown {
			b = append(b, "null"...)
		} else {
			b = fmt.Append(b, n)
		}
	}
	return append(b, ']'), nil
}

// micro returns ns in microseconds.
func micro(ns int64) int64 {
	if ns == analyze.Unknown {
		return ns
	}
	return ns / 1e3
}

// dictionary numbers strings as they are met.
type dictionary struct {
	list []string
	by   map[string]int64
}

// number returns which string of the list s is.
func (w *dictionary) number(s string) int64 {
	n, ok := w.by[s]
	if !ok {
		if w.by == nil {
			w.by = map[string]int64{}
		}
		n = int64(len(w.list))
		w.by[s] = n
		w.list = append(w.list, s)
	}
	return n
}
