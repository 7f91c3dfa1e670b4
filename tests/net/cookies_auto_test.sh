#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SYN cookies that detection switches on and off by itself: a flood of SYNs that look like those of clients, from sources that do
# not exist, at a service with a small queue. No header tells them apart, so the rule is cookies: who is connected stays so, who
# wants to connect does, the flood is answered in the kernel. Afterwards nothing is answered in place of the service any more,
# and the rule ends by itself.

# shellcheck disable=SC2119 # stop may have arguments
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
ENDS=$WR_HERE/cookies.py
USUAL=100 # connections of clients, from which it is known what is usual
RATE=5000 MOST=1000000 # SYNs of the flood: it ends before, when all has been looked at

in_ns "$B" sh -c "echo 2 >/proc/sys/net/ipv4/tcp_syncookies" 2>/dev/null || skip_all "the kernel was built without SYN cookies"
# So that the service's own answers to the flood go somewhere.
ip -n "$NS" route add 198.18.0.0/15 via 10.77.0.1
# A veth takes what XDP sends back only while XDP is at its other end, too.
background_in "$A" "$WEIR" watch -i "$OUT" --hook xdp --count 'host 192.0.2.1' >/dev/null 2>"$TMP/watch"
wait_for "$PATIENCE" grep -q . "$TMP/watch"
background_in "$B" python3 "$ENDS" serve 443 16 >"$TMP/service"
wait_for "$PATIENCE" grep -q ready "$TMP/service"

connections() {
	in_ns "$A" python3 "$ENDS" connect 10.77.0.2 443 "$1" 6
}

# The rules that detection has made, a line each; their number.
rules() {
	w rule list --json | "$PYTHON" -S -c '
import json, sys
for r in map(json.loads, sys.stdin):
    if str(r.get("rule_id", "")).startswith("auto"):
        print(r["text"])'
}

has_cookies() {
	rules | grep -q 'cookies over [0-9]*cps to tcp/443@10.77.0.2 .*syn_flood'
}

no_rule() {
	[ -z "$(rules)" ]
}

# What the ledger says was answered in place of the service; "unbalanced" when it does not balance.
answered() {
	raw ledger '[r.get("answered", 0) if r["balanced"] else "unbalanced" for r in rows if r["in_iface"] == "'"$IN"'"][0]'
}

is_over() {
	[ "$(said incidents '[r["state"] for r in rows if r["class"] == "syn_flood"]')" = "['over']" ]
}

# Ten seconds and more of clients, four connections at a time: usual is what is five seconds old when nothing was found.
usual() {
	local i n=0
	for ((i = 0; i < USUAL; i += 4)); do
		n=$((n + $(connections 4)))
		sleep 0.4
	done
	is "nobody floods: all clients connect" "$n" "$USUAL"
}

conf "interfaces = $IN" "hook = xdp" "[detect]" "auto = enforce" "[dump]" "rate = 20000"
ok "the daemon starts" start
usual
is "and no rule is made of them" "$(rules)" ""
is "nothing was answered in place of the service" "$(answered)" 0

background_in "$A" python3 "$ENDS" steady 10.77.0.2 443 "$TMP/over" >"$TMP/steady"
STEADY=$BG
wait_for "$PATIENCE" grep -q ready "$TMP/steady"
background_in "$A" "$SEND" -d "$MAC" "$OUT" "$MOST" 74 "$RATE" syn5 >/dev/null 2>&1
FLOOD=$BG
ok "a flood begins, and detection switches SYN cookies on" wait_for "$PATIENCE" has_cookies
note "$(rules)"
n=$(connections 200)
ok "of 200 connections nearly all come about ($n)" [ "$n" -ge 198 ]
ok "meanwhile the flood went on" kill -0 "$FLOOD"
like "the incident says what is done" "$(said incidents '[r["state"] for r in rows if r["class"] == "syn_flood"]')" mitigated
kill "$FLOOD"
wait "$FLOOD" 2>/dev/null
touch "$TMP/over"
wait "$STEADY" 2>/dev/null
# shellcheck disable=SC2016 # the words are those of awk
ok "who was connected stays so: all that was sent came back" \
	awk '/^[0-9]/ { good = $1 > 20 && $1 == $2 } END { exit !good }' "$TMP/steady"
note "echoes sent, come back: $(grep '^[0-9]' "$TMP/steady")"

settle
ANSWERED=$(answered) CAME=$(raw ledger "[r['arrived']['packets'] for r in rows if r['in_iface'] == '$IN'][0]")
note "answered in place of the service: $ANSWERED; arrived: $CAME packets"
# About half is the flood; how much else there is is up to how soon clients are served.
ok "the flood was answered in the kernel: a third of all that has come" [ "$ANSWERED" -gt $((CAME / 3)) ]
# One after the other: the rule answers what is over its rate.
for i in 1 2 3 4; do
	is "the flood is over: clients connect ($i)" "$(connections 1)" 1
done
settle
is "and nothing is answered in place of the service any more" "$(answered)" "$ANSWERED"
ok "the incident is over" wait_for "$PATIENCE" is_over
# A minute after the last second of it the rule ends.
ok "and the rule ends by itself" wait_for $((PATIENCE + 60)) no_rule
is "clients connect without it" "$(connections 20)" 20
is "the service has answered them itself" "$(answered)" "$ANSWERED"
stop
is "it ends well" "$RC" 0
finish
