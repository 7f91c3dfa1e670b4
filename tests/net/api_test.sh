#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What gateways tell: real HAProxy, nginx and Caddy, configured by the blocks of docs/api.md, send their logs to weir. A client
# makes known numbers of requests; weir has exactly these, by route, status and consumer, and no key and no query.

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
need_weir

A=e$$ B=f$$
pair "$A" "$B"
NS=$(ns "$B")
PAGE=$WR_ROOT/docs/api.md
PYTHON=$(python3 -c 'import sys; print(sys.executable)')
export HOME=$TMP
# Where gateways run, so that the length of queues is this namespace's: with the usual 10 a busy machine loses lines.
in_ns "$B" sysctl -qw net.unix.max_dgram_qlen=512
PROGRAM=$WEIR
WEIR=$TMP/weir
printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s "%s" "$@"\n' "$NS" "$PROGRAM" >"$WEIR"
chmod 755 "$WEIR"

HISTORY=$TMP/kept/history.db

page() {
	"$PYTHON" -S "$WR_HERE/gateway.py" block "$PAGE" "$1"
}

# ask PORT N PATH [HEADER: VALUE]: N requests, one after another, on one connection each.
ask() {
	in_ns "$B" "$PYTHON" -S - "$@" <<-'PYTHON'
		import http.client, sys
		port, n, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
		headers = dict(h.split(": ") for h in sys.argv[4:])
		for i in range(n):
		    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
		    c.request("GET", path.replace("%d", str(i + 1)), headers=headers)
		    c.getresponse().read()
		    c.close()
	PYTHON
}

# round PORT: 20 users, 7 times health, 5 times what is not there, 3 that fail; two consumers.
round() {
	ask "$1" 20 "/users/%d/orders?token=QUERYSECRET" "X-Api-Key: KEYSECRETone"
	ask "$1" 7 "/health?QUERYSECRET" "X-Api-Key: KEYSECRETtwo"
	ask "$1" 5 "/missing/%d" "X-Api-Key: KEYSECRETtwo"
	ask "$1" 3 "/broken;QUERYSECRET" "X-Api-Key: KEYSECRETone"
}

total() {
	[ "$(said api '[r["requests"] for r in rows if r["of"] == "total"][0]')" = "$1" ]
}

# of OF KEY VALUE EXPRESSION: of the one object r of that name.
of() {
	said api "[$4 for r in rows if r['of'] == '$1' and r.get('$2') == '$3']"
}

# What a round has to become, whoever has told it; $2: the host, where it is told.
is_round() {
	local what=$1 host=$2
	ok "$what: every request is counted, once" wait_for "$PATIENCE" total 35
	w api --json >"$TMP/round"
	is "$what: routes, with each status" "$(told route 'r["route"]' 'r["statuses"]' | sed "s, $host/, /,")" "$(cat <<-'END'
		GET /broken [{'status': 503, 'requests': 3}]
		GET /health [{'status': 200, 'requests': 7}]
		GET /users/{id}/orders [{'status': 200, 'requests': 20}]
		{unknown} [{'status': 404, 'requests': 5}]
	END
	)"
	is "$what: all, by class; nothing unread, nothing lost" \
		"$(told total 'r["classes"]' 'r["unread_lines"]' 'r["lost"]')" "{'2xx': 27, '4xx': 5, '5xx': 3} 0 0"
	is "$what: one client, a time and a size for each" \
		"$(told client 'r["client_ip"]' 'r["requests"]' 'r["total_ms"]["requests"]' 'r["bytes_out"] >= 108')" \
		"127.0.0.1 35 35 True"
}

# told OF EXPRESSION...: of each object r of the last answer, in order.
told() {
	"$PYTHON" -S - "$TMP/round" "$@" <<-'PYTHON'
		import json, sys
		rows = [json.loads(line) for line in open(sys.argv[1])]
		print("\n".join(sorted(" ".join(str(eval(e, {"r": r})) for e in sys.argv[3:]) for r in rows if r["of"] == sys.argv[2])))
	PYTHON
}

consumers() {
	is "$1: two consumers, told apart" \
		"$(said api 'sorted(r["requests"] for r in rows if r["of"] == "consumer" and "consumer" in r)')" "[12, 23]"
}

no_secret() {
	{
		w api
		w api --json
		raw_lines metrics
		w incidents --json
		cat "$TMP/err" "$HISTORY"*
		"$WEIR" history --file "$HISTORY" --top consumers --json
	} >"$TMP/all" 2>&1
	! grep -a SECRET "$TMP/all"
}

# was [OPTION...] EXPRESSION: over rows of history.
was() {
	"$WEIR" history --file "$HISTORY" --from -1h --json "${@:1:$#-1}" 2>&1 | "$PYTHON" -S -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(eval(sys.argv[1]))' "${*: -1}" 2>&1 | tail -n 1
}

was_asked() {
	[ "$(was --route "$1" 'sum(r["requests"] for r in rows)')" = "$2" ]
}

