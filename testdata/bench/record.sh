#!/bin/bash
# Records the captures that real.sh measures: real programs in two network
# namespaces, under tcpdump. Needs root and about 8 GB of disk.
#
#   record.sh [-f] DIR [keepalive|churn|gso|mtu|loss ...]
#
# A capture that is in DIR already is kept; -f records it again.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
force=no
if [ "${1:-}" = -f ]; then force=yes; shift; fi
if [ $# -lt 1 ]; then
	echo "usage: record.sh [-f] DIR [keepalive|churn|gso|mtu|loss ...]" >&2
	exit 2
fi
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- keepalive churn gso mtu loss

die() { echo "record.sh: error: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "network namespaces need root"
for tool in ip tcpdump nginx wrk ab curl go; do
	command -v "$tool" >/dev/null || die "$tool is missing"
done
free_kb=$(df -Pk "$dir" | awk 'NR==2 {print $4}')
[ "$free_kb" -gt 9000000 ] || die "$dir has less than 9 GB left"

client=kaan-bench-$$-c server=kaan-bench-$$-s link=kaan-bench-$$-l
server_ip=10.77.0.2
tmp=$(mktemp -d /tmp/kaan-bench.XXXXXX)
pids=() # what this script started and has not waited for

stop_all() {
	local p
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
	pids=()
}

unlink_all() {
	local ns
	for ns in $client $server $link; do ip netns del "$ns" 2>/dev/null || true; done
}

cleanup() {
	stop_all
	unlink_all
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# address gives both ends of the line their addresses, and room for many ports.
address() {
	local i
	for i in 1 2 3 4; do ip -n $client addr add 10.77.0.1$i/24 dev eth0; done
	ip -n $server addr add $server_ip/24 dev eth0
	ip -n $client link set eth0 up
	ip -n $server link set eth0 up
	ip -n $client link set lo up
	ip -n $server link set lo up
	ip netns exec $client sh -c 'echo 1024 65000 >/proc/sys/net/ipv4/ip_local_port_range'
	ip netns exec $server sh -c 'echo 4096 >/proc/sys/net/core/somaxconn'
}

# veth joins the namespaces by a veth pair, which carries segments as large as
# the sender makes them.
veth() {
	ip netns add $client
	ip netns add $server
	ip link add eth0 netns $client type veth peer name eth0 netns $server
	address
}

# lossy joins them by the lab's link program, which loses and reorders.
lossy() {
	ip netns add $client
	ip netns add $server
	ip netns add $link
	(cd "$here/../lab/link" && go build -o "$tmp/link" .)
	ip netns exec $link "$tmp/link" -delay 1ms -loss 0.01 -reorder 0.01 tapc taps &
	pids+=($!)
	for _ in $(seq 50); do
		ip -n $link link show taps >/dev/null 2>&1 && break
		sleep 0.1
	done
	ip -n $link link set tapc netns $client name eth0
	ip -n $link link set taps netns $server name eth0
	address
}

serve() {
	mkdir -p "$tmp/www"
	head -c 600 /dev/urandom >"$tmp/www/small"
	head -c 60000 /dev/urandom >"$tmp/www/middle"
	head -c 58000000 /dev/urandom >"$tmp/www/big"
	chmod -R a+rX "$tmp"
	sed "s|@DIR@|$tmp|" "$here/nginx.conf" >"$tmp/nginx.conf"
	ip netns exec $server nginx -c "$tmp/nginx.conf" -p "$tmp" 2>"$tmp/nginx.err" &
	pids+=($!)
	for _ in $(seq 100); do
		on_client curl -s -o /dev/null "http://$server_ip:8080/small" && return
		sleep 0.1
	done
	die "nginx does not answer: $(cat "$tmp/nginx.err")"
}

on_client() { ip netns exec $client "$@"; }

# capture FILE COUNT starts tcpdump in the client's namespace. It runs before
# the load by priority, and has a large ring, so that it loses nothing.
capture() {
	ip netns exec $client nice -n -15 tcpdump -i eth0 -n -s 262144 -B 786432 -c "$2" \
		-Z root -w "$1.part" tcp 2>"$tmp/tcpdump.err" &
	dump=$!
	pids+=("$dump")
	for _ in $(seq 100); do
		grep -q 'listening on' "$tmp/tcpdump.err" && return
		sleep 0.1
	done
	die "tcpdump does not start: $(cat "$tmp/tcpdump.err")"
}

capturing() { kill -0 "$dump" 2>/dev/null; }

# The loads: each goes on until tcpdump has its count or the time is over.

load_keepalive() {
	while capturing && [ $SECONDS -lt "$deadline" ]; do
		on_client timeout 20 wrk -t 1 -c 64 -d 10s "http://$server_ip:8080/small" >/dev/null || true
	done
}

load_churn() {
	local port=8080
	while capturing && [ $SECONDS -lt "$deadline" ]; do
		on_client timeout 20 wrk -t 1 -c 50 -d 3s -H 'Connection: close' \
			"http://$server_ip:$port/small" >/dev/null || true
		on_client timeout 20 ab -q -n 15000 -c 50 -B 10.77.0.1$((port % 4 + 1)) \
			"http://$server_ip:$((port + 4))/small" >/dev/null 2>&1 || true
		port=$((8080 + (port + 1) % 4))
	done
}

# The rate is what tcpdump can write to a disk.
load_bulk() {
	while capturing && [ $SECONDS -lt "$deadline" ]; do
		on_client timeout 60 curl -s --limit-rate 150M -o /dev/null -o /dev/null \
			"http://$server_ip:8080/big" "http://$server_ip:8080/big" || true
	done
}

load_mixed() {
	while capturing && [ $SECONDS -lt "$deadline" ]; do
		on_client timeout 40 wrk -t 1 -c 64 -d 10s "http://$server_ip:8080/small" >/dev/null &
		local keep=$!
		on_client timeout 40 wrk -t 1 -c 24 -d 10s "http://$server_ip:8081/middle" >/dev/null &
		local middle=$!
		on_client timeout 40 wrk -t 1 -c 4 -d 10s -H 'Connection: close' \
			"http://$server_ip:8082/small" >/dev/null || true
		wait $keep $middle || true
	done
}

# record NAME COUNT LINE LOAD SECONDS makes one capture.
record() {
	local name=$1 count=$2 line=$3 load=$4 file=$dir/$1.pcap dump deadline
	if [ -s "$file" ] && [ $force = no ]; then
		echo "$name: kept"
		return
	fi
	echo "$name: recording $count packets"
	unlink_all
	$line
	case $name in
	gso) ip -n $server link set eth0 gso_max_size 32768 ;;
	mtu) ip -n $server link set eth0 gso_max_segs 1 ;; # one segment a packet, as on a wire
	esac
	serve
	capture "$file" "$count"
	deadline=$((SECONDS + $5))
	$load 2>/dev/null
	capturing && { echo "$name: time is over before the count"; kill -INT "$dump"; }
	wait "$dump" || die "tcpdump: $(cat "$tmp/tcpdump.err")"
	unset 'pids[-1]' # tcpdump
	stop_all
	unlink_all
	mv "$file.part" "$file"
	sed -n '/packets/s/^/  /p' "$tmp/tcpdump.err"
	ls -l "$file" | awk '{printf "  %.2f GB\n", $5 / 1e9}'
}

for name in "$@"; do
	case $name in
	keepalive) record keepalive 5000000 veth load_keepalive 240 ;;
	churn) record churn 2000000 veth load_churn 240 ;;
	gso) record gso 58000 veth load_bulk 120 ;;
	mtu) record mtu 1200000 veth load_bulk 180 ;;
	loss) record loss 2500000 lossy load_mixed 300 ;;
	*) die "no such capture: $name" ;;
	esac
done
