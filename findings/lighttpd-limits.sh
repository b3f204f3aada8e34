#!/bin/bash
# lighttpd 1.4.69 (1.4.69-1 of Debian 12): server.max-keep-alive-requests and
# server.max-keep-alive-idle both allow more than they say. With 5 requests set, the
# 6th is answered with "Connection: close", and the default of 1000 allows 1001. With 2 s
# of idling set, the connection is closed between 3 and 4 s after the response: lighttpd
# looks once a second, and asks for more than that many whole seconds.
# Seen: "close in response 6", "closed after 3 s" (rounded down).
# A client that is set to give connections up at 2.5 s is not too late, as one would think.
#
# Needs apt-get (Debian 12) and python3. Fails if lighttpd does something else.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q lighttpd=1.4.69-1 >/dev/null 2>&1
dpkg -x lighttpd_*.deb root
mkdir www
echo hello >www/index.html
cat >lighttpd.conf <<CONF
server.document-root = "$dir/www"
server.bind = "127.0.0.1"
server.port = 18735
server.max-keep-alive-requests = 5
server.max-keep-alive-idle = 2
index-file.names = ( "index.html" )
CONF
cat >client.py <<'PY'
import http.client
import time

client = http.client.HTTPConnection("127.0.0.1", 18735)
for n in range(1, 10):
    client.request("GET", "/")
    response = client.getresponse()
    response.read()
    if response.getheader("Connection") == "close":
        break
print("close in response", n)
client = http.client.HTTPConnection("127.0.0.1", 18735)
client.request("GET", "/")
client.getresponse().read()
began = time.monotonic()
client.sock.settimeout(10)
assert client.sock.recv(1) == b""
print("closed after", int(time.monotonic() - began), "s")
PY
root/usr/sbin/lighttpd -D -m root/usr/lib/lighttpd -f lighttpd.conf 2>/dev/null &
server=$!
for _ in $(seq 50); do
	(exec 3<>/dev/tcp/127.0.0.1/18735) 2>/dev/null && break
	sleep 0.1
done
/usr/bin/python3 client.py >got
cat got
diff - got <<'WANT' || { echo "lighttpd 1.4.69 does something else now" >&2; exit 1; }
close in response 6
closed after 3 s
WANT
