package rules

import "time"

// shortTimeout is how long a server's idle timeout must be for the client's to
// find room below it.
const shortTimeout = 3e9

// longestReadTimeout is the longest idle timeout that looks like a ReadTimeout.
const longestReadTimeout = 30e9

// soonAfter is how soon after a response a client closes for it; with the round
// trip, where the capture was made at the server.
const soonAfter = 1e9

// byHand is how many runs of these are still a person's, not a script's.
const byHand = 10

// oneOf is of how many requests one may be given up: somebody left a page.
const oneOf = 10

// nextAddress is how soon a client tries the next address of a name (RFC 8305).
const nextAddress = 1e9

// firstRTO is after what time a SYN is sent again (RFC 6298, 2.1): an answer that is
// later than that has got lost.
const firstRTO = int64(time.Second)

// ShortestRate is the shortest capture whose rates are carried on to 60 s.
const ShortestRate = 2e9

// pile is from how many TIME_WAIT on they are worth telling.
const pile = 1000

// shortestPath is the shortest idle limit of a well-known middlebox, the Azure
// load balancer.
const shortestPath = 240e9

// manyUnused is how many unused connections a minute are more than what health
// checks make.
const manyUnused = 60

// soonUsed is how long a connection is not called unused while it is open.
const soonUsed = int64(time.Second)

const (
	scanPorts = 20 // more than the services that one client misses at a host
	scanTries = 2  // scanners repeat a SYN that got no answer
)

const (
	// few is how many connections matter if they are the half of all.
	few = 2
	// many is how many matter even beside good reuse.
	many = 100
)

// goodReuse is the reuse ratio from which connections count as well used.
const goodReuse = 0.9

// manyClients is from how many clients of one server on they are told together.
const manyClients = 4

// maxRemembered bounds the findings that are remembered.
const maxRemembered = 200

const maxExamples = 3

// longSilence is how long a connection must be idle for something on the path
// to forget it.
const longSilence = 30e9
