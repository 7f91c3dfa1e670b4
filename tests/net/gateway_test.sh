#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# API gateways: real HAProxy, nginx and Caddy, configured by the blocks of docs/gateways.md, with clients of their own addresses.
# A block is in force, ends, survives a restart; what others have put there stays; a gateway that is not well is told once.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # C, C6, IN, PAGE, PYTHON and others: set by gateway.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
need_root
# shellcheck source=tests/net/gateway.sh
. "$WR_HERE/gateway.sh"

# ---- HAProxy ----

haproxy_config() {
	touch "$D"/weir-{deny,limit,keys,key-limit,routes}.map
	{
		echo global
		page "haproxy global"
		printf '%s\n' defaults "  mode http" "  timeout connect 1s" "  timeout client 5s" "  timeout server 5s" "frontend api" \
			"  bind :::$PORT v4v6"
		page "haproxy frontend"
		echo '  http-request return status 200'
		page "haproxy backend"
	} >"$D/haproxy.cfg"
}

haproxy_pid() {
	printf 'show info\n' | "$PYTHON" -S -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
print([l for l in s.makefile() if l.startswith("Pid:")][0])' "$D/admin.sock"
}

haproxy_reloaded() {
	local now
	now=$(haproxy_pid 2>/dev/null) && [ "$now" != "$1" ]
}

