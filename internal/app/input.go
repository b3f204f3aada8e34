package app

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// setInput tells captures from the filter.
func (s *settings) setInput() error {
	s.files = slices.Clone(s.Read)
	words := s.Words
	for s.live == nil && len(words) > 0 && (words[0] == "-" || exists(words[0])) {
		s.files = append(s.files, words[0])
		words = words[1:]
	}
	if err := s.checkWords(words); err != nil {
		return err
	}
	s.takeParts()
	if s.Demo != nil {
		if all := slices.Concat(s.files, s.parts); len(all) > 0 {
			return usagef("--demo and %s exclude each other", printable(all[0]))
		}
		s.files = []string{"-"}
	}
	filter := strings.Join(words, " ")
	if s.FilterFile != "" {
		if filter != "" {
			return usagef("the filter is given twice: %q and --filter-file %q", filter, s.FilterFile)
		}
		var err error
		if filter, err = readFilter(s.FilterFile); err != nil {
			return err
		}
	}
	if s.live != nil {
		if s.live.filter = filter; !s.Live.Piped {
			usual := defaultFilter
			if s.Resolve {
				usual = resolvingFilter
			}
			s.live.filter = cmp.Or(filter, usual)
		}
		return nil
	}
	s.filter = filter
	return nil
}

// checkWords looks for the names of files among the words of the filter.
func (s *settings) checkWords(words []string) error {
	for _, w := range words {
		switch there := exists(w); {
		case s.live != nil, !looksLikeFile(w):
		case there:
			hint := fmt.Sprintf("the filter begins with %q here", words[0])
			if s.Anonymize == RandomKey {
				hint += "; the key of --anonymize follows a =, as in --anonymize=KEY"
			}
			return &UsageError{fmt.Errorf("%s is a file; put files before the filter", printable(w)), hint}
		default:
			return &UsageError{
				fmt.Errorf("%s: no such file", printable(w)),
				"words that do not name a file are a pcap filter; quote the filter as one word if it is one",
			}
		}
	}
	return nil
}

// exists reports whether there is a file, or anything else, of that name. In a folder that
// the user may not search a file is there if the name is that of one.
func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil || errors.Is(err, fs.ErrPermission) && looksLikeFile(name)
}

// Compiled when needed, as all that takes a while: a program starts in milliseconds.
var (
	captureEnding = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\.(pcap|pcapng|cap|ntar|dmp|dump|kap)[0-9]*(\.(gz|zst|zstd|xz|lz4))?$|\.(gz|zst|zstd|xz|lz4)$`)
	})
	pathWord = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(~|\.{1,2})?/|^[\pL\pN._-]+(/[\pL\pN._-]+)*/[\pL\pN._-]*[\pL._-][\pL\pN._-]*$`)
	})
)

// looksLikeFile reports whether a word is more likely a file's name than part
// of a filter. A network as 10.0.0.0/8 is part of a filter.
func looksLikeFile(word string) bool {
	return captureEnding().MatchString(word) || pathWord().MatchString(word)
}

// readFilter reads a filter as tcpdump's -F does: # begins a comment.
func readFilter(name string) (string, error) {
	const most = 1 << 20
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("read filter: %w", err)
	}
	if len(text) > most {
		return "", fmt.Errorf("read filter: %s is longer than 1 MiB", printable(name))
	}
	var words []string
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		words = append(words, strings.Fields(string(line))...)
	}
	return strings.Join(words, " "), nil
}
