#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""weir why: which rule decides of a packet described in words, or of one of a capture, and why the others do not."""
import glob
import json
import os
import subprocess
import sys
import tempfile

root = os.environ.get("WEIR_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
weir = os.environ.get("WEIR", os.path.join(root, "build", "weir"))
data = os.environ.get("WEIR_DATA", os.path.join(root, "..", "shared", "data"))
count = failed = 0

POLICY = """set partners = 10.1.0.0/16, 2001:db8::/32
class web = priority 1
class rest = priority 2
vpn: allow from @partners to udp/51820
lan: allow on eth1 from 10.0.0.0/8
watch: drop to tcp/443 shadow
slow: limit 1000pps per source to tcp
bad: drop from 203.0.113.0/24 why "scan"
syn: drop where "tcp[13] & 2 != 0" priority 200
old: drop to udp/9 until 2001-01-01T00:00:00Z
h: drop host example.org
gone: drop to tcp/25 out
tagged: drop where "vlan 7"
in: drop from 192.0.2.1 inner
class web to tcp/443
class rest any
"""

# description, verdict, rule, class, {rule: role or what differs}
ASKED = [
    ("tcp 203.0.113.7:5555 > 10.0.0.5:443 syn", "drop", "bad", "web",
     {"watch": "shadow", "slow": "within", "bad": "decides", "syn": "would", "vpn": ["from", "to"], "lan": ["on", "from"]}),
    ("tcp 198.51.100.1 > 10.0.0.5:80 syn", "drop", "syn", "rest", {"bad": ["from"], "watch": ["to"], "syn": "decides"}),
    ("tcp 198.51.100.1 > 10.0.0.5:443", "pass", None, "web", {"syn": ["where"], "slow": "within", "r12": "class", "r13": "would"}),
    ("udp [2001:db8::7]:1 > [2001:db9::1]:51820", "pass", "vpn", "rest", {"vpn": "decides", "h": ["host"], "r13": "class"}),
    ("udp 2001:db7::7 > [2001:db9::1]:51820", "pass", None, "rest", {"vpn": ["from"]}),
    ("icmp 10.2.3.4 > 10.0.0.5 in eth1", "pass", "lan", "rest", {"lan": "decides"}),
    ("icmp 10.2.3.4 > 10.0.0.5 in eth0", "pass", None, "rest", {"lan": ["on"]}),
    ("udp 10.2.3.4>10.0.0.5:9", "pass", None, "rest", {"old": ["until"]}),
    ("udp 10.2.3.4:8 > 10.0.0.5:9 vlan 7 len 900", "drop", "tagged", "rest", {"tagged": "decides"}),
    ("tcp 10.2.3.4 > 10.0.0.5:25 rst", "pass", None, "rest", {"gone": ["way"]}),
    ("proto/99 203.0.113.7 > 10.0.0.5", "drop", "bad", "rest", {"slow": ["to"]}),
    ("ah 203.0.113.7 > 10.0.0.5 vlan 1 vlan 2 vlan 3 vlan 4", "drop", "bad", "rest", {}),
]

WRONG = [("", "which packet?"), ("tpc 1.1.1.1 > 2.2.2.2", "'tpc': expected a protocol"),
         ("tcp 1.1.1.1:x > 2.2.2.2:1", "'1.1.1.1:x': expected a port from 0 to 65535"),
         ("tcp 1.1.1.1 > 2.2.2.2", "'2.2.2.2': expected a port behind"), ("icmp 1.1.1.1:5 > 2.2.2.2", "expected an address without a port"),
         ("tcp 1.1.1.1 2.2.2.2:80 >", "'2.2.2.2:80': expected '>'"), ("tcp 1.1.1.1 > [::1]:80", "expected an IPv4 address, as the source"),
         ("tcp 1.1.1.1 > 2.2.2.2:80 sin", "'sin': expected a flag"), ("udp 1.1.1.1 > 2.2.2.2:80 syn", "'syn': expected in, vlan or len"),
         ("udp 1.1.1.1 > 2.2.2.2:80 vlan 4096", "'4096': expected a VLAN"), ("udp 1.1.1.1 > 2.2.2.2:80 len 41", "headers alone take 42"),
         ("udp 1.1.1.1 >", "the packet ends where ADDRESS:PORT"), ("udp [::1:80 > 2.2.2.2:80", "'[::1:80': expected ADDRESS:PORT"),
         ("udp 1.1.1.1 > 2.2.2.2:80 in abcdefghijklmnop", "expected the name of an interface"),
         ("udp 1.1.1.1 > 2.2.2.2:80 vlan 1 vlan 2 vlan 3 vlan 4 vlan 5", "no more than four VLANs")]


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + str(more).replace("\n", "\n# "))


