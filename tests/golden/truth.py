#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every packet of the parser captures against what an independent dissector says, field by field.

WEIR       the program (build/weir)
WEIR_DATA  the test data (../shared/data); its README.md explains the columns

Writes TAP and a table. A field passes when 99.9 % of its packets are equal and each other one is named in
exceptions.tsv with its reason. An exception that nothing needs is an error too: it hides the next defect.

    truth.py [-v] [PART-OF-A-FILE-NAME...]
"""
import csv
import fnmatch
import gzip
import ipaddress
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
DATA = Path(os.environ.get("WEIR_DATA", TOP / "../shared/data")) / "parser"
WEIR = os.environ.get("WEIR", str(TOP / "build/weir"))
BAR = 0.999
NOT_SAID = object()

# The dissector's numbers of link types, as DLT numbers.
DLT = {1: {1}, 4: {9, 50}, 7: {12, 14, 101}, 15: {0, 108}, 25: {113}, 129: {228}, 130: {229}, 210: {276}}
# Dissectors of the headers that weir reads; "data" is what no dissector wanted.
HEADERS = set("""eth ethertype vlan mpls llc pppoes ppp sll null raw arp ip ipv6 ipv6.hopopts ipv6.routing
    ipv6.fraghdr ipv6.dstopts ah tcp udp udplite sctp dccp icmp icmpv6 igmp gre erspan vxlan geneve gtp teredo
    data""".split())
TCP_FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"]


def number(text):
    return int(text, 0) if text else None


def numbers(text):
    return [int(x, 0) for x in text.split(",")] if text else []


def address(text):
    """One form for an address, whoever wrote it."""
    return str(ipaddress.ip_address(text)) if text else None


def ours_link(p, t):
    # Several numbers mean the same format.
    return number(t["linktype"]) if p["linktype"] in DLT.get(number(t["linktype"]), ()) else -p["linktype"]


def truth_type(t):
    chain = numbers(t["eth_types"])
    return chain[-1] if chain else None


def truth_arp(t, key):
    return t[key] if t["arp_op"] and t[key] else None


def truth_ip(t, key):
    return address(t[key]) if t["ip_ver"] else None


def truth_opts(t):
    """The dissector may list the end of the list once for each byte of padding."""
    kinds = numbers(t["tcp_opts"])
    return kinds[: kinds.index(0) + 1] if 0 in kinds else kinds


def ours_opts(p):
    return [o["kind"] for o in p.get("tcp", {}).get("options", [])]


def ours_option(p, kind):
    values = [o.get("value") for o in p.get("tcp", {}).get("options", []) if o["kind"] == kind]
    return values[0] if values else None


def ours_flags(p):
    if "tcp" not in p:
        return None
    flags = int(p["tcp"]["tcp_flags"], 16)
    if flags != sum(1 << i for i, name in enumerate(TCP_FLAGS) if p["tcp"].get(name)):
        return "tcp_flags and the flags' names differ"
    return flags


def ours_inner(p):
    i = p.get("inner", {})
    return f'{address(i["src_ip"])}>{address(i["dest_ip"])}/{i.get("ip_proto", "")}' if "src_ip" in i else None


def truth_inner(t, p):
    """The inner header at our depth. The dissector lists a header that it could not read as ">/"."""
    headers = [h for h in t["inner_ip"].split(";") if h not in ("", ">/")]
    if not headers:
        return None
    pair, proto = headers[min(p.get("inner", {}).get("depth", 1), len(headers)) - 1].rsplit("/", 1)
    return ">".join(address(a) for a in pair.split(">")) + "/" + proto


def truth_malformed(t):
    """The dissector reads on into DNS, RADIUS and so on; what is broken there is no header of ours."""
    if t["malformed"] != "0" and t["protocols"].split(":")[-1] not in HEADERS:
        return NOT_SAID
    return t["malformed"] != "0"


# name, truth, ours. None on both sides: the packet has no such fact and is not counted.
FIELDS = [
    ("linktype", lambda t: number(t["linktype"]), ours_link),
    ("len", lambda t: number(t["wire_len"]), lambda p: p["len"]),
    ("caplen", lambda t: number(t["cap_len"]), lambda p: p["caplen"]),
    ("eth_src", lambda t: t["eth_src"] or None, lambda p: p.get("ether", {}).get("src")),
    ("eth_dst", lambda t: t["eth_dst"] or None, lambda p: p.get("ether", {}).get("dst")),
    ("eth_type", truth_type, lambda p: p.get("ether", {}).get("type")),
    ("vlan", lambda t: numbers(t["vlan_ids"]) or None, lambda p: p.get("vlan")),
    ("mpls", lambda t: numbers(t["mpls_labels"]) or None, lambda p: p.get("mpls")),
    ("arp_op", lambda t: number(t["arp_op"]), lambda p: p.get("arp", {}).get("op")),
    ("arp_src", lambda t: truth_arp(t, "src"), lambda p: p.get("arp", {}).get("src_ip")),
    ("arp_dst", lambda t: truth_arp(t, "dst"), lambda p: p.get("arp", {}).get("dest_ip")),
    ("ip_v", lambda t: number(t["ip_ver"]), lambda p: p.get("ip_v")),
    ("src_ip", lambda t: truth_ip(t, "src"), lambda p: address(p.get("src_ip"))),
    ("dest_ip", lambda t: truth_ip(t, "dst"), lambda p: address(p.get("dest_ip"))),
    ("ip_hdr_len", lambda t: number(t["ip_hdr_len"]), lambda p: p.get("ip_hdr_len")),
    ("ttl", lambda t: number(t["ttl"]), lambda p: p.get("ttl")),
    ("tos", lambda t: number(t["tos"]), lambda p: p.get("tos")),
    ("df", lambda t: number(t["df"]) or None, lambda p: 1 if p.get("ip_df") else None),
    ("mf", lambda t: number(t["mf"]) or None, lambda p: 1 if p.get("frag", {}).get("more") else None),
    ("frag_off", lambda t: (number(t["frag_off"]) or 0) * 8 or None,
     lambda p: p.get("frag", {}).get("offset") or None),
    ("ip_opts", lambda t: numbers(t["ip_opts"]) or None, lambda p: p.get("ip_opts") or None),
    ("ip6_ext", lambda t: numbers(t["ip6_ext"]) or None, lambda p: p.get("ip6_ext") or None),
    ("ip_proto", lambda t: number(t["ip_proto"]), lambda p: p.get("ip_proto")),
    ("ip_len", lambda t: number(t["ip_payload_len"]), lambda p: p.get("ip_len")),
    ("src_port", lambda t: number(t["sport"]), lambda p: p.get("src_port")),
    ("dest_port", lambda t: number(t["dport"]), lambda p: p.get("dest_port")),
    ("tcp_flags", lambda t: number(t["tcp_flags"]) & 0xFF if t["tcp_flags"] else None, ours_flags),
    ("tcp_ae", lambda t: number(t["tcp_flags"] or "0") & 0x100 or None,
     lambda p: 0x100 if p.get("tcp", {}).get("ae") else None),
    ("window", lambda t: number(t["tcp_win"]), lambda p: p.get("tcp", {}).get("window")),
    ("tcp_opts", lambda t: truth_opts(t) or None, lambda p: ours_opts(p) or None),
    ("mss", lambda t: (numbers(t["tcp_mss"]) or [None])[0], lambda p: ours_option(p, 2)),
    ("wscale", lambda t: (numbers(t["tcp_ws"]) or [None])[0], lambda p: ours_option(p, 3)),
    # The dissector has IGMP's type in the same column.
    ("icmp_type", lambda t: number(t["icmp_type"]), lambda p: p.get("icmp_type", p.get("igmp_type"))),
    ("icmp_code", lambda t: number(t["icmp_code"]), lambda p: p.get("icmp_code")),
    ("payload_len", lambda t: number(t["payload_len"]), lambda p: p.get("payload_len")),
    ("inner", truth_inner, ours_inner),
    ("malformed", truth_malformed, lambda p: "malformed" in p),
]

# Names of ambiguous.tsv and the fields they stand for.
AMBIGUOUS = {"proto": ["ip_proto"], "sport": ["src_port"], "dport": ["dest_port"], "flags": ["tcp_flags", "tcp_ae"],
             "opts": ["tcp_opts"], "src": ["src_ip", "arp_src"], "dst": ["dest_ip", "arp_dst"], "vlan": ["vlan"],
             "icmp": ["icmp_type"], "lt": ["linktype"]}


def in_list(n, text):
    if text == "*":
        return True
    ends = [part.split("-") for part in text.split(",")]
    return any(int(e[0]) <= n <= int(e[-1]) for e in ends)


class Exceptions:
    """Rows of exceptions.tsv: file-name pattern, packets (7 or 3-5,9 or *), field, reason."""

    def __init__(self, path):
        self.rows = []
        with open(path, encoding="utf-8") as f:
            for line in f:
                if line.strip() and not line.startswith("#"):
                    self.rows.append(line.rstrip("\n").split("\t"))
        self.used = [0] * len(self.rows)

    def covers(self, name, packet, field):
        hit = False
        for i, (pattern, num, what, _) in enumerate(self.rows):
            if what == field and in_list(int(packet), num) and fnmatch.fnmatch(name, pattern):
                self.used[i] += 1
                hit = True
        return hit

    def unused(self, names):
        return [r for r, n in zip(self.rows, self.used)
                if not n and any(fnmatch.fnmatch(x, r[0]) for x in names)]


def read_ambiguous():
    cells = set()
    with open(DATA / "ambiguous.tsv", encoding="utf-8") as f:
        for line in f:
            cols = line.rstrip("\n").split("\t")
            if cols[0].startswith("malformed-") and len(cols) > 2:
                cells.update((cols[0], cols[1], field) for field in AMBIGUOUS[cols[2]])
    return cells


def read_truth(name):
    with gzip.open(DATA / (name + ".tsv.gz"), "rt", encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def read_ours(name):
    done = subprocess.run([WEIR, "read", "--packets", "--json", str(DATA / name)],
                          capture_output=True, timeout=120, check=False)
    packets = [json.loads(line) for line in done.stdout.splitlines()]
    return [p for p in packets if p.get("event_type") == "packet"], done.stderr.decode(errors="replace")


class Score:
    def __init__(self):
        self.compared = dict.fromkeys((f[0] for f in FIELDS), 0)
        self.equal = dict(self.compared)
        self.explained = dict(self.compared)
        self.open = []
        self.details = []

    def cell(self, name, num, field, want, got, exceptions):
        self.compared[field] += 1
        if want == got:
            self.equal[field] += 1
            return
        text = f"{name} packet {num} {field}: wanted {want}, got {got}"
        if exceptions.covers(name, num, field):
            self.explained[field] += 1
            self.details.append("explained: " + text)
        else:
            self.open.append(text)

    def packet(self, name, truth, ours, exceptions, ambiguous):
        for field, of_truth, of_ours in FIELDS:
            if (name, truth["num"], field) in ambiguous:
                continue
            want = of_truth(truth, ours) if field == "inner" else of_truth(truth)
            got = of_ours(ours, truth) if field == "linktype" else of_ours(ours)
            if want is not NOT_SAID and (want is not None or got is not None):
                self.cell(name, truth["num"], field, want, got, exceptions)


def plan_skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def main():
    args = [a for a in sys.argv[1:] if a != "-v"]
    if not DATA.is_dir():
        plan_skip(f"no captures at {DATA}")
    names = sorted(p.name[: -len(".tsv.gz")] for p in DATA.glob("*.tsv.gz"))
    names = [n for n in names if not args or any(a in n for a in args)]
    exceptions, ambiguous, score = Exceptions(HERE / "exceptions.tsv"), read_ambiguous(), Score()
    counts = []
    with ThreadPoolExecutor(2) as pool:
        for name, (ours, stderr) in zip(names, pool.map(read_ours, names)):
            truth = read_truth(name)
            if len(ours) != len(truth):
                counts.append(f"{name}: {len(truth)} packets wanted, {len(ours)} read {stderr.strip()}")
            for t, p in zip(truth, ours):
                score.packet(name, t, p, exceptions, ambiguous)
    return report(names, counts, score, exceptions)


def report(names, counts, score, exceptions):
    results = [(not counts, f"every packet of {len(names)} captures is read", counts)]
    print(f"# {'field':12} {'compared':>9} {'equal':>9} {'share':>9} {'explained':>9}")
    for field in score.compared:
        n, equal, known = score.compared[field], score.equal[field], score.explained[field]
        share = equal / n if n else 1
        print(f"# {field:12} {n:9} {equal:9} {share:9.3%} {known:9}")
        missing = [d for d in score.open if f" {field}: " in d]
        good = not missing and (equal + known == n) and (share >= BAR or equal + known == n)
        results.append((good, f"{field}: {equal} of {n} equal, {known} explained", missing))
    total, equal = sum(score.compared.values()), sum(score.equal.values())
    print(f"# {'all':12} {total:9} {equal:9} {equal / max(total, 1):9.3%} {sum(score.explained.values()):9}")
    stale = exceptions.unused(names)
    results.append((not stale, "every exception is needed", ["\t".join(r) for r in stale]))
    if "-v" in sys.argv:
        for line in score.details:
            print("#", line)
    for i, (good, what, why) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {i} - {what}")
        for line in why[:400]:
            print("#   ", line)
    print(f"1..{len(results)}")
    return 0 if all(r[0] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
