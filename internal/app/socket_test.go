package app

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWebSocketInStream reads a WebSocket of a stream of HTTP/2 as its programs wrote it: four
// messages each way, a Ping of the server every 400 ms, and a Close of the client.
func TestWebSocketInStream(t *testing.T) {
	c := reading(filepath.Join(recordings, "h2-websocket.pcap"))
	c.TLSKeyLog, c.JSON = filepath.Join(recordings, "h2-websocket.keylog"), true
	type pings struct {
		Sent int
	}
	type socket struct {
		Stream   int
		Messages struct{ Client, Server int }
		Pings    struct{ Client, Server pings }
		Close    struct {
			By   string
			Code int
		}
		Lost bool
	}
	var got struct{ Connections []struct{ WebSocket *socket } }
	if err := json.Unmarshal([]byte(succeed(t, c)), &got); err != nil {
		t.Fatal(err)
	}
	var want socket
	want.Stream, want.Messages.Client, want.Messages.Server, want.Pings.Server.Sent = 1, 4, 4, 2
	want.Close.By, want.Close.Code = "client", 1000
	if len(got.Connections) != 1 || cmp.Diff(&want, got.Connections[0].WebSocket) != "" {
		t.Errorf("got %+v, want %+v", got.Connections[0].WebSocket, want)
	}
}
