#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What weir prints as JSON has the shapes of docs/schema, and every key that it prints is told in docs/events.md."""
import glob
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

root = os.environ.get("WEIR_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
weir = os.environ.get("WEIR", os.path.join(root, "build", "weir"))
data = os.environ.get("WEIR_DATA", os.path.join(root, "..", "shared", "data"))
try:
    import jsonschema
except ImportError:
    print("1..0 # SKIP python3-jsonschema is not installed")
    sys.exit(0)

count = failed = 0


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + more.replace("\n", "\n# "))


def own_capture(path):
    """A SYN with options and a VLAN tag, a cut UDP packet, an ARP request: for a machine without captures."""
    eth = bytes(range(12))
    syn = struct.pack(">HHIIBBHHH", 4000, 443, 1, 0, 0x60, 2, 64240, 0, 0) + bytes([2, 4, 5, 0xb4])
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(syn), 1, 0x4000, 64, 6, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
    frames = [eth + b"\x81\0\0\5\x08\0" + ip + syn, eth + b"\x08\0" + ip[:9] + b"\x11" + ip[10:] + syn[:6],
              eth + b"\x08\x06" + struct.pack(">HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, eth[6:], b"\x0a\0\0\1", eth[:6], b"\x0a\0\0\2")]
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for n, frame in enumerate(frames):
            f.write(struct.pack("<IIII", n, 5, len(frame), len(frame)) + frame)


def keys_of(value, into):
    if isinstance(value, dict):
        for key, below in value.items():
            into.add(key)
            keys_of(below, into)
    elif isinstance(value, list):
        for below in value:
            keys_of(below, into)


def main():
    schemas = {name: jsonschema.Draft202012Validator(json.load(open(os.path.join(root, "docs", "schema", name + ".json"))))
               for name in ("packet", "ledger", "flow")}
    for name, schema in schemas.items():
        schema.check_schema(schema.schema)
    files = sorted(glob.glob(os.path.join(data, "parser", "*.*cap*")))
    files = [f for f in files if not f.endswith(".gz")][::3]
    with tempfile.TemporaryDirectory() as tmp:
        own = os.path.join(tmp, "own.pcap")
        own_capture(own)
        if not files:
            ok(True, "captures # SKIP there are none; one of our own is used")
        lines = []
        for f in [own] + files:
            for how in (["read", "--json", "--packets", "--payload", "16"], ["read", "--json"], ["export", "flows", "-f", "eve"]):
                out = subprocess.run([weir] + how + [f], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                lines += out.stdout.decode().splitlines()
    seen, wrong, keys = {}, [], set()
    for line in lines:
        event = json.loads(line)
        kind = event["event_type"]
        seen[kind] = seen.get(kind, 0) + 1
        if kind in schemas:
            wrong += ["%s: %s" % (line[:200], e.message) for e in schemas[kind].iter_errors(event)]
            keys_of({k: v for k, v in event.items() if k not in ("malformed", "lost")} if kind == "ledger" else event, keys)
    told = " and ".join("%d %ss" % (seen.get(name, 0), name) for name in schemas)
    ok(not wrong, told + " have the shape of their schema", "\n".join(wrong[:5]))
    ok(all(seen.get(name, 0) >= 1 for name in schemas), "there was one of each kind")
    text = open(os.path.join(root, "docs", "events.md")).read()
    told = set(re.findall(r"[a-z0-9_]+", text)) | {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ae"}
    ok(keys <= told, "every key is told in docs/events.md", ", ".join(sorted(keys - told)))
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
