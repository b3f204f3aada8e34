package app

import (
	"errors"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/report"
)

// setZone reads --tz, or else TZ, in which a colon may come first as POSIX has it. A TZ that
// is no zone does not keep anybody from a report.
func (s *settings) setZone() error {
	name := s.TimeZone
	if !s.given("tz") && name == "" {
		name = strings.TrimPrefix(s.EnvZone, ":")
	} else if name == "" {
		return usagef("--tz: the zone has no name")
	}
	var err error
	if s.zone, err = zoneOf(name); err == nil {
		return nil
	}
	if s.given("tz") || s.TimeZone != "" {
		return &UsageError{err, "zones have names such as Europe/Berlin, see timedatectl list-timezones; UTC and local are some, too"}
	}
	s.oddZone = s.EnvZone
	return nil
}

// zoneOf returns the zone with that name; "" is UTC.
func zoneOf(name string) (report.Zone, error) {
	switch {
	case name == "" || strings.EqualFold(name, "utc"):
		return report.Zone{}, nil
	case strings.EqualFold(name, "local") || strings.HasPrefix(name, "/"): // a file: the runtime has read it
		return report.Zone{Location: time.Local}, nil
	}
	at, err := time.LoadLocation(name)
	if err != nil {
		return report.Zone{}, errors.New("--tz " + printable(name) + ": there is no such time zone")
	}
	return report.Zone{Location: at}, nil
}
