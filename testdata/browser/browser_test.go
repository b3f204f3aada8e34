// Package browser opens reports in headless Chromium, from disk.
//
// It needs the program in KAANALYZE and finds Chromium in CHROMIUM or in PATH;
// without, its tests are skipped and say why. SCREENSHOTS names a folder for
// pictures of the pages; PICTURE the file of the README's.
package browser

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	messages "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A tab is one page, and what went wrong in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	trouble  []string
	requests []string
}

// chromium returns the browser's path, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Skip("no Chromium was found; name it in CHROMIUM, or install it (Debian: apt-get install chromium)")
	return ""
}

// kaanalyze runs the program and returns the page that it writes.
func kaanalyze(t *testing.T, args ...string) string { return written(t, ".html", args...) }

// written runs the program and returns the report with that ending.
func written(t *testing.T, ending string, args ...string) string {
	t.Helper()
	program := os.Getenv("KAANALYZE")
	if program == "" {
		t.Skip("KAANALYZE does not name the program; make test-browser does")
	}
	file := filepath.Join(t.TempDir(), "report"+ending)
	cmd := exec.Command(program, append(args, "-q", "-o", file)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("kaanalyze %v: %v", args, err)
	}
	return file
}

// open opens a file in a new browser.
func open(t *testing.T, file string, width, height int64) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true), chromedp.WSURLReadTimeout(time.Minute))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx, chromedp.WithErrorf(log.New(os.Stderr, "", 0).Printf))
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	b.do(network.Enable(), runtime.Enable(), messages.Enable(), chromedp.EmulateViewport(width, height),
		chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()))
	b.want("document.documentElement.dataset.ready", "yes")
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, fmt.Sprintf("console.%s: %s", e.Type, e.Args[0].Value))
	case *messages.EventEntryAdded: // what the browser itself says, as of its policy
		b.trouble = append(b.trouble, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *page.EventJavascriptDialogOpening:
		b.trouble = append(b.trouble, "a dialog: "+e.Message)
	}
}

// do does what a person does.
func (b *tab) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// text returns the value of an expression.
func (b *tab) text(expression string) string {
	b.t.Helper()
	var s string
	b.do(chromedp.Evaluate("String("+expression+")", &s))
	return s
}

// want waits for an expression to have a value.
func (b *tab) want(expression, value string) {
	b.t.Helper()
	var got string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if got = b.text(expression); got == value {
			return
		}
		b.do(chromedp.Sleep(30 * time.Millisecond))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Errorf("%s: got %q, want %q; the page complains: %q", expression, got, value, b.trouble)
}

// quiet checks that nothing was amiss and that nothing left the file.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.trouble {
		b.t.Errorf("the page complains: %s", s)
	}
	if len(b.requests) != 1 {
		b.t.Errorf("got requests %q, want that of the file alone", b.requests)
	}
}

// rows returns the first ids that the table shows.
const firstID = `document.querySelector("#table .row > div").textContent`

// shown is how many connections are shown.
const shown = `document.getElementById("shown").textContent`

func TestDemo(t *testing.T) {
	b := open(t, kaanalyze(t, "--demo", "--exchanges"), 1366, 900)
	b.want(shown, "72 of 72 connections")
	b.want(`document.querySelectorAll(".chart canvas").length`, "3")
	b.want(`document.querySelectorAll(".finding").length`, "3")
	t.Run("a finding filters", b.finding)
	t.Run("text filters", b.filter)
	t.Run("columns sort", b.sort)
	t.Run("time zooms", b.zoom)
	t.Run("the keyboard is enough", b.keyboard)
	b.quiet()
}

