package report

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextGolden(t *testing.T) {
	ascii := incident()
	ascii.Options.ASCII, ascii.Options.Width, ascii.Options.Top = true, 80, 1
	told := incident()
	told.Story = story()
	for _, c := range []struct {
		name string
		r    *Report
	}{
		{"incident", incident()}, {"incident-80", ascii}, {"no-tcp", emptyReport()},
		{"tls", tlsReport()}, {"no-http", noHTTPReport()}, {"story", told},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := render(t, "text", c.r)
			golden(t, c.name+".txt", got)
			width := newPage(nil, c.r).width
			for line := range strings.Lines(string(got)) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width && !strings.Contains(line, "sha256") {
					t.Errorf("line has %d columns, want at most %d: %q", n, width, line)
				}
			}
		})
	}
}
