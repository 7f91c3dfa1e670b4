#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How good detection is on labelled captures: not worse than tests/golden/score.tsv says, and `weir score` counts as the
reference scorer does that comes with the data.

WEIR       the program (build/weir)
WEIR_DATA  the test data (../shared/data): detect/ and score.py

Two things are told to the reference in its own words: findings that are only information are not alerts, and a victim
told in words ("DHCP server") is any, as "see note" is.
"""
import csv
import gzip
import ipaddress
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = Path(os.environ.get("WEIR_SRC", HERE.parent.parent))
DATA = Path(os.environ.get("WEIR_DATA", TOP / "../shared/data"))
WEIR = os.environ.get("WEIR", str(TOP / "build/weir"))
FLOODS = "floods of "
if not (DATA / "detect").is_dir():
    print("1..0 # SKIP no labelled captures: WEIR_DATA")
    sys.exit(0)

count = failed = 0


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + more.replace("\n", "\n# "))


def rows(path):
    with open(path) as f:
        return list(csv.DictReader((line for line in f if not line.startswith("#")), delimiter="\t"))


def events_of(lines):
    """{capture: {"capture": ..., "events": [...], "alarms": [...]}} and {of: sum}"""
    captures, sums = {}, {}
    for e in lines:
        if e["event_type"] == "score":
            sums[e["of"]] = e
            continue
        one = captures.setdefault(e["capture"], {"events": [], "alarms": []})
        {"score_event": one["events"].append, "score_alarm": one["alarms"].append,
         "score_capture": lambda x, one=one: one.update(capture=x)}[e["event_type"]](e)
    return captures, sums


# ---- the reference ----

def is_address(text):
    """Does a victim begin with an address, or a prefix?"""
    text = text.split(" ")[0]
    for t in (text, text.rsplit(":", 1)[0].strip("[]")):
        try:
            ipaddress.ip_network(t, strict=False)
            return True
        except ValueError:
            pass
    return False


def write_events(tmp, name, at):
    """Its events, with the columns that score.py reads."""
    own = at / (name + ".events.tsv")
    lines = rows(own) if own.exists() else [e for e in rows(at / "events.tsv") if e["capture"] == name]
    path = tmp / (name + ".events.tsv")
    with open(path, "w") as f:
        f.write("event\tclass\tvictim\tstart_s\tend_s\tpackets\n")
        for e in lines:
            victim = e.get("victim") or e.get("victims")
            f.write("\t".join([e["event"], e["class"], victim if is_address(victim) else "see note", e["start_s"],
                               e["end_s"], e["packets"]]) + "\n")
    return path


def reference(tmp, name):
    at = next(d for d in (DATA / "detect/scenarios", DATA / "detect/captures") if (d / (name + ".lab.gz")).exists())
    alerts = [line for line in open(tmp / (name + ".alerts.tsv")) if "\tinfo\t" not in line]
    (tmp / (name + ".real.tsv")).write_text("".join(alerts))
    with gzip.open(tmp / (name + ".v.gz"), "wb", 1) as f:
        f.write((tmp / (name + ".verdicts")).read_bytes())
    warmup = "600" if at.name == "scenarios" else "0"
    out = tmp / (name + ".json")
    subprocess.run([sys.executable, DATA / "score.py", "--warmup", warmup, "--json", out, write_events(tmp, name, at),
                    at / (name + ".win.tsv.gz"), tmp / (name + ".real.tsv"), tmp / (name + ".v.gz"),
                    at / (name + ".lab.gz")], check=True, stdout=subprocess.DEVNULL)
    return json.loads(out.read_text())


def differences(ours, theirs, ambiguous=0.002):
    """Times stand in tables of milliseconds."""
    c, out = ours["capture"], []

    def same(what, a, b, tolerance=0.0):
        if (a is None) != (b is None) or (a is not None and abs(a - b) > tolerance):
            out.append("%s: %s, the reference says %s" % (what, a, b))

    for what in ("tp", "fp", "fn", "tn"):
        same(what, c["windows"][what], theirs["window"][what])
    same("false alarms", c["false_alarms"], theirs["false_alarms"])
    same("false alarms of the warm-up", c["false_alarms_warmup"], theirs["false_alarms_warmup"])
    same("events", len(ours["events"]), len(theirs["rows"]))
    same("usual packets kept out", c["usual"]["share"], theirs["mitigation"]["benign_drop"], 1e-9)
    by_number = {r["event"]: r for r in theirs["rows"]}
    for e in ours["events"]:
        r = by_number[e["event"]]
        what = "event %d: " % e["event"]
        same(what + "found", e["found"], r["detected"])
        same(what + "named", e["named"], r["named"])
        same(what + "found_s", e.get("found_s"), r["ttd"], ambiguous)
        same(what + "named_s", e.get("named_s"), r["ttd_named"], ambiguous)
        same(what + "kept out", e["kept_out"], theirs["mitigation"]["attack_drop"].get(str(e["event"]), 0), 1e-4)
        if e["found"] and e["first"] != r["first_class"]:
            out.append("%scalled %s, the reference says %s" % (what, e["first"], r["first_class"]))
    return out


# ---- tests ----

def shape(lines):
    try:
        import jsonschema
    except ImportError:
        ok(True, "the shape of the output # SKIP python3-jsonschema is not installed")
        return
    schema = jsonschema.Draft202012Validator(json.load(open(TOP / "docs/schema/score.json")))
    wrong = ["%s: %s" % (json.dumps(e)[:200], w.message) for e in lines for w in schema.iter_errors(e)]
    ok(not wrong, "%d objects have the shape of docs/schema/score.json" % len(lines), "\n".join(wrong[:5]))


def keys_of(value, into):
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        keys_of(below, into)
    into.update(value if isinstance(value, dict) else ())


def told(lines):
    keys = set()
    keys_of(lines, keys)
    words = set(re.findall(r"[a-z0-9_]+", (TOP / "docs/events.md").read_text()))
    ok(keys <= words, "every key is told in docs/events.md", ", ".join(sorted(keys - words)))


def flood_floors(sums, least):
    for r in least:
        floods = sums[r["capture"].removeprefix(FLOODS)]["floods"]
        got = floods["found"], floods["kept_out"]["value"], floods["kept_out_since"]["value"]
        ok(got[0] >= int(r["found"]) and got[1] >= float(r["kept_out"]) and got[2] >= float(r["since"]),
           "%s: %d of %d found, %.3f of one's packets kept out, %.3f from the first on" % (r["capture"], got[0], floods["events"], *got[1:]))


def floors(captures, sums):
    least = {r["capture"]: r for r in rows(HERE / "score.tsv")}
    flood_floors(sums, [least.pop(name) for name in sorted(least) if name.startswith(FLOODS)])
    ok(set(least) <= set(captures), "all captures of score.tsv are there", ", ".join(sorted(set(least) - set(captures))))
    for name, floor in sorted(least.items()):
        events = captures.get(name, {"events": []})["events"]
        n = [sum(e[what] for e in events) for what in ("found", "named")]
        ok(n[0] >= int(floor["found"]) and n[1] >= int(floor["named"]),
           "%s: %d of %d events found, %d named" % (name, n[0], len(events), n[1]),
           "\n".join("%s at %s: %s" % (e["class"], e["victim"], "called " + e["first"] if e["found"] else "missed")
                     for e in events if not e["named"]))
        if floor["kept_out"]:
            kept = sum(e["kept_out"] for e in events) / len(events)
            ok(kept >= float(floor["kept_out"]), "%s: %.3f of an event's packets kept out" % (name, kept))


def alarms(captures):
    told = ["%s at %.1f s: %s at %s" % (a["capture"], a["t_start"], a["class"], a["victim"])
            for c in captures.values() for a in c["alarms"]]
    ok(not told, "no false alarm in %d captures" % len(captures), "\n".join(told))
    warm = [n for n, c in captures.items() if c["capture"]["false_alarms_warmup"]]
    ok(not warm, "nor while warming up", ", ".join(warm))
    hurt = [n for n, c in captures.items() if not c["events"] and c["capture"]["usual"]["kept_out"]]
    ok(not hurt, "no packet of a capture without an attack is kept out", ", ".join(hurt))
    hurt = [n for n, c in captures.items() if c["capture"]["usual"]["share"] > 0.001]
    ok(not hurt, "nor more than one in a thousand usual ones of any other", ", ".join(hurt))


def main():
    with tempfile.TemporaryDirectory() as name:
        tmp = Path(name)
        done = subprocess.run([WEIR, "score", "--json", "--auto", "enforce", "--out", tmp, DATA / "detect"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ok(done.returncode == 0, "weir score plays them all", done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        captures, sums = events_of(lines)
        shape(lines)
        told(lines)
        floors(captures, sums)
        alarms(captures)
        if not (DATA / "score.py").exists():
            ok(True, "the reference scorer # SKIP it is not there")
        else:
            with ThreadPoolExecutor(2) as pool:
                # Of the others there is little to count: no event, no alarm.
                names = [n for n, c in captures.items() if c["events"] or c["alarms"] or c["capture"]["warm"]]
                all_of_them = list(pool.map(lambda n: (n, reference(tmp, n)), names))
            wrong = ["%s: %s" % (n, d) for n, r in all_of_them for d in differences(captures[n], r)]
            ok(not wrong, "%d captures: the reference scorer counts the same" % len(names), "\n".join(wrong[:20]))
        total = sums.get("all")
        events = [e for c in captures.values() for e in c["events"]]
        ok(total and total["found"] == sum(e["found"] for e in events) and total["events"] == len(events)
           and total["found_share"]["low"] <= total["found_share"]["value"] <= total["found_share"]["high"],
           "the sum is that of the captures")
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
