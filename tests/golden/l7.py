#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What l7/ reads in every packet of the captures alone, against what tshark reads in it, field by field.

L7_DUMP    the program that prints it (build/l7_dump)
WEIR_DATA  the test data (../shared/data); without it or tshark the test is skipped

JA4 is computed here from tshark's lists, by the description of its authors and by another hand than l7/ja4.c.
A difference is fine only when RULES says why; a rule that nothing needs is an error too.

    l7.py [-v] [PART-OF-A-FILE-NAME...]
"""
import fnmatch
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("WEIR_DATA", TOP / "../shared/data"))
DUMP = os.environ.get("L7_DUMP", str(TOP / "build/l7_dump"))
SEP = "\x1f"
COLUMNS = """frame.number frame.protocols tls.handshake.type tls.handshake.version dtls.handshake.version
    tls.handshake.extensions.supported_version tls.handshake.ciphersuite dtls.handshake.type dtls.handshake.ciphersuite
    tls.handshake.extension.type tls.handshake.sig_hash_alg tls.handshake.extensions_server_name
    tls.handshake.extensions_alpn_str http.host http.request.method http.request.uri http.request.version
    http.response.code dns.qry.name dns.qry.type dns.qry.class dns.flags.response dns.flags.rcode dns.count.answers
    quic.version ssh.protocol""".split()
# Each packet for itself.
ALONE = ["tcp.desegment_tcp_streams:FALSE", "tcp.analyze_sequence_numbers:FALSE", "ip.defragment:FALSE", "ipv6.defragment:FALSE", "udp.try_heuristic_first:FALSE"]


# ---- what tshark says ----

def grease(v):
    return v & 0x0f0f == 0x0a0a and v >> 8 == v & 0xff


def numbers(texts):
    return [v for v in (int(t, 0) for t in texts) if not grease(v)]


def sha12(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "0" * 12


def alpn_ends(first):
    if not first:
        return "00"
    raw = first.encode()
    if re.fullmatch(rb"[0-9A-Za-z]", raw[:1]) and re.fullmatch(rb"[0-9A-Za-z]", raw[-1:]):
        return (raw[:1] + raw[-1:]).decode()
    return raw.hex()[0] + raw.hex()[-1]


def ja4(over, version, ciphers, extensions, signatures, alpn):
    names = {0x304: "13", 0x303: "12", 0x302: "11", 0x301: "10", 0x300: "s3", 0xfeff: "d1", 0xfefd: "d2", 0xfefc: "d3"}
    text = lambda l: ",".join("%04x" % v for v in l)
    tail = text(sorted(e for e in extensions if e not in (0, 16)))
    if tail and signatures:
        tail += "_" + text(signatures)
    return "%s%s%s%02d%02d%s_%s_%s" % (over, names.get(version, "00"), "d" if 0 in extensions else "i", min(len(ciphers), 99),
                                       min(len(extensions), 99), alpn_ends(alpn), sha12(text(sorted(ciphers))), sha12(tail))


def truth_tls(t, over):
    """The one hello of the packet; two of them cannot be told apart in tshark's columns."""
    dtls = over == "d"
    types = [x for x in t["dtls.handshake.type" if dtls else "tls.handshake.type"] if x in ("1", "2")]
    if len(types) != 1:
        return {}
    legacy = [int(v, 0) for v in t["dtls.handshake.version" if dtls else "tls.handshake.version"]]
    offered = numbers(t["tls.handshake.extensions.supported_version"])
    best = (min if dtls else max)(offered) if offered else legacy[0] if legacy else None
    if best is None:  # a fragment
        return {}
    ciphers = t["dtls.handshake.ciphersuite" if dtls else "tls.handshake.ciphersuite"]
    names = {0x304: "1.3", 0x303: "1.2", 0x302: "1.1", 0x301: "1.0", 0x300: "SSL 3", 0xfeff: "1.0", 0xfefd: "1.2", 0xfefc: "1.3"}
    alpn = (t["tls.handshake.extensions_alpn_str"] or [None])[0]
    out = {"alpn": alpn, "sni": (t["tls.handshake.extensions_server_name"] or [None])[0]}
    if over != "q":
        out["tls_version"] = names.get(best, "0x%04x" % best)
    if types == ["1"]:
        out["ja4"] = ja4(over, best, numbers(ciphers), numbers(t["tls.handshake.extension.type"]),
                         numbers(t["tls.handshake.sig_hash_alg"]), alpn)
    elif ciphers:
        out["cipher"] = "%04x" % int(ciphers[0], 0)
    return out


def plain(name):
    """Bytes that are not printable are one question mark: tshark puts now one and now several characters there."""
    return re.sub(r"[^ -~]+", "?", name)


def unescaped(name):
    """The same of our form, RFC 4343."""
    byte = lambda m: chr(int(m[1])) if m[1] else m[2]
    return plain(re.sub(r"\\(?:([0-9]{3})|(.))", byte, name))


