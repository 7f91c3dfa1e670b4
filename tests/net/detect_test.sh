#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Detection in a running weir: attacks that are sent beside honest traffic are found and named, soon; the honest
# traffic is not. Incidents come out by the command, the control socket, events, metrics and history; a restart in the
# middle of an attack finds it again; the ledger balances and memory does not grow.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3 ping
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02

# A listener that answers, and clients that connect, ask and leave, ten times a second; beside that echo requests.
honest() {
	background_in "$B" "$PYTHON" -c '
import socket, threading
s = socket.create_server(("10.77.0.2", 443), backlog=512)
while True:
    c, _ = s.accept()
    def answer(c=c):
        try:
            c.settimeout(2)
            c.recv(100)
            c.sendall(b"x" * 3000)
        except OSError:
            pass
        c.close()
    threading.Thread(target=answer, daemon=True).start()'
	background_in "$A" "$PYTHON" -c '
import socket, time
while True:
    try:
        s = socket.create_connection(("10.77.0.2", 443), timeout=2)
        s.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        while s.recv(4096):
            pass
        s.close()
    except OSError:
        pass
    time.sleep(0.1)'
	background_in "$A" ping -q -i 0.5 10.77.0.2 >"$TMP/ping"
}

# asks_for_it N: the neighbour is asked for, so that its station says who it is.
asks_for_it() {
	local i
	for ((i = 0; i < $1; i++)); do
		ip -n "$(ns "$A")" neigh del 10.77.0.2 dev "$OUT"
		in_ns "$A" ping -q -c 1 -W 1 10.77.0.2 >/dev/null
	done
	ip -n "$(ns "$A")" neigh replace 10.77.0.2 lladdr "$MAC" dev "$OUT" nud permanent
}

# finding EXPRESSION: Python over rows, all findings that are kept.
finding() {
	raw findings "$1"
}

is_found() {
	[ "$(finding "any(r['class'] == '$1' and r['victim'].startswith('$2') for r in rows)")" = True ]
}

# send_to ADDRESS COUNT SIZE RATE KIND
send_to() {
	local to=$1
	shift
	in_ns "$A" "$SEND" -d "$MAC" -t "$to" "$OUT" "$@"
}

# attack CLASS VICTIM ADDRESS COUNT SIZE RATE KIND: it is found and named. How long it took is in $TMP/delays.
attack() {
	local class=$1 victim=$2 began took sender
	shift 2
	began=$(date +%s.%N)
	send_to "$@" >"$TMP/sent" 2>&1 &
	sender=$!
	if wait_for "$PATIENCE" is_found "$class" "$victim"; then
		took=$(finding "min(__import__('datetime').datetime.fromisoformat(r['raised']).timestamp()
			for r in rows if r['class'] == '$class' and r['victim'].startswith('$victim')) - $began" 2>&1)
		echo "$took" >>"$TMP/delays"
		wr_point 0 "$class at $victim is found"
		note "$took s after the first packet was asked for"
	else
		wr_point 1 "$class at $victim is found"
		note "found: $(finding '[(r["class"], r["victim"]) for r in rows]')"
	fi
	wait "$sender"
}

attacks() {
	: >"$TMP/delays"
	attack syn_flood 10.77.0.2 10.77.0.2 6000 74 4000 syn5
	attack udp_flood 10.77.0.11 10.77.0.11 4000 200 4000 udp
	attack icmp_flood 10.77.0.12 10.77.0.12 1500 98 1500 icmp
	attack amp_dns 10.77.0.13 10.77.0.13 2000 1400 2000 dnsamp
	attack port_scan_vertical 10.77.0.14 10.77.0.14 200 60 200 scan
	attack port_scan_horizontal 10.78.0.0 10.78.0.1 120 60 120 sweep
	attack arp_spoof 10.77.0.2 10.77.0.2 10 60 20 arpspoof
	attack arp_spoof fd77::2 10.77.0.2 20 86 20 ndspoof
	note "median: $(sort -g "$TMP/delays" | sed -n "$((($(wc -l <"$TMP/delays") + 1) / 2))p") s"
}

# ---- what is told of it --------------------------------------------------------------

