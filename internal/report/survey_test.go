package report

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

const ms = int64(1e6)

// kept is connections and nothing else.
type kept []analyze.Connection

func (k kept) Len() int                                { return len(k) }
func (k kept) Connection(i int, c *analyze.Connection) { *c = k[i] }
func (k kept) Numbers(i int, c *analyze.Connection)    { *c = k[i] }
func (k kept) Exchanges() []analyze.Exchange           { return nil }
func (k kept) Example() (uint64, string, bool)         { return 0, "", false }

// conn returns a connection without probes.
func conn(id uint64) analyze.Connection {
	none := analyze.Probes{Idle: analyze.Unknown, Interval: analyze.Unknown}
	return analyze.Connection{
		ID: id, Client: netip.AddrPortFrom(netip.MustParseAddr("10.20.0.1"), uint16(40000+id)), Server: netip.MustParseAddrPort("10.20.0.2:8080"),
		Handshake: flows.HandshakeComplete, ClientProbes: none, ServerProbes: none,
	}
}

// refusedConn returns a connection that never came to be.
func refusedConn(id uint64) analyze.Connection {
	c := conn(id)
	c.Handshake, c.SYNRetransmissions = flows.HandshakeRefused, 2
	return c
}

func TestSurveyGroupsProbesBySideAndPeer(t *testing.T) {
	both := conn(1)
	both.ClientProbes = analyze.Probes{Sent: 3, Answered: 3, Idle: 15000 * ms, Interval: 15000 * ms}
	both.ServerProbes = analyze.Probes{Sent: 1, Answered: 0, Idle: 15002 * ms, Interval: analyze.Unknown}
	again := conn(2)
	again.ClientProbes = analyze.Probes{Sent: 2, Answered: 1, Idle: 30000 * ms, Interval: 15500 * ms}
	s := takeSurvey(&Report{Facts: kept{both, again, conn(3)}})
	var got []string
	for _, g := range s.probers {
		got = append(got, g.by.String(), cause.Count(g.connections), cause.Count(g.sent), cause.Count(g.answered), g.idle.String(), g.interval.String())
	}
	want := []string{
		"client", "2", "5", "4", "15 s to 30 s", "15.5 s",
		"server", "1", "1", "0", "15 s", "-",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
	if len(s.opened) != 0 {
		t.Errorf("got %d servers with trouble, want none", len(s.opened))
	}
}

func TestSurveyCountsHandshakesOfServersWithTrouble(t *testing.T) {
	silent := refusedConn(4)
	silent.Handshake, silent.SYNRetransmissions = flows.HandshakeUnanswered, 6
	half := refusedConn(5)
	half.Handshake, half.SYNRetransmissions = flows.HandshakeIncomplete, 0
	other := conn(2)
	other.Server = netip.MustParseAddrPort("[2001:db8::2]:443")
	s := takeSurvey(&Report{Facts: kept{
		conn(1), other, refusedConn(3), silent, half}})
	if len(s.opened) != 1 {
		t.Fatalf("got %d servers, want the one with trouble", len(s.opened))
	}
	got := *s.opened[0]
	want := openings{server: got.server, complete: 1, refused: 1, unanswered: 1, other: 1, synsResent: 8}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
