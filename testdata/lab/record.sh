#!/bin/bash
# Records the lab: builds its programs and runs the recorder. Needs root.
#
#   record.sh [-o DIR] [-j N] [-list] [-live KAANALYZE] [CASE...]
#
# Without -o the recordings go where the committed ones are, testdata/. A case
# whose programs are not installed is left out, and that is said; what Debian has not
# comes with: npm install --prefix testdata/lab/npm
# Without arguments it records, too, which RSTs Linux accepts: testdata/resets/.
set -euo pipefail

lab=$(cd "$(dirname "$0")" && pwd)

die() { echo "record.sh: error: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "network namespaces need root"
for tool in go ip ss tcpdump iptables curl; do
	command -v "$tool" >/dev/null || die "$tool is missing"
done
[ -c /dev/net/tun ] || die "/dev/net/tun is missing"

bin=$(mktemp -d /tmp/kaan-lab-bin.XXXXXX)
trap 'rm -rf "$bin"' EXIT
for program in client raw server link record resets; do
	(cd "$lab/$program" && go build -o "$bin/$program" .) || die "cannot build $program"
done
# Programs that a later Go builds, where it can be had.
for program in client server; do
	(cd "$lab/$program" && GOTOOLCHAIN=go1.27.3 go build -o "$bin/$program-next" . 2>/dev/null) ||
		echo "record.sh: warning: Go 1.27.3 is missing" >&2
done
# Programs of modules of their own.
for program in grpc caddy; do
	(cd "$lab/$program" && go build -o "$bin/$program" .) || echo "record.sh: warning: cannot build $program" >&2
done
"$bin/record" -bin "$bin" -lab "$lab" -o "$lab/.." "$@"
if [ $# = 0 ]; then
	"$bin/resets" >"$bin/linux.txt"
	cp "$bin/linux.txt" "$lab/../resets/linux.txt"
fi
