#!/bin/bash
# Hypercorn 0.13.2 (python3-hypercorn 0.13.2-3 of Debian 12), HTTP/1.1: an application that
# answers a GET without having awaited receive() has its connection closed after each
# response, and nothing in the response says so. The same application that awaits
# receive() first, or takes 50 ms, keeps its connection. ASGI does not ask applications
# to receive() where there is no body to read.
# Seen: "/ closed after request 1", "/receive open after request 3",
# "/sleep open after request 3", and no Connection field in any of them.
# Clients see a new connection for each request; those that send just then, a reset.
#
# Needs apt-get (Debian 12) and python3. Fails if Hypercorn does something else.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
for p in python3-hypercorn=0.13.2-3 python3-h11 python3-h2 python3-hpack python3-hyperframe python3-priority python3-toml python3-wsproto \
	python3-typing-extensions; do
	apt-get download -q "$p" >/dev/null 2>&1
done
for p in *.deb; do dpkg -x "$p" root; done
export PYTHONPATH=$dir/root/usr/lib/python3/dist-packages:$dir
cat >app.py <<'PY'
import asyncio


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/receive":
        await receive()
    if scope["path"] == "/sleep":
        await asyncio.sleep(0.05)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    await send({"type": "http.response.body", "body": b"hello\n"})
PY
cat >client.py <<'PY'
import http.client
import time

for path in ("/", "/receive", "/sleep"):
    client = http.client.HTTPConnection("127.0.0.1", 18734)
    client.connect()
    sock = client.sock
    for n in (1, 2, 3):
        client.request("GET", path)
        response = client.getresponse()
        response.read()
        assert response.getheader("Connection") is None
        time.sleep(0.2)
        sock.setblocking(False)
        try:
            closed = sock.recv(1) == b""
        except BlockingIOError:
            closed = False
        sock.setblocking(True)
        if closed:
            break
    print(path, "closed" if closed else "open", "after request", n)
PY
/usr/bin/python3 -m hypercorn --keep-alive 30 -b 127.0.0.1:18734 app:app >/dev/null 2>&1 &
server=$!
for _ in $(seq 50); do
	(exec 3<>/dev/tcp/127.0.0.1/18734) 2>/dev/null && break
	sleep 0.1
done
/usr/bin/python3 client.py >got
cat got
diff - got <<'WANT' || { echo "Hypercorn does something else now" >&2; exit 1; }
/ closed after request 1
/receive open after request 3
/sleep open after request 3
WANT
