// Package tlscrypt decrypts TLS with the secrets of a key log: TLS 1.3, and TLS 1.2 with
// AES-GCM, ChaCha20-Poly1305 and AES-CBC.
//
// [New] makes a [Conn] for each connection. It is given what each side sends with
// [Conn.Data] and [Conn.Gap], and gives [Conn.Next], until that is [None], what it finds:
// text, alerts, the end of handshakes, and how much is missing. What the connections of a
// capture share is in a [Table]. No connection keeps more than some records: those that
// are not whole, and those whose keys have not come yet.
//
// Each text is authenticated: what is told was sent by one of the two sides. Where bytes
// are missing, where the handshake was not captured, or where secrets come late, the next
// record is found by trying keys and record numbers, within bounds that seek.go names.
//
// The files stand in this order, each above those that it uses: conn.go; records.go, what
// a record or a message of the handshake leads to; seek.go; message.go; input.go, bytes
// that wait; opener.go, suite.go and schedule.go, the ciphers and their keys.
package tlscrypt
