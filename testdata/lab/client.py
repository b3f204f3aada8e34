"""The lab's Python clients.

client.py LIBRARY URL [OPTION=VALUE...]

The library is http.client, urllib3, requests, session (requests with a Session), httpx
or aiohttp. It sends `bursts` bursts of `parallel` requests, `pause` ms apart, says that it
is done, and stays until its stdin ends. pool=N is the size of urllib3's pool, idle=S
aiohttp's keepalive_timeout, close=1 has the header Connection: close, unread=1 closes
responses unread.
"""
import asyncio
import os
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

library, url = sys.argv[1:3]
options = dict(o.split("=") for o in sys.argv[3:])
bursts, parallel, pause = (int(options.get(k, d)) for k, d in (("bursts", 1), ("parallel", 1), ("pause", 0)))
headers = {"Connection": "close"} if "close" in options else {}


def context():
    c = ssl.create_default_context()
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    if os.environ.get("SSLKEYLOGFILE"):
        c.keylog_filename = os.environ["SSLKEYLOGFILE"]
    if "max" in options:
        c.maximum_version = getattr(ssl.TLSVersion, options["max"])
    return c


def http_client():
    import http.client
    at = urlsplit(url)
    kept = []

    def ask():
        conn = kept.pop() if kept else http.client.HTTPSConnection(at.hostname, at.port, context=context())
        conn.request("GET", at.path, headers=headers)
        response = conn.getresponse()
        if "unread" in options:
            conn.close()
            return
        response.read()
        kept.append(conn)
    return ask


def via_urllib3():
    import urllib3
    urllib3.disable_warnings()
    pool = urllib3.PoolManager(maxsize=int(options.get("pool", 1)), ssl_context=context(), cert_reqs="CERT_NONE", assert_hostname=False)
    return lambda: pool.request("GET", url, headers=headers)


def via_requests():
    import requests
    import urllib3
    urllib3.disable_warnings()
    through = requests.Session() if library == "session" else requests
    return lambda: through.get(url, verify=False, headers=headers).content


def via_httpx():
    import httpx
    client = httpx.Client(verify=False)
    if "idle" in options:
        client = httpx.Client(verify=False, limits=httpx.Limits(keepalive_expiry=float(options["idle"])))
    return lambda: client.get(url, headers=headers)


def run_threads(ask):
    with ThreadPoolExecutor(parallel) as threads:
        for i in range(bursts):
            if i:
                time.sleep(pause / 1000)
            for f in [threads.submit(ask) for _ in range(parallel)]:
                try:
                    f.result()
                except Exception as e:
                    print(e, file=sys.stderr)


def stay():
    print('{"event":"done"}', flush=True)
    sys.stdin.read()


async def run_aiohttp():
    import aiohttp
    connector = aiohttp.TCPConnector(ssl=context(), keepalive_timeout=float(options.get("idle", 15)))
    async with aiohttp.ClientSession(connector=connector) as session:
        async def ask():
            async with session.get(url, headers=headers) as response:
                await response.read()
        for i in range(bursts):
            if i:
                await asyncio.sleep(pause / 1000)
            await asyncio.gather(*(ask() for _ in range(parallel)))
        await asyncio.sleep(float(options.get("stay", 0)))
        await asyncio.get_running_loop().run_in_executor(None, stay)


if library == "aiohttp":
    asyncio.run(run_aiohttp())
else:
    ask = {"http.client": http_client, "urllib3": via_urllib3, "requests": via_requests,
           "session": via_requests, "httpx": via_httpx}[library]()
    run_threads(ask)
    stay()
