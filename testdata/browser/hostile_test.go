package browser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	render "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
)

// hostile returns a capture whose texts are attacks, under a name that is one.
func hostile(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "hostile", "hostile.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "<img src=x onerror=alert(1)>|@all|`x`[a](javascript:alert(1)).pcap")
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// foreign counts elements that no page of ours has.
const foreign = `document.querySelectorAll("img, svg, iframe, object, embed, a, form, base, link, video, [onload], [onerror], [onfocus], [onmouseover]").length`

// TestHostileCapture looks at every connection of a capture full of attacks: they
// are text, and nothing else.
func TestHostileCapture(t *testing.T) {
	b := open(t, kaanalyze(t, "--exchanges", "--show-secrets", hostile(t)), 1366, 900)
	b.want(shown, "301 of 301 connections")
	b.want(`document.querySelector("h1").textContent.includes("<img src=x onerror=alert(1)>")`, "true")
	seen := b.text(`(() => {
		const table = document.getElementById("table");
		let seen = "";
		for (let i = 0; i < 301; i++) {
			table.dispatchEvent(new KeyboardEvent("keydown", {key: i ? "ArrowDown" : "Home", bubbles: true}));
			seen += document.getElementById("detail").textContent + "\n";
		}
		return seen;
	})()`)
	for _, want := range []string{
		"Connection 301", "/</script><script>alert(1)</script>", `<img/src=x/onerror=alert(2)><svg/onload=alert(3)>`, "javascript:alert(6)//`${alert(7)}`",
		`<!--><!--<script>]]><![CDATA[</style>`, "=cmd|", `\u202egnp.exe`, `\x1b]8;;https://evil.test/`, `](http://evil.test)`,
	} {
		if !strings.Contains(seen, want) {
			t.Errorf("the details do not show %q", want)
		}
	}
	if i := strings.IndexAny(seen, "\x00\x1b\u202e\u2066\u009b"); i >= 0 {
		t.Errorf("the details hold what is not to be seen: %q", seen[max(0, i-40):i+40])
	}
	b.want(foreign, "0")
	b.want(`document.scripts.length`, "2")
	b.quiet()
	b.shoot("hostile.png")
}

// TestHostileStories opens the pages of single connections.
func TestHostileStories(t *testing.T) {
	file := hostile(t)
	for id, want := range map[int]string{1: "</script><script>alert(1)</script>", 2: "<img/src=x/onerror=alert(2)>", 5: "]]><![CDATA[", 7: `\u202egnp.exe`, 8: `\x1b[2J`} {
		b := open(t, kaanalyze(t, "--conn", fmt.Sprint(id), "--show-secrets", file), 1366, 900)
		b.want(fmt.Sprintf("document.body.innerText.includes(%q)", want), "true")
		b.want(foreign, "0")
		b.want(`document.scripts.length`, "1")
		b.quiet()
	}
}

// rendered are the elements that Markdown of ours comes to.
var rendered = strings.Fields("h1 h2 p ol ul li strong code pre table thead tbody tr th td details summary")

// refers finds what a tracker makes a link of.
var refers = regexp.MustCompile(`(^|[^\pL\pN])(@[\pL\pN]|[#!$&%~]\d|GH-\d)|://|www\.|\]\(`)

// TestHostileMarkdown renders Markdown as GitHub does, but without its filter of
// raw HTML.
func TestHostileMarkdown(t *testing.T) {
	file := hostile(t)
	all := [][]string{{file}}
	for id := 1; id <= 301; id += 4 {
		all = append(all, []string{"--show-secrets", "--conn", fmt.Sprint(id), file})
	}
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList), goldmark.WithRendererOptions(render.WithUnsafe()))
	for _, args := range all {
		source, err := os.ReadFile(written(t, ".md", args...))
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if err := md.Convert(source, &page); err != nil {
			t.Fatal(err)
		}
		for _, trouble := range troubles(&page) {
			t.Errorf("%q: %s", args, trouble)
		}
	}
}

// troubles says what a rendered report has that is not ours.
func troubles(page *bytes.Buffer) (all []string) {
	counts := map[string]int{}
	code := 0
	for tokens := html.NewTokenizer(page); ; {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			if counts["h1"] != 1 || counts["/table"] != counts["table"] || counts["/details"] != counts["details"] {
				all = append(all, fmt.Sprintf("the elements %v", counts))
			}
			return all
		case html.CommentToken, html.DoctypeToken:
			all = append(all, fmt.Sprintf("the comment %q", tokens.Raw()))
		case html.TextToken:
			if text := string(tokens.Text()); code == 0 && refers.MatchString(text) {
				all = append(all, fmt.Sprintf("%q in the text %q", refers.FindString(text), text))
			}
		case html.EndTagToken:
			name, _ := tokens.TagName()
			counts["/"+string(name)]++
			if string(name) == "code" {
				code--
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := tokens.Token()
			counts[tag.Data]++
			if tag.Data == "code" {
				code++
			}
			for _, a := range tag.Attr {
				if !slices.Contains([]string{"align", "style", "class", "start"}, a.Key) || a.Key == "style" && !strings.HasPrefix(a.Val, "text-align:") {
					all = append(all, fmt.Sprintf("the attributes of %s", tag))
				}
			}
			if !slices.Contains(rendered, tag.Data) {
				all = append(all, fmt.Sprintf("the element %s", tag))
			}
		}
	}
}
