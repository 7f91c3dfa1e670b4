#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""For bench/detect-live: sends attacks, waits for their findings, sees when they stop to arrive.

What arrives is what the kernel's IP counts behind XDP (InReceives), so a rule is in force when the packets stay out, whatever weir
says of it. A finding is there when it was raised, which its event says. Both from the moment at which the first frame left.
"""
import argparse
import gzip
import ipaddress
import json
import os
import statistics
import struct
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

KINDS = {  # frames of bench/day, packets a second; and of tests/net/send
    "syn_flood": 3000, "synack_reflection": 1500, "ack_flood": 2000, "rst_flood": 1500, "udp_flood": 2500, "icmp_flood": 800,
    "frag_flood": 600, "amp_dns": 1000, "amp_ntp": 1000, "amp_snmp": 400, "amp_cldap": 600, "amp_ssdp": 600, "amp_memcached": 1500,
    "amp_chargen": 400, "carpet_bombing": 1800, "udp_flood6": 2500, "port_scan_vertical": 200, "port_scan_horizontal": 120, "arp_spoof": 20}
TOLD = {  # frames of bench/day a second, seconds at most: no rule is made of these
    "port_scan_stealth": (200, 10), "port_scan_udp": (200, 10), "icmp_sweep": (200, 10), "malformed": (50, 10), "dhcp_flood": (200, 10),
    "rogue_dhcp": (5, 10), "rogue_ra": (2, 10), "nd_spoof": (2, 10), "dns_tunnel": (100, 10), "dns_dga": (100, 10), "icmp_tunnel": (16, 30)}
CLASS_OF = {"udp_flood6": "udp_flood", "nd_spoof": "arp_spoof", "port_scan_stealth": "port_scan_vertical",
            "port_scan_udp": "port_scan_vertical", "icmp_sweep": "port_scan_horizontal"}
ONE_VICTIM = "dhcp_flood", "rogue_dhcp", "rogue_ra", "dns_tunnel", "icmp_tunnel"  # whatever the network
OF_LINK = "rogue_dhcp", "rogue_ra"  # one that is right is there from the begin on; each run has another one that is not
APART_S = 11  # of two of these that are told, ten seconds
MOST_OF_LINK = 20  # of these, while one of them holds: for an hour
COLD_S = 610  # in its first ten minutes weir takes nobody on the link for sure
CLIENTS = {  # connections a second, sources, seconds at most: with a server at the other end (detect_clients.py)
    "brute_force": (2, 1, 60), "slow_http": (10, 1, 60), "http_flood": (300, 30, 30)}
KNOWN_S = 75  # until it is known how many connections are usual: before that many are no flood of them
OVER_S = 95  # a finding holds for half a minute, its rule for a minute more
TAKES = """Found takes: brute_force ten short sessions in a minute, slow_http forty connections that are held for ten seconds and a look at the
table of flows, which takes ten seconds once; http_flood more than what a minute has shown to be usual, of sources that make five a second."""
NEEDS = """Found takes: a scan 25 ports, icmp_sweep 40 hosts, malformed 20 packets, dhcp_flood 40 stations; dns_tunnel thirty names, dns_dga
twenty-five answers that there is none, each with its question; icmp_tunnel eight sizes that came back and were not sent, each alone in its
tenth of a second, and as many of what was asked."""
STEP_S = 0.1  # what is raised says the end of its tenth of a second, which may end some milliseconds late
LASTS_S = 1.5
ATTEMPTS = 10  # connections in a row of which no more than PASSED are served: it is stopped
AFTER_S = 1.2  # events are written within a second
WINDOW_S = 0.1
PASSED = 0.2  # of what is sent, from which down it is stopped


def in_receives(ip4, ip6):
    n = 0
    for f, name, at in ((ip4, "Ip: ", 3), (ip6, "Ip6InReceives ", 1)):
        f.seek(0)
        n += next((int(line.split()[at]) for line in f if line.startswith(name) and line.split()[at].isdigit()), 0)
    return n


def udp6(path, number, mac):
    """Frames from 4,096 addresses of a /112 of 2001:2::/48 (RFC 5180) to a host of a network of its own; returns that host."""
    victim = ipaddress.ip_address("fd78::%x:0:0:0:5" % (number + 1))
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(4096):
            source = ipaddress.ip_address("2001:2::%x:%x" % (number + 1, i + 1))
            udp = struct.pack(">HHHH", 1024 + i, 9999, 108, 0) + bytes(100)
            words = source.packed + victim.packed + struct.pack(">II", len(udp), 17) + udp
            s = sum(struct.unpack(">%dH" % (len(words) // 2), words))
            s = (s & 0xffff) + (s >> 16)
            s = 0xffff ^ ((s & 0xffff) + (s >> 16))
            frame = (bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("02770000000186dd") + struct.pack(">IHBB", 6 << 28, len(udp), 17, 64) +
                     source.packed + victim.packed + udp[:6] + struct.pack(">H", s or 0xffff) + udp[8:])
            f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
    return str(victim)


def parted(path):
    """What is usual (None: nothing is) and the attack, each in a file of its own."""
    labels = gzip.open(path[:-len("pcap")] + "lab.gz").read()
    whole = open(path, "rb").read()
    parts = {False: whole[:24], True: whole[:24]}
    at = 24
    for label in labels:
        end = at + 16 + struct.unpack_from("<I", whole, at + 8)[0]
        parts[label != 0] += whole[at:end]
        at = end
    for attack, part in parts.items():
        Path(path + ".%d" % attack).write_bytes(part)
    return path + ".0" if len(parts[False]) > 24 else None, path + ".1"


def tx_packets(f, interface):
    f.seek(0)
    for line in f:
        if line.strip().startswith(interface + ":"):
            return int(line.split(":")[1].split()[9])
    return 0


def stopped(samples, began, rate):
    """Seconds until in each of the moments that follow no more than a fifth of what is sent arrives; None: never."""
    enough = 0.8 * WINDOW_S * rate  # was sent, to say anything
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
        if out >= enough and arrived <= PASSED * out:
            return t - began
    return None


def refused(attempts):
    """Seconds until of so many connections in a row no more than a fifth is served; None: never."""
    attempts = sorted(attempts)
    for i in range(len(attempts) - ATTEMPTS + 1):
        if not attempts[i][1] and sum(good for _, good in attempts[i:i + ATTEMPTS]) <= PASSED * ATTEMPTS:
            return attempts[i][0] - attempts[0][0]
    return None


class Run:
    def __init__(self, a):
        self.a = a
        self.began = time.time()
        self.events, self.rest, self.holds = None, "", {}
        self.newest = {}  # when the newest of a class was found
        self.receives = open("/proc/self/net/snmp"), open("/proc/self/net/snmp6")
        self.sent = open("/proc/%d/net/dev" % a.client)

    def news(self):
        if not self.events:
            path = Path(self.a.tmp) / "eve.json"
            if not path.exists():
                return
            self.events = open(path)
        while line := self.events.readline():
            self.rest += line  # a line may be read while it is being written
            if line.endswith("\n"):
                e, self.rest = json.loads(self.rest), ""
                self.holds[e["class"], e["victim"]] = e["news"] != "over"
                yield e

    def raised(self, klass, victim):
        """When, if there is one among the news."""
        return next((datetime.fromisoformat(e["raised"]).timestamp() for e in self.news()
                     if e["class"] == CLASS_OF.get(klass, klass) and e["news"] == "raised" and victim in e["victim"]), None)

    def in_client(self, command, **options):
        return subprocess.Popen(["nsenter", "--net=/proc/%d/ns/net" % self.a.client] + command, text=True, **options)

    def command(self, klass, number):
        a, rate = self.a, KINDS[klass]
        out = [a.build + "/send", "-b", "-d", a.mac]
        if klass == "udp_flood6":
            path = a.tmp + "/files/udp6.pcap"
            victim = udp6(path, number, a.mac)
            return out + [a.out, str(int(rate * LASTS_S)), "0", str(rate), "file:" + path], victim
        if klass == "arp_spoof":
            return out + ["-t", "10.77.0.%d" % (100 + number), a.out, str(int(rate * LASTS_S)), "74", str(rate), "arpspoof"], "10.77.0."
        path, two = self.day(klass, number)
        return out + [a.out, str(int(rate * LASTS_S)), "0", str(rate), "file:" + path], two + "."

    def day(self, klass, number):
        """The capture of one attack, and the net that is its own."""
        folder, two = self.a.tmp + "/files", "10.%d" % (101 + (number + 37 * list(KINDS | TOLD).index(klass)) % 150)
        subprocess.run([self.a.build + "/day", "--only", klass, "--seed", str(number + 1), "--mac", self.a.mac, "--net", two, "--name", klass,
                        folder], check=True, stderr=subprocess.DEVNULL)
        return "%s/%s.pcap" % (folder, klass), two

    def one(self, klass, number):
        """(seconds until found, until stopped, share kept out)"""
        command, victim = self.command(klass, number)
        found = None
        samples = []
        list(self.news())
        sender = self.in_client(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        end = None
        while end is None or time.time() < end:
            samples.append((time.time(), tx_packets(self.sent, self.a.out), in_receives(*self.receives)))
            found = found or self.raised(klass, victim)
            if end is None and sender.poll() is not None:
                end = time.time() + AFTER_S
            time.sleep(0.004)
        said = sender.stderr.read()
        if sender.returncode:
            sys.exit("%s: %s" % (klass, said))
        began = next(int(line) for line in said.split("\n") if line.isdigit()) / 1e9
        during = [s for s in samples if s[0] >= began]
        out = during[-1][1] - samples[0][1]
        return (found - began if found else None, stopped(samples, began, KINDS[klass]),
                1 - (during[-1][2] - samples[0][2]) / out if out else 0)

    def usual(self, path):
        self.in_client([self.a.build + "/send", self.a.out, "0", "0", "200", "file:" + path], stdout=subprocess.DEVNULL).wait()

    def over(self, klass):
        """Waits until the next one of it is told: no finding of it holds, or another source is one for itself."""
        if klass in OF_LINK:
            time.sleep(max(0, self.newest.get(klass, 0) + APART_S - time.time()))
            return
        end = time.time() + OVER_S
        while any(held for (c, _), held in self.holds.items() if c == klass) and time.time() < end:
            time.sleep(0.1)
            list(self.news())

    def told(self, klass, number):
        """(seconds until found, frames until then)"""
        rate, seconds = TOLD[klass]
        list(self.news())
        if klass in ONE_VICTIM:
            self.over(klass)
        path, two = self.day(klass, number)
        usual, attack = parted(path)
        victim = "" if klass in ONE_VICTIM else "2001:db8::" if klass == "nd_spoof" else two + "."
        if usual and klass not in OF_LINK:
            self.usual(usual)
        list(self.news())
        sender = self.in_client([self.a.build + "/send", "-b", self.a.out, str(rate * seconds), "0", str(rate), "file:" + attack],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        end, found = time.time() + seconds + AFTER_S, None
        while not found and time.time() < end:
            time.sleep(0.004)
            found = self.raised(klass, victim)
        sender.terminate()
        said = sender.stderr.read()
        if sender.wait() > 0:
            sys.exit("%s: %s" % (klass, said))
        began = int(said.split("\n")[0]) / 1e9
        if not found:
            return None, None
        if found < began - STEP_S:
            sys.exit("%s: found before it began" % klass)
        self.newest[klass] = found
        took = max(0, found - began)
        return took, int(took * rate) + 1

    def clients(self, klass, number):
        """(seconds until found, until stopped, connections until found) from the first connection on"""
        rate, n, seconds = CLIENTS[klass]
        known = klass == "http_flood"  # the service that has usual clients, from addresses that are new each time
        victim = "10.77.0.2" if known else "10.91.%d.5" % (number + 1)
        if known:
            time.sleep(max(OVER_S if number else 0, self.began + KNOWN_S - time.time()))  # the one before is over, and its rule
        list(self.news())
        found, attempts, end = None, [], None
        path = "%s/attempts" % self.a.tmp
        with open(path, "w") as out:
            sender = self.in_client([sys.executable, str(Path(__file__).with_name("detect_clients.py")), "attack", klass, victim,
                                     "10.90.%d.1/%d" % (number + 1, n), str(rate), str(seconds)], stdout=out)
        while sender.poll() is None and (end is None or time.time() < end):
            time.sleep(0.02)
            found = found or self.raised(klass, victim)
            attempts = [(float(line.split()[0]), int(line.split()[1])) for line in open(path) if line.endswith("\n")]
            if found and end is None and refused(attempts) is not None:
                end = time.time() + 1
        sender.terminate()
        sender.wait()
        began = min((t for t, _ in attempts), default=0)
        if not attempts:
            sys.exit("%s: no connection was tried" % klass)
        return (found - began if found else None, refused(attempts), sum(t <= found for t, _ in attempts) if found else None)


def of(values, share):
    """Of those that there are; what never came is later than all."""
    there = sorted(v for v in values if v is not None)
    at = min(len(values) - 1, int(share * len(values)))
    return "%.2f s" % (statistics.median(there) if share == 0.5 and len(there) == len(values) else there[at]) if at < len(there) else "never"


def times(values):
    return "%d | %s, %s" % (sum(v is not None for v in values), of(values, 0.5), of(values, 0.9))


HEAD = "| class | packets/s | runs | found | median, p90 | stopped | median, p90 | kept out of 1.5 s |\n|---|--:|--:|--:|---|--:|---|--:|"
NO_RULE = "– | no rule | –"


def frames(run, classes):
    """Prints rows; returns whether one was not found."""
    late = False
    for klass in classes:
        got = [run.one(klass, i) for i in range(run.a.runs)]
        found, halted = [g[0] for g in got], [g[1] for g in got]
        print("| %s | %d | %d | %s | %s |" % (
            klass, KINDS[klass], run.a.runs, times(found),
            NO_RULE if klass == "arp_spoof" else "%s | %.0f %%" % (times(halted), 100 * statistics.median(g[2] for g in got))), flush=True)
        late |= None in found
    return late


def by_turns(run, classes):
    """The next of a class is told behind the finding of the one before, or (OF_LINK) because it is another one."""
    got = {klass: [] for klass in classes}
    if set(classes) & set(OF_LINK):
        time.sleep(max(0, run.began + COLD_S - time.time()))
    for i in range(run.a.runs):
        for klass in classes:
            got[klass].append(run.told(klass, i))
    for klass in classes:
        print("| %s | %d | %d | %s | %s |" % (klass, TOLD[klass][0], run.a.runs, times([g[0] for g in got[klass]]), NO_RULE), flush=True)
    if classes:
        until = {klass: [g[1] for g in got[klass] if g[1]] for klass in classes}
        print("\nPackets until found, median: %s.\n%s" % (
            ", ".join("%s %.0f" % (klass, statistics.median(n)) for klass, n in until.items() if n), NEEDS))
    return any(g[0] is None for all_of in got.values() for g in all_of)


def connections(run, classes):
    late = False
    if classes:
        print("\n| class | connections/s | sources | runs | found | median, p90 | after connections, median | stopped | median, p90 |\n"
              "|---|--:|--:|--:|--:|---|--:|--:|---|", flush=True)
    for klass in classes:
        got = [run.clients(klass, i) for i in range(run.a.runs)]
        found, halted = [g[0] for g in got], [g[1] for g in got]
        until = [g[2] for g in got if g[2] is not None]
        print("| %s | %d | %d | %d | %s | %s | %s |" % (klass, *CLIENTS[klass][:2], run.a.runs, times(found),
                                                    "%.0f" % statistics.median(until) if until else "", times(halted)), flush=True)
        late |= None in found
    if classes:
        print("\n" + TAKES)
    return late


def main():
    args = argparse.ArgumentParser()
    for name in ("--build", "--tmp", "--out", "--in", "--mac"):
        args.add_argument(name)
    args.add_argument("--client", type=int)
    args.add_argument("--runs", type=int)
    args.add_argument("--class", dest="classes", action="append", choices=list(KINDS | TOLD | CLIENTS))
    a = args.parse_args()
    if a.runs > MOST_OF_LINK and set(a.classes or TOLD) & set(OF_LINK):
        args.error("no more than %d runs of %s are told apart" % (MOST_OF_LINK, " and ".join(OF_LINK)))
    run = Run(a)
    time.sleep(12)
    load = os.getloadavg()[0]
    many, few = ([k for k in a.classes or kinds if k in kinds] for kinds in (KINDS, TOLD))
    for klass in OF_LINK:
        if klass in few:
            run.usual(parted(run.day(klass, 0)[0])[0])
    if many or few:
        print(HEAD, flush=True)
    late = frames(run, many)
    late |= by_turns(run, few)
    late |= connections(run, [k for k in a.classes or CLIENTS if k in CLIENTS])
    told = []
    while len(told) < 2:  # it is being written
        told = open(a.tmp + "/honest").read().split()
    asked, failed = told
    print("\nOf %s requests of clients that behave %s failed. Load when it began: %.1f, on %d CPUs." % (asked, failed, load, os.cpu_count()))
    sys.exit(1 if late else 0)


main()
