#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The flows of every capture against the conversations that Wireshark's engine counts in it: the same pairs of ends, and
in each direction the same packets and bytes.

WEIR         the program (build/weir)
WEIR_DATA    the test data (../shared/data)
WEIR_FLOWS_PACKETS   so many packets of a long capture are read (default 50000); what is shorter is read as a whole

The conversations are those of `tshark -z conv,tcp` and so on, asked through sharkd, which does not round bytes. They are
counted per TCP stream; streams of the same ends are one flow here, since `weir read` has no timeouts. An inner packet of a
tunnel is a conversation for tshark, not for weir: those are counted from tshark's list of layers and have to be all of the
difference. Any other difference stands in flows.tsv with its reason, its packets and bytes; a line that nothing needs is
an error too, because it hides the next defect.

    flows.py [-v] [PART-OF-A-FILE-NAME...]
"""
import csv
import fnmatch
import ipaddress
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
DATA = Path(os.environ.get("WEIR_DATA", TOP / "../shared/data"))
WEIR = os.environ.get("WEIR", str(TOP / "build/weir"))
PACKETS = int(os.environ.get("WEIR_FLOWS_PACKETS", "50000"))
KINDS = ["TCP", "UDP", "SCTP", "IPv4", "IPv6"]
PRINTED = "http-1010conn.pcapng.zst"
PROTO = {6: "TCP", 17: "UDP", 132: "SCTP"}
# Each packet for itself, as weir reads them.
ALONE = ["ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams"]


# ---- conversations: {kind: {(end, end): [[packets, bytes], [packets, bytes]]}} ----

ADDRESSES = {}


def address(text):
    """One form for an address, whoever wrote it; bytes, so that both sides sort alike."""
    if text not in ADDRESSES:
        ADDRESSES[text] = ipaddress.ip_address(text).packed
    return ADDRESSES[text]


def new():
    return {kind: defaultdict(lambda: [[0, 0], [0, 0]]) for kind in KINDS}


def add(table, kind, src, sport, dst, dport, there, back):
    """What went from src to dst, and back. Of what an end says to itself no direction is known."""
    a, b = (address(src), sport), (address(dst), dport)
    row = table[kind][min(a, b), max(a, b)]
    for end, (packets, count) in ((a > b, there), (a < b, back)):
        row[end][0] += packets
        row[end][1] += count


def name(key):
    return " ".join(f"{ipaddress.ip_address(a)}{':' + str(p) if p else ''}" for a, p in key)


# ---- weir ----

def add_flow(table, ip_v, proto, row, there, back):
    add(table, f"IPv{ip_v}", row["src_ip"], 0, row["dest_ip"], 0, there, back)
    if proto in PROTO and row.get("src_port", "") != "":
        add(table, PROTO[proto], row["src_ip"], int(row["src_port"]), row["dest_ip"], int(row["dest_port"]), there, back)


class Ours:
    """`weir read --json`: the flows, and whether they are all of the ledger."""

    def __init__(self, path):
        done = subprocess.run([WEIR, "read", "--json", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.error = done.stderr.decode(errors="replace").strip() if done.returncode else ""
        self.table, self.sum, self.frames, self.other, self.flows = new(), [0, 0], 0, 0, 0
        self.exported = new()
        for line in done.stdout.splitlines():
            e = json.loads(line)
            if e["event_type"] == "summary":
                self.ledger = e["ledger"]
                self.frames = e["packets"]
            elif e["event_type"] == "flow":
                self.add(e)
        self.export(path)

    def add(self, e):
        f = e["flow"]
        there, back = (f["pkts_toserver"], f["bytes_toserver"]), (f["pkts_toclient"], f["bytes_toclient"])
        self.sum[0] += there[0] + back[0]
        self.sum[1] += there[1] + back[1]
        if e.get("other"):
            self.other += e["flows"]
            return
        self.flows += 1
        add_flow(self.table, e["ip_v"], e.get("ip_proto"), e, there, back)

    def export(self, path):
        """The same through windows and timeouts: flows in parts, which add up to the same."""
        done = subprocess.run([WEIR, "export", "flows", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        for row in csv.DictReader(done.stdout.decode().splitlines()):
            add_flow(self.exported, row["ip_v"], int(row["ip_proto"] or -1), row,
                     (int(row["pkts_toserver"]), int(row["bytes_toserver"])),
                     (int(row["pkts_toclient"]), int(row["bytes_toclient"])))

    def balanced(self):
        l = self.ledger
        parts = [self.sum[i] + l["not_ip"][w] for i, w in enumerate(("packets", "bytes"))]
        return l["balanced"] and parts == [l["read"]["packets"], l["read"]["bytes"]]


# ---- tshark ----

class Sharkd:
    def __init__(self):
        self.run = subprocess.Popen(["sharkd", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.n = 0
        for item in ALONE:
            self.ask("setconf", name=item, value="FALSE")

    def ask(self, method, **params):
        self.n += 1
        question = {"jsonrpc": "2.0", "id": self.n, "method": method, "params": params}
        self.run.stdin.write((json.dumps(question) + "\n").encode())
        self.run.stdin.flush()
        answer = json.loads(self.run.stdout.readline())
        if "result" not in answer:
            raise RuntimeError(f"sharkd: {method} {params}: {answer}")
        return answer["result"]

    def conversations(self, path):
        """Those of a file, how many streams each is made of, and the frames of the file."""
        self.ask("load", file=str(path))
        table, streams = new(), defaultdict(Counter)
        for tap in self.ask("tap", **{f"tap{i}": f"conv:{kind}" for i, kind in enumerate(KINDS)})["taps"]:
            for c in tap["convs"]:
                a, b = (c["saddr"], int(c.get("sport", 0))), (c["daddr"], int(c.get("dport", 0)))
                add(table, tap["proto"], *a, *b, (c["txf"], c["txb"]), (c["rxf"], c["rxb"]))
                a, b = (address(a[0]), a[1]), (address(b[0]), b[1])
                streams[tap["proto"]][min(a, b), max(a, b)] += 1
        return table, streams, self.ask("status")["frames"]

    def close(self):
        self.run.stdin.close()
        self.run.wait()


LAYERS = ["frame.len", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport",
          "udp.dstport", "sctp.srcport", "sctp.dstport"]


def inner_of(table, fields):
    """Counts a packet for the ends that it has within tunnels. The headers that an ICMP error quotes are no packet."""
    values = {k: iter(v.split(",")) for k, v in fields.items()}
    one, depth, ends = (1, int(fields["frame.len"])), 0, None
    for layer in fields["frame.protocols"].split(":"):
        if layer in ("icmp", "icmpv6"):
            break
        if layer in ("ip", "ipv6"):
            ends = next(values[f"{layer}.src"], ""), next(values[f"{layer}.dst"], "")
            depth += 1
            if depth > 1 and all(ends):
                add(table, "IPv4" if layer == "ip" else "IPv6", ends[0], 0, ends[1], 0, one, (0, 0))
        elif layer in ("tcp", "udp", "sctp"):
            sport, dport = next(values[f"{layer}.srcport"], ""), next(values[f"{layer}.dstport"], "")
            if depth > 1 and sport and all(ends):
                add(table, layer.upper(), ends[0], int(sport), ends[1], int(dport), one, (0, 0))


def inner(sharkd, addresses):
    """What tshark finds within tunnels in the file that is loaded, of packets with one of these addresses."""
    table = new()
    wanted = " || ".join(f"{'ip' if len(a) == 4 else 'ipv6'}.addr == {ipaddress.ip_address(a)}" for a in sorted(addresses))
    wanted = f"({wanted}) && frame.number < {2**31 - sharkd.n}"  # sharkd knows a filter's answer still from the file before
    columns = {f"column{i}": f"{field}:0" for i, field in enumerate(LAYERS)}  # 0: all there are in the packet
    for frame in sharkd.ask("frames", filter=wanted, **columns):
        inner_of(table, dict(zip(LAYERS, frame["c"])))
    return table


def printed(path):
    """What `tshark -z conv,tcp` prints: streams by their ends, with the packets of both directions (its bytes are rounded)."""
    out = subprocess.run(["tshark", "-n", "-r", path, "-q", "-z", "conv,tcp"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=False).stdout.decode()
    table = new()
    for a, aport, b, bport, back, there in re.findall(r"^(\S+):(\d+) +<-> (\S+):(\d+) +(\d+) \S+ \S+ +(\d+) ", out, re.M):
        add(table, "TCP", a, int(aport), b, int(bport), (int(there), 0), (int(back), 0))
    return {key: [n for n, _ in row] for key, row in table["TCP"].items()}


# ---- what is known to differ ----

class Exceptions:
    def __init__(self, path):
        lines = [l.rstrip("\n").split("\t") for l in open(path, encoding="utf-8") if l.strip() and l[0] != "#"]
        self.rows = [(f, k, c, [int(p), int(b)], why) for f, k, c, p, b, why in lines]
        self.used = [0] * len(self.rows)

    def covers(self, file, kind, key, more):
        """more: packets and bytes that tshark has more than weir."""
        for i, (f, k, c, n, why) in enumerate(self.rows):
            if fnmatch.fnmatch(file, f) and k == kind and c == name(key) and n == more:
                self.used[i] += 1
                return why
        return None

    def unused(self, files):
        return ["\t".join(map(str, r)) for r, n in zip(self.rows, self.used) if not n and any(fnmatch.fnmatch(f, r[0]) for f in files)]


# ---- captures ----

def cut_pcap(stream, to):
    """The first packets of a pcap file."""
    to.write(stream.read(24))
    for _ in range(PACKETS):
        head = stream.read(16)
        if len(head) < 16:
            break
        to.write(head + stream.read(struct.unpack("<IIII", head)[2]))


def prepare(path, tmp):
    """As a plain file; of a long one its beginning."""
    if path.suffix != ".zst":
        return str(path)
    to = Path(tmp) / path.name[:-len(".zst")]
    unpack = subprocess.Popen(["zstd", "-q", "-d", "--long=27", "-c", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with open(to, "wb") as f:
        if to.suffix == ".pcap":
            cut_pcap(unpack.stdout, f)
        else:
            shutil.copyfileobj(unpack.stdout, f)
    unpack.stdout.close()
    unpack.wait()
    return str(to)


# ---- the comparison ----

class Score:
    def __init__(self):
        self.n = {kind: Counter() for kind in KINDS}
        self.open, self.details, self.frames, self.ledger, self.parts = [], [], [], [], []
        self.printed = None
        self.packets = self.flows = self.other = 0
        self.why = Counter()

    def conversation(self, file, kind, key, theirs, ours, streams):
        self.n[kind]["compared"] += 1
        if theirs == ours:
            self.n[kind]["equal"] += 1
            self.n[kind]["streams"] += streams > 1
            return None
        return file, kind, key, theirs, ours

    def explained(self, kind, why, text):
        self.n[kind]["explained"] += 1
        self.why[why] += 1
        self.details.append(f"explained: {text}: {why}")


def total(row):
    return [row[0][i] + row[1][i] for i in (0, 1)]


def explain(score, sharkd, differ, exceptions):
    """Inner packets first; what is left then has to be in the table."""
    tunnelled = inner(sharkd, {end[0] for _, _, key, _, _ in differ for end in key})
    for file, kind, key, theirs, ours in differ:
        within = tunnelled[kind].get(key, [[0, 0], [0, 0]])
        text = f"{file} {kind} {name(key)}: tshark {theirs}, weir {ours}"
        if theirs == [[ours[e][i] + within[e][i] for i in (0, 1)] for e in (0, 1)]:
            score.explained(kind, "within a tunnel", text)
            continue
        more = [t - o - w for t, o, w in zip(total(theirs), total(ours), total(within))]
        why = exceptions.covers(file, kind, key, more)
        if why:
            score.explained(kind, why, text)
        else:
            score.open.append((kind, f"{text}, of it within tunnels {within}: {more}"))


def compare(score, file, path, sharkd, theirs, ours, exceptions):
    table, streams, frames = theirs
    if ours.error or frames != ours.frames:
        score.frames.append(f"{file}: tshark reads {frames} packets, weir {ours.frames} {ours.error}")
    if not ours.balanced():
        score.ledger.append(f"{file}: {ours.sum} {ours.ledger}")
    if ours.exported != ours.table and not ours.other:
        score.parts.append(file)
    score.packets += frames
    score.flows += ours.flows
    score.other += ours.other
    if file == PRINTED:
        score.printed = printed(path) == {key: [n for n, _ in row] for key, row in ours.table["TCP"].items()}
    differ = []
    for kind in KINDS:
        for key in set(table[kind]) | set(ours.table[kind]):
            differ.append(score.conversation(file, kind, key, table[kind][key], ours.table[kind][key], streams[kind][key]))
    differ = [d for d in differ if d]
    if differ:
        explain(score, sharkd, differ, exceptions)


def report(files, some, score, exceptions):
    points = [
        (not score.frames, f"all {score.packets} packets of {len(files)} captures are read", score.frames),
        (not score.ledger, f"flows, other and what is not IP are the ledger, to the byte, in each of {len(files)} captures", score.ledger),
        (not score.parts, "told in parts, with timeouts, each conversation adds up to the same", score.parts),
    ]
    print(f"# {'':6} {'compared':>9} {'equal':>9} {'explained':>9}   equal in several TCP streams (a port used again)")
    for kind, n in score.n.items():
        print(f"# {kind:6} {n['compared']:9} {n['equal']:9} {n['explained']:9} {n['streams']:9}")
        missing = [d for k, d in score.open if k == kind]
        points.append((not missing and n["equal"] + n["explained"] == n["compared"] and (n["compared"] or some),
                       f"{kind}: {n['equal']} of {n['compared']} conversations are equal in both directions, {n['explained']} explained", missing))
    for why, n in score.why.most_common():
        print(f"# {n:4} explained: {why}")
    if score.printed is not None:
        points.append((score.printed, f"{PRINTED}: what `tshark -z conv,tcp` prints is the same", []))
    stale = exceptions.unused(files)
    points.append((not stale, "every exception is needed", stale))
    if "-v" in sys.argv:
        for line in score.details:
            print("#", line)
    for i, (good, what, why) in enumerate(points, 1):
        print(f"{'ok' if good else 'not ok'} {i} - {what}")
        for line in why[:200]:
            print("#   ", line)
    print(f"1..{len(points)}")
    return 0 if all(p[0] for p in points) else 1


def plan_skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def main():
    args = [a for a in sys.argv[1:] if a != "-v"]
    if not DATA.is_dir():
        plan_skip(f"no captures at {DATA}")
    for program in ("sharkd", "tshark", "zstd"):
        if not shutil.which(program):
            plan_skip(f"needs {program}")
    paths = [p for place in ("parser", "detect/captures", "detect/scenarios") for p in sorted((DATA / place).glob("*"))
             if p.name.endswith((".pcap", ".pcapng", ".zst")) and (not args or any(a in p.name for a in args))]
    score, exceptions = Score(), Exceptions(HERE / "flows.tsv")
    sharkd = Sharkd()
    with tempfile.TemporaryDirectory() as tmp, ThreadPoolExecutor(1) as pool:
        plain = [prepare(p, tmp) for p in paths]
        for path, file, ours in zip(paths, plain, pool.map(Ours, plain)):
            compare(score, path.name, file, sharkd, sharkd.conversations(file), ours, exceptions)
    sharkd.close()
    return report([p.name for p in paths], bool(args), score, exceptions)


if __name__ == "__main__":
    sys.exit(main())
