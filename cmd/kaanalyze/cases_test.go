package main

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

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/report/formats"
)

type goldenCase struct {
	name string
	args []string
}

// as returns the command line for a format.
func (c *goldenCase) as(format string) []string {
	switch format {
	case "text":
		return c.args
	case "json":
		return append([]string{"--json"}, c.args...)
	}
	return append([]string{"-f", format}, c.args...)
}

// cases are what the program must get right first, one recording of each, with
// the name of its expected reports and the command line. Every format of them is
// in testdata/golden.
var cases = []goldenCase{
	{"go-reuse", []string{"go-reuse.pcap"}},                                // the body read and closed
	{"go-unread-small", []string{"go-unread-small.pcap"}},                  // the body not read
	{"python-http10", []string{"python-http10.pcap"}},                      // the server ends each connection
	{"go-readtimeout", []string{"go-readtimeout.pcap"}},                    // ReadTimeout ends idle ones
	{"pool-default", []string{"pool-default.pcap"}},                        // two idle connections a host
	{"go-server-noreuse", []string{"go-server-noreuse.pcap"}},              // keep-alive switched off
	{"go-idleconntimeout", []string{"go-idleconntimeout.pcap"}},            // the client's idle timeout
	{"cut-data", []string{"cut-data.pcap"}},                                // the network cut
	{"timing-exchanges", []string{"--exchanges", "timing.pcap"}},           // the times of each request
	{"demo-part", []string{"--since", "+3", "--until", "+6", "demo.pcap"}}, // narrowed
}

// TestGoldenCases compares every format of the cases with testdata/golden.
func TestGoldenCases(t *testing.T) {
	for _, c := range cases {
		for _, f := range formats.All {
			if f.Name == "png" {
				continue // its drawing is that of svg
			}
			t.Run(c.name+f.Ending, func(t *testing.T) {
				got := inFolder(t, recordings, c.as(f.Name)...)
				if f.Name == "html" {
					got = withoutParts(t, got)
				}
				compare(t, c.name+f.Ending, got)
			})
		}
	}
}

// pageData is what the script of a page reads.
var pageData = regexp.MustCompile(`<script type="application/json" id="data">"(.*)"</script>`)

// withoutParts returns a page without the parts that all pages have, and its data
// as one can read it, a column a line.
func withoutParts(t *testing.T, page string) string {
	t.Helper()
	for of, is := range map[string]string{
		`(?s)<style>.*</style>`: "<style></style>", `(?s)<script>.*</script>`: "<script></script>", `sha256-[\w+/&#;]*=`: "sha256-",
	} {
		page = regexp.MustCompile(of).ReplaceAllString(page, is)
	}
	return pageData.ReplaceAllStringFunc(page, func(s string) string {
		text, err := base64.RawURLEncoding.DecodeString(pageData.FindStringSubmatch(s)[1])
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(flate.NewReader(bytes.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, data, "", " "); err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`\n *(-?\d+|null|"[^"\n]*"|\])(,?)`).ReplaceAllString(b.String(), "$1$2")
	})
}

// The order in which every report for people tells what there is.
var order = strings.Split("verdict|finding|gates|numbers|over time|why connections were not reused|who closes first and how|"+
	"by server|responses by server|by client-server pair|settings inferred|keep-alive probes|handshakes|one connection to look at|trust|provenance", "|")

// headings are how the formats for people begin each part; the first group that
// matched names it.
var headings = map[string]*regexp.Regexp{
	"text": regexp.MustCompile(`(?m)^(VERDICT) |^  1\. \[\w+\] +(KA)\d|^([A-Z][A-Z -]+?)(?: \(.*\))?$`),
	"md":   regexp.MustCompile(`(?m)^\*\*(PROBLEM|OK|CANNOT TELL)\*\*(?:: |, but )|^1\. \*\*(KA)\d|^## ([\w -]+?)(?: \(.*\))?$|^<details><summary>(.*)</summary>`),
	"html": regexp.MustCompile(`class="(verdict) |data-finding="(0)"|<h2>([\w -]+?)(?: \(.*\))?</h2>|<h2 id="explore-heading">(.*)</h2>|<details><summary>(.*)</summary>`),
}

// told returns the parts of a report in their order.
func told(format, out string) (parts []string) {
	for _, m := range headings[format].FindAllStringSubmatch(out, -1) {
		part := strings.ToLower(strings.Join(m[1:], ""))
		switch part {
		case "problem", "ok", "cannot tell":
			part = "verdict"
		case "ka", "0":
			part = "finding"
		case "what the words mean", "connections": // where there is room for them
			continue
		}
		parts = append(parts, part)
	}
	return parts
}

// TestOrder finds the same parts in the same order in all reports for people.
func TestOrder(t *testing.T) {
	for _, c := range append(cases, goldenCase{"demo", []string{"--fail-on", "connections>1000000", "demo.pcap"}}) {
		want := told("text", inFolder(t, recordings, c.args...))
		at := -1
		for _, part := range want {
			i := slices.Index(order, part)
			if i <= at {
				t.Errorf("%s: %q is not where it should be, or not known, in %q", c.name, part, want)
			}
			at = i
		}
		if len(want) < 9 || want[0] != "verdict" || want[len(want)-1] != "provenance" {
			t.Errorf("%s: got the parts %q", c.name, want)
		}
		for _, format := range []string{"md", "html"} {
			got := told(format, inFolder(t, recordings, c.as(format)...))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: -text, +%s:\n%s", c.name, format, diff)
			}
		}
	}
}
