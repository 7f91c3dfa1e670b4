#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic and measurements for classes_test.sh.

    classes.py frames FILE MAC SRC DST PORT BYTES [TOS]    a capture of one UDP frame
    classes.py sample SOCKET CLASS SECONDS FILE            what classes had, each 25 ms, as JSON Lines, until so long
                                                           after that class was first offered something
    classes.py peak FILE                                   NAME=NUMBER of what the test of three classes asks for
    classes.py ceiling FILE CLASS                          bits a second that passed, from half a second after the first
    classes.py tcp send|take ADDRESS PORT SECONDS          bytes of a TCP connection
    classes.py wire IFACE IFACE MS FILE                    carries frames between both, so much later, while the file is there
    classes.py plain IFACE                                 frames leave it as large as on a wire
    classes.py plot FILE SVG TITLE CAPACITY                offered and passed of each class
    classes.py hear V4|V6 PORT SECONDS                     datagrams that arrive, by ECN field
"""
import array
import collections
import fcntl
import json
import os
import select
import socket
import struct
import sys
import time


def checksum(data):
    s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def frames(path, mac, src, dst, port, size, tos="0"):
    port, size, tos = int(port), int(size), int(tos)
    v6 = ":" in src
    n = size - 14 - (40 if v6 else 20)
    pack = socket.inet_pton
    family = socket.AF_INET6 if v6 else socket.AF_INET
    ends = pack(family, src) + pack(family, dst)
    udp = struct.pack("!HHHH", 40000, port, n, 0) + bytes(n - 8)
    if v6:
        pseudo = ends + struct.pack("!IxxxB", n, 17)
        udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp + bytes(n % 2)) or 0xFFFF) + udp[8:]
        ip = struct.pack("!IHBB", 6 << 28 | tos << 20, n, 17, 64) + ends
    else:
        ip = struct.pack("!BBHHHBBH", 0x45, tos, n + 20, 1, 0x4000, 64, 17, 0) + ends
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    frame = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("027700000001") + (b"\x86\xdd" if v6 else b"\x08\x00") + ip + udp
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        f.write(struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame)


def ask(s, f):
    s.sendall(b"classes\n")
    rows = []
    for line in f:
        if line == "\n":
            return rows
        rows.append(json.loads(line))
    return rows


def sample(path, name, seconds, to):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    f = s.makefile()
    began, first, before = time.monotonic(), None, None
    with open(to, "w") as out:
        while True:
            rows, now = ask(s, f), time.monotonic() - began
            at = {"t": now, "wall": time.time()}
            for r in rows:
                if r["event_type"] == "class":
                    at[r.get("class", "-")] = {k: v["bytes"] for k, v in r["total"].items()}
                elif r["direction"] == "in":
                    at["queue_us"] = r["queue_us"]
            out.write(json.dumps(at) + "\n")
            out.flush()
            if before is None:
                before = at[name]["offered"]
                print("ready", flush=True)
            elif first is None and at[name]["offered"] > before:
                first = now
            if now > 60 or first is not None and now > first + float(seconds):
                return
            time.sleep(0.025)


def read(path):
    return [json.loads(line) for line in open(path)]


def rate(rows, name, t0, t1, what):
    """Between two samples, the counter is taken to grow evenly."""
    def at(t):
        i = next((i for i, r in enumerate(rows) if r["t"] >= t), len(rows) - 1) or 1
        a, b = rows[i - 1], rows[i]
        part = min(max((t - a["t"]) / (b["t"] - a["t"]), 0), 1)
        return a[name][what] + part * (b[name][what] - a[name][what])
    return (at(t1) - at(t0)) * 8 / (t1 - t0)


LINK = 40e6
BIN = 0.05


def could(rows, names, t0, t1, link=LINK):
    """What these could have had of the link: where a busy machine let nobody send, nobody could."""
    bins = max(round((t1 - t0) / BIN), 1)
    step = (t1 - t0) / bins
    return int(sum(min(sum(rate(rows, name, t0 + i * step, t0 + (i + 1) * step, "offered") for name in names), link)
                   for i in range(bins)) / bins)


def began(rows, name):
    return next(r["t"] for r in rows if r[name]["offered"] > rows[0][name]["offered"])


def peak(path):
    rows = read(path)
    alone, t = began(rows, "bulk"), began(rows, "web")

    def had(name, t0, t1, what="passed"):
        return int(rate(rows, name, t0, t1, what))

    def share(name, t0, t1):
        return 1000 * had(name, t0, t1) // had(name, t0, t1, "offered")
    told = {
        "alone": had("bulk", alone + 0.3, t - 0.1),
        "offered": had("web", t + 0.2, t + 2.7, "offered"),
        "web": had("web", t + 0.2, t + 2.7),
        "web_share": share("web", t + 0.2, t + 2.7),
        "web_first": share("web", t, t + 0.2),
        "mail": had("mail", t + 0.3, t + 2.7),
        "bulk": had("bulk", t + 0.3, t + 2.7),
        "mail_later": had("mail", t + 3.3, t + 4.7),
        "bulk_later": had("bulk", t + 5.3, t + 5.8),
        "could_alone": could(rows, ["bulk"], alone + 0.3, t - 0.1),
        "could_all": could(rows, ["web", "mail", "bulk"], t + 0.3, t + 2.7),
        "could_later": could(rows, ["mail"], t + 3.3, t + 4.7),
        "could_last": could(rows, ["bulk"], t + 5.3, t + 5.8),
    }
    print(*("%s=%d" % x for x in told.items()))


def ceiling(path, name, limit):
    """What passed, were there always something to pass."""
    rows = read(path)
    span = began(rows, name) + 0.5, began(rows, name) + 2.3
    print(int(rate(rows, name, *span, "passed") * int(limit) / could(rows, [name], *span, int(limit))))


def tcp(what, address, port, seconds):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family)
    if what == "send":
        s.connect((address, int(port)))
        end, chunk = time.monotonic() + float(seconds), bytes(16384)
        while time.monotonic() < end:
            s.sendall(chunk)
        return
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    s.listen(1)
    print("ready", flush=True)
    c, n = s.accept()[0], 0
    first = time.monotonic()
    while time.monotonic() - first < float(seconds):
        got = c.recv(1 << 20)
        n += len(got)
        if not got:
            break
    print(int(n * 8 / (time.monotonic() - first)))


def wire(one, other, ms, there):
    """A long wire: what comes in at one end leaves at the other, in order."""
    ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) for _ in range(2)]
    for s, name in zip(ends, (one, other)):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
        s.bind((name, 3))
        # Its own: PACKET_IGNORE_OUTGOING
        s.setsockopt(263, 23, 1)
        # and all that comes: PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC
        s.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex(name), 1, 0, b""))
        s.setblocking(False)
    late, due = float(ms) / 1000, collections.deque()
    print("ready", flush=True)
    while os.path.exists(there):
        now = time.monotonic()
        while due and due[0][0] <= now:
            _, to, frame = due.popleft()
            try:
                to.send(frame)
            except OSError:
                pass
        select.select(ends, [], [], max(0, due[0][0] - now) if due else 0.1)
        now = time.monotonic()
        for s, to in zip(ends, reversed(ends)):
            try:
                while True:
                    due.append((now + late, to, s.recv(65536)))
            except BlockingIOError:
                pass


def plain(iface):
    s = socket.socket()
    for command in (0x1F, 0x24, 0x2C, 0x17):  # ETHTOOL_STSO, _SGSO, _SGRO, _STXCSUM
        value = array.array("B", struct.pack("II", command, 0))
        try:
            fcntl.ioctl(s, 0x8946, struct.pack("16sP", iface.encode(), value.buffer_info()[0]))
        except OSError:
            pass


COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9"]  # Okabe, Ito: told apart by all


def plot(path, svg, title, capacity):
    rows, capacity = read(path), float(capacity)
    names = [n for n in rows[0] if isinstance(rows[0][n], dict) and rows[-1][n]["offered"] > rows[0][n]["offered"]]
    width, left, top, high, gap, step = 760, 64, 40, 150, 46, 0.1
    end = rows[-1]["t"]
    most = capacity * 1.6
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">'
           % (width, top + 2 * (high + gap)), '<rect width="100%" height="100%" fill="#fff"/>',
           '<text x="%d" y="20" font-size="14">%s</text>' % (left, title)]
    for panel, what in enumerate(("offered", "passed")):
        y0 = top + panel * (high + gap) + high

        def point(t, v):
            return "%.1f,%.1f" % (left + t / end * (width - left - 100), y0 - min(v, most) / most * high)
        out.append('<text x="%d" y="%d">%s, Mbit/s</text>' % (left, y0 - high - 4, what))
        for v in (0, capacity / 2, capacity, capacity * 1.5):
            x, y = point(0, v).split(",")
            out.append('<line x1="%s" x2="%d" y1="%s" y2="%s" stroke="#ccc"%s/>' %
                       (x, width - 100, y, y, ' stroke-dasharray="4 3"' if v == capacity else ""))
            out.append('<text x="%d" y="%s" text-anchor="end" dy="4">%.0f</text>' % (left - 6, y, v / 1e6))
        for s in range(int(end) + 1):
            out.append('<text x="%s" y="%d" text-anchor="middle">%d s</text>' % (point(s, 0).split(",")[0], y0 + 16, s))
        for i, name in enumerate(names):
            line, t = [], 0
            while t + step <= end:
                line.append(point(t + step / 2, rate(rows, name, t, t + step, what)))
                t += step
            out.append('<polyline fill="none" stroke-width="2" stroke="%s" points="%s"/>' % (COLORS[i % 5], " ".join(line)))
            out.append('<text x="%d" y="%d" fill="%s">%s</text>' % (width - 92, top + 16 + panel * (high + gap) + 18 * i, COLORS[i % 5], name))
    with open(svg, "w") as f:
        f.write("\n".join(out + ["</svg>", ""]))


def hear(v, port, seconds):
    v6 = v == "V6"
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1) if v6 else (socket.IPPROTO_IP, socket.IP_RECVTOS, 1)))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.bind(("::" if v6 else "0.0.0.0", int(port)))
    s.settimeout(0.2)
    end, n = time.monotonic() + float(seconds), [0, 0, 0, 0]
    print("ready", flush=True)
    while time.monotonic() < end:
        try:
            _, told, _, _ = s.recvmsg(2048, 64)
        except socket.timeout:
            continue
        n[told[0][2][0] & 3] += 1
    print(*n)


if __name__ == "__main__":
    verb, args = sys.argv[1], sys.argv[2:]
    {"frames": frames, "sample": sample, "peak": peak, "ceiling": ceiling, "tcp": tcp, "wire": wire, "plain": plain,
     "plot": plot, "hear": hear}[verb](*args)
