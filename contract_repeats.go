package kaanalyze

// What became of a [Repeat].
const (
	Recovered     = "recovered"      // the second was answered
	ExecutedTwice = "executed_twice" // that, too, but the server may have executed both
	LostAgain     = "lost_again"     // the second failed as well
)

// Repeat is a request that failed, and one of the same client, method, target and length
// on another connection within a second of that.
type Repeat struct {
	Lost       uint64  `json:"lost"`        // ID of the connection where it failed
	LostPacket uint64  `json:"lost_packet"` // its first packet there
	Connection uint64  `json:"connection"`  // ID of the connection where it was sent again
	Packet     uint64  `json:"packet"`      // its first packet there
	After      float64 `json:"after_seconds"`
	Method     string  `json:"method"`
	Status     *int    `json:"status"`  // of the response to the second, nil without
	Outcome    string  `json:"outcome"` // [Recovered], [ExecutedTwice] or [LostAgain]
}
