#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a file of the MaxMind DB format (version 2.0 of its specification), of IPv4 alone.

mmdb.py FILE TYPE PREFIX=JSON...    mmdb.py asn.mmdb GeoLite2-ASN '198.18.0.0/15={"autonomous_system_number": 64500}'
"""
import ipaddress
import json
import sys


def head(kind, size):
    """The control byte and what belongs to it: a type above 7 in a second byte, a size of up to 284."""
    first = (kind << 5 if kind < 8 else 0) | min(size, 29)
    return bytes([first]) + (bytes([kind - 7]) if kind > 7 else b"") + (bytes([size - 29]) if size >= 29 else b"")


def number(kind, v):
    raw = v.to_bytes(8, "big").lstrip(b"\0")
    return head(kind, len(raw)) + raw


def value(v, key=None):
    if isinstance(v, dict):
        return head(7, len(v)) + b"".join(value(k) + value(x, k) for k, x in v.items())
    if isinstance(v, list):
        return head(11, len(v)) + b"".join(map(value, v))
    if isinstance(v, str):
        raw = v.encode("utf-8", "surrogateescape")
        return head(2, len(raw)) + raw
    return number({"build_epoch": 9, "node_count": 6, "autonomous_system_number": 6}.get(key, 5), v)


def main():
    path, kind, rows = sys.argv[1], sys.argv[2], sys.argv[3:]
    nodes, data = [[None, None]], b""
    for row in rows:
        net, text = row.split("=", 1)
        net = ipaddress.ip_network(net)
        bits = [int(net.network_address) >> (31 - i) & 1 for i in range(net.prefixlen)]
        at = 0
        for bit in bits[:-1]:
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
        nodes[at][bits[-1]] = ("data", len(data))
        data += value(json.loads(text))
    n = len(nodes)
    tree = b""
    for pair in nodes:
        for r in pair:
            v = n if r is None else n + 16 + r[1] if isinstance(r, tuple) else r
            tree += v.to_bytes(3, "big")
    meta = {"binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1, "database_type": kind,
            "description": {"en": "made by a test"}, "ip_version": 4, "languages": ["en"], "node_count": n, "record_size": 24}
    with open(path, "wb") as f:
        f.write(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + value(meta))


main()
