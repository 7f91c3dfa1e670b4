#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real nginx with its Lua module, configured by the blocks of docs/gateways.md: a block without a reload, its end with weir killed,
# a reload and a restart of nginx, entries of others, random work of all of them, and who may ask.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # C, IN, PYTHON and others: set by gateway.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
need_root
need nginx
[ -e /usr/share/nginx/modules/ngx_http_lua_module.so ] || skip_all "libnginx-mod-http-lua is not installed"
# shellcheck source=tests/net/gateway.sh
. "$WR_HERE/gateway.sh"
need curl

# page INFO: with our folder for the system's, as this test needs it.
lua_page() {
	page "$1" | sed "s,/run/weir-nginx,$D/run,; s,/usr/share/weir/nginx,$WR_ROOT/packaging/nginx,"
}

gw nginx_lua
sed -i "s,/run/weir-nginx,$D/run,; s,^driver = .*,&\ntimeout = 60s," "$D/gateways/edge.conf" # on a machine that is busy
PORT=8083 OPEN=8090 BOTH=8084
mkdir -m 750 "$D/run"
chmod 755 "$D"
echo hello >"$D/www/index.html"
{
	printf '%s\n' "include /etc/nginx/modules-enabled/*.conf;" "pid $D/nginx.pid;" "error_log $D/error.log;" "worker_processes 2;" \
		"events {}" "http {" "access_log off;"
	for p in client_body proxy fastcgi uwsgi scgi; do
		echo "${p}_temp_path $D/$p;"
	done
	lua_page "nginx_lua http"
	echo "server { listen $OPEN; location / { content_by_lua_block { require('weir').admin() } } }"
	echo "server { listen $PORT; listen [::]:$PORT; root $D/www;"
	lua_page "nginx_lua server"
	echo "} server { listen [::]:$BOTH ipv6only=off; root $D/www;"
	lua_page "nginx_lua server"
	echo "}}"
} >"$D/nginx.conf"

nginx_starts() {
	background_in "$B" nginx -c "$D/nginx.conf" -g "daemon off;"
	NGINX=$BG
	wait_for 60 gets 200
}

# admin METHOD PATH [LINES]
admin() {
	curl -s -m 10 --unix-socket "$D/run/lua.sock" -X "$1" --data-binary "${3:-}" "http://x$2"
}

reloaded() {
	[ "$(pgrep -P "$NGINX" | sort | head -n 1)" != "$1" ]
}

# at_both CMD: at the port whose IPv4 clients have addresses of IPv6.
at_both() {
	local PORT=$BOTH
	"$@"
}

nginx_starts
common

# ---- the end, weir dead ----

background_in "$B" "$WEIR" gateway reconcile --every 100ms -c "$CONF" 2>"$D/every"
ok "a block for eight seconds" says 0 apply edge deny $C for 8s
end=$(($(date +%s) + 8))
ok "somebody keeps it so" kill -0 "$BG"
kill -KILL "$BG"
wait "$BG" 2>/dev/null
if [ "$(date +%s)" -lt $((end - 4)) ]; then
	ok "weir is killed, the block holds" gets 403
else
	skip "this machine is too busy to look in time"
fi
ok "and ends on time by itself" wait_for 60 gets 200
note "it ended $(($(date +%s) - end)) s after its end, in whole seconds"
like "what has ended is not there" "$(admin GET /entries)" '^weir 1, limits$'

# ---- nginx itself ----

says 0 apply edge deny $C for 1m
old=$(pgrep -P "$NGINX" | sort | head -n 1)
kill -HUP "$NGINX"
wait_for 60 reloaded "$old"
ok "a reload changes nothing" gets 403
BG=$NGINX background_end
nginx_starts
ok "a restart has lost it" gets 200
says 0 reconcile edge
ok "and it is put back" gets 403

# ---- limits ----

says 0 flush edge
ok "a limit to any rate" says 0 apply edge limit 10.77.0.48/29 to 7 for 1m
like "some get through, others do not, over a second's end too" \
	"$(in_ns "$A" "$PYTHON" -S "$WR_HERE/gateway.py" count "http://$IN:$PORT/" $C 30)" "^200:([7-9]|1[0-4]) 429:(1[6-9]|2[0-3])$"
