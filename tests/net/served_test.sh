#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The page of a real daemon: every view it asks for answers, streams go on, metrics come, the front
# has no rights, and it comes again when it is killed.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
need_root
need python3
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
MAC=02:77:00:00:00:02
chmod 755 "$TMP"

# The page is on our own loopback interface: `weir` itself runs here, and watches elsewhere.
background "$WEIR" run -n "$(ns "$B")" -i "$IN" --page 127.0.0.1:9347 \
	--set "history.path=$TMP/history" >"$TMP/out" 2>"$TMP/err"
D=$BG
wait_for "$PATIENCE" grep -q "^weir: ready" "$TMP/err"
like "the page is told" "$(cat "$TMP/err")" "page: .*127.0.0.1:9347"

# get PATH EXPRESSION: Python over status, head (a dictionary), body, rows.
get() {
	python3 - "$1" "$2" <<-'PYTHON' 2>&1 | tail -n 1
		import http.client, json, sys
		c = http.client.HTTPConnection("127.0.0.1", 9347, timeout=30)
		c.request("GET", sys.argv[1])
		r = c.getresponse()
		if "/stream" in sys.argv[1]:
		    body = b""
		    while body.count(b"event: stats") < 3:
		        body += r.read1(65536)
		else:
		    body = r.read()
		status, head = r.status, dict(r.headers)
		try:
		    rows = [json.loads(line) for line in body.splitlines()]
		except ValueError:
		    rows = []
		print(eval(sys.argv[2]))
	PYTHON
}

page_is_there() {
	[ "$(get / status)" = 200 ]
}

wait_for "$PATIENCE" page_is_there
in_ns "$A" "$SEND" -d "$MAC" "$OUT" 300 128 300 >/dev/null
seen() {
	[ "$(get /api/stats 'rows[0]["total"]["in"]["packets"] >= 300')" = True ]
}
ok "what was sent is on the page" wait_for "$PATIENCE" seen

for view in status stats services talkers protocols interfaces flows ledger; do
	is "/api/$view has objects" \
		"$(get "/api/$view?" 'status == 200 and len(rows) > 0 and rows[0]["event_type"] != "error"')" True
done
is "/api/drops answers" "$(get /api/drops status)" 200
is "the keys that the page uses" \
	"$(get '/api/services?top=200&sort=rate&series=60' 'status == 200 and "series" in rows[0]')" True
is "a filter" "$(get '/api/flows?top=200&sort=rate&filter=udp+or+tcp' 'status == 200 and len(rows) > 0')" True
is "a wrong filter is told" "$(get '/api/flows?filter=bad(' 'status == 400 and "syntax" in rows[0]["error"]')" True
kept() {
	[ "$(get '/api/history?from=-1h&to=now&points=4000' 'status == 200 and sum(r["packets"] for r in rows) >= 300')" = True ]
}
ok "history has it, too" wait_for "$PATIENCE" kept
is "a stream goes on" \
	"$(get '/api/stream?views=stats,services,talkers,protocols,interfaces,drops,ledger' 'body.count(b"event: ledger") >= 2 and b"event: error" not in body')" True
is "metrics" "$(get /metrics 'status == 200 and b"weir_packets_total" in body and head["Content-Type"].startswith("text/plain")')" True

front_pid() {
	get /api/status 'rows[0]["front"]["pid"]'
}
F=$(front_pid)
like "the front is not root and has no capability" "$(grep -E '^(Uid|CapEff):' "/proc/$F/status" | tr '\n' ' ')" \
	'^Uid:.[1-9].*CapEff:.0+ $'
kill -KILL "$F"
came_again() {
	[ "$(front_pid)" != "$F" ] && page_is_there
}
ok "the front is killed, and comes again" wait_for "$PATIENCE" came_again

kill -TERM "$D"
ended() {
	wr_gone "$D"
}
ok "the daemon ends" wait_for "$PATIENCE" ended
RC=0
wait "$D" 2>/dev/null || RC=$?
is "with 0" "$RC" 0
finish
