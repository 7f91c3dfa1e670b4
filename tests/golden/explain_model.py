# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for a language model's endpoint on loopback: what it does is the first word of the path."""
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SAYS = "S1 was flooded by A1 and A2.\x1b[31m Red\x1b[0m \u202eturned\u202c \x07bell A99 xA1 A1x.\nweir rule off"


def openai(text, end="stop"):
    return {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": end}], "usage": {"prompt_tokens": 7, "completion_tokens": 9}}


def anthropic(text, end="end_turn"):
    return {"content": [{"type": "thinking", "thinking": "no"}, {"type": "text", "text": text}], "stop_reason": end, "usage": {"input_tokens": 7, "output_tokens": 9}}


class Model(BaseHTTPRequestHandler):
    seen = []

    def log_message(self, *_):
        pass

    def reply(self, status, body, **more):
        self.send_response(status)
        for k, v in more.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        what, path = self.path[1:].split("/", 1)
        Model.seen.append((what, path, dict(self.headers), body))
        say = anthropic if path == "v1/messages" else openai
        if what == "slow":
            time.sleep(3)
        if what == "once" and sum(s[0] == "once" for s in Model.seen) % 2:
            return self.reply(429, b"{}", Retry_After="0")
        if what.isdigit():
            return self.reply(int(what), b'{"error":{"message":"no"}}', Location="http://127.0.0.1:1/")
        if what == "gone":
            return self.connection.close()
        if what == "garbage":
            return self.reply(200, b"<html>\x00\xff")
        if what == "other":
            return self.reply(200, b'{"choices":[],"content":5}')
        if what == "huge":
            return self.reply(200, b"[" + b" " * (3 << 20))
        text = {"long": "word " * 5000, "empty": ""}.get(what, SAYS)
        end = {"refuse": ("content_filter", "refusal"), "cut": ("length", "max_tokens")}.get(what, ("stop", "end_turn"))
        return self.reply(200, json.dumps(say(text, end[say is anthropic])).encode())


def start():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, Model.seen
