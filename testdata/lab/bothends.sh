#!/bin/bash
# Records what kaanalyze --other-side is held to: a client, a router and a server in
# network namespaces. The router translates addresses with random ports and drops and
# rejects packets; its counters are the truth, and so is by how much the server's
# capture is shifted afterwards.
#
#   bothends.sh [-o DIR] [CASE...]
#
# Writes CASE.client.pcap, CASE.server.pcap and CASE.truth.json to DIR. Needs root.
# The cases: loss (DROP both ways, REJECT, NAT), merged (the server's host puts segments
# together), stripped (the router changes the options of SYNs), reset (it resets what the
# client sends).
set -euo pipefail

lab=$(cd "$(dirname "$0")" && pwd)
out=$lab/../bothends
while getopts o: option; do
	case $option in o) out=$OPTARG ;; *) exit 2 ;; esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- loss merged stripped reset
mkdir -p "$out"
tmp=$(mktemp -d /tmp/kaan-bothends.XXXXXX)
chmod 755 "$tmp"
ns=kaan-$$
started=()

# stop ends what a case started, and removes its namespaces.
stop() {
	local i
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do
		kill -9 "${started[i]}" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	started=()
	for n in c r s; do ip netns del "$ns-$n" 2>/dev/null || true; done
}
trap 'stop; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

(cd "$lab/client" && go build -o "$tmp/client" .)
(cd "$lab/server" && go build -o "$tmp/server" .)

on() { local n=$1; shift; ip netns exec "$ns-$n" "$@"; }

# line makes the three namespaces: the client 10.21.1.2, the server 10.21.2.2.
line() {
	for n in c r s; do
		ip netns add "$ns-$n"
		ip -n "$ns-$n" link set lo up
	done
	ip link add eth0 netns "$ns-c" type veth peer name c0 netns "$ns-r"
	ip link add eth0 netns "$ns-s" type veth peer name s0 netns "$ns-r"
	ip -n "$ns-c" addr add 10.21.1.2/24 dev eth0
	ip -n "$ns-r" addr add 10.21.1.1/24 dev c0
	ip -n "$ns-r" addr add 10.21.2.1/24 dev s0
	ip -n "$ns-s" addr add 10.21.2.2/24 dev eth0
	for l in c/eth0 r/c0 r/s0 s/eth0; do
		ip -n "$ns-${l%/*}" link set "${l#*/}" up
		on "${l%/*}" ethtool -K "${l#*/}" tso off gso off gro off >/dev/null
	done
	ip -n "$ns-c" route add default via 10.21.1.1
	on r sysctl -qw net.ipv4.ip_forward=1
	on r iptables -t nat -A POSTROUTING -o s0 -p tcp -j MASQUERADE --random
	on r sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1
}

# record starts the server and both captures, which keep that much of each packet.
record() {
	ip netns exec "$ns-s" "$tmp/server" -listen 10.21.2.2:8080 >"$tmp/server.txt" 2>&1 &
	started+=($!)
	ip netns exec "$ns-c" tcpdump -Z root --immediate-mode -q -i eth0 -s "$1" -w "$tmp/client.pcap" tcp 2>"$tmp/client.log" &
	capture_c=$!
	ip netns exec "$ns-s" tcpdump -Z root --immediate-mode -q -i eth0 -s "$2" -w "$tmp/server.pcap" tcp 2>"$tmp/server.log" &
	capture_s=$!
	started+=($capture_c $capture_s)
	until grep -q listening "$tmp/client.log" && grep -q listening "$tmp/server.log"; do sleep 0.05; done
	until on s ss -Hltn 'sport = :8080' | grep -q .; do sleep 0.05; done
	sleep 0.2
	fetch 1 1 "/"
}

# fetch CONNECTIONS REQUESTS PATH [PAUSE]
fetch() {
	on c "$tmp/client" -parallel "$1" -bursts "$2" -max-idle "$1" -pause "${4:-20ms}" -timeout 20s "http://10.21.2.2:8080$3" >"$tmp/fetch.log" 2>&1 || true
}

# finish lets what is under way arrive, ends the captures and shifts the server's.
finish() {
	sleep 2
	fetch 1 1 "/"
	sleep 0.5
	kill -TERM $capture_c $capture_s
	wait $capture_c $capture_s 2>/dev/null || true
	cp "$tmp/client.pcap" "$out/$case.client.pcap"
	editcap -F pcap -t "$shift" "$tmp/server.pcap" "$out/$case.server.pcap"
}

# counter CHAIN COMMENT prints how many packets a rule took.
counter() {
	on r iptables -nvxL "$1" | awk -v c="$2" 'index($0, "/* " c " */") {n += $1} END {print n + 0}'
}

# rule CHAIN COMMENT WORDS... adds a rule of the router.
rule() {
	local chain=$1 comment=$2
	shift 2
	on r iptables -A "$chain" "$@" -m comment --comment "$comment"
}

# truth writes what the router says.
truth() {
	local lost_s lost_c rejected
	lost_s=$(counter FORWARD to-server)
	lost_c=$(($(counter FORWARD to-client) + $(counter INPUT to-client)))
	rejected=$(counter FORWARD rejected)
	printf '{"offset_seconds": %s, "lost_to_server": %d, "lost_to_client": %d, "rejected": %d}\n' \
		"$shift" $((lost_s + rejected)) "$lost_c" "$rejected" >"$out/$case.truth.json"
}

loss() {
	shift=37.25
	line
	record 116 116
	rule FORWARD rejected -i c0 -p tcp --dport 8080 ! --tcp-flags RST RST -m statistic --mode nth --every 31 --packet 23 -j REJECT --reject-with tcp-reset
	rule FORWARD to-server -i c0 -p tcp -m statistic --mode random --probability 0.05 -j DROP
	rule FORWARD to-client -i s0 -p tcp -m statistic --mode random --probability 0.05 -j DROP
	rule INPUT to-client -i s0 -p tcp -j DROP
	fetch 14 4 "/"
	sleep 3
	truth
	on r iptables -F FORWARD
	on r iptables -F INPUT
	finish
}

merged() {
	shift=-12.5
	line
	on c ethtool -K eth0 tso on gso on >/dev/null
	on r ethtool -K s0 gro on >/dev/null
	on s ethtool -K eth0 gro on tso on gso on >/dev/null
	record 90 68
	on c "$tmp/client" -upload 150000 "http://10.21.2.2:8080/" >/dev/null 2>&1 || true
	fetch 1 2 "/?size=60000"
	truth
	finish
}

stripped() {
	shift=0
	line
	on r iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN SYN -j TCPMSS --set-mss 1200
	on r iptables -t mangle -A FORWARD -i c0 -p tcp --tcp-flags SYN SYN -j TCPOPTSTRIP --strip-options sack-permitted,timestamp
	record 128 128
	fetch 3 2 "/"
	truth
	finish
}

reset() {
	shift=3601
	line
	record 128 128
	fetch 6 2 "/" 300ms &
	sleep 0.15
	rule FORWARD rejected -i c0 -p tcp --dport 8080 --tcp-flags PSH PSH -j REJECT --reject-with tcp-reset
	wait $!
	truth
	on r iptables -F FORWARD
	finish
}

for case in "$@"; do
	"$case"
	stop
	echo "$case: $(cat "$out/$case.truth.json")"
done
