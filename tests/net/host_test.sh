#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Rules for hosts: the packet in which a flow says what it asks for passes, what comes behind it is held against the rule.
# Connections to other hosts of the same service go on, and so does everything when the rule is gone.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # PATIENCE: set by watch.sh; CONF, TEXT, TMP: by daemon.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3
need_weir

# shellcheck disable=SC2034 # OUT, MAC, NS: for daemon.sh
A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
# shellcheck disable=SC2034
MAC=02:77:00:00:00:02
POLICY=$TMP/edge.policy

cat >"$TMP/serve.py" <<'PYTHON'
import socket, sys, threading
def talk(c):
    data = b""
    while True:
        try:
            got = c.recv(4096)
        except ConnectionResetError:
            return
        if not got:
            return
        data += got
        while b"\r\n\r\n" in data:
            data = data.split(b"\r\n\r\n", 1)[1]
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
s = socket.create_server((sys.argv[1], 8080), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("ready", flush=True)
while True:
    threading.Thread(target=talk, args=(s.accept()[0],), daemon=True).start()
PYTHON

# A connection for each host: `ask NAME` sends a request and says whether an answer comes within two seconds.
cat >"$TMP/client.py" <<'PYTHON'
import os, socket, struct, sys
at, hosts = sys.argv[1], {}
for line in sys.stdin:
    host = line.strip()
    if host not in hosts:
        hosts[host] = socket.socket(socket.AF_INET6 if ":" in at else socket.AF_INET)
        if host.startswith("again."):  # from the ports of the first connection, which it ends
            port = hosts["www.bad.example"].getsockname()[1]
            hosts["www.bad.example"].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            hosts.pop("www.bad.example").close()
            hosts[host].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            hosts[host].bind(("", port))
        hosts[host].settimeout(60)
        hosts[host].connect((at, 8080))
    c = hosts[host]
    c.settimeout(60 if host.startswith("again.") else 2)
    c.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
    try:
        got = c.recv(4096)
    except TimeoutError:
        got = b""
    print("answered" if got else "silent", flush=True)
PYTHON

# client ADDRESS: its standard input is descriptor 7, its output 6.
client() {
	rm -f "$TMP/asks" "$TMP/says"
	mkfifo "$TMP/asks" "$TMP/says"
	exec 7<>"$TMP/asks" 6<>"$TMP/says"
	background nsenter --net="/run/netns/$(ns "$A")" python3 "$TMP/client.py" "$1" <&7 >&6
	CLIENT=$BG
}

ask() {
	local said
	echo "$1" >&7
	read -r -t "$PATIENCE" said <&6
	[ "$said" = "$2" ]
}

in_force() {
	[ "$(said rule list "[r['matched']['packets'] for r in rows if r.get('rule_id') == '$1'][0]")" -gt 0 ]
}

# hits RULE: was anything, sources, the first of them, known-good flows or not: how many services.
hits() {
	said rule show "$1" "[[h['all']['packets'] > 0, h['sources'], h['top_sources'][0]['ip'], len(h['top_services'])]
		for r in rows if 'hits' in r for h in [r['hits']]][0]"
}

for hook in xdp tc; do
	case $hook in
	xdp) at=10.77.0.2 ;;
	*) at=fd77::2 ;;
	esac
	printf '%s\n' "bad: drop host *.bad.example to tcp/8080" "seen: drop host www.good.example shadow" \
		"friend: allow from 192.0.2.1" >"$POLICY"
	conf "interfaces = $IN" "hook = $hook" "[policy]" "file = $POLICY"
	start || wr_point 1 "weir runs with a rule for a host"
	background nsenter --net="/run/netns/$(ns "$B")" python3 "$TMP/serve.py" "$at" >"$TMP/ready"
	SERVER=$BG
	wait_for "$PATIENCE" grep -q ready "$TMP/ready"
	client "$at"

	note "$hook, $at"
	ok "the packet that says it passes" ask www.bad.example answered
	ok "so does another host's" ask www.good.example answered
	settle
	ok "what comes behind it does not" ask www.bad.example silent
	ok "of the other one it does" ask www.good.example answered
	ok "of a host that only ends alike, too" ask verybad.example answered
	settle
	ok "and goes on" ask verybad.example answered
	ok "the rule has it" in_force bad
	ok "ask again" ask www.good.example answered
	settle
	ok "a shadow has counted what it would hit" in_force seen
	is "and it is known whom: the client of that host, its connection" "$(hits seen)" "[True, 1, '${at/2/1}', 1]"
	ok "another connection from its addresses and ports is another one" ask again.good.example answered
	ok "the rule is taken off: what was sent again is answered" says 0 rule off
	ok "other connections have not noticed" ask www.good.example answered
	says 0 rule on
	ok "a rule that comes later holds for connections that are there" says 0 rule add "good: drop host www.good.example"
	ok "at once" ask www.good.example silent
	ok "and deleted it does not" says 0 rule del good
	ok "any more" ask verybad.example answered
	ok "the books are balanced" test "$(raw ledger "all(r['balanced'] for r in rows)")" = True
	kill "$CLIENT" "$SERVER"
	exec 7>&- 6<&-
	stop
done

{
	for i in $(seq 33); do
		echo "drop host h$i.example"
	done
} >"$POLICY"
ok "more than 32 of them are refused" says 2 run -c "$CONF"
like "and it is said why" "$TEXT" "rule r33: more than 32 rules with 'host'"
finish
