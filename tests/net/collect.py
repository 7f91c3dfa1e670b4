#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The other side of what weir sends, on a port that the kernel chooses (written to PORTFILE).

collect.py tcp PORTFILE OUT           saves the bytes of one connection
collect.py unix PATH OUT              the same of a unix socket
collect.py lines PATH OUT             the same of one connection after the other; OUT is appended to
collect.py otlp PORTFILE OUT SCRIPT   answers OTLP/HTTP requests by SCRIPT ("503:1 429 200", status and Retry-After) and
                                      writes what it saw, one JSON object a request; "200 ..." answers 200 for ever.
                                      The port is that in PORTFILE when it is there. With metrics: --metrics NAME,NAME
"""
import http.server
import json
import os
import socket
import sys
import time


def said(path, text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def lines(sock, out):
    sock.listen(1)
    while True:
        conn = sock.accept()[0]
        with open(out, "ab", 0) as f:
            while data := conn.recv(65536):
                f.write(data)


def values(body, names):
    """The data points of some metrics: name and labels to value."""
    found = {}
    for rm in body["resourceMetrics"]:
        for sm in rm["scopeMetrics"]:
            for m in sm["metrics"]:
                for p in (m.get("sum") or m.get("gauge") or {"dataPoints": []})["dataPoints"]:
                    if m["name"] in names and "asInt" in p:
                        labels = ",".join("%s=%s" % (a["key"], a["value"]["stringValue"]) for a in p.get("attributes", []))
                        found["%s{%s}" % (m["name"], labels)] = int(p["asInt"])
    return found


def save(sock, out):
    sock.listen(1)
    conn = sock.accept()[0]
    with open(out, "wb") as f:
        while data := conn.recv(65536):
            f.write(data)


def check(body):
    """What the OTLP specification wants of a metrics request in JSON; returns what is wrong, and the data points."""
    wrong, points, names = [], 0, []

    def want(good, what):
        if not good:
            wrong.append(what)

    def integer(v):
        return isinstance(v, str) and v.isdigit()

    for rm in body["resourceMetrics"]:
        keys = [a["key"] for a in rm["resource"]["attributes"]]
        want("service.name" in keys and "host.name" in keys, "resource attributes %s" % keys)
        for sm in rm["scopeMetrics"]:
            want(sm["scope"]["name"] == "weir", "scope")
            for m in sm["metrics"]:
                names.append(m["name"])
                kind = [k for k in ("sum", "gauge", "histogram") if k in m]
                want(len(kind) == 1 and m["unit"], "%s: kind %s" % (m["name"], kind))
                data = m[kind[0]]
                want(kind[0] == "gauge" or data["aggregationTemporality"] == 2, "%s: temporality" % m["name"])
                want(kind[0] != "sum" or data["isMonotonic"] is True, "%s: monotonic" % m["name"])
                want(data["dataPoints"], "%s: no points" % m["name"])
                seen = set()
                for p in data["dataPoints"]:
                    points += 1
                    want(integer(p["timeUnixNano"]), "%s: time" % m["name"])
                    want(kind[0] == "gauge" or integer(p["startTimeUnixNano"]), "%s: start" % m["name"])
                    if kind[0] == "histogram":
                        want(len(p["bucketCounts"]) == len(p["explicitBounds"]) + 1, "buckets")
                        want(sum(map(int, p["bucketCounts"])) == int(p["count"]), "count")
                    else:
                        want(integer(p["asInt"]) if "asInt" in p else isinstance(p["asDouble"], (int, float)), "value")
                    labels = json.dumps(p.get("attributes"))
                    want(labels not in seen, "%s: twice %s" % (m["name"], labels))
                    seen.add(labels)
                    for a in p.get("attributes", []):
                        want(isinstance(a["value"]["stringValue"], str), "attribute")
    want(len(names) == len(set(names)), "a metric twice")
    return wrong, points


class Otlp(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(raw)
        wrong, points = check(body)
        if self.server.script[1:] != ["..."]:
            status, _, after = self.server.script.pop(0).partition(":")
        else:
            status, after = self.server.script[0], ""
        rejected, text = "", b"{}"
        if status == "partial":
            status, rejected = "200", after
            text = json.dumps({"partialSuccess": {"rejectedDataPoints": rejected, "errorMessage": "no"}}).encode()
        with open(self.server.out, "a") as f:
            f.write(json.dumps({
                "path": self.path, "type": self.headers["Content-Type"], "token": self.headers["X-Token"], "wrong": wrong,
                "points": points, "time": time.monotonic(), "status": int(status), "body": hash(raw),
                "metrics": values(body, self.server.metrics)}) + "\n")
        self.send_response(int(status))
        if after and not rejected:
            self.send_header("Retry-After", after)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def main():
    kind, where, out = sys.argv[1:4]
    if kind == "otlp":
        port = int(open(where).read()) if os.path.exists(where) else 0
        server = http.server.HTTPServer(("127.0.0.1", port), Otlp)
        server.out, server.script = out, sys.argv[4].split()
        server.metrics = sys.argv[6].split(",") if sys.argv[5:6] == ["--metrics"] else []
        said(where, str(server.server_address[1]))
        while server.script:
            server.handle_request()
    elif kind == "tcp":
        sock = socket.create_server(("127.0.0.1", 0))
        said(where, str(sock.getsockname()[1]))
        save(sock, out)
    else:
        sock = socket.socket(socket.AF_UNIX)
        if os.path.exists(where):
            os.unlink(where)
        sock.bind(where)
        os.chmod(where, 0o777)
        (lines if kind == "lines" else save)(sock, out)


main()
