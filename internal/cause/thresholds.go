package cause

const (
	// unanswered is how many probes without an answer show that a peer or the
	// path is gone.
	unanswered = 2
	// resent is how many retransmissions do: they come sooner.
	resent = 3
)

// minRace is how close to the server's FIN a request counts as crossing it,
// where the round trip is shorter.
const minRace = 5e6

// minRest is how long a connection must be silent for its server to have
// forgotten it.
const minRest = 500e6

// minStarved is how long data that was acknowledged must stay unanswered for the
// program not to have accepted the connection.
const minStarved = 1e9

// minStall is the shortest closed window that counts as a stall.
const minStall = 500e6

// minLateOpen is how long a handshake takes at least whose SYN was sent again: a
// second (RFC 6298, 2.1), and what timers are early.
const minLateOpen = 900e6

// LongHalfClosed is how long a connection must be half-closed to be told.
const LongHalfClosed = 1e9

// minSamples is how many connections must agree, within agreement percent.
const (
	MinSamples = 3
	Agreement  = 5
)

// instant is how far apart what happens at one moment may be.
const instant = 100e6

// Jitter is how late a timer of a program may run.
const Jitter = 2e6

// MinIdle tells what ended after a pause from what ended right after a response.
const MinIdle = 50e6

const (
	// beforeRefusal is how long before a refused SYN a server may have gone.
	beforeRefusal = 30e9
	// ExitAtLeast is how many connections end at one moment when a process does,
	// if nothing else shows that it did.
	ExitAtLeast = 3
)

// sweep is how far apart the pauses are, at most, after which a server closes
// connections that it looks at once a second, as lighttpd, Tomcat and gunicorn do.
const sweep = 1100e6

// MinAge is the shortest age of a connection that somebody would set as a limit.
const MinAge = 400e6

// afterLeak is how long after a response, and a round trip, another connection
// must be opened to show that the client does not know this one to be free.
const afterLeak = 500e3

// surelyLost is how many connections a client opens while it has an idle one, if
// it does not know of that.
const surelyLost = 5

// atOnce is within what time of a close another connection is opened in its place.
const atOnce = 2e6
