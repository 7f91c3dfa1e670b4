#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A running weir acts at a gateway: real HAProxy tells of requests, its answers go bad, a policy limits who asks, and takes it back
# when they are well again; across SIGKILL of weir, and with a gateway that is down, slow, or says something else.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2034 # OUT, MAC: for send, in daemon.sh
# shellcheck disable=SC2154 # PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3
need haproxy
need_weir

A=h$$ B=i$$
pair "$A" "$B"
NS=$(ns "$B")
C=10.77.0.50 T=10.77.0.51 # who asks for what fails, who tries keys
for address in $C $T; do ip -n "$(ns "$A")" addr add "$address/24" dev "to-$B"; done
IN=10.77.0.2 PORT=8080
PYTHON=$(python3 -c 'import sys; print(sys.executable)')
PROGRAM=$WEIR
WEIR=$TMP/weir
printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s "%s" "$@"\n' "$NS" "$PROGRAM" >"$WEIR"
chmod 755 "$WEIR"
UDP=$((30000 + $$ % 10000))
D2=$TMP/edge
mkdir -p "$D2/maps" "$TMP/gateways"
touch "$D2"/maps/weir-{deny,limit,keys,key-limit,routes}.map
chown -R haproxy "$D2"
chmod 755 "$TMP/gateways" "$D2"

page() {
	"$PYTHON" -S "$WR_HERE/gateway.py" block "$WR_ROOT/docs/gateways.md" "$1" |
		sed "s,src 10\.0\.0\.0/8,src 10.77.0.9,; s,/run/haproxy,$D2,; s,/etc/haproxy,$D2/maps,g; s,^never = .*,never = 10.77.0.9,; s,level admin,& user haproxy,"
}

page "weir haproxy" >"$TMP/gateways/edge.conf"
{
	echo global
	page "haproxy global"
	printf '\tlog 127.0.0.1:%s len 8192 local0 info\n' $UDP
	printf '%s\n' defaults "  mode http" "  log global" "  option httplog" "  timeout connect 1s" "  timeout client 5s" \
		"  timeout server 5s" "frontend api" "  bind $IN:$PORT"
	page "haproxy frontend"
	echo '  http-request return status 503 if { req.hdr(x-fail) -m found }'
	echo '  http-request return status 401 if { path /login }'
	echo '  http-request return status 200'
	page "haproxy backend"
} >"$D2/haproxy.cfg"

haproxy_starts() {
	background_in "$B" haproxy -db -f "$D2/haproxy.cfg" 2>"$TMP/haproxy.log"
	HAPROXY=$BG
	wait_for "$PATIENCE" [ -S "$D2/admin.sock" ]
}

# load SOURCE PATH SECONDS RATE: statuses and how many; requests fail while the file is there.
cat >"$TMP/load.py" <<-'PYTHON'
	import collections, os, socket, sys, time
	fail, host, port, source, path, seconds, rate = sys.argv[1:]
	count, began, n = collections.Counter(), time.monotonic(), 0
	while time.monotonic() - began < float(seconds):
	    bad = b"X-Fail: yes\r\n" if os.path.exists(fail) else b""
	    try:
	        s = socket.create_connection((host, int(port)), 2, (source, 0))
	        s.sendall(b"GET %s HTTP/1.0\r\nHost: x\r\n%s\r\n" % (path.encode(), bad))
	        count[s.recv(4096).split(b" ")[1].decode()] += 1
	        s.close()
	    except (OSError, IndexError):
	        count["none"] += 1
	    n += 1
	    time.sleep(max(0, began + n / float(rate) - time.monotonic()))
	print(" ".join("%s:%d" % x for x in sorted(count.items())))
PYTHON
load() {
	in_ns "$A" "$PYTHON" -S "$TMP/load.py" "$TMP/fail" $IN $PORT "$@"
}

listed() {
	w gateway list edge
}

lists() {
	listed | grep -q "$1"
}

lists_nothing() {
	[ -z "$(listed)" ]
}

tells() {
	w status | grep -q "$1"
}

in_map() {
	grep -q "$1" "$D2/maps/weir-limit.map"
}

out_of_map() {
	! in_map $C
}

# policies [WHO]: whom they limit.
policies() {
	cat >"$TMP/policies" <<-END
		# Most of what is asked fails: fewer shall be asked.
		when route "/api/search" at edge errors over 95% for 1s limit ${1:-clients} to 20/s until below 90% for 1s
	END
}

policies
conf "interfaces = to-$A" "[api]" "udp = 127.0.0.1:$UDP" "[gateway]" "folder = $TMP/gateways" "state = $TMP/state" \
	"user = haproxy" "at = edge" "last = 10s" "policies = $TMP/policies" "[detect]" "auto = shadow" "[socket]" "path = $SOCKET"
ok "the configuration is right" says 0 config check
sed -i 's/errors/erors/' "$TMP/policies"
ok "a policy that is wrong is told" says 2 config check
like "by file, line and word" "$TEXT" "$TMP/policies:2: 'erors': expected errors or latency"
ok "by weir run, too" says 2 run
policies
haproxy_starts
ok "weir runs" start || finish

# ---- a policy ----

