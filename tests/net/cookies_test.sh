#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SYN cookies by a rule: while a service with a small queue is flooded with SYNs of sources that do not exist, honest clients
# connect and who is connected stays so, in XDP and at TC, over IPv4 and IPv6; every packet is in the ledger; what is not
# flooded is left alone; ACKs that bring no right cookie do not get through; and where the kernel gives no cookies, the
# rule is refused.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
# shellcheck source=tests/net/policy.sh
. "$WR_HERE/policy.sh"
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

# tcp_syncookies VALUE: of the host that is flooded.
tcp_syncookies() {
	in_ns "$B" sh -c "echo $1 >/proc/sys/net/ipv4/tcp_syncookies" 2>/dev/null
}

# flood KIND COUNT PPS: in the background; F is its process id.
flood() {
	background_in "$A" "$SEND" -d "$MAC" "$OUT" "$2" 94 "$3" "$1" >"$TMP/sent" 2>/dev/null
	F=$BG
	sleep 0.3
}

flood_ends() {
	wait "$F"
}

# connections ADDRESS COUNT: how many of them came about.
connections() {
	in_ns "$A" python3 "$ENDS" connect "$1" 443 "$2" "${3:-6}"
}

# at_least WHAT GOT WANT, at_most
at_least() {
	ok "$1 ($2, at least $3)" [ "$2" -ge "$3" ]
}

at_most() {
	ok "$1 ($2, at most $3)" [ "$2" -le "$3" ]
}

# What the ledger has: arrived, passed, answered and dropped by the rule; False when it does not balance.
sums() {
	ledger '[(r["arrived"]["packets"], r["passed"]["packets"], r["limited"].get("web", {}).get("packets", 0), r["dropped"].get("web", {}).get("packets", 0)) if r["balanced"] and r.get("answered", 0) == sum(x["packets"] for x in r["limited"].values()) and r["arrived"]["packets"] == r["passed"]["packets"] + sum(x["packets"] for k in ("dropped", "limited") for x in r[k].values()) else False for r in rows][0]'
}

tcp_syncookies 1 || skip_all "the kernel was built without SYN cookies"
# So that the service's own answers to the flood go somewhere.
ip -n "$NS" route add 198.18.0.0/15 via 10.77.0.1
ip -n "$NS" -6 route add 2001:2::/48 via fd77::1
# A veth takes what XDP sends back only while XDP is at its other end, too.
background_in "$A" "$WEIR" watch -i "$OUT" --hook xdp --count 'host 192.0.2.1' >/dev/null 2>"$TMP/watch"
wait_for "$PATIENCE" grep -q . "$TMP/watch"

serve() {
	background_in "$B" python3 "$ENDS" serve 443 16 >"$TMP/service"
	S=$BG
	wait_for "$PATIENCE" grep -q ready "$TMP/service"
}

serve

# ---- without the rule ----------------------------------------------------------------

tcp_syncookies 0
is "nobody floods: all connect" "$(connections 10.77.0.2 20)" 20
flood syn5 30000 10000
at_most "flooded, without cookies: of 20 connections half or less come about" "$(connections 10.77.0.2 20 1)" 10
flood_ends
kill "$S" # or the flood's connections would wait for a minute
serve

# ---- with it -------------------------------------------------------------------------

# flooded HOOK KIND ADDRESS
flooded() {
	local what="$1, $2" n
	rm -f "$TMP/over"
	background_in "$A" python3 "$ENDS" steady "$3" 443 "$TMP/over" >"$TMP/steady"
	wait_for "$PATIENCE" grep -q ready "$TMP/steady"
	flood "$2" 30000 10000
	n=$(connections "$3" 200)
	flood_ends
	touch "$TMP/over"
	wait "$BG" 2>/dev/null
	wait_for 60 grep -q '^[0-9]' "$TMP/steady"
	at_least "$what: of 200 connections in the flood come about" "$n" 198
	ok "$what: who is connected stays so: all that was sent came back" \
		awk '/^[0-9]/ { n = $1; good = $1 > 20 && $1 == $2 } END { exit !good }' "$TMP/steady"
	settle
	SUMS=$(sums)
	note "$what: arrived, passed, answered, dropped: $SUMS"
}

