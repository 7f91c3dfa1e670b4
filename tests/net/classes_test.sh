#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bandwidth classes: what is guaranteed is had while the link is full, what is idle is used by the others, in the order of
# their priorities; ceilings; marks instead of losses where the ends know them; what leaves; the kill switch; the ledger.
#
# WEIR_PLOTS=FOLDER: what was measured is drawn there.

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
CLASSES=$WR_HERE/classes.py
chmod 755 "$TMP"

frames() { # NAME PORT BYTES [TOS]
	python3 "$CLASSES" frames "$TMP/$1.pcap" "$MAC" 10.77.0.1 10.77.0.2 "${@:2}"
}

frames6() {
	python3 "$CLASSES" frames "$TMP/$1.pcap" "$MAC" fd77::1 fd77::2 "${@:2}"
}

# ledger EXPRESSION: Python over r, its row of what arrives.
ledger() {
	raw ledger "[($1) for r in rows if r['hook'] != 'tc-out'][0]"
}

# flow NAME COUNT PPS: in the background.
flow() {
	background in_ns "$A" "$SEND" -d "$MAC" "$OUT" "$2" 1000 "$3" "file:$TMP/$1.pcap" >>"$TMP/sent" 2>&1
}

# sample CLASS SECONDS NAME: in the background, until so long after that class began.
sample() {
	background python3 "$CLASSES" sample "$SOCKET" "$1" "$2" "$TMP/$3.jsonl" >"$TMP/sampled"
	wait_for "$PATIENCE" grep -q ready "$TMP/sampled"
}

# run_with HOOK LINE...: the lines are the policy.
run_with() {
	local hook=$1
	shift
	printf '%s\n' "$@" >"$POLICY"
	conf "interfaces = $IN" "hook = $hook" "out = yes" "[policy]" "file = $POLICY" "pressure = no"
	start || wr_point 1 "$hook: weir runs with: $*"
}

# Three classes over a link of 40 Mbit/s; each frame has 1,000 bytes. Three times as much as it carries is offered from the
# third second on.
peak() {
	sample bulk 10 "$1"
	local sampling=$BG
	flow bulk 78750 7500 # 60 Mbit/s, ten and a half seconds
	sleep 3
	flow web 7500 2500  # 20 Mbit/s, three seconds
	flow mail 25000 5000 # 40 Mbit/s, five seconds
	wait "$sampling"
}

# at_least WHAT GOT WANT: numbers.
at_least() {
	ok "$1 ($2, at least $3)" test "$2" -ge "$3"
}

at_most() {
	ok "$1 ($2, at most $3)" test "$2" -le "$3"
}

# Of what could be had: a machine that stops who sends for some tenths of a second leaves the link empty meanwhile.
most_of() {
	ok "$1 ($2, at least 95 % of $3)" test $(($3 >= 20000000 && $2 * 100 >= $3 * 95)) = 1
}

bars() {
	local h=$1 alone offered web web_share web_first mail bulk mail_later bulk_later told
	local could_alone could_all could_later could_last
	told=$(python3 "$CLASSES" peak "$TMP/$h.jsonl")
	note "$h: $told"
	eval "$told"
	most_of "$h: alone, the least important one has 95 % of the link" "$alone" "$could_alone"
	at_most "$h: and not more than the link" "$alone" 41600000
	at_least "$h: the critical one offered its guarantee in the peak" "$offered" 19000000
	at_least "$h: of 1,000 bytes of it passed, from 200 ms after its beginning" "$web_share" 980
	at_least "$h: and in the first 200 ms" "$web_first" 980
	at_least "$h: the second has its guarantee and what the first leaves" "$mail" 18000000
	at_most "$h: the third gives way" "$bulk" 2400000
	most_of "$h: all together have 95 % of the link" $((web + mail + bulk)) "$could_all"
	at_most "$h: and not more than the link" $((web + mail + bulk)) 41600000
	most_of "$h: when the first is silent, the second has the link" "$mail_later" "$could_later"
	most_of "$h: and behind it the third" "$bulk_later" "$could_last"
}

