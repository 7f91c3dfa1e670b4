#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a person sees of `make run`: on one screen what it does and how to look at it, a line that lives, at Ctrl-C
# the ledger; and what is said when another one runs already.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
need_root
need python3 make
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
chmod 755 "$TMP"

# What make would run, as root.
like "make run starts the daemon" "$(make -n -C "$WR_ROOT" -o all B=build ARGS='-i x' run)" "^(sudo )?build/weir run -i x$"
like "make watch shows packets" "$(make -n -C "$WR_ROOT" -o all B=build watch)" "^(sudo )?build/weir watch"

# On a terminal of 80 columns and 24 lines: $TMP/screen is what it shows, in lines, $TMP/typed what came of it.
cat >"$TMP/terminal.py" <<-'PYTHON'
	import fcntl, os, pty, re, select, struct, subprocess, sys, termios, time
	out, send, *command = sys.argv[1:]
	pid, fd = pty.fork()
	if not pid:
	    os.execvp(command[0], command)
	fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
	text, end, sent, typed = b"", time.monotonic() + 60, False, False
	while time.monotonic() < end:
	    if select.select([fd], [], [], .1)[0]:
	        try:
	            more = os.read(fd, 65536)
	        except OSError:
	            break
	        if not more:
	            break
	        text += more
	    if not sent and b"Ctrl-C" in text:
	        sent = True
	        with open(out, "wb") as f:
	            f.write(text)
	        subprocess.run(send, shell=True, stdout=subprocess.DEVNULL)
	    # The line that lives has shown what was sent.
	    if sent and not typed and re.search(rb"in [1-9][0-9,]* packets", text):
	        typed = True
	        os.write(fd, b"\x03")
	status = os.waitpid(pid, 0)[1]
	with open(out + ".end", "wb") as f:
	    f.write(text)
	print(os.waitstatus_to_exitcode(status))
PYTHON

RC=$(python3 "$TMP/terminal.py" "$TMP/screen" "nsenter --net=/run/netns/$(ns "$A") $SEND -d 02:77:00:00:00:02 $OUT 200 128 100" \
	"$WEIR" run -n "$NS" -i "$IN" --set "history.path=$TMP/h/history.db")
is "Ctrl-C: it ends well" "$RC" 0
tr -d '\r' <"$TMP/screen" | sed 's/\x1b\[K//g' >"$TMP/shown"
note "$(cat "$TMP/shown")"
ok "what it shows at first fits a screen of 24 lines" test "$(wc -l <"$TMP/shown")" -le 23
nok "and 80 columns" grep -E '.{81}' "$TMP/shown"
for what in "^watches +$IN: native XDP" "^page +http://127.0.0.1:9347/" "^history +$TMP/h/history.db" \
	"^dump +the last packets" "^rights +given up: runs as nobody" "$WEIR top " "$WEIR watch -i $IN " "$WEIR status " "Ctrl-C ends it"; do
	like "it shows '$what'" "$(cat "$TMP/shown")" "$what"
done
tr '\r' '\n' <"$TMP/screen.end" | sed 's/\x1b\[K//g' >"$TMP/end"
like "then a line that lives" "$(cat "$TMP/end")" "^[0-9:]{8}  in [0-9,]+ packets, [0-9.]+ [kM]?bit/s  [0-9,]+ flows$"
like "at the end the ledger" "$(cat "$TMP/end")" "^$IN \(native XDP\)"
like "of every packet" "$(cat "$TMP/end")" "balanced: every packet is accounted for"
nok "no process of it was said to have ended in between" grep -q "ended by signal" "$TMP/end"

# Without a terminal: the same, without the line.
background "$WEIR" run -n "$NS" -i "$IN" --set history.path= >"$TMP/out" 2>"$TMP/err"
wait_for "$PATIENCE" grep -q "Ctrl-C" "$TMP/out"
like "without a terminal, too, it says what it does" "$(cat "$TMP/out")" "^watches +$IN: native XDP"

OTHER=0
"$WEIR" run -n "$NS" -i "$IN" --set history.path= >"$TMP/other" 2>&1 || OTHER=$?
is "a second one: exit status 1" "$OTHER" 1
like "and what to do" "$(cat "$TMP/other")" "another weir listens at '/run/weir/control.sock': look at that one \('weir status'\), or end it"
is "in one line" "$(wc -l <"$TMP/other")" 1
ok "the first one goes on" "$WEIR" status
background_end
nok "no line that is written anew" grep -q $'\x1b' "$TMP/out"
like "and the ledger at the end" "$(cat "$TMP/out")" "balanced: every packet is accounted for"

# A service manager does not need it.
NOTIFY_SOCKET=$TMP/nobody background "$WEIR" run -n "$NS" -i "$IN" --page "" --set history.path= >"$TMP/quiet" 2>"$TMP/err"
wait_for "$PATIENCE" grep -q "^weir: ready" "$TMP/err"
background_end
is "under a service manager nothing goes to standard output" "$(wc -c <"$TMP/quiet")" 0
finish
