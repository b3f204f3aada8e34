#!/bin/bash
# Tests live capture: kaanalyze captures cases of the lab beside tcpdump, and its
# reports are held to tcpdump's file, to the packets that it saved itself, and to
# what the programs and ss said. Also what privileges are left to it.
#
#   live.sh [CASE...]
#
# Needs root. Where something is missing it says what, and is no failure.
set -euo pipefail

lab=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$lab/../.." && pwd)

skip() { echo "test-live: skipped: $*"; exit 0; }

[ "$(id -u)" = 0 ] || skip "network namespaces need root"
for tool in go ip ss tcpdump iptables curl; do
	command -v "$tool" >/dev/null || skip "$tool is missing"
done
[ -c /dev/net/tun ] || skip "/dev/net/tun is missing"
cd "$root"
flags=$(.ci/goflags build 2>/dev/null)
case $flags in *nolibpcap*) skip "libpcap is missing" ;; esac
[ "$(go env CGO_ENABLED)" = 1 ] || skip "cgo is off"
probe=kaan-live-$$
if ! ip netns add $probe 2>/dev/null; then skip "network namespaces are not allowed"; fi
ip netns del $probe

# Cases 1 to 8: reuse and probes; unread bodies; servers that close; timeouts;
# pools; Connection: close; idle timeouts of clients; what is killed or cut.
[ $# -gt 0 ] || set -- go-probes-default go-probes-dialer-2s cut-data cut-idle \
	go-reuse go-probes-dialer go-unread-small go-unread-big go-notclosed \
	python-http10 nginx-keepalive-off nginx-keepalive-requests \
	go-readtimeout go-writetimeout pool-default pool-large pool-unread \
	go-server-noreuse go-client-disablekeepalives go-idleconntimeout kill-server kill-client

tmp=$(mktemp -d /tmp/kaan-live.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$tmp"
go build $flags -o "$tmp/kaanalyze" ./cmd/kaanalyze
mkdir "$tmp/out"
"$lab/record.sh" -o "$tmp/out" -live "$tmp/kaanalyze" "$@"
KAANALYZE_LIVE="$tmp" go test $flags -count=1 -run '^TestLive' ./internal/app

# The same through the ring, by a build that has neither libpcap nor cgo.
mkdir -p "$tmp/ring/out"
CGO_ENABLED=0 go build -o "$tmp/ring/kaanalyze" ./cmd/kaanalyze
"$lab/record.sh" -o "$tmp/ring/out" -live "$tmp/ring/kaanalyze" go-reuse go-unread-big pool-default kill-server
KAANALYZE_LIVE="$tmp/ring" go test $flags -count=1 -run '^TestLiveLab' ./internal/app