with_haproxy() {
	local old end key hash haproxy
	gw haproxy
	PORT=8080
	haproxy_config
	background_in "$B" haproxy -W -f "$D/haproxy.cfg" 2>"$D/log"
	haproxy=$BG
	wait_for 60 gets 200
	common

	background_in "$B" "$WEIR" gateway reconcile --every 100ms -c "$CONF" 2>"$D/every"
	ok "haproxy: a block for three seconds" says 0 apply edge deny $C for 3s
	end=$(($(date +%s) + 3))
	ok "haproxy: somebody keeps it so" kill -0 "$BG"
	kill -KILL "$BG"
	wait "$BG" 2>/dev/null
	ok "haproxy: weir is killed, the block holds" gets 403
	ok "haproxy: and ends on time by itself" wait_for 60 gets 200
	note "haproxy: it ended $(($(date +%s) - end)) s after its end, in whole seconds"

	says 0 apply edge deny $C for 1m
	old=$(haproxy_pid)
	kill -USR2 "$haproxy"
	wait_for 60 haproxy_reloaded "$old"
	ok "haproxy: a reload changes nothing" gets 403
	printf 'clear map %s\n' "$D/weir-deny.map" | "$PYTHON" -S -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
s.recv(100)' "$D/admin.sock"
	ok "haproxy: somebody clears the map" gets 200
	says 0 reconcile edge
	ok "haproxy: and it is put back" gets 403
	says 0 flush edge

	ok "haproxy: a limit" says 0 apply edge limit 10.77.0.48/29 to 5 for 1m
	is "haproxy: five of twenty get through" \
		"$(in_ns "$A" "$PYTHON" -S "$WR_HERE/gateway.py" count "http://$IN:$PORT/" $C 20)" "200:5 429:15"
	ok "haproxy: others are not limited" gets 200 10.77.0.1

	key="Bearer k3y"
	hash=$("$PYTHON" -S -c 'import hmac, sys
print(hmac.new(b"change this secret", sys.argv[1].encode(), "sha256").hexdigest()[:16])' "$key")
	ok "haproxy: a key" says 0 apply edge deny key "$hash" for 1m
	ok "haproxy: is refused" gets 403 10.77.0.1 "$key"
	ok "haproxy: another key is not" gets 200 10.77.0.1 "Bearer other"
	says 0 flush edge
	haproxy_keys "$key" "$hash"
	haproxy_routes "$key"
	says 0 flush edge
	chmod 666 "$D/admin.sock"
	sed -i 's/http-request return/http-request set-src hdr(x-real-ip)\n  &/' "$D/haproxy.cfg"
	sed -i 's/^ *stats socket.*/&\n  stats socket ipv4@0.0.0.0:9998 level admin\n  stats socket ipv4@127.0.0.1:9999/' "$D/haproxy.cfg"
	says 0 probe edge
	like "haproxy: an open socket is told" "$TEXT" "every user of this host may write to"
	like "haproxy: and one that other hosts reach" "$TEXT" "haproxy.cfg:[0-9]+ is a stats socket for other hosts, too"
	is "haproxy: that one alone" "$(grep -c 'is a stats socket' <<<"$TEXT")" 1
	like "haproxy: and a header that anybody may send" "$TEXT" "haproxy.cfg:[0-9]+ takes the client's address from what any client sends"
	BG=$haproxy background_end
	haproxy_config
	random 23 "$D/haproxy.cfg"
	ok "haproxy: down, it is told" says 1 reconcile edge
	like "haproxy: with the mend" "$TEXT" "nobody listens there .*is the gateway running"
}

# asks SOURCE PATH N [AUTHORIZATION]: how many of them got which status.
asks() {
	in_ns "$A" "$PYTHON" -S "$WR_HERE/gateway.py" count "http://$IN:$PORT$2" "$1" "$3" "${@:4}"
}

# So many of twenty, when they take up to two seconds on a machine that is busy.
five="^200:([5-9]|1[0-5]) 429:[0-9]+$"

haproxy_keys() {
	ok "haproxy: a key is limited" says 0 apply edge limit key "$2" to 5 for 1m
	like "haproxy: five a second get through" "$(asks 10.77.0.1 / 20 "$1")" "$five"
	is "haproxy: another key is not limited" "$(asks 10.77.0.1 / 9 "Bearer other")" "200:9"
	is "haproxy: nor who shows none" "$(asks 10.77.0.1 / 9)" "200:9"
	says 0 lift edge limit key "$2"
	ok "haproxy: a limit of two seconds" says 0 apply edge limit key "$2" to 1 for 2s
	sleep 2.1
	is "haproxy: ends by HAProxy's own clock" "$(asks 10.77.0.1 / 9 "$1")" "200:9"
}

haproxy_routes() {
	ok "haproxy: a dry run of a route" says 0 apply edge limit route "GET /users/{id}" to 5 for 1m --dry-run
	like "haproxy: shows what HAProxy compares with" "$TEXT" '\^GET:\[\^/\]\*/users/\[\^/\]\+\$ [0-9]+000005:GET_/users/'
	is "haproxy: and changes nothing" "$(asks $C /users/1 9)" "200:9"
	ok "haproxy: a route is limited" says 0 apply edge limit route "GET /users/{id}" to 5 for 1m
	ok "haproxy: and another one" says 0 apply edge limit route "/v1/*" to 5 for 1m
	like "haproxy: five a second get through, by any path of it, however it is written" \
		"$(asks $C /users/1,/users/2,/%75sers/3 20)" "$five"
	like "haproxy: another client has his own five" "$(asks 10.77.0.1 /users/1 20)" "$five"
	like "haproxy: so has a key" "$(asks $C /users/1 20 "$1")" "$five"
	like "haproxy: and the other route" "$(asks $C /v1/a/b 20)" "$five"
	is "haproxy: what is no such route is not limited" "$(asks $C /users/1/orders 9)" "200:9"
	sleep 2
	like "haproxy: nor does another way to write the path get round it" \
		"$(asks $C //users/1,/./users/2,/users/./3,///./users//4,/users/1 20)" "$five"
	like "haproxy: nor a newline in it" "$(asks 10.77.0.1 /v1/a%0Ab 20)" "$five"
	sleep 2
	like "haproxy: nor a host with a slash" "$(ASKED=a/b asks $C /users/1 20)" "$five"
	is "haproxy: behind a proxy nobody shares a rate with others" "$(asks 10.77.0.9 /users/1 20)" "200:20"
	like "haproxy: who shows a key there has his own" "$(asks 10.77.0.9 /users/1 20 "Bearer proxied")" "$five"
	ok "haproxy: a tighter route beside a wide one" says 0 apply edge limit route "GET /v1/chat" to 2 for 1m
	like "haproxy: counts where both are meant" "$(asks 10.77.0.1 /v1/chat 20)" "^200:[2-6] 429:"
	says 0 list edge
	like "haproxy: the list has it" "$TEXT" "limit route GET /users/\{\} to 5/s"
	ok "haproxy: a route is not refused" says 2 apply edge deny route /x
	kill -USR2 "$haproxy"
	sleep 0.3
	says 0 reconcile edge
	like "haproxy: after a reload it is there" "$TEXT" "0 added, 0 changed, 0 taken out; 3 of weir in force"
	sleep 1
	like "haproxy: and the tighter one still first" "$(asks 10.77.0.1 /v1/chat 20)" "^200:[2-6] 429:"
	sed -i 's/^routes = /# &/' "$D/gateways/edge.conf"
	ok "haproxy: its configuration takes no routes any more" says 0 reconcile edge
	like "haproxy: those that there were have ended, and that is told" "$TEXT" "3 ended, for its configuration no longer takes them: .*tell routes apart"
	says 0 reconcile edge
	nok "haproxy: once" grep -q "no longer takes" <<<"$TEXT"
	sed -i 's/^# routes = /routes = /' "$D/gateways/edge.conf"
	says 0 apply edge limit route "GET /users/{id}" to 5 for 1m
	says 0 lift edge limit route "GET /users/{other}"
	is "haproxy: lifted, it is not limited" "$(asks $C /users/1 9)" "200:9"
}

# ---- nginx ----

nginx_consumers() {
	local alice bob
	alice="Basic $(printf alice:s3cret | base64)" bob="Basic $(printf bob:s3cret | base64)"
	ok "nginx: a consumer is limited" says 0 apply edge limit consumer alice to 5 for 1m
	like "nginx: some get through, others do not" "$(asks 10.77.0.1 / 30 "$alice")" "^200:[67] 429:2[34]$"
	is "nginx: another one is not" "$(asks 10.77.0.1 / 9 "$bob")" "200:9"
	ok "nginx: a consumer is refused" says 0 apply edge deny consumer bob for 1m
	is "nginx: by his name" "$(asks 10.77.0.1 / 3 "$bob")" "403:3"
	says 0 list edge
	like "nginx: the list has it" "$TEXT" "deny  consumer bob, "
	ok "nginx: lifted" says 0 lift edge deny consumer bob
	is "nginx: he gets through" "$(asks 10.77.0.1 / 3 "$bob")" "200:3"
	ok "nginx: one who is called as a word of nginx' maps" says 0 apply edge deny consumer default for 1m
	ok "nginx: and another word" says 0 apply edge limit consumer include to 5 for 1m
	is "nginx: he is refused" "$(asks 10.77.0.1 / 3 "Basic $(printf Default:x | base64)")" "403:3"
	is "nginx: nobody else is" "$(asks 10.77.0.1 / 3 "$bob")" "200:3"
	ok "nginx: lifted" says 0 lift edge deny consumer default
	ok "nginx: a name in other letters is the same one" says 0 apply edge deny consumer BOB for 1m
	ok "nginx: and lifted as the same" says 0 lift edge deny consumer bob
	ok "nginx: to a rate without a class it is refused" says 3 apply edge limit consumer alice to 7
}

nginx_routes() {
	ok "nginx: a dry run of a route" says 0 apply edge limit route "GET /users/{id}" to 5 for 1m --dry-run
	like "nginx: shows what nginx compares with" "$TEXT" '"~\^GET:\[\^/\]\*/users/\[\^/\]\+\$" "5:GET /users/'
	ok "nginx: a route is limited" says 0 apply edge limit route "GET /users/{id}" to 5 for 1m
	ok "nginx: and another one" says 0 apply edge limit route "/v1/*" to 5 for 1m
	like "nginx: some get through, others do not" "$(asks $C /users/1,/%75sers/./2 30)" "^404:[67] 429:2[34]$"
	like "nginx: another client has his own" "$(asks 10.77.0.1 /users/1 30)" "^404:[67] 429:2[34]$"
	like "nginx: so has a consumer" "$(asks $C /users/1 30 "Basic $(printf carol:x | base64)")" "^404:[67] 429:2[34]$"
	like "nginx: and the other route" "$(asks $C /v1/a/b 30)" "^404:[67] 429:2[34]$"
	is "nginx: what is no such route is not limited" "$(asks $C /users/1/orders 30)" "404:30"
	like "nginx: a newline in the path does not get round it" "$(asks 10.77.0.1 /v1/%0Ab 30)" "^404:[67] 429:2[34]$"
	is "nginx: behind a proxy nobody shares a rate with others" "$(asks 10.77.0.9 /users/1 30)" "404:30"
	ok "nginx: a route of one a second" says 0 apply edge limit route "/made/*" to 1 for 1m
	like "nginx: who makes up names is held by his address, at ten times that" "$(asks $C /made/x 150 MADE-UP)" "^404:[1-9][0-9]+ 429:[0-9]+$"
	ok "nginx: a tighter route beside a wide one" says 0 apply edge limit route "/v1/chat" to 1 for 1m
	like "nginx: counts where both are meant" "$(asks 10.77.0.1 /v1/chat 30)" "^404:[2-4] 429:2[678]$"
	says 0 lift edge limit route "GET /users/{other}"
	is "nginx: lifted, it is not limited" "$(asks $C /users/1 30)" "404:30"
}

nginx_config() {
	echo hello >"$D/www/index.html"
	{
		printf '%s\n' "pid $D/nginx.pid;" "error_log $D/error.log;" "events {}" "http {" "access_log off;"
		for p in client_body proxy fastcgi uwsgi scgi; do
			echo "${p}_temp_path $D/$p;"
		done
		page "nginx http"
		echo "server { listen $PORT; listen [::]:$PORT; root $D/www;"
		page "nginx server"
		echo "}}"
	} >"$D/nginx.conf"
	echo "command = nginx -c $D/nginx.conf" >>"$D/gateways/edge.conf"
}

with_nginx() {
	gw nginx
	PORT=8081
	nginx_config
	ok "nginx: weir writes its file before nginx can run with it" says 1 reconcile edge
	like "nginx: and says that nginx does not run" "$TEXT" "nginx says: .*pid"
	background_in "$B" nginx -c "$D/nginx.conf" -g "daemon off;"
	wait_for 60 gets 200
	common

	ok "nginx: a limit to one of its classes" says 0 apply edge limit $C to 5 for 1m
	like "nginx: some get through, others do not" \
		"$(in_ns "$A" "$PYTHON" -S "$WR_HERE/gateway.py" count "http://$IN:$PORT/" $C 30)" "^200:[67] 429:2[34]$"
	ok "nginx: to another rate it is refused" says 3 apply edge limit $C to 7
	like "nginx: with its classes" "$TEXT" "its classes are 1, 5, 20"
	ok "nginx: a key, too" says 3 apply edge deny key 0102030405060708
	like "nginx: with what would do" "$TEXT" "nginx tells consumers apart by names of its own"
	says 0 flush edge
	nginx_consumers
	nginx_routes
	says 0 flush edge
	says 0 apply edge limit $C to 5 for 1m
	says 0 lift edge limit $C
	says 0 apply edge deny $C for 1s
	sleep 1.1
	ok "nginx: reconcile takes out what has ended" in_force 200 reconcile edge
	says 0 apply edge deny $C for 1m
	sed -i '1i geo $theirs { default 0; }' "$D/weir.conf"
	echo 'this is no nginx' >>"$D/nginx.conf"
	cp "$D/weir.conf" "$D/was"
	ok "nginx: a configuration that is broken elsewhere" says 1 apply edge deny 203.0.113.5
	like "nginx: is told by nginx' own words" "$TEXT" 'unexpected|unknown directive'
	ok "nginx: weir's file is as it was" cmp "$D/weir.conf" "$D/was"
	ok "nginx: and what was in force is" gets 403
	sed -i '$d' "$D/nginx.conf"
	says 0 reconcile edge
	ok "nginx: mended, what waited is put there" grep -q 203.0.113.5 "$D/weir.conf"
	ok "nginx: others' lines are where they were" grep -q '^geo $theirs' "$D/weir.conf"
	sed -i "/$C/d" "$D/weir.conf"
	says 0 reconcile edge
	ok "nginx: an entry that somebody took out is put back" grep -q "$C" "$D/weir.conf"
	says 0 flush edge
	background_end
	says 1 apply edge deny $C for 1s
	like "nginx: down, it is told" "$TEXT" "nginx says: .*(pid|No such process)"
	rm -r "$D/state" "$D/weir.conf"
	says 1 reconcile edge
	random 11 "$D/nginx.conf"
}

# ---- Caddy ----

with_caddy() {
	gw caddy
	PORT=8082
	{
		printf '{"admin": {"listen": "localhost:2019", "config": {"persist": false}}, "apps": {"http": {"servers": {"s": {"listen": [":%s"],' $PORT
		printf '"automatic_https": {"disable": true}, "routes": ['
		page "caddy route"
		printf ', {"handle": [{"handler": "static_response", "status_code": 200}]}]}}}}}'
	} >"$D/caddy.json"
	background_in "$B" caddy run --config "$D/caddy.json" >"$D/log" 2>&1
	wait_for 60 gets 200
	common
	ok "caddy: what it cannot is refused" says 3 apply edge limit $C to 5
	says 0 apply edge deny $C for 1m
	background_end
	background_in "$B" caddy run --config "$D/caddy.json" >"$D/log" 2>&1
	wait_for 60 gets 200
	says 0 reconcile edge
	ok "caddy: after a restart it is put back" gets 403
	background_end
	sed 's/localhost:2019/:2019/; s/"ranges": \[\]/"ranges": [], "forwarded": true/' "$D/caddy.json" >"$D/open.json"
	background_in "$B" caddy run --config "$D/open.json" >"$D/log" 2>&1
	caddy=$BG
	wait_for 60 gets 200
	says 0 probe edge
	like "caddy: an open admin API is told" "$TEXT" "its admin API listens at \":2019\", for other hosts, too"
	like "caddy: and a header that anybody may send" "$TEXT" "believes X-Forwarded-For of anybody"
	TEXT=$(in_ns "$B" "$WEIR" doctor -i "to-$A" 2>&1)
	like "doctor tells the open port" "$TEXT" "port 2019, where Caddy is administered, is open to other hosts"
	printf '%s\n' "[gateway]" "folder = $TMP/none" "admin_ports = 2019 2020 $PORT" >"$TMP/doctor.conf"
	TEXT=$(in_ns "$B" "$WEIR" doctor -i "to-$A" -c "$TMP/doctor.conf" 2>&1)
	like "so it does of gateway.admin_ports" "$TEXT" "port $PORT, one of gateway.admin_ports, is open to other hosts"
	is "of those where somebody listens, one that is known anyway once" "$(grep -c "one of gateway.admin_ports" <<<"$TEXT")" 1
	sed -i "s/ $PORT//" "$TMP/doctor.conf"
	background_in "$B" "$PYTHON" -S "$WR_HERE/gateway.py" serve slow 2020
	wait_for 60 up 2020
	TEXT=$(in_ns "$B" "$WEIR" doctor -i "to-$A" -c "$TMP/doctor.conf" 2>&1)
	is "and not at 127.0.0.1" "$(grep -c "one of gateway.admin_ports" <<<"$TEXT")" 0
	background_end
	BG=$caddy background_end
	rm -r "$D/state"
	random 23 "$D/caddy.json"
	rm -r "$D/state"
	ok "caddy: others change the same list at the same time, and lose nothing" in_ns "$B" "$PYTHON" -S "$WR_HERE/gateway.py" race \
		"$D/caddy.json" "$WEIR" "$CONF"
	note "$(<"$TMP/.out")"
}

# ---- gateways that cannot be run here: stand-ins by their source ----

# refused STATUS ADDRESS
refused() {
	[ "$(in_ns "$B" "$PYTHON" -S "$WR_HERE/gateway.py" get "http://127.0.0.1:$PORT/_refuses/$2" 127.0.0.1)" = "$1" ]
}

tell_it() {
	in_ns "$B" "$PYTHON" -S "$WR_HERE/gateway.py" get "http://127.0.0.1:$PORT/_$1" 127.0.0.1 >/dev/null
}

with_standin() {
	gw "$1"
	PORT=$2
	sed -i "s,^key_file = .*,key_file = $D/key,; s,^admin = .*,admin = http://127.0.0.1:$PORT," "$D/gateways/edge.conf"
	(umask 077 && echo s3cret >"$D/key")
	background_in "$B" "$PYTHON" "$WR_HERE/gateway.py" standin "$1" "$PORT"
	wait_for 60 up "$PORT"
	ok "stand-in for $1: it answers" says 0 probe edge
	ok "$1: nobody is refused" refused 200 203.0.113.7
	ok "$1: a block" says 0 apply edge deny 203.0.113.7 for 1m
	ok "$1: is in force" refused 403 203.0.113.7
	ok "$1: for this client alone" refused 200 203.0.113.8
	ok "$1: a prefix beside it" says 0 apply edge deny 198.51.100.0/24 for 1h
	ok "$1: is, too" refused 403 198.51.100.9
	tell_it forget
	ok "$1: a restart has lost it" refused 200 203.0.113.7
	says 0 reconcile edge
	ok "$1: and it is put back" refused 403 203.0.113.7
	says 0 lift edge deny 203.0.113.7
	ok "$1: one is lifted" refused 200 203.0.113.7
	ok "$1: the other one not" refused 403 198.51.100.9
	ok "$1: flush" says 0 flush edge
	ok "$1: the last one gone, nobody is refused, not everybody" refused 200 198.51.100.9
	says 0 apply edge deny 203.0.113.7 for 1m
	rm "$D/state/edge.ledger"
	ok "$1: a ledger is lost" says 0 reconcile edge
	like "$1: what is in weir's rule is weir's, and leaves" "$TEXT" "1 taken out; 0 of weir in force"
	ok "$1: nobody is refused" refused 200 203.0.113.7
	ok "$1: a limit is refused" says 3 apply edge limit 203.0.113.7 to 5
	case $1 in
	apinto)
		ok "apinto: so is IPv6, which it never finds" says 3 apply edge deny 2001:db8::1
		;;
	apisix)
		says 0 apply edge deny 203.0.113.7 for 2s
		ok "apisix: a block for two seconds" refused 403 203.0.113.7
		ok "apisix: ends without weir, by its ttl" wait_for 60 refused 200 203.0.113.7
		says 0 apply edge deny 203.0.113.7 for 2s
		ok "apisix: another one is made longer" says 0 apply edge deny 203.0.113.7 for 1m
		sleep 2.5
		ok "apisix: and its ttl with it" refused 403 203.0.113.7
		says 0 flush edge
		echo other >"$D/key"
		ok "apisix: a wrong key is told" says 3 reconcile edge
		like "apisix: with the mend" "$TEXT" "answers 401: is its key in api.key_file"
		chmod 644 "$D/key"
		ok "apisix: a key that others may read, too" says 3 reconcile edge
		chmod 600 "$D/key" && echo s3cret >"$D/key"
		ok "apisix: a dry run" says 0 apply edge deny 203.0.113.7 --dry-run
		nok "apisix: does not show the key" grep -q s3cret <<<"$TEXT"
		;;
	esac
	if [ "$1" != apinto ]; then
		tell_it clash
		ok "$1: somebody else's rule for everybody" says 1 apply edge deny 203.0.113.7
		like "$1: is told, with the mend" "$TEXT" "somebody else has such a rule for everybody: put the addresses into that one"
		ok "$1: and is as it was" refused 403 192.0.2.1
	fi
	background_end
}

