#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Serves a model of train.py by the Open Inference Protocol, version 2: metadata, health, and scores.

serve.py MODEL [--port 8080] [--name usual] [--version 1]      on 127.0.0.1 alone
"""
import argparse
import http.server
import json
import pickle

import numpy


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("model", help="a file of train.py's; a pickle runs code: only one of your own")
    p.add_argument("--port", type=int, default=8080)
    p.add_argument("--name", default="usual")
    p.add_argument("--version", default="1")
    a = p.parse_args()
    with open(a.model, "rb") as f:
        model = pickle.load(f)
    width = len(model["columns"])
    about = {"name": a.name, "versions": [a.version], "platform": "sklearn",
             "inputs": [{"name": "rows", "datatype": "FP64", "shape": [-1, width]}],
             "outputs": [{"name": "score", "datatype": "FP64", "shape": [-1]}]}
    paths = ["/v2/models/%s" % a.name, "/v2/models/%s/versions/%s" % (a.name, a.version)]

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, body):
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self):
            if self.path in paths:
                self.answer(200, about)
            elif self.path in ["/v2/health/live", "/v2/health/ready"] + [p + "/ready" for p in paths]:
                self.answer(200, {})
            else:
                self.answer(404, {"error": "there is no %s" % self.path})

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path not in [p + "/infer" for p in paths]:
                self.answer(404, {"error": "there is no %s" % self.path})
                return
            try:
                rows = json.loads(body)["inputs"][0]
                rows = numpy.array(rows["data"], dtype=float).reshape(-1, width)
            except (ValueError, LookupError, TypeError) as e:
                self.answer(400, {"error": "rows of %d columns are wanted: %s" % (width, e)})
                return
            scores = model["model"].kneighbors(numpy.log1p(rows))[0][:, -1].tolist()
            self.answer(200, {"model_name": a.name, "model_version": a.version, "outputs": [
                {"name": "score", "datatype": "FP64", "shape": [len(scores)], "data": scores}]})

    http.server.ThreadingHTTPServer(("127.0.0.1", a.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
