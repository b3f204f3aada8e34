package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

func TestSVGGolden(t *testing.T) {
	reporttest.Golden(t, "incident.svg", reporttest.Render(t, WriteSVG, reporttest.Incident()))
	reporttest.Golden(t, "no-tcp.svg", reporttest.Render(t, WriteSVG, reporttest.NoTCP()))
}

// svgWords returns the texts of a picture, and how often each element is in it.
func svgWords(t *testing.T, picture []byte) (texts string, elements map[string]int) {
	t.Helper()
	elements = map[string]int{}
	var b strings.Builder
	in := xml.NewDecoder(bytes.NewReader(picture))
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return b.String(), elements
		}
		if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			elements[e.Name.Local]++
		case xml.CharData:
			b.Write(e)
		}
	}
}

func TestSVGEscapesHostileText(t *testing.T) {
	for name, r := range map[string]*report.Report{"report": reporttest.Attacked(), "story": reporttest.AttackedStory()} {
		for _, source := range []string{strings.Join(reporttest.Attacks, " "), strings.Repeat("W", 100_000), "</text></svg><script>alert(1)</script>", "\u202egnp.pcap\x00\xff",
			`style="font-family:Liberation Sans`, "😀捕獲"} {
			r.Meta.Sources = []report.Source{{Name: source, Size: -1}}
			r.Diagnosis.Verdict.Text = source
			got := reporttest.Render(t, WriteSVG, r)
			_, elements := svgWords(t, got)
			for e := range elements {
				if e != "svg" && e != "g" && e != "path" && e != "text" {
					t.Errorf("%s, %.40q: the picture has an element %s", name, source, e)
				}
			}
			for _, c := range string(got) {
				if c != '\n' && c != '\t' && !unicode.IsPrint(c) {
					t.Errorf("%s, %.40q: the picture holds %U", name, source, c)
				}
			}
			if len(got) > 100_000 {
				t.Errorf("%s, %.40q: got %d bytes", name, source, len(got))
			}
			decoded(t, reporttest.Render(t, WritePNG, r))
		}
	}
}

// decoded returns a picture that is not blank.
func decoded(t *testing.T, b []byte) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	size := m.Bounds().Size()
	if size.X != 1200 || size.Y < 150 || size.Y > 1000 {
		t.Errorf("got a picture of %v, want 1200 pixels by 150 to 1000", size)
	}
	dark := 0
	for y := range size.Y {
		for x := range size.X {
			if r, g, b, _ := m.At(x, y).RGBA(); r+g+b < 3*0x8000 {
				dark++
			}
		}
	}
	if dark < 1000 {
		t.Errorf("got %d dark pixels, want letters and lines", dark)
	}
	return m
}

func TestPictureOfAnyReport(t *testing.T) {
	r := reporttest.Samples()
	instant := reporttest.Incident()
	instant.Result.Series = analyze.Series{Step: 1, Start: reporttest.Noon, NewConnections: []int64{5}, Requests: []int64{14}, Reused: []int64{11}, TimeWait: []int64{3}}
	r["instant"] = instant
	for name, want := range map[string]struct {
		axis bool
		says []string
	}{
		"incident":  {true, []string{"PROBLEM: ", "Fix: ", "time, UTC, 2026-11-20", "at 10.20.0.2", "the requests of 1 connection are unknown", "damaged at packet 3,804,601; 3 packets were dropped"}},
		"instant":   {false, []string{"5 connections and 14 requests: too few seconds", "11 of 14 requests.", "At most 3 at 10.20.0.2, at once: too few seconds"}},
		"story":     {false, []string{"Connection 1", "without --conn"}},
		"no-tcp":    {false, []string{"CANNOT TELL: ", "No TCP connection was captured."}},
		"no-packet": {false, []string{"0 packets", "No TCP connection was captured."}},
		"tls":       {false, []string{"2 connections: too few seconds", "Requests are unknown: 2 connections", "None was seen."}},
		"no-http":   {false, []string{"No HTTP request was captured."}},
	} {
		first := reporttest.Render(t, WriteSVG, r[name])
		got, _ := svgWords(t, first)
		for _, s := range want.says {
			if !strings.Contains(got, s) {
				t.Errorf("%s: want %q in\n%s", name, s, got)
			}
		}
		if axis := strings.Contains(got, "time, UTC"); axis != want.axis {
			t.Errorf("%s: an axis of time: got %v, want %v", name, axis, want.axis)
		}
		if !bytes.Equal(first, reporttest.Render(t, WriteSVG, r[name])) || !bytes.Equal(reporttest.Render(t, WritePNG, r[name]), reporttest.Render(t, WritePNG, r[name])) {
			t.Errorf("%s: the same input gives another picture", name)
		}
		decoded(t, reporttest.Render(t, WritePNG, r[name]))
	}
}

