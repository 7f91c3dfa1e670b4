#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A day made up from a seed (bench/day), in an hour: with flash crowds, a backup, deploys and restarts nobody is alarmed, and of one
attack of each class nearly all are found; those that are made alone all are. The long form is bench/detect-days.

WEIR  the program (build/weir), DAY  the generator (build/day)
"""
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(os.environ.get("WEIR_SRC", Path(__file__).resolve().parent.parent.parent))
WEIR = os.environ.get("WEIR", str(TOP / "build/weir"))
DAY = os.environ.get("DAY", str(TOP / "build/day"))
FOUND_LEAST, NAMED_LEAST = 29, 28  # of 31, measured: 30 and 30
USUAL_SEED, ATTACK_SEED = 1, 1
count = failed = 0


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + more.replace("\n", "\n# "))


def make(tmp, name, *options):
    done = subprocess.run([DAY, "--name", name, "--length", "3600", "--rate", "0.4", *options, tmp], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print("# " + done.stderr)


def play(tmp, name):
    done = subprocess.run([WEIR, "score", "--json", f"{tmp}/{name}.pcap"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ok(done.returncode == 0, f"{name}: it is played", done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def alone(tmp, events):
    """Kinds that need something usual before them: no day has them."""
    asked = subprocess.run([DAY, "--only", "tide", tmp], stderr=subprocess.PIPE, text=True)
    ok(asked.returncode == 2, "an attack that there is not: 2")
    kinds = asked.stderr.partition("only by --only:")[2].split()
    ok(len(kinds) > 3 and not {e[1] for e in events} & {"exfil", "rogue_dhcp", "rogue_ra"}, "what is made alone is in no day: " + " ".join(kinds))
    for kind in kinds:
        make(tmp, kind, "--only", kind)
        lines = play(tmp, kind)
        got = [(e["found"], e["named"]) for e in lines if e["event_type"] == "score_event"]
        ok(got == [(True, True)] and not any(e["event_type"] == "score_alarm" for e in lines), f"{kind}: found and named, and nothing else is", str(got))


def main():
    with tempfile.TemporaryDirectory() as tmp:
        for name in ("usual", "again"):
            make(tmp, name, "--seed", str(USUAL_SEED))
        same = all(Path(f"{tmp}/usual{end}").read_bytes() == Path(f"{tmp}/again{end}").read_bytes() for end in (".pcap", ".events.tsv"))
        ok(same, "the same seed gives the same bytes")
        lines = play(tmp, "usual")
        alarms = ["%.1f s: %s at %s" % (e["t_start"], e["class"], e["victim"]) for e in lines if e["event_type"] == "score_alarm"]
        c = next(e for e in lines if e["event_type"] == "score_capture")
        ok(not alarms and not c["false_alarms_warmup"], "crowds, a backup, deploys and restarts are no alarm", "\n".join(alarms))
        make(tmp, "attacked", "--seed", str(ATTACK_SEED), "--attacks")
        labels = gzip.decompress(Path(f"{tmp}/attacked.lab.gz").read_bytes())
        events = [line.split("\t") for line in Path(f"{tmp}/attacked.events.tsv").read_text().splitlines()[1:]]
        ok(all(labels.count(int(e[0])) == int(e[5]) for e in events if e[0] != "0"), "each event has as many labels as its table says")
        got = [e for e in play(tmp, "attacked") if e["event_type"] == "score_event"]
        missed = "\n".join("%s: %s" % (e["class"], "called " + e["first"] if e["found"] else "missed") for e in got if not e["named"])
        found, named = (sum(e[what] for e in got) for what in ("found", "named"))
        ok(found >= FOUND_LEAST and named >= NAMED_LEAST, "of %d attacks %d are found, %d named" % (len(got), found, named), missed)
        alone(tmp, events)
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