# opens PORT: somebody listens there. Nobody knocks, which would be a request to some.
opens() {
	in_ns "$B" grep -qi ": 0100007F:$(printf %04x "$1") 00000000:0000 0A" /proc/net/tcp
}

restart() {
	stop
	conf "interfaces = to-$A" "hook = packet" "$(page "weir api")" "$@"
	start --set "history.path=$HISTORY"
}

answers() {
	cat <<-'END'
		http-request return status 404 if { path_beg /missing }
		http-request return status 503 if { path_beg /broken }
		http-request return status 200 content-type text/plain string "fine"
	END
}

# ---- nobody is listened to ----

conf "interfaces = to-$A" "hook = packet"
start
ok "a weir that listens to no gateway says so" says 1 api
like "and what to set" "$TEXT" "set 'listen' or 'udp' in .api."
is "it opens no socket" "$(ls /run/weir)" "control.sock"

# ---- HAProxy ----

haproxy_by() {
	{
		page "haproxy api"
		printf '\ttimeout client 9s\n\ttimeout server 9s\n\ttimeout connect 9s\nfrontend api\n\tbind 127.0.0.1:8080\n'
		page "$1"
		answers
	} >"$TMP/haproxy.cfg"
	background_in "$B" haproxy -db -f "$TMP/haproxy.cfg" 2>"$TMP/haproxy.log"
	wait_for "$PATIENCE" opens 8080
}

if command -v haproxy >/dev/null; then
	restart
	haproxy_by "haproxy api frontend"
	is "who may send: everybody on this host" "$(stat -c %a /run/weir/api.sock)" 666
	round 8080
	is_round "HAProxy, httplog" ""
	consumers "HAProxy, httplog"
	ok "history: the route has what was asked of it" wait_for "$PATIENCE" was_asked "GET /users/{id}/orders" 20
	is "history: what failed, what was refused" \
		"$(was --top routes '[(r["key"], r["requests"], r["failed"], r["refused"]) for r in rows]')" \
		"[('GET /users/{id}/orders', 20, 0, 0), ('GET /health', 7, 0, 0), ('{unknown}', 5, 0, 5), ('GET /broken', 3, 3, 0)]"
	is "history: consumers by their hashes" "$(was --top consumers '[(len(r["key"]), r["requests"]) for r in rows]')" \
		"[(16, 23), (16, 12)]"
	"$WEIR" history --file "$HISTORY" --from -1h --top routes --json >"$TMP/events"
	"$WEIR" history --file "$HISTORY" --from -1h --route "GET /health" --json >>"$TMP/events"
	ok "history: objects have the shape of the schema" shapes "$TMP/events" history
	like "history: the table" "$("$WEIR" history --file "$HISTORY" --top routes)" "requests +bytes +rate +mean +failed"
	is "history: the page's view has the same" \
		"$(raw "history route=GET%20/broken" 'sum(r["failed"] for r in rows)')" 3
	like "HAProxy: the table" "$(w api)" "GET /users/\{id\}/orders +20 +0.0% +0.0%"
	ok "HAProxy: no key and no query is seen" no_secret
	like "HAProxy: metrics by route" "$(raw_lines metrics)" \
		'weir_api_requests_total.route="GET /users/.id./orders",class="2xx". 20'
	raw_lines metrics >"$TMP/metrics"
	if command -v promtool >/dev/null; then
		is "HAProxy: promtool check metrics has nothing to say" "$(promtool check metrics <"$TMP/metrics" 2>&1)" ""
	else
		skip "promtool is not installed"
	fi
	like "HAProxy: a histogram" "$(raw_lines metrics)" 'weir_api_request_seconds_bucket.le="\+Inf". 35'
	background_end
	restart
	haproxy_by "haproxy api json"
	round 8080
	is_round "HAProxy, JSON" 127.0.0.1
	consumers "HAProxy, JSON"
	ok "HAProxy, JSON: no key and no query is seen" no_secret
	background_end
else
	skip "haproxy is not installed"
fi

# ---- nginx ----

if command -v nginx >/dev/null; then
	restart
	{
		printf 'worker_processes 1;\nerror_log %s;\npid %s;\nevents {}\nhttp {\n' "$TMP/nginx.log" "$TMP/nginx.pid"
		page "nginx api"
		cat <<-'END'
			server {
				listen 127.0.0.1:8081;
				location /missing { return 404; }
				error_page 502 503 /oops;
				location /oops { internal; return 503 "sorry"; }
				location /broken { proxy_pass http://127.0.0.1:9; error_page 502 =503 /oops; }
				location / { return 200 "fine"; }
			}
			}
		END
	} >"$TMP/nginx.conf"
	background_in "$B" nginx -c "$TMP/nginx.conf" -g "daemon off;"
	wait_for "$PATIENCE" opens 8081
	round 8081
	is_round "nginx" 127.0.0.1
	ok "nginx: no key and no query is seen" no_secret
	background_end
else
	skip "nginx is not installed"
fi

# ---- Caddy ----

