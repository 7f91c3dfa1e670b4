#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a capture of many flows (pcapng, two interfaces) and says what is in it.

capture.py FILE [FLOWS]   prints "PACKETS BYTES NOT_IP"
"""
import random
import struct
import sys

ETHER = bytes.fromhex("020000000001020000000002")
NAMES = ["eth0", 'we"ird\\']


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def interface(name):
    return block(1, struct.pack("<HHI", 1, 0, 0) + option(2, name.encode()) + option(9, b"\x09") + option(0, b""))


def ip(v, proto, src, dst, payload):
    if v == 4:
        return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0, src, dst) + payload
    pad = bytes.fromhex("20010db8") + bytes(8)
    return struct.pack(">IHBB16s16s", 6 << 28, len(payload), proto, 64, pad + src, pad + dst) + payload


def transport(proto, sport, dport, flags, n):
    if proto == 6:
        return struct.pack(">HHIIBBHHH", sport, dport, 1, 1, 0x50, flags, 8192, 0, 0) + bytes(n)
    if proto == 17:
        return struct.pack(">HHHH", sport, dport, 8 + n, 0) + bytes(n)
    return struct.pack(">BBHHH", 8, 0, 0, 1, 1) + bytes(n)


def main():
    rnd = random.Random(7)
    frames = []
    for i in range(int(sys.argv[2]) if len(sys.argv) > 2 else 3000):
        v, proto = rnd.choice([4, 4, 6]), rnd.choice([6, 6, 17, 1])
        client, server = struct.pack(">BBH", 10, 1, i % 50000), bytes([10, 0, 0, 1 + i % 5])
        sport, dport, at = 20000 + i % 40000, rnd.choice([80, 443, 53, 8080]), rnd.randrange(0, 400 * 10**9)
        vlan = b"\x81\0" + struct.pack(">H", 1 + i % 100) if not rnd.randrange(5) else b""
        for n in range(rnd.choice([1, 2, 5, 20])):
            back = n % 2
            flags = (2 if n == 0 else 0x12 if n == 1 else 0x10) | (1 if n > 17 else 0)
            data = transport(proto, *((dport, sport) if back else (sport, dport)), flags, rnd.randrange(0, 1000))
            frame = ETHER + vlan + (b"\x08\0" if v == 4 else b"\x86\xdd")
            frame += ip(v, proto, *((server, client) if back else (client, server)), data)
            frames.append((at, i % 2, frame))
            at += rnd.randrange(0, 10**8 if i % 10 else 40 * 10**9)
    not_ip = [(i * 10**9, 0, ETHER + b"\x08\x06" + bytes(28)) for i in range(100)]
    frames = sorted(frames + not_ip)
    with open(sys.argv[1], "wb") as f:
        f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        for name in NAMES:
            f.write(interface(name))
        for at, which, frame in frames:
            ns = 1700000000 * 10**9 + at
            f.write(block(6, struct.pack("<IIIII", which, ns >> 32, ns & 0xffffffff, len(frame), len(frame)) + frame))
    print(len(frames), sum(len(f[2]) for f in frames), len(not_ip))


main()
