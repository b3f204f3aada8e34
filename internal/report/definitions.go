package report

// Definitions say what the words of a report mean, for readers who were not
// there when the capture was made.
var Definitions = []struct{ Word, Means string }{
	{"connection", "one life of two addresses and ports; ports that are used again make a new one"},
	{"client, server", "who sent the first SYN, who answered it; if the opening was not captured, who sends requests is the client"},
	{"reused", "requests that were not the first on their connection, of all requests"},
	{"perfect pool", "the most exchanges in flight at once, for each client and server: so many connections would have been enough"},
	{"avoidable", "connections with a request beyond that"},
	{"TIME_WAIT", "entries that closes leave, as Linux keeps them for 60 s, at the side whose FIN came first, unless an RST removes them"},
	{"projected", "closes per second times that time, where the capture is too short to show the level that will be reached"},
	{"ports", "the most client ports in use or in TIME_WAIT towards one server"},
	{"closed first", "who sent a FIN before it had the other's"},
	{"keep-alive probe", "TCP's packet on an idle connection; reuse is what HTTP does"},
	{"likely", "a conclusion, and how sure it is; the fact under \"seen\" is certain"},
	{"not judged", "rules that this capture does not allow to judge; their silence says nothing"},
	{"unknown, -", "the capture does not tell; it is never shown as zero"},
}