# ---- gateways that are not well ----

drill() {
	local kind=$1 where=$2 mend=$3 began=$SECONDS
	rm -f "$D/sock"
	background_in "$B" "$PYTHON" -S "$WR_HERE/gateway.py" serve "$kind" "$where"
	wait_for 60 up "$where"
	ok "$DRIVER, $kind: it is told" says 1 apply edge deny 203.0.113.7
	like "$DRIVER, $kind: with the mend" "$TEXT" "$mend"
	nok "$DRIVER, $kind: what it says does not steer the terminal" grep -q $'\e' <<<"$TEXT"
	ok "$DRIVER, $kind: nothing waits for ever" test $((SECONDS - began)) -lt 30
	says 0 list edge
	like "$DRIVER, $kind: what was asked for is kept" "$TEXT" "203.0.113.7, .* not there yet"
	background_end
}

up() {
	if [ -e "$1" ]; then
		[ -S "$1" ]
	else
		in_ns "$B" "$BASH" -c ": </dev/tcp/127.0.0.1/$1"
	fi
}

drills() {
	gw haproxy
	DRIVER="haproxy socket"
	printf '%s\n' "[gateway]" "driver = haproxy" "timeout = 300ms" "answer = 64kB" "[haproxy]" "socket = $D/sock" "deny = $D/weir-deny.map" \
		>"$D/gateways/edge.conf"
	rm -rf "$D/state"
	drill slow "$D/sock" "does not answer in time .gateway.timeout.: is the gateway stuck"
	drill drip "$D/sock" "does not answer in time"
	drill garbage "$D/sock" "does not answer as HAProxy does: is haproxy.socket its stats socket"
	drill huge "$D/sock" "answers with more than gateway.answer allows"
	gw caddy
	DRIVER="caddy API"
	printf '%s\n' "[gateway]" "driver = caddy" "timeout = 300ms" "answer = 64kB" >"$D/gateways/edge.conf"
	rm -rf "$D/state"
	drill slow 2019 "does not answer in time .gateway.timeout.: is the gateway stuck"
	drill garbage 2019 "127.0.0.1:2019.id.weir_deny"
	drill huge 2019 "answers with more than gateway.answer allows"
	drill error 2019 "answers 500: is this Caddy's admin API, and is Caddy well"
	drill redirect 2019 "answers 302"

	# Two gateways, one of them stuck: the other one goes on, and the trouble is told once.
	cp "$D/gateways/edge.conf" "$D/gateways/stuck.conf"
	printf '%s\n' "[gateway]" "driver = nginx" "timeout = 300ms" "[nginx]" "file = $D/other.conf" "command = true" "stamp = http://127.0.0.1:1" \
		>"$D/gateways/edge.conf"
	background_in "$B" "$PYTHON" -S "$WR_HERE/gateway.py" serve slow 2019
	wait_for 60 up 2019
	ok "the ledger of another driver is not taken for its own" says 2 apply edge deny 203.0.113.8 for 1s
	like "which is told with the mend" "$TEXT" "of the driver caddy, and 'edge' has nginx now: flush it there first"
	rm -rf "$D/state"
	says 1 apply edge deny 203.0.113.8 for 1s
	ok "the other gateway's file has its entry" grep -q 203.0.113.8 "$D/other.conf"
	nsenter --net="/run/netns/$(ns "$B")" timeout -s INT 2.5 "$WEIR" gateway reconcile --every 100ms -c "$CONF" >"$D/out" 2>"$D/err"
	nok "and loses it on time beside one that is stuck" grep -q 203.0.113.8 "$D/other.conf"
	is "which is told once in all rounds" "$(grep -c '^weir gateway: stuck: .*does not answer in time' "$D/err")" 1
	background_end
}

