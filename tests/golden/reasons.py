#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Twenty alarms drawn by chance from made-up days (bench/day --attacks): every number that they give as their evidence is counted again
from the capture, by a reader of its own, and has to be within 5 % of it (what is counted by hashes: or within one).

Counted again are packets, sources, sizes, ports, hosts, names and sessions. Left out are what needs detection's own memory: whether
a source was ever seen before (new_sources, new_share), norms, quantiles and windows.

WEIR  the program (build/weir), DAY  the generator (build/day)
"""
import collections
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(os.environ.get("WEIR_SRC", Path(__file__).resolve().parent.parent.parent))
WEIR = os.environ.get("WEIR", str(TOP / "build/weir"))
DAY = os.environ.get("DAY", str(TOP / "build/day"))
SEED, ALARMS, BEFORE_S, PACKET = 2, 20, 200, collections.namedtuple("Packet", "t src dst proto sport dport flags size frag seq name rcode")
HASHED = {"hosts", "ports", "names", "stations"}
VECTORS = {17, 19, 53, 69, 111, 123, 137, 161, 389, 427, 500, 520, 1434, 1900, 3283, 3478, 3702, 5093, 5353, 11211, 27015, 37810, 47808}
SYN, RST, ACK, FIN = 2, 4, 16, 1
count = failed = 0


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + more.replace("\n", "\n# "))


def name_of(data, at):
    labels = []
    while at < len(data) and data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("latin1"))
        at += 1 + data[at]
    return ".".join(labels)


def packets_of(path, spans):
    """Of those times only: [(from, to)], sorted."""
    data = Path(path).read_bytes()
    at, begin, i = 24, None, 0
    while at < len(data):
        s, ns, caplen, size = struct.unpack_from("<IIII", data, at)
        f, at = at + 16, at + 16 + caplen
        begin = s if begin is None else begin
        t = s - begin + ns / 1e9
        while i < len(spans) and t >= spans[i][1]:
            i += 1
        if i == len(spans):
            return
        if t < spans[i][0]:
            continue
        kind = data[f + 12:f + 14]
        if kind == b"\x08\x06":
            yield PACKET(t, data[f + 28:f + 32], data[f + 38:f + 42], 0, 0, 0, data[f + 21], size, False, 0, "", 0)
            continue
        ip, v6 = f + 14, kind == b"\x86\xdd"
        l4, proto = (ip + 40, data[ip + 6]) if v6 else (ip + 20, data[ip + 9])
        src, dst = (data[ip + 8:ip + 24], data[ip + 24:ip + 40]) if v6 else (data[ip + 12:ip + 16], data[ip + 16:ip + 20])
        frag = 0 if v6 else struct.unpack_from(">H", data, ip + 6)[0] & 0x3fff
        sport = dport = flags = seq = rcode = 0
        name = ""
        if proto in (6, 17) and not frag & 0x1fff:
            sport, dport = struct.unpack_from(">HH", data, l4)
        if proto == 6:
            flags, seq = data[l4 + 13], struct.unpack_from(">I", data, l4 + 4)[0]
        if proto == 17 and 53 in (sport, dport) and l4 + 20 < at:
            name, rcode = name_of(data[l4 + 8:at], 12), data[l4 + 11] & 15
        yield PACKET(t, src, dst, proto, sport, dport, flags, size, bool(frag), seq, name, rcode)


def address(text):
    import ipaddress
    return ipaddress.ip_network(text, strict=False)


def victim_of(f):
    """(network, port)"""
    text, port = f["victim"], 0
    if text == "*":
        return None, 0
    if text.startswith("["):
        text, port = text[1:].split("]:")
    elif "/" not in text and text.count(":") == 1:
        text, port = text.split(":")
    return address(text), int(port)


def within(net, raw):
    return net.version == (4 if len(raw) == 4 else 6) and raw[:net.prefixlen // 8] == net.network_address.packed[:net.prefixlen // 8]


def belongs(what, p, talked):
    unasked = (p.dst, p.dport, p.src, p.sport) not in talked
    tcp = p.flags if p.proto == 6 else 0
    return {"syn": tcp == SYN, "handshakes": tcp == SYN, "synack_unasked": unasked and tcp == SYN | ACK, "rst_unasked": unasked and bool(tcp & RST),
            "ack_unasked": unasked and tcp == ACK, "udp_unasked": unasked and p.proto == 17 and not p.frag,
            "amp_unasked": unasked and p.proto == 17 and not p.frag and p.sport in VECTORS, "fragments": p.frag,
            "icmp": p.proto in (1, 58)}[what]


def shares(chosen):
    sources, ports = collections.Counter(p.src for p in chosen), collections.Counter(p.sport for p in chosen)
    n = max(1, len(chosen))
    return {"sources": len(sources), "top_share": max(sources.values(), default=0) / n, "mean_size": sum(p.size for p in chosen) / n,
            "source_port": ports.most_common(1)[0][0] if ports else 0, "hosts": len({p.dst for p in chosen}), "ports": len({p.dport for p in chosen})}


def flood(f, e, all_of_it):
    """In the window before it was raised."""
    first, window = f["evidence"][0]["name"], min(1, e.get("window", 1) or 1)
    net, _ = victim_of(f)
    talked, chosen, made = set(), [], 0
    waiting = set()
    for p in all_of_it:
        if p.t >= f["t_start"]:
            break
        if not within(net, p.dst):
            talked.add((p.src, p.sport, p.dst, p.dport))
            continue
        key = (p.src, p.sport, p.dst, p.dport)
        if p.proto == 6 and p.flags == SYN:
            waiting.add(key)
        elif p.proto == 6 and p.flags & ACK and not p.flags & (SYN | RST) and key in waiting:
            waiting.remove(key)
            made += p.t >= f["t_start"] - 1
        if p.t >= f["t_start"] - window and p.proto and belongs(first, p, talked):
            chosen.append(p)
    got = shares(chosen)
    got["handshakes"] = made
    got[first] = len(chosen) / window
    if first == "handshakes":
        got[first] = made
    return got


def patient(f, e, all_of_it, until):
    """Of its source, in the window that is told. It was raised in the step of 100 ms before t_start: until says when."""
    import ipaddress
    source = ipaddress.ip_address(f["sources"][0]).packed if f["sources"] else None
    _, port = victim_of(f)
    since = f["t_start"] - e["window"] if "window" in e else 0
    asked, sizes, ended, got, tries, flags = [], collections.Counter(), set(), {}, {}, int(e.get("flags", SYN))
    for p in all_of_it:
        if p.t >= until or p.t < since - 1e-6 or source not in (p.src, p.dst) or (port and port not in (p.sport, p.dport)):
            continue
        if "queries" in e:
            if p.name and p.dport == 53:
                asked.append(p)
            got["nxdomain"] = got.get("nxdomain", 0) + (p.sport == 53 and p.rcode == 3)
        elif p.src == source and p.proto == 6 and p.flags == flags:
            asked.append(p)
        elif p.src == source and p.proto in (1, 17, 58):
            tries.setdefault((p.dst, p.sport, p.dport), p)
        if p.proto == 6 and ("sessions" in e):
            flow = p.sport if p.src == source else p.dport
            sizes[flow] += p.size
            if p.flags & FIN:
                ended.add(flow)
    asked = asked or list(tries.values())  # a scan by UDP or ICMP: the first packet of each flow
    got.update(shares(asked), attempts=len(asked), queries=len(asked), names=len({p.name for p in asked}), sessions=len(ended),
               name_length=sum(len(p.name) for p in asked) / max(1, len(asked)), session_bytes=sum(sizes[x] for x in ended) / max(1, len(ended)))
    return got


def right(k, told, ends):
    low, high = (pick(end[k] for end in ends) for pick in (min, max))
    more = 1 if k in HASHED else 1e-6
    return low - max(0.05 * low, more) <= told <= high + max(0.05 * high, more)


COUNTED = {"syn", "synack_unasked", "rst_unasked", "ack_unasked", "udp_unasked", "amp_unasked", "fragments", "icmp", "handshakes", "sources",
           "top_share", "mean_size", "source_port", "hosts", "ports", "attempts", "queries", "names", "name_length", "sessions", "session_bytes",
           "nxdomain"}


def main():
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run([DAY, "--name", "d", "--length", "3600", "--rate", "0.4", "--attacks", "--seed", str(SEED), tmp], check=True,
                       stderr=subprocess.DEVNULL)
        told = subprocess.run([WEIR, "read", "--findings", "--json", tmp + "/d.pcap"], check=True, stdout=subprocess.PIPE, text=True).stdout
        findings = [f for f in map(json.loads, told.splitlines()) if f.get("event_type") == "finding" and f["severity"] != "info"]
        findings = [f for f in findings if f["evidence"][0]["name"] in COUNTED]
        drawn = sorted(random.Random(SEED).sample(findings, min(ALARMS, len(findings))), key=lambda f: f["t_start"])
        ok(len(drawn) >= 15, "%d alarms of %d" % (len(drawn), len(findings)))
        spans, merged = [(f["t_start"] - BEFORE_S, f["t_start"]) for f in drawn], []
        for a, b in spans:
            if merged and a <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
            else:
                merged.append((a, b))
        packets = list(packets_of(tmp + "/d.pcap", merged))
        numbers = 0
        for f in drawn:
            e = {x["name"]: x["value"] for x in f["evidence"]}
            all_of_it = [p for p in packets if f["t_start"] - BEFORE_S <= p.t < f["t_start"]]
            is_flood = f["evidence"][0]["name"] in COUNTED - {"attempts", "queries", "sessions", "nxdomain", "hosts", "ports"}
            ends = [flood(f, e, all_of_it)] if is_flood else [patient(f, e, all_of_it, f["t_start"] - x) for x in (0.1, 0)]
            got = ends[-1]
            wrong = ["%s is told as %g, is %g" % (k, v, got[k]) for k, v in e.items() if k in COUNTED and k in got and not right(k, v, ends)]
            numbers += sum(k in COUNTED and k in got for k in e)
            ok(not wrong, "%.1f s: %s at %s" % (f["t_start"], f["class"], f["victim"]), "\n".join(wrong + [f["reason"]]))
        ok(numbers >= 3 * len(drawn), "%d numbers were counted again" % numbers)
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
