#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A server of models that does what it is told, for faults: Open Inference Protocol v2 under /v2/models/guard, rows under /rows.

oip.py DIR     writes DIR/port when it listens, does what stands in DIR/mode, and notes requests in DIR/requests: mode, method,
               path, rows, and the header X-Key

Modes: a number (the score of each row), late, shape, nan, garbage (no HTTP), html, huge (an answer without an end), 500, 429,
401, other (metadata of another model).
"""
import http.server
import json
import os
import sys
import time

DIR = sys.argv[1]
INPUTS = ["packets_s", "syn_share", "mean_size"]
HEAD = {"late": 0.1, "shape": 0.1}


def at(name):
    return os.path.join(DIR, name)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body, more=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def note(self, mode, rows):
        with open(at("requests"), "a") as f:
            f.write("%s %s %s %d %s\n" % (mode, self.command, self.path, rows, self.headers.get("X-Key")))

    def faulty(self, mode):
        """Answers as a broken server; False: the mode is none of its."""
        if mode == "late":
            time.sleep(3)
            return True
        if mode == "garbage":
            self.wfile.write(b"\x00\xff no HTTP at all\r\n\r\n" * 100)
            self.close_connection = True
            return True
        if mode == "huge":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(1024):
                    self.wfile.write(b"[" * 65536)
            except OSError:
                pass
            self.close_connection = True
            return True
        if mode == "html":
            self.answer(200, b"<html>\x1b[31mwelcome</html>")
            return True
        if mode in ("500", "429", "401"):
            self.answer(int(mode), {"error": "told\nto"}, [("Retry-After", "0")] if mode == "429" else [])
            return True
        return False

    def do_GET(self):
        mode = open(at("mode")).read().strip()
        self.note(mode, 0)
        if self.path != "/v2/models/guard":
            self.answer(404, {"error": "no such model"})
            return
        inputs = [{"name": n, "datatype": "FP32", "shape": [-1]} for n in (INPUTS if mode != "other" else ["bytes", "packets_s"])]
        self.answer(200, {"name": "guard", "versions": ["3"], "platform": "test", "inputs": inputs,
                          "outputs": [{"name": "score", "datatype": "FP64", "shape": [-1]}]})

    def do_POST(self):
        mode = open(at("mode")).read().strip()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        n = len(body["rows"]) if self.path == "/rows" else body["inputs"][0]["shape"][0]
        self.note(mode, n)
        if self.faulty(mode):
            return
        score = float("nan") if mode == "nan" else HEAD.get(mode, 0.1) if mode in HEAD else float(mode)
        scores = [score] * (n + (mode == "shape"))
        if self.path == "/rows":
            self.answer(200, {"scores": scores})
        else:
            self.answer(200, {"model_name": "guard", "model_version": "3", "id": body["id"],
                              "outputs": [{"name": "score", "datatype": "FP64", "shape": [len(scores)], "data": scores}]})


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
server.daemon_threads = True
with open(at("port.new"), "w") as port:
    port.write("%d\n" % server.server_address[1])
os.rename(at("port.new"), at("port"))
server.serve_forever()
