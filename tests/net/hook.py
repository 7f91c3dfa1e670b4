#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Those who are told of incidents, well-behaved and not, each on a port that the kernel chooses.

hook.py DIR    writes DIR/PORTS ("http tcp udp") when all listen, makes the datagram socket DIR/log, and writes what it gets:
               DIR/http (one JSON object a request: path, headers, body), DIR/tcp, DIR/udp, DIR/unix (a message a line)

HTTP answers by the path: /ok 204, /once 503 first, /garbage no HTTP, /huge an answer without an end, /redirect 302 to /taken,
/refused 400, /slow nothing for a minute, /v1/traces 200 as OTLP.
"""
import http.server
import json
import os
import socket
import sys
import threading
import time

DIR = sys.argv[1]
once = []


def note(name, text):
    with open(os.path.join(DIR, name), "a") as f:
        f.write(text + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        note("http", json.dumps({"path": self.path, "headers": dict(self.headers), "body": body}))
        path = self.path.split("?")[0]
        if path == "/garbage":
            self.wfile.write(b"\x00\xff no HTTP at all\r\n\r\n" * 100)
            self.close_connection = True
            return
        if path == "/slow":
            time.sleep(60)
        status = {"/redirect": 302, "/refused": 400}.get(path, 200)
        if path == "/once" and not once:
            once.append(1)
            status = 503
        self.send_response(status)
        if path == "/redirect":
            self.send_header("Location", "/taken")
        if path != "/huge":
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
        self.end_headers()
        try:
            self.wfile.write(b"{}")
            while path == "/huge":
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass
        self.close_connection = path == "/huge"


def datagrams(sock, name):
    while True:
        note(name, sock.recv(65536).decode())


def stream(sock):
    while True:
        conn = sock.accept()[0]
        while data := conn.recv(65536):
            note("tcp", data.decode())


web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
web.daemon_threads = True
tcp = socket.create_server(("127.0.0.1", 0))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(os.path.join(DIR, "log"))
os.chmod(os.path.join(DIR, "log"), 0o666)
for target, args in ((stream, (tcp,)), (datagrams, (udp, "udp")), (datagrams, (log, "unix"))):
    threading.Thread(target=target, args=args, daemon=True).start()
with open(os.path.join(DIR, "PORTS.new"), "w") as f:
    f.write("%d %d %d\n" % (web.server_address[1], tcp.getsockname()[1], udp.getsockname()[1]))
os.rename(os.path.join(DIR, "PORTS.new"), os.path.join(DIR, "PORTS"))
web.serve_forever()
