#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`weir export windows` and `weir export features` against counting by hand: sums against the file, entropies against exact ones,
formats and schemas against each other, hashes of addresses, and docs/export.md against what the program lists."""
import collections
import csv
import json
import math
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from parquet import TOP, WEIR, have, mixed, nanoseconds, ok, read
import parquet

ENTROPY_BITS = 0.5  # what docs/export.md says
VALUES_SHARE = 0.08
SOME = "port 8080 or icmp or vlan"  # of the capture: each kind of flow, and quick
SHEETS = {"flows": ["flows"], "features": ["features"], "nf-v3": ["features", "--schema", "nf-v3"],
          "cic": ["features", "--schema", "cic"], "windows": ["windows"]}


def run(*args, **more):
    return subprocess.run([WEIR, "export", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)


def rows(*args):
    done = run(*args)
    if done.returncode:
        print("# " + done.stderr.decode())
    return list(csv.DictReader(done.stdout.decode().splitlines()))


def listed(sheet):
    return json.loads(run(*SHEETS[sheet], "--list", "--json").stdout)


# ---- captures ----

def packets_of(path):
    """Sizes of all packets of a pcap file."""
    data, at, sizes = Path(path).read_bytes(), 24, []
    while at < len(data):
        caplen, size = struct.unpack_from("<II", data, at + 8)
        sizes.append(size)
        at += 16 + caplen
    return sizes


def write(path, packets):
    """(nanoseconds, frame) each."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 1))
        for t, frame in packets:
            f.write(struct.pack("<IIII", t // 10**9, t % 10**9, len(frame), len(frame)) + frame)


ETHER = bytes.fromhex("020000000001020000000002")


def ip(proto, src, dst, rest, ttl=64, frag=0):
    return ETHER + b"\x08\x00" + struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(rest), 1, frag, ttl, proto, 0, src, dst) + rest


def udp(src, dst, sport, dport, payload=b""):
    return ip(17, src, dst, struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload)


def tcp(src, dst, sport, dport, flags, options=b"", ttl=64):
    return ip(6, src, dst, struct.pack(">HHIIBBHHH", sport, dport, 1, 1, (20 + len(options)) // 4 << 4, flags, 1000, 0, 0) + options, ttl)


def zipf(r, n, a):
    weights = [1 / (i + 1) ** a for i in range(n)]
    return lambda: r.choices(range(n), weights)[0]


def entropy(counts):
    n = sum(counts.values())
    return math.log2(n) - sum(v * math.log2(v) for v in counts.values()) / n


# ---- sums ----

def sums(name, path, sizes, not_ip):
    for length in ("1s", "100ms"):
        got = collections.defaultdict(lambda: [0, 0])
        for row in rows("windows", path, "--window", length):
            for way in ("", "_back"):
                got[row["key"]][0] += int(row["packets" + way])
                got[row["key"]][1] += int(row["bytes" + way])
        want = [len(sizes), sum(sizes)]
        ok(got["interface"] == want, f"{name}, {length}: interfaces have all packets and bytes of the file", (got, want))
        others = [got[k] for k in ("host", "service", "source_prefix")]
        ok(others == [[want[0] - len(not_ip), want[1] - sum(not_ip)]] * 3, f"{name}, {length}: each other kind has all that are IP", others)


def many(path, flows):
    """More sources and hosts in a second than there are rows."""
    write(path, [(1700000000 * 10**9 + i * 300000, udp(0x0b000000 + i * 256, 0x0a000000 + i, 4000, 53)) for i in range(flows)])


# ---- what is in a window ----

def known(tmp):
    """A window of which everything is known."""
    begin, me, you = 1700000000 * 10**9, 0x0a000001, 0x0a000002
    mss, mss_ts = bytes([2, 4, 5, 0xb4]), bytes([2, 4, 5, 0xb4, 1, 1, 8, 10]) + bytes(8)
    frames = [tcp(you, me, 4000, 80, 2, mss), tcp(me, you, 80, 4000, 0x12, mss), tcp(you, me, 4000, 80, 0x10, ttl=63),
              tcp(you, me, 4001, 80, 2, mss_ts, ttl=50), tcp(me, you, 80, 4001, 0x14), tcp(you, me, 4000, 80, 0x11),
              udp(0x08080808, me, 53, 5000, bytes(100)), udp(0x08080809, me, 123, 5000, bytes(400)), udp(0x08080809, me, 123, 5000, bytes(400)),
              ip(1, you, me, bytes([8, 0]) + bytes(6)), ip(1, me, you, bytes([0, 0]) + bytes(6)), ip(1, you, me, bytes([3, 1]) + bytes(6)),
              ip(17, you, me, bytes(8), frag=0x2000), ETHER + b"\x08\x06" + bytes(28)]
    write(f"{tmp}/known.pcap", [(begin + i * 1000000, f) for i, f in enumerate(frames)])
    all_rows = rows("windows", f"{tmp}/known.pcap", "--addresses", "raw")
    host = next(r for r in all_rows if r["key"] == "host" and r["address"] == "10.0.0.1")
    want = {"packets": 10, "tcp": 4, "udp": 4, "icmp": 2, "icmp_error": 1, "syn": 2, "synack": 0, "rst": 0, "fin": 1, "handshakes": 1,
            "fragments": 1, "new_flows": 6, "new_sources": 3, "reflected": 3, "reflection_port": 123, "headers": 10, "icmp_echo_request": 1,
            "icmp_unreachable": 1, "ttls": 3, "ttl_min": 50, "ttl_max": 64, "syn_options": 2, "sources": 3, "syn_share": 0.5,
            "handshake_share": 0.5, "ip_proto": "", "port": "", "interface": "", "other": 0}
    wrong = {k: (host[k], v) for k, v in want.items() if host[k] != str(v)}
    ok(not wrong, "a host of which all is known: flags, handshakes, ICMP, TTLs, options, reflection", wrong)
    service = next(r for r in all_rows if r["key"] == "service" and r["port"] == "80")
    want = {"packets": 4, "packets_back": 2, "address": "10.0.0.1", "ip_proto": 6, "back_share": "0.333333"}
    wrong = {k: (service[k], v) for k, v in want.items() if service[k] != str(v)}
    ok(not wrong, "and a service of it", wrong)
    iface = next(r for r in all_rows if r["key"] == "interface")
    sizes = collections.Counter(next(name for most, name in ((63, "size_63"), (127, "size_127"), (255, "size_255"), (511, "size_511"))
                                     if len(f) <= most) for f in frames)
    ok(iface["not_ip"] == "1" and {k: int(iface[k]) for k in sizes} == dict(sizes), "and the interface: not IP, sizes", iface)


def said(tmp):
    """What payloads say is of the server, of both its ways, and of the client's prefix."""
    begin, me, you = 1700000000 * 10**9, 0x0a000001, 0x0b000002
    name = b"\x04nope\x07example\x00" + struct.pack(">HH", 1, 1)
    hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00" + b"\x00\x00"
    hello = b"\x16\x03\x01" + struct.pack(">H", len(hello) + 4) + b"\x01" + struct.pack(">I", len(hello))[1:] + hello

    def stream(port, asked, *answers):
        opens = [tcp(you, me, 4000, port, 2), tcp(me, you, port, 4000, 0x12), tcp(you, me, 4000, port, 0x10)]
        return opens + [tcp(you, me, 4000, port, 0x18) + asked] + [tcp(me, you, port, 4000, 0x18) + a for a in answers]
    frames = [udp(you, me, 5000, 53, struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + name),
              udp(me, you, 53, 5000, struct.pack(">HHHHHH", 7, 0x8183, 1, 0, 0, 0) + name),
              *stream(80, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", *(b"HTTP/1.1 %d no\r\nContent-Length: 0\r\n\r\n" % n for n in (404, 503, 403, 200))),
              *stream(443, hello)]
    frames = [f[:16] + struct.pack(">H", len(f) - 14) + f[18:] for f in frames]  # with what was put behind them
    write(f"{tmp}/said.pcap", [(begin + i * 1000000, f) for i, f in enumerate(frames)])
    all_rows = rows("windows", f"{tmp}/said.pcap", "--addresses", "raw")
    names = "dns_questions", "dns_nxdomain", "http_requests", "http_4xx", "http_5xx", "tls_hellos"
    got = {(r["key"], r["address"], r["port"]): [int(r[n]) for n in names] for r in all_rows}
    want = {("interface", "", ""): [1, 1, 1, 2, 1, 1], ("host", "10.0.0.1", ""): [1, 1, 1, 2, 1, 1], ("service", "10.0.0.1", "53"): [1, 1, 0, 0, 0, 0],
            ("service", "10.0.0.1", "80"): [0, 0, 1, 2, 1, 0], ("service", "10.0.0.1", "443"): [0, 0, 0, 0, 0, 1]}
    wrong = {k: (got.get(k), v) for k, v in want.items() if got.get(k) != v}
    ok(not wrong, "what DNS, HTTP and TLS say is of the server", wrong)
    of_client = [v for k, v in got.items() if k[0] == "source_prefix" and k[1].startswith("11.0.0.")]
    ok(of_client == [[1, 1, 1, 2, 1, 1]], "and of the client's prefix", got)


def old(tmp):
    """A connection that says nothing, and one that says much, for twelve seconds."""
    begin = 1700000000 * 10**9
    slow = [(begin + i * 10**9, tcp(0x0a000002, 0x0a000001, 4000, 80, 0x10)) for i in range(13)]
    fast = [(begin + i * 10**9 + 1, udp(0x0a000003, 0x0a000001, 4000, 90, bytes(1000))) for i in range(13)]
    write(f"{tmp}/old.pcap", sorted(slow + fast))
    got = [r for r in rows("windows", f"{tmp}/old.pcap") if r["key"] == "interface"]
    ok([(r["old"], r["slow"]) for r in got] == [("0", "0")] * 10 + [("2", "1")] * 3, "connections that are old, and slow", got[-1])
    ok(got[-1]["age_s"] == "12" and got[0]["age_s"] == "0", "and their mean age", got[-1]["age_s"])


def spreads(tmp):
    r = random.Random(7)
    kinds = {"one": lambda: 0, "twelve": lambda: r.randrange(12), "300, evenly": lambda: r.randrange(300),
             "3000, evenly": lambda: r.randrange(3000), "1000 by Zipf": zipf(r, 1000, 1.0), "5000 by Zipf, 0.8": zipf(r, 5000, 0.8)}
    worst_bits = worst_share = 0
    for name, pick in kinds.items():
        of, n = {}, 6000
        picked = [of.setdefault(pick(), (r.randrange(1 << 32), r.randrange(1, 65536))) for _ in range(n)]
        write(f"{tmp}/spread.pcap", [(1700000000 * 10**9 + i * 160000, udp(a, 0x0a000001, p, 9)) for i, (a, p) in enumerate(picked)])
        row = next(x for x in rows("windows", f"{tmp}/spread.pcap") if x["key"] == "interface")
        told = []
        for column, values in (("source", [a for a, _ in picked]), ("source_port", [p for _, p in picked])):
            counts = collections.Counter(values)
            bits = float(row[column + "_entropy"]) - entropy(counts)
            share = int(row[column + "s"]) / len(counts) - 1
            told.append((round(bits, 3), round(share, 3)))
            worst_bits, worst_share = max(worst_bits, abs(bits)), max(worst_share, abs(share))
        few = name in ("one", "twelve")
        ok(all(abs(b) < (0.001 if few else ENTROPY_BITS) and abs(s) <= (0 if few else VALUES_SHARE) for b, s in told),
           f"{name}: entropy and different values of sources and ports, within what is told", told)
    print(f"# furthest off: {worst_bits:.3f} bits, {100 * worst_share:.1f} % of the values")


# ---- formats and schemas ----

def same(cell, value, kind, digits):
    if cell == "":
        return value is None
    if kind == "time":
        return nanoseconds(cell) == (nanoseconds(value) if isinstance(value, str) else value)
    if kind[0] == "u":
        return int(cell) == value
    return cell == ("%.*g" % (digits, value) if kind == "real" else value)


def formats(tmp, capture):
    key = f"{tmp}/key"
    Path(key).write_bytes(bytes(range(32)))
    os.chmod(key, 0o600)
    how = {"raw": [], "hash": ["--addresses", "hash", "--addresses-key", key], "none": ["--addresses", "none"]}
    for sheet, args in SHEETS.items():
        kinds = {c["name"]: c["type"] for c in listed(sheet)["columns"]}
        for addresses in ("raw", "hash", "none") if sheet == "nf-v3" else ("hash",):
            base = [*args, capture, SOME, *(how[addresses] if addresses != "raw" else ["--addresses", "raw"])]
            text = rows(*base)
            lines = [json.loads(x) for x in run(*base, "--format", "jsonl").stdout.splitlines()]
            digits = {n: 9 if n == "duration_s" else 6 for n in kinds}
            wrong = [(i, n, t[n], j.get(n)) for i, (t, j) in enumerate(zip(text, lines)) for n in t if not same(t[n], j.get(n), kinds[n], digits[n])]
            ok(text and len(text) == len(lines) and not wrong and list(text[0]) == list(lines[0]),
               f"{sheet}, addresses {addresses}: JSON Lines have the cells of the CSV", wrong[:3])
            if not have("hyparquet"):
                continue
            run(*base, "--format", f"parquet:{tmp}/{sheet}.parquet")
            head, got = read("hyparquet", f"{tmp}/{sheet}.parquet")
            wrong = [(i, n, t[n], v) for i, (t, g) in enumerate(zip(text, got)) for (n, v) in zip(t, g) if not same(t[n], v, kinds[n], digits[n])]
            ok(len(got) == len(text) and not wrong and [c["name"] for c in head["columns"]] == list(text[0]),
               f"{sheet}, addresses {addresses}: so does Parquet", wrong[:3])
            ok(head["notes"]["weir.columns"] == sheet, f"{sheet}: and says what it holds", head["notes"])


def schemas():
    for sheet, total in (("nf-v3", 55), ("cic", 84)):
        names = [c["name"] for c in listed(sheet)["columns"]]
        ok(len(names) == total == len(set(names)), f"{sheet}: all {total} names of the schema, each once", names)
        told = [c for c in listed(sheet)["columns"] if not c.get("meaning") and not c.get("why_not")]
        ok(not told, f"{sheet}: each has a meaning, or why it is not written", told)


def mapped(tmp, capture):
    """Values under others' names are those of weir's own."""
    raw = ["--addresses", "raw"]
    ours, nf, cic = rows("features", capture, *raw), rows(*SHEETS["nf-v3"], capture, *raw), rows(*SHEETS["cic"], capture, *raw)
    wrong = []
    for o, f, n, c in zip(ours, rows("flows", capture), nf, cic):
        took, seconds = nanoseconds(f["end"]) - nanoseconds(f["start"]), float(o["duration_s"])
        flags = [sum(int(o[f"{f}_{to}"] or 0) << b for f, b in (("fin", 0), ("syn", 1), ("rst", 2), ("psh", 3), ("ack", 4)))
                 for to in ("toserver", "toclient")]
        pairs = [(n["IN_BYTES"], o["bytes_toserver"]), (n["OUT_PKTS"], o["pkts_toclient"]), (n["L4_DST_PORT"], o["dest_port"]),
                 (n["IPV4_SRC_ADDR"], o["src_ip"] if o["ip_v"] == "4" else ""), (n["PROTOCOL"], o["ip_proto"]),
                 (n["FLOW_START_MILLISECONDS"], str(nanoseconds(o["start"]) // 10**6)), (n["FLOW_DURATION_MILLISECONDS"], str(took // 10**6)),
                 (n["SRC_TO_DST_AVG_THROUGHPUT"], "%.6g" % (8 * int(o["bytes_toserver"]) / seconds) if seconds else ""),
                 (int(n["CLIENT_TCP_FLAGS"] or 0) & 31, flags[0]), (int(n["SERVER_TCP_FLAGS"] or 0) & 31, flags[1]),
                 (c["Src IP"], o["src_ip"]), (c["Total Bwd packets"], o["pkts_toclient"]), (c["Flow Duration"], str(took // 1000)),
                 (c["Flow Packets/s"], o["pkts_per_s"]), (c["Timestamp"], o["start"])]
        wrong += [(o["start"], i, a, b) for i, (a, b) in enumerate(pairs) if a != b]
    ok(len(ours) == len(nf) == len(cic) > 100 and not wrong, f"{len(ours)} flows: values under the names of NF-v3 and CIC are weir's own", wrong[:4])


# ---- addresses ----

def addresses(tmp, capture):
    raw = rows("features", capture, SOME, "--addresses", "raw")
    keys = []
    for i in range(2):
        Path(f"{tmp}/key{i}").write_bytes(os.urandom(32))
        os.chmod(f"{tmp}/key{i}", 0o600)
        keys.append(["--addresses-key", f"{tmp}/key{i}"])
    one, again, other = (rows("features", capture, SOME, *keys[k]) for k in (0, 0, 1))
    pairs = {(r["src_ip"], h["src_ip"]) for r, h in zip(raw, one)} | {(r["dest_ip"], h["dest_ip"]) for r, h in zip(raw, one)}
    ok(one == again, "the same key: the same hashes")
    ok(len({a for a, _ in pairs}) == len({h for _, h in pairs}) == len(pairs), "an address is one hash, and no two have the same")
    hashes = [{r[c] for r in x for c in ("src_ip", "dest_ip")} for x in (one, other, rows("features", capture, SOME), rows("features", capture, SOME))]
    ok(not any(hashes[i] & hashes[j] for i in range(4) for j in range(i)), "another key, or a new one: none of them again")
    text = run("features", capture, SOME, "--format", "jsonl", *keys[0]).stdout + run("windows", capture, SOME, *keys[0]).stdout
    ok(not any(r["src_ip"].encode() in text for r in raw), "no address is in the output")
    ok(Path(f"{tmp}/key0").read_bytes() not in text and Path(f"{tmp}/key0").read_bytes().hex().encode() not in text, "and not the key")
    near = rows("features", capture, SOME, "--addresses", "prefix")
    ok(all(re.fullmatch(r"\d+\.\d+\.\d+\.0/24|[0-9a-f:]+::/48", r["src_ip"]) for r in near), "prefixes: /24 and /48", near[0])
    ok(rows("flows", capture)[0]["src_ip"] == rows("flows", capture, "--addresses", "raw")[0]["src_ip"], "flows have addresses as they are")
    os.chmod(f"{tmp}/key1", 0o644)
    Path(f"{tmp}/short").write_bytes(b"short")
    os.chmod(f"{tmp}/short", 0o600)
    for why, args in (("a key that everybody can read", keys[1]), ("a short key", ["--addresses-key", f"{tmp}/short"]),
                      ("an unknown way", ["--addresses", "rot13"]), ("a key for nothing", ["--addresses", "raw", *keys[0]]),
                      ("hidden addresses in EVE", ["--format", "eve", "--addresses", "hash"])):
        done = run("flows" if "EVE" in why else "features", capture, *args)
        ok(done.returncode == 2 and done.stderr.count(b"\n") <= 2 and not done.stdout, f"{why} is refused", done.stderr)


# ---- the rest ----

def errors(tmp, capture):
    for args in (["windows", capture, "--window", "5s"], ["features", capture, "--schema", "netflow"], ["flows", capture, "--schema", "cic"],
                 ["windows", capture, "--format", "eve"], ["window", capture], ["windows"]):
        ok(run(*args).returncode == 2, f"{' '.join(a for a in args if a != capture)}: refused, status 2")
    for form in ("csv", "jsonl", "parquet"):
        done = run("windows", capture, "--format", f"{form}:/dev/full")
        ok(done.returncode == 1 and b"No space left" in done.stderr, f"{form}: a full disk is told, status 1", done.stderr)
    again = [run("windows", capture, "--addresses", "raw", "--window", "100ms").stdout for _ in range(2)]
    ok(again[0] == again[1] and again[0].count(b"\n") > 100, "the same capture: the same rows, to the byte")


def documented():
    text = (TOP / "docs/export.md").read_text()
    for sheet in SHEETS:
        lines = [f"| `{c['name']}` | {c['type'] if c['written'] else ''} | {c['unit']} | {c.get('meaning') or 'not written: ' + c['why_not']} |"
                 for c in listed(sheet)["columns"]]
        missing = [x for x in lines if sheet != "flows" and x not in text]
        ok(not missing, f"docs/export.md has each column of {sheet} as --list tells it", "\n".join(missing[:80]))


def main():
    with tempfile.TemporaryDirectory() as tmp:
        capture = f"{tmp}/mixed.pcapng"
        mixed(capture)
        known(tmp)
        said(tmp)
        old(tmp)
        many(f"{tmp}/many.pcap", 3000)
        sums("many", f"{tmp}/many.pcap", packets_of(f"{tmp}/many.pcap"), [])
        sums("known", f"{tmp}/known.pcap", packets_of(f"{tmp}/known.pcap"), [42])
        ok({r["key"] for r in rows("windows", f"{tmp}/many.pcap") if r["other"] == "1"} == {"host", "source_prefix", "service"},
           "what finds no row is told as other")
        spreads(tmp)
        formats(tmp, capture)
        schemas()
        mapped(tmp, capture)
        addresses(tmp, capture)
        errors(tmp, capture)
        documented()
    print(f"1..{parquet.count}")
    return 1 if parquet.failed else 0


if __name__ == "__main__":
    sys.exit(main())
