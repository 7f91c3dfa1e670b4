# SPDX-License-Identifier: GPL-2.0-or-later
"""An interpreter that is already there, for python in watch.sh: interpreter.py ASK ANSWER OUTPUT

Each request in the pipe ASK is COUNT, COUNT arguments and a program, each of them with a NUL behind it. The program
runs in a child, what it prints goes to the file OUTPUT, and its exit status to the pipe ANSWER as one line.
"""
import ctypes  # what the programs need: a child has it already
import json
import os
import platform
import socket
import struct
import sys
import traceback


def words(fd):
    rest = b""
    while True:
        read = os.read(fd, 65536)
        if not read:
            return
        *whole, rest = (rest + read).split(b"\0")
        yield from (w.decode(errors="surrogateescape") for w in whole)


def run(program, args, output):
    status = 1
    out = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.argv = ["-"] + args
    try:
        exec(compile(program, "-", "exec"), {"__name__": "__main__"})
        status = 0
    except SystemExit as e:
        status = e.code if isinstance(e.code, int) else int(e.code is not None)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main():
    ask, answer, output = sys.argv[1:]
    asked = words(os.open(ask, os.O_RDONLY))
    answers = os.open(answer, os.O_WRONLY)
    for count in asked:
        args = [next(asked) for _ in range(int(count))]
        program = next(asked)
        child = os.fork()
        if not child:
            run(program, args, output)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(answers, b"%d\n" % (status if status >= 0 else 128 - status))


main()
