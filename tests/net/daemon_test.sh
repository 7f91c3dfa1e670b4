#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon: its views show the traffic that was sent, to the packet; it has no rights; it is
# reloaded under load and loses nothing; interfaces come and go; nothing is left when it ends or is
# killed.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3 setpriv
need_weir
find_send

A=s$$ B=r$$ C=x$$
IN=to-$A OUT=to-$B IN2=to-$C
pair "$A" "$B"
pair "$B" "$C"
NS=$(ns "$B")
MAC=02:77:00:00:00:02

attached() {
	tcx "$B" "$IN" | grep . && return
	ip -n "$NS" link show dev "$IN" | grep prog/xdp && return
	tc -n "$NS" filter show dev "$IN" ingress 2>/dev/null | grep bpf
}

not_attached() {
	! attached
}

# ---- configuration -------------------------------------------------------------------

wrong_conf() {
	local rc=0 text
	conf "interface = $IN" "[flow]" "idle = 5"
	text=$("$WEIR" run -c "$CONF" 2>&1) || rc=$?
	is "a wrong configuration: the exit status is 2" "$rc" 2
	like "its first error has file, line and the name that was meant" "$text" \
		"weir.conf:3: there is no item 'capture.interface'; did you mean 'capture.interfaces'"
	like "and so has the next" "$text" "weir.conf:5: flow.idle: '5' is not a duration .* from 1s to 1d"
	rc=0
	w config check >/dev/null 2>&1 || rc=$?
	is "config check says the same" "$rc" 2
	conf "interfaces = $IN" "[flow]" "idle = 1h" "active = 1h"
	ok "and that a right one is right" w config check
	like "config show tells values and where they come from" "$(w config show)" \
		"^capture.interfaces = $IN +# .*weir.conf:3"
	rc=0
	"$WEIR" run -c "$TMP/none" >/dev/null 2>&1 || rc=$?
	is "no such file: the exit status is 2" "$rc" 2
	"$WEIR" config dump >"$TMP/dump"
	ok "what config dump writes is right" "$WEIR" config check -c "$TMP/dump"
	ok "packaging has the same" cmp "$TMP/dump" "$WR_ROOT/packaging/weir.conf"
	rc=0
	text=$(w status 2>&1) || rc=$?
	is "without a daemon the views exit with 1" "$rc" 1
	like "and say how one is started" "$text" "no weir runs here: .*weir run"
	for words in "incidents abc" "explain 0" "learn keep nobody"; do
		rc=0
		# shellcheck disable=SC2086 # words
		text=$(w $words 2>&1) || rc=$?
		is "weir $words is wrong with or without one" "$rc" 2
		like "and it says what" "$text" "'${words##* }'"
	done
}

# ---- rights --------------------------------------------------------------------------

rights() {
	local rc=0 helper
	like "it runs as nobody" "$(cat "/proc/$D/status")" "^Uid:	65534	65534	65534	65534$"
	like "without a group of root's" "$(cat "/proc/$D/status")" "^Groups:	 *$"
	for set in CapEff CapPrm CapInh CapBnd; do
		like "no capability: $set" "$(cat "/proc/$D/status")" "^$set:	0000000000000000$"
	done
	like "and can get none" "$(cat "/proc/$D/status")" "^NoNewPrivs:	1$"
	is "status says so" "$(said status 'rows[0]["rights"]["user"], rows[0]["rights"]["capabilities"]')" "('nobody', False)"
	is "the socket is nobody's, and for its group" "$(stat -c '%U %a' "$SOCKET")" "nobody 660"
	setpriv --reuid 12345 --regid 12345 --clear-groups "$WEIR" status >/dev/null 2>&1 || rc=$?
	is "others are refused: exit status 3" "$rc" 3
	helper=$(pgrep -P "$D" -u root)
	is "one process keeps rights" "$(wc -w <<<"$helper")" 1
	is "and maps nothing that packets come through" "$(grep -c bpf-map "/proc/$helper/maps")" 0
}