# The third of them.
answered() {
	tr -d '(),' <<<"$SUMS" | cut -d ' ' -f 3
}

# Every SYN is answered here, so each of the connections has come by a cookie.
by_cookies() {
	w rule add 'web: cookies to tcp/443' >/dev/null
	is "$1: connections by cookies alone" "$(connections 10.77.0.2 50)" 50
	is "$1: of IPv6, too" "$(connections fd77::2 50)" 50
	settle
	is "$1: each had its answer here, and nothing else was kept out" \
		"$(sums | sed 's/([0-9]*, [0-9]*, /(/')" "(100, 0)"
	w rule del web >/dev/null
}

# works HOOK KIND ADDRESS
works() {
	local hook=$1 before
	policy
	run_with "$hook" || { ok "$hook: starts" false; return; }
	by_cookies "$hook"
	w rule add 'web: cookies over 200cps to tcp/443 why "what makes the money"' >/dev/null
	flooded "$@"
	at_least "$hook: nearly all of the flood was answered here" "$(answered)" 27000
	ok "$hook: the ledger balances to the packet" [ "$SUMS" != False ]
	before=$(answered)
	is "$hook: the flood is over: all connect" "$(connections "$3" 20)" 20
	settle
	SUMS=$(sums)
	is "$hook: and nothing is answered in place of the service any more" "$(answered)" "$before"
	like "$hook: the ledger tells how many" "$("$WEIR" ledger)" "^  of them +$before +answered with SYN cookies"
	like "weir rule show tells what the kernel does" "$(w rule show web)" "net.ipv4.tcp_syncookies = 2: at once"
	w rule del web >/dev/null # or it would be kept for the next one
	stop
	is "$hook: it ends with 0" "$RC" 0
}

tcp_syncookies 2
works xdp syn5 10.77.0.2
works tc syn6 fd77::2

# ---- by hand: to the packet ----------------------------------------------------------

exactly() {
	policy
	run_with tc || { ok "starts without a rule" false; return; }
	ok "a rule without a rate is added" w rule add 'web: cookies to tcp/443 for 10m'
	send 1000 94 5000 syn5 >/dev/null
	settle
	is "each SYN is answered" "$(sums)" "(1000, 0, 1000, 0)"
	is "the rule has counted as much" "$(rule web 'r["action"], r["matched"]["packets"], r["stopped"]["packets"], r["syncookies"]')" \
		"('cookies', 1000, 1000, 2)"
	send 1000 54 5000 ack >/dev/null
	settle
	is "and each ACK without a cookie dropped" "$(sums)" "(2000, 0, 1000, 1000)"
	is "packets that are kept say so" "$(w dump --json 'tcp' | fates)" "answer web 1000, drop web 1000"
	ok "the queue of the service has room: with 1 it" tcp_syncookies 1
	send 10 94 1000 syn5 >/dev/null
	settle
	is "gets the SYNs itself" "$(sums)" "(2010, 10, 1000, 1000)"
	like "weir rule show says so" "$(w rule show web)" "= 1: once the service's own queue is full"
	tcp_syncookies 0
	ok "with 0 a rule is refused with 3" says 3 rule add 'cookies to tcp/80'
	like "it says what is missing" "$TEXT" "tcp_syncookies to 2"
	ok "a shadow is not" w rule shadow 'cookies to tcp/80'
	stop
	policy 'cookies to tcp/443'
	ok "and weir run ends with 3" says_run 3
	like "for the same reason" "$TEXT" "rule r1: .*tcp_syncookies"
	tcp_syncookies 2
}

fates() {
	python3 -c '
import collections, json, sys
rows = [json.loads(line) for line in sys.stdin]
n = collections.Counter((r.get("verdict"), r.get("rule")) for r in rows if r["event_type"] == "packet")
print(", ".join("%s %s %d" % (*k, v) for k, v in sorted(n.items(), key=str)))'
}

says_run() {
	local rc=0
	conf "interfaces = $IN" "hook = tc" "[policy]" "file = $POLICY"
	TEXT=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1) || rc=$?
	[ "$rc" = "$1" ]
}

exactly
finish
