#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The front over HTTP: routes, headers, who may ask, limits, streams, and a core that is slow, wrong or gone."""
import gzip
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

here = os.path.dirname(os.path.abspath(__file__))
build = os.environ.get("WEIR_BUILD", os.path.join(here, "..", "..", "build"))
TOKEN = "correct-horse-battery"
count = failed = 0


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what), flush=True)
    if not good and more:
        print("# " + str(more).replace("\n", "\n# "))


def skip(why):
    global count
    count += 1
    print("ok %d # SKIP %s" % (count, why))


def wait_for(condition, seconds=20):
    end = time.time() + seconds
    while not condition():
        if time.time() > end:
            return False
        time.sleep(0.05)
    return True


class Scene:
    """A core that plays one and a front before it."""

    def __init__(self, core=(), front=()):
        self.dir = tempfile.mkdtemp(prefix="wr-front-")
        at = os.path.join(self.dir, "control.sock")
        self.core = subprocess.Popen([sys.executable, os.path.join(here, "fake_core.py"), at, *core])
        if not wait_for(lambda: os.path.exists(at)):
            raise RuntimeError("the core does not start")
        if "--listen" not in front:
            front = ("--listen", "127.0.0.1:0", *front)
        self.front = subprocess.Popen([os.path.join(build, "front"), at, *front], stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r":(\d+)/", self.front.stdout.readline()).group(1))

    def get(self, path, headers=None, method="GET", tls=None):
        c = http.client.HTTPSConnection("localhost", self.port, timeout=30, context=tls) if tls else \
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        c.request(method, path, headers=headers or {})
        r = c.getresponse()
        r.body = r.read()
        c.close()
        return r

    def rows(self, path):
        r = self.get(path)
        return r.status, [json.loads(line) for line in r.body.splitlines()]

    def count(self):
        return self.rows("/api/front")[1][0]

    def stream(self, views, buffer=None):
        s = socket.socket()
        if buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        s.settimeout(20)
        s.connect(("127.0.0.1", self.port))
        s.sendall(("GET /api/stream?views=%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % views).encode())
        return s

    def end(self):
        for p in (self.front, self.core):
            if p.poll() is None:
                p.terminate()
            p.wait()
        self.front.stdout.close()
        shutil.rmtree(self.dir)


def until(s, text, seconds=20):
    """Reads a stream until all of it holds the text."""
    got, end = b"", time.time() + seconds
    while text not in got and time.time() < end:
        more = s.recv(65536)
        if not more:
            break
        got += more
    return got


def dechunked(raw):
    text, size = b"", -1
    while raw and size:
        size, _, rest = raw.partition(b"\r\n")
        size = int(size, 16)
        text += rest[:size]
        raw = rest[size + 2:]
    return text


def events(raw):
    """Server-sent events as (view, objects), of an answer from its beginning; what is not whole yet is left out."""
    for block in dechunked(raw.split(b"\r\n\r\n", 1)[1]).split(b"\n\n")[:-1]:
        lines = block.decode().split("\n")
        data = [line[6:] for line in lines[1:] if line.startswith("data: ")]
        yield lines[0][7:], [json.loads(d) for d in data]


def rights(scene):
    status = dict(line.split(":\t", 1) for line in open("/proc/%d/status" % scene.front.pid).read().splitlines() if ":\t" in line)
    ok(os.geteuid() != 0 or status["Uid"].split()[1] != "0", "what answers strangers is not root", status["Uid"])
    ok(int(status["CapEff"], 16) == 0 and status["NoNewPrivs"] == "1", "it has no capability and can get none", status["CapEff"])
    ok(status.get("Seccomp") == "2", "and few system calls", status.get("Seccomp"))


def headers(scene):
    r = scene.get("/")
    policy = r.headers["Content-Security-Policy"] or ""
    ok(r.status == 200 and r.headers["Content-Type"] == "text/html; charset=utf-8", "the page", r.status)
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:",
                 "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
        ok(part in policy.split("; "), "the policy has %s" % part, policy)
    ok("unsafe" not in policy, "the policy allows nothing unsafe")
    for path in ("/", "/api/stats", "/api/nothing", "/nothing", "/metrics"):
        r = scene.get(path)
        ok(r.headers["X-Content-Type-Options"] == "nosniff" and r.headers["Referrer-Policy"] == "no-referrer" and
           r.headers["Content-Security-Policy"] == policy, "%s (%d) has the same headers" % (path, r.status))
    ok(scene.get("/api/stats").headers["Cache-Control"] == "no-store", "answers of the core are not kept")


def assets(scene):
    plain, packed = scene.get("/app.js"), scene.get("/app.js", {"Accept-Encoding": "gzip, br"})
    ok(packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == plain.body,
       "a script comes compressed when that is accepted, and is the same")
    ok(plain.headers["Content-Encoding"] is None, "and as it is when not")
    tag = plain.headers["ETag"]
    again = scene.get("/app.js", {"If-None-Match": tag})
    ok(again.status == 304 and not again.body, "what the browser has is not sent again", again.status)
    index = scene.get("/").body.decode()
    names = re.findall(r'(?:src|href)="([^"#]+)"', index)
    seen = set()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        r = scene.get("/" + name)
        ok(r.status == 200, "the page's %s is there" % name, r.status)
        names += re.findall(r'from "\./([^"]+)"', r.body.decode())
    ok(not re.search(r"https?://(?!www\.w3\.org/2000/svg)", "".join(
        scene.get("/" + name).body.decode() for name in seen if name != "dygraph.min.js") + index),
       "no file of the page names another host")
    ok(not re.search(r"<script(?![^>]* src=)|\son[a-z]+=|style=", index), "nothing is inline in the page")
    for path in ("/../etc/passwd", "/app.js/", "/.git/config", "//", "/api"):
        ok(scene.get(path).status == 404, "%s is not there" % path)


def methods(scene):
    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
        r = scene.get("/api/stats", method=method)
        ok(r.status == 405 and r.headers["Allow"] == "GET", "%s is not served" % method, r.status)


def hosts(scene):
    for host in ("localhost", "127.0.0.1:%d" % scene.port, "[::1]:9347", "LOCALHOST"):
        ok(scene.get("/api/stats", {"Host": host}).status == 200, "asked for as %s" % host)
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", ""):
        r = scene.get("/", {"Host": host})
        ok(r.status in (400, 403), "not as '%s'" % host, r.status)
    s = socket.create_connection(("127.0.0.1", scene.port), 10)
    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    ok(b" 403 " in s.recv(100), "nor without a name")
    s.close()


def views(scene):
    for view in ("status", "stats", "services", "talkers", "protocols", "interfaces", "flows", "drops", "ledger", "history", "rules", "incidents", "learned", "classes"):
        status, rows = scene.rows("/api/" + view)
        ok(status == 200 and rows and all("event_type" in row for row in rows), "/api/%s" % view, status)
    for view in ("reload", "config", "subscribe", "metrics", "", "flows/x", "flows%0areload"):
        ok(scene.get("/api/" + view).status == 404, "/api/%s is not asked for here" % view)
    status, rows = scene.rows("/api/dump?count=3&filter=tcp")
    ok(status == 200 and [row["event_type"] for row in rows] == ["packet"] * 3 + ["dump"], "/api/dump: the last packets", rows)
    ok(scene.get("/api/dump?form=frames").status == 403, "but not their bytes")
    status, rows = scene.rows("/api/services?top=2&series=5")
    ok(len(rows) == 2 and len(rows[0]["series"]["in_bytes"]) == 5, "keys are passed on")
    status, rows = scene.rows("/api/flows?filter=tcp%20port%20443")
    ok(status == 200 and rows and all(row["dest_port"] == 443 for row in rows), "blanks in a filter, too")
    status, rows = scene.rows("/api/flows?filter=bad(")
    ok(status == 400 and rows[0]["error"] == "filter 'bad(': syntax error", "an error of the core is passed on", rows)
    status, rows = scene.rows("/api/stats?filter=x%0areload")
    ok(status == 200 and len(rows) == 1, "a newline in a value is no second request", rows)
    status, rows = scene.rows("/api/stats?nonsense=1")
    ok(status == 400 and "nonsense" in rows[0]["error"], "a key that the core does not know", rows)
    ok(scene.get("/api/stats?top%0a=1").status == 400, "a key that is no word")
    ok(scene.get("/api/flows?filter=" + "x" * 5000).status == 414, "a request that is too long")
    ok(scene.get("/api/flows?filter=huge&top=10000").status == 502, "an answer that is too large")
    ok(scene.rows("/api/stats")[0] == 200, "and after it the next one")


def metrics(scene):
    r = scene.get("/metrics")
    ok(r.status == 200 and r.headers["Content-Type"].startswith("text/plain; version=0.0.4") and b"weir_packets_total" in r.body,
       "metrics", r.headers["Content-Type"])
    r = scene.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0,text/plain;q=0.5"})
    ok(r.headers["Content-Type"].startswith("application/openmetrics-text"), "and as OpenMetrics", r.headers["Content-Type"])


def streams(scene):
    s = scene.stream("stats,drops,ledger")
    got = until(s, b"", 0) + until(s, b"event: ledger")
    got += until(s, b"event: stats") + until(s, b"event: ledger") + until(s, b"event: stats")
    head = got.split(b"\r\n\r\n")[0].decode()
    ok("200 OK" in head and "Content-Type: text/event-stream" in head and "no-store" in head, "a stream", head)
    seen = list(events(got))
    names = {view for view, _ in seen}
    ok(names == {"stats", "drops", "ledger"}, "has the views that were asked for, and no others", names)
    windows = [rows[0]["window"] for view, rows in seen if view == "stats"]
    ok(len(windows) > 1 and windows == sorted(set(windows)), "each window once, in order", windows)
    ok(all(len(rows) == 2 for view, rows in seen if view == "ledger"), "a view's objects are one event")
    other = scene.stream("services")
    ok(b"event: services" in until(other, b"event: services"), "another stream has its own views")
    ok(scene.rows("/api/status")[1][0]["clients"]["open"] == 2, "two streams, one subscription: two connections to the core")
    s.close()
    other.close()
    ok(wait_for(lambda: scene.count()["streams"]["now"] == 0), "streams end when their readers go", scene.count())
    for views_ in ("", "stats,nonsense", "config"):
        ok(scene.get("/api/stream?views=" + views_).status == 400, "no stream of '%s'" % views_)
    ok(scene.get("/api/stream").status == 400, "no stream of nothing")


def quiet(scene):
    s = scene.stream("stats,services")
    got = until(s, b"event: services") + until(s, b"event: stats")
    ok(("services", []) in list(events(got)), "a view without rows is told", got[-300:])
    s.close()


def crowd(scene):
    all_of_them = [scene.stream("stats") for _ in range(32)]
    ok(all(b"event: stats" in until(s, b"event: stats") for s in all_of_them), "32 streams")
    s = scene.stream("stats")
    ok(b" 503 " in s.recv(200), "not one more")
    ok(scene.rows("/api/stats")[0] == 200, "other requests are still answered")
    ok(scene.count()["streams"]["refused"] == 1, "it is counted")
    for one in [s, *all_of_them]:
        one.close()
    ok(wait_for(lambda: scene.count()["streams"]["now"] == 0), "and there is room again")


def slow():
    scene = Scene(core=("--window", "0.1"))
    stuck = scene.stream("services,talkers,protocols,interfaces", buffer=4096)
    reader = scene.stream("stats")
    got = []
    threading.Thread(target=lambda: got.append(until(reader, b"nothing of the kind", 15)), daemon=True).start()
    ok(wait_for(lambda: scene.count()["streams"]["dropped"] == 1, 60), "a reader that reads nothing is dropped and counted",
       scene.count())
    ok(wait_for(lambda: scene.count()["streams"]["now"] == 1), "its place is free", scene.count())
    ok(wait_for(lambda: got, 40), "the other reader goes on")
    rounds = [rows[0]["round"] for view, rows in events(got[0]) if view == "stats"]
    ok(len(rounds) > 20 and rounds == list(range(rounds[0], rounds[0] + len(rounds))), "and misses nothing", rounds)
    stuck.close()
    reader.close()
    scene.end()


def late(result):
    scene = Scene()
    begun = time.time()
    result["answer"] = scene.rows("/api/flows?filter=never")
    result["seconds"] = time.time() - begun
    scene.end()


def gone():
    scene = Scene()
    scene.core.terminate()
    try:
        scene.front.wait(20)
    except subprocess.TimeoutExpired:
        pass
    ok(scene.front.poll() == 0, "without a core the front ends", scene.front.poll())
    scene.end()


def token():
    scene = Scene(front=("--token", TOKEN))
    ok(scene.get("/").status == 200, "with a token: the page itself is open")
    for path in ("/api/stats", "/api/front", "/metrics", "/api/login", "/api/stream?views=stats"):
        r = scene.get(path)
        ok(r.status == 401 and "Bearer" in (r.headers["WWW-Authenticate"] or ""), "%s is not" % path, r.status)
    ok(scene.get("/api/stats", {"Authorization": "Bearer wrong" + TOKEN}).status == 401, "a wrong token")
    ok(scene.get("/api/stats", {"Cookie": "weir=" + TOKEN}).status == 401, "the token is no cookie")
    shown = {"Authorization": "Bearer " + TOKEN}
    ok(scene.get("/api/stats", shown).status == 200 and scene.get("/metrics", shown).status == 200, "the right one")
    r = scene.get("/api/login", shown)
    cookie = r.headers["Set-Cookie"] or ""
    ok(r.status == 204 and "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in cookie,
       "a session for the browser; the token is not in it", cookie)
    ok(scene.get("/api/stats", {"Cookie": cookie.split(";")[0]}).status == 200, "the session is enough")
    scene.end()


def refused():
    at = os.path.join(tempfile.gettempdir(), "wr-front-nowhere")
    scene = Scene()
    at = os.path.join(scene.dir, "control.sock")
    for listen, more in (("0.0.0.0:0", ()), ("[::]:0", ("--token", TOKEN)), ("nonsense", ()), ("127.0.0.1:0", ("--token", "short")),
                         ("127.0.0.1:0", ("--cert", "/nonexistent", "--key", "/nonexistent"))):
        p = subprocess.run([os.path.join(build, "front"), at, "--listen", listen, *more], capture_output=True, text=True, timeout=30)
        ok(p.returncode in (1, 2) and not p.stdout and p.stderr.startswith("front: ") and "page" in p.stderr, "refused: %s" % p.stderr.strip(), p)
    p = subprocess.run([os.path.join(build, "front"), at, "--listen", "127.0.0.1:%d" % scene.port], capture_output=True, text=True,
                       timeout=30)
    ok(p.returncode == 1 and "Address already in use" in p.stderr, "a port that is taken: %s" % p.stderr.strip())
    scene.end()


def changes():
    shown = {"Authorization": "Bearer " + TOKEN}
    drop = "/api/rule?do=shadow&text=x:%20drop%20from%20192.0.2.77"

    def names(scene):
        return [json.loads(line)["rule_id"] for line in scene.get("/api/rules", shown).body.splitlines()[:-1]]

    scene = Scene(front=("--token", TOKEN))
    r = scene.get(drop, shown, method="POST")
    ok(r.status == 403 and b"set page.change = yes" in r.body, "changes are off: 403, and what to configure", r.body)
    ok(json.loads(scene.get("/api/front", shown).body)["change"] is False, "and the page is told so")
    scene.end()
    scene = Scene(front=("--token", TOKEN, "--change"))
    host = "127.0.0.1:%d" % scene.port
    cookie = {"Cookie": (scene.get("/api/login", shown).headers["Set-Cookie"] or "").split(";")[0]}
    for what, head, status in (
            ("without a token", {}, 401), ("with a wrong one", {"Authorization": "Bearer wrong-wrong-wrong-wrong"}, 401),
            ("with the cookie alone", cookie, 401),
            ("from another's page", {**shown, "Origin": "http://evil.example"}, 403),
            ("from a page without an origin", {**shown, "Origin": "null"}, 403),
            ("from another port of this host", {**shown, "Origin": "http://127.0.0.1:1"}, 403),
            ("as by TLS, which is not spoken", {**shown, "Origin": "https://" + host}, 403),
            ("from the same site only", {**shown, "Sec-Fetch-Site": "same-site"}, 403),
            ("from across sites", {**shown, "Sec-Fetch-Site": "cross-site"}, 403),
            ("by another name", {**shown, "Host": "evil.example", "Origin": "http://evil.example"}, 403)):
        r = scene.get(drop, head, method="POST")
        ok(r.status == status, "a change %s: %d" % (what, status), "%d %s" % (r.status, r.body))
    ok(names(scene) == ["scan", "ghost", "web"], "nothing has changed by these", names(scene))
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        r = scene.get(drop, shown, method=method)
        ok(r.status == 405 and r.headers["Allow"] == "POST", "a change by %s is none" % method, r.status)
    ok(scene.get("/api/stats", shown, method="POST").status == 405, "and POST is for changes alone")
    r = scene.get(drop, {**shown, "Origin": "http://" + host, "Sec-Fetch-Site": "same-origin"}, method="POST")
    ok(r.status == 200 and json.loads(r.body)["do"] == "shadow", "from the page, with the token, it is made", r.body)
    ok(names(scene)[-1:] == ["x"], "and is there", names(scene))
    ok(scene.get("/api/rule?do=enforce&text=x", shown, method="POST").status == 200, "and so is one by a program, with the token")
    for bad in ("do=off", "do=on", "do=confirm", "do=add", "text=x", "do=del&force=1", "do=DEL&text=x"):
        ok(scene.get("/api/rule?" + bad, shown, method="POST").status == 400, "'%s' is not done by the page" % bad)
    r = scene.get("/api/rule?do=add&text=drop%20from%200.0.0.0/0&force=1", shown, method="POST")
    ok(r.status == 400 and b"--force" in r.body, "a guard's refusal is passed on, and force is not", r.body)
    ok(scene.get("/api/rule?do=del&text=nosuch", shown, method="POST").status == 502, "so is what cannot be done")
    p = subprocess.run([os.path.join(build, "front"), os.path.join(scene.dir, "control.sock"), "--change"], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, timeout=30)
    ok(p.returncode == 2 and "page.change takes page.token_file" in p.stderr, "changes without a token are no configuration", p.stderr)
    scene.end()


def tls():
    if not shutil.which("openssl"):
        skip("TLS: openssl is not installed")
        return
    where = tempfile.mkdtemp(prefix="wr-front-tls-")
    cert, key = os.path.join(where, "cert.pem"), os.path.join(where, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    scene = Scene(front=("--listen", "0.0.0.0:0", "--token", TOKEN, "--cert", cert, "--key", key))
    context = ssl.create_default_context(cafile=cert)
    shown = {"Authorization": "Bearer " + TOKEN}
    ok(scene.get("/api/stats", shown, tls=context).status == 200, "over TLS, with a token")
    ok(scene.get("/api/stats", tls=context).status == 401, "over TLS, without")
    ok("Secure" in (scene.get("/api/login", shown, tls=context).headers["Set-Cookie"] or ""), "the cookie is for TLS alone")
    old = ssl.create_default_context(cafile=cert)
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    ok(scene.get("/", tls=old).status == 200, "TLS 1.2 is spoken")
    try:
        scene.get("/")
        ok(False, "no plain HTTP on that port")
    except (http.client.HTTPException, OSError):
        ok(True, "no plain HTTP on that port")
    scene.end()
    shutil.rmtree(where)


def main():
    result = {}
    waiting = threading.Thread(target=late, args=(result,))
    waiting.start()
    scene = Scene(core=("--window", "0.3", "--hostile"))
    for part in (rights, headers, assets, methods, hosts, views, metrics, streams, crowd):
        part(scene)
    scene.end()
    scene = Scene(core=("--window", "0.3", "--quiet"))
    quiet(scene)
    scene.end()
    slow()
    gone()
    token()
    refused()
    changes()
    tls()
    waiting.join()
    status, rows = result["answer"]
    ok(status == 504 and "did not answer" in rows[0]["error"], "a core that does not answer is told as that", rows)
    ok(result["seconds"] >= 9, "after it had its time", result)
    print("1..%d" % count)
    return failed != 0


sys.exit(main())
