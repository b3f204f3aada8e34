// Package anonymize takes out of a capture who speaks and of what, and leaves
// how: addresses keep their common prefixes, heads of HTTP/1.x keep their
// length, their lines and all that framing and persistence depend on. The same
// name gets the same pseudonym wherever it stands, so that what is made from
// one capture with one key fits together, and only who has the key can tell
// whether a guess is right.
//
// [New] makes an [Anonymizer]; [Anonymizer.Addr] is for addresses and
// [Anonymizer.Head] for heads. [Redact] needs no key: it takes out of a head what
// may be used by who reads it, and leaves the rest as it is.
//
// Every byte is hostile: what is no head is masked, never a panic.
package anonymize

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
)

// Anonymizer replaces addresses and names. It is not safe for concurrent use.
type Anonymizer struct {
	addrs  *prefixes
	mac    hash.Hash
	sum    []byte // of mac, reused
	names  map[string]string
	lookup []byte // reused
}

// New returns an Anonymizer. Any key will do: the same one gives the same
// pseudonyms. Who guesses it can test guesses of what was replaced.
func New(key []byte) *Anonymizer {
	var addrs [32]byte
	copy(addrs[:], derive(key, "addresses"))
	return &Anonymizer{
		addrs: newPrefixes(addrs),
		mac:   hmac.New(sha256.New, derive(key, "names")),
		names: map[string]string{},
	}
}

// derive returns a key of 32 bytes for one purpose.
func derive(key []byte, purpose string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("kaanalyze " + purpose))
	return h.Sum(nil)
}

// kind says what a text is: the same text has other pseudonyms as another kind.
type kind byte

const (
	hostLabel kind = iota // of a host name; case does not matter
	pathPart              // between slashes and dots
	queryPart             // a name or a value
	fieldName             // case does not matter
	valueWord
	methodName
	schemeName
	nonNumber // a word in the place of a number that is none: pseudonyms are letters
)

const (
	letters       = "abcdefghijklmnopqrstuvwxyz"
	lettersDigits = letters + "0123456789"
)

// maxNames bounds how many pseudonyms are kept, and how long each is, in bytes.
const (
	maxNames   = 1 << 15
	maxNameLen = 128
)

// replace overwrites text with its pseudonym, which is not the text itself, nor
// a word with a meaning.
func (a *Anonymizer) replace(k kind, text []byte) {
	if len(text) == 0 {
		return
	}
	a.lookup = append(append(a.lookup[:0], byte(k)), text...)
	if k == hostLabel || k == fieldName {
		lower(a.lookup[1:])
	}
	if name, ok := a.names[string(a.lookup)]; ok {
		copy(text, name)
		return
	}
	for counter := byte(0); ; counter++ {
		a.pseudonym(text, counter)
		if !bytes.Equal(text, a.lookup[1:]) && !hasMeaning(k, text) || counter == 255 {
			break
		}
	}
	if len(text) > maxNameLen {
		return
	}
	if len(a.names) >= maxNames {
		clear(a.names)
	}
	a.names[string(a.lookup)] = string(text)
}

// pseudonym fills out with the pseudonym of what lookup holds; counter chooses
// one of several.
func (a *Anonymizer) pseudonym(out []byte, counter byte) {
	alphabet := lettersDigits
	if kind(a.lookup[0]) == nonNumber {
		alphabet = letters
	}
	for block := 0; len(out) > 0; block++ {
		a.mac.Reset()
		a.mac.Write([]byte{counter, byte(block), byte(block >> 8), byte(block >> 16)})
		a.mac.Write(a.lookup)
		a.sum = a.mac.Sum(a.sum[:0])
		n := min(len(out), len(a.sum))
		for i, c := range a.sum[:n] {
			out[i] = alphabet[int(c)%len(alphabet)]
		}
		out = out[n:]
	}
}

// lower turns ASCII letters of b to lower case.
func lower(b []byte) {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
}