frames web 5001 1000
frames mail 5002 1000
frames bulk 5003 1000

for hook in xdp tc; do
	run_with "$hook" "link $IN = in 40mbit out 40mbit" \
		"class web = guarantee 20mbit priority 1" "class mail = guarantee 8mbit priority 4" "class bulk = priority 8" \
		"class web to udp/5001" "class mail to udp/5002" "class bulk to udp/5003" || continue
	peak "$hook"
	bars "$hook"
	[ -z "${WEIR_PLOTS:-}" ] || python3 "$CLASSES" plot "$TMP/$hook.jsonl" "$WEIR_PLOTS/classes-$hook.svg" \
		"A link of 40 Mbit/s, $hook: web guarantee 20, priority 1; mail 8, 4; bulk 0, 8" 40000000
	settle
	is "$hook: arrived = passed + limited, to the packet" \
		"$(ledger 'r["arrived"]["packets"] == r["passed"]["packets"] + sum(x["packets"] for x in r["limited"].values())')" True
	is "$hook: what gave way is the class's, in the ledger" "$(ledger 'sorted(r["limited"])')" "['class bulk', 'class mail']"
	like "$hook: weir classes shows them" "$(w classes)" '^  mail '
	like "$hook: and the link" "$(w classes)" "^  $IN in +40.0 Mbit/s +40.0 Mbit/s"
	for view in classes ledger status; do
		raw_lines "$view" >>"$TMP/shapes"
	done
	stop
	is "$hook: it ends with 0" "$RC" 0
done
ok "all have the shapes of docs/schema" shapes "$TMP/shapes" class link ledger

# ---- ceiling, marks, the kill switch ----

for hook in xdp tc; do
	run_with "$hook" "link $IN = in 8mbit out 8mbit" "class low = ceiling 4mbit priority 8" "class ecn = priority 8" \
		"class low to udp/5003" "class ecn to udp/5004" || continue
	sample low 2.5 ceiling
	sampling=$BG
	flow bulk 4000 1000
	wait "$sampling"
	passed=$(python3 "$CLASSES" ceiling "$TMP/ceiling.jsonl" low 4000000)
	at_least "$hook: a ceiling is reached" "$passed" 3800000
	at_most "$hook: and not passed" "$passed" 4200000
	for v in V4 V6; do
		[ $v = V4 ] && frames ecn 5004 1000 2 || frames6 ecn 5004 1000 1
		background in_ns "$B" python3 "$CLASSES" hear $v 5004 3 >"$TMP/heard"
		hearing=$BG
		wait_for "$PATIENCE" grep -q ready "$TMP/heard"
		flow ecn 2500 1100 # 8.8 Mbit/s
		wait "$hearing"
		read -r not ect1 ect0 ce < <(tail -n 1 "$TMP/heard")
		note "$hook $v: Not-ECT $not, ECT(1) $ect1, ECT(0) $ect0, CE $ce"
		at_least "$hook $v: packets that can bear a mark are marked" "$ce" 100
		at_least "$hook $v: what marks do not slow is lost beyond the link, not more" $((not + ect1 + ect0 + ce)) 2200
	done
	at_least "$hook: marks are counted" "$(said classes 'sum(r["total"]["marked"]["packets"] for r in rows if r.get("class") == "ecn")')" 200
	w rule off >/dev/null
	before=$(ledger 'sum(x["packets"] for x in r["limited"].values())')
	flow bulk 1000 2000
	wait "$BG"
	settle
	is "$hook: with the kill switch nothing gives way" "$(ledger 'sum(x["packets"] for x in r["limited"].values())')" "$before"
	at_least "$hook: but what would have is counted" "$(said classes '[r["second"]["dropped"]["packets"] + r["total"]["dropped"]["packets"] for r in rows if r.get("class") == "low"][0]')" 100
	stop
