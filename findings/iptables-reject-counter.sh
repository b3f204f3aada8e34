#!/bin/bash
# The counter of an iptables rule (1.8.9-2 of Debian 12) with "-j REJECT --reject-with tcp-reset" is
# not the number of RSTs that were sent: a packet that is an RST itself is counted and dropped,
# and nothing answers it (as RFC 9293, 3.5.2 wants it). Whoever compares the counter with the RSTs
# in a capture, to show who reset the connections, finds RSTs missing. With "! --tcp-flags RST RST"
# in the rule the two are equal.
# Seen: "counted 3, RSTs sent 0" for connections that were reset, "counted 3, RSTs sent 3" for data.
#
# Needs root, apt-get (Debian 12), unshare, ip, tcpdump and python3. Fails if the rule does
# something else.
set -euo pipefail

if [ "${1:-}" != inside ]; then
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	script=$(realpath "$0")
	cd "$dir"
	apt-get download -q iptables=1.8.9-2 libxtables12=1.8.9-2 libip4tc2=1.8.9-2 libip6tc2=1.8.9-2 >/dev/null 2>&1
	for package in *.deb; do dpkg -x "$package" root; done
	unshare --net bash "$script" inside >got
	cat got
	diff - got <<'WANT' || { echo "REJECT counts something else now" >&2; exit 1; }
reset by their client: counted 3, RSTs sent 0
data sent on them: counted 3, RSTs sent 3
WANT
	exit
fi

lib=$(echo root/usr/lib/*-linux-gnu)
rule() { LD_LIBRARY_PATH=$lib XTABLES_LIBDIR=$lib/xtables XTABLES_LOCKFILE=$PWD/lock root/usr/sbin/iptables-legacy "$@"; }
ip link set lo up

# try WHAT opens three connections, has the rule reject what comes for them, and does WHAT on each.
try() {
	rule -F INPUT
	tcpdump -i lo -U --immediate-mode -w cap tcp src port 18746 2>/dev/null &
	sniffer=$!
	sleep 1
	/usr/bin/python3 - "$1" 3>ready <<-'PY' &
		import os
		import socket
		import struct
		import sys
		import time

		listener = socket.create_server(("127.0.0.1", 18746))
		clients = [socket.create_connection(("127.0.0.1", 18746)) for _ in range(3)]
		servers = [listener.accept()[0] for _ in range(3)]
		os.write(3, b"open\n")
		while not os.path.exists("go"):
		    time.sleep(0.05)
		for c in clients:
		    if sys.argv[1] == "reset":
		        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		        c.close()
		    else:
		        c.sendall(b"x")
		time.sleep(1)
	PY
	program=$!
	until [ -s ready ]; do sleep 0.05; done
	rule -A INPUT -p tcp --dport 18746 -j REJECT --reject-with tcp-reset
	touch go
	sleep 0.7
	counted=$(rule -L INPUT -v -x -n | awk '/REJECT/ {print $1}')
	kill "$sniffer"
	wait "$sniffer" 2>/dev/null || true
	echo "counted $counted, RSTs sent $(tcpdump -r cap 'tcp[tcpflags] & tcp-rst != 0' 2>/dev/null | wc -l)"
	kill "$program" 2>/dev/null || true
	wait "$program" 2>/dev/null || true
	rm -f go ready
}

echo "reset by their client: $(try reset)"
echo "data sent on them: $(try data)"
