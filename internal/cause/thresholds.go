package cause

// The thresholds of all judgements, each with its reason. Times are in ns. Those
// that only rules look at are in package rules.

// Of one connection.
const (
	// minKeptAway is how long a connection is kept after GOAWAY that should not be: Go's server
	// closes after 1 s, nginx and Apache at once or when the client does.
	minKeptAway = 10e9

	// minSocketIdle is how long a WebSocket must be idle for its end to be that of a timeout:
	// programs that are done end theirs sooner, and nobody sets a proxy to less.
	minSocketIdle = 5e9

	// minLostProbes is how many probes or retransmissions without any answer show
	// that a peer or the path is gone: one may get lost.
	minLostProbes = 2
	// minLostData is how many show it where data is unacknowledged: retransmissions
	// come sooner after each other than probes (RFC 6298).
	minLostData = 3
	// maxSwap is how far apart packets may be that were captured in the wrong order, as
	// in package flows: queues are emptied within that time.
	maxSwap = 1e6
	// minRace is how close to the server's FIN a request counts as crossing it, where
	// the round trip is shorter: what a program takes between its look at the socket
	// and its write.
	minRace = 5e6
	// minRest is how long a connection must be silent for its server to have
	// forgotten it: what is not idle has no idle timeout.
	minRest = 500e6
	// minStarved is how long data that was acknowledged must stay unanswered for the
	// program not to have accepted the connection.
	minStarved = 1e9
	// minStall is the shortest closed window that counts as a stall: shorter ones are
	// of programs that read in bursts.
	minStall = 500e6
	// minLateOpen is how long a handshake takes at least whose SYN was sent again: a
	// second (RFC 6298, 2.1), and what timers are early.
	minLateOpen = 900e6
	// LongHalfClosed is how long a connection must be half-closed to be told: programs
	// close within milliseconds.
	LongHalfClosed = 1e9
	// minConnectWait is how long a client waits for a SYN-ACK at least: less is not set by
	// anybody, and a scanner whose kernel knows no such socket answers within a round trip.
	minConnectWait = 50e6
	// oneWindow is how far apart the acknowledgements of one connection may be that two
	// packets carry within a round trip.
	oneWindow = 1 << 22
	// lossyShare: a connection that lacks more than one in 20 of its bytes is lossy.
	lossyShare = 20
	// redirect is the least status with which an answer before the whole request is a
	// rejection: servers answer uploads that they take early with 2xx.
	redirect = 300
	// clientError is the least status that is an error: many servers close after it,
	// whatever their settings.
	clientError = 400
	// serverError is the least status that is an error of the server's own.
	serverError = 500
)

// Of samples that agree.
const (
	// MinSamples is how many connections must agree: two do so by chance.
	MinSamples = 3
	// Agreement is by how much they may differ, in percent of the least.
	Agreement = 5
	// Jitter is how late a timer of a program may run.
	Jitter = 2e6
	// instant is how far apart what happens at one moment may be: a process that ends
	// closes hundreds of sockets in it.
	instant = 100e6
	// roundStep is what people set timers to multiples of, and roundNear how near to
	// one a time must be.
	roundStep, roundNear = 100e6, 5e6
	// exactSpread is how far apart the samples of a timer may be, as a share of it, to
	// be sure of it; the samples of an age, which shows only as requests come, may be
	// exactAge apart.
	exactSpread, exactAge = 0.02, 0.2
	// minSwept is the shortest timeout of programs that look at their idle
	// connections from time to time.
	minSwept = 1e9
	// sweep is how far apart the pauses are, at most, after which a server closes
	// connections that it looks at once a second, as lighttpd, Tomcat and gunicorn do.
	sweep = 1100e6
)

// Of how connections end.
const (
	// MinIdle tells what ended after a pause from what ended right after a response.
	MinIdle = 50e6
	// obeyedMost: of connections that both sides close at once, as a header says that is
	// encrypted, the server is the first in one of 5 at least (1 to 9 of 10, measured).
	obeyedMost = 4
	// jitteredLeast is how many ages must lie within a tenth of one limit where nothing else
	// tells of it: three do so by chance.
	jitteredLeast = 5
	// MinAge is the shortest age of a connection that somebody would set as a limit.
	MinAge = 400e6
	// beforeRefusal is how long before a refused SYN a server may have gone.
	beforeRefusal = 30e9
	// loopRequests is from how many requests on, each at most maxLoopGap after the response
	// before it, a connection is driven in a loop, as by a load generator: a program that
	// does something between two requests takes longer.
	loopRequests = 3
	maxLoopGap   = 2e6
	// ExitAtLeast is how many connections end at one moment when a process does, if
	// nothing else shows that it did.
	ExitAtLeast = 3
	// atExit is how far apart the ends of a process's connections are: the kernel
	// closes them one after the other, with nothing in between.
	atExit = 5e6
	// atRecycle is how far apart they may be where a server is shut down in steps, with all
	// that it had: its processes are told one after the other.
	atRecycle = 20e6
	// beforeDrain and afterDrain are how long before and after a moment a server must
	// begin to say close for that moment to be its shutdown.
	beforeDrain, afterDrain = 2e9, 5e9
	// afterOpening is how soon after a connection was opened a server closes another one
	// to make room for it, and byChance how many times more often that must be than
	// openings alone would make it.
	afterOpening, byChance = 5e6, 3
	// announcedNear: a server may miss the timeout that its Keep-Alive field announces
	// by one in 50 of it, and be late by announcedLate besides: Node closes a second
	// after it.
	announcedNear, announcedLate = 50, 1100e6
)

// Of what clients do.
const (
	// goDrain is how long Go reads on, from version 1.27, after a program closed a body that
	// it did not read to its end; one in drainShare of the closes follows within
	// drainExact, on a busy host none later than drainLate. Where there are one or two, each
	// does so within drainFew, what a program takes from the head to Close included.
	goDrain, drainExact, drainLate, drainShare, drainFew = 50e6, 2e6, 100e6, 4, 5e6
	// afterLeak is how long after a response, and a round trip, another connection
	// must be opened to show that the client does not know this one to be free.
	afterLeak = 500e3
	// surelyLost is how many connections a client opens while it has an idle one, if
	// it does not know of that one.
	surelyLost = 5
	// apartShare: where for one in 6 of the connections that seem to be forgotten another one
	// was used again, though the client had opened others instead, it has several pools;
	// apartLeast is how many that must be: one is of a pool beside what another program leaks.
	apartShare, apartLeast = 6, 2
	// leakedOnce is how many connections, used once, most of a client's must be for it
	// to forget each of them.
	leakedOnce = 2
	// besideAnother is how long before a connection another one may have been opened for
	// the two to be attempts at the same thing.
	besideAnother = 1e9
	// inPlace is how long after a close with an unread body another connection is opened in
	// its place: undici takes up to 5 ms.
	inPlace = 10e6
	// atOnce is within what time of a close another connection is opened in its place.
	atOnce = 2e6
	// crowded is how many times less than atOnce of all the time must follow an
	// opening for those in the place of another not to be by chance.
	crowded = 10
	// outliers: one in 20 closes may find the pool not full: a host has two pools, or
	// the capture lacks packets.
	outliers = 20
	// unreadShare: where one in 5 closes after a response with a body is seen to leave
	// it unread, the others do so, too.
	unreadShare = 5
)
