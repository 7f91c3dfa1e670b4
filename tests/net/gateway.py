# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients, broken gateways and random work for gateway_test.sh.

    block FILE INFO              the block of a page that begins with ```INFO
    get URL SOURCE [KEY]         the status of a request from that address
    count URL[,PATH]... SOURCE N [KEY]
                                 of N requests in a row, in turn, how many got which status; KEY MADE-UP: each another name;
                                 ASKED in the environment: the host that they ask for
    until STATUS URL SOURCE -- COMMAND...
                                 starts it; prints the milliseconds until requests get that status and go on to
    serve KIND WHERE             a gateway that is not well; WHERE is a socket or a port
    property DRIVER SEED STEPS CONFIG WEIR WEIRCONF
                                 random work of weir, of others and of the gateway itself
    standin KIND PORT            apinto, apisix or kong, as far as weir asks them
    race CONFIG WEIR WEIRCONF    others and weir change Caddy's list at the same time
"""
import json
import os
import re
import signal
import socket
import sys
import threading
import time

# Others are read where they are used: a client starts a hundred times, and they take longer than its work.


def block(path, info):
    text = open(path).read()
    print(re.search(r"^```%s\n(.*?)^```$" % re.escape(info), text, re.M | re.S).group(1), end="")


# ---- clients ----

def status(url, source, key=None):
    """By hand, so that nothing but the address and the key differs. 0: no answer."""
    host, port, path = re.match(r"http://(?:\[(.*?)\]|([\d.]+)):(\d+)(/.*)$", url).expand(r"\1\2 \3 \4").split(" ")
    try:
        s = socket.create_connection((host, int(port)), 5, (source, 0))
        s.settimeout(5)
        s.sendall(b"GET %s HTTP/1.0\r\nHost: %s\r\n%s\r\n" %
                  (path.encode(), os.environ.get("ASKED", "x").encode(), b"Authorization: %s\r\n" % key.encode() if key else b""))
        answer = s.recv(4096)
        s.close()
        return int(answer.split(b" ")[1])
    except (OSError, IndexError, ValueError):
        return 0


def name(i):
    import base64
    return "Basic " + base64.b64encode(b"made-up-%d:x" % i).decode()


def until(want, url, source, command):
    import subprocess
    began = time.monotonic()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while status(url, source) != want:
        if time.monotonic() - began > 20:
            print("never")
            return 1
    ms = (time.monotonic() - began) * 1000
    p.wait()
    if p.returncode or any(status(url, source) != want for _ in range(20)):
        print("and not for good, or weir says %d" % p.returncode)
        return 1
    print("%.0f" % ms)
    return 0


# ---- gateways that are not well ----

def serve(kind, where):
    import random
    # Before anybody waits for it: a Python takes longer to read this module than a gateway has for its answer.
    garbage = bytes(random.Random(7).randrange(256) for _ in range(5000))
    if where.startswith("/"):
        s = socket.socket(socket.AF_UNIX)
    else:
        s = socket.socket(socket.AF_INET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(where if where.startswith("/") else ("127.0.0.1", int(where)))
    s.listen(64)
    kept = []
    while True:
        c, _ = s.accept()
        if kind == "slow":
            kept.append(c)  # never says a word
            continue
        threading.Thread(target=one, args=(kind, c, garbage), daemon=True).start()


def one(kind, c, garbage):
    try:
        c.recv(65536)
        if kind == "garbage":
            c.sendall(garbage)
        elif kind == "drip":
            for _ in range(1000):
                c.sendall(b"#")
                time.sleep(0.05)
        elif kind == "huge":
            c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                c.sendall(b"#" * 65536)
        elif kind == "error":
            c.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 9\r\n\r\nno\x1b[2J so")
        elif kind == "redirect":
            c.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        c.close()
    except OSError:
        pass


# ---- stand-ins for gateways that cannot be run here: what their source says that they do, traps included ----

class StandIn:
    """Rules that are there, and what an answer to a request for them is."""

    def __init__(self):
        self.rules, self.ends = {}, {}

    def there(self):
        for name in [n for n, end in self.ends.items() if end < time.monotonic()]:
            self.rules.pop(name, None), self.ends.pop(name)
        return self.rules

    @staticmethod
    def holds(prefixes, ip):
        import ipaddress
        return any(ipaddress.ip_address(ip) in ipaddress.ip_network(p) for p in prefixes)


class Apinto(StandIn):
    """Errors are 500 and plain text; what is unknown is 200 with a body that says 404; an empty filter is everybody."""

    def answer(self, method, path, query, headers, body):
        name = path.rsplit("/", 1)[-1].lower()
        if path == "/api/strategy" and method == "GET":
            return 200, [{"id": n + "@strategy", "name": n, "driver": "visit"} for n in self.rules]
        if not path.startswith("/api/strategy/"):
            return 200, {"status": 404, "msg": "page not found"}
        if method == "GET":
            return (200, self.rules[name]) if name in self.rules else (500, "not exist")
        if method == "DELETE":
            return (200, self.rules.pop(name)) if name in self.rules else (500, "not exist")
        if headers.get("Content-Type") != "application/json" or json.loads(body)["driver"] != "visit":
            return 500, "unknown driver"
        self.rules[name] = dict(json.loads(body), name=name, id=name + "@strategy")
        return 200, self.rules[name]

    def refuses(self, ip):
        return any(not r["stop"] and r["visit"]["visit_rule"] == "refuse" and
                   (not r["filters"].get("ip") or self.holds(r["filters"]["ip"], ip)) for r in self.rules.values())


class Apisix(StandIn):
    """A key is asked for; a list has one address at least; a plugin is in one global rule only; a rule ends by its ttl."""

    def answer(self, method, path, query, headers, body):
        rules, name = self.there(), path.rsplit("/", 1)[-1]
        if headers.get("X-API-KEY") != "s3cret":
            return 401, {"error_msg": "failed to check token"}
        if not path.startswith("/apisix/admin/global_rules/"):
            return 404, {"error_msg": "not found"}
        if method == "PUT":
            plugins = json.loads(body)["plugins"]
            if not plugins["ip-restriction"]["blacklist"]:
                return 400, {"error_msg": "expect array to have at least 1 items"}
            if any(set(plugins) & set(r["plugins"]) for n, r in rules.items() if n != name):
                return 400, {"error_msg": "plugin 'ip-restriction' already exists in global rule"}
            rules[name] = {"id": name, "plugins": plugins}
            if "ttl" in query:
                self.ends[name] = time.monotonic() + int(query["ttl"][0])
            return 201, {"key": path, "value": rules[name]}
        if name not in rules:
            return 404, {"message": "Key not found"}
        if method == "DELETE":
            del rules[name]
            return 200, {"deleted": "1"}
        return 200, {"key": path, "value": rules[name]}

    def refuses(self, ip):
        return any(self.holds(r["plugins"]["ip-restriction"]["blacklist"], ip) for r in self.there().values())


class Kong(StandIn):
    """One plugin of a name for everybody, else 409; neither deny nor allow is 400; ids are UUIDs."""

    def answer(self, method, path, query, headers, body):
        found = re.match(r"/plugins/([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$", path)
        if not found:
            return 404, {"message": "Not found"}
        name = found.group(1)
        if method == "PUT":
            plugin = json.loads(body)
            if not plugin["config"].get("deny"):
                return 400, {"message": "schema violation (config: at least one of these fields must be non-empty)"}
            if any(r["name"] == plugin["name"] for n, r in self.rules.items() if n != name):
                return 409, {"message": "UNIQUE violation detected on '{name=\"ip-restriction\"}'", "name": "unique constraint violation"}
            self.rules[name] = dict(plugin, id=name)
            return 200, self.rules[name]
        if method == "DELETE":
            self.rules.pop(name, None)
            return 204, None
        return (200, self.rules[name]) if name in self.rules else (404, {"message": "Not found"})

    def refuses(self, ip):
        return any(self.holds(r["config"]["deny"], ip) for r in self.rules.values())


def standin(kind, port):
    """/_refuses/ADDRESS: what a client would get. /_clash: somebody else's rule for everybody. /_forget: a restart."""
    import http.server
    import urllib.parse
    gateway = {"apinto": Apinto, "apisix": Apisix, "kong": Kong}[kind]()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do(self):
            url = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if url.path.startswith("/_refuses/"):
                code, said = 403 if gateway.refuses(url.path[10:]) else 200, ""
            elif url.path == "/_forget":
                gateway.rules.clear()
                code, said = 200, ""
            elif url.path == "/_clash":
                gateway.rules["theirs"] = {"name": "ip-restriction", "config": {"deny": ["192.0.2.1"]}, "stop": True,
                                           "plugins": {"ip-restriction": {"blacklist": ["192.0.2.1"]}}}
                code, said = 200, ""
            else:
                code, said = gateway.answer(self.command, url.path, urllib.parse.parse_qs(url.query), self.headers, body)
            text = said.encode() if isinstance(said, str) else json.dumps(said).encode() if said is not None else b""
            self.send_response(code)
            if code != 204:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text if code != 204 else b"")

        do_GET = do_PUT = do_DELETE = do

        def log_message(self, *args):
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


# ---- random work ----

def start(*command):
    import subprocess
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class HAProxy:
    """Others add to the map by the Runtime API, and lines to its file outside the block."""

    def __init__(self, conf):
        self.conf, self.map, self.socket = conf, os.path.dirname(conf) + "/weir-deny.map", os.path.dirname(conf) + "/admin.sock"

    def ask(self, line):
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.socket)
        s.sendall(line.encode() + b"\n")
        text = b""
        while True:
            more = s.recv(65536)
            if not more:
                return text.decode()
            text += more

    def pid(self):
        try:
            return re.search(r"^Pid: (\d+)", self.ask("show info"), re.M).group(1)
        except (OSError, AttributeError):
            return None

    def start(self):
        self.p = start("haproxy", "-W", "-f", self.conf)
        wait(lambda: self.pid())

    def stop(self):
        self.p.terminate()
        self.p.wait()

    def reload(self):
        old = self.pid()
        self.p.send_signal(signal.SIGUSR2)
        wait(lambda: self.pid() not in (old, None))

    def there(self):
        return [tuple(line.split(" ")[1:3]) for line in self.ask("show map " + self.map).splitlines() if line]

    def foreign_lines(self):
        return re.sub(r"^# weir begin .*^# weir end\n", "", open(self.map).read(), flags=re.M | re.S)

    def others(self, rnd, key):
        what = rnd.choice(["add", "add", "add", "del", "line"])
        if what == "add":
            self.ask("add map %s %s %d" % (self.map, key, rnd.randrange(5000000000)))
        elif what == "del":
            mine = [k for k, _ in self.there() if not k.startswith("10.1.")]
            if mine:
                self.ask("del map %s %s" % (self.map, rnd.choice(mine)))
        else:
            line = "%s %d\n" % (key, rnd.randrange(5000000000))
            text = open(self.map).read()
            open(self.map, "w").write(line + text if rnd.random() < 0.5 else text + line)


class Nginx:
    """Others write lines to the file outside the block."""

    def __init__(self, conf):
        self.conf, self.file = conf, os.path.dirname(conf) + "/weir.conf"

    def start(self):
        self.p = start("nginx", "-c", self.conf, "-g", "daemon off;")
        wait(lambda: status("http://127.0.0.1:8089/weir", "127.0.0.1") == 200)

    def stop(self):
        self.p.terminate()
        self.p.wait()

    def reload(self):
        self.p.send_signal(signal.SIGHUP)

    def there(self):
        text = re.search(r"^geo \$weir_deny \{\n(.*?)^\}", open(self.file).read(), re.M | re.S).group(1)
        return [(line.split()[0],) for line in text.splitlines() if line.split()[0] != "default"]

    def foreign_lines(self):
        return re.sub(r"^# weir begin .*^# weir end\n", "", open(self.file).read(), flags=re.M | re.S)

    def others(self, rnd, key):
        text = open(self.file).read()
        line = "geo $theirs_%d { default 0; %s 1; }\n" % (rnd.randrange(10 ** 9), key)
        open(self.file, "w").write(line + text if rnd.random() < 0.5 else text + line)


class NginxLua:
    """Others put entries of their own name into the dictionary, and take them out. A restart empties it."""

    def __init__(self, conf):
        self.conf, self.socket = conf, os.path.dirname(conf) + "/run/lua.sock"

    def ask(self, method, path, body=""):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(self.socket)
        s.sendall(("%s %s HTTP/1.0\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (method, path, len(body), body)).encode())
        text = b""
        while True:
            more = s.recv(65536)
            if not more:
                break
            text += more
        s.close()
        head, body = text.decode().split("\r\n\r\n", 1)
        assert " 200 " in head.split("\r\n")[0], body
        return body

    def workers(self):
        try:
            return set(open("/proc/%d/task/%d/children" % (self.p.pid, self.p.pid)).read().split())
        except OSError:
            return set()

    def start(self):
        self.p = start("nginx", "-c", self.conf, "-g", "daemon off;")
        wait(lambda: os.path.exists(self.socket) and self.there() is not None)

    def stop(self):
        self.p.terminate()
        self.p.wait()

    def reload(self):
        old = self.workers()
        self.p.send_signal(signal.SIGHUP)
        wait(lambda: self.workers() and not self.workers() & old)

    def there(self):
        try:
            lines = self.ask("GET", "/entries").splitlines()[1:]
        except (OSError, ValueError, AssertionError):
            return None
        return sorted((line.split()[1].removesuffix("/32"), line) for line in lines)

    def foreign_lines(self):
        return ""

    def others(self, rnd, key):
        mine = [k for k, line in self.there() if line.endswith(" by mine")]
        if mine and rnd.random() < 0.3:
            self.ask("PUT", "/entries/mine", "- deny %s\n" % rnd.choice(mine))
        else:
            self.ask("PUT", "/entries/mine", "+ deny %s until %d\n" % (key, 4000000000 + rnd.randrange(1000)))


class Caddy:
    """Others add to the list of the route, and take out what is theirs. With --resume it keeps all over a restart."""

    def __init__(self, conf):
        self.conf = conf

    def ask(self, method, below, body=None):
        import urllib.request
        r = urllib.request.Request("http://127.0.0.1:2019/id/weir_deny/match/0/remote_ip/ranges" + below, method=method,
                                   data=json.dumps(body).encode() if body is not None else None,
                                   headers={"Content-Type": "application/json"})
        return urllib.request.urlopen(r, timeout=5).read()

    def start(self):
        self.p = start("caddy", "run", "--config", self.conf)
        wait(lambda: self.there() is not None)

    def stop(self):
        self.p.terminate()
        self.p.wait()

    def reload(self):
        self.stop()
        self.start()

    def there(self):
        try:
            return [(k,) for k in json.loads(self.ask("GET", ""))]
        except OSError:
            return None

    def foreign_lines(self):
        return ""

    def others(self, rnd, key):
        mine = [i for i, (k,) in enumerate(self.there()) if not k.startswith("10.1.")]
        if mine and rnd.random() < 0.3:
            self.ask("DELETE", "/%d" % rnd.choice(mine))
        else:
            self.ask("POST", "", key)


def wait(fn):
    end = time.monotonic() + 20
    while not fn():
        assert time.monotonic() < end, "the gateway does not come up"
        time.sleep(0.02)


def is_ours(key):
    return key.startswith("10.1.")


def property_of(driver, seed, steps, conf, weir, weir_conf):
    """Weir has 10.1.0.0/24 and sometimes wants what others have; others have 192.0.2.0/24. Whatever weir does, theirs
    stays as it is, to the value and the order."""
    import random
    import subprocess
    gateway, rnd, want = {"haproxy": HAProxy, "nginx": Nginx, "nginx_lua": NginxLua, "caddy": Caddy}[driver](conf), random.Random(seed), set()
    taken, killed, log = 0, 0, []

    def run(*args, kill=False):
        nonlocal killed
        p = subprocess.Popen([weir, "gateway", *args, "-c", weir_conf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if kill:
            time.sleep(rnd.random() * 0.02)
            p.kill()
            killed += 1
        said = p.communicate()[0].decode()
        log.append("%s: %d %s" % (" ".join(args), p.returncode, said))
        return p.returncode

    def theirs():
        return [e for e in gateway.there() if not is_ours(e[0])], gateway.foreign_lines()

    gateway.start()
    try:
        kinds = ["apply", "apply", "apply", "lift", "others", "others", "reload", "kill", "clash", "flush", "many", "ledger"]
        works = kinds * (steps // len(kinds) + 1)
        rnd.shuffle(works)
        for step, what in enumerate(works):
            key = "10.1.0.%d" % rnd.randrange(20)
            before = theirs()
            if what == "others":
                gateway.others(rnd, "192.0.2.%d" % rnd.randrange(20))
                continue
            if what == "reload":
                rnd.choice([gateway.reload, lambda: (gateway.stop(), gateway.start())])()
                before = theirs()  # what others have in memory only is lost, by no doing of weir's
                run("reconcile", "edge")
            elif what in ("apply", "kill"):
                code = run("apply", "edge", "deny", key, "for", "1h", kill=what == "kill")
                if what == "apply":
                    assert code in (0, 1), log[-1]
                    want.add(key)
                else:
                    run("reconcile", "edge")
                    want = {k for k in list(want) + [key] if (k,) in [e[:1] for e in gateway.there()] or k in want}
            elif what == "lift":
                want.discard(key)
                run("lift", "edge", "deny", key)
            elif what == "clash":
                for _ in range(0 if driver == "nginx" else 20):  # nginx has no entries of others in weir's file
                    if before[0]:
                        break
                    gateway.others(rnd, "192.0.2.%d" % rnd.randrange(20))
                    before = theirs()
                mine = [e[0] for e in before[0]]
                if mine:
                    key = rnd.choice(mine)
                    assert run("apply", "edge", "deny", key, "for", "1h") == 1, "what others have is not told\n" + log[-1]
                    assert theirs() == before, "theirs are %s" % (theirs(),)
                    run("lift", "edge", "deny", key)  # it was a wish; theirs is not weir's to take out
                    taken += 1
            elif what == "flush":
                run("flush", "edge")
                want = set()
                assert not [e for e in gateway.there() if is_ours(e[0])], "flush leaves something of weir's"
            elif what == "many":
                with open("many", "w") as f:
                    f.write("".join("deny 10.1.%d.%d for 1h\n" % (1 + i // 250, i % 250) for i in range(500)))
                assert run("apply", "edge", "--file", "many") in (0, 1), log[-1]
                run("apply", "edge", "--only", "--file", "/dev/null")
                want = set()
            elif what == "ledger" and driver != "caddy":
                os.unlink(ledger_of(weir_conf))  # its marks tell weir what is its own
                run("reconcile", "edge")
                want = set()
            after = theirs()
            assert after == before, "theirs were %s\nand are %s" % (before, after)
            ours = {e[0] for e in gateway.there() if is_ours(e[0])}
            assert ours == want, "weir's are %s\nand not %s" % (sorted(ours), sorted(want))
        run("flush", "edge")
        assert not [e for e in gateway.there() if is_ours(e[0])], "flush leaves something of weir's"
    except AssertionError as e:
        print("seed %d, step %d: %s\n%s" % (seed, step, e, "".join(log[-4:])))
        return 1
    finally:
        gateway.stop()
    print("%d steps, %d clashes, %d kills" % (len(works), taken, killed))
    return 0


def race(conf, weir, weir_conf):
    """Others add to Caddy's list while weir changes it: nothing of theirs is lost, and weir's is there in the end."""
    import subprocess
    caddy, added, done = Caddy(conf), [], threading.Event()

    def others():
        while not done.is_set() and len(added) < 250:
            key = "192.0.2.%d" % len(added)
            while True:  # each change starts Caddy's admin server anew, and who is on the line then is cut off
                try:
                    caddy.ask("POST", "", key)
                    break
                except OSError:
                    there = caddy.there()
                    while there is None:
                        there = caddy.there()
                    if (key,) in there:
                        break
            added.append(key)

    caddy.start()
    try:
        thread = threading.Thread(target=others)
        thread.start()
        for i in range(12):
            subprocess.run([weir, "gateway", "apply", "edge", "deny", "10.1.0.%d" % i, "-c", weir_conf],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done.set()
        thread.join()
        subprocess.run([weir, "gateway", "reconcile", "edge", "-c", weir_conf], stdout=subprocess.DEVNULL)
        there = [k for k, in caddy.there()]
        theirs, ours = [k for k in there if not is_ours(k)], [k for k in there if is_ours(k)]
        print("%d of others while weir made 12 changes" % len(added))
        return 0 if theirs == added and len(ours) == 12 and len(added) > 12 else 1
    finally:
        caddy.stop()


def ledger_of(weir_conf):
    return re.search(r"^state = (.*)$", open(weir_conf).read(), re.M).group(1) + "/edge.ledger"


def main():
    what, args = sys.argv[1], sys.argv[2:]
    if what == "block":
        block(*args)
    elif what == "get":
        print(status(*args))
    elif what == "count":
        first, *paths = args[0].split(",")
        urls = [first] + [re.match(r"http://[^/]+", first).group(0) + p for p in paths]
        made_up = args[3:4] == ["MADE-UP"]
        got = [status(urls[i % len(urls)], args[1], *([name(i)] if made_up else args[3:4])) for i in range(int(args[2]))]
        print(" ".join("%d:%d" % (s, got.count(s)) for s in sorted(set(got))))
    elif what == "until":
        return until(int(args[0]), args[1], args[2], args[4:])
    elif what == "serve":
        serve(*args)
    elif what == "standin":
        standin(*args)
    elif what == "race":
        return race(*args)
    elif what == "property":
        return property_of(args[0], int(args[1]), int(args[2]), args[3], args[4], args[5])
    return 0


sys.exit(main())