def path_of(uri):
    """As l7.h promises to keep it."""
    path = re.split("[?#]", re.sub(r"^[A-Za-z]+://[^/?#]*", "", uri))[0] or "/"
    return re.sub(r";[^/]*=[^/]*", "", path)


def truth(t):
    first = lambda name: (t[name] or [None])[0]
    chain = t["frame.protocols"][0].split(":")
    if {"icmp", "icmpv6"} & set(chain):  # what it quotes is not its payload
        return {}
    out = {"quic_version": None, "ssh": first("ssh.protocol")}
    if t["quic.version"]:
        v = int(first("quic.version"), 0)
        out["quic_version"] = {1: "1", 0x6b3343cf: "2", 0xff00001d: "draft-29"}.get(v)
    if "quic" in chain:
        out.update(truth_tls(t, "q"))
    elif "tls" in chain or "dtls" in chain:
        out.update(truth_tls(t, "d" if "dtls" in chain else "t"))
    if "http" in chain:
        uri = first("http.request.uri")
        out.update(http_host=first("http.host"), method=first("http.request.method"), status=first("http.response.code"))
        if uri and out["method"] != "CONNECT":
            out["path"] = path_of(uri)
    if {"dns", "mdns", "llmnr"} & set(chain) and t["dns.flags.response"]:
        # tshark 4.0 says 1 and 0, later ones True and False.
        response = first("dns.flags.response") in ("1", "True")
        out.update(qname=first("dns.qry.name"), qtype=first("dns.qry.type"), dns="server" if response else "client")
        out["qname"] = "." if out["qname"] == "<Root>" else plain(out["qname"] or "")
        if response:
            out.update(rcode=first("dns.flags.rcode"), answers=first("dns.count.answers"))
    return {k: v for k, v in out.items() if v}


