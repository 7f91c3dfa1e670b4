#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames of as many flows as asked for, in files that tests/net/send.c takes (kind file:PATH).

    many_flows.py FOLDER FLOWS [IPV6_OF_TEN | services]

Each file has a frame of 65,536 flows, the last one fewer: UDP to port 9 of 10.77.0.2, or of fd77::2 for so many of
ten; every source has its own address. services: each is for another service, too, ports from 1000 on of a hundred hosts of 10.78.0.0/24.
"""
import struct
import sys

PART = 65536
HOSTS = 100
CLIENT = 40000  # the lower port is taken for the service's
MACS = bytes.fromhex("027700000002" "027700000001")


def udp(port, source=1024):
    return struct.pack(">HHHH", source, port, 26, 0) + bytes(18)


def ip4(i, to):
    head = struct.pack(">BBHHHBBHII", 0x45, 0, 46, 0, 0, 64, 17, 0, 0x0b000000 + i, to)
    s = sum(struct.unpack(">10H", head))
    s = (s & 0xffff) + (s >> 16)
    s = (s & 0xffff) + (s >> 16)
    return MACS + b"\x08\x00" + head[:10] + struct.pack(">H", 0xffff ^ s) + head[12:]


def ip6(i):
    return (MACS + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, 26, 17, 64) +
            struct.pack(">4I", 0x20010002, 0, 0, i) + struct.pack(">4I", 0xfd770000, 0, 0, 2))


def main():
    folder, n = sys.argv[1], int(sys.argv[2])
    services = sys.argv[3:] == ["services"]
    v6 = int(sys.argv[3]) if len(sys.argv) > 3 and not services else 0
    for part in range(0, n, PART):
        with open("%s/part-%03d.pcap" % (folder, part // PART), "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for i in range(part, min(part + PART, n)):
                if services:
                    frame = ip4(i, 0x0a4e0001 + i % HOSTS) + udp(1000 + i // HOSTS, CLIENT)
                else:
                    frame = (ip6(i) if i % 10 < v6 else ip4(i, 0x0a4d0002)) + udp(9)
                f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


main()
