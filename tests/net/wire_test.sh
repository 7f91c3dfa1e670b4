#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Requests that a gateway tells of, beside the packets of who asks: joined by address and port, with round trips. Somebody who
# comes to the port where the gateway is administered is an incident, once; and it is told how long before the first failure.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2034 # OUT, MAC: for send, in daemon.sh
# shellcheck disable=SC2119,SC2120 # start and stop may have arguments
# shellcheck disable=SC2154 # PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3
need_weir

A=a$$ B=w$$
pair "$A" "$B"
NS=$(ns "$B")
UDP=$((30000 + $$ % 10000))
mkdir "$TMP/gateways"
printf '[gateway]\ndriver = caddy\n[caddy]\nadmin = http://127.0.0.1:2019\n' >"$TMP/gateways/edge.conf"

# tell PATH STATUS CLIENT [PORT]: a line by UDP, as a gateway writes it.
tell() {
	"$PYTHON" -S - "$UDP" "$@" <<-'PYTHON'
		import json, socket, sys
		line = {"path": sys.argv[2], "method": "GET", "status": int(sys.argv[3]), "client": sys.argv[4]}
		if len(sys.argv) > 5:
		    line["client_port"] = int(sys.argv[5])
		socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(json.dumps(line).encode(), ("127.0.0.1", int(sys.argv[1])))
	PYTHON
}

# knock PORT [FROM]: a connection to it, which is held when there is somebody; from a port.
knock() {
	background_in "$A" "$PYTHON" -S -c '
import socket, sys, time
s = socket.socket()
if len(sys.argv) > 2:
    s.bind(("10.77.0.1", int(sys.argv[2])))
try:
    s.connect(("10.77.0.2", int(sys.argv[1])))
    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    time.sleep(300)
except OSError:
    pass' "$@"
}

wire() {
	said api "[$1 for r in rows if r.get('client_ip') == '10.77.0.1' and 'wire' in r]"
}

is_joined() {
	[ "$(wire 'r["wire"]["joined_by"]')" = "['$1']" ]
}

found() {
	[ "$(said incidents '[(r["class"], r["target"], r["sources"]) for r in rows]')" = "[('admin_port', '10.77.0.2:2019', ['10.77.0.1'])]" ]
}

attempts() {
	[ "$(raw findings 'int(sum(e["value"] for r in rows for e in r["evidence"] if e["name"] == "attempts"))')" = "$1" ]
}

fails() {
	[ "$(said api '[r["failing"].get("class") for r in rows if "failing" in r]')" = "['admin_port']" ]
}

has_come() {
	[ "$(said talkers 'sum(r["flows"] for r in rows if r.get("src_ip") == "10.77.0.1") > 0')" = True ]
}

start_with() {
	conf "interfaces = to-$A" "[gateway]" "folder = $TMP/gateways" "$@" "[api]" "udp = 127.0.0.1:$UDP" "[output]" "eve = $TMP/eve" "eve_types = finding"
	start
}

background_in "$B" "$PYTHON" -S -c '
import socket, time
s = socket.create_server(("10.77.0.2", 8080))
held = []
while True:
    held.append(s.accept())'
start_with
knock 8080 45678
wait_for "$PATIENCE" in_ns "$B" grep -qi ":1F90 .*:B26E 01 " /proc/net/tcp
tell /fine 200 10.77.0.1 45678
ok "a client is joined to its packets, by the port that the log tells" wait_for "$PATIENCE" is_joined port
is "with what it sent and a round trip" \
	"$(wire 'r["wire"]["in"]["packets"] > 0 and 0 < r["wire"]["rtt_us"]["least"] <= r["wire"]["rtt_us"]["most"]')" "[True]"
tell /fine 200 10.77.0.1 1234
ok "another port: by its address alone" wait_for "$PATIENCE" is_joined address
tell /fine 200 192.0.2.9
is "who sends no packets here has none" "$(said api '["wire" in r for r in rows if r.get("client_ip") == "192.0.2.9"]')" "[False]"
like "a table of packets" "$(w api)" "Clients, by packets"

knock 2019
ok "packets to the admin port of a gateway are an incident, with who it was" wait_for "$PATIENCE" found
tell /broken 503 10.77.0.1
ok "then a route fails" wait_for "$PATIENCE" fails
is "so long after" "$(said api '[0 <= r["failing"]["lead_s"] < 600 for r in rows if "failing" in r]')" "[True]"
w api >"$TMP/table"
like "in words, too" "$(cat "$TMP/table")" "after incident [0-9]+ .admin_port. began in packets"
knock 2019
knock 2019
ok "more of it is counted" wait_for "$PATIENCE" attempts 3
is "and is the same incident" "$(said incidents 'len(rows)')" 1
is "the same finding" "$(raw findings 'len(rows)')" 1
ID=$(said incidents 'rows[0]["incident_id"]')
like "it is explained" "$(w explain "$ID")" "port where an API gateway is"
w api --json >"$TMP/events"
ok "objects have the shape of the schema" shapes "$TMP/events" api
stop
is "when weir ends, what it has found is over" "$(grep -c '"news": *"over".*"admin_port"' "$TMP/eve")" 1
start_with "admin_from = 10.77.0.1"
knock 2019
wait_for "$PATIENCE" has_come
is "who may come there is not found" "$(raw findings 'len(rows)')" 0
stop
finish
