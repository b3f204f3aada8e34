package capture

import (
	"errors"
	"fmt"
)

// ErrNoLibpcap says that this program was built without libpcap, which compiles
// filter expressions.
var ErrNoLibpcap = errors.New("a filter needs libpcap, which this program was built without")

// FilterError is a filter expression that libpcap does not accept.
type FilterError struct {
	Expr   string // as given
	Reason string // libpcap's
}

// Error names the expression and the reason.
func (e *FilterError) Error() string { return fmt.Sprintf("filter %q: %s", e.Expr, e.Reason) }
