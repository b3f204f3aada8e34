package browser

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestYears opens a capture whose two halves are years apart.
func TestYears(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "years.pcap")
	writeCapture(t, capture, 40)
	b, err := os.ReadFile(capture)
	if err != nil {
		t.Fatal(err)
	}
	const header, years = 24, 4 * 365 * 86400
	for i, half := header, header+(len(b)-header)/2; i < len(b); i += 16 + int(binary.LittleEndian.Uint32(b[i+8:])) {
		if i >= half {
			binary.LittleEndian.PutUint32(b[i:], binary.LittleEndian.Uint32(b[i:])+years)
		}
	}
	if err := os.WriteFile(capture, b, 0o666); err != nil {
		t.Fatal(err)
	}
	p := open(t, kaanalyze(t, capture), 1366, 900)
	p.want(`document.getElementById("range").textContent.replace(/ \d\d:\d\d:\d\d/g, "")`, "2026-11-20 to 2030-11-19 UTC, 1,460 days")
	p.want(`/^New connections and requests, in each [\d.]+ days$/.test(document.querySelector(".chart h3").textContent)`, "true")
	p.want(`document.querySelectorAll("#table .row > div")[2].textContent.slice(0, 10)`, "2026-11-20")
	// What would cover the axis: labels beyond what fits.
	p.want(`(() => { const f = Object.create(Facts.prototype, { day: { value: 0 } }); return f.ticks(0, 4 * 365 * oneDay, 6).length <= 7 })()`, "true")
	p.quiet()
}

// TestPaper prints: what paper cuts off is said on it.
func TestPaper(t *testing.T) {
	b := open(t, kaanalyze(t, "--demo"), 1366, 900)
	b.want(`getComputedStyle(document.getElementById("paper")).display`, "none")
	b.do(chromedp.Evaluate(`dispatchEvent(new Event("beforeprint")); 0`, nil))
	b.want(`document.getElementById("paper").textContent`, "On paper: 13 of 72 connections. The page shows the others when scrolled; -o FILE.csv lists them.")
	b.do(chromedp.Evaluate(`dispatchEvent(new Event("afterprint")); 0`, nil), chromedp.SendKeys("#filter", "8083", chromedp.ByQuery))
	b.want(shown, "2 of 72 connections")
	b.do(chromedp.Evaluate(`dispatchEvent(new Event("beforeprint")); 0`, nil))
	b.want(`document.getElementById("paper").textContent`, "")
	b.quiet()
}

// TestCharts looks at what the cursor tells of the charts: the step that it is in.
func TestCharts(t *testing.T) {
	b := open(t, kaanalyze(t, "--demo"), 1366, 900)
	told := func(chart string) string {
		return `[...document.querySelectorAll(".chart:nth-of-type(` + chart + `) .u-value")].map(v => v.textContent).join(" ")`
	}
	b.do(chromedp.ScrollIntoView(".chart .u-over", chromedp.ByQuery))
	var box struct{ X, Y, W, H float64 }
	b.do(chromedp.Evaluate(`(r => ({X: r.x, Y: r.y, W: r.width, H: r.height}))(document.querySelector(".chart .u-over").getBoundingClientRect())`, &box))
	for _, second := range []float64{41.1, 41.9} { // early in a step, and late
		b.do(chromedp.MouseEvent("mouseMoved", box.X+box.W*(second-40.568)/6.662, box.Y+box.H/2))
		b.want(told("1"), "02:13:41.000 11 21")
		b.want(told("2"), "02:13:41.000 47.6%")
	}
	b.quiet()
}