# Who may write where the ledger is decides whom gateways refuse.
state_of_others() {
	gw nginx
	mkdir -p "$D/state"
	chmod 777 "$D/state"
	ok "a folder for ledgers that others may write to is refused" says 3 list edge
	chmod 700 "$D/state"
	chown daemon "$D/state"
	ok "one that is somebody else's, too" says 3 list edge
	like "with the mend" "$TEXT" "it has to be yours alone"
	chown root "$D/state"
}

# Whom this host is, and what others say, is not written down as it came.
own() {
	gw nginx
	says 2 apply edge deny 127.0.0.1
	like "this host's own address is never refused" "$TEXT" "would shut out 127.0.0.1: this host"
	printf '%s\n' "[gateway]" "driver = caddy" "[caddy]" "admin = http://weir:secret@127.0.0.1:2019" >"$D/gateways/edge.conf"
	says 2 list edge
	like "an address with a password is refused" "$TEXT" "a user and a password"
	is "and not shown" "$(grep -c secret <<<"$TEXT")" 0
}

# ---- what it prints ----

shapes() {
	gw nginx
	printf '%s\n' "[gateway]" "driver = nginx" "[nginx]" "file = $D/shape.conf" "command = true" "stamp = http://127.0.0.1:1" \
		>"$D/gateways/edge.conf"
	w apply edge deny 203.0.113.8 why x 2>/dev/null
	{
		w list --json
		w list edge --json
		w probe edge --json
	} >>"$TMP/json" 2>/dev/null
	python3 -c 'import jsonschema' 2>/dev/null || { skip "python3-jsonschema is not installed"; return; }
	ok "what it prints has the shape of docs/schema/gateway.json" python3 - "$WR_ROOT/docs" "$TMP/json" <<-'PYTHON'
		import json, jsonschema, re, sys
		schema = jsonschema.Draft202012Validator(json.load(open(sys.argv[1] + "/schema/gateway.json")))
		told = set(re.findall(r"[a-z0-9_]+", open(sys.argv[1] + "/events.md").read()))
		kinds, bad = set(), []
		for line in open(sys.argv[2]):
		    o = json.loads(line)
		    kinds.add(o["event_type"])
		    bad += [e.message for e in schema.iter_errors(o)] + ["not told: " + k for k in set(o) - told]
		bad += ["never seen: " + k for k in {"gateway", "gateway_entry", "gateway_change", "gateway_check"} - kinds]
		print("\n".join(bad))
		sys.exit(1 if bad else 0)
	PYTHON
}

for g in haproxy nginx caddy; do
	if type -P $g >/dev/null; then
		with_$g
	else
		skip "$g is not installed"
	fi
done
with_standin apinto 9400
with_standin apisix 9180
with_standin kong 8001
drills
state_of_others
own
shapes
finish
