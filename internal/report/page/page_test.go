package page

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

// unpacked returns the data of a page as its script reads it.
func unpacked(t *testing.T, page []byte) []byte {
	t.Helper()
	m := regexp.MustCompile(`<script type="application/json" id="data">(.*)</script>`).FindSubmatch(page)
	if m == nil {
		t.Fatal("the page has no data")
	}
	var text string
	if err := json.Unmarshal(m[1], &text); err != nil {
		t.Fatal(err)
	}
	small, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(flate.NewReader(bytes.NewReader(small)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestHTMLGolden compares the fixed part of a page, and what its script gets.
func TestHTMLGolden(t *testing.T) {
	page := reporttest.Render(t, Write, reporttest.Incident())
	var data bytes.Buffer
	if err := json.Indent(&data, unpacked(t, page), "", " "); err != nil {
		t.Fatal(err)
	}
	lists := regexp.MustCompile(`\[[^\[\]{}]*\]`)
	reporttest.Golden(t, "incident-data.json", lists.ReplaceAllFunc(data.Bytes(), func(b []byte) []byte {
		return regexp.MustCompile(`\n *`).ReplaceAll(b, nil)
	}))
	reporttest.Golden(t, "incident.html", fixed(page))
	multiplexed := string(unpacked(t, reporttest.Render(t, Write, reporttest.Multiplexed())))
	for _, want := range []string{`"HTTP/2: 14 streams opened, at most 5 at once of 4 that the server allows, 2 refused by the server`, `"stream":[1,3]`} {
		if !strings.Contains(multiplexed, want) {
			t.Errorf("no %s in\n%s", want, multiplexed)
		}
	}
	reporttest.Golden(t, "story.html", fixed(reporttest.Render(t, Write, reporttest.Samples()["story"])))
}

// fixed returns a page without its script, style and data.
func fixed(page []byte) []byte {
	for _, r := range [][2]string{
		{`(?s)<style>.*</style>`, "<style></style>"},
		{`<script type="application/json" id="data">.*</script>`, `<script type="application/json" id="data"></script>`},
		{`(?s)<script>.*</script>`, "<script></script>"},
		{`sha256-[\w+/&#;]*=`, "sha256-"},
	} {
		page = regexp.MustCompile(r[0]).ReplaceAll(page, []byte(r[1]))
	}
	return page
}

// TestHTMLPolicy holds the policy to what the page runs, and the page to the
// policy: nothing from elsewhere, nothing made of text.
func TestHTMLPolicy(t *testing.T) {
	page := string(reporttest.Render(t, Write, reporttest.Incident()))
	policy := nethtml.UnescapeString(regexp.MustCompile(`Policy" content="([^"]*)"`).FindStringSubmatch(page)[1])
	if want := "default-src 'none'; script-src '" + policyHash(between(t, page, "<script>", "</script>")) +
		"'; style-src '" + policyHash(between(t, page, "<style>", "</style>")) + "'; base-uri 'none'; form-action 'none'"; policy != want {
		t.Errorf("got policy %s, want %s", policy, want)
	}
	for _, own := range []string{"page.html", "page.css", "page_data.js", "page_charts.js", "page_lanes.js", "page_table.js", "page_detail.js", "page.js"} {
		for _, never := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "://", "url(", "@import", "style=", "fetch("} {
			if strings.Contains(asset(own), never) {
				t.Errorf("%s holds %s", own, never)
			}
		}
	}
	if !strings.Contains(asset("uPlot.LICENSE"), "MIT") {
		t.Error("uPlot comes without its licence")
	}
}

// between returns what stands between the last two words.
func between(t *testing.T, s, from, to string) string {
	t.Helper()
	i, j := strings.LastIndex(s, from), strings.LastIndex(s, to)
	if i < 0 || j < i {
		t.Fatalf("no %s%s", from, to)
	}
	return s[i+len(from) : j]
}

// shape returns the elements of a page with their attributes' names.
func shape(t *testing.T, page []byte) map[string]int {
	t.Helper()
	n := map[string]int{}
	z := nethtml.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return n
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			tok := z.Token()
			if slices.Contains([]atom.Atom{atom.Img, atom.A, atom.Iframe, atom.Object, atom.Link, atom.Form, atom.Base, atom.Svg}, tok.DataAtom) {
				t.Errorf("the page has an element %s", tok)
			}
			n[tok.Data]++
			for _, a := range tok.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" || a.Key == "style" {
					t.Errorf("the page has an attribute %s", tok)
				}
				n[tok.Data+" "+a.Key]++
			}
		case nethtml.CommentToken:
			t.Errorf("the page has a comment %s", z.Token())
		}
	}
}

