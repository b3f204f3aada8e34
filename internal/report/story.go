package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Story is one connection told packet by packet.
type Story struct {
	Connection *analyze.Connection
	Lines      []StoryLine // in the order of the capture
	Truncated  int         // packets that are left out at the end
}

// StoryLine is one packet of a connection.
type StoryLine struct {
	Num        uint64 // frame number as Wireshark counts
	Time       int64  // ns since the epoch
	Rel        int64  // ns since the connection's first packet
	FromClient bool
	Flags      string // as tcpdump writes them
	Seq, Ack   uint32 // relative to the side's first
	Len        uint32 // payload bytes
	Window     uint32
	Means      []string // what it means, may hold text from the packet
}

// story writes one connection packet by packet.
func (p *page) story(s *Story) {
	p.connection(s.Connection)
	exchanges := exchangesOf(p.r, s.Connection.ID)
	redactor := newRedactor(p.r, exchanges)
	p.on.packets(s.Lines, func(l *StoryLine) []string {
		means := make([]string, len(l.Means))
		for i, s := range l.Means {
			means[i] = redactor.Replace(s)
		}
		return means
	})
	if s.Truncated > 0 {
		p.para(0, "and %s more packets", count(int64(s.Truncated)))
	}
	p.storyExchanges(exchanges)
}

// WriteConnection writes what is known of c for a person, without its packets.
func WriteConnection(w io.Writer, r *Report, c *analyze.Connection) error {
	out := bufio.NewWriter(w)
	newPage(out, r).connection(c)
	if err := out.Flush(); err != nil {
		return writeError(err)
	}
	return nil
}

// connection writes what is known of c.
func (p *page) connection(c *analyze.Connection) {
	p.on.title(p.sources(), fmt.Sprintf("connection %d, from %s UTC", c.ID, time.Unix(0, c.Start).UTC().Format("2006-01-02 15:04:05.000000")),
		p.r.Meta.Narrowed.words(p))
	p.connectionFacts(c)
	if p.r.Meta.Anonymized {
		p.para(2, "anonymised: addresses, hosts and paths are pseudonyms")
	}
	p.para(2, "In Wireshark: %s", wiresharkFilter(c))
}

// exchangesOf returns the exchanges of one connection.
func exchangesOf(r *Report, id uint64) []analyze.Exchange {
	var list []analyze.Exchange
	for _, x := range r.found().Exchanges() {
		if x.Connection == id {
			list = append(list, x)
		}
	}
	return list
}

// relative writes ns as seconds with microseconds.
func relative(ns int64) string {
	sign := ""
	if ns < 0 {
		sign, ns = "-", -ns
	}
	return fmt.Sprintf("%s%d.%06d", sign, ns/1e9, ns%1e9/1e3)
}

// newRedactor returns what takes the secrets of targets out of what packets
// mean, where targets stand as they were sent. The longest goes first: a
// target may begin with another.
func newRedactor(r *Report, list []analyze.Exchange) *strings.Replacer {
	secret := make(map[string]bool)
	for i := range list {
		if sent := list[i].Target; Target(sent, r.Options.ShowSecrets) != sent {
			secret[sent] = true
		}
	}
	targets := slices.SortedFunc(maps.Keys(secret), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	var pairs []string
	for _, sent := range targets {
		pairs = append(pairs, sent, Target(sent, false))
	}
	return strings.NewReplacer(pairs...)
}

// storyExchanges writes the table of exchanges, with the times that a request
// spends as HTTP clients trace them.
func (p *page) storyExchanges(list []analyze.Exchange) {
	if len(list) == 0 {
		return
	}
	p.section("EXCHANGES")
	const nameWidth = 30
	t := table{align: "rlrrrrrr", heads: []string{"n", "request", "status", "connect", "TLS", "server", "transfer", "packets"}}
	for i := range list {
		x := &list[i]
		status := "none"
		if x.Status != 0 {
			status = fmt.Sprint(x.Status)
		}
		target := Target(x.Target, p.r.Options.ShowSecrets)
		t.row(fmt.Sprint(x.N), fit(methodName(x)+" "+target, nameWidth), status, duration(x.ConnectTime),
			duration(x.TLSTime), duration(x.ServerTime()), duration(x.TransferTime()), packets(x.RequestPacket, x.ResponsePacket))
	}
	p.table(&t)
}

// packets writes the numbers of the packets of a request and its response.
func packets(request, response uint64) string {
	if response == 0 {
		return fmt.Sprint(request)
	}
	return fmt.Sprintf("%d, %d", request, response)
}

// writeStoryLists writes the lists of a JSON report that tells one connection.
func writeStoryLists(w io.Writer, r *Report) error {
	s := r.Story
	one := func(e *encoder, _ int) {
		e.b = append(e.b, '{')
		e.connection(s.Connection, r.diagnosis().Of(s.Connection.ID))
	}
	if err := writeList(w, r, onLines, "connections", 1, one); err != nil {
		return err
	}
	exchanges := exchangesOf(r, s.Connection.ID)
	if err := writeExchanges(w, r, exchanges); err != nil {
		return err
	}
	e := newEncoder(r)
	e.line("story")
	e.raw(`{"connection":`)
	e.uint(s.Connection.ID)
	e.members(member{"truncated_packets", int64(s.Truncated)})
	if err := flushTo(w, e); err != nil {
		return err
	}
	redactor := newRedactor(r, exchanges)
	if err := writeList(w, r, onLines, "packets", len(s.Lines), func(e *encoder, i int) {
		e.b = append(e.b, '{')
		e.storyLine(&s.Lines[i], redactor)
	}); err != nil {
		return err
	}
	e.close()
	return flushTo(w, e)
}

// storyLine appends one packet without its opening brace.
func (e *encoder) storyLine(l *StoryLine, redactor *strings.Replacer) {
	e.raw(`"packet":`)
	e.uint(l.Num)
	e.raw(`,"at":`)
	e.time(l.Time)
	e.raw(`,"after_seconds":`)
	e.seconds(l.Rel)
	if l.FromClient {
		e.raw(`,"by":"client","flags":`)
	} else {
		e.raw(`,"by":"server","flags":`)
	}
	e.str(l.Flags)
	e.members(member{"seq", int64(l.Seq)}, member{"ack", int64(l.Ack)},
		member{"bytes", int64(l.Len)}, member{"window", int64(l.Window)})
	e.key("means")
	e.b = append(e.b, '[')
	for i, s := range l.Means {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.str(redactor.Replace(s))
	}
	e.raw("]}")
}