# ---- what it shows -------------------------------------------------------------------

# look: asks all views once; what they say is in $TMP/seen, a line each, and as it came in $TMP/raw.
look() {
	python3 - "$SOCKET" "$IN" "$TMP/raw" >"$TMP/seen" <<-'PYTHON'
		import json, socket, sys
		raw = open(sys.argv[3], "w")
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		f = s.makefile()
		def ask(request):
		    s.sendall(request.encode() + b"\n")
		    rows = []
		    for line in f:
		        if line == "\n":
		            return rows
		        rows.append(json.loads(line))
		        raw.write(line)
		total = ask("stats")[0]["total"]
		print("stats", total["in"]["packets"], total["in"]["bytes"])
		for view in "interfaces", "services", "talkers", "protocols":
		    print(view, sum(r["in"]["packets"] for r in ask(view + " top=10000")))
		flows = ask("flows top=10000")
		print("flows", sum(r["flow"]["pkts_toserver"] + r["flow"]["pkts_toclient"] for r in flows) + total["other"]["packets"])
		some = ask("flows top=10000 filter=udp%20and%20dst%20host%2010.77.0.2%20and%20src%20port%201024")
		print("chosen", len(some) > 0, all(r["src_port"] == 1024 for r in some), len(some) < len(flows))
		for request in "status", "drops", "config", "stats series=5", "services series=5", "nothing":
		    ask(request)
		for r in ask("ledger"):
		    if r["in_iface"] == sys.argv[2]:
		        print("ledger", r["arrived"]["packets"], r["balanced"])
	PYTHON
}

seen() {
	sed -n "s/^$1 //p" "$TMP/seen"
}

shows() {
	local rx sent view
	rx=$(rx_packets "$B" "$IN")
	sent=$(send "$(thin 30000)" 128)
	settle
	rx=$(($(rx_packets "$B" "$IN") - rx))
	ok "all views are asked" look
	is "all that was sent has arrived" "$rx" "$sent"
	if python3 -c 'import jsonschema' 2>/dev/null; then
		ok "every object has the shape of its schema" shapes "$TMP/raw" \
			stats service talker protocol interface flow ledger status config error
	else
		skip "python3-jsonschema is not installed"
	fi
	is "stats: to the packet and to the byte" "$(seen stats)" "$sent $((sent * 128))"
	for view in interfaces services talkers protocols; do
		is "$view: all of them, with others, are the whole" "$(seen $view)" "$sent"
	done
	is "flows: all of them, and what found no row" "$(seen flows)" "$sent"
	is "flows: some can be chosen by a filter" "$(seen chosen)" "True True True"
	is "the ledger has it" "$(seen ledger)" "$sent True"
	like "and weir ledger, read by another process, too" "$("$WEIR" ledger --json)" \
		"\"in_iface\":\"$IN\".*\"arrived\":\{\"packets\":$sent,"
	is "a filter that is wrong: exit status 2" "$(w flows 'udp prt 5' >/dev/null 2>&1; echo $?)" 2
	is "a wrong --sort: exit status 2" "$(w flows --sort sources >/dev/null 2>&1; echo $?)" 2
	like "tables are made for people" "$(w talkers --top 3)" "^  and [0-9,]+ more .* [0-9]"
	nok "no line is wider than 80 columns" wide_lines
	ok "followed, it shows one window after the other" test "$(follow)" -ge 3
	ok "a second daemon is refused" second
}

wide_lines() {
	local v
	for v in services talkers flows drops; do
		w $v --color never
	done | grep -E '.{81}'
}

# How many rounds there are in three seconds and a half.
follow() {
	timeout -s INT 3.5 "$WEIR" status -c "$CONF" --follow --json | grep -c '"event_type":"status"'
}

