package pcapfile

import (
	"fmt"
	"strconv"
	"time"
)

// timeWords are those of strftime's that [TimeName] knows, as package time has
// them.
var timeWords = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'j': "002", 'H': "15", 'I': "03", 'M': "04", 'S': "05",
	'p': "PM", 'b': "Jan", 'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'Z': "MST", 'z': "-0700",
	'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04",
}

// TimeName returns a file's name with the time in it: %Y, %H and others of
// strftime(3), %s for seconds since the epoch, %% for %.
func TimeName(format string, at time.Time) (string, error) {
	var name []byte
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			name = append(name, format[i])
			continue
		}
		i++
		switch layout, ok := timeWords[format[i]]; {
		case ok:
			name = at.AppendFormat(name, layout)
		case format[i] == 's':
			name = strconv.AppendInt(name, at.Unix(), 10)
		case format[i] == '%':
			name = append(name, '%')
		default:
			return "", fmt.Errorf("file name %q: %%%c is not a time format", format, format[i])
		}
	}
	return string(name), nil
}