def read_truth(path):
    args = ["tshark", "-n", "-r", "-", "-d", "tcp.port==902,ssh", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=" + SEP]
    for o in ALONE:
        args += ["-o", o]
    for c in COLUMNS:
        args += ["-e", c]
    source = ["zstdcat", str(path)] if path.suffix == ".zst" else ["cat", str(path)]
    with subprocess.Popen(source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as cat:
        done = subprocess.run(args, stdin=cat.stdout, capture_output=True, timeout=300, check=False)
    rows = {}
    for line in done.stdout.decode("utf-8", "replace").split("\n"):
        cells = line.split("\t")
        if len(cells) == len(COLUMNS):
            t = {c: [x for x in v.split(SEP) if x] for c, v in zip(COLUMNS, cells)}
            rows[int(cells[0])] = truth(t)
    return {num: t for num, t in rows.items() if t}


# ---- what we say ----

def ours(line):
    cells = line.split("\t")
    o = dict(c.split("=", 1) for c in cells[3:] if "=" in c)
    proto, out = cells[1], {"proto": cells[1], "more": "more" in cells[3:4]}
    for key in ("ja4", "cipher", "alpn", "method", "path", "status", "qtype", "rcode", "answers"):
        out[key] = o.get(key)
    out["quic_version" if proto == "quic" else "tls_version" if proto in ("tls", "dtls") else "-"] = o.get("version")
    host = unescaped(o["host"]) if proto == "dns" and "host" in o else o.get("host")
    out[{"http": "http_host", "dns": "qname"}.get(proto, "sni")] = host
    if proto == "dns":
        out["dns"] = cells[2]
    out["ssh"] = o.get("banner")
    return int(cells[0]), {k: v for k, v in out.items() if v}


def read_ours(path):
    done = subprocess.run([DUMP, str(path)], capture_output=True, timeout=120, check=False)
    return dict(ours(line) for line in done.stdout.decode().split("\n") if line)


# ---- comparison ----

FIELDS = ["sni", "alpn", "tls_version", "cipher", "ja4", "quic_version", "http_host", "method", "path", "status", "qname", "qtype",
          "dns", "rcode", "answers", "ssh"]
HELLO = {"sni", "alpn", "tls_version", "cipher", "ja4"}

# Why both may differ: file, fields, what has to hold (w and g are all that tshark and we say), reason.
RULES = [
    ("*", HELLO, lambda w, g, num: g.get("proto") == "tls" and not HELLO & set(w),
     "the record of this hello goes on in the next segment: tshark reads whole records only"),
    ("*", {"cipher"}, lambda w, g, num: g.get("proto") == "quic" and not g.get("cipher"),
     "a server's Initial packet is under keys of the client's first one, which tshark remembers"),
    ("tls-01-*", {"cipher", "tls_version"}, lambda w, g, num: w.get("tls_version") == "0x7f12",
     "the ServerHello of this draft of TLS 1.3 has fewer fields than the one of RFC 8446"),
    ("tls-06-*", HELLO, lambda w, g, num: num in (2, 5), "the ClientHello is split over two datagrams; tshark remembers the first"),
    ("quic-06-*", HELLO, lambda w, g, num: num in (1, 2), "the ClientHello is split over two datagrams; tshark reads it in the second"),
    ("quic-04-*", HELLO, lambda w, g, num: num == 3, "tshark takes the ClientHello after Retry for a retransmission"),
    ("pppoe-03-*", HELLO, lambda w, g, num: not g, "a ClientHello of SSL 2, which l7/ does not read"),
    ("http-04-*", {"http_host"}, lambda w, g, num: not w.get("method"), "the second half of a head, and no first bytes"),
    ("malformed-30-*", {"dns", "rcode", "answers"}, lambda w, g, num: not g, "the capture ends in the header of DNS"),
    ("malformed-31-*", {"http_host", "path"}, lambda w, g, num: "\\x00" in g.get("path", "") + g.get("http_host", ""),
     "a zero byte or a space in the line: tshark's text ends there, or goes on behind it"),
    ("malformed-31-*", {"path"}, lambda w, g, num: not w.get("path", "/").startswith("/"), "a target of no form that is one is not kept"),
]


class Score:
    def __init__(self):
        self.n, self.equal, self.explained = (dict.fromkeys(FIELDS, 0) for _ in range(3))
        self.used = [0] * len(RULES)
        self.open = []

    def rule(self, name, num, field, w, g):
        for i, (pattern, fields, holds, _) in enumerate(RULES):
            if field in fields and fnmatch.fnmatch(name, pattern) and holds(w, g, num):
                return i
        return None

    def packet(self, name, num, w, g):
        for field in FIELDS:
            want, got = w.get(field), g.get(field)
            if want is None and got is None:
                continue
            self.n[field] += 1
            cut = bool(want and got) and got.endswith("...") and want.startswith(got[:-3])
            why = None if want == got or cut else self.rule(name, num, field, w, g)
            if want == got or cut:
                self.equal[field] += 1
            elif why is not None:
                self.explained[field] += 1
                self.used[why] += 1
            else:
                self.open.append((field, f"{name} packet {num} {field}: wanted {want}, got {got}"))


def worth_it(path):
    """tshark takes a second for each capture: not those in which there is nothing to compare. Of parser captures the
    truth beside them says so, of the others l7/ itself."""
    try:
        with gzip.open(str(path) + ".tsv.gz", "rt", encoding="utf-8") as f:
            return re.search(r"[:\t](http|http2|tls|ssl|dtls|quic|dns|mdns|llmnr|ssh)\b", f.read()) is not None
    except FileNotFoundError:
        return bool(read_ours(path))


def compare(files):
    score = Score()
    with ThreadPoolExecutor(2) as pool:
        for path, truths, said in zip(files, pool.map(read_truth, files), pool.map(read_ours, files)):
            for num in sorted(set(truths) | set(said)):
                score.packet(path.name, num, truths.get(num, {}), said.get(num, {}))
    return score


def main():
    args = [a for a in sys.argv[1:] if a != "-v"]
    files = [p for p in sorted((DATA / "parser").glob("*")) + sorted((DATA / "detect/captures").glob("*.zst"))
             if re.search(r"\.(p?cap|pcapng)(\.zst)?$", p.name) and (not args or any(a in p.name for a in args))]
    for there, what in ((files, f"no captures at {DATA}"), (shutil.which("tshark"), "tshark is not installed"),
                        (shutil.which("zstdcat"), "zstd is not installed")):
        if not there:
            print(f"1..0 # SKIP {what}")
            return 0
    files = [p for p in files if worth_it(p)]
    score = compare(files)
    results = []
    print(f"# {'field':12} {'compared':>8} {'equal':>8} {'explained':>9}")
    for f in FIELDS:
        print(f"# {f:12} {score.n[f]:8} {score.equal[f]:8} {score.explained[f]:9}")
        results.append((score.n[f] > 0 and score.n[f] == score.equal[f] + score.explained[f],
                        f"{f}: {score.equal[f]} of {score.n[f]} as tshark has it, {score.explained[f]} explained",
                        [text for field, text in score.open if field == f]))
    stale = [r[3] for r, n in zip(RULES, score.used) if not n]
    results.append((not stale, "every rule is needed", stale))
    if args:  # a part of the files needs a part of the rules and has a part of the fields
        results = [(not score.open, f"{sum(score.n.values())} facts of {len(files)} captures", [t for _, t in score.open])]
    if "-v" in sys.argv:
        for (_, fields, _, reason), n in zip(RULES, score.used):
            print(f"# {n:5} {reason}")
    for i, (good, what, why) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {i} - {what}")
        for line in why[:100]:
            print("#   ", line)
    print(f"1..{len(results)}")
    return 0 if all(r[0] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
