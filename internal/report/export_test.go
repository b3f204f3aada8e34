package report

// What tests of this package from outside look at.
var (
	ConnectionByID  = connectionByID
	WiresharkFilter = wiresharkFilter
	Span            = Zone{}.span
)
