package products

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What Node makes of Keep-Alive: timeout=N. Its server closes a second later than it
// announces. Its clients keep a distance from what a server announces, so that they
// close first: at 1 s http.Agent keeps no connection at all, at 1 and 2 s undici
// and with it fetch.
const (
	ServerAdds = time.Second
	AgentTakes = time.Second
	FetchTakes = 2 * time.Second
)

// MatchAnnounced returns whose idle timeout of a server that may be, by what it
// announces; nil if that does not tell.
func MatchAnnounced(idle, announced time.Duration) []string {
	if announced > 0 && near(idle, announced+ServerAdds) {
		return []string{fmt.Sprintf("Node for an announced %d s (and 1 s)", announced/time.Second)}
	}
	return nil
}

// MatchHeeded is MatchAnnounced for a client that heeds what its server announces.
func MatchHeeded(idle, announced time.Duration, says ID) []string {
	switch {
	case announced <= 0 || says != Unknown && says != Other && says != Node:
	case announced > AgentTakes && near(idle, announced-AgentTakes):
		return []string{fmt.Sprintf("Node http.Agent for an announced %d s (less 1 s)", announced/time.Second)}
	case announced > FetchTakes && near(idle, announced-FetchTakes):
		return []string{fmt.Sprintf("undici (Node fetch) for an announced %d s (less 2 s)", announced/time.Second)}
	}
	return nil
}

// nodeProbes is when the probes of Node's http.Agent begin: keepAliveMsecs.
const nodeProbes = time.Second

// NodeProbes reports whether a client whose keep-alive probes begin after that long may
// be Node's http.Agent, which others hardly set so short.
func NodeProbes(after time.Duration) bool { return near(after, nodeProbes) }

// OfNode returns those of some settings that are Node's; all if none is.
func OfNode(settings []string) (list []string) {
	for _, s := range settings {
		if strings.Contains(s, "Node") {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return settings
	}
	return list
}

// AllNode reports whether all of some settings are Node's.
func AllNode(settings []string) bool {
	return len(settings) > 0 && !slices.ContainsFunc(settings, func(s string) bool { return !strings.Contains(s, "Node") })
}

// near reports whether a timeout that was observed may be that one.
func near(observed, timeout time.Duration) bool {
	off := max(timeout/nearShare, nearLeast)
	return observed >= timeout-off && observed <= timeout+off
}