touch "$TMP/fail"
background_in "$A" "$PYTHON" -S "$TMP/load.py" "$TMP/fail" $IN $PORT $C /api/search 300 50 >"$TMP/load"
LOAD=$BG
ok "answers go bad: the policy acts, the entry stands" wait_for "$PATIENCE" lists "limit $C to 20/s, .* put there: policy: errors of /api/search"
ok "it is in the gateway" in_map $C
ok "and others, who do not ask for it, have none" [ "$(listed | wc -l)" = 1 ]
like "status tells it" "$(w status)" "1 entries stand; 1 of 1 policies act; haproxy, no capabilities, none can be had"
like "and who reads the lines" "$(w status)" "^api +pid [0-9]+; [0-9]+ requests; nobody"
like "so does the command" "$(w gateway policies)" "2  ACTS +when route \"/api/search\" at edge errors over 95%"
incident() {
	w incidents 1 | grep -q "^done .*limit $C to 20/s at edge until ..:..:.. UTC (weir gateway lift edge limit $C)"
}
ok "the incident says what is done, and how to undo it" wait_for "$PATIENCE" incident
like "weir explain, too, as what undoes it" "$(w explain 1 | sed -n '/^TO UNDO/,$p')" "^  weir gateway lift edge limit $C$"
like "and where" "$(w incidents 1)" "errors of an API at GET /api/search: 100 % of the requests fail with 5xx"
w status --json >"$TMP/events"
w incidents --json >>"$TMP/events"
ok "objects have the shape of the schema" shapes "$TMP/events" status incident

# ---- weir is killed ----

kill -KILL "$D"
wait "$D" 2>/dev/null
ok "weir is killed: the entry stays" in_map $C
rm -f "$SOCKET"
start
ok "the next weir goes on with it" wait_for "$PATIENCE" tells "1 of 1 policies act"
rm "$TMP/fail"
ok "answers are well again: it is taken back" wait_for "$PATIENCE" lists_nothing
ok "in the gateway, too" wait_for "$PATIENCE" out_of_map
ok "and status says so" wait_for "$PATIENCE" tells "0 entries stand; 0 of 1 policies act"

# ---- a policy over consumers: one entry for the route, and the gateway tells them apart ----

in_routes() {
	grep -qF '/api/search$ ' "$D2/maps/weir-routes.map" && grep -q " [0-9]*000020:/api/search$" "$D2/maps/weir-routes.map"
}

out_of_routes() {
	! grep -q "api/search" "$D2/maps/weir-routes.map"
}

kill -TERM "$D"
wait "$D" 2>/dev/null
policies consumers
ok "a policy over consumers is right" says 0 config check
touch "$TMP/fail"
start
ok "it acts: the route is limited" wait_for "$PATIENCE" lists "limit route /api/search to 20/s, .* put there: policy: errors of /api/search"
ok "in the gateway" in_routes
ok "by one entry" [ "$(listed | wc -l)" = 1 ]
consumers_incident() {
	w incidents 1 | grep -q "^done .*limit route /api/search to 20/s at edge until ..:..:.. UTC (weir gateway lift edge limit route \"/api/search\")"
}
ok "the incident says so, and how to undo it" wait_for "$PATIENCE" consumers_incident
kill -KILL "$D"
wait "$D" 2>/dev/null
ok "weir is killed: the route's entry stays" in_routes
rm -f "$SOCKET"
start
ok "the next weir goes on with the route" wait_for "$PATIENCE" tells "1 entries stand; 1 of 1 policies act"
rm "$TMP/fail"
ok "answers are well again: the route is free" wait_for "$PATIENCE" lists_nothing
ok "at the gateway, too" wait_for "$PATIENCE" out_of_routes
kill -TERM "$D"
wait "$D" 2>/dev/null
policies
start
BG=$LOAD background_end

# ---- detection ----

would() {
	w incidents 2>&1 | grep -q tried && grep -q "gateways: would limit $T to 10/s at edge" "$TMP/err"
}
load $T /login 1 60 >"$TMP/tries"
ok "detection that is a shadow says what it would do" wait_for "$PATIENCE" would
ok "and does nothing" lists_nothing
sed -i 's/^auto = shadow/auto = enforce/' "$CONF"
ok "detection may act from now on" says 0 config reload
load $T /login 1 60 >"$TMP/tries"
ok "who tries keys is limited" wait_for "$PATIENCE" lists "limit $T to 10/s, .* put there: detection: api_tries"
load $T /login 3 40 >"$TMP/tries"
like "by the gateway, which limits or already refuses" "$(cat "$TMP/tries")" "(429|403):[0-9]"
ok "who goes on all the same is refused" wait_for "$PATIENCE" lists "deny  $T, "
like "by the gateway, too" "$(load $T /login 1 20)" "^403:[0-9]+$"
by_weir() {
	[ "$(said api "[r.get('turned_away_by_weir', 0) > 0 for r in rows if r.get('client_ip') in ('$T', '10.77.0.1')]")" = \
		"[True]" ]
}
ok "the API view tells that weir had it refused" wait_for "$PATIENCE" by_weir
like "of others none is refused" "$(load 10.77.0.1 /x 1 20)" "^200:[0-9]+$"
ok "the entry can be taken out" says 0 gateway lift edge limit $T
ok "and the other one" says 0 gateway lift edge deny $T
load $T /login 1 60 >"$TMP/tries"
nok "and is left out, for who has done so wants it" lists $T

# ---- a gateway that is not well ----

kill -STOP "$HAPROXY"
ok "slow: weir answers all the same" tells "^gateways"
kill -CONT "$HAPROXY"
BG=$HAPROXY background_end
ok "down: it is told" wait_for "$PATIENCE" tells "edge: .* of weir in force; edge: "
rm -f "$D2/admin.sock"
background "$PYTHON" -S "$WR_HERE/gateway.py" serve garbage "$D2/admin.sock"
ok "garbage: weir goes on" tells "^gateways  *pid"
background_end
rm -f "$D2/admin.sock"
haproxy_starts
well() {
	tail -n 5 "$TMP/err" | grep -q "gateways: edge: is well again"
}
ok "it is there again: that is told once" wait_for "$PATIENCE" well
stop
is "it ends as it should" "$RC" 0
finish
