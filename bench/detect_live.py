#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""For bench/detect-live: sends attacks, waits for their findings, sees when they stop to arrive.

What arrives is what the kernel's IP counts behind XDP (InReceives), so a rule is in force when the packets stay out, whatever weir
says of it. A finding is there when it was raised, which its event says. Both from the moment at which the first frame left.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

KINDS = {  # frames of bench/day, packets a second; and of tests/net/send
    "syn_flood": 3000, "synack_reflection": 1500, "ack_flood": 2000, "rst_flood": 1500, "udp_flood": 2500, "icmp_flood": 800,
    "frag_flood": 600, "amp_dns": 1000, "amp_ntp": 1000, "amp_snmp": 400, "amp_cldap": 600, "amp_ssdp": 600, "amp_memcached": 1500,
    "amp_chargen": 400, "carpet_bombing": 1800, "port_scan_vertical": 200, "port_scan_horizontal": 120, "arp_spoof": 20}
LASTS_S = 1.5
AFTER_S = 1.2  # events are written within a second
WINDOW_S = 0.1
PASSED = 0.2  # of what is sent, from which down it is stopped


def in_receives(f):
    f.seek(0)
    for line in f:
        if line.startswith("Ip: ") and not line.startswith("Ip: F"):
            return int(line.split()[3])
    return 0


def tx_packets(f, interface):
    f.seek(0)
    for line in f:
        if line.strip().startswith(interface + ":"):
            return int(line.split(":")[1].split()[9])
    return 0


def stopped(samples, began):
    """Seconds until in each of the moments that follow no more than a fifth of what is sent arrives; None: never."""
    times = [t for t, _, _ in samples]
    j = 0
    for i, (t, sent, got) in enumerate(samples):
        if t < began:
            continue
        while j < len(samples) and times[j] < t + WINDOW_S:
            j += 1
        if j == len(samples):
            return None
        out, arrived = samples[j][1] - sent, samples[j][2] - got
        if out >= 20 and arrived <= PASSED * out:
            return t - began
    return None


class Run:
    def __init__(self, a):
        self.a = a
        self.events = None
        self.receives = open("/proc/self/net/snmp")
        self.sent = open("/proc/%d/net/dev" % a.client)

    def news(self):
        if not self.events:
            path = Path(self.a.tmp) / "eve.json"
            if not path.exists():
                return
            self.events = open(path)
        while line := self.events.readline():
            if line.endswith("\n"):
                yield json.loads(line)

    def command(self, klass, number):
        a, rate = self.a, KINDS[klass]
        out = [a.build + "/send", "-b", "-d", a.mac]
        if klass == "arp_spoof":
            return out + ["-t", "10.77.0.%d" % (100 + number), a.out, str(int(rate * LASTS_S)), "74", str(rate), "arpspoof"], "10.77.0"
        two = "10.%d" % (101 + (number + 37 * list(KINDS).index(klass)) % 150)
        subprocess.run([a.build + "/day", "--only", klass, "--seed", str(number + 1), "--mac", a.mac, "--net", two, "--name", klass,
                        a.tmp + "/files"], check=True, stderr=subprocess.DEVNULL)
        return out + [a.out, str(int(rate * LASTS_S)), "0", str(rate), "file:%s/files/%s.pcap" % (a.tmp, klass)], two

    def one(self, klass, number):
        """(seconds until found, until stopped, share kept out)"""
        command, victim = self.command(klass, number)
        found = None
        samples = []
        list(self.news())
        sender = subprocess.Popen(["nsenter", "--net=/proc/%d/ns/net" % self.a.client] + command, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
        end = None
        while end is None or time.time() < end:
            samples.append((time.time(), tx_packets(self.sent, self.a.out), in_receives(self.receives)))
            for e in self.news():
                if not found and e["class"] == klass and e["news"] == "raised" and e["victim"].startswith(victim + "."):
                    found = datetime.fromisoformat(e["raised"]).timestamp()
            if end is None and sender.poll() is not None:
                end = time.time() + AFTER_S
            time.sleep(0.004)
        said = sender.stderr.read()
        if sender.returncode:
            sys.exit("%s: %s" % (klass, said))
        began = next(int(line) for line in said.split("\n") if line.isdigit()) / 1e9
        during = [s for s in samples if s[0] >= began]
        out = during[-1][1] - samples[0][1]
        return (found - began if found else None, stopped(samples, began),
                1 - (during[-1][2] - samples[0][2]) / out if out else 0)


def of(values, share):
    """Of those that there are; what never came is later than all."""
    there = sorted(v for v in values if v is not None)
    at = min(len(values) - 1, int(share * len(values)))
    return "%.2f s" % (statistics.median(there) if share == 0.5 and len(there) == len(values) else there[at]) if at < len(there) else "never"


def main():
    args = argparse.ArgumentParser()
    for name in ("--build", "--tmp", "--out", "--in", "--mac"):
        args.add_argument(name)
    args.add_argument("--client", type=int)
    args.add_argument("--runs", type=int)
    args.add_argument("--class", dest="classes", action="append", choices=list(KINDS))
    a = args.parse_args()
    run = Run(a)
    time.sleep(12)
    load = os.getloadavg()[0]
    print("| class | packets/s | runs | found | median, p90 | stopped | median, p90 | kept out of 1.5 s |\n|---|--:|--:|--:|---|--:|---|--:|", flush=True)
    late = False
    for klass in a.classes or KINDS:
        got = [run.one(klass, i) for i in range(a.runs)]
        found, halted = [g[0] for g in got], [g[1] for g in got]
        stops = klass != "arp_spoof"
        print("| %s | %d | %d | %d | %s, %s | %s | %s | %s |" % (
            klass, KINDS[klass], a.runs, sum(v is not None for v in found), of(found, 0.5), of(found, 0.9),
            sum(v is not None for v in halted) if stops else "", "%s, %s" % (of(halted, 0.5), of(halted, 0.9)) if stops else "no rule",
            "%.0f %%" % (100 * statistics.median(g[2] for g in got)) if stops else ""), flush=True)
        late |= not all(v is not None for v in found)
    told = []
    while len(told) < 2:  # it is being written
        told = open(a.tmp + "/honest").read().split()
    asked, failed = told
    print("\nOf %s requests of clients that behave %s failed. Load when it began: %.1f, on %d CPUs." % (asked, failed, load, os.cpu_count()))
    sys.exit(1 if late else 0)


main()
