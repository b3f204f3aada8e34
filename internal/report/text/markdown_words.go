package text

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// In Markdown a word may mention a person, refer to an issue, link, draw or end
// a table. What might goes into a span of code, where nothing means anything;
// the rest stays as it is, so that the source reads well too.

// special finds words that Markdown, GitHub or GitLab would take for more than text.
var special = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("[`*~|\\\\\\[\\]&@#]|(^|[^\\pL\\pN])_|_([^\\pL\\pN]|$)|<[A-Za-z/!?]|://|(?i:www\\.)|[!$%^+][\\pL\\pN\"{]|:[\\w+-]*[a-z][\\w+-]*:|(?i:\\bgh-\\d)")
})

// specialAtStart finds those at the start of a line.
var specialAtStart = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([-+=>]+|\d+[.)]|[-=]{2,}.*)$`)
})

// mdText returns text that is shown as it is.
func mdText(text string) string {
	text = printable(text)
	words := strings.Split(text, " ")
	for i, w := range words {
		if special().MatchString(w) || i == 0 && specialAtStart().MatchString(w) {
			words[i] = mdSpan(w)
		}
	}
	return strings.Join(words, " ")
}

// mdSpan puts a word into a span of code, and leaves the brackets and commas
// around it outside.
func mdSpan(w string) string {
	inner := strings.TrimLeft(w, `("`)
	before := w[:len(w)-len(inner)]
	w, inner = inner, strings.TrimRight(inner, `,.;:)"`)
	if inner == "" {
		return mdCode(before + w)
	}
	return before + mdCode(inner) + w[len(inner):]
}

// mdCode returns text as code.
func mdCode(text string) string {
	text = printable(text)
	if text == "" {
		return ""
	}
	if !strings.ContainsAny(text, "`|\\") {
		return "`" + text + "`"
	}
	// A table ends its cells even within code, and code has no escapes.
	var b strings.Builder
	for _, c := range text {
		if c < 0x80 && c != ' ' && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			fmt.Fprintf(&b, "&#%d;", c)
		} else {
			b.WriteRune(c)
		}
	}
	return "<code>" + b.String() + "</code>"
}

// printable replaces what a screen does not show.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return unicode.ReplacementChar
		}
		return c
	}, text)
}
