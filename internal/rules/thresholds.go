package rules

// The thresholds of the rules and of the verdict, each with its reason. Times are
// in ns. Those that the causes depend on are in package cause.

// Shares from which findings matter.
var (
	// failedShare: requests that fail are grave where one in 100 of a pair's does.
	failedShare = share{1, 100}
	// graveShare, notableShare and mostShare are of the requests of a pair. Connections
	// that need not have been opened are grave where one in 5 requests comes with one,
	// notable where one in 50 does, if they are MinSamples; a few are where two in three do.
	// One in 5 connections is notable, too, though the others were well used.
	graveShare, notableShare, mostShare = share{1, 5}, share{1, 50}, share{2, 3}
)

// Of findings.
const (
	// failedCost is how many connections a failed request counts for where findings are
	// sorted.
	failedCost = 10
	// fewWasted is how many connections must be wasted to matter at mostShare, manyWasted
	// at graveShare of the connections.
	fewWasted, manyWasted = 2, 4
	// usedAgain is from how many requests on a connection is used again and again: nobody
	// says that it should not have been made unless it shows why it ended.
	usedAgain = 3
	// littleTraffic is how many requests are too few to say that connections are reused.
	littleTraffic = 10
	// mostlyReused is the reuse ratio from which connections are said to be reused.
	mostlyReused = 0.5
	// busyGap is how far apart connections may be opened to count: one now and then costs
	// nothing that one would notice.
	busyGap = 60e9
	// checkPace is the shortest time from one health check to the next, and leastChecks
	// is how many, three in four of them at that pace, are no accident.
	checkPace, leastChecks = 5e9, 5
	// manyClients is from how many clients of one server on they are told together.
	manyClients = 4
	// chanceRepeat: a request that comes after more than a quarter of the typical time
	// between such requests repeats nothing for certain.
	chanceRepeat = 4
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
	// leastSilence is how long a connection must be silent at least for that to matter to
	// something on the path.
	leastSilence = int64(1e9)
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
	// rarely: a client is said to use a connection for each request though one in 20
	// requests is not the first of its connection.
	rarely = 20
	// generousLimit is from how many requests per connection on a limit costs next to
	// nothing.
	generousLimit = 1000
	// besideRequest is how near to the opening of a connection a pool closes those that it
	// finds to be closed by the server.
	besideRequest = 50e6
	// longStall is how long a closed window must be to matter if there is one alone.
	longStall = 2e9
)

// Of openings.
const (
	// unavailable is the status with which a server answers that is shutting down, and
	// goneSince how long before it refuses connections it may have done so.
	unavailable, goneSince = 503, int64(30e9)
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
	// manyHalfOpened is from how many handshakes on that clients do not complete they are
	// worth a look, though most are.
	manyHalfOpened = 100
	// briefSocket is for how long a WebSocket is open at most that was opened for a message or
	// two: those that wait for messages stay open for minutes.
	briefSocket = int64(1e9)
	// rateBin is the time in which something must happen once for that time to count
	// where its rate is taken.
	rateBin = 10e9
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

// Of TLS.
const (
	// paidOff is how many requests a connection must carry for its handshake, full or not, to
	// be a small part of what they cost.
	paidOff = 10
	// refusedShare: a server that does not take one in 3 sessions has no keys of two hosts in
	// common; for less than that, sessions expire.
	refusedShare = 3
	// eachTime is from how many full handshakes on, each for one request, they are more than
	// what a person makes who runs a program by hand.
	eachTime = 10
	// manyHTTP2 is how many connections with HTTP/2 a client has to a server at once, where one
	// is enough (RFC 9113, 9.1): two may be of two programs, or one takes the place of the other.
	manyHTTP2 = 3
)

// Of ports and TIME_WAIT.
const (
	// usedWell is how many requests a connection must have carried for its TIME_WAIT to be
	// the price of much traffic, not of connections for next to nothing.
	usedWell = 10
	// pile is from how many TIME_WAIT on they are worth telling: below, they cost
	// neither memory nor ports that one would notice.
	pile = 1000
	// stillCloses is for how long after the last close others are still expected, where
	// they do not come at longer intervals.
	stillCloses = int64(1e9)
	// portsTenths is how many tenths of its ports a client must use to run out of them
	// soon.
	portsTenths = 7
	// timeWait is how long Linux keeps TIME_WAIT, and with it the port.
	timeWait = 60e9
)
