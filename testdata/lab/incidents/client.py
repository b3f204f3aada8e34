"""Clients of the incidents: how a program of Python uses connections.

client.py requests URL CLIENTS REQUESTS PAUSE    a Session for each client, bodies read
client.py aiohttp URL CLIENTS REQUESTS PAUSE     one ClientSession for all, bodies read
client.py aiohttp-unread URL CLIENTS REQUESTS PAUSE    and left unread
client.py connect URL CLIENTS REQUESTS WAIT      no longer than WAIT for a connection
client.py upload URL CLIENTS BYTES SENT          BYTES announced, SENT of them sent
client.py some-fail URL CLIENTS REQUESTS PAUSE   as requests, each third for /report
client.py idle URL CLIENTS SECONDS 0             a request on each, then idle
"""
import asyncio
import sys
import threading
import time

import aiohttp
import requests

kind, url, clients = sys.argv[1], sys.argv[2], int(sys.argv[3])
count, pause = int(sys.argv[4]), float(sys.argv[5])


def each_thread(work):
    threads = [threading.Thread(target=work, args=(i,)) for i in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def tell(who, n, what):
    print(f"{time.time():.3f} client {who} request {n}: {what}", flush=True)


def with_requests(i):
    time.sleep(i * 0.031)
    session = requests.Session()
    for n in range(count):
        try:
            r = session.get(url + "report" if kind == "some-fail" and n % 3 == 2 else url)
            tell(i, n, f"{r.status_code} {len(r.content)}")
        except requests.RequestException as e:
            tell(i, n, repr(e))
        time.sleep(pause)


def connect(i):
    for n in range(count):
        try:
            tell(i, n, requests.get(url, timeout=(pause, 10)).status_code)
        except requests.RequestException as e:
            tell(i, n, repr(e))
        time.sleep(0.2 + 0.05 * i)


def upload(i):
    import http.client
    from urllib.parse import urlsplit

    to = urlsplit(url)
    c = http.client.HTTPConnection(to.hostname, to.port, timeout=20)
    c.putrequest("POST", to.path)
    c.putheader("Content-Length", str(count))
    c.putheader("User-Agent", "python-http.client")
    c.endheaders()
    c.send(b"x" * int(pause))
    try:
        tell(i, 0, c.getresponse().status)
    except Exception as e:
        tell(i, 0, repr(e))
    c.close()


async def with_aiohttp(read):
    connector = aiohttp.TCPConnector(limit=clients, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(i):
            await asyncio.sleep(i * 0.017)
            for n in range(count):
                try:
                    async with session.get(url) as r:
                        tell(i, n, f"{r.status} {len(await r.read()) if read else 'unread'}")
                except aiohttp.ClientError as e:
                    tell(i, n, repr(e))
                await asyncio.sleep(pause)

        await asyncio.gather(*(one(i) for i in range(clients)))


async def idle():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=600)) as session:

        async def one(i):
            async with session.get(url) as r:
                await r.read()
                tell(i, 0, r.status)

        await asyncio.gather(*(one(i) for i in range(clients)))
        await asyncio.sleep(count)


if kind in ("requests", "some-fail"):
    each_thread(with_requests)
elif kind == "connect":
    each_thread(connect)
elif kind == "upload":
    each_thread(upload)
elif kind == "idle":
    asyncio.run(idle())
else:
    asyncio.run(with_aiohttp(kind == "aiohttp"))
