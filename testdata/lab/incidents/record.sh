#!/bin/bash
# Records incidents with real programs, those of Debian 12: what happens is what this
# script does to them, so that it is the truth of testdata/incidents/truth.tsv.
#
#   record.sh [-o DIR] CASE...
#
# Each case is a function in cases.sh. It runs between two network namespaces that the
# lab's link program joins; tcpdump records at the client. Needs root, and the
# programs of the case. What the programs say goes into DIR/CASE.log.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$here/../../incidents
while getopts o: option; do
	case $option in o) out=$OPTARG ;; *) exit 2 ;; esac
done
shift $((OPTIND - 1))
mkdir -p "$out"

server=10.20.0.2
tmp=$(mktemp -d /tmp/kaan-incidents.XXXXXX)
chmod 755 "$tmp"
ns=kaan-$$
started=() # processes to end

# stop ends what the case started, the newest first, and removes the line.
stop() {
	local i
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do
		kill "${started[i]}" 2>/dev/null || true
	done
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			kill -0 "${started[i]}" 2>/dev/null || break
			sleep 0.2
		done
		kill -9 "${started[i]}" 2>/dev/null || true
	done
	started=()
	wait 2>/dev/null || true
	for n in c s l; do
		ip netns pids "$ns-$n" 2>/dev/null | xargs -r kill -9 2>/dev/null || true # what these had started
		ip netns del "$ns-$n" 2>/dev/null || true
	done
}
trap 'stop; rm -rf "$tmp"' EXIT

(cd "$here/../link" && go build -o "$tmp/link" .)

# line DELAY joins a client's and a server's namespace; DELAY is that of one way.
line() {
	for n in c s l; do ip netns add "$ns-$n"; done
	ip netns exec "$ns-l" "$tmp/link" -delay "$1" tapc taps &
	started+=($!)
	until ip -n "$ns-l" link show taps >/dev/null 2>&1; do sleep 0.05; done
	ip -n "$ns-l" link set tapc netns "$ns-c" name eth0
	ip -n "$ns-l" link set taps netns "$ns-s" name eth0
	ip -n "$ns-c" addr add 10.20.0.1/24 dev eth0
	ip -n "$ns-s" addr add $server/24 dev eth0
	ip -n "$ns-c" link set eth0 address 02:00:00:00:00:01
	ip -n "$ns-s" link set eth0 address 02:00:00:00:00:02
	for n in c s; do
		ip -n "$ns-$n" link set lo up
		ip -n "$ns-$n" link set eth0 up
	done
	ip -n "$ns-c" neigh replace $server lladdr 02:00:00:00:00:02 dev eth0 nud permanent
	ip -n "$ns-s" neigh replace 10.20.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
}

# serve starts a program at the server; its process is in $pid.
serve() {
	ip netns exec "$ns-s" "$@" >>"$out/$case.log" 2>&1 &
	pid=$!
	started+=($pid)
}

# ready waits until the server listens on a port, and then records.
ready() {
	for _ in $(seq 200); do
		ip netns exec "$ns-s" ss -Hltn "sport = :$1" | grep -q . && break
		sleep 0.1
	done
	ip netns exec "$ns-c" tcpdump -i eth0 --immediate-mode -s "${snap:-0}" -U -w "$out/$case.pcap" tcp 2>/dev/null &
	dump=$!
	started+=($dump)
	sleep 1
}

# client runs a program at the client.
client() { ip netns exec "$ns-c" "$@" >>"$out/$case.log" 2>&1; }

. "$here/cases.sh"

for case in "$@"; do
	rm -f "$out/$case.log"
	snap=
	mkdir -p "$tmp/$case"
	dir=$tmp/$case
	chmod 755 "$dir"
	"$case"
	sleep 1
	kill -INT "$dump"
	while kill -0 "$dump" 2>/dev/null; do sleep 0.1; done
	stop
	echo "$case: $(capinfos -Tcr "$out/$case.pcap" 2>/dev/null | cut -f2) packets"
done
