#!/bin/bash
# Apache 2.4.71 (2.4.71-1~deb12u1 of Debian 12) ends connections of HTTP/2 that have been idle
# for KeepAliveTimeout with GOAWAY and the error code 70007. That is APR_TIMEUP, a number
# of its library: no such code is defined (RFC 9113, 7), where NO_ERROR would be right.
# Seen: "GOAWAY with code 70007 after 1 s".
# Clients and tools that take any other code than NO_ERROR for a failure are misled by it.
#
# Needs apt-get (Debian 12) and python3. Fails if Apache does something else.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q apache2-bin=2.4.71-1~deb12u1 >/dev/null 2>&1
dpkg -x apache2-bin_*.deb root
mkdir www
echo hello >www/index.html
modules=$dir/root/usr/lib/apache2/modules
cat >apache.conf <<CONF
LoadModule mpm_worker_module $modules/mod_mpm_worker.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule http2_module $modules/mod_http2.so
ServerName lab.example
PidFile $dir/pid
DefaultRuntimeDir $dir
ErrorLog $dir/log
DocumentRoot $dir/www
Listen 127.0.0.1:18737
Protocols h2c http/1.1
KeepAliveTimeout 1
CONF
cat >client.py <<'PY'
import socket
import struct
import time

def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload

s = socket.create_connection(("127.0.0.1", 18737))
# GET http://a/index.html, in the static table of hpack but for the name
s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + frame(1, 5, 1, b"\x82\x86\x85\x41\x01a"))
f = s.makefile("rb")
answered = time.monotonic()
while True:
    head = f.read(9)
    assert len(head) == 9, "closed without GOAWAY"
    payload = f.read(int.from_bytes(head[:3], "big"))
    if head[3] == 0:
        answered = time.monotonic()
    if head[3] == 7:
        print("GOAWAY with code", int.from_bytes(payload[4:8], "big"), "after", round(time.monotonic() - answered), "s")
        break
PY
root/usr/sbin/apache2 -X -d "$dir" -f apache.conf 2>/dev/null &
server=$!
for _ in $(seq 50); do
	(exec 3<>/dev/tcp/127.0.0.1/18737) 2>/dev/null && break
	sleep 0.1
done
/usr/bin/python3 client.py >got
cat got
diff - got <<'WANT' || { echo "Apache 2.4.71 does something else now" >&2; exit 1; }
GOAWAY with code 70007 after 1 s
WANT