second() {
	local rc=0 text
	text=$("$WEIR" run -c "$CONF" 2>&1) || rc=$?
	grep -q "another weir listens at" <<<"$text" && [ "$rc" = 1 ]
}

# ---- reloads under load --------------------------------------------------------------

# How many the interface has, how many the ledger, how many the views: without a difference.
same_counts() {
	local rx=$(($(rx_packets "$B" "$IN") - $2))
	settle
	is "$1: the ledger has what the interface counted, and balances" \
		"$(raw ledger "[(r['arrived']['packets'], r['balanced']) for r in rows if r['in_iface'] == '$IN']")" "[($rx, True)]"
	is "$1: so have the views" \
		"$(raw interfaces "[r['in']['packets'] for r in rows if r.get('in_iface') == '$IN']")" "[$rx]"
}

reloads() {
	local rx0=$1 i since
	since=$(raw ledger "[r['since'] for r in rows if r['in_iface'] == '$IN']")
	background send "$(thin 200000)" 128 $((40000 / THIN)) >"$TMP/sent"
	SENDER=$BG
	for i in 1 2 3 4 5 6; do
		if [ $((i % 2)) = 1 ]; then
			conf "interfaces = $IN, $IN2" "[flow]" "idle = ${i}0s"
		else
			conf "interfaces = $IN" "[flow]" "idle = ${i}0s"
		fi
		kill -HUP "$D"
		wait_for "$PATIENCE" reloaded "$i"
		is "reload $i: interfaces" "$(said status 'sorted(i["in_iface"] for i in rows[0]["interfaces"])')" \
			"$([ $((i % 2)) = 1 ] && echo "['$IN', '$IN2']" || echo "['$IN']")"
	done
	wait_for "$PATIENCE" wr_gone "$SENDER"
	same_counts "six reloads under load" "$rx0"
	is "the first interface was not touched" "$(raw ledger "[r['since'] for r in rows if r['in_iface'] == '$IN']")" "$since"
	is "the last configuration is in effect" "$(w config show --running --json | grep -c '"flow.idle","value":"60s"')" 1

	conf "interfaces = $IN" "[flow]" "idle = 5"
	kill -HUP "$D"
	wait_for "$PATIENCE" refused_once
	like "a wrong one is refused" "$(cat "$TMP/err")" "reload: .*weir.conf:5: flow.idle: '5' is not a duration.*the old configuration stays"
	is "and the old one stays" "$(w config show --running --json | grep -c '"flow.idle","value":"60s"')" 1
	like "by the socket, too" "$(raw reload 'rows[0]["error"]')" "flow.idle"
	conf "interfaces = $IN" "hook = tc" "[flow]" "idle = 60s"
	is "what needs a restart" "$(raw reload 'rows[0]["done"]')" True
	like "is said" "$(cat "$TMP/err")" "capture.hook = tc needs a restart; until then it is 'auto'"
	is "and stays" "$(w config show --running --json | grep -c '"capture.hook","value":"auto"')" 1
	conf "interfaces = $IN"
}

reloaded() {
	[ "$(said status 'rows[0]["reloads"]')" = "$1" ]
}

refused_once() {
	[ "$(said status 'rows[0]["reloads_failed"]')" = 1 ]
}

# ---- interfaces come and go ----------------------------------------------------------

has_iface() {
	[ "$(said status "[i['hook'] for i in rows[0]['interfaces'] if i['in_iface'] == '$1' and 'hook' in i] != []")" = True ]
}

