package tlscrypt

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// protection is how a cipher suite protects records.
type protection uint8

const (
	unsupported protection = iota
	gcm
	chacha
	cbc
	ccm // told apart, as it is in use
)

// suite is a cipher suite, as far as records go. The zero suite is one that is not
// supported.
type suite struct {
	protection protection
	key        uint8            // bytes of it
	prf        func() hash.Hash // of the key schedule
	mac        func() hash.Hash // of CBC
	macLen     uint8
}

// Groups of cipher suites that protect records alike (IANA, TLS Cipher Suites).
var suiteGroups = []struct {
	suite
	numbers []uint16
}{
	{suite{gcm, 16, newSHA256, nil, 0}, []uint16{
		0x1301, 0x009c, 0x009e, 0x00a0, 0x00a2, 0x00a4, 0x00a6, 0x00a8, 0x00aa, 0x00ac, 0xc02b, 0xc02d, 0xc02f, 0xc031, 0xd001}},
	{suite{gcm, 32, newSHA384, nil, 0}, []uint16{
		0x1302, 0x009d, 0x009f, 0x00a1, 0x00a3, 0x00a5, 0x00a7, 0x00a9, 0x00ab, 0x00ad, 0xc02c, 0xc02e, 0xc030, 0xc032, 0xd002}},
	{suite{chacha, 32, newSHA256, nil, 0}, []uint16{0x1303, 0xcca8, 0xcca9, 0xccaa, 0xccab, 0xccac, 0xccad, 0xccae}},
	{suite{cbc, 16, newSHA256, sha1.New, sha1.Size}, []uint16{
		0x002f, 0x0030, 0x0031, 0x0032, 0x0033, 0x0034, 0x008c, 0x0090, 0x0094, 0xc004, 0xc009, 0xc00e, 0xc013, 0xc018, 0xc035}},
	{suite{cbc, 32, newSHA256, sha1.New, sha1.Size}, []uint16{
		0x0035, 0x0036, 0x0037, 0x0038, 0x0039, 0x003a, 0x008d, 0x0091, 0x0095, 0xc005, 0xc00a, 0xc00f, 0xc014, 0xc019, 0xc036}},
	{suite{cbc, 16, newSHA256, sha256.New, sha256.Size}, []uint16{
		0x003c, 0x003e, 0x003f, 0x0040, 0x0067, 0x006c, 0x00ae, 0x00b2, 0x00b6, 0xc023, 0xc025, 0xc027, 0xc029, 0xc037}},
	{suite{cbc, 32, newSHA256, sha256.New, sha256.Size}, []uint16{0x003d, 0x0068, 0x0069, 0x006a, 0x006b, 0x006d}},
	{suite{cbc, 32, newSHA384, sha512.New384, sha512.Size384}, []uint16{
		0x00af, 0x00b3, 0x00b7, 0xc024, 0xc026, 0xc028, 0xc02a, 0xc038}},
	{suite{ccm, 16, newSHA256, nil, 0}, []uint16{
		0x1304, 0x1305, 0xc09c, 0xc09d, 0xc09e, 0xc09f, 0xc0a0, 0xc0a1, 0xc0a2, 0xc0a3, 0xc0a4, 0xc0a5, 0xc0a6, 0xc0a7, 0xc0a8, 0xc0a9, 0xc0aa, 0xc0ab,
		0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xd003, 0xd005}},
}

// suites are the groups by number.
var suites = func() map[uint16]*suite {
	m := map[uint16]*suite{}
	for i := range suiteGroups {
		for _, n := range suiteGroups[i].numbers {
			m[n] = &suiteGroups[i].suite
		}
	}
	return m
}()

// suiteOf returns a suite by its number.
func suiteOf(n uint16) *suite {
	if s := suites[n]; s != nil {
		return s
	}
	return &suite{}
}

// open reports whether records of the suite can be opened.
func (s *suite) open() bool { return s.protection != unsupported && s.protection != ccm }
