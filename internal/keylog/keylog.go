// Package keylog reads what programs write to SSLKEYLOGFILE: the secrets of their TLS
// sessions, in the format of NSS (draft-ietf-tls-keylogfile).
//
// A [Log] takes the text with [Log.ReadFrom], again whenever there may be more of it, and
// gives a secret by the client's random and its [Label] with [Log.Secret]. The secrets go
// nowhere else: no error and no name tells of what is in them.
package keylog

import "math"

// Random is the random of a ClientHello, by which a session is known. Of a second one
// after a HelloRetryRequest it is the same (RFC 8446, 4.1.2).
type Random [32]byte

// Label is what a secret is for.
type Label uint8

// The labels of secrets that protect records.
const (
	Master          Label = iota // the master secret, up to TLS 1.2
	ClientEarly                  // of TLS 1.3, as are the others: early data
	ClientHandshake              // the rest of the handshake
	ServerHandshake
	ClientTraffic // what follows
	ServerTraffic
	ClientUpdated // after a KeyUpdate: which one the log does not say
	ServerUpdated
)

// Bounds of what is kept, whatever a log holds.
const (
	maxSessions = 4 << 20
	maxSecrets  = 512 << 20 // bytes
	maxUpdated  = 1 << 16   // secrets after KeyUpdates, of which a session may have many
)

// A Log is what is known of the sessions of key logs. The zero Log is empty. It is not
// safe for concurrent use.
type Log struct {
	numbers  map[Random]int32 // of sessions
	sessions []session
	secrets  []byte // each behind a byte with its length
	updated  []updated

	line    []byte // the last one, as far as it has come
	skips   bool   // the rest of a line that is too long
	version uint64
	stats   Stats
}

// session is where the secrets of a session are in Log.secrets; 0 is none.
type session struct {
	at      [ClientUpdated]uint32
	claimed bool
}

// updated is a secret that came with a KeyUpdate.
type updated struct {
	session int32
	at      uint32
	label   Label
}

// Stats count what a log had.
type Stats struct {
	Sessions int64 // with a secret that protects records
	Claimed  int64 // of them, those whose connection was seen
	Others   int64 // lines with another label: secrets for other purposes, or labels to come
	Garbage  int64 // lines that cannot be read
	LeftOut  int64 // secrets that there was no room for
}

// Stats returns the counts so far.
func (l *Log) Stats() Stats {
	s := l.stats
	s.Sessions = int64(len(l.sessions))
	return s
}

// Version changes whenever there are more secrets.
func (l *Log) Version() uint64 { return l.version }

// Bytes returns how much memory the log takes, about.
func (l *Log) Bytes() int64 {
	const perSession = (32+4)*2 + 28
	return int64(cap(l.secrets)) + int64(cap(l.sessions))*perSession + int64(cap(l.updated))*12
}

// Secret returns a secret of the session with this random, nil if the log does not have
// it. It must not be changed.
func (l *Log) Secret(r *Random, label Label) []byte {
	n, ok := l.numbers[*r]
	if !ok || label >= ClientUpdated {
		return nil
	}
	return l.at(l.sessions[n].at[label])
}

// Has reports whether the log has any secret of the session with this random.
func (l *Log) Has(r *Random) bool {
	_, ok := l.numbers[*r]
	return ok
}

// Claim notes that the connection of a session was seen.
func (l *Log) Claim(r *Random) {
	if n, ok := l.numbers[*r]; ok && !l.sessions[n].claimed {
		l.sessions[n].claimed = true
		l.stats.Claimed++
	}
}

// at returns the secret at a place, nil for 0.
func (l *Log) at(i uint32) []byte {
	if i == 0 {
		return nil
	}
	n := uint32(l.secrets[i])
	return l.secrets[i+1 : i+1+n : i+1+n]
}

// Unclaimed calls f with the secrets for application data of each session whose
// connection was not seen, the newest session first, until it returns false.
func (l *Log) Unclaimed(f func(number int32, label Label, secret []byte) bool) {
	for i := len(l.updated) - 1; i >= 0; i-- {
		if u := &l.updated[i]; !l.sessions[u.session].claimed && !f(u.session, u.label, l.at(u.at)) {
			return
		}
	}
	for i := len(l.sessions) - 1; i >= 0; i-- {
		s := &l.sessions[i]
		if s.claimed {
			continue
		}
		for _, label := range [...]Label{ClientTraffic, ServerTraffic} {
			if s.at[label] != 0 && !f(int32(i), label, l.at(s.at[label])) {
				return
			}
		}
	}
}

// OfNumber calls f with the secrets for application data of the session that Unclaimed
// gave this number.
func (l *Log) OfNumber(number int32, f func(label Label, secret []byte) bool) {
	s := &l.sessions[number]
	for _, label := range [...]Label{ClientTraffic, ServerTraffic} {
		if s.at[label] != 0 && !f(label, l.at(s.at[label])) {
			return
		}
	}
	for i := range l.updated {
		if u := &l.updated[i]; u.session == number && !f(u.label, l.at(u.at)) {
			return
		}
	}
}

// ClaimNumber is Claim by number.
func (l *Log) ClaimNumber(number int32) {
	if s := &l.sessions[number]; !s.claimed {
		s.claimed = true
		l.stats.Claimed++
	}
}

// add keeps a secret. Of two for the same purpose the first one stays.
func (l *Log) add(r Random, label Label, secret []byte) {
	n, ok := l.numbers[r]
	if !ok && len(l.sessions) >= maxSessions || len(l.secrets)+1+len(secret) > min(maxSecrets, math.MaxUint32) {
		l.stats.LeftOut++
		return
	}
	if !ok {
		if l.numbers == nil {
			l.numbers = map[Random]int32{}
			l.secrets = append(l.secrets, 0) // so that no secret is at 0
		}
		n = int32(len(l.sessions))
		l.numbers[r] = n
		l.sessions = append(l.sessions, session{})
	}
	s := &l.sessions[n]
	if label < ClientUpdated && s.at[label] != 0 {
		return
	}
	if label >= ClientUpdated && len(l.updated) >= maxUpdated {
		l.stats.LeftOut++
		return
	}
	at := uint32(len(l.secrets))
	l.secrets = append(append(l.secrets, byte(len(secret))), secret...)
	if label >= ClientUpdated {
		l.updated = append(l.updated, updated{n, at, label})
	} else {
		s.at[label] = at
	}
	l.version++
}
