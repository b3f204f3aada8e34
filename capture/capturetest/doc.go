// Package capturetest turns packet scripts into segments and captures, so that
// a test can say what went over the wire in tcpdump's notation. It imports
// neither capture nor libpcap: the tests of flows use it, too.
//
// A script has a packet a line:
//
//	0.000 > S  0:0(0)             win 64240 wscale 7
//	0.001 < S. 0:0(0)      ack 1  win 65160
//	0.001 > .              ack 1
//	0.021 > P. 1:19(18)    ack 1  "GET / HTTP/1.1\r\n\r\n"
//	60.04 < F. 1:1(0)      ack 19               # want server closes first
//
// The time is in seconds after [Epoch]; > is sent by the client, < by the
// server. The flags are S, F, R, P, U, W, E and a dot for ACK, or none.
// Sequence numbers are relative to the initial ones, and may be negative;
// without them a packet goes on where its side stopped, and with a dot but
// without ack it acknowledges all that the peer has sent. After the flags, in
// any order:
//
//	SEQ:END(LEN)    what the packet holds; a payload shorter than LEN is filled up with zeros
//	ack N  win N    win is 65535 if absent
//	"PAYLOAD"       quoted as in Go
//	wscale N  mss N  tsval N  tsecr N    TCP options
//	id N  ttl N     of IP; each packet has another id if absent, so that a copy needs it
//	vlan N  iface N where it was captured; both 0 if absent, which is none
//	cut N           only N bytes of the payload were captured
//
// "# want TEXT" is an expectation, see [Script]; any other comment is skipped.
//
// A packet belongs to the connection last named by "conn PORT", the client's
// port, or to the one that it names itself: "40001: 0.5 > S". Lines that change
// the current connection, before its first packet:
//
//	isn CLIENT SERVER     initial sequence numbers
//	client ADDRESS        ADDRESS may be IPv6; ADDRESS:PORT where PORT only names the connection
//	server ADDRESS:PORT   that is [ADDRESS]:PORT for IPv6
package capturetest
