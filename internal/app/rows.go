package app

import (
	"errors"
	"slices"
)

// checkRows refuses --complete-rows where there are no rows, or where none is ever complete.
func (s *settings) checkRows() error {
	if !s.CompleteRows {
		return nil
	}
	for _, x := range []struct {
		given bool
		flag  string
	}{
		{s.live != nil, "-i"}, {s.Follow, "--follow"}, {s.TUI, "--tui"}, {s.Conn != 0, "--conn"},
	} {
		if x.given {
			return usagef("%s and --complete-rows exclude each other: rows are complete when a capture has ended", x.flag)
		}
	}
	if s.format.Name != streaming && !slices.ContainsFunc(s.outputs, func(o output) bool { return o.format.Name == streaming }) {
		return &UsageError{errors.New("--complete-rows: no NDJSON is written"), "-f ndjson, or -o rows.ndjson, writes it"}
	}
	return nil
}

// rowsMissing is the error of connections that are only counted.
func (s *settings) rowsMissing() error {
	if len(s.parts) > 0 {
		return &UsageError{errors.New("--complete-rows: not all of these parts have their connections one by one"), "--part-rows keeps them, when a part is written"}
	}
	return errors.New("detail was given up to stay within --max-memory, and --complete-rows needs all of it; raise that, or give fewer captures")
}

// pointOfCaptures returns the name of the point where the captures were made that are read.
func (s *settings) pointOfCaptures() string {
	if len(s.files) == 0 || s.Demo != nil {
		return s.pointOf(demoName)
	}
	if s.files[0] == "-" {
		return s.pointOf("stdin")
	}
	return s.pointOf(s.files[0])
}
