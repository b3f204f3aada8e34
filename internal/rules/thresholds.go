package rules

// The thresholds of the rules and of the verdict, each with its reason. Times are
// in ns. Those that the causes depend on are in package cause.

// Of findings.
const (
	// few is how many connections matter if they are the half of all.
	few = 2
	// many is how many matter even beside good reuse.
	many = 100
	// failedShare: that less than one in 100 requests fails is no more than worth
	// knowing.
	failedShare = 100
	// failedCost is how many connections a failed request counts for where findings are
	// sorted.
	failedCost = 10
	// graveShare and notableShare are the shares of the connections that a finding
	// must cost to be grave or notable, if it costs MinSamples; of fewer it must cost
	// halfShare.
	graveShare, notableShare, halfShare = 0.2, 0.02, 0.5
	// goodReuse is the reuse ratio from which connections count as well used.
	goodReuse = 0.9
	// manyClients is from how many clients of one server on they are told together.
	manyClients = 4
	// maxExamples is how many connections show a finding: who wants more has filters.
	maxExamples = 3
	// maxRemembered bounds the findings that are remembered of connections that are
	// no longer kept.
	maxRemembered = 200
)

// Of what a capture must hold.
const (
	// lossyCapture: where more than one in 5 connections lacks bytes, rules that need
	// them whole abstain.
	lossyCapture = 5
	// avoidableShare is the share of connections that must have been avoidable, if no
	// rule tells why, to be a problem.
	avoidableShare = 0.2
	// ShortestRate is the shortest capture whose rates are carried on to 60 s.
	ShortestRate = 2e9
)

// Of idle connections.
const (
	// shortTimeout is how long a server's idle timeout must be for the client's to
	// find room below it.
	shortTimeout = 3e9
	// longestReadTimeout is the longest idle timeout that looks like a ReadTimeout: the
	// time to read a request is seconds.
	longestReadTimeout = 30e9
	// readTimeoutNear is how near to whole seconds such a timeout must be, if that is
	// more than one in 100 of it: people set these.
	readTimeoutNear, readTimeoutShare = 20e6, 100
	// surelyReadTimeout is up to where a timeout looks like a ReadTimeout though it is
	// the default of a program, too: few set these to so little.
	surelyReadTimeout = 3e9
	// longSilence is how long a connection must be idle for something on the path to
	// forget it: the shortest limits of connection tracking are of that order.
	longSilence = 30e9
	// shortestPath is the shortest idle limit of a well-known middlebox, the Azure
	// load balancer.
	shortestPath = 240e9
)

// Of closes.
const (
	// soonAfter is how soon after a response a client closes for it; with the round
	// trip, where the capture was made at the server.
	soonAfter = 1e9
	// byHand is how many runs of a program that is run once for each request are still
	// a person's, not a script's.
	byHand = 10
	// oneOf is of how many requests one may be given up: somebody left a page.
	oneOf = 10
	// rarely: a client is said to use a connection for each request though one in 20
	// requests is not the first of its connection.
	rarely = 20
	// generousLimit is from how many requests per connection on a limit costs next to
	// nothing.
	generousLimit = 1000
	// longStall is how long a closed window must be to matter if there is one alone.
	longStall = 2e9
)

// Of openings.
const (
	// nextAddress is how soon a client tries the next address of a name (RFC 8305).
	nextAddress = 1e9
	// firstRTO is after what time a SYN is sent again (RFC 6298, 2.1): an answer that is
	// later than that has got lost.
	firstRTO = int64(1e9)
	// lateShare: less than one in 100 connections opens late by the common loss of
	// packets.
	lateShare = 100
	// soonUsed is how long a connection is not called unused while it is open.
	soonUsed = int64(1e9)
	// manyUnused is how many unused connections a minute are more than what health
	// checks make, and leastUnused how many it must be in all.
	manyUnused, leastUnused = 60, 10
	// scanPorts is from how many ports of an address on a client scans them: more than
	// the services that one misses at a host.
	scanPorts = 20
	// scanTries is how often a scanner tries a port: it repeats a SYN that got no
	// answer.
	scanTries = 2
)

// Of workers that idle connections hold.
const (
	// longWait is how long a request must wait for its response to be told: half a
	// second is more than a busy server takes for most.
	longWait = int64(500e6)
	// justFreed is how soon after a close the worker that it frees answers the next
	// request.
	justFreed = int64(10e6)
	// byChance is how many times less than justFreed of all the time may follow a
	// close for responses in it not to be by chance.
	byChance = 10
)

// Of ports and TIME_WAIT.
const (
	// pile is from how many TIME_WAIT on they are worth telling: below, they cost
	// neither memory nor ports that one would notice.
	pile = 1000
	// portsTenths is how many tenths of its ports a client must use to run out of them
	// soon.
	portsTenths = 7
	// timeWait is how long Linux keeps TIME_WAIT, and with it the port.
	timeWait = 60e9
)
