package tlswire

import (
	"crypto/tls"
	"testing"
)

// header returns the header of a record.
func header(kind recordType, n int) []byte { return []byte{byte(kind), 3, 3, byte(n >> 8), byte(n)} }

// encrypted returns records of application data of TLS 1.3 with these lengths.
func encrypted(from Side, lengths ...int) (all []piece) {
	for _, n := range lengths {
		all = append(all, piece{from, append(header(applicationData, n), make([]byte, n)...)})
	}
	return all
}

// hellos returns the hellos of a client and a server that agree on TLS 1.3.
func hellos(t *testing.T, protocols ...string) []piece {
	t.Helper()
	pieces := talk(t, &tls.Config{InsecureSkipVerify: true, ServerName: "example.test", NextProtos: protocols},
		&tls.Config{Certificates: []tls.Certificate{certificate()}}, 1)
	client, server := pieces[0].b, pieces[1].b
	end := headerLen + int(server[3])<<8 + int(server[4]) // behind the ServerHello
	return []piece{{0, client}, {1, server[:end]}}
}

// TestProtocolByLength has servers whose first encrypted record is as long as the choice
// of a protocol makes it.
func TestProtocolByLength(t *testing.T) {
	both := hellos(t, "h2", "http/1.1")
	for _, tc := range []struct {
		hellos []piece
		length int
		want   string
		known  bool
	}{
		{both, 23, "", true}, {both, 27, "", true}, {both, 31, "", false}, // early data was not offered
		{both, 32, "h2", true}, {both, 36, "h2", true}, {both, 40, "", false},
		{both, 38, "http/1.1", true}, {both, 42, "http/1.1", true}, {both, 46, "", false},
		{both, 616, "", false},                             // of Java, all in one record
		{hellos(t, "spdy/3.1", "http/1.1"), 38, "", false}, // two that are equally long
		{hellos(t, "http/1.1"), 32, "", false},
		{hellos(t), 23, "", true}, {hellos(t), 616, "", true}, // nothing was offered
	} {
		table := &Table{}
		s, _ := read(append(tc.hellos, encrypted(1, tc.length, 900)...), table)
		if got, known := s.protocol(table); got != tc.want || known != tc.known {
			t.Errorf("%d bytes: got %q, known: %t; want %q, %t", tc.length, got, known, tc.want, tc.known)
		}
	}
}

// TestTurns counts requests by the lengths of records.
func TestTurns(t *testing.T) {
	hellos := hellos(t, "http/1.1")
	flight := encrypted(1, 38, 900, 96, 53)
	type side []piece
	client := func(n ...int) side { return encrypted(0, n...) }
	server := func(n ...int) side { return encrypted(1, n...) }
	for _, tc := range []struct {
		name     string
		pieces   []side
		want     int64
		vouched  bool
		notified bool // the client announces its end
	}{
		{"no request", []side{client(53)}, 0, true, false},
		{"SHA-384", []side{client(69), client(100), server(300)}, 1, true, false},
		{"settings before the Finished", []side{client(63), client(100), server(300)}, 1, true, false},
		{"a client certificate", []side{client(900, 281, 53), client(100), server(300)}, 1, true, false},
		{"tickets before and after the request", []side{client(53), server(266), client(100), server(266, 300), client(100), server(300, 200)}, 2, true, false},
		{"a request in two records", []side{client(53), client(100, 5000), server(300)}, 1, true, false},
		{"100 Continue", []side{client(53), client(100), server(42), client(5000), server(300)}, 1, true, false},
		{"keys are updated", []side{client(53), client(100), server(300), client(22), server(22), client(100), server(300)}, 2, true, false},
		{"close_notify", []side{client(53), client(100), server(300), client(19)}, 1, true, true},
		{"19 bytes that more follows", []side{client(53), client(100), server(300), client(19), client(100), server(300)}, 2, true, false},
		{"messages that are too short for heads", []side{client(53), client(100), server(300), client(26), server(24)}, 2, false, false},
		{"a goodbye that is too short for a request", []side{client(53), client(100), server(300), client(23)}, 1, true, false},
		{"no Finished", []side{client(100), server(300)}, 0, false, false},
	} {
		pieces := append(hellos[:2:2], flight...)
		for _, s := range tc.pieces {
			pieces = append(pieces, s...)
		}
		table := &Table{}
		s, _ := read(pieces, table)
		if got, _, ok := s.Turns(table); got != tc.want || ok != tc.vouched {
			t.Errorf("%s: got %d turns, vouched for: %t; want %d, %t", tc.name, got, ok, tc.want, tc.vouched)
		}
		if got := s.CloseNotify(0) != 0; got != tc.notified {
			t.Errorf("%s: close_notify: got %t, want %t", tc.name, got, tc.notified)
		}
	}
	early := append(append(hellos[:1:1], encrypted(0, 100)...), hellos[1])
	early = append(append(early, flight...), encrypted(0, 21, 53)...)
	table := &Table{}
	s, _ := read(append(early, encrypted(1, 300)...), table)
	if got, answered, ok := s.Turns(table); got != 1 || answered != 1 || !ok {
		t.Errorf("early data: got %d turns, %d answered, vouched for: %t; want 1, 1, true", got, answered, ok)
	}
}

