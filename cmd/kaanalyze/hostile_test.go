package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// TestHostileMistakes says what is wrong with names that do not exist, in letters
// that a terminal shows and nothing else.
func TestHostileMistakes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(recordings, "hostile", "attacks.txt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	names := []string{"<img src=x onerror=alert(1)>.pcap", "\xff\u2028\n# heading\n<script>.pcap"}
	for line := range strings.Lines(string(text)) {
		a, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, a)
	}
	for _, a := range names {
		if strings.Contains(a, "\x00") {
			continue // no argument holds one
		}
		for _, args := range [][]string{
			{"-r", a}, {"./" + a + ".pcap"}, {"-o", a}, {"-f", a}, {"--server", a}, {"--since", a}, {"--until=" + a}, {"--fail-on", a}, {"--explain", a},
			{"--baseline", a}, {"-F", a}, {"--" + a}, {"--color", a}, {"--listen", a}, {"--completion", a}, {"--demo", "-o", "no/" + a + ".txt"}, {"--demo", a},
		} {
			code, stdout, stderr := command(args...)
			if shown := plain(stdout) && plain(stderr); !shown || code == app.ExitOK && args[0] != "--demo" {
				t.Errorf("%q: got exit code %d, standard error %q", args, code, stderr)
			}
		}
	}
}

// plain reports whether a terminal just shows out: it holds no control character,
// also of the direction of writing, and no byte that is no character.
func plain(out string) bool {
	return strings.ToValidUTF8(out, "\x00") == out && !strings.ContainsFunc(strings.ReplaceAll(out, "\n", ""), func(r rune) bool {
		return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp)
	})
}
