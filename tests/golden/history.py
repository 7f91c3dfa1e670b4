#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`weir history` over a file of two hours: the same numbers in every form, and as Python's own SQLite reads them."""
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

root = os.environ.get("WEIR_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
weir = os.environ.get("WEIR", os.path.join(root, "build", "weir"))
build = os.environ.get("WEIR_BUILD", os.path.dirname(weir))
count = failed = 0
file = None
last = 0  # the last second in it


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + str(more)[:1500].replace("\n", "\n# "))


def since(seconds):
    return ["--from", str(last - seconds), "--to", str(last + 1)]


def run(*args, at=None):
    done = subprocess.run([weir, "history", "--file", at or file] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, TZ="UTC"))
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def events(*args):
    status, out, error = run("--json", *args)
    if status:
        print("# %s: %s" % (args, error))
    return [json.loads(line) for line in out.splitlines()]


def statuses(tmp):
    nothing = os.path.join(tmp, "nothing.db")
    status, out, error = run(at=nothing)
    ok(status == 1 and error == "weir history: no history at %s: the daemon `weir run` writes it\n" % nothing and not out,
       "there is no history: status 1, and who would write it", error)
    for args, text in ((["--from", "yesterday"], "--from: 'yesterday' is no time"),
                       (["--to", "-2h"], "--from -1h is not before --to -2h"),
                       (["-r", "5m"], "--resolution: '5m' is none of auto, 1s, 1m, 1h"),
                       (["--top", "service"], "--top: 'service' is none of services, sources"),
                       (["--flows", "--rules"], "only one of --flows"),
                       (["--source", "192.0.2.1", "--protocol", "tcp"], "only one of --service"),
                       (["--flows", "--source", "me"], "--source: 'me' is no address"),
                       (["--flows", "--service", "web"], "like tcp/443@10.0.0.5"),
                       (["--serv"], "needs a value")):
        status, out, error = run(*args)
        ok(status == 2 and text in error and not out, "status 2: %s" % " ".join(args), error)
    status, out, error = run("--service", "tcp/1@10.0.0.5")
    ok(status == 1 and "holds nothing of service 'tcp/1@10.0.0.5'; there are for example 'tcp/100" in error,
       "a service that is not there: status 1, and some that are", error)
    junk = os.path.join(tmp, "junk.db")
    with open(junk, "wb") as f:
        f.write(b"junk" * 5000)
    status, out, error = run(at=junk)
    ok(status == 1 and "damaged" in error, "a damaged file: status 1", error)
    with sqlite3.connect(os.path.join(tmp, "newer.db")) as db:
        db.executescript("PRAGMA application_id=%d; PRAGMA user_version=99; CREATE TABLE x(y)" % 0x77656972)
    status, out, error = run(at=os.path.join(tmp, "newer.db"))
    ok(status == 3 and "newer weir (schema 99" in error, "a file of a newer weir: status 3", error)


def texts():
    wide, empty = [], []
    for args in (["--from", "-3h"], ["--from", "-3h", "-r", "1h"], since(120), ["--from", "-3h", "--top", "services"],
                 since(600) + ["-s", "tcp/1001@10.0.0.5"], ["--from", "-3h", "--incidents"], ["--from", "-3h", "--rules"],
                 since(300) + ["--flows", "--protocol", "udp"]):
        status, out, error = run(*args)
        if "::" not in out and "2001:db8" not in out:
            wide += [line for line in out.splitlines() if len(line) > 80]
        empty += [] if status == 0 and len(out.splitlines()) > 2 else [args, error]
    ok(not wide, "text fits 80 columns", "\n".join(wide))
    ok(not empty, "each form shows something", empty)
    status, out, error = run("--from", "-3h", "--flows", "--source", "192.0.2.99")
    ok(status == 0 and out == "nothing of that kind was there in that time\n", "no flow of that source: it says so", out + error)
    status, out, error = run("--from", "1970-01-01", "--to", "1971-01-01")
    ok(status == 0 and "nothing was counted in that time" in out, "a time without anything: it says so", out + error)
    status, out, error = run("--from", "-3h", "-r", "1h")
    rows = re.findall(r"^\d\d:00:00 .*?(#*)$", out, re.M)
    ok(2 <= len(rows) <= 4 and "#" * 14 in rows and "\ntogether " in out, "hours, with bars, and the sum", out)