// TestGaps has parts missing: what is known stays known, what is not is not guessed.
func TestGaps(t *testing.T) {
	hellos := hellos(t, "http/1.1")
	rest := append(encrypted(1, 38, 900, 53), append(encrypted(0, 53, 100), encrypted(1, 300)...)...)
	at := func(s *Session, r *Reader, table *Table, pieces []piece) {
		for _, p := range pieces {
			s.Data(r, p.from, p.b, 1e9, table)
		}
	}
	t.Run("within a record", func(t *testing.T) {
		s, r, table := &Session{}, &Reader{}, &Table{}
		at(s, r, table, append(hellos[:2:2], encrypted(1, 38)...))
		s.Data(r, 1, header(applicationData, 900), 1e9, table)
		s.Gap(r, 1, 900, 1e9, table)
		at(s, r, table, rest[2:])
		if n, _, ok := s.Turns(table); n != 1 || !ok {
			t.Errorf("got %d turns, vouched for: %t; want 1, true", n, ok)
		}
	})
	t.Run("beyond a record", func(t *testing.T) {
		s, r, table := &Session{}, &Reader{}, &Table{}
		at(s, r, table, hellos)
		s.Gap(r, 1, 1000, 1e9, table)
		at(s, r, table, rest[2:])
		if n, _, ok := s.Turns(table); n != 1 || ok {
			t.Errorf("got %d turns, vouched for: %t; want 1, false", n, ok)
		}
		if p, known := s.protocol(table); known {
			t.Errorf("got protocol %q, want unknown", p)
		}
	})
	t.Run("in the ClientHello", func(t *testing.T) {
		s, r, table := &Session{}, &Reader{}, &Table{}
		s.Data(r, 0, hellos[0].b[:60], 1e9, table)
		s.Gap(r, 0, uint64(len(hellos[0].b)-60), 1e9, table)
		at(s, r, table, append(hellos[1:2:2], rest...))
		x := s.Info(table)
		if x.Version != "1.3" || x.ServerName != "" || x.ResumptionOffered != Unknown || x.ProtocolKnown || x.Done == 0 {
			t.Errorf("got %+v", x)
		}
	})
	t.Run("no TLS after all", func(t *testing.T) {
		s, r, table := &Session{}, &Reader{}, &Table{}
		s.Data(r, 0, []byte("\x16\x03\x01"), 1e9, table)
		s.Data(r, 0, []byte("no record"), 1e9, table)
		s.Data(r, 0, hellos[0].b, 1e9, table)
		if x := s.Info(table); x.Begun != 0 {
			t.Errorf("got %+v, want nothing", x)
		}
	})
}

// TestBounds has hellos that say to be longer than what is kept, and more of them than
// there is room for.
func TestBounds(t *testing.T) {
	table := &Table{}
	long := append(header(handshake, maxRecord-2048), 1, 1, 0, 1) // a ClientHello of 64 KiB and one byte
	s, r := &Session{}, &Reader{}
	s.Data(r, 0, append(long, make([]byte, 1000)...), 1e9, table)
	if !s.has(bigHello) || len(table.hellos) != 0 {
		t.Errorf("a long hello is kept: %d buffers", len(table.hellos))
	}
	sessions := make([]Reader, 1000)
	for i := range sessions {
		s := &Session{}
		s.Data(&sessions[i], 0, append(append(header(handshake, 1<<14), 1, 0, 0xff, 0xff), make([]byte, 1<<14-5)...), 1e9, table)
		for range 2 {
			s.Data(&sessions[i], 0, []byte{0}, 1e9, table)
			s.Data(&sessions[i], 0, append(header(handshake, 1<<14), make([]byte, 1<<14-1)...), 1e9, table)
		}
	}
	if table.held > maxHeld {
		t.Errorf("%d bytes are held, want %d at most", table.held, maxHeld)
	}
	for i := range sessions {
		sessions[i].Close(table)
	}
	for i := range maxNames + 10 {
		if n := table.name([]byte{byte(i), byte(i >> 8), byte(i >> 16)}); (n == 0) != (i >= maxNames) {
			t.Fatalf("name %d: got number %d", i, n)
		}
	}
}

// TestUnasked holds that a server that goes on by itself does not answer requests, but for
// its first response, which a ticket may come before.
func TestUnasked(t *testing.T) {
	for _, tc := range []struct {
		name  string
		n     uint32
		after int64
		odd   bool
	}{
		{"more of a response", 2, Unasked, false},
		{"a message of its own", 2, Unasked + 1, true},
		{"the first response, late", 1, 9e9, false},
	} {
		var x turns
		for range tc.n {
			x.data(0, true, 100, 1e9, 1e9, true)
			x.data(1, false, 300, 1e9, 1e9, true)
		}
		x.data(1, false, 300, 1e9+tc.after, 1e9+tc.after, true)
		if x.odd != tc.odd || x.n != tc.n {
			t.Errorf("%s: got odd %t after %d turns, want %t after %d", tc.name, x.odd, x.n, tc.odd, tc.n)
		}
	}
}
