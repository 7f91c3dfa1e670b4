#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a shadow would hit: how much, whom, and whether those are among them that were there before; and what came of it.

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
# shellcheck disable=SC2034 # read by daemon.sh and policy.sh
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
# shellcheck disable=SC2034
MAC=02:77:00:00:00:02

# report NAME EXPRESSION: Python over r, what weir rule show has of a rule, and packets.
report() {
	w rule show "$1" --json | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(eval(sys.argv[1], {"r": rows[0], "packets": rows[1:], "h": rows[0].get("hits")}))' "$2" 2>&1 | tail -n 1
}

# is_report NAME EXPRESSION: it is true.
is_report() {
	[ "$(report "$1" "$2")" = True ]
}

# session PORT: from A to that port of B: says something every tenth of a second.
session() {
	cat >"$TMP/session.py" <<-'PYTHON'
		import socket, sys, time
		port = int(sys.argv[2])
		if sys.argv[1] == "listen":
		    s = socket.create_server(("10.77.0.2", port))
		    c, _ = s.accept()
		    while (data := c.recv(100)):
		        c.sendall(data)
		else:
		    s = socket.create_connection(("10.77.0.2", port), timeout=5)
		    while True:
		        s.sendall(b"x")
		        s.recv(100)
		        open(sys.argv[3], "w").write("1")
		        time.sleep(0.1)
	PYTHON
	background_in "$B" python3 "$TMP/session.py" listen "$1"
	LISTENER=$BG
	sleep 0.5
	background_in "$A" python3 "$TMP/session.py" connect "$1" "$TMP/alive"
	CLIENT=$BG
	wait_for "$PATIENCE" test -s "$TMP/alive"
}

reports() {
	policy "friend: allow from 198.18.0.1/32" "none: drop from 192.0.2.0/24 shadow"
	run_with auto || return
	ok "a session is there" session 8080
	settle
	ok "a shadow" w rule shadow "ghost: drop from 198.18.0.0/24, 10.77.0.1"
	send 4096 128 20000 >/dev/null
	ok "the session is known-good" wait_for "$PATIENCE" is_report ghost 'h["known_good"]["packets"] >= 3'
	is "one flow is" "$(report ghost '[(f["proto"], f["client"]["ip"], f["server"]) for f in h["known_good_flows"]]')" \
		"[('TCP', '10.77.0.1', {'ip': '10.77.0.2', 'port': 8080})]"
	is "the flood is not" "$(report ghost 'h["all"]["packets"] - h["known_good"]["packets"]')" 255
	is "the top sources are told" "$(report ghost 'h["top_sources"][0]["ip"] in ("10.77.0.1", "198.18.0.0") and len(h["top_sources"])')" 10
	is "and all of them are estimated" "$(report ghost '230 < h["sources"] < 280')" True
	is "services are told with address and port" \
		"$(report ghost 'sorted((s["proto"], s["ip"], s["port"]) for s in h["top_services"])')" \
		"[('TCP', '10.77.0.2', 8080), ('UDP', '10.77.0.2', 9)]"
	is "who is let in before is not among them" "$(report ghost '"198.18.0.1" in [s["ip"] for s in h["top_sources"]]')" False
	kill -STOP "$CLIENT"
	settle
	ok "they are as many as the kernel counted, but for the second in which the rule came" wait_for "$PATIENCE" is_report ghost \
		'r["matched"]["packets"] == r["as_shadow"]["would_stop"]["packets"] and abs(h["all"]["packets"] - r["matched"]["packets"]) < 60'
	kill -CONT "$CLIENT"
	is "some packets are shown" "$(report ghost 'len(packets) == 5 and all(p["event_type"] == "packet" for p in packets)')" True
	is "of different sources" "$(report ghost 'len(set(p["src_ip"] for p in packets))')" 5
	is "those that it hits" "$(report ghost 'all(p["src_ip"].startswith("198.18.0.") or p["src_ip"] == "10.77.0.1" for p in packets)')" True
	is "nothing of the rule that hit nothing" "$(report none 'h["all"]["packets"], h["sources"], h["top_sources"], len(packets)')" "(0, 0, [], 0)"
	like "in words, too" "$(w rule show ghost)" "As a shadow .* would stop [0-9]"
	like "with the session" "$(w rule show ghost)" "10.77.0.1:[0-9]* > 10.77.0.2:8080 TCP"
	is "in 80 columns, but for the statement and packets" "$(w rule show ghost | sed -e 2d -e '/^  Packets/q' | awk 'length > 80')" ""
	raw_lines "report rule=ghost" >>"$TMP/shapes"
	kill "$CLIENT" "$LISTENER"
}
reports