// leaves waits until an expression is not old any more.
func (b *tab) leaves(expression, old string) {
	b.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if b.text(expression) != old {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.t.Errorf("%s: still %q", expression, old)
}

// within returns the tab with the test's own failures.
func (b *tab) within(t *testing.T) func() {
	outer := b.t
	b.t = t
	return func() { b.t = outer }
}

func (b *tab) finding(t *testing.T) {
	defer b.within(t)()
	b.do(chromedp.Click(`.finding[data-finding="0"] .pick`, chromedp.ByQuery))
	b.want(shown, "35 of 72 connections, of KA1011")
	b.want(`document.querySelector("#detail h3").textContent`, "Connection 3")
	b.want(`document.querySelector("#detail code").textContent`, "tcp.stream eq 2")
	b.want(`document.querySelector(".finding .pick").getAttribute("aria-pressed")`, "true")
	b.do(chromedp.Click(`#clear`, chromedp.ByQuery))
	b.want(shown, "72 of 72 connections")
}

func (b *tab) filter(t *testing.T) {
	defer b.within(t)()
	b.do(chromedp.SendKeys("#filter", "8082 client_closed", chromedp.ByQuery))
	b.want(shown, "18 of 72 connections")
	b.do(chromedp.Click("#clear", chromedp.ByQuery))
	b.want(shown, "72 of 72 connections")
	b.want(`document.getElementById("filter").value`, "")
}

func (b *tab) sort(t *testing.T) {
	defer b.within(t)()
	b.want(firstID, "1")
	b.do(chromedp.Click(`[data-column=requests] button`, chromedp.ByQuery))
	b.want(`document.querySelector("[data-column=requests]").getAttribute("aria-sort")`, "descending")
	b.want(`document.querySelectorAll("#table .row > div")[4].textContent`, "25")
	b.do(chromedp.Click(`[data-column=requests] button`, chromedp.ByQuery))
	b.want(`document.querySelectorAll("#table .row > div")[4].textContent`, "1")
	b.do(chromedp.Click(`[data-column=id] button`, chromedp.ByQuery))
	b.want(firstID, "1")
}

func (b *tab) zoom(t *testing.T) {
	defer b.within(t)()
	before := b.text(`document.getElementById("range").textContent`)
	b.do(chromedp.Click("#closer", chromedp.ByQuery))
	b.leaves(`document.getElementById("range").textContent`, before)
	b.do(chromedp.Click("#everything", chromedp.ByQuery))
	b.want(`document.getElementById("range").textContent`, before)
	b.do(chromedp.ScrollIntoView(".chart .u-over", chromedp.ByQuery))
	b.drag(".chart .u-over")
	b.leaves(`document.getElementById("range").textContent`, before)
	b.do(chromedp.Click("#everything", chromedp.ByQuery))
	b.want(`document.getElementById("range").textContent`, before)
}

// drag drags from a quarter to the half of an element.
func (b *tab) drag(selector string) {
	var box struct{ X, Y, W, H float64 }
	b.do(chromedp.Evaluate(fmt.Sprintf(`(r => ({X: r.x, Y: r.y, W: r.width, H: r.height}))(document.querySelector(%q).getBoundingClientRect())`, selector), &box))
	y := box.Y + box.H/2
	b.do(chromedp.MouseEvent("mouseMoved", box.X+box.W/4, y),
		chromedp.MouseEvent("mousePressed", box.X+box.W/4, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent("mouseMoved", box.X+box.W/3, y, chromedp.ButtonLeft),
		chromedp.MouseEvent("mouseMoved", box.X+box.W/2, y, chromedp.ButtonLeft),
		chromedp.MouseEvent("mouseReleased", box.X+box.W/2, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.Sleep(200*time.Millisecond))
}

func (b *tab) keyboard(t *testing.T) {
	defer b.within(t)()
	b.do(chromedp.Focus("#filter", chromedp.ByQuery))
	focus := `document.activeElement.id`
	for _, id := range []string{"earlier", "closer", "wider", "later", "everything", "lanes"} {
		b.do(chromedp.KeyEvent(kb.Tab))
		b.want(focus, id)
	}
	heading := `document.querySelector("#detail h3").textContent`
	b.do(chromedp.KeyEvent(kb.ArrowDown))
	first := b.text(heading)
	b.do(chromedp.KeyEvent(kb.ArrowDown))
	b.leaves(heading, first)
	before := b.text(`document.getElementById("range").textContent`)
	b.do(chromedp.KeyEvent("+"))
	b.leaves(`document.getElementById("range").textContent`, before)
	b.do(chromedp.KeyEvent("0"))
	b.want(`document.getElementById("range").textContent`, before)
	b.do(chromedp.Focus("#table", chromedp.ByQuery), chromedp.KeyEvent(kb.Home))
	b.want(heading, "Connection 1")
	b.do(chromedp.KeyEvent(kb.ArrowDown))
	b.want(heading, "Connection 2")
	b.do(chromedp.KeyEvent(kb.End))
	b.want(heading, "Connection 72")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.want(focus, "detail")
	b.do(chromedp.Focus(".pick", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
	b.want(shown, "35 of 72 connections, of KA1011")
	b.do(chromedp.Click("#clear", chromedp.ByQuery))
}

// many is how many connections a page holds.
const many = 20_000

func TestManyConnections(t *testing.T) {
	for _, c := range []struct {
		n    int
		want string
	}{{many, "20,000 of 20,000 connections"}, {many + 5000, "20,000 of 20,000 connections"}} {
		t.Run(fmt.Sprint(c.n), func(t *testing.T) {
			capture := filepath.Join(t.TempDir(), "many.pcap")
			writeCapture(t, capture, c.n)
			file := kaanalyze(t, capture)
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() > 2e6 {
				t.Errorf("the page has %d bytes, want at most 2 MB", info.Size())
			}
			b := open(t, file, 1366, 900)
			b.want(shown, c.want)
			if sampled := b.text(`!!document.getElementById("sample")`); sampled != fmt.Sprint(c.n > many) {
				t.Errorf("that it is a sample: got %s", sampled)
			}
			ready := b.text(`Math.round(performance.getEntriesByName("ready")[0].startTime)`)
			b.do(performance.Enable())
			var heap float64
			b.do(chromedp.ActionFunc(func(ctx context.Context) error {
				list, err := performance.GetMetrics().Do(ctx)
				for _, m := range list {
					if m.Name == "JSHeapUsedSize" {
						heap = m.Value
					}
				}
				return err
			}))
			sorted := b.text(`(() => { const t = performance.now(); document.querySelector("[data-column=who] button").click(); return Math.round(performance.now() - t) })()`)
			t.Logf("%d connections: %d bytes, ready after %s ms, heap %.1f MB, sorted in %s ms", c.n, info.Size(), ready, heap/1e6, sorted)
			var ms int
			if fmt.Sscan(ready, &ms); ms > 3000 {
				t.Errorf("it is ready after %d ms; it should be about one second, and here at most three", ms)
			}
			b.do(chromedp.Click(".pick", chromedp.ByQuery))
			b.do(chromedp.SendKeys("#filter", "10.0.0.2", chromedp.ByQuery), chromedp.Sleep(300*time.Millisecond))
			b.do(chromedp.Click("#clear", chromedp.ByQuery))
			b.want(shown, c.want)
			b.quiet()
			b.shoot(fmt.Sprintf("many-%d.png", c.n))
		})
	}
}

// legend is what the timeline's marks mean.
const legend = `document.getElementById("legend").textContent`

// TestTimesNotKnown looks for what the page says of exchanges that it lacks.
func TestTimesNotKnown(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{{[]string{"--demo"}, "true"}, {[]string{"--demo", "--exchanges"}, "false"}} {
		b := open(t, kaanalyze(t, c.args...), 1366, 900)
		b.want(legend+`.includes("at times that are not here")`, c.want)
		b.shoot(fmt.Sprintf("times-%s.png", c.want))
		b.quiet()
	}
	capture := filepath.Join(t.TempDir(), "long.pcap")
	writeCapture(t, capture, 50_001)
	b := open(t, kaanalyze(t, "--exchanges", capture), 1366, 900)
	b.want(`/this page holds [\d,]+ of 50,001 exchanges$/.test(document.querySelector(".facts").textContent)`, "true")
	b.want(`!!document.getElementById("cut")`, "true")
	b.quiet()
}

// TestStreams opens the page of a connection with HTTP/2.
func TestStreams(t *testing.T) {
	b := open(t, kaanalyze(t, "--exchanges", "--tls-keylog", "../tls-java-client-h2.keylog", "../tls-java-client-h2.pcap"), 1366, 900)
	b.do(chromedp.Click("#table .row", chromedp.ByQuery))
	const fact = `[...document.querySelectorAll("#detail dt")].filter(e => e.textContent === "HTTP/2").map(e => e.nextSibling.textContent).join()`
	b.want(fact, "4 streams opened, at most 1 at once of 250 that the server allows")
	b.want(`[...document.querySelectorAll("#detail table:last-of-type tr")].map(e => e.lastChild.textContent).join()`, "stream,1,3,5,7")
	b.do(chromedp.Evaluate(`scrollTo(0, document.body.scrollHeight); 0`, nil))
	b.shoot("streams.png")
	b.quiet()
}

// TestHostile opens the page of a capture whose texts are attacks.
func TestHostile(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "<img src=x onerror=alert(1)>.pcap")
	writeCapture(t, capture, 3, `/</script><script>alert(1)</script>`, "</td><img/src=x/onerror=alert(2)>", "javascript:alert(3)//`${alert(4)}`")
	for _, args := range [][]string{{"--exchanges"}, {"--conn", "1"}, {"--conn", "2"}} {
		file := kaanalyze(t, append(args, capture)...)
		b := open(t, file, 1366, 900)
		b.want(`document.querySelectorAll("img, iframe, object, a").length`, "0")
		b.want(`document.querySelectorAll("script").length`, map[bool]string{true: "2", false: "1"}[args[0] == "--exchanges"])
		if args[0] == "--exchanges" {
			b.do(chromedp.Focus("#table", chromedp.ByQuery))
			for range 3 {
				b.do(chromedp.KeyEvent(kb.ArrowDown))
			}
		}
		b.quiet()
	}
}

// TestPolicy tries what the page's policy forbids.
func TestPolicy(t *testing.T) {
	b := open(t, kaanalyze(t, "--demo"), 1366, 900)
	b.do(chromedp.Evaluate(`document.body.insertAdjacentHTML("beforeend", '<img src=x onerror="globalThis.owned = 1"><img src="https://example.invalid/x.png">');
		document.body.append(Object.assign(document.createElement("script"), {textContent: "globalThis.owned = 2"})); 0`, nil), chromedp.Sleep(300*time.Millisecond))
	b.want("globalThis.owned", "undefined")
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests[1:] {
		if strings.HasPrefix(r, "http") {
			t.Logf("asked for, and refused by the policy: %s", r)
		}
	}
}

func TestScreenshots(t *testing.T) {
	if os.Getenv("SCREENSHOTS") == "" {
		t.Skip("SCREENSHOTS names no folder")
	}
	file := kaanalyze(t, "--demo", "--exchanges")
	for _, c := range []struct {
		name          string
		width, height int64
		dark          bool
	}{{"light", 1366, 900, false}, {"dark", 1366, 900, true}, {"narrow", 420, 900, false}, {"wide", 1920, 1080, false}} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, file, c.width, c.height)
			if c.dark {
				b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
			}
			b.do(chromedp.Evaluate(`document.querySelector(".finding h3").click(); scrollTo(0, 0); 0`, nil), chromedp.Sleep(400*time.Millisecond))
			b.shoot(c.name + ".png")
		})
	}
	b := open(t, file, 1366, 900)
	b.do(chromedp.Evaluate(`document.querySelector(".finding h3").click(); 0`, nil), chromedp.Sleep(300*time.Millisecond))
	b.do(chromedp.ActionFunc(func(ctx context.Context) error {
		pdf, _, err := page.PrintToPDF().WithPrintBackground(false).Do(ctx)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(os.Getenv("SCREENSHOTS"), "print.pdf"), pdf, 0o666)
	}))
	open(t, kaanalyze(t, "--demo", "--conn", "3"), 1366, 900).shoot("conn.png")
}

