// Package tlswire reads what TLS shows to who has no key: records, hellos, alerts,
// and from their lengths some of what is encrypted.
//
// A [Session] is what was seen of one connection, whose bytes come by direction and in
// order, gaps told, as long as there is a [Reader] for it. [Session.Info] says what
// that means. What the sessions of a capture share, names and the memory for hellos
// that straddle segments, is in a [Table].
//
// Records are cut by their own lengths, never by segments: hellos of today take two
// segments, and a segment may end one record and hold three more.
package tlswire
