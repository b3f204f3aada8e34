package tlscrypt

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// unhex reads hexadecimal digits as RFCs print them.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Keys of RFC 8448, 3 and 4: sessions with AES-128-GCM, the second one with early data.
func TestTrafficKeys(t *testing.T) {
	for _, test := range []struct{ name, secret, key, iv string }{
		{
			"client, handshake", "b3 ed db 12 6e 06 7f 35 a7 80 b3 ab f4 5e 2d 8f 3b 1a 95 07 38 f5 2e 96 00 74 6a 0e 27 a5 5a 21",
			"db fa a6 93 d1 76 2c 5b 66 6a f5 d9 50 25 8d 01", "5b d3 c7 1b 83 6e 0b 76 bb 73 26 5f",
		},
		{
			"server, handshake", "b6 7b 7d 69 0c c1 6c 4e 75 e5 42 13 cb 2d 37 b4 e9 c9 12 bc de d9 10 5d 42 be fd 59 d3 91 ad 38",
			"3f ce 51 60 09 c2 17 27 d0 f2 e4 e8 6e e4 03 bc", "5d 31 3e b2 67 12 76 ee 13 00 0b 30",
		},
		{
			"client, application", "9e 40 64 6c e7 9a 7f 9d c0 5a f8 88 9b ce 65 52 87 5a fa 0b 06 df 00 87 f7 92 eb b7 c1 75 04 a5",
			"17 42 2d da 59 6e d5 d9 ac d8 90 e3 c6 3f 50 51", "5b 78 92 3d ee 08 57 90 33 e5 23 d9",
		},
		{
			"server, application", "a1 1a f9 f0 55 31 f8 56 ad 47 11 6b 45 a9 50 32 82 04 b4 f4 4b fb 6b 3a 4b 4f 1f 3f cb 63 16 43",
			"9f 02 28 3b 6c 9c 07 ef c2 6b b9 f2 ac 92 e3 56", "cf 78 2b 88 dd 83 54 9a ad f1 e9 84",
		},
		{
			"client, early data", "3f bb e6 a6 0d eb 66 c3 0a 32 79 5a ba 0e ff 7e aa 10 10 55 86 e7 be 5c 09 67 8d 63 b6 ca ab 62",
			"92 02 05 a5 b7 bf 21 15 e6 fc 5c 29 42 83 4f 54", "6d 47 5f 09 93 c8 e5 64 61 0d b2 b9",
		},
	} {
		secret := unhex(t, test.secret)
		if key := expandLabel(newSHA256, secret, "key", 16); !bytes.Equal(key, unhex(t, test.key)) {
			t.Errorf("%s: key % x, want %s", test.name, key, test.key)
		}
		if iv := expandLabel(newSHA256, secret, "iv", 12); !bytes.Equal(iv, unhex(t, test.iv)) {
			t.Errorf("%s: IV % x, want %s", test.name, iv, test.iv)
		}
	}
}

// TestRecordOfRFC opens the record of early data of RFC 8448, 4.
func TestRecordOfRFC(t *testing.T) {
	var o opener
	o.init13(suiteOf(0x1301), unhex(t, "3f bb e6 a6 0d eb 66 c3 0a 32 79 5a ba 0e ff 7e aa 10 10 55 86 e7 be 5c 09 67 8d 63 b6 ca ab 62"))
	record := unhex(t, "17 03 03 00 17 ab 1d f4 20 e7 5c 45 7a 7c c5 d2 84 4f 76 d5 ae e4 b4 ed bf 04 9b e0")
	text, kind, ok := o.open(0, (*[headerLen]byte)(record), record[headerLen:], make([]byte, 0, maxRecord))
	if string(text) != "ABCDEF" || kind != applicationData || !ok {
		t.Errorf("got %q, type %d, %v; want ABCDEF of type %d", text, kind, ok, applicationData)
	}
	if _, _, ok := o.open(1, (*[headerLen]byte)(record), record[headerLen:], make([]byte, 0, maxRecord)); ok {
		t.Error("it opens under another number, too")
	}
}

// TestKeyUpdate compares with what OpenSSL 3.0 makes of the same secrets: openssl kdf -keylen N
// -kdfopt mode:EXPAND_ONLY -kdfopt digest:SHA2-384 -kdfopt hexkey:SECRET -kdfopt "prefix:tls13 "
// -kdfopt label:LABEL TLS13-KDF.
func TestKeyUpdate(t *testing.T) {
	const secret = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
	if got := nextSecret(newSHA256, unhex(t, secret)); !bytes.Equal(got, unhex(t, "fcdfcc72725aaee48bf64e4fd8b749cdbdbab39d90da0b26e2245ca6ea167207")) {
		t.Errorf("with SHA-256: got %x", got)
	}
	longer := unhex(t, secret+secret[:32])
	for _, test := range []struct {
		label string
		got   []byte
		want  string
	}{
		{"key", expandLabel(newSHA384, longer, "key", 32), "007b5e4b9f5e1b5daf68b3c69df9008d650b23b1ec66071c2e4f5da8de814e2b"},
		{"iv", expandLabel(newSHA384, longer, "iv", 12), "952eecf0f188112f6085e558"},
		{"traffic upd", nextSecret(newSHA384, longer), "db34cf27be8569bc18446857cae869f3757e1f788d960d8f3fd7a8146e3e131135f28ce93a61e1e5a8502ea9c7236649"},
	} {
		if !bytes.Equal(test.got, unhex(t, test.want)) {
			t.Errorf("with SHA-384, %s: got %x, want %s", test.label, test.got, test.want)
		}
	}
}
