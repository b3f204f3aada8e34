#!/bin/bash
# Drives the terminal view in tmux: every tab, in a small and a large window,
# every way out of it, and what each leaves of the terminal. It prints the
# screens with -v. Its exit code is 1 if anything is not as it was, 0 if all is or
# there is no tmux.
set -u
cd "$(dirname "$0")/../.."

command -v tmux >/dev/null || { echo "test-view: skipped: tmux is not installed"; exit 0; }
dir=$(mktemp -d)
# The program that can be made to panic is a build of its own.
go build ${GOFLAGS_VIEW:-} -tags "viewpanic ${TAGS:-}" -o "$dir/kaanalyze" ./cmd/kaanalyze || exit 1
cp testdata/demo.pcap "$dir/"

export TMUX_TMPDIR=$dir
unset TMUX
t() { tmux -L view -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null; rm -rf "$dir"' EXIT
verbose=${1:-}
failed=0
fail() { echo "test-view: $case: $*"; failed=1; }

# until_so waits for a condition, up to ten seconds.
until_so() {
	for _ in $(seq 100); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
screen() { t capture-pane -p -t view; }
shows() { screen | grep -qF -- "$1"; }
is() { [ "$(t display -p -t view "#{$1}")" = "$2" ]; }
keys() { t send-keys -t view "$@"; }
look() {
	until_so shows "$1" || { fail "the screen does not show $1"; screen; }
	[ "$verbose" = -v ] && { echo "--- $case, $(t display -p -t view '#{pane_width}x#{pane_height}')"; screen; }
}

# begin starts the program in a shell that notes what the terminal is set to.
begin() {
	case=$1
	shift
	rm -f "$dir"/{pid,before,after,out,err,code}
	keys "clear; stty -g >before; sh -c 'echo \$\$ >pid; exec \"\$@\"' - $* >out 2>err; echo \$? >code; stty -g >after" Enter
	until_so is alternate_on 1 || fail "the view does not begin: $(cat "$dir/err")"
}

# ended looks at what the program has left.
ended() {
	until_so test -s "$dir/after" || { fail "it does not end"; return; }
	cmp -s "$dir/before" "$dir/after" || fail "stty: $(cat "$dir/after"), before $(cat "$dir/before")"
	is alternate_on 0 || fail "the alternate screen is still on"
	is cursor_flag 1 || fail "the cursor is not shown"
	is mouse_any_flag 0 || fail "the mouse is still reported"
	is keypad_flag 0 || fail "the keypad is still in application mode"
	[ "$(cat "$dir/code")" = "$1" ] || fail "got exit code $(cat "$dir/code"), want $1: $(cat "$dir/err")"
	if [ "${2-report}" = report ]; then
		head -c 10 "$dir/out" | grep -q '^kaanalyze:' || fail "standard output does not begin with the report: $(head -c 200 "$dir/out" | cat -v)"
	fi
	grep -q $'\x1b' "$dir/out" && fail "standard output has escape sequences"
}

# same compares the report with the one that comes without the view.
same() {
	(cd "$dir" && cat demo.pcap | ./kaanalyze "$1" | diff <(grep -v '^  command line' "$dir/out") <(grep -v '^  command line' -)) ||
		fail "the report (<) is another one than without --tui (>)"
}

t new-session -d -s view -x 80 -y 24 -c "$dir" "env LC_ALL=C.UTF-8 TERM=${VIEW_TERM:-screen-256color} PATH=$dir:$PATH bash --norc"
t set -g status off
t set -g history-limit 0
size() { t resize-window -t view -x "$1" -y "$2"; }

for size in "80 24" "200 50"; do
	size $size
	begin "every tab" kaanalyze --tui demo.pcap
	look "[1 findings 3]"
	keys 2; look "[2 servers 4]"
	keys 3; look "[3 pairs 4]"
	keys 4; look "[4 connections 72]"
	keys j j Enter; look "what it means"
	keys Escape; look "[4 connections 72]"
	keys / ; keys "8083"; look "2 of 72"
	keys Enter '>' '>' Enter; look "what it means"
	keys '?'; look "KEYS"
	keys q q q
	ended 0
done

size 80 24
begin "quiet" kaanalyze --tui -q demo.pcap
look "VERDICT"; keys q; ended 0 nothing
[ -s "$dir/out" ] && fail "standard output is not empty"

begin "resize" kaanalyze --tui demo.pcap
look "VERDICT"; size 40 8; look "[1 findings"; size 20 5; look "too small"; size 132 43; look "a step above"; size 80 24
keys q; ended 0

begin "without colours" env NO_COLOR=1 kaanalyze --tui demo.pcap
look "VERDICT"
t capture-pane -p -e -t view | grep -qE $'\x1b\\[(3|9)[0-7]' && fail "there are colours"
keys q; ended 0

begin "Ctrl-C" kaanalyze --tui demo.pcap
look "VERDICT"; keys C-c; ended 0; same demo.pcap

begin "save" kaanalyze --tui demo.pcap
look "VERDICT"; keys s; look "save as"; keys C-u; keys saved.json Enter; look "saved saved.json"
keys s; look "save as"; keys C-u; keys saved.json Enter; look "already exists"
keys q; ended 0
grep -q '"kaanalyze.report/1"' "$dir/saved.json" || fail "saved.json is no report"

begin "suspend" kaanalyze --tui demo.pcap
look "VERDICT"; keys C-z
until_so is alternate_on 0 || fail "the alternate screen is on while it is stopped"
keys fg Enter; look "VERDICT"; keys q
until_so is alternate_on 0 || fail "the alternate screen is still on"

for signal in TERM INT HUP; do
	begin "SIG$signal" kaanalyze --tui demo.pcap
	look "VERDICT"; kill -$signal "$(cat "$dir/pid")"; ended 0
done

begin "two signals" kaanalyze --tui demo.pcap
look "VERDICT"; kill -TERM "$(cat "$dir/pid")"; kill -TERM "$(cat "$dir/pid")" 2>/dev/null
ended "$(until_so test -s "$dir/code"; cat "$dir/code")" nothing

begin "from a pipe" "sh -c \"(cat demo.pcap; sleep 5) | kaanalyze --tui\""
look "VERDICT"; look "LIVE"; keys p; look "PAUSED"; keys p; look "LIVE"; keys 4; look "idle"; look "ENDED"; keys q; ended 0; same -

begin "a panic of the view" kaanalyze --tui demo.pcap
look "VERDICT"; keys '!'; ended 1 nothing
grep -q "forced by the test build" "$dir/err" || fail "standard error does not tell of the panic"

for where in reading applying; do
	begin "a panic while $where" env KAANALYZE_PANIC=$where kaanalyze --tui demo.pcap
	look "READING"; ended 2 nothing
	grep -q "forced by the test build" "$dir/err" || fail "standard error does not tell of the panic"
done

[ $failed = 0 ] && echo "test-view: the terminal was as before after each of the ways out"
exit $failed
