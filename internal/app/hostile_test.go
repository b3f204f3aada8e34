package app

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
)

// harmless says for each format why what was written from attacks would do
// something, nil if it would not.
var harmless = map[string]func(out string) error{
	"text":   shown,
	"md":     shown, // testdata/browser renders it
	"html":   inertPage,
	"json":   inertJSON,
	"ndjson": inertLines,
	"csv":    inertCells,
	"svg":    inertPicture,
	"png": func(out string) error {
		_, err := png.Decode(strings.NewReader(out))
		return err
	},
}

// shown finds what a terminal does not just show: controls, also of the
// direction of writing, and bytes that are no character.
func shown(out string) error {
	for i, r := range out {
		if r == '\n' {
			continue
		}
		if _, size := utf8.DecodeRuneInString(out[i:]); unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) || r == utf8.RuneError && size == 1 {
			return fmt.Errorf("%q in %q", r, out[max(0, i-40):min(len(out), i+40)])
		}
	}
	return nil
}

func inertJSON(out string) error {
	if !json.Valid([]byte(out)) {
		return errors.New("it is not JSON")
	}
	return shown(out)
}

func inertLines(out string) error {
	for line := range strings.Lines(out) {
		if err := inertJSON(strings.TrimSuffix(line, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// inertCells finds cells that a spreadsheet computes.
func inertCells(out string) error {
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) || strings.ContainsAny(cell, "\r\n") {
				return fmt.Errorf("the cell %q", cell)
			}
		}
	}
	return errors.Join(err, shown(strings.ReplaceAll(out, "\r\n", "\n")))
}

// ours are the elements that the page's template has.
var ours = strings.Fields(`html head meta title style body header main footer section p h1 h2 h3 div strong b span code ol li dl dt dd
	table thead tbody tr th td button label input output noscript canvas aside details summary script`)

// inertPage finds elements and attributes that the page's template does not have.
func inertPage(out string) error {
	tokens := html.NewTokenizer(strings.NewReader(out))
	scripts := 0
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if scripts != 1 && scripts != 2 {
				return fmt.Errorf("it has %d scripts", scripts)
			}
			return ignoreEOF(tokens.Err())
		case html.CommentToken:
			return fmt.Errorf("a comment: %q", tokens.Raw())
		case html.TextToken:
			if err := shown(strings.ReplaceAll(string(tokens.Text()), "\t", " ")); err != nil {
				return err
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := tokens.Token()
			if tag.Data == "script" {
				scripts++
			}
			for _, a := range tag.Attr {
				if strings.HasPrefix(a.Key, "on") || slices.Contains([]string{"href", "src", "action", "formaction", "srcdoc"}, a.Key) {
					return fmt.Errorf("the attribute %s", tag)
				}
			}
			if !slices.Contains(ours, tag.Data) {
				return fmt.Errorf("the element %s", tag)
			}
		}
	}
}