outcome() {
	local n
	ok "it is enforced" w rule enforce ghost
	settle
	send 4096 128 20000 >/dev/null
	settle
	is "what it said as a shadow is kept" "$(report ghost 'r["state"], r["as_shadow"]["would_stop"]["packets"] > 250, h["all"]["packets"] > 250')" \
		"('enforced', True, True)"
	is "and what came of it is told" "$(report ghost 'r["since_enforced"]["stopped"]["packets"]')" 255
	like "in words, too" "$(w rule show ghost)" "Outcome .*/s stopped, .*/s predicted"
	raw_lines "report rule=ghost" >>"$TMP/shapes"
	ok "as a shadow again" w rule shadow ghost
	is "it begins anew" "$(report ghost 'r["as_shadow"]["would_stop"]["packets"], h["all"]["packets"]')" "(0, 0)"
	n=$(report ghost '1')
	del ghost >/dev/null
	is "when it is gone nothing is told" "$n $(w rule show ghost 2>&1 | tail -n 1)" \
		"1 weir rule: there is no rule 'ghost' (weir rule list)"
}
outcome

# Of packets, for what a flow does not know.
sampled() {
	w rule shadow 'expr: drop where "udp and src net 198.18.1.0/24"' >/dev/null
	send 4096 128 20000 >/dev/null
	settle
	is "an expression is held against kept packets" "$(report expr 'h["sampled"], h["all"]["packets"], h["top_services"][0]["port"]')" "(True, 256, 9)"
	is "with examples" "$(report expr 'len(packets), packets[0]["src_ip"][:9]')" "(5, '198.18.1.')"
	raw_lines "report rule=expr" >>"$TMP/shapes"
	is "an unknown rule: 1" "$(w rule show nosuch >/dev/null 2>&1; echo $?)" 1
	is "none: 2" "$(w rule show >/dev/null 2>&1; echo $?)" 2
	stop
}
sampled

# ---- by the page ---------------------------------------------------------------------

# post DO TEXT [HEADER...]: the status of a change by the page.
post() {
	local do=$1 text=$2
	shift 2
	curl -s -o "$TMP/said" -w '%{http_code}' -X POST "$@" "http://127.0.0.1:9347/api/rule?do=$do&text=$text"
}

by_page() {
	local token="Authorization: Bearer correct-horse-battery"
	command -v curl >/dev/null || { skip "needs curl"; return; }
	echo correct-horse-battery >"$TMP/token"
	policy "# nothing yet"
	: >"$STATE"
	conf "interfaces = $IN" "[policy]" "file = $POLICY" "state = $STATE" "[page]" "listen = 127.0.0.1:9347" "token_file = $TMP/token"
	start_all --set history.path= || return
	is "the page changes nothing when it is not configured to" "$(post shadow 'x:%20drop%20to%20tcp/23' -H "$token")" 403
	stop
	conf "interfaces = $IN" "[policy]" "file = $POLICY" "state = $STATE" "[page]" "change = yes"
	is "page.change without a token is refused" "$(w config check >/dev/null 2>&1; echo $?)" 2
	conf "interfaces = $IN" "[policy]" "file = $POLICY" "state = $STATE" "[page]" "listen = 127.0.0.1:9347" "token_file = $TMP/token" \
		"change = yes"
	start_all --set history.path= || return
	is "with it, but without a token" "$(post shadow 'x:%20drop%20to%20tcp/23')" 401
	is "nothing is there" "$(rule x 1)" none
	is "with a token it is made" "$(post shadow 'x:%20drop%20to%20tcp/23' -H "$token")" 200
	is "and is there" "$(rule x 'r["state"]')" shadow
	is "and enforced" "$(post enforce x -H "$token") $(rule x 'r["state"]')" "200 enforced"
	is "guards hold" "$(post add 'drop%20from%20198.0.0.0/8' -H "$token")" 400
	like "and say why" "$(cat "$TMP/said")" "198.0.0.0/8 is very wide"
	is "another page cannot" "$(post del x -H "$token" -H "Origin: http://evil.example")" 403
	is "it is deleted" "$(post del x -H "$token") $(rule x 1)" "200 none"
	conf "interfaces = $IN" "[policy]" "file = $POLICY" "state = $STATE" "[page]" "listen = 127.0.0.1:9347" "token_file = $TMP/token"
	w config reload >/dev/null
	ok "a reload takes the right away" wait_for "$PATIENCE" refuses_changes "$token"
	stop
}