if command -v caddy >/dev/null; then
	restart
	{
		printf '{\n\tadmin off\n\tauto_https off\n}\nhttp://127.0.0.1:8082 {\n\tbind 127.0.0.1\n'
		page "caddy api"
		cat <<-'END'
			respond /missing/* 404
			respond /broken* 503
			respond "fine" 200
			}
		END
	} >"$TMP/Caddyfile"
	background_in "$B" caddy run --adapter caddyfile --config "$TMP/Caddyfile" >"$TMP/caddy.log" 2>&1
	wait_for "$PATIENCE" opens 8082
	round 8082
	is_round "Caddy" 127.0.0.1
	consumers "Caddy"
	ok "Caddy: no key and no query is seen" no_secret
	background_end
else
	skip "caddy is not installed"
fi

# ---- UDP, what is no line, who may send, restarts ----

# reader: the process that reads lines, of which weir's keeper is the parent.
reader() {
	local keeper p inode
	inode=$(in_ns "$B" awk '$8 == "/run/weir/api.sock" {print $7}' /proc/net/unix)
	for keeper in $(pgrep -P "$D"); do
		for p in $(pgrep -P "$keeper"); do
			if find "/proc/$p/fd" -lname "socket:\\[$inode\\]" | grep -q .; then echo "$p"; fi
		done
	done
}

other_reader() {
	local now
	now=$(reader)
	[ -n "$now" ] && [ "$now" != "$1" ]
}

# tell LINE...: by UDP.
tell() {
	in_ns "$B" "$PYTHON" -S - "$UDP" "$@" <<-'PYTHON'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		for line in sys.argv[2:]:
		    s.sendto(line.encode(), ("127.0.0.1", int(sys.argv[1])))
	PYTHON
}

unread() {
	[ "$(of total of total 'r["unread_lines"]')" = "[$1]" ]
}

head -c 32 /dev/urandom >"$TMP/key"
chmod 600 "$TMP/key"
UDP=$((20000 + $$ % 10000))
LINE="<190>Nov 26 09:00:00 weir: "'{"client":"192.0.2.9","method":"GET","path":"/x","status":200,"api_key":"KEYSECRET"}'
restart "udp = 127.0.0.1:$UDP" "group = root" "key_file = $TMP/key"
is "a group: only it may send" "$(stat -c %a /run/weir/api.sock)" 660
tell "$LINE" "no line of a log" "$LINE"
ok "UDP: lines are counted" wait_for "$PATIENCE" total 2
ok "and what is none" unread 1
is "by the client that they tell" "$(of client client_ip 192.0.2.9 'r["requests"]')" "[2]"
HASH=$(said api '[r["consumer"] for r in rows if r.get("consumer")]')
w api --json >"$TMP/events"
ok "objects have the shape of the schema" shapes "$TMP/events" api
READER=$(reader)
like "who reads strangers' lines is nobody" "$(cat "/proc/$READER/status")" "^Uid:.65534.65534.65534.65534"
like "has no rights" "$(cat "/proc/$READER/status")" "^CapEff:.0000000000000000"
like "and few system calls" "$(cat "/proc/$READER/status")" "^Seccomp:.2"
kill -KILL "$READER"
ok "killed, it is there again" wait_for "$PATIENCE" other_reader "$READER"
tell "$LINE"
ok "and counts go on" wait_for "$PATIENCE" total 3
# What the system drops while nobody reads is counted by the next reader, from the same socket.
READER=$(reader)
kill -STOP "$READER"
MANY=40000
in_ns "$B" "$PYTHON" -S - "$UDP" "$MANY" "$LINE" <<-'PYTHON'
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	for i in range(int(sys.argv[2])):
	    s.sendto(sys.argv[3].encode(), ("127.0.0.1", int(sys.argv[1])))
PYTHON
kill -KILL "$READER"
ok "killed while more came than there was room for, it is there again" wait_for "$PATIENCE" other_reader "$READER"
adds_up() {
	tell "$LINE" # the count comes with what is received after it
	MANY=$((MANY + 1))
	[ "$(of total of total 'r["lost"] > 0 and r["requests"] + r["lost"]')" = "[$((3 + MANY))]" ]
}
ok "what was lost is counted after the restart: all adds up" wait_for "$PATIENCE" adds_up
restart "udp = 127.0.0.1:$UDP" "key_file = $TMP/key"
tell "$LINE"
ok "after a restart" wait_for "$PATIENCE" total 1
is "with the key's file a consumer has the same hash" \
	"$(said api '[r["consumer"] for r in rows if r.get("consumer")]')" "$HASH"
stop
is "it ends as it should" "$RC" 0
ok "the socket is gone" [ ! -e /run/weir/api.sock ]
conf "interfaces = to-$A" "[api]" "udp = 127.0.0.1:$UDP" "key_file = $TMP/none"
ok "a key's file that is not there is told" says 2 run
like "by its name" "$TEXT" "api.key_file: $TMP/none: No such file"
chmod 644 "$TMP/key"
conf "interfaces = to-$A" "[api]" "udp = 127.0.0.1:$UDP" "key_file = $TMP/key"
ok "a key that others may read is refused" says 3 run
like "and what to do" "$TEXT" "others may read it; chmod 600"
finish
