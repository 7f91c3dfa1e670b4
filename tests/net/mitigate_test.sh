#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Rules by who it is, made by a running weir: a scan and logins that are tried one after another are stopped by their source,
# at the service that they are for and nowhere else; others log in meanwhile; a class that is `off` gets none.

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
# shellcheck disable=SC2034 # read by daemon.sh
MAC=02:77:00:00:00:02
HONEST=10.77.0.9
ip -n "$(ns "$A")" addr add "$HONEST"/24 dev "$OUT"
ip -n "$NS" neigh add "$HONEST" lladdr 02:77:00:00:00:01 dev "$IN" nud permanent

# login FROM PORT TIMES: so many sessions, one after another; how many came about.
login() {
	in_ns "$A" "$PYTHON" -S -c '
import socket, sys, time
done = 0
for _ in range(int(sys.argv[3])):
    try:
        s = socket.create_connection(("10.77.0.2", int(sys.argv[2])), timeout=1, source_address=(sys.argv[1], 0))
        s.sendall(b"USER root\r\n")
        done += s.recv(100) == b"no\r\n"
        s.close()
        time.sleep(0.05)
    except OSError:
        break
print(done)' "$@"
}

listen() {
	background_in "$B" "$PYTHON" -S -c '
import select, socket
listeners = [socket.create_server(("10.77.0.2", port), backlog=64) for port in (21, 443)]
while True:
    for l in select.select(listeners, [], [])[0]:
        c, _ = l.accept()
        c.settimeout(2)
        try:
            c.recv(100)
            c.sendall(b"no\r\n")
        except OSError:
            pass
        c.close()'
	wait_for "$PATIENCE" listens
}

listens() {
	[ "$(login "$HONEST" 443 1)" = 1 ]
}

# rules EXPRESSION: Python over t, the texts of the rules that detection has made, and stopped, what they have kept out.
rules() {
	w rule list --json | "$PYTHON" -S -c '
import json, sys
rows = [r for r in map(json.loads, sys.stdin) if str(r.get("rule_id", "")).startswith("auto")]
t = [r["text"] for r in rows]
stopped = {r["text"].split("why ")[-1].strip("\""): r["stopped"]["packets"] for r in rows}
print(eval(sys.argv[1]))' "$1" 2>&1 | tail -n 1
}

is_rule() {
	[ "$(rules "any('$1' in x for x in t)")" = True ]
}

has_stopped() {
	[ "$(rules "stopped.get('$1', 0) >= $2")" = True ]
}

scan_is_stopped() {
	local sender
	background_in "$A" "$SEND" -d "$MAC" -t 10.77.0.2 "$OUT" 12000 60 200 scan >/dev/null 2>&1
	sender=$BG
	ok "a scan gets a rule: its source, which may be forged, is limited" \
		wait_for "$PATIENCE" is_rule "limit 1cps from 10.77.0.66 to tcp@10.77.0.2 "
	ok "and it stops it" wait_for "$PATIENCE" has_stopped port_scan_vertical 100
	kill "$sender"
	note "$(rules 't, stopped')"
}

logins_are_stopped() {
	local tries id
	tries=$(login 10.77.0.1 21 200)
	ok "after some of two hundred logins there are no more ($tries)" [ "$tries" -lt 200 ]
	ok "by a rule for their source and that service" is_rule "limit 1cps from 10.77.0.1 to tcp/21@10.77.0.2 "
	is "another one logs in" "$(login "$HONEST" 21 1)" 1
	is "and at another service the same one is served" "$(login 10.77.0.1 443 1)" 1
	like "the incident says so" "$(said incidents '[r["state"] for r in rows if r["class"] == "brute_force"]')" mitigated
	id=$(said incidents '[r["incident_id"] for r in rows if r["class"] == "brute_force"][0]')
	ok "and what the rule has stopped" wait_for "$PATIENCE" incident_stopped "$id"
	like "in words, too" "$(w incidents "$id")" "stopped +[1-9][0-9,]* packets? by auto[0-9]+, [0-9]+ % of what came since 20"
	like "and in full" "$(w explain "$id" | tr '\n' ' ')" "Stopped: [1-9][0-9,]* packets? by auto"
	note "$(rules 't, stopped')"
}

incident_stopped() {
	[ "$(said incidents "[r.get('stopped', {}).get('packets', 0) > 0 for r in rows if r['incident_id'] == $1][0]")" = True ]
}

flood_is_told() {
	background_in "$A" "$SEND" -d "$MAC" -t 10.77.0.2 "$OUT" 20000 200 4000 udp >/dev/null 2>&1
	ok "a flood is found, too" wait_for "$PATIENCE" flood_found
	is "but gets no rule: its class is off" "$(rules '[x for x in t if "udp" in x]')" "[]"
}

flood_found() {
	[ "$(raw findings "any(r['class'] == 'udp_flood' for r in rows)")" = True ]
}

conf "interfaces = $IN" "[detect]" "auto = enforce" "auto_classes = flood:off"
ok "the daemon starts" start
listen
logins_are_stopped
scan_is_stopped
flood_is_told
stop
is "it ends well" "$RC" 0
finish