refuses_changes() {
	[ "$(post shadow 'x:%20drop%20to%20tcp/23' -H "$1")" = 403 ]
}
by_page

# ---- history -------------------------------------------------------------------------

# db SQL: rows of the history, as Python has them.
db() {
	python3 - "$TMP/weir/history.db" "$1" <<-'PYTHON'
		import sqlite3, sys
		print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())
	PYTHON
}

past() {
	local n
	: >"$STATE"
	policy "lim: limit 1pps from 198.18.1.0/24"
	conf "interfaces = $IN" "[policy]" "file = $POLICY" "state = $STATE"
	start_all --page "" --set "history.path=$TMP/weir/history.db" || return
	w rule shadow "h: drop from 198.18.2.0/24" >/dev/null
	send 4096 128 20000 >/dev/null
	settle
	w rule enforce h >/dev/null
	send 4096 128 20000 >/dev/null
	settle
	n=$(ledger 'rows[0]["limited"]["lim"]["packets"]')
	w rule del h >/dev/null
	w rule add "brief: drop from 198.18.3.0/24 for 2s" >/dev/null
	policy "lim: limit 2pps from 198.18.1.0/24" "more: drop from 198.18.4.0/24"
	w config reload >/dev/null
	ok "a rule ends" wait_for "$PATIENCE" gone brief
	w rule off >/dev/null
	w rule off >/dev/null
	w rule on >/dev/null
	stop
	is "history has what rules matched, dropped and limited" \
		"$(db "SELECT key, sum(packets), sum(dropped), sum(limited) FROM rollup WHERE kind = 'rule' AND res = 60 GROUP BY key")" \
		"[('h', 512, 256, 0), ('lim', 512, 0, $n)]"
	is "and so has the whole" "$(db "SELECT sum(dropped), sum(limited) FROM rollup WHERE kind = 'total' AND res = 60")" "[(256, $n)]"
	is "and bytes" "$(db "SELECT sum(bytes) FROM rollup WHERE kind = 'rule' AND key = 'h' AND res = 60")" "[($((512 * 128)),)]"
	is "and what became of them" "$(db "SELECT state, action FROM rule ORDER BY at_ns, id")" \
		"[('shadow', 'drop'), ('active', 'drop'), ('deleted', 'drop'), ('active', 'drop'), ('active', 'drop'), ('expired', 'drop'), ('off', 'switch'), ('on', 'switch')]"
	is "by whom" "$(db "SELECT DISTINCT substr(text, instr(text, '#')) FROM rule ORDER BY 1")" \
		"[('# by its end',), ('# by the file',), ('# by uid 0',)]"
	like "weir history tells it" "$("$WEIR" history --rules --file "$TMP/weir/history.db")" 'h: drop from 198.18.2.0/24 shadow  # by uid 0'
	like "and the kill switch" "$("$WEIR" history --rules --file "$TMP/weir/history.db")" \
		'switched off: all is counted, nothing is kept out  # by uid 0'
	like "and the counters of one" "$("$WEIR" history --rule h --json --file "$TMP/weir/history.db")" '"dropped":256'
}

gone() {
	[ "$(rule "$1" 1)" = none ]
}
past

if python3 -c 'import jsonschema' 2>/dev/null; then
	ok "what is said has the shapes of docs/schema" shapes "$TMP/shapes" rule_report packet
else
	skip "needs jsonschema for python3"
fi

finish