done

# ---- what leaves ----

run_with tc "link $IN = in 40mbit out 8mbit" "class low = priority 8" "class low any out" && {
	python3 "$CLASSES" frames "$TMP/answers.pcap" 02:77:00:00:00:01 10.77.0.2 10.77.0.1 5005 1000
	sample low 2.5 out
	background in_ns "$B" "$SEND" -d 02:77:00:00:00:01 "$IN" 8000 1000 2000 "file:$TMP/answers.pcap" >/dev/null
	wait "$BG"
	sleep 0.5
	passed=$(python3 "$CLASSES" ceiling "$TMP/out.jsonl" low 8000000)
	at_least "what leaves has its link" "$passed" 7600000
	at_most "and not more" "$passed" 8400000
	is "in the ledger" "$(raw ledger "[sorted(r['limited']) for r in rows if r['hook'] == 'tc-out']")" "[['class low']]"
	stop
}

# ---- TCP over a long wire ----
#
#     far  10.77.0.1 ───── wire: 10 ms each way ───── 10.77.0.9  near, where weir is

F=f$$ W=w$$ N=n$$
pair "$F" "$W"
pair "$W" "$N"
FAR=$(ns "$F") NEAR=$(ns "$N")
mac_of() { ip -n "$1" -br link show dev "$2" | awk '{ print $3 }'; }
far_addr=$(ip -n "$FAR" -4 -br addr show dev "to-$W" | awk '{ sub("/.*", "", $3); print $3 }')
near_addr=${far_addr%.*}.9
ip -n "$NEAR" addr add "$near_addr/24" dev "to-$W"
ip -n "$NEAR" neigh replace "$far_addr" lladdr "$(mac_of "$FAR" "to-$W")" dev "to-$W"
ip -n "$FAR" neigh replace "$near_addr" lladdr "$(mac_of "$NEAR" "to-$W")" dev "to-$W"
for x in "$F" "$N"; do
	in_ns "$x" python3 "$CLASSES" plain "to-$W"
done
touch "$TMP/there"
background in_ns "$W" python3 "$CLASSES" wire "to-$F" "to-$N" 10 "$TMP/there" >"$TMP/wire"
WIRE=$BG
wait_for "$PATIENCE" grep -q ready "$TMP/wire"
NS=$NEAR IN=to-$W

retransmitted() {
	in_ns "$F" awk '/^Tcp: [0-9]/ { print $13 }' /proc/net/snmp
}

# tcp ECN: BITS and AGAIN of a connection of five seconds.
tcp() {
	for x in "$F" "$N"; do
		in_ns "$x" sh -c "echo $1 >/proc/sys/net/ipv4/tcp_ecn"
	done
	background in_ns "$N" python3 "$CLASSES" tcp take "$near_addr" 5004 5 >"$TMP/taken"
	local taking=$BG
	wait_for "$PATIENCE" grep -q ready "$TMP/taken"
	AGAIN=$(retransmitted)
	background in_ns "$F" python3 "$CLASSES" tcp send "$near_addr" 5004 7 >/dev/null 2>&1
	wait "$taking"
	BITS=$(tail -n 1 "$TMP/taken")
	AGAIN=$(($(retransmitted) - AGAIN))
}

for hook in xdp tc; do
	run_with "$hook" "link $IN = in 12mbit out 12mbit" "class low = priority 8" "class low to tcp/5004" || continue
	tcp 1
	at_least "$hook: a TCP connection that knows marks has the link" "$BITS" 9600000
	at_least "$hook: by marks" "$(said classes 'sum(r["total"]["marked"]["packets"] for r in rows if r.get("class") == "low")')" 100
	note "$hook: $AGAIN sent again"
	tcp 0
	at_least "$hook: one that does not is slowed, not cut" "$BITS" 8400000
	note "$hook: $AGAIN sent again"
	stop
done
rm "$TMP/there"
wait "$WIRE" 2>/dev/null

finish
