#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Parquet files of `weir export`, as readers of others read them, against the CSV: the same cells, one by one.

The readers come from npm (tests/export/package.json, `make deps-test`); what is not there is skipped.
"""
import calendar
import csv
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
WEIR = os.environ.get("WEIR", str(TOP / "build/weir"))
READ = TOP / "tests/export/read.mjs"
GROUP = 65536  # WR_PARQUET_ROWS
MEMORY_MIB = 34  # what docs/export.md says
count = failed = 0


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {count} - {what}")
    if not good and more:
        print("# " + str(more)[:1500].replace("\n", "\n# "))
    return good


def skip(why):
    global count
    count += 1
    print(f"ok {count} # SKIP {why}")


# ---- captures ----

def mixed(path):
    """Both IP versions, TCP, UDP, ICMP, VLANs, two interfaces, one of them with a name to be quoted."""
    subprocess.run([sys.executable, TOP / "tests/net/capture.py", path], check=True, stdout=subprocess.DEVNULL)


def many(path, flows):
    """A packet for each of so many flows: more than one row group."""
    frame = bytearray(bytes.fromhex("020000000001020000000002" "0800" "4500001c00010000401100000a0000000a000001" "1000003500080000"))
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 1))
        for i in range(flows):
            frame[26:30] = struct.pack(">I", 0x0b000000 + i)
            f.write(struct.pack("<IIII", 1700000000 + i // 20000, i % 20000 * 50000 + i % 7, len(frame), len(frame)) + frame)


# ---- weir ----

def peak(pid):
    """Most memory that a process had resident, MiB; 0: it has ended, or is not weir yet."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            said = f.read()
    except OSError:
        return 0
    kib = re.search(r"^VmHWM:\s*(\d+)", said, re.M)
    return int(kib.group(1)) / 1024 if kib and said.startswith("Name:\tweir") else 0


class Export:
    def __init__(self, what, capture, form, to):
        self.path = to
        quiet = {k: v for k, v in os.environ.items() if k != "MALLOC_PERTURB_"}  # which fills what is never used
        done = subprocess.Popen([WEIR, "export", what, capture, "--format", f"{form}:{to}", "--addresses", "raw"], stderr=subprocess.PIPE, env=quiet)
        self.rss_mib = 0
        while done.poll() is None:  # what wait4() tells begins with the size of the process that forked
            self.rss_mib = max(self.rss_mib, peak(done.pid))
            time.sleep(0.002)
        self.told = done.stderr.read().decode()
        done.stderr.close()
        self.status = done.returncode << 8  # as wait() tells it


class Text:
    """A CSV file by columns."""

    def __init__(self, path):
        with open(path, newline="", encoding="utf-8") as f:
            rows = csv.reader(f)
            self.names = next(rows)
            cells = list(rows)
        kinds = told_types()
        self.rows = len(cells)
        self.columns = [from_text(kinds.get(n, "text"), c) for n, c in zip(self.names, zip(*cells))]


# ---- readers ----

