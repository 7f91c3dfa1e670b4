#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# weir run is killed again and again, at any moment, while packets come: history can be read, the ledger has every
# packet that the interface has counted, and in the end nothing is attached that is not meant to stay.

# shellcheck disable=SC2119 # start and stop may have arguments
# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3 bpftool
need_weir
find_send

TIMES=${WEIR_KILLS:-50}
[ "${WEIR_TEST_THIN:-1}" -lt 2 ] || TIMES=5
A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02
PIN=/sys/fs/bpf/weir-$WR_NAME
DB=$TMP/history/weir.db
mkdir "$TMP/history"
chmod 777 "$TMP/history"

tcx "$B" "$IN" >/dev/null || skip_all "links of TC and XDP need Linux 6.6 to be kept"

rx() {
	ip -n "$NS" -s -j link show dev "$IN" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["rx"]["packets"])'
}

xdp() {
	ip -n "$NS" link show dev "$IN" | grep -c prog/xdp
}

conf "interfaces = $IN" "pin = $PIN" "[history]" "path = $DB" "[page]" "listen ="
BEFORE=$(rx)
start_all
ok "it runs" kill -0 "$D"
background_in "$A" "$SEND" -d "$MAC" "$OUT" 100000000 128 3000 >/dev/null
SENDER=$BG
unreadable=0 away=0
for ((i = 0; i < TIMES; i++)); do
	[ $((i % 10)) != 9 ] || sleep 2 # else no window would be whole
	sleep "$(printf '0.%02d' $((RANDOM % 60)))" # before it is up, or after: also in the middle of a window, of a row
	kill -KILL "$D" 2>/dev/null
	wait "$D" 2>/dev/null
	[ "$(xdp)" = 1 ] || away=$((away + 1))
	if [ -e "$DB" ] && ! "$WEIR" history --file "$DB" --from -1h --json >"$TMP/rows" 2>"$TMP/history.err" &&
		! grep -q "holds nothing" "$TMP/history.err"; then # nor did any window end yet
		unreadable=$((unreadable + 1))
		note "$(<"$TMP/history.err")"
	fi
	background "$WEIR" run -c "$CONF" >"$TMP/out" 2>"$TMP/err"
	D=$BG
done
wait_for "$PATIENCE" started
is "killed $TIMES times: the programs stayed on the interface each time" "$away" 0
is "killed $TIMES times: history could be read each time" "$unreadable" 0
ok "the last one has come up" grep -q "^weir: ready" "$TMP/err"
kill "$SENDER"
wait "$SENDER" 2>/dev/null
settle
ok "history has rows of that time" test "$("$WEIR" history --file "$DB" --from -1h -r 1s --json | wc -l)" -gt 3
is "the ledger has each packet of the interface" "$("$WEIR" ledger --json | python3 -c '
import json, sys
rows = [r for r in map(json.loads, sys.stdin) if r["in_iface"] == sys.argv[1]]
print(sum(r["arrived"]["packets"] for r in rows), all(r["balanced"] for r in rows))' "$IN")" "$(($(rx) - BEFORE)) True"
note "$(($(rx) - BEFORE)) packets came while it was killed $TIMES times"
stop
is "it ends well" "$RC" 0
is "what is meant to stay stays" "$(xdp)" 1
rm -r "$PIN"
ok "without the pins nothing is attached" wait_for "$PATIENCE" test "$(xdp)" = 0 || note "$(ip -n "$NS" link show dev "$IN")"
finish