def numbers(db):
    def sql(text):
        return db.execute(text).fetchone()

    wanted = sql("SELECT sum(packets), sum(bytes), sum(dropped) FROM rollup WHERE kind='total' AND res=1")
    for period in ("1s", "1m", "1h"):
        got = events("--from", "0", "-r", period)
        sums = tuple(sum(e[k] for e in got) for k in ("packets", "bytes", "dropped"))
        ok(sums == wanted, "%s: %d periods have the sums that SQL finds" % (period, len(got)), (sums, wanted))
    ok(len(events("--from", "0", "-r", "1s")) == 7200, "each second of two hours is there")
    top = events("--from", "0", "--top", "services")
    ok([(e["key"], e["bytes"]) for e in top] ==
       db.execute("SELECT key, sum(bytes) AS b FROM rollup WHERE kind='service' AND res=1 GROUP BY key ORDER BY b DESC").fetchall(),
       "--top is the order that SQL finds")
    flows = events("--from", "0", "--flows")
    ok(len(flows) == sql("SELECT sum(rows) FROM flow_block")[0] == 7200 * 5, "all flows are there")
    some = flows[1234]
    key = "%s/%d@%s" % (some["proto"].lower(), some["dest_port"], some["dest_ip"])
    for args, matches in (
            (["--source", some["src_ip"]], lambda f: f["src_ip"] == some["src_ip"]),
            (["--service", key], lambda f: (f["dest_ip"], f["dest_port"]) == (some["dest_ip"], some["dest_port"])),
            (["--protocol", "17"], lambda f: f["ip_proto"] == 17),
            (["--interface", "eth1"], lambda f: f["in_iface"] == "eth1"),
            (["--source", some["src_ip"], "--service", key],
             lambda f: (f["src_ip"], f["dest_ip"], f["dest_port"]) == (some["src_ip"], some["dest_ip"], some["dest_port"])),
            (["--from", some["timestamp"]], lambda f: f["timestamp"] >= some["timestamp"]),
            (["--to", some["flow"]["start"]], lambda f: f["flow"]["start"] < some["flow"]["start"])):
        ok(events("--from", "0", "--flows", *args) == [f for f in flows if matches(f)], "--flows %s: those and no others" % " ".join(args))


def shapes():
    try:
        import jsonschema
    except ImportError:
        ok(True, "schema # SKIP python3-jsonschema is not installed")
        return
    schema = jsonschema.Draft202012Validator(json.load(open(os.path.join(root, "docs", "schema", "history.json"))))
    schema.check_schema(schema.schema)
    seen, wrong, keys = set(), [], set()
    for args in (since(600), ["--from", "0", "--top", "services"], since(60) + ["-s", "tcp/1001@10.0.0.5"],
                 since(120) + ["--flows"], ["--from", "0", "--incidents"], ["--from", "0", "--rules"]):
        for event in events(*args):
            seen.add(event["event_type"])
            keys |= set(event) | set(event.get("flow", {}))
            wrong += [e.message for e in schema.iter_errors(event)]
    ok(not wrong, "what it prints has the shape of docs/schema/history.json", "\n".join(wrong[:5]))
    ok(seen == {"history", "flow", "incident", "rule"}, "of each kind", seen)
    told = set(re.findall(r"[a-z0-9_]+", open(os.path.join(root, "docs", "events.md")).read()))
    ok(keys <= told, "every key is told in docs/events.md", keys - told)


def hostile(db):
    """Names that strangers chose, and tables that somebody filled by hand."""
    db.execute("INSERT INTO incident VALUES(7, 5000000000, NULL, 'x', 'low', '\x1b[2Jevil', 'a\nb', 'no json')")
    db.execute("INSERT INTO incident VALUES(8, 5000000000, NULL, 'x', 'low', 't', '', '{\n \"a\": 1}')")
    db.commit()
    status, out, error = run("--from", "0", "--to", "10", "--incidents")
    ok(status == 0 and "\x1b" not in out and ".[2Jevil" in out and "a.b" in out, "control characters do not reach the terminal", out)
    got = events("--from", "0", "--to", "10", "--incidents")
    ok([e["evidence"] for e in got] == ["no json", {"a": 1}], "evidence is JSON in any case", got)


def documents(db):
    text = open(os.path.join(root, "docs", "history.md")).read()
    queries = re.findall(r"```sql\n(.*?)```", text, re.S)
    ok(len(queries) >= 4, "docs/history.md has queries")
    for query in queries:
        query = query.replace("tcp/443@10.0.0.5", "tcp/1001@10.0.0.5").replace("'source'", "'service'").replace("'rule'", "'service'")
        rows = db.execute(query).fetchall()
        ok(rows, "it finds something: %s..." % query[:50].replace("\n", " "))
    for table, columns in re.findall(r"^\| `(\w+)`[^|]*\|[^|]*?((?:`\w+`[^`|]*)+)\|$", text, re.M):
        named = set(re.findall(r"`(\w+)`", columns))
        there = {row[1] for row in db.execute("PRAGMA table_info(%s)" % table)}
        ok(named <= there and there <= named | {"level"}, "the columns of %s are as told" % table, (named, there))


def main():
    global file, last
    maker = os.path.join(build, "store_bench")
    with tempfile.TemporaryDirectory() as tmp:
        file = os.path.join(tmp, "history.db")
        subprocess.run([maker, file, "3", "7200", "5"], check=True, stdout=subprocess.DEVNULL)
        db = sqlite3.connect(file)
        now = time.time_ns()
        last = db.execute("SELECT max(t) FROM rollup WHERE res=1").fetchone()[0]
        db.execute("INSERT INTO incident VALUES(1, ?, NULL, 'syn_flood', 'high', 'tcp/443@10.0.0.5', 'a text', '[{\"name\":\"syn/s\"}]')",
                   (now - 60 * 10**9,))
        db.execute("INSERT INTO rule VALUES(1, ?, ?, 1, 'block', 'shadow', 'from 192.0.2.1')", (now - 50 * 10**9, now + 10**12))
        db.commit()
        statuses(tmp)
        texts()
        numbers(db)
        shapes()
        documents(db)
        hostile(db)
        db.close()
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
