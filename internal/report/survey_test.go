package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

func TestSurveyGroupsProbesBySideAndPeer(t *testing.T) {
	both := conn(1, noon, 1)
	both.ClientProbes = analyze.Probes{Sent: 3, Answered: 3, Idle: 15000 * ms, Interval: 15000 * ms}
	both.ServerProbes = analyze.Probes{Sent: 1, Answered: 0, Idle: 15002 * ms, Interval: analyze.Unknown}
	again := conn(2, noon, 1)
	again.ClientProbes = analyze.Probes{Sent: 2, Answered: 1, Idle: 30000 * ms, Interval: 15500 * ms}
	s := takeSurvey(&Report{Facts: &handMade{connections: []analyze.Connection{both, again, conn(3, noon, 1)}}})
	var got []string
	for _, g := range s.probers {
		got = append(got, g.by.String(), count(g.connections), count(g.sent), count(g.answered), g.idle.String(), g.interval.String())
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
	silent := refusedConn(4, noon)
	silent.Handshake, silent.SYNRetransmissions = flows.HandshakeUnanswered, 6
	half := refusedConn(5, noon)
	half.Handshake, half.SYNRetransmissions = flows.HandshakeIncomplete, 0
	s := takeSurvey(&Report{Facts: &handMade{connections: []analyze.Connection{
		conn(1, noon, 1), openConn(2, noon), refusedConn(3, noon), silent, half}}})
	if len(s.opened) != 1 {
		t.Fatalf("got %d servers, want the one with trouble", len(s.opened))
	}
	got := *s.opened[0]
	want := opened{server: got.server, complete: 1, refused: 1, unanswered: 1, other: 1, synsResent: 8}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
