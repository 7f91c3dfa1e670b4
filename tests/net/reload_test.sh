#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# History settings while the daemon runs: sizes, ages and another file are taken by SIGHUP and by weir config reload,
# no packet is missing from the two files together, and status tells what there is and what is wrong.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
need_root
need python3
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
CONF=$TMP/weir.conf
chmod 755 "$TMP"
mkdir "$TMP/history" "$TMP/closed"
chown nobody "$TMP/history"
FIRST=$TMP/history/first.db SECOND=$TMP/history/second.db

# conf LINE...: what [history] has.
conf() {
	printf '%s\n' "[capture]" "netns = $NS" "interfaces = $IN" "[history]" "$@" >"$CONF"
}

# status KEY: of history, as the daemon tells it.
status() {
	"$WEIR" status -c "$CONF" --json | python3 -c '
import json, sys
print(json.load(sys.stdin).get("history", {}).get(sys.argv[1], "none"))' "$1"
}

reload() {
	"$WEIR" config reload -c "$CONF" 2>&1
}

hangup() {
	kill -HUP "$D"
}

send() {
	in_ns "$A" "$SEND" -d 02:77:00:00:00:02 "$OUT" "$@"
}

# Packets that a history file has.
packets_of() {
	"$WEIR" history --file "$1" --from -1h --json 2>/dev/null | python3 -c '
import json, sys
print(sum(json.loads(line)["packets"] for line in sys.stdin))'
}

# locked FILE: the daemon has a lock on it. (A process loses all that it has on a file when it closes any descriptor of it.)
locked() {
	local fd
	for fd in "/proc/$D/fd"/*; do
		[ "$(readlink "$fd")" != "$1" ] || ! grep -q ^lock: "/proc/$D/fdinfo/${fd##*/}" || return 0
	done
	return 1
}

has() {
	[ "$(packets_of "$1")" = "$2" ]
}

status_is() {
	[ "$(status "$1")" = "$2" ]
}

flows_are() {
	[ "$(status flows)" -ge "$1" ]
}

conf "path = $FIRST" "size = 64MiB" "flows = 1d"
background "$WEIR" run -c "$CONF" --page "" --set flow.idle=1s >"$TMP/out" 2>"$TMP/err"
D=$BG
ok "it starts" wait_for "$PATIENCE" grep -q "^weir: ready" "$TMP/err" || { sed 's/^/# /' "$TMP/err"; finish; }
RX=$(rx_packets "$B" "$IN")

N=$(send "$(thin 5000)" 128 2000)
ok "its locks hold: no reader takes the shared memory of the file from under it" locked "$FIRST-shm"
ok "what is sent is in history" wait_for "$PATIENCE" has "$FIRST" "$N"
is "status tells the file" "$(status file)" "$FIRST"
is "and how large it may be" "$(status max_bytes)" $((64 << 20))
ok "and how large it is" test "$(status bytes)" -gt 4096
like "and how far back it goes" "$(status oldest)" "^20[0-9]{2}-"
ok "and how many flows it has" wait_for "$PATIENCE" flows_are 100
is "and that nothing was lost, nothing is wrong" "$(status lost) $(status error)" "0 none"
like "in words, too" "$("$WEIR" status -c "$CONF")" "^history +$FIRST, [0-9.]+ [kM]?B of 67.1 MB, [0-9,]+ flows, since 20"

conf "path = $FIRST" "size = 32MiB" "flows = 1m" "seconds = 1h"
is "other sizes and ages" "$(reload)" reloaded
is "are in effect" "$(status max_bytes)" $((32 << 20))
nok "without a restart" grep -q "needs a restart" "$TMP/err"

conf "path = $SECOND" "size = 32MiB"
hangup
ok "another file, by SIGHUP" wait_for "$PATIENCE" status_is file "$SECOND"
M=$(send "$(thin 3000)" 128 2000)
ok "what comes then is there" wait_for "$PATIENCE" has "$SECOND" "$M"
is "no packet is missing, none is twice" "$(($(packets_of "$FIRST") + $(packets_of "$SECOND")))" \
	$(($(rx_packets "$B" "$IN") - RX))
ok "the page's view reads the new one" python3 - "$M" <<-'PYTHON'
	import json, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.connect("/run/weir/control.sock")
	s.sendall(b"history from=-1h\n")
	n = 0
	for line in s.makefile():
	    if line == "\n":
	        break
	    n += json.loads(line).get("packets", 0)
	sys.exit(n != int(sys.argv[1]))
PYTHON

conf "path = $TMP/closed/none.db"
like "a file that cannot be written is refused" "$(reload)" "$TMP/closed/none.db: cannot write history: Permission denied"
is "and the old one stays" "$(status file)" "$SECOND"
conf "path = $SECOND" "size = 1MiB"
like "so is a size that is too small" "$(reload)" "history.size: '1MiB' is not a size .* from 8MiB"

conf "path ="
reload >/dev/null
is "no file: none is kept" "$(status file)" none
conf "path = $SECOND"
reload >/dev/null
is "and again" "$(status file)" "$SECOND"
M=$(($(packets_of "$SECOND") + $(send "$(thin 1000)" 128 2000)))
ok "it goes on where it was" wait_for "$PATIENCE" has "$SECOND" "$M"

# A file that is taken away: told, and mended by itself when its folder is there again.
mv "$TMP/history" "$TMP/away"
send 100 128 1000 >/dev/null
is_failing() {
	[ "$(status failing_since)" != none ] && [ "$(status error)" != none ] # why is known a moment later
}
works_again() {
	[ "$(status failing_since)" = none ]
}
ok "a folder that is gone is told" wait_for "$PATIENCE" is_failing
like "in words" "$("$WEIR" status -c "$CONF")" "cannot be written: $SECOND: "
mv "$TMP/away" "$TMP/history"
ok "when it is there again, so is history" wait_for "$PATIENCE" works_again
like "the last error stays to be read" "$("$WEIR" status -c "$CONF")" "works again after: $SECOND: "
kill "$D"
wait_for "$PATIENCE" wr_gone "$D"
finish
