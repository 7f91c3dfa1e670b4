#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""weir policy: what it says of a file that is right and of one that is wrong, and with which status it ends."""
import os
import subprocess
import sys
import tempfile

root = os.environ.get("WEIR_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
weir = os.environ.get("WEIR", os.path.join(root, "build", "weir"))
count = failed = 0


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + more.replace("\n", "\n# "))


def run(*args, given=None):
    done = subprocess.run([weir, "policy", *args], input=given, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def is_run(what, got, want):
    ok(got == want, what, "got %r\nwanted %r" % (got, want))


def main():
    with tempfile.TemporaryDirectory() as folder:
        listed, path = os.path.join(folder, "list"), os.path.join(folder, "edge.policy")
        with open(listed, "w") as f:
            f.write("192.0.2.0/24\n2001:db8::/32\n")
        with open(path, "w") as f:
            f.write('drop   from @bad,10.0.0.1 # both\nset bad = file "%s"\nin: allow to tcp/22 priority 7\n' % listed)
        is_run("check counts", run("check", path), (0, path + ": 2 rules, 1 set, 2 prefixes in sets\n", ""))
        text = 'set bad = file "%s"\ndrop from 10.0.0.1, @bad\nin: allow to tcp/22 priority 7\n' % listed
        is_run("print has the form in which weir writes it", run("print", path), (0, text, ""))
        is_run("from standard input it stays as it is", run("print", "-", given=text), (0, text, ""))
        is_run("order: allow first", run("order", path),
               (0, "   1  in: allow to tcp/22 priority 7\n   2  r1: drop from 10.0.0.1, @bad\n", ""))
        wrong = "drop\nallow any\ndrop from 10.0.0.1/8\n"
        told = ("weir policy: -:1:1: 'drop': says not for what it is: add from, to, on, host or where, or any if everything "
                "is meant\n"
                "weir policy: -:3:11: '10.0.0.1/8': has bits set behind the prefix; write 10.0.0.0/8, or 10.0.0.1\n")
        for verb in "check", "print", "order":
            is_run("%s tells every wrong line, once" % verb, run(verb, "-", given=wrong), (2, "", told))
        os.unlink(listed)
        got = run("check", path)
        ok(got[0] == 2 and "list: No such file or directory" in got[2], "a list that is gone is bad input", repr(got))
        got = run("check", os.path.join(folder, "none"))
        ok(got[0] == 2 and got[2].endswith("none: No such file or directory\n"), "so is a policy that is gone", repr(got))
        got = run("check", folder)
        ok(got[0] == 2 and "Is a directory" in got[2], "and a folder", repr(got))
        for args in [], ["check"], ["chekc", path], ["check", path, path]:
            ok(run(*args)[0] == 2, "weir policy %s is wrong usage" % " ".join(args[:1]))
        is_run("a file of nothing is right", run("check", "-", given=""), (0, "-: 0 rules\n", ""))
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
