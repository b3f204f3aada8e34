package machine

import (
	_ "embed" // for schema.json
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of the JSON report. The
// caller owns it. NDJSON lines hold the objects that it defines as connection,
// exchange, packet, finding and gate, and, in the summary, capture, totals and so
// on.
func Schema() []byte { return slices.Clone(schema) }