def read(reader, path):
    done = subprocess.run(["node", READ, reader, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        return None, done.stderr.decode(errors="replace")
    lines = done.stdout.split(b"\n")
    return json.loads(lines[0]), [json.loads(line) for line in lines[1:] if line]


def have(package):
    if not shutil.which("node"):
        skip("node is not installed")
        return False
    if not (TOP / "tests/export/node_modules" / package).is_dir():
        skip(f"{package} is not there (npm ci --prefix tests/export)")
        return False
    return True


def nanoseconds(cell):
    return calendar.timegm(time.strptime(cell[:19], "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(cell[20:29])


def from_text(kind, cells):
    """What the cells of a CSV column say. Real numbers stay text: Parquet has more of their digits."""
    if kind == "time":
        return [nanoseconds(c) for c in cells]
    if kind[0] == "u":
        return [int(c) if c else None for c in cells]
    return [c or None for c in cells]


def from_parquet(name, kind, values):
    if kind != "real":
        return values
    digits = 9 if name == "duration_s" else 6
    return [None if v is None else "%.*g" % (digits, v) for v in values]


def compare(what, text, head, got):
    if not ok(head is not None, f"{what}: is read", got):
        return
    ok([c["name"] for c in head["columns"]] == text.names, f"{what}: the columns of the CSV", head["columns"])
    ok(len(got) == text.rows == head["rows"], f"{what}: {text.rows} rows", f"{len(got)} rows, {head['rows']} told")
    kinds, wrong, sums = told_types(), [], []
    for name, want, values in zip(text.names, text.columns, zip(*got)):
        values = from_parquet(name, kinds.get(name), list(values))
        if values != want:
            wrong += [f"row {i} {name}: {w} but {v}" for i, (w, v) in enumerate(zip(want, values)) if w != v][:5]
        if name.startswith(("pkts_to", "bytes_to")):
            sums.append((sum(values), sum(want)))
    ok(not wrong, f"{what}: all {text.rows * len(text.names)} cells are those of the CSV", "\n".join(wrong))
    ok(len(sums) == 4 and all(a == b for a, b in sums), f"{what}: packets and bytes of both directions have the same sums", sums)
    empty = {n for n, c in zip(text.names, text.columns) if None in c}
    ok(empty <= {c["name"] for c in head["columns"] if c["optional"]}, f"{what}: what can be null is said so", empty)


# ---- what the file says of itself ----

# As docs/export.md tells the types.
TYPES = {
    "time": ("INT64", {"type": "TIMESTAMP", "isAdjustedToUTC": True, "unit": "NANOS"}),
    "u8": ("INT32", {"type": "INTEGER", "bitWidth": 8, "isSigned": False}),
    "u16": ("INT32", {"type": "INTEGER", "bitWidth": 16, "isSigned": False}),
    "u32": ("INT32", {"type": "INTEGER", "bitWidth": 32, "isSigned": False}),
    "u64": ("INT64", {"type": "INTEGER", "bitWidth": 64, "isSigned": False}),
    "real": ("DOUBLE", None),
    "text": ("BYTE_ARRAY", {"type": "STRING"}),
}


def told_types():
    """Column: type, from the table of docs/export.md."""
    rows = re.findall(r"^\| ((?:`\w+`,? ?)+)\| `(\w+)` \|", (TOP / "docs/export.md").read_text(), re.M)
    return {name: kind for names, kind in rows if kind in TYPES for name in re.findall(r"`(\w+)`", names)}


def describes(what, head, version):
    told = told_types()
    wrong = [c for c in head["columns"] if (c["physical"], c["logical"]) != TYPES.get(told.get(c["name"]))]
    ok(not wrong, f"{what}: types are as docs/export.md tells them", wrong)
    ok(head["notes"] == {"weir.columns": what.split()[0], "weir.columns_version": "1", "weir.version": version},
       f"{what}: which columns, and by which weir", head["notes"])


def ranges(what, head, got):
    """Least, greatest and nulls of each column and row group, against its rows."""
    at, wrong = 0, []
    for g in head["groups"]:
        rows, at = got[at:at + g["rows"]], at + g["rows"]
        for i, (c, chunk) in enumerate(zip(head["columns"], g["chunks"])):
            values = [r[i] for r in rows if r[i] is not None]
            bounds = (str(min(values)), str(max(values))) if values and c["physical"].startswith("INT") else ("", "")
            if (chunk["least"], chunk["most"]) != bounds or chunk["nulls"] != len(rows) - len(values):
                wrong.append((c["name"], chunk, bounds))
    ok(not wrong, f"{what}: least, greatest and nulls are those of the rows", wrong[:5])
    ok(all(c["codec"] == "ZSTD" for g in head["groups"] for c in g["chunks"]), f"{what}: all pages are compressed with zstd")


# ---- the test ----

class Case:
    """One capture as both; made before anything large is read, since memory is inherited over fork."""

    def __init__(self, tmp, what, name, capture):
        self.what, self.name, self.label = what, name, f"{what} of {name}"
        self.text = Export(what, capture, "csv", f"{tmp}/{what}-{name}.csv")
        self.ours = Export(what, capture, "parquet", f"{tmp}/{what}-{name}.parquet")
        left = [p for p in os.listdir(tmp) if p.startswith(f"{what}-{name}.parquet.")]
        ok(self.ours.status == 0 and self.ours.told == self.text.told, f"{self.label}: exported, as much as CSV has", self.ours.told)
        ok(not left, f"{self.label}: nothing is left beside it", left)
        more = self.ours.rss_mib - self.text.rss_mib
        ok(more < MEMORY_MIB, f"{self.label}: not more than {MEMORY_MIB} MiB above CSV", more)
        print(f"# {self.label}: CSV {os.path.getsize(self.text.path)} bytes, Parquet {os.path.getsize(self.ours.path)}; "
              f"{self.text.rss_mib:.0f} and {self.ours.rss_mib:.0f} MiB")

    def hold(self, version):
        text = Text(self.text.path)
        if have("hyparquet") and have("hyparquet-compressors"):
            head, got = read("hyparquet", self.ours.path)
            compare(f"{self.label}, hyparquet", text, head, got)
            if head:
                describes(self.label, head, version)
                ranges(self.label, head, got)
                ok([g["rows"] for g in head["groups"]] == [min(GROUP, text.rows - at) for at in range(0, text.rows, GROUP)],
                   f"{self.label}: row groups of {GROUP}")
        if have("parquet-wasm") and have("apache-arrow"):
            compare(f"{self.label}, arrow", text, *read("arrow", self.ours.path))


def ways(tmp, capture):
    piped = subprocess.run([WEIR, "export", "flows", capture, "--format", "parquet"], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, check=False)
    Export("flows", capture, "parquet", f"{tmp}/again.parquet")
    ok(piped.returncode == 0 and piped.stdout == Path(f"{tmp}/again.parquet").read_bytes(), "a pipe gets the same bytes")
    nothing = Export("flows", "/dev/null", "parquet", f"{tmp}/again.parquet")
    ok(os.waitstatus_to_exitcode(nothing.status) == 2 and os.path.getsize(f"{tmp}/again.parquet") == len(piped.stdout),
       "what cannot be read replaces nothing", nothing.told)


def main():
    version = subprocess.run([WEIR, "version"], stdout=subprocess.PIPE, check=True).stdout.decode().split()[1]
    with tempfile.TemporaryDirectory() as tmp:
        captures = {"mixed": f"{tmp}/mixed.pcapng", "many": f"{tmp}/many.pcap"}
        mixed(captures["mixed"])
        many(captures["many"], GROUP + 5000)
        cases = [Case(tmp, what, name, path) for what in ("flows", "features") for name, path in captures.items()]
        for case in cases:
            case.hold(version)
        ways(tmp, captures["mixed"])
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
