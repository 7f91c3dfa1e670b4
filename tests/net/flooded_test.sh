#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Screens while a flood of forged sources comes as fast as this machine can send: the page's stream skips no window, every
# view answers, weir top goes on being used, no memory grows, and in the end every packet is counted.

# shellcheck disable=SC2119 # start and stop may have arguments
# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
# shellcheck source=tests/net/screen.sh
. "$WR_HERE/screen.sh"
need_root
need python3
need_weir
find_send

SOURCES=$(thin 131072) PACKETS=$(thin 1000000)
A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
python3 "$WR_HERE/many_flows.py" "$TMP" "$SOURCES" 0

rx() {
	ip -n "$NS" -s -j link show dev "$IN" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["rx"]["packets"])'
}

# Every part of the file, again and again; what was sent is in $TMP/sent, a number each.
flood() {
	local f
	for f in "$TMP"/part-*.pcap; do
		in_ns "$A" "$SEND" "$OUT" $((PACKETS * 65536 / SOURCES)) 60 0 "file:$f" 2>/dev/null
	done >"$TMP/sent"
	rm -f "$TMP/flooded"
}

begin_flood() {
	: >"$TMP/flooded"
	flood &
	F=$!
}

core_kib() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$D/status"
}

# Asks for views and follows a stream for as long as packets come; one object about it.
ask() {
	"$PYTHON" -S - "$SOCKET" "$TMP/flooded" <<-'PYTHON'
		import json, os, socket, sys, time
		def connect():
		    s = socket.socket(socket.AF_UNIX)
		    s.connect(sys.argv[1])
		    return s
		stream = connect()
		stream.sendall(b"subscribe views=stats\n")
		stream.setblocking(False)
		text, waits, empty, views = b"", [], 0, ["services top=20", "talkers top=20", "flows top=20", "drops", "ledger"]
		while os.path.exists(sys.argv[2]):
		    s, began = connect(), time.monotonic()
		    s.sendall(views[len(waits) % len(views)].encode() + b"\n")
		    rows = list(iter(s.makefile().readline, "\n"))
		    s.close()
		    waits.append((time.monotonic() - began) * 1000)
		    empty += views[(len(waits) - 1) % len(views)] != "drops" and (not rows or '"error"' in rows[0])
		    time.sleep(0.05)
		    try:
		        text += stream.recv(1 << 20)
		    except BlockingIOError:
		        pass
		windows = [json.loads(l)["window"] for l in text.decode().splitlines() if l.endswith("}")]
		waits.sort()
		print(json.dumps({"asked": len(waits), "empty": empty, "windows": len(windows),
		    "skipped": sum(b != a + 1 for a, b in zip(windows, windows[1:])),
		    "median": round(waits[len(waits) // 2], 1), "most": round(waits[-1], 1)}))
	PYTHON
}

# of KEY: what ask has found.
of() {
	"$PYTHON" -S -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$TMP/asked" "$1"
}

conf "interfaces = $IN" "[flow]" "rows = 65536"
first=$(rx) # before there is a program
ok "the daemon starts" start
flood
settle
small=$(core_kib) before=$(rx)
begin_flood
ask >"$TMP/asked"
wait "$F"
note "$(awk '{ n += $1 } END { print n }' "$TMP/sent") packets of $SOURCES sources; $(of asked) questions, answered after $(of median) ms (median), $(of most) ms (most)"
ok "in the flood every view answers" test "$(of asked)" -gt 10 -a "$(of empty)" = 0
ok "and a stream has windows" test "$(of windows)" -ge 2
is "none is skipped" "$(of skipped)" 0
settle
note "resident: $small KiB after a flood, $(core_kib) KiB after another one"
ok "memory is the same after another flood, but for a tenth" test "$(core_kib)" -le $((small * 11 / 10))
is "every packet is counted" "$(raw ledger "[(r['arrived']['packets'], r['balanced']) for r in rows if r['in_iface'] == '$IN']")" "[($(($(rx) - first)), True)]"
ok "and all of the flood has come" test $(($(rx) - before)) -ge "$(awk '{ n += $1 } END { print n }' "$TMP/sent")"
is "flows, and what found no row, are all of them" \
	"$(raw stats "rows[0]['total']['in']['packets']")" $(($(rx) - first))
stop
is "it ends well" "$RC" 0

# pressed KEY WHAT: the screen shows it, with how long that took.
pressed() {
	local began
	began=$(date +%s%N)
	screen keys "$1"
	ok "in the flood weir top shows $2" screen wait "$PATIENCE" "^ $2"
	note "after $((($(date +%s%N) - began) / 1000000)) ms"
}

on_a_screen() {
	need_a_screen || { skip "weir top: needs python3-pyte and ncurses"; return; }
	screen_open 24 80 "$WEIR" top -n "$NS" -i "$IN"
	ok "weir top begins" screen wait "$PATIENCE" '^ in +'
	begin_flood
	pressed 2 Talkers
	pressed 3 'client > server'
	pressed 1 Services
	[ -e "$TMP/flooded" ] || note "the flood was over before"
	wait "$F"
	screen keys q
	ok "and ends" screen end 20
	screen_close
}

need_a_screen() {
	/usr/bin/python3 -c 'import pyte' 2>/dev/null && [ -x "$(dirname "$WEIR")/tui_screen" ]
}
on_a_screen
finish
