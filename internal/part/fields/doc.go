// Package fields codes rows of numbers and texts, field by field and column by column:
// what lies below the parts of package part.
//
// A [Coder] writes, or reads what another one wrote, and one function codes a field both
// ways: it is called with a pointer, and reads or sets what that points to. So what is
// written and what is read cannot differ. Rows come in blocks; in a block all first fields
// of its rows stand together, then all second ones and so on, as differences to the row
// before. What fields a row has may depend on those before them, no more.
//
// What is read is hostile: each length has a bound, memory for rows is taken from a budget
// as they come, and after an error all that follows is left as it is.
package fields
