package cause

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// Unseen counts the connections of a server of which the capture does not show enough.
type Unseen struct {
	Opaque       int64 // whose requests cannot be read
	Encrypted    int64 // of these, TLS
	HTTP2        int64 // and HTTP/2
	OneDirection int64 // of which one direction was captured, though they opened
	Lossy        int64 // that lack more than a few of their bytes
}

// unseenServers bounds the servers of which that is counted: as many as reports have rows.
const unseenServers = 10_000

// UnseenAt returns those of the server with that number.
func (s *Summary) UnseenAt(server uint32) Unseen { return s.unseen[server] }

// noteUnseen counts a connection of which something is missing.
func (s *Summary) noteUnseen(c *analyze.Connection, x Unseen) {
	if x == (Unseen{}) {
		return
	}
	s.Opaque += x.Opaque
	s.Encrypted += x.Encrypted
	s.HTTP2 += x.HTTP2
	s.OneDirection += x.OneDirection
	s.Lossy += x.Lossy
	s.addUnseen(c.Evidence.Server, x)
}

// addUnseen adds to what is counted of a server.
func (s *Summary) addUnseen(server uint32, x Unseen) {
	was, ok := s.unseen[server]
	if !ok && len(s.unseen) >= unseenServers {
		return
	}
	if s.unseen == nil {
		s.unseen = map[uint32]Unseen{}
	}
	s.unseen[server] = Unseen{
		was.Opaque + x.Opaque, was.Encrypted + x.Encrypted, was.HTTP2 + x.HTTP2,
		was.OneDirection + x.OneDirection, was.Lossy + x.Lossy,
	}
}
