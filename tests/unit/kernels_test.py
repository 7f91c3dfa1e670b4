#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests/kernels makes of machines that do not start, die, hang, or fail: nothing of that may look like a pass."""
import os
import subprocess
import tempfile

tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GOOD = "ok 1 - a\nok 2 # SKIP needs more\n1..2\n"


def ended(name, status=0):
    return "=== %s %d 3\n" % (name, status)


def all_good():
    return "5.9.9\n" + "".join(GOOD + ended(n) for n in ("verifier", "same", "cookies", "ledger", "modes"))


# what it is; the machine's output, its exit status; the last line
CASES = [
    ("all is well", all_good(), 0, "5 passed, 0 failed, 5 skipped"),
    ("it does not start", "", 125, "0 passed, 0 failed, 1 skipped"),
    ("it dies in the first test", "5.9.9\nok 1 - a\n", 125, "1 passed, 5 failed, 0 skipped"),
    ("it dies in the third test", "5.9.9\n" + GOOD + ended("verifier") + GOOD + ended("same") + GOOD, 125,
     "3 passed, 3 failed, 3 skipped"),
    ("it dies behind the last test", all_good(), 125, "5 passed, 1 failed, 5 skipped"),
    ("its time is up", "5.9.9\n" + GOOD + ended("verifier"), 124, "1 passed, 4 failed, 1 skipped"),
    ("a test fails", all_good().replace("ok 1 - a", "not ok 1 - a", 1), 0, "4 passed, 1 failed, 5 skipped"),
    ("a test ends without a plan", all_good().replace("1..2\n", "", 1), 0, "5 passed, 1 failed, 5 skipped"),
    ("a test ends badly although all points are good", all_good().replace("verifier 0", "verifier 139"), 0,
     "5 passed, 1 failed, 5 skipped"),
    ("a test is skipped whole", all_good().replace(GOOD, "1..0 # SKIP needs tc\n", 1), 0, "4 passed, 0 failed, 5 skipped"),
]


DIES_ONCE = """#!/bin/sh
if [ ! -e %(folder)s/died ]; then
	touch %(folder)s/died
	printf '5.9.9\\nok 1 - a\\n'
	printf '[ 1.0] Oops: invalid opcode\\n[ 1.1] RIP: 0010:there\\n' >&2
	exit 125
fi
cat <<'END'
%(out)sEND
"""


def dies_once(number):
    """it is tried again, and what the kernel said is told"""
    with tempfile.TemporaryDirectory() as folder:
        machine = os.path.join(folder, "vmtest")
        with open(machine, "w") as f:
            f.write(DIES_ONCE % {"folder": folder, "out": all_good()})
        os.chmod(machine, 0o755)
        done = subprocess.run([os.path.join(tests, "kernels")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=dict(os.environ, WEIR_VMTEST=machine, WEIR_KERNELS="old"))
    good = done.returncode == 0 and "died once" in done.stdout and "RIP: 0010:there" in done.stdout
    print("%sok %d - it dies once: told, and tried again" % ("" if good else "not ", number))
    if not good:
        print("# status %d\n# %s" % (done.returncode, done.stdout.replace("\n", "\n# ")))


def main():
    if os.geteuid():
        print("1..0 # SKIP needs root, as tests/kernels does")
        return
    for i, (what, out, status, want) in enumerate(CASES):
        with tempfile.TemporaryDirectory() as folder:
            machine = os.path.join(folder, "vmtest")
            with open(machine, "w") as f:
                f.write("#!/bin/sh\ncat <<'END'\n%sEND\nexit %d\n" % (out, status) if out else "#!/bin/sh\nexit %d\n" % status)
            os.chmod(machine, 0o755)
            done = subprocess.run([os.path.join(tests, "kernels")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  env=dict(os.environ, WEIR_VMTEST=machine, WEIR_KERNELS="old"))
        said = done.stdout.strip().split("\n")
        good = said[-1] == want and (done.returncode != 0) == (" 0 failed" not in want)
        print("%sok %d - %s: %s" % ("" if good else "not ", i + 1, what, want))
        if not good:
            print("# status %d\n# %s" % (done.returncode, "\n# ".join(said)))
    dies_once(len(CASES) + 1)
    print("1..%d" % (len(CASES) + 1))


main()