func TestHTMLEscapesHostileText(t *testing.T) {
	for name, pair := range map[string][2]*report.Report{"report": {reporttest.Attacked(), reporttest.Attacked()}, "story": {reporttest.AttackedStory(), reporttest.AttackedStory()}} {
		harmless := pair[1]
		for i := range harmless.Meta.Sources {
			harmless.Meta.Sources[i].Name, harmless.Meta.Sources[i].Format = "a.pcap", "pcap"
		}
		harmless.Meta.Damage.Source, harmless.Meta.Damage.Reason = "a", "b"
		harmless.Meta.LinkTypes, harmless.Meta.CommandLine = []string{"RAW"}, []string{"kaanalyze"}
		harmless.Meta.Filter, harmless.Version, harmless.Facts.(*reporttest.HandMade).Why = "tcp", "v1", "why"
		for i := range harmless.Facts.(*reporttest.HandMade).Exch {
			x := &harmless.Facts.(*reporttest.HandMade).Exch[i]
			x.MethodName, x.Target, x.Host = "GET", "/", "h"
		}
		if harmless.Story != nil {
			for i := range harmless.Story.Lines {
				harmless.Story.Lines[i].Means, harmless.Story.Lines[i].Flags = []string{"x"}, "S"
			}
		}
		got := reporttest.Render(t, Write, pair[0])
		if diff := cmp.Diff(shape(t, reporttest.Render(t, Write, harmless)), shape(t, got)); diff != "" {
			t.Errorf("%s: attacks change the page: -harmless +attacked:\n%s", name, diff)
		}
		for _, c := range string(fixed(got)) {
			if c != '\n' && !unicode.IsPrint(c) {
				t.Errorf("%s: the page holds %U", name, c)
			}
		}
		if name == "report" {
			var data any
			if err := json.Unmarshal(unpacked(t, got), &data); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestHTMLHoldsASampleOfMany(t *testing.T) {
	r := reporttest.Many(maxRows + 7001)
	last := uint64(maxRows + 7001)
	r.Diagnosis.Findings[0].Examples[0].Connection = last - 1
	page := reporttest.Render(t, Write, r)
	var data struct {
		Rows    int
		Columns map[string][]int64
	}
	if err := json.Unmarshal(unpacked(t, page), &data); err != nil {
		t.Fatal(err)
	}
	ids := data.Columns["id"]
	if data.Rows != maxRows || len(ids) != maxRows || !slices.IsSorted(ids) {
		t.Errorf("got %d rows and %d ids, want %d in order", data.Rows, len(ids), maxRows)
	}
	if !slices.Contains(ids, int64(last-1)) {
		t.Error("an example of a finding is not in the sample")
	}
	if want := "This page holds 20,000 of 27,001 connections"; !bytes.Contains(page, []byte(want)) {
		t.Errorf("want %q in the page", want)
	}
	for name, c := range data.Columns {
		if len(c) != maxRows {
			t.Errorf("column %s has %d values", name, len(c))
		}
	}
}

// TestHTMLSaysWhatIsLeftOut has more exchanges than a page holds.
func TestHTMLSaysWhatIsLeftOut(t *testing.T) {
	r := reporttest.Many(5)
	add := func(id uint64, n int) {
		for i := range n {
			x := reporttest.Exchanges()[0]
			x.Connection, x.N = id, uint32(i+1)
			r.Facts.(*reporttest.HandMade).Exch = append(r.Facts.(*reporttest.HandMade).Exch, x)
		}
	}
	add(1, maxExchanges-2)
	add(2, 3)
	add(3, 2)
	add(4, 1)
	r.Diagnosis.Findings[0].Examples[0].Connection = 4
	page := reporttest.Render(t, Write, r)
	var data struct {
		Exchanges struct {
			All, Held, Without int
			Columns            map[string][]int
		}
	}
	if err := json.Unmarshal(unpacked(t, page), &data); err != nil {
		t.Fatal(err)
	}
	rows := map[int]int{}
	for _, row := range data.Exchanges.Columns["row"] {
		rows[row]++
	}
	// The example's has room first, and then what still fits as a whole.
	if diff := cmp.Diff(map[int]int{0: maxExchanges - 2, 3: 1}, rows); diff != "" {
		t.Errorf("exchanges by row: want -, got +:\n%s", diff)
	}
	x := data.Exchanges
	if x.All != maxExchanges+4 || x.Held != maxExchanges-1 || x.Without != 2 {
		t.Errorf("got %d of %d exchanges and %d rows without", x.Held, x.All, x.Without)
	}
	for _, want := range []string{"; this page holds 49,999 of 50,004 exchanges</p>", "2 connections have theirs left out"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("want %q in the page", want)
		}
	}
	if whole := reporttest.Render(t, Write, reporttest.Incident()); bytes.Contains(whole, []byte(`id="cut"`)) {
		t.Error("a page with all exchanges says that some are left out")
	}
}

func TestHTMLOfAnyReport(t *testing.T) {
	for name, r := range reporttest.Samples() {
		page := string(reporttest.Render(t, Write, r))
		if !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.HasSuffix(page, "</html>\n") {
			t.Errorf("%s: the page is not whole", name)
		}
		if has, want := strings.Contains(page, `id="explore"`), r.Story == nil && r.Records().Len() > 0; has != want {
			t.Errorf("%s: connections to explore: got %v, want %v", name, has, want)
		}
	}
}

// TestHoldersAreOfAllConnections draws none where some are in the sums alone.
func TestHoldersAreOfAllConnections(t *testing.T) {
	r := reporttest.Incident()
	r.NotKept = 1
	if page := unpacked(t, reporttest.Render(t, Write, r)); !bytes.Contains(page, []byte(`"holders":null`)) {
		t.Error("the page shows the population of the connections kept alone")
	}
}

// estimating are facts of which requests are estimated: as many as the row's number, from 0.
type estimating struct{ report.Facts }

func (e estimating) Connection(i int, c *analyze.Connection) {
	e.Facts.Connection(i, c)
	c.Requests, c.RequestsEstimated = analyze.Unknown, int64(i)
}

// TestEstimatedRequests holds that a row has one more than is estimated, and 0 without an
// estimate.
func TestEstimatedRequests(t *testing.T) {
	for estimated, want := range map[bool][]int64{false: {0, 0, 0, 0, 0}, true: {1, 2, 3, 4, 5}} {
		r := reporttest.Incident()
		if estimated {
			r.Facts = estimating{r.Records()}
		}
		var data struct {
			Columns struct{ Estimated []int64 }
		}
		if err := json.Unmarshal(unpacked(t, reporttest.Render(t, Write, r)), &data); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, data.Columns.Estimated); diff != "" {
			t.Errorf("estimated %v: want -, got +:\n%s", estimated, diff)
		}
	}
}
