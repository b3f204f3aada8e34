package cause

import (
	"bytes"
	"reflect"
	"testing"
	"unsafe"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
	"github.com/kaanalyze/kaanalyze/internal/part/fields"
)

// TestCodeRecord holds that each field of a record, an anomaly and a failure is written and
// read.
func TestCodeRecord(t *testing.T) {
	want := &Kept{records: make([]Record, 1), anomalies: make([]Anomaly, 1), summary: Summary{failures: make([]failure, 1)}}
	next := uint64(0)
	fillWords(reflect.ValueOf(&want.records[0]).Elem(), &next)
	fillWords(reflect.ValueOf(&want.anomalies[0]).Elem(), &next)
	fillWords(reflect.ValueOf(&want.summary.failures[0]).Elem(), &next)
	fillWords(reflect.ValueOf(&want.summary.Unseen).Elem(), &next)
	want.anomalies[0].ID, want.summary.failures[0].id = want.records[0].ID, want.records[0].ID
	want.summary.addUnseen(7, Unseen{1, 2, 3, 4, 5})
	want.summary.addOutlived(9, 11)
	var b bytes.Buffer
	CodeKept(fields.NewWriter(&b), want)
	c := fields.NewReader(&b, 1<<20)
	got := CodeKept(c, nil)
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%+v was written, and %+v read", want, got)
	}
}

// fillWords gives each field a number that is not zero and, where there is room, of its own.
func fillWords(v reflect.Value, n *uint64) {
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			fillWords(v.Field(i), n)
		}
		return
	}
	if v.Kind() == reflect.Array {
		for i := range v.Len() {
			fillWords(v.Index(i), n)
		}
		return
	}
	*n++
	v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
	switch v.Kind() {
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Int64:
		v.SetInt(int64(*n) + 1000)
	default:
		v.SetUint(*n)
	}
}

// TestFinal holds that what is judged of final connections does not depend on when the
// capture ends.
func TestFinal(t *testing.T) {
	final := 0
	for _, script := range causetest.Scripts(t) {
		r := causetest.Run(t, script.Text)
		var c analyze.Connection
		for i := range r.Len() {
			if r.Connection(i, &c); !Final(&c) {
				continue
			}
			final++
			now, later := NewCollector(1), NewCollector(1)
			now.Add(&c, c.End)
			later.Add(&c, c.End+3600e9)
			if x, y := now.Kept(), later.Kept(); !reflect.DeepEqual(x.records, y.records) || !reflect.DeepEqual(x.anomalies, y.anomalies) {
				t.Errorf("%s, %s: %+v at its end, and %+v an hour later", script.Archive, script.Name, x, y)
			}
		}
	}
	if final < 100 {
		t.Errorf("%d connections are final, want hundreds", final)
	}
}
