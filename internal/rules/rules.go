package rules

import (
	"fmt"
	"strings"
)

// Rules are all rules, in order of ID.
var Rules = []*Rule{
	requestClose, idleCloseRace, responseClose, http10, proxyUpstream, maxRequests, maxAge, idleTimeout, readTimeout,
	clientIdleTimeout, poolOverflow, unreadBody, leakedConnections, clientPerRequest, balancerRace, serverTimeout,
	clientTimeout, serverExit, clientExit, deadPeer, silentDrop, middleboxReset, localFirewall, halfOpenPeer,
	closeWait, finWait2, refused, unansweredSYN, acceptQueue, recycled, challenged, portBudget,
	serverTimeWait, clientTimeWait, earlyResponse, drained, stalled, idle408, lateProbes, unannounced,
	serverReset, lateRequest, closeDelimited, unusedConnections, clientReset, portScan, halfOpened, lateOpen,
	avoidable, responseSurplus, malformedResponse, heldWorkers,
	connectTimeout, connectionLimit, untranslated, executedTwice, responseShort, tlsFailed,
	neverResumed, resumptionRefused, severalHTTP2, unannouncedEnd,
	streamsReset, tooManyPings, streamsRefused, keptAfterGoAway,
	oneStreamAtATime, http2PerRequest, streamLimit, idleSocket,
	lostBetween,
}

// ByID returns the rule with that ID, in letters of either case. Its error
// names the nearest.
func ByID(id string) (*Rule, error) {
	var ids []string
	for _, r := range Rules {
		if strings.EqualFold(r.ID, id) {
			return r, nil
		}
		ids = append(ids, r.ID)
	}
	return nil, fmt.Errorf("there is no rule %q%s", Shorten(id), DidYouMean(id, ids))
}
