package http2

import (
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
)

const (
	// MaxTable is how large a dynamic table may become, in bytes as RFC 7541, 4.1 counts
	// them. Browsers ask for this much.
	MaxTable = 1 << 16
	// MaxString is how long a name or a value may be.
	MaxString = 1 << 15

	firstTable = 4096 // bytes, until SETTINGS say otherwise (RFC 9113, 6.5.2)
	entrySize  = 32   // of an entry without name and value (RFC 7541, 4.1)
	maxFills   = 64   // how often a table is begun anew with unknown entries, which takes time
)

// Fields is what a header block says of the fields that are looked at. What is not there
// is empty. The strings are those of the sender.
type Fields struct {
	Method, Path, Authority, Protocol string // of a request; Protocol of an extended CONNECT (RFC 8441)
	UserAgent, Server, PoweredBy, Via string
	ContentType, GRPCStatus           string
	ContentLength                     int64  // -1 without a valid one
	Status                            uint16 // of a response, else 0
	Forwarded                         bool   // a proxy sent the request
	Unknown                           bool   // the block is not known whole
}

// Request reports whether the fields are those of a request.
func (f *Fields) Request() bool { return f.Method != "" }

// fieldTable decodes header blocks. Of a direction that was not captured from the
// beginning the older entries of the table are not known: entries without a name stand
// for them, so that the newer ones have their numbers.
type fieldTable struct {
	decoder *hpack.Decoder
	fields  Fields
	allowed uint32 // the table's size, as far as the other side allows more than at first
	losing  bool   // what came before is not known
	losses  uint16 // how often that began
	broken  bool   // the rest of this block cannot be decoded
}

// Fields returns what the header block says that is whole, or which Next has begun. It is
// valid until the next one begins.
func (r *Reader) Fields() *Fields { return &r.table.fields }

// AllowTable takes the size of the dynamic table that the other side allows in SETTINGS.
func (r *Reader) AllowTable(size int64) {
	t := &r.table
	if size > int64(max(t.allowed, firstTable)) {
		t.allowed = uint32(min(size, MaxTable))
		if t.decoder != nil {
			t.decoder.SetAllowedMaxDynamicTableSize(t.allowed)
		}
	}
}

// begin begins a header block.
func (t *fieldTable) begin() {
	t.fields = Fields{ContentLength: -1}
	t.broken = false
	if t.decoder == nil {
		t.decoder = hpack.NewDecoder(firstTable, t.take)
		t.decoder.SetMaxStringLength(MaxString)
		t.decoder.SetAllowedMaxDynamicTableSize(max(t.allowed, firstTable))
		if t.losing && t.losses <= maxFills {
			t.fill()
		}
	}
}

// fill puts as many entries into the table as may have been there.
func (t *fieldTable) fill() {
	t.decoder.SetEmitEnabled(false)
	for range firstTable / entrySize {
		t.decoder.Write([]byte{0x40, 0, 0}) // a literal to be added, with a new name (RFC 7541, 6.2.1)
	}
	t.decoder.Close()
	t.decoder.SetEmitEnabled(true)
}

// write takes a fragment of a block.
func (t *fieldTable) write(b []byte) {
	if t.broken || t.decoder == nil {
		return
	}
	if _, err := t.decoder.Write(b); err != nil {
		t.broken = true
	}
}

// end takes the end of a block.
func (t *fieldTable) end() {
	if t.decoder == nil {
		return
	}
	if t.decoder.Close() != nil || t.broken {
		t.lose()
	}
}

// lose notes that a block was not seen whole, so that what it added to the table is not
// known.
func (t *fieldTable) lose() {
	t.decoder, t.losing, t.broken = nil, true, true
	t.losses += min(1, maxFills+1-t.losses)
	t.fields.Unknown = true
}

// take takes a field.
func (t *fieldTable) take(f hpack.HeaderField) {
	x := &t.fields
	if strings.HasPrefix(f.Name, ":") {
		x.takePseudo(f)
		return
	}
	switch f.Name {
	case "host":
		if x.Authority == "" {
			x.Authority = f.Value
		}
	case "user-agent":
		x.UserAgent = f.Value
	case "server":
		x.Server = f.Value
	case "x-powered-by":
		x.PoweredBy = f.Value
	case "content-type":
		x.ContentType = f.Value
	case "grpc-status":
		x.GRPCStatus = f.Value
	case "content-length":
		if n, err := strconv.ParseInt(f.Value, 10, 64); err == nil && n >= 0 {
			x.ContentLength = n
		}
	case "via":
		x.Via, x.Forwarded = f.Value, true
	case "x-forwarded-for", "forwarded", "x-real-ip":
		x.Forwarded = true
	case "":
		x.Unknown = true
	}
}

// takePseudo takes a pseudo-header field (RFC 9113, 8.3).
func (x *Fields) takePseudo(f hpack.HeaderField) {
	switch f.Name {
	case ":method":
		x.Method = f.Value
	case ":path":
		x.Path = f.Value
	case ":authority":
		x.Authority = f.Value
	case ":protocol":
		x.Protocol = f.Value
	case ":status":
		if n, err := strconv.ParseUint(f.Value, 10, 16); err == nil && n >= 100 && n <= 999 {
			x.Status = uint16(n)
		}
	}
}

// GRPCFailed reports whether the fields end a call of gRPC that failed.
func (f *Fields) GRPCFailed() bool { return f.GRPCStatus != "" && f.GRPCStatus != "0" }

// EventStream reports whether the body is events that come as they happen (HTML, 9.2).
func (f *Fields) EventStream() bool { return strings.HasPrefix(f.ContentType, "text/event-stream") }

// GRPC reports whether the body is that of a call of gRPC.
func (f *Fields) GRPC() bool { return strings.HasPrefix(f.ContentType, "application/grpc") }
