#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Both ends of attacks that need connections, for bench/detect-live:

    detect_clients.py serve                                     logins at port 22, requests at port 80
    detect_clients.py attack CLASS VICTIM SOURCES RATE SECONDS  a line per connection: "BEGAN 1" when it was served, else "BEGAN 0"

SOURCES: the first address and how many, 10.90.0.1/30. Bounded by SECONDS; ends sooner by SIGTERM.
"""
import asyncio
import ipaddress
import itertools
import sys
import time

PATIENCE_S = 1.0  # longer without an answer: it is not served
PORTS = {"http_flood": 443, "slow_http": 80, "brute_force": 22}


# ---- the server ----

async def logins(reader, writer):
    writer.write(b"SSH-2.0-here\r\n")
    while await reader.read(1000):
        writer.write(b"n" * 250)


async def requests(reader, writer):
    """One that is whole is answered; it waits for the rest as long as that takes."""
    text = b""
    while not text.endswith(b"\r\n\r\n"):
        more = await reader.read(1000)
        if not more:
            return
        text += more
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")


def until_closed(serves):
    async def serve(reader, writer):
        try:
            await serves(reader, writer)
        except OSError:
            pass
        writer.close()
    return serve


async def serve():
    for port, serves in ((22, logins), (80, requests)):
        await asyncio.start_server(until_closed(serves), "0.0.0.0", port, backlog=512)
    print("ready", flush=True)
    await asyncio.Event().wait()


# ---- the attackers: each returns when it was served ----

async def answered(reader):
    if not await asyncio.wait_for(reader.read(4000), PATIENCE_S):
        raise OSError("closed")


async def login(reader, writer, served):
    await answered(reader)
    for _ in range(3):
        writer.write(b"p" * 150)
        await answered(reader)
    served()


async def request(reader, writer, served):
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    await answered(reader)
    served()


async def hold(reader, writer, served):
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n")
    served()
    while True:
        await asyncio.sleep(10)
        writer.write(b"X-more: to come\r\n")


DOES = {"http_flood": request, "slow_http": hold, "brute_force": login}


async def one(klass, victim, source):
    began, told, writer = time.time(), [], None

    def tell(good):
        if not told:
            told.append(good)
            print("%.6f %d" % (began, good), flush=True)

    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(victim, PORTS[klass], local_addr=(source, 0)), PATIENCE_S)
        await DOES[klass](reader, writer, lambda: tell(1))
    except (OSError, asyncio.TimeoutError):
        pass
    tell(0)
    if writer:
        writer.close()


async def attack(klass, victim, sources, rate, seconds):
    first, n = sources.split("/")
    from_each = itertools.cycle([str(ipaddress.ip_address(first) + i) for i in range(int(n))])
    began, tasks = time.monotonic(), set()
    for i in range(int(float(rate) * float(seconds))):
        await asyncio.sleep(max(0, began + i / float(rate) - time.monotonic()))
        task = asyncio.ensure_future(one(klass, victim, next(from_each)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


asyncio.run({"serve": serve, "attack": attack}[sys.argv[1]](*sys.argv[2:]))
