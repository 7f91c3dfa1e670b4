#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a packet: tests/golden/verdicts.txt, written by hand, held against rule by rule, host, XDP and TC.

A block is "== title", a policy, "--", and lines "verdict [rule [class]] | expression": scapy makes the packet of the expression.
"= name matched/stopped" says what a rule or a statement has counted in the block. The Python is the system's, as its scapy is.
"""
import collections
import os
import struct
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
root = os.environ.get("WEIR_SRC") or os.path.dirname(os.path.dirname(here))
judge_run = os.environ.get("JUDGE_RUN", os.path.join(root, "build", "judge_run"))
try:
    from scapy.all import (ARP, Dot1AD, Dot1Q, Dot3, Ether, GRE, ICMP, IP, IPOption, IPOption_LSRR, IPOption_RR,
                           IPOption_Router_Alert, IPv6, LLC, SNAP, PPP, PPPoE, Raw, SCTP, TCP, UDP, conf)
    from scapy.contrib.geneve import GENEVE
    from scapy.contrib.mpls import MPLS
    from scapy.layers.vxlan import VXLAN
except ImportError:
    print("1..0 # SKIP python3-scapy is not installed")
    sys.exit(0)
conf.verb = 0

WAYS = ("reference", "host", "XDP", "TC")
count = failed = 0

# ---- what the expressions are made of ----

US, US6, BAD, BAD6, GOOD, GOOD6 = "10.0.0.5", "2001:db8:5::5", "203.0.113.7", "2001:db8:bad::7", "198.51.100.1", "2001:db8::1"
E = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
D3 = Dot3(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
SNAP_IP = LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(OUI=0, code=0x800)


def f4(src, **more):
    """An IPv4 header to us."""
    return IP(src=src, dst=US, **more)


def f6(src, **more):
    return IPv6(src=src, dst=US6, **more)


def vlans(*ids, type=0x8100):
    """Tags in front of an IPv4 packet; the last one's type is left to scapy."""
    tags = b"".join(struct.pack(">HH", type, n) for n in ids)
    return lambda ip: bytes(E)[:12] + tags + struct.pack(">H", 0x86dd if isinstance(ip, IPv6) else 0x800) + bytes(ip)


