#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""weir read --policy: each packet's verdict, and what the summary says each rule did, on a capture small enough to count."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

root = os.environ.get("WEIR_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
weir = os.environ.get("WEIR", os.path.join(root, "build", "weir"))
count = failed = 0

POLICY = """fragments drop
class web = priority 1
vpn: allow from 10.0.0.9
bad: drop from 10.0.0.2
many: drop to tcp/80, tcp, 10.0.1.0/24 shadow
slow: limit 1pps burst 2 to udp/53, udp priority 200
h: drop host example.org
cook: cookies over 1cps to tcp/8443
class web to tcp/80
"""


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + str(more).replace("\n", "\n# "))


def run(*args, given=None):
    done = subprocess.run([weir, "read", *args], input=given, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def frame(src, proto, port, ident=0, frag=0, payload=b"", flags=2):
    if proto == 6:
        l4 = struct.pack(">HHIIBBHHH", 4000, port, 1, 0, 0x50, flags, 64240, 0, 0)
    else:
        l4 = struct.pack(">HHHH", 4000, port, 8 + len(payload), 0)
    body = (b"" if frag & 0x1fff else l4) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), ident, frag, 64, proto, 0, bytes([10, 0, 0, src]), bytes([10, 0, 1, 1]))
    return bytes(range(12)) + b"\x08\0" + ip + body


# packet, seconds, expected verdict and rule
PACKETS = [
    (frame(1, 6, 80), 0, "pass", None, "web"),
    (frame(2, 6, 80), 0, "drop", "bad", None),
    (frame(9, 6, 80), 0, "pass", "vpn", "web"),
    (frame(1, 17, 53), 0, "pass", None, None),   # the first two are the burst
    (frame(3, 17, 53), 0, "pass", None, None),
    (frame(1, 17, 53), 0, "limit", "slow", None),
    (frame(1, 17, 53), 5, "pass", None, None),
    (frame(2, 17, 9, 7, 0x2000, b"x" * 8), 5, "drop", "bad", None),
    (frame(2, 17, 9, 7, 2, b"x" * 8), 5, "drop", "bad", None),     # follows its first
    (frame(1, 17, 9, 8, 2, b"x" * 8), 5, "drop", "fragments", None),  # first not known; within the limit
    (bytes(range(12)) + b"\x08\x06" + bytes(28), 6, "pass", None, None),
    (frame(1, 6, 8443), 7, "pass", None, None),
    (frame(3, 6, 8443), 7, "answer", "cook", None),
    (frame(4, 6, 8443, flags=16), 7, "pass", None, None),  # whether its cookie is right, only the kernel knows
]


def write(path):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for data, when, *_ in PACKETS:
            f.write(struct.pack("<IIII", 1700000000 + when, 0, len(data), len(data)) + data)


def verdicts(text):
    return [tuple(json.loads(line).get(k) for k in ("verdict", "rule", "class")) for line in text.splitlines()]


def main():
    want = [p[2:] for p in PACKETS]
    with tempfile.TemporaryDirectory() as folder:
        cap, policy = os.path.join(folder, "a.pcap"), os.path.join(folder, "p.policy")
        write(cap)
        with open(policy, "w") as f:
            f.write(POLICY)
        status, out, err = run("-p", "--json", "--policy", policy, cap)
        ok(status == 0 and verdicts(out) == want, "each packet has its verdict, rule and class", "%s\n%s" % (verdicts(out), err))
        status, out, _ = run("-p", "--policy", policy, cap)
        lines = out.splitlines()
        ok("drop by bad" in lines[1] and "limit by slow" in lines[5] and "pass by vpn class web" in lines[2], "so do the lines", out)
        ok("drop by fragments" in lines[9] and lines[10].endswith(" pass"), "also where a statement decided, or nothing", out)
        status, out, _ = run("-p", "--json", "--policy", policy, cap, "udp", "port", "53")
        ok(verdicts(out) == want[3:7], "a filter chooses what is shown, not what is judged", out)
        with open(cap, "rb") as f:
            status, out, err = run("-p", "--json", "--policy", policy, "-", given=f.read())
        ok(verdicts(out) == want, "from standard input", err)
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", cap], check=True)
            ok(verdicts(run("-p", "--json", "--policy", policy, cap + ".zst")[1]) == want, "from a compressed file")
        else:
            ok(True, "from a compressed file # SKIP there is no zstd")
        for extra, packets in ((), 14), (("udp port 53",), 4):
            status, out, err = run("--json", "--policy", policy, cap, *extra)
            s = json.loads(out.splitlines()[0])
            p = s["policy"]
            ok(s["packets"] == packets and s["ledger"]["balanced"] and p["balanced"] and p["packets"] == 14, "the summary balances",
               json.dumps(s))
            sums = [p[k]["packets"] for k in ("passed", "dropped", "limited", "answered")]
            ok(sums == [8, 4, 1, 1] and p["fragments"]["packets"] == 1, "passed, dropped, limited, answered", sums)
            got = {r["rule"]: (r["matched"]["packets"], r.get("stopped", r.get("would_stop", {})).get("packets")) for r in p["rules"]}
            ok(got == {"vpn": (1, None), "bad": (3, 3), "many": (9, 9), "slow": (5, 1), "h": (0, 0), "cook": (3, 1)},
               "rules: matched and stopped; one of several targets counts once, one of hosts is not asked", got)
            ok(p["classes"]["web"]["packets"] == 2, "classes", p["classes"])
        status, out, _ = run("--policy", policy, cap)
        ok(status == 0 and "judged 14 = passed 8 + dropped 4 + over a limit 1 + answered (SYN cookie) 1" in out and "The ledger balances" in out,
           "the text says the same", out)
        ok("(9)" in out and "fragments drop" in out and "# not asked" in out, "of shadows, statements and hosts, too", out)
        status, out, _ = run("--json", "-c", "2", "--policy", policy, cap)
        s = json.loads(out.splitlines()[0])
        ok(s["packets"] == 2 and s["policy"]["packets"] == 2 and s["ledger"]["balanced"], "it balances when --count ends it", out)
        # None gets around a rule by how many there are in front of it.
        def behind(n):
            text = "".join("s%d: limit 1000kpps any\n" % i for i in range(n)) + "last: drop from 10.0.0.2 priority 900\n"
            return run("-p", "--json", "--policy", "-", cap, given=text.encode())

        status, out, err = behind(190)
        ok([v for v in verdicts(out) if v[0] == "drop"] == [("drop", "last", None)] * 3,
           "a rule behind 190 others that a packet meets is asked", (status, err, out[:300]))
        status, out, err = behind(300)
        ok(status != 0 and "a packet may meet more than 193 rules" in err and "rule s193" in err, "behind 300 it could not be: refused", err)
        ok(run("--policy", policy + "x", cap)[0] == 2, "a policy that is not there is bad input")
        status, _, err = run("--policy", "-", cap, given=b"drop form 10.0.0.1\n")
        ok(status == 2 and err.startswith("weir read: -:1:6: 'form'"), "a wrong line is told", err)
        ok(run("--policy", "-", "-", given=b"")[0] == 2, "standard input is read once")
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
