# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures for tests/golden/explain.py: a server with clients that behave, and what is unusual. The same each time."""
import struct

T0 = 1700000000


def ip(text):
    return bytes(int(x) for x in text.split("."))


class Capture:
    def __init__(self):
        self.rows = []

    def add(self, t, src, dst, proto, payload, ttl=64):
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, ttl, proto, 0, ip(src), ip(dst))
        self.rows.append((t, b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\x00" + head + payload))

    def tcp(self, t, src, sport, dst, dport, flags, data=b"", seq=1000, ack=0, window=64240, ttl=64):
        options = b"\2\4\5\xb4\1\3\3\7\4\2\0\0" if flags & 2 else b""
        self.add(t, src, dst, 6, struct.pack("!HHIIBBHHH", sport, dport, seq, ack, (20 + len(options)) // 4 << 4, flags, window, 0, 0) + options + data, ttl)

    def udp(self, t, src, sport, dst, dport, data, ttl=64):
        self.add(t, src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data, ttl)

    def session(self, t, client, sport, server, dport, ask=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer=b"HTTP/1.1 200 OK\r\n\r\n"):
        for k, (up, flags, data) in enumerate([(1, 2, b""), (0, 18, b""), (1, 16, b""), (1, 24, ask), (0, 24, answer), (1, 17, b""), (0, 17, b""), (1, 16, b"")]):
            a = (client, sport, server, dport) if up else (server, dport, client, sport)
            self.tcp(t + k * 0.002, *a, flags, data, ttl=57 if up else 64)

    def write(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for t, row in sorted(self.rows, key=lambda r: r[0]):
                us = round((T0 + t) * 1e6)
                f.write(struct.pack("<IIII", us // 1000000, us % 1000000, len(row), len(row)) + row)


def usual(c, seconds, host="example.org"):
    ask = ("GET /index.html HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n\r\n" % (host, host)).encode()
    for k in range(seconds * 10):
        c.session(k * 0.1, "198.51.100.%d" % (1 + k % 40), 20000 + k % 40000, "10.0.0.5", 443, ask)


def flood(host="example.org"):
    """SYNs without end from one network, after half a minute of clients."""
    c = Capture()
    usual(c, 45, host)
    for k in range(12000):
        c.tcp(30 + k / 3000, "203.0.113.%d" % (1 + k * 7 % 120), 1024 + k * 31 % 60000, "10.0.0.5", 443, 2, window=1024, ttl=241)
    return c


def scan(host="example.org"):
    """Ports of a host one after another, then passwords tried at its SSH, twice."""
    c = Capture()
    usual(c, 40, host)
    for k in range(300):
        c.tcp(10 + k * 0.02, "192.0.2.9", 40000, "10.0.0.5", 1 + k, 2)
        c.tcp(10 + k * 0.02 + 0.001, "10.0.0.5", 1 + k, "192.0.2.9", 40000, 20)
    return c


def name(k, word):
    text = "%04d-%s" % (k, word)
    return "".join(chr(len(x)) + x for x in [text[:60], "t", "example"])


def tunnel(word="x" * 52):
    """Long names of one domain, one after another."""
    c = Capture()
    usual(c, 20)
    for k in range(200):
        q = struct.pack("!HHHHHH", k, 0x0100, 1, 0, 0, 0) + name(k, word).encode() + b"\0\0\x10\0\1"
        c.udp(3 + k * 0.05, "10.0.0.7", 30000 + k, "192.0.2.53", 53, q)
        c.udp(3 + k * 0.05 + 0.01, "192.0.2.53", 53, "10.0.0.7", 30000 + k, q[:2] + b"\x81\x80" + q[4:])
    return c
