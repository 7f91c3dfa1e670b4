#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Live questions: weir why --next (which rule decides of the next packet, by what the kernel has decided, or by a file), and
# weir dump -f (verdict and rule of each packet as it comes).

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02
POLICY=$TMP/edge.policy

# Packets of the kind udp come from 198.18.0.0 to 198.18.15.255 in turn, a hundred a second.
trickle() {
	background nsenter --net="/run/netns/$(ns "$A")" "$SEND" -d "$MAC" "$OUT" 60000 128 100 >/dev/null
	TRICKLE=$BG
}

# of JSON EXPRESSION: Python over o.
of() {
	python3 -c 'import json, sys
o = json.loads(sys.argv[1])
print(eval(sys.argv[2]))' "$1" "$2"
}

printf '%s\n' "scan: drop from 198.18.0.0/16 to udp/9" "later: drop to udp/9" "limit 1000pps to tcp/443" >"$POLICY"
conf "interfaces = $IN" "hook = xdp" "[policy]" "file = $POLICY" "[dump]" "size = 1MiB"
start || wr_point 1 "weir runs with a policy"

ok "no packet in time: 1" says 1 why --next --timeout 0.3s 'udp port 4711'
like "and it says what it has waited for" "$TEXT" "no packet that 'udp port 4711' chooses came in 0.3 s"
ok "a filter that is wrong: 2" says 2 why --next 'udp prt 9'
ok "a time that is wrong: 2" says 2 why --next --timeout soon
ok "without --next a timeout means nothing: 2" says 2 why --policy "$POLICY" --timeout 1s 'udp 10.0.0.1 > 10.0.0.2:9'

trickle
ok "the next one" says 0 why --next 'udp port 9'
like "it was dropped by the first rule" "$TEXT" '^drop by scan'
like "which the packet matches" "$TEXT" 'decides +scan: drop from 198.18.0.0/16 to udp/9'
like "and the second would have" "$TEXT" 'would have +later: drop to udp/9'
json=$(w why --next --json 'udp port 9')
is "as JSON" "$(of "$json" 'o["event_type"], o["verdict"], o["rule"], [(r["rule"], r["role"]) for r in o["rules"]]')" \
	"('why', 'drop', 'scan', [('scan', 'decides'), ('later', 'would')])"
ok "of the interface that is named" says 0 why --next -i "$IN"
ok "of none other" says 1 why --next -i lo --timeout 0.3s

# What is in force is asked, not what the file says.
# No packet that came before the question answers it, however often rules change.
at_once() {
	local i
	for i in 1 2 3 4 5 6; do
		w rule add "friend: allow from 198.18.0.0/16" >/dev/null
		says 0 why --next 'udp port 9' && grep -q '^pass by friend' <<<"$TEXT" || return 1
		w rule del friend >/dev/null
		says 0 why --next 'udp port 9' && grep -q '^drop by scan' <<<"$TEXT" || return 1
	done
}
ok "rules that were added or deleted decide at once" at_once
like "by their names" "$TEXT" '^drop by scan'
w rule del friend >/dev/null 2>&1
w rule add "slow: limit 1pps from 198.18.0.0/16" --force >/dev/null
w rule off >/dev/null
ok "switched off" says 0 why --next 'udp port 9'
like "that is said" "$TEXT" 'switched off'
like "and the packet has passed" "$TEXT" '^pass'
w rule on >/dev/null
ok "and on again" says 0 why --next 'udp port 9' # what came before has been read now
like "it is dropped" "$TEXT" '^drop by scan'

# follow SECONDS [ARG...]: what weir dump -f has shown when it was ended.
follow() {
	background "$WEIR" dump -c "$CONF" -f "${@:2}" >"$TMP/follow" 2>"$TMP/follow.err"
	sleep "$1"
	kill -INT "$BG"
	RC=0
	wait "$BG" || RC=$?
}

follow 1.5 --json 'udp port 9'
is "weir dump -f ends at Ctrl-C with 0" "$RC" 0
ok "it shows packets as they come" test "$(grep -c '"event_type":"packet"' "$TMP/follow")" -ge 5
is "with verdict and rule" "$(grep '"event_type":"packet"' "$TMP/follow" | grep -vc '"verdict":"drop","rule":"scan"')" 0
follow 0.5 'udp port 4711'
is "of those that the filter chooses only" "$(cat "$TMP/follow")" ""
in_ns "$B" "$WEIR" watch -i "$IN" --hook packet -t 1 >/dev/null 2>"$TMP/watch.err"
like "weir watch tells where verdicts are" "$(cat "$TMP/watch.err")" "^weir: rules are in force on $IN: .*'weir dump -f'"
in_ns "$B" "$WEIR" watch -i lo --hook packet -t 1 >/dev/null 2>"$TMP/watch.err"
nok "and not of an interface without rules" grep -q "in force" "$TMP/watch.err"
kill "$TRICKLE"
wait_for 5 wr_gone "$TRICKLE"
settle
follow 1 --packets 3 'udp port 9'
is "with --packets it begins with older ones" "$(wc -l <"$TMP/follow")" 3
stop

# ---- a class that gave way ----

printf '%s\n' "link $IN = in 1mbit out 1mbit" "class low = priority 8" "class low to udp/9" >"$POLICY.classes"
conf "interfaces = $IN" "hook = xdp" "[policy]" "file = $POLICY.classes" "pressure = no" "[dump]" "size = 1MiB"
start || wr_point 1 "weir runs with classes"
background nsenter --net="/run/netns/$(ns "$A")" "$SEND" -d "$MAC" "$OUT" 20000 1000 1000 >/dev/null
TRICKLE=$BG
gave_way() {
	says 0 why --next 'udp port 9' && grep -q '^limit by class low' <<<"$TEXT"
}
ok "what a full link keeps out is told by its class" wait_for "$PATIENCE" gave_way
gets_through() {
	says 0 why --next 'udp port 9' && grep -q '^pass: no rule decides, class low' <<<"$TEXT"
}
ok "and so is what gets through" wait_for "$PATIENCE" gets_through
kill "$TRICKLE"
wait_for 5 wr_gone "$TRICKLE"
stop

# ---- a file, at the interface ----

ok "without a daemon: 1" says 1 why --next
trickle
json=$("$WEIR" why --next --json --policy "$POLICY" -n "$NS" -i "$IN" 'udp port 9' 2>/dev/null)
is "with --policy the packet is taken at the interface" "$(of "$json" 'o["verdict"], o["rule"]')" "('drop', 'scan')"
rc=0
"$WEIR" why --next --policy "$POLICY" -n "$NS" -i "$IN" --timeout 0.3s 'tcp port 4711' 2>/dev/null || rc=$?
is "none in time: 1" "$rc" 1
rc=0
"$WEIR" why --next --policy "$POLICY" -n "$NS" -i nowhere 2>/dev/null || rc=$?
is "no such interface: 2" "$rc" 2
kill "$TRICKLE"
wait_for 5 wr_gone "$TRICKLE"
finish