def run(command, *args):
    done = subprocess.run([weir, command, *args], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def said(row):
    return [d["clause"] for d in row["differs"]] if row["role"] == "differs" else row["role"]


def captures(policy):
    """On every packet of some captures: what decides is what read says, and matches."""
    files = [f for f in sorted(glob.glob(os.path.join(data, "parser", "*.pcap"))) if os.path.getsize(f) < 20000][::6]
    if not files:
        ok(True, "captures # SKIP there are none")
        return
    asked, wrong = 0, []
    for f in files:
        status, out, err = run("read", "-p", "--json", "-c", "12", "--policy", policy, f)
        if status == 2 and "for link type" in err:  # has no VLANs
            ok(not out and run("why", "--policy", policy, f, "1")[0] == 2, "an expression that its link type does not have: " + f)
            continue
        lines = [json.loads(x) for x in out.splitlines()]
        for n, packet in enumerate(lines, 1):
            status, out, err = run("why", "--all", "--json", "--policy", policy, f, str(n))
            if status:
                wrong.append("%s %d: %s" % (f, n, err))
                continue
            got = json.loads(out)
            roles = [r["rule"] for r in got["rules"] if r["role"] == "decides"]
            asked += 1
            if (got["verdict"], got.get("rule")) != (packet["verdict"], packet.get("rule")) or roles != ([packet["rule"]] if packet.get("rule", "unreadable") not in ("unreadable", "fragments") else []):
                wrong.append("%s %d: %s" % (os.path.basename(f), n, got))
    ok(not wrong and asked > 20, "%d packets of captures: what decides is what read says, and matches" % asked, "\n".join(wrong[:5]))


def main():
    with tempfile.TemporaryDirectory() as folder:
        policy = os.path.join(folder, "p.policy")
        with open(policy, "w") as f:
            f.write(POLICY)
        for words, verdict, rule, klass, roles in ASKED:
            status, out, err = run("why", "--all", "--json", "--policy", policy, words)
            got = json.loads(out) if not status else {}
            rows = {r["rule"]: said(r) for r in got.get("rules", [])}
            same = (got.get("verdict"), got.get("rule")) == (verdict, rule) and (verdict != "pass" or got.get("class") == klass)
            ok(same and len(rows) == 13 and all(rows.get(k) == v for k, v in roles.items()), words, "%s %s" % (out, err))
        for words, told in WRONG:
            status, out, err = run("why", "--policy", policy, words) if words else run("why", "--policy", policy)
            ok(status == 2 and told in err and not out, "wrong: %s" % words, "%d %s" % (status, err))
        status, out, _ = run("why", "--policy", policy, ASKED[0][0])
        lines = [line.split()[:3] for line in out.splitlines()[2:]]
        ok(out.splitlines()[1] == "drop by bad" and [x[1] for x in lines] == ["only", "within", "decides", "would"],
           "in short: the one that decides, those that count, the next one", out)
        status, out, _ = run("why", "--policy", policy, "udp 2001:db7::7 > [2001:db9::1]:51820")
        ok("pass: no rule decides" in out and "source 2001:db7::7 is not in @partners" in out, "or what matches but for one thing", out)
        ok(run("why", ASKED[0][0])[0] == 2, "without rules it asks for them")
        cap = os.path.join(folder, "none.pcap")
        with open(cap, "wb") as f:
            f.write(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
        status, _, err = run("why", "--policy", policy, cap, "1")
        ok(status == 2 and "has 0 packets, not 1" in err, "a packet that the capture does not have", err)
        ok(run("why", "--policy", policy, cap, "x")[0] == 2, "a number that is none")
        ok(run("why", "--policy", policy, cap + "x", "1")[0] == 2, "a capture that is not there")
        captures(policy)
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
