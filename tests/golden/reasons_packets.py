# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets of a pcap file for reasons.py: a reader that shares nothing with weir."""
import collections
import struct
import subprocess
from pathlib import Path

PACKET = collections.namedtuple("Packet", "t src dst proto sport dport flags size frag seq name rcode")
SYN, RST, ACK, FIN = 2, 4, 16, 1
FORMS = {b"\xd4\xc3\xb2\xa1": ("<", 1e6), b"\xa1\xb2\xc3\xd4": (">", 1e6), b"\x4d\x3c\xb2\xa1": ("<", 1e9), b"\xa1\xb2\x3c\x4d": (">", 1e9)}
ETHERNET, RAW = 1, 101
EXTENSIONS = {0, 43, 51, 60}


def plain(path, folder):
    """Such a capture, uncompressed."""
    to = Path(folder) / path.name.removesuffix(".zst")
    with open(to, "wb") as f:
        subprocess.run(["zstd", "-d", "-c", "--long=27", path], stdout=f, check=True)
    return str(to)


def name_of(data, at):
    labels = []
    while at < len(data) and data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("latin1"))
        at += 1 + data[at]
    return ".".join(labels)


def transport_of(data, ip, at):
    """IPv6: (where it begins, its protocol) behind extension headers."""
    l4, proto = ip + 40, data[ip + 6]
    while proto in EXTENSIONS and l4 + 2 <= at:
        size = (data[l4 + 1] + 2) * 4 if proto == 51 else (data[l4 + 1] + 1) * 8
        l4, proto = l4 + size, data[l4]
    return l4, proto


def packet(data, f, at, t, size, link):
    """Of the frame from f to at; None: it is neither ARP nor IP."""
    kind, ip = data[f + 12:f + 14], f + 14
    if link == RAW:
        kind, ip = (b"\x86\xdd" if data[f] >> 4 == 6 else b"\x08\x00"), f
    if kind == b"\x81\x00":
        kind, ip = data[f + 16:f + 18], f + 18
    if kind == b"\x08\x06":
        return PACKET(t, data[ip + 14:ip + 18], data[ip + 24:ip + 28], 0, 0, 0, data[ip + 7], size, False, 0, "", 0)
    if kind == b"\x86\xdd":
        src, dst, frag = data[ip + 8:ip + 24], data[ip + 24:ip + 40], 0
        l4, proto = transport_of(data, ip, at)
    elif kind == b"\x08\x00":
        src, dst, frag = data[ip + 12:ip + 16], data[ip + 16:ip + 20], struct.unpack_from(">H", data, ip + 6)[0] & 0x3fff
        l4, proto = ip + (data[ip] & 15) * 4, data[ip + 9]
    else:
        return None
    sport = dport = flags = seq = rcode = 0
    name = ""
    if proto in (6, 17) and not frag & 0x1fff and l4 + 4 <= at:
        sport, dport = struct.unpack_from(">HH", data, l4)
    if proto == 6 and not frag & 0x1fff and l4 + 14 <= at:
        flags, seq = data[l4 + 13], struct.unpack_from(">I", data, l4 + 4)[0]
    if proto == 17 and 53 in (sport, dport) and l4 + 20 < at:
        name, rcode = name_of(data[l4 + 8:at], 12), data[l4 + 11] & 15
    return PACKET(t, src, dst, proto, sport, dport, flags, size, bool(frag), seq, name, rcode)


def source(data, f, link):
    """Its address, quickly."""
    kind, ip = data[f + 12:f + 14], f + 14
    if link == ETHERNET and kind == b"\x08\x00":
        return data[ip + 12:ip + 16]
    if link == ETHERNET and kind == b"\x86\xdd":
        return data[ip + 8:ip + 24]
    return None


def packets_of(path, spans, first_seen):
    """Of those times only: [(from, to)], sorted. first_seen: filled with when each source was, at any time before the last of them."""
    data = Path(path).read_bytes()
    order, parts = FORMS[data[:4]]
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xffff
    if link not in (ETHERNET, RAW):
        raise ValueError("%s: link type %d" % (path, link))
    at, begin, i = 24, None, 0
    while at < len(data):
        s, part, caplen, size = struct.unpack_from(order + "IIII", data, at)
        f, at = at + 16, at + 16 + caplen
        begin = s if begin is None else begin
        t = s - begin + part / parts
        while i < len(spans) and t >= spans[i][1]:
            i += 1
        if i == len(spans):
            return
        if t < spans[i][0]:
            src = source(data, f, link)
            if src:
                first_seen.setdefault(src, t)
            continue
        p = packet(data, f, at, t, size, link)
        if p:
            first_seen.setdefault(p.src, t)
            yield p
