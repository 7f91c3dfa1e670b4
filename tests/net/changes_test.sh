#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How often and how widely rules may be changed: so many changes in a minute by whoever is not root, a question on a terminal
# before what is very wide, and --confirm, with which it is taken back by itself.

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
need python3 setpriv
need_screen
need_weir
find_send

A=s$$ B=r$$
IN=to-$A
pair "$A" "$B"
NS=$(ns "$B")
POLICY=$TMP/edge.policy
STATE=$TMP/state.policy

# Somebody who is in the group.
other() {
	setpriv --reuid 12345 --regid daemon --clear-groups "$WEIR" rule "$@" --socket "$SOCKET" 2>&1
}

has() {
	[ "$(said rule list "'$1' in [r.get('rule_id') for r in rows]")" = True ]
}

# with LINE...: what [policy] has besides.
with() {
	: >"$STATE"
	conf "interfaces = $IN" "[policy]" "file = $POLICY" "state = $STATE" "$@" "[socket]" "group = daemon"
}

echo "base: drop to tcp/23" >"$POLICY"
with "changes = 3"
start || wr_point 1 "weir runs with a policy"
for i in 1 2 3; do
	ok "change $i of a minute" other add "o$i: drop from 198.51.100.$i"
done
text=$(other add "o4: drop from 198.51.100.4")
rc=$?
is "one more is refused: 1" "$rc" 1
like "and it says when" "$text" "no more than 3 changes of rules in a minute .policy.changes.: the next one in [0-9]+ s, or by root"
nok "nothing was changed" has o4
nok "deleting counts, too" other del o1
ok "what it looks at does not" other list
for i in 5 6 7; do
	ok "root may: change $i" says 0 rule add "o$i: drop from 198.51.100.$i"
done
like "and is told" "$TEXT" "others than root could change no more rules in this minute"
ok "the kill switch is no matter of that" says 0 rule off
ok "nor is its end" says 0 rule on
with "changes = 0"
ok "a reload takes another number" says 0 config reload
ok "0: any number" other add "o8: drop from 198.51.100.8"
stop

with
start || wr_point 1 "weir runs again"
is "out of the box it is 60" "$(w config show --running --json | grep -c '"policy.changes","value":"60"')" 1

note "what is wide"
ok "a /8 is refused: 2" says 2 rule add "wide: drop from 198.0.0.0/8 to tcp/23"
like "with what to do" "$TEXT" "198.0.0.0/8 is very wide .*narrow it, or add --confirm 60s or --force"
ok "so is IPv6 of /16" says 2 rule add "wide: drop from 2a00::/16 to tcp/23"
ok "with --confirm it is taken" says 0 rule add "wide: drop from 198.0.0.0/8 to tcp/23" --confirm 5s
ok "it is in force" has wide
gone() {
	! has wide
}
ok "and taken back when nobody confirms it" wait_for "$PATIENCE" gone
ok "an automatic one is refused all the same" says 2 rule add "wide: drop from 198.0.0.0/8 to tcp/23 auto for 1m" --confirm 5s

for answer in n y; do
	screen_open 24 120 "$WEIR" rule add "asked: drop from 198.0.0.0/8 to tcp/23" -c "$CONF"
	ok "on a terminal it is asked about" screen wait 10 'all the same\? \[y/N\]'
	screen keys "$answer{Enter}"
	if [ $answer = n ]; then
		ok "no: 2" ended 2
		nok "nothing is there" has asked
	else
		ok "yes: 0" ended 0
		ok "it is there" has asked
	fi
	screen_close
done
stop

# ---- detection ----

# One rule a minute: two floods at two addresses, the second gets none.
with "changes = 1" "[detect]" "on = yes" "auto = enforce"
start || wr_point 1 "weir runs with detection"
flood() {
	background nsenter --net="/run/netns/$(ns "$A")" "$SEND" -d 02:77:00:00:00:02 -t "10.77.0.$1" "to-$B" 60000 200 6000 udp >/dev/null
}
flood 11
first=$BG
answered() {
	[ "$(said rule list "sum('auto' in r.get('rule_id', '') for r in rows)")" = 1 ]
}
ok "a flood gets its rule" wait_for "$PATIENCE" answered
flood 12
second=$BG
ok "a second one in the same minute gets none, and that is said" \
	wait_for "$PATIENCE" grep -q "detection: no rule: no more than 1 change of rules in a minute" "$TMP/err"
ok "there is one" answered
kill "$first" "$second" 2>/dev/null
stop
finish