ok "others are not limited" gets 200 10.77.0.1
ok "a key is refused" says 3 apply edge deny key 0102030405060708
says 0 flush edge

# ---- others ----

like "others put entries there" "$(admin PUT /entries/mine "+ deny 10.77.0.48/28 until 4000000000
+ deny 203.0.113.9 until 4000000000
")" "2 lines"
ok "theirs are in force" gets 403
ok "at a socket of both families, too" at_both gets 403
ok "which others get through" at_both gets 200 10.77.0.1
ok "weir puts its own beside them" says 0 apply edge deny 203.0.113.10 for 1m
ok "what they have is told" says 1 apply edge deny 203.0.113.9 for 1m
like "with its name" "$TEXT" "203.0.113.9"
says 0 flush edge
is "and stays to the byte" "$(admin GET /entries | sort)" "deny 10.77.0.48/28 until 4000000000 by mine
deny 203.0.113.9/32 until 4000000000 by mine
weir 1, limits"
admin PUT /entries/edge "+ deny 203.0.113.11 until 4000000000
" >/dev/null
says 0 reconcile edge
like "what has weir's name and is not in the ledger leaves" "$TEXT" "1 taken out"
says 0 apply edge deny 203.0.113.12 for 1m
admin PUT /entries/edge "- deny 203.0.113.12
" >/dev/null
says 0 reconcile edge
like "what somebody took out is put back" "$TEXT" "1 added"
admin PUT /entries/mine "- deny 10.77.0.48/28
- deny 203.0.113.9
" >/dev/null
ok "theirs taken out by them, the client gets through" gets 200

# ---- who may ask, and what is refused ----

is "from another host nobody may" "$(in_ns "$A" curl -s -m 10 "http://$IN:$OPEN/entries")" "this is for a unix socket, or 127.0.0.1, alone"
like "from this host one may" "$(in_ns "$B" curl -s -m 10 "http://127.0.0.1:$OPEN/entries")" "^weir 1, limits"
for line in "deny 203.0.113.1 until 9" "+ deny 203.0.113 until 4000000000" "+ deny 203.0.113.1/33 until 4000000000" \
	"+ deny 2001:db8:::1 until 4000000000" "+ limit 203.0.113.1 until 4000000000" "+ allow 203.0.113.1 until 4000000000" \
	"+ deny 203.0.113.1" "+ deny 1:2:3:4:5:6:7:8:9 until 4000000000"; do
	like "no entry: $line" "$(admin PUT /entries/x "$line
")" "^line 1: no "
done
is "of them nothing is there" "$(admin GET /entries | grep -c 'by x')" 0
for prefix in 203.0.113.0/25 0.0.0.0/1 2001:db8::/33 2001:db8:1:2:3:4:5:6 ::/0; do
	admin PUT /entries/x "+ deny $prefix until 4000000000
" >/dev/null
done
is "prefixes of any length are read" "$(admin GET /entries | grep -c 'by x')" 5
ok "a client is refused by a prefix of length 0" gets 403 $C6
ok "another one by a prefix of length 1" gets 403
for prefix in 203.0.113.0/25 0.0.0.0/1 2001:db8::/33 2001:db8:1:2:3:4:5:6 ::/0; do
	admin PUT /entries/x "- deny $prefix
" >/dev/null
done
chmod 755 "$D/run"
says 0 probe edge
like "a folder that others may enter is told" "$TEXT" "every user of this host may write to"
chmod 750 "$D/run"
says 0 flush edge
BG=$NGINX background_end
rm -r "$D/state"
random 23 "$D/nginx.conf"
sed -i 's/weir 32m/weir 64k/' "$D/nginx.conf"
nginx_starts
ok "a dictionary that is full says so" says 1 apply edge --file many
like "with the mend" "$TEXT" "lua_shared_dict weir is full: make it larger"
says 1 flush edge || says 0 flush edge
sed -i '/lua_shared_dict weir /d' "$D/nginx.conf"
BG=$NGINX background_end
nginx_starts
ok "without a dictionary clients get through" gets 200
BG=$NGINX background_end
ok "down, it is told" says 1 apply edge deny $C for 1s
like "with the mend" "$TEXT" "nobody listens there .*is the gateway running"
finish