told() {
	local id
	id=$(said incidents '[r["incident_id"] for r in rows if r["class"] == "syn_flood"][0]')
	is "one flood is one incident" \
		"$(said incidents 'len([r for r in rows if r["class"] == "udp_flood"])')" 1
	ok "weir incidents" says 0 incidents
	like "lists it" "$TEXT" "^ +$id +(active|over) +critical .* SYN flood"
	ok "weir incidents $id" says 0 incidents "$id"
	like "tells who it is at" "$TEXT" "^at +10.77.0.2"
	like "and from where" "$TEXT" "^(from)? +198\.18\.[0-9.]+ "
	like "and the evidence" "$TEXT" "^evidence +SYN flood at 10.77.0.2:443: [0-9,]+ SYNs/s"
	ok "no such incident: 1" says 1 incidents 99999
	ok "no number: 2" says 2 incidents no
	like "status has a line" "$(w status)" "^detection +[1-9][0-9]* incidents?: "
	like "metrics count it" "$(raw_lines metrics)" '^weir_findings_total\{class="syn_flood"\} 1$'
	like "and what goes on" "$(raw_lines metrics)" "^weir_incidents_active [1-9]"
	like "and what had no room" "$(raw_lines metrics)" "^weir_findings_no_room_total 0"
	like "the log says it once" "$(grep -c "critical: SYN flood at 10.77.0.2" "$TMP/err")" "^1$"
	raw_lines "incidents id=$id" >"$TMP/one"
	ok "incident and finding have the shape of their schema" shapes "$TMP/one" incident finding
	wait_for 60 grep -q '"finding".*"over".*syn_flood' "$TMP/eve.json"
	grep '"event_type":"finding"' "$TMP/eve.json" >"$TMP/events"
	ok "events, too" shapes "$TMP/events" finding
	is "the event of the flood is raised once and over once" \
		"$("$PYTHON" -c '
import json, sys
news = [e["news"] for e in map(json.loads, open(sys.argv[1])) if e["class"] == "syn_flood"]
print(news.count("raised"), news.count("over"))' "$TMP/events")" "1 1"
	like "history has the incident" "$("$WEIR" history --file "$TMP/history.db" --incidents)" "syn_flood of 10.77.0.2"
}

honest_is_quiet() {
	is "of the honest traffic nothing above info" \
		"$(finding '[(r["class"], r["victim"]) for r in rows if r["severity"] != "info"]')" "[]"
}

balances() {
	settle
	is "the ledger balances" "$(raw ledger 'all(r["balanced"] for r in rows)')" True
	is "upkeep was not passed over" "$(said status 'rows[0]["detection"]["upkeep_passed_over"]')" 0
}

# pulses: a flood that comes and goes is one incident.
pulses() {
	local i before after
	before=$(said status 'rows[0]["rss_kib"]')
	for i in 1 2 3 4 5 6; do
		send_to 10.77.0.30 1200 74 6000 syn5 >/dev/null 2>&1
	done
	wait_for 60 is_found syn_flood 10.77.0.30
	is "six pulses of a flood are one incident" \
		"$(said incidents 'len([r for r in rows if r["target"].startswith("10.77.0.30")])')" 1
	after=$(said status 'rows[0]["rss_kib"]')
	note "resident: $before KiB, then $after KiB"
	ok "memory does not grow by more than 8 MiB" [ "$((after - before))" -lt 8192 ]
}

in_history() {
	"$WEIR" history --file "$TMP/history.db" --incidents | grep -F " of $1"
}

two_in_history() {
	[ "$(in_history 10.77.0.40 | wc -l)" = 2 ]
}

# killed: weir is killed in the middle of an attack; the next one finds it, and history says that what the first one
# told is over.
killed() {
	local sender
	background_in "$A" "$SEND" -d "$MAC" -t 10.77.0.40 "$OUT" 80000 74 4000 syn5 >/dev/null 2>&1
	sender=$BG
	wait_for 60 is_found syn_flood 10.77.0.40
	wait_for 60 in_history 10.77.0.40
	stop KILL
	ok "after SIGKILL it starts again" start_all --page "" --set history.path="$TMP/history.db"
	ok "and finds the attack that goes on" wait_for 60 is_found syn_flood 10.77.0.40
	wait_for 60 two_in_history
	kill "$sender"
	is "history: the incident before is over, this one may go on" \
		"$("$WEIR" history --file "$TMP/history.db" --incidents --json | "$PYTHON" -c '
import json, sys
rows = [r for r in map(json.loads, sys.stdin) if r["target"].startswith("10.77.0.40")]
print(len(rows), "end" in rows[0])')" "2 True"
}

off() {
	conf "interfaces = $IN" "[detect]" "on = no"
	kill -HUP "$D"
	ok "a reload turns it off" wait_for "$PATIENCE" says 1 incidents
	like "it says so" "$TEXT" "detect.on = no"
	like "and so does status" "$(w status)" "^detection +off"
	conf "interfaces = $IN"
	kill -HUP "$D"
	ok "and on again" wait_for "$PATIENCE" says 0 incidents
}

conf "interfaces = $IN"
mkdir "$TMP/out.d" && chmod 777 "$TMP/out.d"
ok "the daemon starts" start_all --page "" --set history.path="$TMP/history.db" --set output.eve="$TMP/eve.json"
honest
asks_for_it 4
read -rt 2 -u "$wr_never"
honest_is_quiet
attacks
told
pulses
balances
killed
off
stop
is "it ends well" "$RC" 0
finish
