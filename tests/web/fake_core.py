#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A core that plays one: speaks the control socket's protocol and makes up a host with some traffic.

    fake_core.py SOCKET [--window SECONDS] [--quiet] [--hostile]

The tests of the page run against it because it can be told to be slow, wrong or hostile at will:

    --hostile           names that strangers choose (SNI, Host, DNS, paths) hold HTML and scripts
    --quiet             no traffic, no rows
    flows filter=never  is not answered at all
    flows filter=huge   is answered with more than the front takes
    flows filter=bad(   is answered with an error, as a filter that does not compile
    status filter=die   ends the program

Figures are made from the number of the window, so that the same window always looks the same.
"""
import argparse
import asyncio
import json
import math
import time
import urllib.parse

START = time.time()
WEEK = 168  # hours
SIZES = [63, 64, 127, 255, 511, 1023, 1518, None]
SHARES = [0, .31, .22, .06, .05, .04, .31, .01]
EVIL = {
    "sni": "</td><script>window.pwned = 'sni'</script>.example",
    "host": "\"><img src=x onerror=\"window.pwned='host'\">",
    "url": "/?q=<svg onload=window.pwned='url'>",
    "dns": "<script>window.pwned='dns'</script>.example",
    "iface": "<b>eth0</b>",
    "agent": "javascript:window.pwned='agent'",
    "why": "<script>window.pwned='why'</script>",
}
SERVICES = [  # address, port, protocol, number, share of the traffic, listens
    ("192.0.2.10", 443, "TCP", 6, .52, True), ("192.0.2.10", 80, "TCP", 6, .12, True),
    ("192.0.2.10", 53, "UDP", 17, .05, True), ("2001:db8::10", 443, "TCP", 6, .17, True),
    ("192.0.2.10", 22, "TCP", 6, .02, True), ("192.0.2.10", 5432, "TCP", 6, .07, True),
    ("192.0.2.10", 9100, "TCP", 6, .01, True), ("192.0.2.10", 123, "UDP", 17, .003, False),
    ("192.0.2.10", 23, "TCP", 6, .002, False), ("192.0.2.10", 3389, "TCP", 6, .001, False),
]
TALKERS = [("198.51.100.%d" % i if i % 4 else "2001:db8:%x::%x" % (i, i * 7), .3 / (1 + i)) for i in range(1, 61)]


def stamp(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".%09dZ" % (at % 1 * 1e9)


def both(packets, size):
    return {"packets": int(packets), "bytes": int(packets * size)}


class Host:
    def __init__(self, args):
        self.args = args
        self.clients = 0
        evil = args.hostile
        self.policy = [
            {"name": "scan", "action": "drop", "state": "enforced", "origin": "file", "ends": True,
             "text": 'scan: drop from 203.0.113.0/24 until 2026-11-25 18:00 why "port scan"', "why": "port scan"},
            {"name": "ghost", "action": "drop", "state": "shadow", "origin": "added",
             "text": 'ghost: drop to tcp/23 shadow why "%s"' % (EVIL["why"] if evil else "telnet"),
             "why": EVIL["why"] if evil else "telnet"},
            {"name": "web", "action": "limit", "state": "enforced", "origin": "added",
             "text": "web: limit 200cps per source to tcp/443", "why": ""}]
        self.round = 0  # of a subscription: counts them, whatever windows this program was too slow for

    def window(self):
        return int((time.time() - START) / self.args.window) + 300

    def rate(self, w, share, seed=0):
        """Packets a second in window w: a daily wave, a ripple and a spike now and then."""
        if self.args.quiet:
            return 0
        wave = 1 + .35 * math.sin(w / 17 + seed) + .2 * math.sin(w / 5.3 + 2 * seed)
        noise = (w * 2654435761 + int(seed * 104729) * 40503 >> 7) % 1009 / 1009
        spike = 2.2 if (w + int(seed * 13)) % 71 in (3, 4, 5) else 1
        return share * 21000 * wave * spike * (.85 + .3 * noise)

    def cells(self, share, seed, n):
        newest = self.window() - 1
        at = range(newest - n + 1, newest + 1)
        packets = [int(self.rate(w, share, seed)) for w in at]
        return {"in_bytes": [p * 640 for p in packets], "in_packets": packets,
                "out_bytes": [int(p * 1.1) * 910 for p in packets], "out_packets": [int(p * 1.1) for p in packets]}

    def row(self, share, seed, keys):
        w = self.window() - 1
        packets = self.rate(w, share, seed)
        total = 0 if self.args.quiet else share * 21000 * (w + 1)
        row = {"in": both(total, 640), "out": both(int(total * 1.1), 910),
               "now": {"in": both(packets, 640), "out": both(packets * 1.1, 910)},
               "start": stamp(START - 300), "end": stamp(time.time())}
        if keys["series"]:
            row["series"] = self.cells(share, seed, keys["series"])
        return row

    # ---- views ----

    def status(self, keys):
        yield {"event_type": "status", "version": "0.1.0", "pid": 4711, "since": stamp(START - 300),
               "interfaces": [{"in_iface": self.iface(), "hook": "xdp", "why": "native XDP works here"},
                              {"in_iface": "eth1", "hook": "tc", "why": "the driver has no native XDP"}],
               "windows": self.window(), "rss_kib": 48212, "clients": {"open": self.clients, "max": 64},
               "history": {"file": "/var/lib/weir/history.db", "bytes": 18231296, "max_bytes": 2147483648,
                           "oldest": stamp(START - 86400 * 3), "flows": 81234, "written": 4711, "lost": 0},
               "dump": {"bytes": 16777216, "snap": 128, "sample": 1, "rate": 2000, "packets": 20000, "kept": 40000, "passed_over": 9}}

    def iface(self):
        return EVIL["iface"] if self.args.hostile else "eth0"

    def stats(self, keys):
        w = self.window() - 1
        n = self.rate(w, 1)
        total = 0 if self.args.quiet else 21000 * (w + 1)
        row = {"event_type": "stats", "timestamp": stamp(time.time()), "window": w, "round": self.round, "in": both(n, 640),
               "out": both(n * 1.1, 910),
               "total": {"in": both(total, 640), "out": both(total * 1.1, 910), "other": both(total / 9000, 90),
                         "not_ip": both(total / 700, 60)},
               "flows": {"active": 0 if self.args.quiet else 1834 + w % 60, "begun": total // 40, "ended": total // 41},
               "sizes": [{**({"to": to} if to else {}), **both(total * s, min(to or 9000, 1514) * .9)} for to, s in zip(SIZES, SHARES)],
               "tcp_flags": {} if self.args.quiet else {"02": total // 44, "12": total // 45, "10": total // 2, "18": total // 4,
                                                        "11": total // 46, "04": total // 800, "14": total // 900, "00": 7, "29": 3}}
        if keys["series"]:
            row["series"] = self.cells(1, 0, keys["series"])
        yield row

    def services(self, keys):
        if self.args.quiet:
            return
        for i, (ip, port, proto, number, share, listens) in enumerate(SERVICES):
            row = {"event_type": "service", "dest_ip": ip, "ip_v": 6 if ":" in ip else 4, "dest_port": port, "proto": proto,
                   "ip_proto": number, "flows": int(90000 * share), "sources": int(900 * share) + 1}
            if listens:
                row["listens"] = True
            yield {**row, **self.row(share, i / 3, keys)}
        yield {"event_type": "service", "other": True, "flows": 812, **self.row(.001, 9, {"series": 0})}

    def talkers(self, keys):
        if self.args.quiet:
            return
        for i, (ip, share) in enumerate(TALKERS):
            yield {"event_type": "talker", "src_ip": ip, "ip_v": 6 if ":" in ip else 4, "flows": int(5000 * share) + 1,
                   **self.row(share, i / 5, keys)}
        yield {"event_type": "talker", "other": True, "flows": 20411, **self.row(.02, 4, {"series": 0})}

    def protocols(self, keys):
        if self.args.quiet:
            return
        for i, (proto, number, share) in enumerate([("TCP", 6, .84), ("UDP", 17, .11), ("ICMP", 1, .01), ("IPv6-ICMP", 58, .01),
                                                    ("ESP", 50, .02), ("GRE", 47, .005)]):
            yield {"event_type": "protocol", "proto": proto, "ip_proto": number, "flows": int(8000 * share),
                   **self.row(share, i, keys)}
        yield {"event_type": "protocol", "proto": "ARP", "ethertype": 2054, **self.row(.001, 7, keys)}

    def interfaces(self, keys):
        for name, share in ((self.iface(), .9), ("eth1", .1)):
            yield {"event_type": "interface", "in_iface": name, "flows": int(8000 * share), **self.row(share, share, keys)}

    def flow_rows(self):
        at = time.time()
        for i in range(240):
            ip, port, proto, number, share, _ = SERVICES[i * 7 % len(SERVICES)]
            peers = [t[0] for t in TALKERS if (":" in t[0]) == (":" in ip)]
            n = 4 + int(self.rate(i, share, i)) * 40
            row = {"event_type": "flow", "src_ip": peers[i % len(peers)], "src_port": 32768 + i * 131 % 28000, "dest_ip": ip,
                   "dest_port": port, "ip_v": 6 if ":" in ip else 4, "proto": proto, "ip_proto": number, "in_iface": "eth0",
                   "flow": {"pkts_toserver": n, "pkts_toclient": int(n * 1.2), "bytes_toserver": n * 140,
                            "bytes_toclient": n * 1080, "start": stamp(at - 3 * i), "end": stamp(at - i % 9), "age": 3 * i,
                            "state": "established" if i % 5 else "closed"}}
            if row["flow"]["state"] == "closed":
                row["flow"]["reason"] = "fin" if i % 2 else "idle"
            if proto == "TCP":
                row["tcp"] = {"tcp_flags": "1b", "tcp_flags_ts": "1b", "tcp_flags_tc": "1b", "syn": True, "fin": True,
                              "psh": True, "ack": True}
                row["rtt_us"] = 180 + i * 373 % 60000
            evil = self.args.hostile
            if port == 443:
                row["app_proto"] = "tls"
                row["tls"] = {"sni": EVIL["sni"] if evil else ["www", "api", "static", "login"][i % 4] + ".example.org",
                              "version": "TLS 1.3", "ja4": "t13d1516h2_8daaf6152771_b186095e22b6"}
            if port == 80:
                row["app_proto"] = "http"
                row["http"] = {"hostname": EVIL["host"] if evil else "www.example.org", "http_method": "GET",
                               "url": EVIL["url"] if evil else "/item/%d" % i, "http_user_agent": EVIL["agent"] if evil else "curl/8.5"}
            if port == 53:
                row["app_proto"] = "dns"
                row["dns"] = {"rrname": EVIL["dns"] if evil else "host%d.example.net" % i, "rrtype": "AAAA"}
            yield row

    def flows(self, keys):
        want = keys["filter"]
        if want == "huge":
            for i in range(30000):
                yield {"event_type": "flow", "pad": "x" * 400}
            return
        if want.count("(") != want.count(")"):
            yield {"event_type": "error", "error": "filter '%s': syntax error" % want, "status": 2}
            return
        if self.args.quiet:
            return
        words = want.split()
        for row in self.flow_rows():
            text = {str(row[k]).lower() for k in ("src_ip", "dest_ip", "src_port", "dest_port", "proto")}
            if all(w in text for w in words if w not in ("port", "host", "and")):
                yield row

    def drops(self, keys):
        if self.args.quiet:
            return
        n = self.window()
        for kind, reason, text, packets in (
                ("malformed", "ip4_checksum", "IPv4 header checksum is wrong", n // 9),
                ("malformed", "cut", "the capture ends in a header", 4),
                ("record", "ring_full", "the reader was slower than the packets: show fewer of them by a filter, or count only", 96)):
            yield {"event_type": "drop", "in_iface": self.iface(), "hook": "xdp", "kind": kind, "reason": reason, "text": text,
                   "packets": packets}

    def ledger(self, keys):
        n = 0 if self.args.quiet else 21000 * self.window()
        for name, hook, part in ((self.iface(), "xdp", 9), ("eth1", "tc", 1)):
            made = n * part // 100
            lost = {} if hook == "tc" or not made else {"ring_full": 96}
            yield {"event_type": "ledger", "in_iface": name, "hook": hook, "since": stamp(START - 300),
                   "arrived": both(n * part // 10, 640), "passed": both(n * part // 10, 640), "dropped": {}, "limited": {},
                   "records": {"made": made, "seen": made - sum(lost.values()), "lost": lost, "waiting": 0},
                   "malformed": {"ip4_checksum": 31, "cut": 4} if n else {}, "balanced": True}

    def history(self, keys):
        now = time.time()
        to = now - self.ago(keys.get("to", "now"))
        begin = now - self.ago(keys.get("from", "-1h"))
        step = next((s for s in (1, 60) if (to - begin) / s <= int(keys.get("points") or 240)), 3600)
        at = begin - begin % step
        if keys.get("route"):
            while at < to and not self.args.quiet:
                n = 40 * step + int(at) % 7
                yield {"event_type": "history", "timestamp": stamp(at), "duration": step, "kind": "route", "key": keys["route"],
                       "requests": n, "failed": n // 20, "refused": n // 50, "bytes_in": n * 300, "bytes_out": n * 4000, "mean_ms": 12.5}
                at += step
            return
        if keys.get("service"):
            n = (30 if keys["service"] == "tcp/443@192.0.2.10" else 1) * step
            while at < to and not self.args.quiet:
                yield {"event_type": "history", "timestamp": stamp(at), "duration": step, "kind": "service", "key": keys["service"],
                       "packets": n, "bytes": n * 640, "packets_back": n, "bytes_back": n * 900, "flows": 1}
                at += step
            return
        while at < to and not self.args.quiet:
            n = self.rate(int(at / step), 1) * (1 + .8 * math.sin(at / 86400 * 2 * math.pi)) * step
            yield {"event_type": "history", "timestamp": stamp(at), "duration": step, "kind": "total", "packets": int(n),
                   "bytes": int(n * 640), "packets_back": int(n * 1.1), "bytes_back": int(n * 1.1 * 910), "flows": int(n / 40),
                   "dropped": int(n / 4000), "limited": 0}
            at += step

    @staticmethod
    def ago(text):
        if text == "now":
            return 0
        if text.startswith("-"):
            return int(text[1:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]]
        return time.time() - float(text)

    def dump(self, keys):
        for i in range(int(keys.get("count") or 10)):
            yield {"event_type": "packet", "timestamp": stamp(time.time()), "in_iface": self.iface(), "hook": "xdp", "len": 74 + i,
                   "caplen": 74 + i, "linktype": 1, "ip_v": 4, "src_ip": "198.51.100.7", "dest_ip": "192.0.2.10", "ttl": 57,
                   "proto": "TCP", "ip_proto": 6, "src_port": 40000 + i, "dest_port": 443,
                   "tcp": {"tcp_flags": "02", "syn": True, "seq": 1000 + i, "window": 64240,
                           "options": [{"kind": 2, "name": "mss", "value": 1460}]}, "payload_len": 20,
                   "payload_printable": "GET <script>window.pwned='dump'</script>" if self.args.hostile else "GET / HTTP/1.1"}
        yield {"event_type": "dump", "next": 40001, "newest": 40000, "bytes": 16777216, "snap": 128, "sample": 1, "rate": 2000,
               "packets": 20000, "oldest": stamp(time.time() - 47), "kept": 40000, "passed_over": 1234567}

    def rule_row(self, i, rule):
        n = 0 if self.args.quiet else self.window()
        stop = "would_stop" if rule["state"] == "shadow" else "stopped"
        row = {"order": i + 1, "rule_id": rule["name"], "action": rule["action"], "text": rule["text"], "origin": rule["origin"],
               "state": rule["state"], "matched": both(n * (900 >> i), 90), "matched_pps": n % 50 * (9 >> i)}
        if rule["why"]:
            row["why"] = rule["why"]
        if rule.get("ends"):
            row["expires"] = stamp(START + 3600)
        row[stop] = both(n * (800 >> i), 90)
        row[stop + "_pps"] = n % 50 * (8 >> i)
        return row

    def rules(self, keys):
        for i, rule in enumerate(self.policy):
            yield {"event_type": "rule", **self.rule_row(i, rule)}
        yield {"event_type": "policy", "file": "/etc/weir/edge.policy", "enforced": True, "rules": len(self.policy), "prefixes": 0,
               "paths": 2, "changes": 1, "put_us": 700, "forgiven_ns": 0}

    def classes(self, keys):
        n = 0 if self.args.quiet else self.window()
        k = n % 50 + 1 if n else 0
        for name, priority, guarantee, ceiling in (("web", 1, 20000000, 0), ("bulk", 8, 0, 30000000), (None, 8, 0, 0)):
            row = {"event_type": "class", **({"class": name} if name else {}), **({"guarantee_bps": guarantee} if guarantee else {}),
                   **({"ceiling_bps": ceiling} if ceiling else {}), "priority": priority}
            lost = 100 if name == "bulk" else 0
            for key, m in (("total", n), ("second", k)):
                row[key] = {"offered": both((1200 + lost) * m, 90), "passed": both(1200 * m, 90), "marked": both(7 * m, 90),
                            "dropped": both(lost * m, 90), "borrowed": both(300 * m, 90)}
            yield row
        def part(name, m):
            return {"offered": both(600 * m, 90), "passed": both(550 * m, 90), "marked": both(3 * m, 90), "dropped": both(50 * m, 90), "borrowed": both(0, 90)}
        for name, way in ((self.iface(), "in"), ("eth1", "out")):
            yield {"event_type": "link", "iface": name, "direction": way, "capacity_bps": 40000000, "capacity_from": "policy",
                   "budget_bps": 20000000 if way == "in" else 0, "used_bps": 11000000, "queue_us": 812, "pressed": 3,
                   **({"pressed_by": "backlog"} if way == "in" else {}),
                   "classes": [{**({"class": c} if c else {}), "total": part(c, n), "second": part(c, k)} for c in ("web", "bulk", None)]}

    def report(self, keys):
        found = [(i, r) for i, r in enumerate(self.policy) if r["name"] == keys.get("rule")]
        if not found:
            yield {"event_type": "error", "error": "there is no rule '%s' (weir rule list)" % keys.get("rule"), "status": 1}
            return
        i, rule = found[0]
        shadow = {"start": stamp(START), "seconds": 61.5, "matched": both(1230, 90), "would_stop": both(1230, 90), "would_stop_pps": 20}
        row = {"event_type": "rule_report", **self.rule_row(i, rule), "as_shadow": shadow}
        if rule["state"] == "enforced":
            row["since_enforced"] = {"start": stamp(START), "seconds": 10.0, "matched": both(210, 90), "stopped": both(210, 90), "stopped_pps": 21}
        end = {"ip": "192.0.2.10", "port": 443}
        row["hits"] = {"start": stamp(START), "sampled": False, "all": both(1230, 90), "known_good": both(12, 90), "sources": 41,
                       "top_sources": [{"ip": t[0], **both(90 - j, 90)} for j, t in enumerate(TALKERS[:10])],
                       "top_services": [{"proto": "TCP", "ip_proto": 6, **end, **both(1200, 90)}],
                       "known_good_flows": [{"proto": "TCP", "ip_proto": 6, "client": {"ip": "198.51.100.7", "port": 50000},
                                             "server": end, **both(12, 90)}]}
        yield row
        yield from list(self.dump({"count": "3"}))[:3]

    def rule(self, keys):
        do, text = keys.get("do"), keys.get("text", "")
        old = next((r for r in self.policy if r["name"] == text), None)
        if do in ("enforce", "del") and not old:
            yield {"event_type": "error", "error": "there is no rule '%s' (weir rule list)" % text, "status": 1}
            return
        if "0.0.0.0/0" in text:
            yield {"event_type": "error", "error": "0.0.0.0/0 is very wide (/8 and wider): narrow it, or add --force", "status": 2}
            return
        if do == "del":
            self.policy.remove(old)
        elif old:
            old["state"] = "enforced" if do == "enforce" else "shadow"
        else:
            name = text.split(":")[0] if ":" in text.split(" ")[0] else "a%d" % len(self.policy)
            self.policy.append({"name": name, "action": "drop", "text": text, "why": "", "origin": "added",
                                "state": "shadow" if do == "shadow" else "enforced"})
            text = name
        yield {"event_type": "rule_change", "do": do, "rule_id": text}

    # What is strange in here comes from those who attack: victims and reasons are texts like any other.
    def incident(self):
        evidence = [{"name": "syn", "value": 8412, "norm": 195, "quantile": 1, "learned_s": 7200, "unit": "packets/s"}, {"name": "sources", "value": 812, "unit": "sources"},
                    {"name": "new_share", "value": 0.97, "unit": "share"}]
        return {"timestamp": stamp(START), "event_type": "incident", "incident_id": 7, "state": "active", "severity": "critical",
                "class": "syn_flood", "classes": ["syn_flood", "port_scan_vertical"], "target": "192.0.2.10:443",
                "victims": ["192.0.2.10:443"], "victims_total": 1, "sources": [t[0] for t in TALKERS[:3]], "findings": 12,
                "findings_open": 1, "found": stamp(START + .2), "active": stamp(START + .2), "mitigated": stamp(START + .4), "last": stamp(START + 63), "rule": "auto2", "rule_failed": "auto1", "sample_packets": 500,
                "text": "SYN flood at 192.0.2.10:443: 8,412 SYNs/s (usual: 195)",
                "evidence": evidence}

    def incidents(self, keys):
        yield self.incident()
        if keys.get("id"):
            yield {"timestamp": stamp(START), "event_type": "finding", "news": "raised", "id": 3, "raised": stamp(START),
                   "class": "syn_flood", "severity": "critical", "victim": "192.0.2.10:443", "reason": "SYN flood <script>window.pwned='finding'</script>"}

    # Of the address a week is known but its last hour, of the prefix not a day.
    def learned(self, keys):
        for i, (address, hours, sure) in enumerate((("192.0.2.10", 167, "days"), ("192.0.2.0/24", 3, "hours"))):
            if keys.get("of") not in (None, address):
                continue
            feature = {"now": 40 + self.window() % 9, "usual": 41.5, "most": 310 * (i + 1)}
            row = {"event_type": "learned", "who": address, "since": stamp(START - hours * 3600 - 600), "seconds": 90000, "hours": hours, "sure": sure,
                   "features": {"packets": feature, "syn": {"now": 1, "usual": 1.5, "most": 12}}}
            if keys.get("hours") == "yes":
                at = int(START // 3600) + 72
                known = range(WEEK) if hours > 24 else [(at - h) % WEEK for h in range(hours, 0, -1)]
                row["by_hour"] = [{"hour": h, "seen": 3, "usual": 20 + h, **({"most": 200 + 2 * h} if hours > 24 else {})}
                                  for h in sorted(known) if hours < 24 or h != (at + 2) % WEEK]
            yield row

    def forecast(self, keys):
        limit = {"name": "capacity", "value": 400000000, "meets_minutes": 190, "meets_at": stamp(time.time() + 190 * 60)}
        for kind, key, unit, way, rate in (("total", None, "bit/s", "in", 1e8), ("total", None, "packets/s", "in", 20000),
                                           ("interface", self.iface(), "bit/s", "in", 9e7), ("service", "tcp/443@192.0.2.10", "bit/s", "out", 3e8)):
            if self.args.quiet or keys.get("of") not in (None, kind, "%s %s" % (kind, key)):
                continue

            def at(minutes, rate=rate):
                mid = rate * (1 + .8 * math.sin((time.time() + 60 * minutes) / 86400 * 2 * math.pi))
                wide = .05 + .25 * minutes / 1440
                return {"low95": mid * (1 - 2 * wide), "low80": mid * (1 - wide), "mid": mid, "high80": mid * (1 + wide), "high95": mid * (1 + 2 * wide)}

            row = {"timestamp": stamp(time.time()), "event_type": "forecast", "kind": kind, **({"key": key} if key else {}), "unit": unit,
                   "direction": way, "now": rate, "minutes": 20000, "hours": 330, "sure_minutes": 1440,
                   "horizons": [{"ahead": name, "minutes": n, **at(n), "checked": 300, "held80": .81, "held95": .95}
                                for name, n in (("5m", 5), ("15m", 15), ("1h", 60), ("6h", 360), ("24h", 1440))],
                   **({"limit": limit} if kind == "interface" else {})}
            if "points" in keys:
                n = int(keys["points"])
                row["path"] = [{"at": stamp(time.time() + 86400 * (i + 1) / n), **at(1440 * (i + 1) / n)} for i in range(n)]
            yield row

    # Routes are paths that strangers chose.
    def api(self, keys):
        w = 0 if self.args.quiet else self.window()
        times = lambda p95: {"requests": w, "mean": p95 / 3, "p50": p95 / 4, "p95": p95, "p99": p95 * 1.8}

        def row(of, share, p95, failed=0, **more):
            n, lost = int(1000 * share * w), int(1000 * share * w * failed)
            return {"event_type": "api", "of": of, **more, "requests": n, "per_second": round(37.5 * share + w % 5, 1),
                    "classes": {"2xx": n - lost, "5xx": lost}, "error_share": failed, "turned_away": int(n / 50),
                    "statuses": [{"status": 200, "requests": n - lost}, {"status": 503, "requests": lost}], "bytes_in": n * 310,
                    "bytes_out": n * 4200, "total_ms": times(p95)}
        yield {**row("total", 1, 48, .02), "unread_lines": 2, "lost": 0}
        askers = [{"client_ip": t[0], "requests": 900 * w // (j + 1), **({"over": 7} if j else {})} for j, t in enumerate(TALKERS[:3])]
        first = "GET /users/{id}/<script>window.pwned='route'</script>" if self.args.hostile else "GET /users/{id}/orders"
        yield row("route", .6, 12.4, .004, route=first, backend="<b>app</b>" if self.args.hostile else "app", top_clients=askers)
        yield {**row("route", .1, 1840, .31, route="POST api.example.org/v1/chat/completions", model="chat", top_clients=askers[1:]),
               "tokens": {"requests": w, "in": 420 * w, "out": 1310 * w}}
        yield row("route", .2, 3.1, route="GET /a/very/long/path/with/many/parts/that/has/to/be/read/on/a/phone/{any}/{rest}", top_clients=askers[:1])
        yield row("route", .1, 1.1, rest="other")
        for i, share in enumerate((.5, .3)):
            yield row("consumer", share, 20, .01 * i, consumer="%016x" % (0xf00dfeed * (i + 1)), top_clients=askers[:i + 1])
        yield row("consumer", .2, 20, rest="none")
        for j, t in enumerate(TALKERS[:5]):
            wire = {"joined_by": "port", "in": both(90 * w, 400), "out": both(80 * w, 900),
                    "rtt_us": {"flows": 3, "least": 700, "mean": 1900 + j, "most": 4100}}
            yield row("client", .3 / (j + 1), 20, client_ip=t[0], **({"wire": wire} if j < 2 else {}))

    def metrics(self, keys):
        yield "# TYPE weir_packets counter"
        yield "weir_packets_total %d" % (21000 * self.window())

    # ---- the protocol ----

    VIEWS = ("status", "stats", "services", "talkers", "protocols", "interfaces", "flows", "drops", "ledger", "history", "dump",
             "metrics", "rules", "report", "rule", "incidents", "learned", "classes", "forecast", "api")
    KEYS = {"do", "text", "rule", "top", "sort", "series", "filter", "service", "views", "from", "to", "points", "count", "payload", "form", "id", "of", "hours", "interface", "route"}

    def parse(self, line):
        words = line.split(" ")
        keys = {"top": "50", "series": "0", "filter": ""}
        for word in words[1:]:
            key, _, value = word.partition("=")
            if key not in self.KEYS:
                raise ValueError("unknown key '%s'" % key)
            keys[key] = urllib.parse.unquote(value)
        if not keys["top"].isdigit() or not 1 <= int(keys["top"]) <= 10000:
            raise ValueError("top=%s is no number from 1 to 10000" % keys["top"])
        keys["top"] = int(keys["top"])
        keys["series"] = min(int(keys["series"]), 62)
        if words[0] not in self.VIEWS + ("subscribe",):
            raise ValueError("unknown view '%s'" % words[0])
        return words[0], keys

    def answer(self, view, keys):
        rows = list(getattr(self, view)(keys))
        if "sort" in keys and rows and "in" in rows[0]:
            by = {"bytes": lambda r: r["in"]["bytes"] + r["out"]["bytes"], "flows": lambda r: r.get("flows", 0),
                  "packets": lambda r: r["now"]["in"]["packets"], "sources": lambda r: r.get("sources", 0)}.get(
                      keys["sort"], lambda r: r["now"]["in"]["bytes"] + r["now"]["out"]["bytes"])
            rows.sort(key=lambda r: (r.get("other", False), -by(r)))
        cut = rows if view in ("api", "history", "stats", "ledger", "drops", "dump") else rows[:keys["top"]]
        if view == "flows" and keys["filter"] == "huge":
            cut = rows
        return "".join(map(self.line, cut))

    @staticmethod
    def line(row):
        return (row if isinstance(row, str) else json.dumps(row, separators=(",", ":"))) + "\n"

    async def rounds(self, writer, keys):
        views = keys["views"].split(",")
        while True:
            self.round += 1
            writer.write(("".join(self.answer(v, keys) for v in views) + "\n").encode())
            await writer.drain()
            now = time.time() - START
            await asyncio.sleep(self.args.window - now % self.args.window + .001)

    async def client(self, reader, writer):
        subscription = None
        self.clients += 1
        try:
            while line := await reader.readline():
                if subscription:
                    subscription.cancel()
                try:
                    view, keys = self.parse(line.decode().rstrip("\n"))
                except ValueError as e:
                    writer.write((self.line({"event_type": "error", "error": str(e), "status": 2}) + "\n").encode())
                    continue
                if keys["filter"] == "never":
                    continue
                if keys["filter"] == "die":
                    asyncio.get_running_loop().stop()
                    return
                if view == "subscribe":
                    subscription = asyncio.create_task(self.rounds(writer, keys))
                    continue
                writer.write((self.answer(view, keys) + "\n").encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.clients -= 1
            if subscription:
                subscription.cancel()
            writer.close()


async def main():
    p = argparse.ArgumentParser()
    p.add_argument("socket")
    p.add_argument("--window", type=float, default=1)
    p.add_argument("--quiet", action="store_true")
    p.add_argument("--hostile", action="store_true")
    host = Host(p.parse_args())
    server = await asyncio.start_unix_server(host.client, host.args.socket)
    async with server:
        await server.serve_forever()


try:
    asyncio.run(main())
except (KeyboardInterrupt, RuntimeError):
    pass
