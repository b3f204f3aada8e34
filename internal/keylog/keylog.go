// Package keylog reads what programs write to SSLKEYLOGFILE: the secrets of their TLS
// sessions, in the format of NSS (draft-ietf-tls-keylogfile).
//
// A [Log] takes the text with [Log.ReadFrom], again whenever there may be more of it, and
// gives a secret by the client's random and its [Label] with [Log.Secret]. The secrets go
// nowhere else: no error and no name tells of what is in them.
package keylog

import (
	"math"
	"sync"
)

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

// A Log is what is known of the sessions of key logs. The zero Log is empty. Its methods
// may be called by several goroutines.
type Log struct {
	mu       sync.Mutex
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
type session struct{ at [ClientUpdated]uint32 }

// updated is a secret that came with a KeyUpdate.
type updated struct {
	session int32
	at      uint32
	label   Label
}

// Stats count what a log had.
type Stats struct {
	Sessions int64 // with a secret that protects records
	Others   int64 // lines with another label: secrets for other purposes, or labels to come
	Garbage  int64 // lines that cannot be read
	LeftOut  int64 // secrets that there was no room for
}

// Stats returns the counts so far.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Sessions = int64(len(l.sessions))
	return s
}

// Version changes whenever there are more secrets.
func (l *Log) Version() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.version
}

// Bytes returns how much memory the log takes, about.
func (l *Log) Bytes() int64 {
	const perSession = (32+4)*2 + 24
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(cap(l.secrets)) + int64(cap(l.sessions))*perSession + int64(cap(l.updated))*12
}

// Secret returns a secret of the session with this random, nil if the log does not have
// it. It must not be changed.
func (l *Log) Secret(r *Random, label Label) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok := l.numbers[*r]
	if !ok || label >= ClientUpdated {
		return nil
	}
	return l.at(l.sessions[n].at[label])
}

// Number returns the number of the session with this random: sessions count from 0 in the
// order in which they came.
func (l *Log) Number(r *Random) (n int32, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok = l.numbers[*r]
	return n, ok
}

// at returns the secret at a place, nil for 0.
func (l *Log) at(i uint32) []byte {
	if i == 0 {
		return nil
	}
	n := uint32(l.secrets[i])
	return l.secrets[i+1 : i+1+n : i+1+n]
}

// Traffic is a secret that protects application data of TLS 1.3.
type Traffic struct {
	Session int32 // its number
	Label   Label
	Secret  []byte // must not be changed
}

// Newest appends to list the secrets for application data of sessions but those that skip
// reports, up to a number of secrets, the newest session first.
func (l *Log) Newest(list []Traffic, most int, skip func(session int32) bool) []Traffic {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.updated) - 1; i >= 0 && len(list) < most; i-- {
		if u := &l.updated[i]; !skip(u.session) {
			list = append(list, Traffic{u.session, u.label, l.at(u.at)})
		}
	}
	for i := len(l.sessions) - 1; i >= 0 && len(list) < most; i-- {
		if !skip(int32(i)) {
			list = l.traffic(list, int32(i))
		}
	}
	return list
}

// Of appends to list the secrets for application data of a session.
func (l *Log) Of(list []Traffic, session int32) []Traffic {
	l.mu.Lock()
	defer l.mu.Unlock()
	list = l.traffic(list, session)
	for i := range l.updated {
		if u := &l.updated[i]; u.session == session {
			list = append(list, Traffic{session, u.label, l.at(u.at)})
		}
	}
	return list
}

// traffic appends the first secrets for application data of a session.
func (l *Log) traffic(list []Traffic, n int32) []Traffic {
	for _, label := range [...]Label{ClientTraffic, ServerTraffic} {
		if at := l.sessions[n].at[label]; at != 0 {
			list = append(list, Traffic{n, label, l.at(at)})
		}
	}
	return list
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
