package cause

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Event is a moment at which one side closed several connections at once: something
// happened there, as the end of a process.
type Event struct {
	At      int64         // the first of the closes, ns since the epoch
	By      analyze.Party // Server or Client
	Subject string        // the name of the server, or the address of the client
	Cause   Cause         // ServerDrain, ServerExit or ClientExit
	Closed  int64         // connections that it closed
	Had     int64         // connections that it had open then
	Back    bool          // the server took new ones afterwards
}

// maxEvents bounds the events that are told: those with most connections.
const maxEvents = 100

// Events returns the moments at which a server, or a client, closed several
// connections at once, in order of time: of more than 100 those with most connections.
func (d *Decisions) Events() []Event {
	if d.groups == nil {
		return nil
	}
	type found struct {
		Event
		server *Server
		host   *Host
	}
	var all []found
	note := func(run []*Record, x found, atLeast int) {
		if len(run) >= atLeast {
			x.At, x.Cause, x.Closed = run[0].Ended, run[0].Cause, int64(len(run))
			all = append(all, x)
		}
	}
	for _, s := range d.groups.servers {
		for _, why := range [...]Cause{ServerDrain, ServerExit} {
			ended := where(s.Having([]Cause{why}), func(r *Record) bool { return !r.has(isOpen) })
			for run := range bursts(ended) {
				note(run, found{Event{By: analyze.Server, Subject: s.Name}, s, nil}, 2)
			}
		}
	}
	for _, h := range d.groups.hosts {
		ended := Gather(h.Pairs, func(p *Pair) []*Record { return p.Having([]Cause{ClientExit}) })
		for run := range bursts(ended) {
			note(run, found{Event{By: analyze.Client, Subject: h.Addr.String()}, nil, h}, ExitAtLeast)
		}
	}
	slices.SortStableFunc(all, func(x, y found) int { return cmp.Compare(y.Closed, x.Closed) })
	all = all[:min(len(all), maxEvents)]
	events := make([]Event, 0, len(all))
	for _, x := range all {
		if x.server != nil {
			x.Had = int64(x.server.hadOpen(x.At))
			_, x.Back = x.server.after(x.At)
		} else {
			for _, p := range x.host.Pairs {
				x.Had += int64(p.hadOpen(x.At))
			}
		}
		x.Had = max(x.Had, x.Closed)
		events = append(events, x.Event)
	}
	slices.SortStableFunc(events, func(x, y Event) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Subject, y.Subject))
	})
	return events
}

// Words returns what happened: "the server 10.0.0.1:80 closed all its 8 connections,
// and accepted new ones".
func (x *Event) Words() string {
	n := "all its " + Count(x.Closed) + " connections"
	switch {
	case x.Closed < x.Had:
		n = Count(x.Closed) + " of its " + Count(x.Had) + " connections"
	case x.Closed == 2:
		n = "both its connections"
	}
	text := x.By.String() + " " + x.Subject + " closed " + n
	switch {
	case x.Cause == ClientExit:
		text += ": its program ended"
	case x.Back:
		text += ", and accepted new ones"
	case x.Cause == ServerExit:
		text += ": its process ended"
	default:
		text += ", and accepted no more"
	}
	return text
}
