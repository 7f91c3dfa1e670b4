#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""weir api over files: tables, objects of the shape of docs/schema/api.json, lines that are none; and no secret anywhere."""
import array
import fcntl
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import termios
import time

root = os.environ.get("WEIR_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
weir = os.environ.get("WEIR", os.path.join(root, "build", "weir"))
count = failed = 0


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + str(more)[:2000].replace("\n", "\n# "))


def run(*args, text=""):
    p = subprocess.run([weir, "api"] + list(args), input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def stopped(text):
    """A pipe that stays open, as of tail -f: SIGINT when its text has been read."""
    p = subprocess.Popen([weir, "api", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdin.write(text.encode())
    p.stdin.flush()
    left, began = array.array("i", [1]), time.monotonic()
    while left[0] and time.monotonic() - began < 60:
        time.sleep(0.05)
        fcntl.ioctl(p.stdin, termios.FIONREAD, left)
    p.send_signal(signal.SIGINT)
    try:
        p.wait(60)
    except subprocess.TimeoutExpired:
        p.kill()
    return p.wait(), p.stdout.read().decode(), p.stderr.read().decode()


def lines(n):
    """n requests of each form, with keys, queries and texts that nobody may see, and their times in ms."""
    rand = random.Random(7)
    out, times = [], []
    for i in range(n):
        ms = int(rand.lognormvariate(3, 1.5)) + 1
        times.append(ms)
        status = 200 if i % 10 else 503
        form = i % 4
        if form == 0:
            out.append("Feb  6 12:14:14 gw haproxy[1]: 10.0.1.%d:3000 [06/Feb/2009:12:14:14.655] in web/s1 0/0/0/1/%d %d 100 - - "
                       "---- 1/1/1/1/0 0/0 {SECRETkey%d} \"GET /users/%d/x?k=SECRET HTTP/1.1\"" % (i % 5, ms, status, i % 3, i))
        elif form == 1:
            out.append('10.0.1.%d - SECRETuser [10/Oct/2000:13:55:36 -0700] "GET /users/%d/x?SECRET HTTP/1.1" %d 100 "http://SECRET/" '
                       '"SECRET" %d.%03d' % (i % 5, i, status, ms // 1000, ms % 1000))
        elif form == 2:
            out.append(json.dumps({"ts": 1646861401.5, "request": {
                "remote_ip": "10.0.1.%d" % (i % 5), "remote_port": "9", "method": "GET", "host": "", "uri": "/users/%d/x?SECRET" % i,
                "headers": {"X-Api-Key": ["SECRET"], "Cookie": ["SECRET"]}}, "duration": ms / 1000, "size": 100, "status": status}))
        else:
            out.append(json.dumps({"client": "10.0.1.%d" % (i % 5), "method": "GET", "path": "/users/%d/x;SECRET" % i, "total_ms": ms,
                                   "status": status, "bytes_out": 100, "api_key": "SECRET", "body": "SECRET"}))
    return out, sorted(times)


def quantile(times, share):
    rank = share * len(times)
    return times[max(1, -int(-rank // 1)) - 1]


def main():
    n = 4000
    log, times = lines(n)
    text = "\n".join(log[:n // 2] + ["SECRET is no line of a log", "x" * 20000, ""] + log[n // 2:])
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "access.log")
        with open(path, "w") as f:
            f.write(text)
        status, table, said = run(path)
        ok(status == 0 and not said, "a log is read", said)
        ok(re.search(r"^4,000 requests, ", table), "every request is there", table)
        ok("2 lines could not be read\n" in table, "lines that are none are counted and told", table)
        ok(re.search(r"^  GET /users/\{id\}/x +4,000 +0\.0% +10\.0% ", table, re.M), "one route, with its answers", table)
        ok(max(map(len, table.splitlines())) <= 80, "80 columns")
        status, out, said = run("--json", path)
        rows = [json.loads(line) for line in out.splitlines()]
        total = rows[0]
        ok(total["statuses"] == [{"status": 503, "requests": n // 10}, {"status": 200, "requests": n - n // 10}],
           "statuses are exact", total)
        ok(total["bytes_out"] == 100 * n, "bytes are exact", total)
        for name, share in (("p50", .5), ("p95", .95), ("p99", .99)):
            want, got = quantile(times, share), total["total_ms"][name]
            ok(abs(got / want - 1) <= 0.02, "%s is %s, of all times sorted %s" % (name, got, want))
        for of in ("route", "consumer", "client"):
            ok(sum(r["requests"] for r in rows if r["of"] == of) == n, "all of %s add up" % of)
        ok(sum(1 for r in rows if r["of"] == "client") == 5, "five clients")
        few = [json.loads(line) for line in run("--json", "--top", "2", path)[1].splitlines()]
        ok(sum(r["requests"] for r in few if r["of"] == "client") == n and
           [r.get("rest") for r in few if r["of"] == "client"] == [None, None, "other"], "with --top the rest is in other", few)
        ok("SECRET" not in table + out, "no key, no query, no text of a header or a body is seen")
        ok(run("-", text=text)[1].split("\n")[0] == table.split("\n")[0], "standard input is as good")
        try:
            import jsonschema
            schema = jsonschema.Draft202012Validator(json.load(open(os.path.join(root, "docs", "schema", "api.json"))))
            wrong = [e.message for r in rows + few for e in schema.iter_errors(r)]
            ok(not wrong, "objects have the shape of the schema", wrong[:5])
        except ImportError:
            ok(True, "shape # SKIP python3-jsonschema is not installed")
        status, out, said = run(os.path.join(tmp, "none"))
        ok(status == 2 and "none: No such file" in said, "a file that is not there", said)
        status, out, said = run("-", text="nothing\n")
        ok(status == 1 and "no line of an access log" in said, "a file that is no log", said)
        status, out, said = stopped(log[0] + "\n")
        ok(status == 0 and out.startswith("1 request"), "Ctrl-C ends what never ends by itself, with the tables", out + said)
        status, out, said = run("--follow", path)
        ok(status == 2 and "name no files" in said, "files do not go with --follow", said)
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
