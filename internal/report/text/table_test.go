package text

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/report"
)

// TestTableFits draws tables on a terminal of 80 columns.
func TestTableFits(t *testing.T) {
	numbers := func(server string, more ...string) *report.Table {
		heads := append([]string{"server", "clients", "conns", "requests", "reused", "by server", "by client", "TIME_WAIT"}, more...)
		return &report.Table{Heads: heads, Align: "lrrrrrrrr"[:len(heads)], Notes: []string{""},
			Rows: [][]string{append([]string{server}, strings.Split("123456789", "")[:len(heads)-1]...)}}
	}
	words := func(of string) *report.Table {
		return &report.Table{Heads: []string{"close", "connections", "share", ""}, Align: "lrrl", Notes: []string{""}, Rows: [][]string{{"half_closed", "4", "100.0%", of}}}
	}
	for _, c := range []struct {
		name  string
		table *report.Table
		want  string
	}{
		{"there is room", numbers("web:80"), "" +
			"  server  clients  conns  requests  reused  by server  by client  TIME_WAIT\n" +
			"  web:80        1      2         3       4          5          6          7\n"},
		{"a long name stands alone", numbers("10.20.0.2:8080"), "" +
			"  server       clients  conns  requests  reused  by server  by client  TIME_WAIT\n" +
			"  10.20.0.2:8080\n" +
			"                     1      2         3       4          5          6          7\n"},
		{"columns move together", numbers("10.20.0.2:8080", "failed"), "" +
			"  server      clients conns requests reused by server by client TIME_WAIT failed\n" +
			"  10.20.0.2:8080\n" +
			"                    1     2        3      4         5         6         7      8\n"},
		{"words have room", words("FIN from each side"), "" +
			"  close        connections   share\n" +
			"  half_closed            4  100.0%  FIN from each side\n"},
		{"words wrap", words("one FIN: its sender in FIN-WAIT-2, the other in CLOSE-WAIT"), "" +
			"  close        connections   share\n" +
			"  half_closed            4  100.0%  one FIN: its sender in FIN-WAIT-2, the other\n" +
			"                                    in CLOSE-WAIT\n"},
	} {
		var out bytes.Buffer
		if err := writePlain(&out, &report.Options{Width: 80}, func(p *plainText) { p.Table(c.table) }); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(line) - 1; n > 80 {
				t.Errorf("%s: %d columns: %q", c.name, n, line)
			}
		}
	}
}
