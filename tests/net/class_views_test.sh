#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bandwidth classes wherever they are shown: metrics, history, the live screen. What they do to packets is in classes_test.sh.

# shellcheck disable=SC2119 # stop may have an argument
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
need_screen
need python3
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02
POLICY=$TMP/edge.policy
chmod 755 "$TMP"

python3 "$WR_HERE/classes.py" frames "$TMP/bulk.pcap" "$MAC" 10.77.0.1 10.77.0.2 5003 1000

# bulk COUNT PPS: packets of the class `low`.
bulk() {
	send "$1" 1000 "$2" "file:$TMP/bulk.pcap" >/dev/null
}

at_least() {
	ok "$1 ($2, at least $3)" test "$2" -ge "$3"
}

# metric CLASS WHAT: packets so far.
metric() {
	raw_lines metrics | sed -n "s/^weir_class_packets_total{class=\"$1\",what=\"$2\"} //p"
}

db() {
	python3 -c 'import sqlite3, sys
print(sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True).execute(sys.argv[2]).fetchall())' "$TMP/weir/history.db" "$1"
}

mkdir -p "$TMP/weir"
printf '%s\n' "link $IN = in 4mbit out 4mbit" "class low = priority 8" "class low to udp/5003" >"$POLICY"
conf "interfaces = $IN" "hook = xdp" "[policy]" "file = $POLICY" "pressure = no" "[history]" "path = $TMP/weir/history.db"
start_all --page "" || wr_point 1 "weir runs with classes and history"
settle
bulk 1000 1000
settle
is "metrics tell what was offered" "$(metric low offered)" 1000
is "which is what passed and what did not" "$(metric low offered)" $(($(metric low passed) + $(metric low dropped)))
at_least "and of a full link something did not" "$(metric low dropped)" 100
is "of each link, too" \
	"$(raw_lines metrics | sed -n "s/^weir_link_class_packets_total{class=\"low\",what=\"offered\",interface=\"$IN\",direction=\"in\"} //p")" 1000
like "and the link" "$(raw_lines metrics)" "^weir_link_capacity_bytes_per_second\{interface=\"$IN\",direction=\"in\"\} 500000"
if type -P promtool >/dev/null; then
	is "promtool check metrics has nothing to say" "$(raw_lines metrics | promtool check metrics 2>&1)" ""
else
	skip "needs promtool"
fi
printf '%s\n' "link $IN = in 4mbit out 4mbit" "class web = guarantee 1mbit priority 1" "class low = priority 8" \
	"class web to udp/5001" "class low to udp/5003" >"$POLICY"
w config reload >/dev/null
settle
bulk 500 500
settle
screen_open 24 100 "$WEIR" top -n "$NS" -i "$IN" --hook packet --socket "$SOCKET"
ok "weir top has a panel of classes" screen wait "$PATIENCE" '8 Classes'
screen keys '8'
ok "with what is guaranteed" screen wait "$PATIENCE" '^ web +0 +0 +0 .* 1.0 M$'
ok "what is in no class" screen wait "$PATIENCE" '^ \(no class\) '
ok "and the link" screen wait "$PATIENCE" "^ link $IN in .* of 4.0 M"
screen keys 'q'
ok "q ends it" ended 0
screen_close
lost=$(metric low dropped)
is "a class keeps its counters when another one comes before it" "$(metric low offered)" 1500
cp "$POLICY" "$TMP/classes"
echo "base: drop to tcp/23" >"$POLICY"
w config reload >/dev/null
settle
cp "$TMP/classes" "$POLICY"
w config reload >/dev/null
settle
bulk 300 1000
before=$(metric low dropped)
at_least "and what it lost, beside a policy that had none meanwhile" "$before" "$lost"
stop # in the middle of a second
is "history has each packet of it once" \
	"$(db "SELECT key, sum(packets) FROM rollup WHERE kind = 'class' AND res = 60 AND key = 'low' GROUP BY key")" \
	"[('low', 1800)]"
gave_way=$(db "SELECT sum(limited) FROM rollup WHERE kind = 'class' AND res = 60 AND key = 'low'" | tr -dc 0-9)
at_least "and what gave way" "$gave_way" "$before"
is "what gave way is in the whole, too" "$(db "SELECT sum(limited) FROM rollup WHERE kind = 'total' AND res = 60")" "[($gave_way,)]"
like "weir history --class" "$("$WEIR" history --class low --json --file "$TMP/weir/history.db")" '"kind":"class","key":"low"'
like "weir history --top classes" "$("$WEIR" history --top classes --file "$TMP/weir/history.db")" "^ +1,800 .* $gave_way "
"$WEIR" history --class low --json --file "$TMP/weir/history.db" >"$TMP/history.jsonl"
ok "with the shape of docs/schema" python3 -c 'import json, jsonschema, sys
schema = json.load(open(sys.argv[1]))
for line in open(sys.argv[2]):
    jsonschema.validate(json.loads(line), schema)' "$WR_ROOT/docs/schema/history.json" "$TMP/history.jsonl"

note "several links"
in_ns "$B" ip link add two0 type veth peer name two1
in_ns "$B" ip address add 10.99.0.1/24 dev two0
in_ns "$B" ip link set two0 up
in_ns "$B" ip link set two1 up
in_ns "$B" ip neighbour add 10.99.0.2 lladdr 02:99:00:00:00:02 dev two0
printf '%s\n' "class low = priority 8" "class low to udp/5003" "class low to udp/5003 out" >"$POLICY"
conf "interfaces = $IN two0" "hook = tc" "out = yes" "[policy]" "file = $POLICY" "pressure = no"
start || wr_point 1 "weir runs with two interfaces"
settle
# had LINK DIRECTION: packets of the class `low` there.
had() {
	said classes "[c['total']['offered']['packets'] for r in rows if r.get('iface') == '$1' and r['direction'] == '$2'
		for c in r['classes'] if c.get('class') == 'low']"
}
leave() {
	in_ns "$B" python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(40):
    s.sendto(b"x", ("10.99.0.2", 5003))'
}
bulk 30 1000
leave
settle
is "what a class had of one link" "$(had "$IN" in)" "[30]"
is "of another" "$(had two0 out)" "[40]"
is "in the other direction" "$(had two0 in)" "[0]"
is "of all" "$(metric low offered)" 70
like "weir classes tells it, too" "$(w classes)" "^  of two0 out:"
screen_open 24 100 "$WEIR" top -n "$NS" -i "$IN" --hook packet --socket "$SOCKET"
ok "weir top has the panel" screen wait "$PATIENCE" '8 Classes'
screen keys '8'
ok "with each link below its class" screen wait "$PATIENCE" '^   two0 out +0 +0 +0( |$)'
screen keys 'q'
ok "and ends" ended 0
screen_close
in_ns "$B" ip link del two0
left() {
	[ "$(had two0 out)" = "[]" ]
}
ok "a link goes" wait_for "$PATIENCE" left
is "what it had is told of the class all the same" "$(metric low offered)" 70
in_ns "$B" ip link add two0 type veth peer name two1
in_ns "$B" ip link set two0 up # without an address nothing leaves
back() {
	[ "$(had two0 out)" = "[0]" ]
}
ok "one that comes back begins anew" wait_for "$PATIENCE" back
is "and nothing is told twice" "$(metric low offered)" 70
raw_lines classes >"$TMP/shapes.jsonl"
ok "with the shape of docs/schema" shapes "$TMP/shapes.jsonl" class link
stop

finish