come_and_go() {
	local sent
	conf "interfaces = $IN $IN2 late0"
	is "an interface that is not there yet is no error" "$(raw reload 'rows[0]["done"]')" True
	like "it is waited for" "$(cat "$TMP/err")" "late0: not there yet, waiting for it"
	ip -n "$NS" link add late0 type veth peer name late1
	ip -n "$NS" link set late0 up
	ip -n "$NS" link set late1 up
	ok "when it comes it is watched, though nobody has the right to attach" wait_for "$PATIENCE" has_iface late0
	sent=$(in_ns "$B" "$SEND" -d ff:ff:ff:ff:ff:ff late1 100 128)
	settle
	is "to the packet" "$(raw interfaces "[r['in']['packets'] >= $sent for r in rows if r.get('in_iface') == 'late0']")" "[True]"
	ip -n "$NS" link del late0
	ok "when it goes the others stay" wait_for "$PATIENCE" said_line "late0: gone"
	is "all of them" "$(raw ledger 'all(r["balanced"] for r in rows)')" True
	conf "interfaces = $IN"
	raw reload 1 >/dev/null
}

said_line() {
	grep -q "$1" "$TMP/err"
}

# ---- memory --------------------------------------------------------------------------

rss() {
	said status 'rows[0]["rss_kib"]'
}

memory() {
	local before after
	send "$(thin 300000)" 128 >/dev/null
	settle
	before=$(rss)
	send "$(thin 900000)" 128 >/dev/null
	settle
	after=$(rss)
	note "resident: $before KiB, after three times as many packets $after KiB"
	ok "memory does not grow with packets" test "$after" -le $((before + 8192))
}

# ---- the end -------------------------------------------------------------------------

killed() {
	start || return
	ok "killed: before, something is attached" attached
	kill -KILL "$D"
	wait "$D" 2>/dev/null
	ok "killed: nothing stays attached" wait_for "$PATIENCE" not_attached
	ok "killed: no process stays" wait_for "$PATIENCE" no_process
	ok "killed: the socket that is left is no hindrance" start
	is "and it counts from 0 again" "$(raw ledger '[r["arrived"]["packets"] < 100 for r in rows]')" "[True]"
	stop INT
	is "SIGINT ends it, too" "$RC" 0
}

no_process() {
	! pgrep -f "run -c $CONF" >/dev/null
}

# ---- the page and history ------------------------------------------------------------

# get PORT PATH EXPRESSION: Python over text, what the page answers.
get() {
	python3 - "$@" <<-'PYTHON' 2>&1 | tail -n 1
		import sys, urllib.request
		text = urllib.request.urlopen("http://127.0.0.1:%s%s" % (sys.argv[1], sys.argv[2]), timeout=20).read().decode()
		print(eval(sys.argv[3]))
	PYTHON
}

front() {
	said status 'rows[0]["front"].get("pid", 0)'
}

another_front() {
	FRONT=$(front)
	[ "$FRONT" != 0 ] && [ "$FRONT" != "$1" ]
}

serves() {
	[ "$(get "$1" /api/status '"event_type" in text')" = True ]
}