def x6(src, chain, upper, proto=6, first=None):
    """IPv6 with extension headers: numbers, or (number, bytes)."""
    chain = [c if isinstance(c, tuple) else (c, 16 if c == 51 else 8) for c in chain]
    numbers = [c[0] for c in chain] + [proto]
    body = b""
    for (kind, size), following in zip(chain, numbers[1:]):
        if kind == 44:
            body += struct.pack(">BBHI", following, 0, 0, 9)
        elif kind == 51:
            body += struct.pack(">BB", following, size // 4 - 2) + bytes(size - 2)
        else:
            body += struct.pack(">BBBB", following, size // 8 - 1, 1, size - 4 if size < 260 else 252) + bytes(size - 4)
    return E / IPv6(src=src, dst=US6, nh=numbers[0], **(first or {})) / Raw(body + bytes(upper))


def frag4(src, off, more, what, ident=7, proto=6):
    return E / IP(src=src, dst=US, proto=proto, id=ident, flags="MF" if more else 0, frag=off // 8) / Raw(bytes(what))


def frag6(src, off, more, what, ident=7, proto=6, chain=b""):
    return E / IPv6(src=src, dst=US6, nh=44) / Raw(struct.pack(">BBHI", proto, 0, off | more, ident) + chain + bytes(what))


def cut(frame, n):
    """The first n bytes of a frame: it ends there."""
    return bytes(frame)[:n]


def pppoe(ip):
    return E / PPPoE(sessionid=5) / PPP(proto=0x57 if isinstance(ip, IPv6) else 0x21) / ip


def mpls(labels, ip):
    p = E
    for n in range(labels):
        p = p / MPLS(label=16 + n, s=n == labels - 1, ttl=64)
    return p / ip


def jumbo(src, upper):
    """RFC 2675: payload length 0, the length in a hop-by-hop option."""
    return E / IPv6(src=src, dst=US6, nh=0, plen=0) / Raw(struct.pack(">BBBBI", 17, 0, 0xc2, 4, len(upper) + 8) + bytes(upper))


def inner(src, port=80):
    return IP(src=src, dst="10.9.9.9") / TCP(dport=port)


def geneve_long(ip, words):
    """Geneve with so many words of options in front of the inner packet."""
    return E / f4(GOOD) / UDP(dport=6081) / Raw(bytes([words, 0, 8, 0, 0, 0, 1, 0]) + bytes(words * 4) + bytes(ip))


# ---- the table ----

Line = collections.namedtuple("Line", "nr want text")


class Block:
    def __init__(self, title):
        self.title, self.policy, self.lines, self.counts = title, [], [], []


def read_table(path):
    blocks, in_policy = [], False
    for nr, line in enumerate(open(path), 1):
        line = line.rstrip("\n")
        if line.startswith("=="):
            blocks.append(Block(line[2:].strip()))
            in_policy = True
        elif line == "--":
            in_policy = False
        elif in_policy:
            blocks[-1].policy.append(line)
        elif line.startswith("= "):
            blocks[-1].counts.append((nr, line.split()[1:]))
        elif line.strip() and not line.startswith("#"):
            want, text = line.split("|", 1)
            want = (want.split() + ["-", "-"])[:3]
            blocks[-1].lines.append(Line(nr, "/".join(want), text.strip()))
    return blocks


def write_capture(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for data in frames:
            f.write(struct.pack("<IIII", 1700000000, 0, len(data), len(data)) + data)


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + str(more).replace("\n", "\n# "))
    return good


def check_block(block, rows, counts, asked):
    wrong = []
    for line, row in zip(block.lines, rows):
        for way, got in zip(WAYS, row[:4]):
            asked[way] += got != "?"
            if got not in ("?", line.want):
                wrong.append("line %d, %s: %s, wanted %s (%s): %s" % (line.nr, way, got, line.want, row[4], line.text))
    for nr, (name, want) in block.counts:
        got = counts.get(name, ["0/0"] * 3)
        whole = {way: all(row[n] != "?" for row in rows) for n, way in enumerate(WAYS)}
        wrong += ["line %d, %s counted %s of %s, wanted %s" % (nr, way, g, name, want)
                  for way, g in zip(WAYS[1:], got) if g not in ("?", want) and whole[way]]
    ok(not wrong and len(rows) == len(block.lines), "%s: %d packets" % (block.title, len(block.lines)), "\n".join(wrong))


def main():
    blocks, args = read_table(os.path.join(here, "verdicts.txt")), []
    with tempfile.TemporaryDirectory() as folder:
        for n, block in enumerate(blocks):
            policy, capture = os.path.join(folder, "%d.policy" % n), os.path.join(folder, "%d.pcap" % n)
            with open(policy, "w") as f:
                f.write("\n".join(block.policy) + "\n")
            write_capture(capture, [bytes(eval(line.text)) for line in block.lines])
            args += [policy, capture]
        env = dict(os.environ, WEIR_BPF_DIR=os.environ.get("WEIR_BPF_DIR", os.path.dirname(judge_run)))
        done = subprocess.run([judge_run] + args, env=env, capture_output=True, text=True, timeout=240)
    if not ok(done.returncode == 0, "all packets are judged", done.stderr):
        print("1..%d" % count)
        return 1
    rows, counts = collections.defaultdict(list), collections.defaultdict(dict)
    for line in done.stdout.splitlines():
        first, *rest = line.split("\t")
        nr, what = first.split(" ", 1)
        if what.startswith("= "):
            counts[int(nr)][what[2:]] = rest
        else:
            rows[int(nr)].append(rest)
    asked = collections.Counter()
    for n, block in enumerate(blocks, 1):
        check_block(block, rows[n], counts[n], asked)
    packets = sum(len(b.lines) for b in blocks)
    ok(packets >= 150, "%d packets under %d policies" % (packets, len(blocks)))
    print("# asked: " + ", ".join("%s %d" % (way, asked[way]) for way in WAYS))
    for way in WAYS[2:]:
        ok(True, way + (" # SKIP needs root" if not asked[way] else " was asked"))
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
