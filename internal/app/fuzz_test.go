package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
)

// clockBack has a request before the one that came first, by a clock that was
// set: a bin of the charts has a reused request and no other.
const clockBack = `
	1.0 > P. "GET / HTTP/1.1\r\n\r\n"
	1.1 < P. "HTTP/1.1 204 No Content\r\n\r\n"
	0.1 > P. "GET / HTTP/1.1\r\n\r\n"
`

// FuzzFormats writes the report of a file in one of the formats, within a time. It
// is whole and shows no more than itself, whatever the packets hold; of a file that is
// no capture there is an error alone. Bytes that do not begin as a capture does
// are taken for packets of [capturetest.FromBytes].
func FuzzFormats(f *testing.F) {
	closed := []byte{0, 4, 0, 0, 0, 12, 5, 0, 0, 0, 8, 0, 0, 0, 0, 8, 2, 0, 0x81, 0, 12, 2, 0, 0x87, 0, 44, 6, 0, 0, 0, 8, 6, 0, 0, 0, 12, 0, 0, 0, 0}
	file, err := os.ReadFile(filepath.Join(recordings, "cut-data.pcap"))
	if err != nil {
		f.Fatal(err)
	}
	for i := range formats.All {
		f.Add(file, byte(i), byte(0))
		f.Add(capturetest.Pcap(f, clockBack), byte(i), byte(1))
		f.Add(closed, byte(i), byte(2))
	}
	schema := compileSchema(f, "")
	f.Fuzz(func(t *testing.T, file []byte, format, how byte) {
		if len(file) > 1<<15 {
			return
		}
		defer capturetest.Limit(30 * time.Second)()
		if !beginsCapture(file) {
			file = capturetest.FromBytes(file).Pcap()
		}
		c := Config{
			Read: []string{"-"}, Format: formats.All[int(format)%len(formats.All)].Name, Quiet: true,
			Exchanges: how&1 != 0, ShowSecrets: how&2 != 0, Conn: uint64(how >> 4 & 3),
		}
		if how&4 != 0 {
			c.Anonymize = "key"
		}
		code, out, stderr := commandOn(bytes.NewReader(file), c)
		if err := shown(stderr); err != nil {
			t.Errorf("standard error has %v", err)
		}
		if code != ExitOK {
			if !strings.HasPrefix(stderr, "kaanalyze: error: ") || out != "" && c.Format != "ndjson" {
				t.Errorf("exit code %d, standard error %q, output %q", code, stderr, out)
			}
			return
		}
		if err := harmless[c.Format](out); err != nil {
			t.Errorf("%s has %v", c.Format, err)
		}
		if err := whole(c.Format, out); err != nil {
			t.Errorf("%s: %v", c.Format, err)
		}
		if c.Format != "json" {
			return
		}
		if v, err := jsonschema.UnmarshalJSON(strings.NewReader(out)); err != nil || schema.Validate(v) != nil {
			t.Errorf("json: %v", errors.Join(err, schema.Validate(v)))
		}
	})
}

// compileSchema returns the schema that --json-schema prints.
func compileSchema(t testing.TB, fragment string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(machine.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("report.json" + fragment)
}

// beginsCapture reports whether file begins as a capture or a compressed file does.
func beginsCapture(file []byte) bool {
	magics := []string{"\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x4d\x3c\xb2\xa1", "\n\r\r\n", "\x1f\x8b", "\x28\xb5\x2f\xfd", "\xfd7zXZ", "\x04\x22\x4d\x18"}
	return slices.ContainsFunc(magics, func(m string) bool { return bytes.HasPrefix(file, []byte(m)) })
}

// whole says why a report does not go to its end.
func whole(format, out string) error {
	end := map[string]string{"text": "\n", "md": "\n", "html": "</html>\n", "json": "}\n", "ndjson": "}\n", "csv": "\n", "svg": "</svg>\n"}[format]
	if !strings.HasSuffix(out, end) {
		return fmt.Errorf("it ends with %q", out[max(0, len(out)-100):])
	}
	if format != "ndjson" {
		return nil
	}
	var last struct{ Type string }
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Type != "end" {
		return fmt.Errorf("its last line is %s, error %w", lines[len(lines)-1], err)
	}
	return nil
}