page() {
	local sent first told
	mkdir -p "$TMP/weir"
	conf "interfaces = $IN"
	start_all --set "history.path=$TMP/weir/history.db" || return
	FRONT=0
	ok "the page runs" another_front 0
	like "as nobody" "$(cat "/proc/$FRONT/status")" "^Uid:	65534	65534	65534	65534$"
	like "without a capability" "$(cat "/proc/$FRONT/status")" "^CapPrm:	0000000000000000$"
	like "shut in by seccomp" "$(cat "/proc/$FRONT/status")" "^Seccomp:	2$"
	sent=$(send "$(thin 20000)" 128)
	settle
	is "it shows what the daemon has" \
		"$(get 9347 /api/stats "'\"total\":{\"in\":{\"packets\":$sent,' in text")" True
	is "and gives it to Prometheus" "$(get 9347 /metrics '"# TYPE" in text')" True
	first=$FRONT
	kill -KILL "$FRONT"
	ok "killed, it is started again" wait_for "$PATIENCE" another_front "$first"
	ok "and serves" wait_for "$PATIENCE" serves 9347
	printf '%s\n' "[page]" "listen = 127.0.0.1:9348" >>"$CONF"
	kill -HUP "$D"
	ok "a reload moves it" wait_for "$PATIENCE" serves 9348
	nok "the old address is given up" curl_old
	is "the daemon went on meanwhile" "$(raw ledger "[(r['arrived']['packets'], r['balanced']) for r in rows if r['in_iface'] == '$IN']")" "[($sent, True)]"
	told=$(said flows --top 10000 "sum(r['flow']['pkts_toserver'] + r['flow']['pkts_toclient'] for r in rows if 'other' not in r)")
	stop
	is "with a page, too, SIGTERM ends it well" "$RC" 0
	ok "and all its processes" wait_for "$PATIENCE" no_process
	is "history has every packet, written by nobody" \
		"$("$WEIR" history --file "$TMP/weir/history.db" --from -1h --json | python3 -c '
import json, sys
print(sum(json.loads(line)["packets"] for line in sys.stdin))')" "$sent"
	is "and its flows, which went on when it ended" \
		"$("$WEIR" history --file "$TMP/weir/history.db" --from -1h --flows --json | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(sum(r["flow"]["pkts_toserver"] + r["flow"]["pkts_toclient"] for r in rows), {r["flow"]["reason"] for r in rows})')" \
		"$told {'forced'}"
	conf "interfaces = $IN" "[page]" "listen = 0.0.0.0:9347"
	nok "a page that others could reach without a token is refused at the start" "$WEIR" run -c "$CONF" --set history.path=
	conf "interfaces = $IN"
}

curl_old() {
	[ "$(get 9347 /api/status '"event_type" in text')" = True ]
}

no_attach_later() {
	start --set daemon.attach_later=no || return
	ok "without the process that attaches there is none with rights" test -z "$(pgrep -P "$D" -u root)"
	conf "interfaces = $IN, $IN2"
	raw reload 1 >/dev/null
	like "an interface that is added then needs a restart" "$(cat "$TMP/err")" "given up the right to attach .*restart is needed"
	is "the first one goes on" "$(raw ledger "[r['balanced'] for r in rows if r['in_iface'] == '$IN']")" "[True]"
	conf "interfaces = $IN"
	stop
}

# A service manager: what it is told, in its order.
notifies() {
	python3 - "$TMP/notify" "$TMP/told" <<-'PYTHON' &
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		os.chmod(sys.argv[1], 0o777)
		with open(sys.argv[2], "w") as f:
		    while True:
		        text = s.recv(4096).decode()
		        f.write(text)
		        f.flush()
		        if "STOPPING" in text:
		            break
	PYTHON
	local listener=$!
	wait_for "$PATIENCE" test -S "$TMP/notify"
	NOTIFY_SOCKET=$TMP/notify WATCHDOG_USEC=200000 start || return
	kill -HUP "$D"
	wait_for "$PATIENCE" grep -q RELOADING "$TMP/told"
	wait_for "$PATIENCE" grep -q WATCHDOG "$TMP/told"
	wait_for "$PATIENCE" reloaded 1
	stop
	wait "$listener"
	is "the service manager is told" \
		"$(grep -oE '^(READY|RELOADING|STOPPING)=1' "$TMP/told" | tr '\n' ' ')" "READY=1 RELOADING=1 READY=1 STOPPING=1 "
	like "and that it is alive" "$(cat "$TMP/told")" "^WATCHDOG=1$"
	like "when a reload begins, by the clock" "$(cat "$TMP/told")" "^MONOTONIC_USEC=[0-9]+$"
}

wrong_conf
RX0=$(rx_packets "$B" "$IN")
ok "it starts" start || finish
rights
shows
reloads "$RX0"
come_and_go
memory
same_counts "at last" "$RX0"
stop
is "SIGTERM: it ends well" "$RC" 0
ok "nothing stays attached" wait_for "$PATIENCE" not_attached
ok "the socket is gone" test ! -e "$SOCKET"
killed
page
no_attach_later
notifies
finish
