package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// page is one that users read: README.md, or one of docs.
type page struct {
	name string // from the top of the checkout
	text string
}

// pages returns README.md, then those of docs.
func pages(t *testing.T) []page {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil || len(names) < 10 {
		t.Fatalf("got %v, error %v", names, err)
	}
	var all []page
	for _, name := range slices.Insert(names, 0, filepath.Join("..", "..", "README.md")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page{strings.TrimPrefix(filepath.ToSlash(name), "../../"), string(text)})
	}
	return all
}

// TestReadmeWords keeps the README a page that is read in one go.
func TestReadmeWords(t *testing.T) {
	if n := len(strings.Fields(pages(t)[0].text)); n > 2200 {
		t.Errorf("the README has %d words, more than 2,200: the rest belongs into docs/", n)
	}
}

// TestGoldenReadme compares the reports that pages show with that of make demo: its
// beginning in the README, all of it in docs/reading.md.
func TestGoldenReadme(t *testing.T) {
	report := succeed(t, "--demo")
	lines := strings.SplitAfter(report, "\n")
	for name, want := range map[string]string{"README.md": strings.Join(lines[:10], ""), "docs/reading.md": report} {
		all := pages(t)
		i := slices.IndexFunc(all, func(p page) bool { return p.name == name })
		before, rest, ok := strings.Cut(all[i].text, "```text\n")
		shown, after, ended := strings.Cut(rest, "```\n")
		if !ok || !ended {
			t.Fatalf("%s shows no report", name)
		}
		if *update {
			text := before + "```text\n" + want + "```\n" + after
			if err := os.WriteFile(filepath.Join("..", "..", filepath.FromSlash(name)), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(shown, "\n")); diff != "" {
			t.Errorf("-make demo, +%s; make golden if it is right:\n%s", name, diff)
		}
	}
}

// TestReadmeView compares the view in docs/view.md with the one that is tested.
func TestReadmeView(t *testing.T) {
	view, err := os.ReadFile(filepath.Join("..", "..", "internal", "tui", "testdata", "demo-connections-80x24.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages(t) {
		if p.name == "docs/view.md" && !strings.Contains(p.text, "```text\n"+string(view)+"```\n") {
			t.Errorf("docs/view.md does not show\n%s", view)
		}
	}
}

// othersFlags are flags of other programs in commands of the pages.
var othersFlags = []string{"--network", "--user", "--cap-drop", "--cap-add", "--rm", "--net"}

// TestReadmeFlags finds every flag that the pages and the manual name in the help.
func TestReadmeFlags(t *testing.T) {
	help := usage()
	manual, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(pages(t), page{"doc.go", string(manual)}) {
		for _, flag := range regexp.MustCompile(`--[a-z][a-z0-9-]+`).FindAllString(p.text, -1) {
			if !strings.Contains(help, flag+" ") && !strings.Contains(help, flag+"[=") && !slices.Contains(othersFlags, flag) {
				t.Errorf("%s: %s is not in the help", p.name, flag)
			}
		}
	}
}

// TestReadmeTargets finds every make target that the pages name in the Makefile.
func TestReadmeTargets(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages(t) {
		for _, m := range regexp.MustCompile("(?m)(?:^|`|^sudo )make ([a-z][a-z-]*)(?:`|  #|$)").FindAllStringSubmatch(p.text, -1) {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
				t.Errorf("%s: there is no make %s", p.name, m[1])
			}
		}
	}
}