// inertPicture finds what a drawing may do besides showing itself.
func inertPicture(out string) error {
	for d := xml.NewDecoder(strings.NewReader(out)); ; {
		token, err := d.Token()
		if err != nil {
			return ignoreEOF(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if slices.Contains([]string{"script", "foreignObject", "a", "image", "use", "animate", "set", "handler"}, e.Name.Local) {
			return fmt.Errorf("the element %s", e.Name.Local)
		}
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#") {
				return fmt.Errorf("the attribute %s of %s", a.Name.Local, e.Name.Local)
			}
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// hostileNames are names of files that hold attacks, too.
var hostileNames = []string{
	"<img src=x onerror=alert(1)>.pcap", "\x1b]0;owned\a\u202e|@all|`x`.pcap", "=cmd|' C calc'!A0.pcap", "\xff\u2028\n# heading\n<script>.pcap",
}

// withHostileNames copies the capture to files of such names in a new folder.
func withHostileNames(t *testing.T) (files []string) {
	t.Helper()
	data := capturetest.Pcap(t, hostileScript())
	folder := t.TempDir()
	for i, name := range hostileNames {
		name = filepath.Join(folder, name)
		if err := os.WriteFile(name, data[:len(data)-i], 0o666); err != nil { // all but the first are damaged
			t.Fatal(err)
		}
		files = append(files, name)
	}
	return files
}

// TestHostileReports writes every format of a capture that is full of attacks,
// from files whose names are.
func TestHostileReports(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, file := range withHostileNames(t) {
		for _, c := range []Config{{}, {Exchanges: true}, {Exchanges: true, ShowSecrets: true}} {
			c.Read, c.CommandLine = []string{file}, []string{file}
			checkHostile(t, c)
		}
	}
}

// TestHostileStories tells connections of that capture: of each attack, and in
// each place.
func TestHostileStories(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	file, err := filepath.Abs(hostileCapture)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for id := len(attacks)*len(places) + 1; id > 0; id -= 7 {
		checkHostile(t, Config{Read: []string{file}, CommandLine: []string{file}, Conn: uint64(id), ShowSecrets: true})
		if t.Failed() {
			return
		}
	}
}

// checkHostile writes a report in every format, and checks all that is said.
func checkHostile(t *testing.T, c Config) {
	t.Helper()
	for _, f := range formats.All {
		c.Output = append(c.Output, "report"+f.Ending)
	}
	c.Verbose, c.Color = true, "never"
	code, stdout, stderr := command(c)
	if err := errors.Join(shown(stdout), shown(stderr)); code != ExitOK || err != nil {
		t.Errorf("%+q: got exit code %d; %v", c.Read, code, err)
	}
	for _, f := range formats.All {
		out, err := os.ReadFile("report" + f.Ending)
		if err == nil {
			err = os.Remove("report" + f.Ending)
		}
		check := harmless[f.Name]
		if check == nil {
			t.Fatalf("no check of what %s holds: add one", f.Name)
		}
		if err := errors.Join(err, check(string(out))); err != nil {
			t.Errorf("%+q: %s has %v", c.Read, f.Name, err)
		}
	}
}

// TestHostileColours finds no other sequences than those of colours.
func TestHostileColours(t *testing.T) {
	bold := regexp.MustCompile(`\x1b\[(0|1|36|1;3[123])m`)
	for _, id := range []uint64{0, 8, 9, 248} {
		out := succeed(t, Config{Read: []string{hostileCapture}, Conn: id, Quiet: true, Color: "always"})
		if !bold.MatchString(out) {
			t.Errorf("connection %d: it has no colour", id)
		}
		if err := shown(bold.ReplaceAllString(out, "")); err != nil {
			t.Errorf("connection %d: %v", id, err)
		}
	}
}

// TestHostileTextIsThere makes sure that the attacks reach the reports at all.
func TestHostileTextIsThere(t *testing.T) {
	var r struct {
		Exchanges []struct{ Method, Target, Host string }
	}
	if err := json.Unmarshal([]byte(succeedJSON(t, Config{Read: []string{hostileCapture}, Exchanges: true, ShowSecrets: true})), &r); err != nil {
		t.Fatal(err)
	}
	var targets, hosts int
	for _, a := range attacks {
		a = strings.ToValidUTF8(a, "\ufffd")
		for _, x := range r.Exchanges {
			targets += strings.Count(x.Target, a)
			hosts += strings.Count(x.Host, a)
		}
	}
	if targets < 50 || hosts < 10 {
		t.Errorf("got attacks %d times in targets and %d times in hosts", targets, hosts)
	}
}

// TestHostileMistakes says what is wrong with names that do not exist.
func TestHostileMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, a := range slices.Concat(attacks, hostileNames) {
		for _, c := range []Config{
			{Read: []string{a}}, {Words: []string{"./" + a + ".pcap"}}, {Output: []string{a}}, {Format: a}, {Server: a}, {Since: a}, {Until: a}, {FailOn: []string{a}},
			{Baseline: a}, {FilterFile: a}, {Color: a}, {Listen: a}, {Demo: demo, Output: []string{"no/" + a + ".txt"}}, {Demo: demo, Words: []string{a}},
		} {
			code, stdout, stderr := command(c)
			if err := errors.Join(shown(stdout), shown(stderr)); err != nil || code == ExitOK && c.Demo == nil {
				c.Demo = nil
				t.Errorf("%+v: got exit code %d; %v", c, code, err)
			}
		}
	}
}

// TestHostileView tells connections as the view does, and says how the reading goes.
func TestHostileView(t *testing.T) {
	files := withHostileNames(t)
	j, src, x := viewed(t, files[1])
	for id := uint64(1); id <= uint64(x.Len()); id += 7 {
		story, err := j.tellConnection(x, id, 0)
		if err = errors.Join(err, shown(story)); err != nil {
			t.Errorf("connection %d: %v", id, err)
		}
	}
	var said bytes.Buffer
	j.ui.w = &said
	j.source.set(src)
	j.status()
	if err := shown(j.viewName(src)); err != nil || shown(said.String()) != nil || said.Len() == 0 {
		t.Errorf("got status %q; the view's name has %v", said.String(), err)
	}
}