// TestHoldersAreOfAllConnections draws none where some are in the sums alone.
func TestHoldersAreOfAllConnections(t *testing.T) {
	r := reporttest.Incident()
	r.NotKept = 1
	got, _ := svgWords(t, reporttest.Render(t, WriteSVG, r))
	if !strings.Contains(got, "TIME_WAIT entries, the most at once") || strings.Contains(got, "at 10.20.0.2") {
		t.Errorf("got a curve of the connections kept alone, or none:\n%s", got)
	}
}

func TestValueTicks(t *testing.T) {
	for _, c := range []struct {
		most float64
		want string
		top  float64
	}{
		{0, "0 1", 1}, {1, "0 1", 1}, {3, "0 1 2 3", 3}, {5, "0 1 2 3 4 5", 5}, {6, "0 2 4 6", 6}, {11, "0 5 10 15", 15},
		{68, "0 20 40 60 80", 80}, {100, "0 20 40 60 80 100", 100}, {1177, "0 500 1,000 1,500", 1500}, {3_000_001, "0 1,000,000 2,000,000 3,000,000 4,000,000", 4_000_000},
	} {
		ticks, top := valueTicks(c.most)
		if got := labels(ticks); got != c.want || top != c.top {
			t.Errorf("%v: got %s to %v, want %s to %v", c.most, got, top, c.want, c.top)
		}
	}
}

func labels(ticks []tick) string {
	var list []string
	for _, t := range ticks {
		list = append(list, t.label)
	}
	return strings.Join(list, " ")
}

func TestTimeTicks(t *testing.T) {
	const s, day = int64(1e9), int64(86400e9)
	for _, c := range []struct {
		name     string
		from, to int64
		want     string
	}{
		{"a second", reporttest.Noon, reporttest.Noon + s, "12:13:20.000 12:13:20.100 .* 12:13:21.000"},
		{"some seconds", reporttest.Noon - s/2, reporttest.Noon + 3*s, "12:13:19.500 12:13:20.000 .* 12:13:23.000"},
		{"two minutes", reporttest.Noon, reporttest.Noon + 120*s, "12:13:30 12:13:45 .* 12:15:15"},
		{"two hours", reporttest.Noon, reporttest.Noon + 7200*s, "12:15 12:30 .* 14:00 14:15|12:15 12:30 .* 14:00"},
		{"over midnight", reporttest.Noon, reporttest.Noon + day, "11-20 15:00 11-20 18:00 .* 11-21 12:00"},
		{"ten years", reporttest.Noon, reporttest.Noon + 3650*day, "2026-12-18 .* 2035-12-16"},
		{"less than a tick", reporttest.Noon + 1, reporttest.Noon + 2, ""},
	} {
		x := &picture{from: c.from, to: c.to}
		ticks := x.timeTicks()
		if got := labels(ticks); !regexp.MustCompile("^(?:" + c.want + ")$").MatchString(got) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		if len(ticks) > 11 || len(ticks) > 0 && (ticks[0].at < 0 || ticks[len(ticks)-1].at > 1) {
			t.Errorf("%s: got %v", c.name, ticks)
		}
	}
}

func TestPictureDiffersByData(t *testing.T) {
	r := reporttest.Incident()
	before, _ := svgWords(t, reporttest.Render(t, WriteSVG, r))
	r.Result.Series.TimeWait[50] = 30
	after, _ := svgWords(t, reporttest.Render(t, WriteSVG, r))
	if cmp.Equal(before, after) {
		t.Error("the axis of values does not follow them")
	}
}
