#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal for tests: runs a program on a pseudo terminal and keeps what its screen shows.

    screen.py ROWS COLS PROGRAM [ARGUMENT]...

Commands are read from standard input, one a line; each is answered by lines and then "." or "! why".

    wait SECONDS REGEX    until a line of the screen matches
    gone SECONDS REGEX    until none does
    keys TEXT             \\e escape, \\r enter, \\t tab, \\b backspace, \\u \\d \\l \\r2 arrows by name: {Up} {Down} ...
    size ROWS COLS        another size of the window
    show                  the screen
    look ROW              how row ROW looks: a letter per column (. plain, b bold, r reverse, c coloured)
    colours               the colours on the screen
    signal NAME           to the program
    end SECONDS           until it has ended: "status N", "terminal restored" or what is not
    cpu                   seconds of CPU that it has used
    raw                   control bytes that it has sent, as hex, without those that a screen needs

pyte does the screen; it does not know REP (ECMA-48, 8.3.103), which is written out here.
"""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

import pyte

KEYS = {"Up": "\x1bOA", "Down": "\x1bOB", "Right": "\x1bOC", "Left": "\x1bOD", "Home": "\x1bOH", "End": "\x1bOF",
        "PgUp": "\x1b[5~", "PgDn": "\x1b[6~", "Esc": "\x1b", "Enter": "\r", "Tab": "\t", "BTab": "\x1b[Z",
        "Space": " ", "BS": "\x7f", "F1": "\x1bOP", "CtrlU": "\x15"}


class Terminal:
    def __init__(self, rows, cols, argv):
        self.master, self.slave = pty.openpty()
        self.size(rows, cols)
        self.before = termios.tcgetattr(self.slave)
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.Stream(self.screen)
        self.utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self.bytes = b""
        self.last = " "
        self.rest = ""
        self.status = None
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in 0, 1, 2:
                os.dup2(self.slave, fd)
            os.closerange(3, 64)
            os.execvp(argv[0], argv)

    def size(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def feed(self, data):
        self.bytes += data
        text = self.rest + self.utf8.decode(data)
        # A sequence that is not whole yet waits for its end.
        cut = text.rfind("\x1b")
        if cut >= 0 and not re.match(r"\x1b(\[[0-9;?>!]*[@-~]|[()][0-9A-Za-z]|[=>78cDEHMNOZ])", text[cut:]):
            self.rest, text = text[cut:], text[:cut]
        else:
            self.rest = ""
        text = re.sub(r"([^\x1b])\x1b\[(\d+)b", lambda m: m[1] * (int(m[2]) + 1), self.last + text)[1:]
        text = re.sub(r"\x1b\[[0-9;]*t", "", text)
        if text:
            self.last = text[-1]
        self.stream.feed(text)

    def pump(self, seconds):
        end = time.monotonic() + seconds
        while True:
            left = max(0, end - time.monotonic())
            if not select.select([self.master], [], [], left)[0]:
                return
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            self.feed(data)
            if not data or time.monotonic() >= end:
                return

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def find(self, pattern):
        return any(re.search(pattern, line) for line in self.screen.display)

    def until(self, seconds, test):
        end = time.monotonic() + seconds
        while not test():
            if time.monotonic() > end:
                return False
            self.pump(0.05)
        return True

    # ---- commands ----

    def do_wait(self, seconds, pattern):
        if not self.until(float(seconds), lambda: self.find(pattern)):
            return self.do_show() + ["! no line matches '%s'" % pattern]

    def do_gone(self, seconds, pattern):
        if not self.until(float(seconds), lambda: not self.find(pattern)):
            return self.do_show() + ["! a line still matches '%s'" % pattern]

    def do_keys(self, text):
        for part in re.findall(r"\{\w+\}|[^{]+", text):
            name = part[1:-1]
            os.write(self.master, (KEYS[name] if part[0] == "{" else part).encode())
            self.pump(0.1 if name == "Esc" else 0.02)
        self.pump(0.1)

    def do_size(self, rows, cols):
        self.size(int(rows), int(cols))
        self.screen.resize(int(rows), int(cols))
        self.pump(0.3)

    def do_show(self):
        self.pump(0.1)
        return [line.rstrip() for line in self.screen.display]

    def do_look(self, row):
        cells = self.screen.buffer[int(row)]
        return ["".join("r" if c.reverse else "b" if c.bold else "c" if c.fg != "default" else "."
                        for c in (cells[x] for x in range(self.screen.columns)))]

    def do_colours(self):
        return sorted({str(self.screen.buffer[y][x].fg) for y in range(self.screen.lines)
                       for x in range(self.screen.columns)})

    def do_signal(self, name):
        os.kill(self.pid, getattr(signal, "SIG" + name))

    def do_end(self, seconds):
        if not self.until(float(seconds), self.ended):
            return ["! it has not ended"]
        self.pump(0.2)
        wrong = []
        if termios.tcgetattr(self.slave) != self.before:
            wrong.append("its settings are others")
        for name, leave, enter in ("the other screen", b"\x1b[?1049l", b"\x1b[?1049h"), (
                "the cursor", b"\x1b[?25h", b"\x1b[?25l"):
            if self.bytes.rfind(leave) < self.bytes.rfind(enter):
                wrong.append("%s is not given back" % name)
        return ["status %d" % self.status, "terminal " + (", ".join(wrong) or "restored")]

    def do_cpu(self):
        fields = open("/proc/%d/stat" % self.pid).read().rsplit(")", 1)[1].split()
        return ["%.2f" % ((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))]

    def do_raw(self):
        known = rb"\x1b(\[[0-9;?>!]*[a-zA-Z@]|[()][0-9A-Z]|[=>78M])|[\r\n\x08\t\x0f]"
        return [re.sub(rb"[\x20-\x7e\x80-\xff]", b"", re.sub(known, b"", self.bytes)).hex()]


def main():
    term = Terminal(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    arguments = {"wait": 2, "gone": 2, "size": 2, "keys": 1, "look": 1, "signal": 1, "end": 1}
    try:
        while True:
            # The program must not wait for us while nobody asks anything.
            while not select.select([sys.stdin], [], [], 0)[0]:
                term.pump(0.05)
                if term.ended():
                    select.select([sys.stdin], [], [], 0.05)
            line = sys.stdin.readline()
            if not line:
                break
            name, _, rest = line.rstrip("\n").partition(" ")
            n = arguments.get(name, 0)
            answer = getattr(term, "do_" + name)(*(rest.split(" ", n - 1) if n else [])) or []
            if not answer or not answer[-1].startswith("! "):
                answer.append(".")
            print("\n".join(answer), flush=True)
    finally:
        if not term.ended():
            os.kill(term.pid, signal.SIGKILL)


main()