// TestPicture takes the picture of the README: the page down to its charts.
func TestPicture(t *testing.T) {
	file := os.Getenv("PICTURE")
	if file == "" {
		t.Skip("PICTURE names no file")
	}
	const width = 1240 // the numbers beside the charts
	b := open(t, kaanalyze(t, "--demo", "--exchanges"), width, 2000)
	var height int64
	b.do(chromedp.Evaluate(`Math.floor(document.querySelector("#explore-heading").getBoundingClientRect().top) - 8`, &height))
	var png []byte
	b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(0.8)), chromedp.Sleep(400*time.Millisecond), chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(file, png, 0o666); err != nil {
		t.Fatal(err)
	}
}

// shoot takes a picture of the whole page.
func (b *tab) shoot(name string) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	var png []byte
	b.do(chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(folder, name), png, 0o666); err != nil {
		b.t.Fatal(err)
	}
}

// writeCapture writes a capture of n connections that the server closes after
// one request for each of targets in turn, or for /.
func writeCapture(t *testing.T, name string, n int, targets ...string) {
	t.Helper()
	if len(targets) == 0 {
		targets = []string{"/"}
	}
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(b, 65535)
	b = le.AppendUint32(b, 101) // raw IP
	at := uint64(1_795_176_800_000_000)
	packet := func(from, to netip.AddrPort, flags byte, seq, ack uint32, payload string) {
		at += 37
		be := binary.BigEndian
		p := []byte{0x45, 0}
		p = be.AppendUint16(p, uint16(40+len(payload)))
		p = append(p, byte(at>>8), byte(at), 0x40, 0, 64, 6, 0, 0)
		p = append(append(p, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
		p = be.AppendUint16(p, from.Port())
		p = be.AppendUint16(p, to.Port())
		p = be.AppendUint32(p, seq)
		p = be.AppendUint32(p, ack)
		p = append(p, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
		p = append(p, payload...)
		b = le.AppendUint32(b, uint32(at/1e6))
		b = le.AppendUint32(b, uint32(at%1e6))
		b = le.AppendUint32(b, uint32(len(p)))
		b = le.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	const syn, ack, psh, fin = 2, 16, 8, 1
	for i := range n {
		c := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i%7)}), uint16(10_000+i/7))
		s := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(1 + i%3)}), 8080)
		at += uint64(i * 7919 % 4000)
		request := "GET " + targets[i%len(targets)] + " HTTP/1.1\r\nHost: <b>example</b>\r\n\r\n"
		response := "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
		q, r := uint32(len(request)), uint32(len(response))
		packet(c, s, syn, 0, 0, "")
		packet(s, c, syn|ack, 0, 1, "")
		packet(c, s, ack, 1, 1, "")
		packet(c, s, psh|ack, 1, 1, request)
		at += uint64(i * 104729 % 9000)
		packet(s, c, psh|ack, 1, 1+q, response)
		packet(s, c, fin|ack, 1+r, 1+q, "")
		packet(c, s, fin|ack, 1+q, 2+r, "")
		packet(s, c, ack, 2+r, 2+q, "")
	}
	if err := os.WriteFile(name, b, 0o666); err != nil {
		t.Fatal(err)
	}
}
