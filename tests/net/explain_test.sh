#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Incidents of a running weir in words, with the rule that detection made and with those like it before; and an assistant that asks
# by the Model Context Protocol.

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
MAC=02:77:00:00:00:02

flood() {
	in_ns "$A" "$SEND" -d "$MAC" -t "$1" "$OUT" 8000 74 4000 syn5 >/dev/null
}

incident_at() {
	said incidents "[r['incident_id'] for r in rows if r['target'].startswith('$1')][-1]"
}

is_found() {
	[[ $(incident_at "$1") =~ ^[0-9]+$ ]]
}

# mcp [ARG...]: a session from standard input; lines of answers.
mcp() {
	{
		echo '{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}'
		echo '{"jsonrpc":"2.0","method":"notifications/initialized"}'
		cat
	} | "$WEIR" mcp --socket "$SOCKET" -c "$CONF" "$@"
}

# call TOOL ARGUMENTS [ARG...]: the text of what it gives, or its error.
call() {
	local line='{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"'$1'","arguments":'$2'}}'
	shift 2
	mcp "$@" <<<"$line" | "$PYTHON" -S -c '
import json, sys
o = json.loads(sys.stdin.readlines()[-1])
assert o["id"] == 7 and o["jsonrpc"] == "2.0"
r = o.get("result")
print("error %s" % o["error"] if not r else ("failed " if r["isError"] else "") + r["content"][0]["text"])'
}

words() {
	local sender
	flood 10.77.0.11 &
	sender=$!
	ok "a flood is found" wait_for 60 is_found 10.77.0.11
	ID=$(incident_at 10.77.0.11)
	ok "weir explain, while it goes on" says 0 explain "$ID"
	like "it says what" "$TEXT" "SYN flood at 10.77.0.11"
	wait "$sender"
	flood 10.77.0.12
	ok "a second one, elsewhere" wait_for 60 is_found 10.77.0.12
	ID=$(incident_at 10.77.0.12)
	ok "weir explain" says 0 explain "$ID"
	like "like it before" "$TEXT" "SYN flood at 10.77.0.11"
	like "how much against what is usual" "$TEXT" "SYNs, usual at most [0-9]"
	like "its life" "$TEXT" "^  began +20"
	like "what to type" "$TEXT" "^  weir incidents $ID"
	raw_lines "explain id=$ID" >"$TMP/one"
	ok "JSON has the shape of its schema" shapes "$TMP/one" explanation
	is "there is a rule or one that could be" "$("$WEIR" explain "$ID" -c "$CONF" --json | grep -cE '"(rule|remedy)":')" 1
	ok "no such incident: 1" says 1 explain 99999
	ok "no number: 2" says 2 explain no
	like "its prompt has no address" "$(w explain "$ID" --print-prompt | grep -cE '10\.77|198\.18|auto[0-9]')" "^0$"
}

assistant() {
	like "status" "$(call status '{}')" '"event_type":"status"'
	like "incidents" "$(call incidents '{"top":5}')" "\"incident_id\":$ID"
	like "one of them" "$(call incident "{\"id\":$ID}")" '"event_type":"explanation"'
	like "talkers, so many" "$(call talkers '{"top":1}' | wc -l)" "^[12]$"
	like "services" "$(call services '{"sort":"sources"}')" '"event_type":"service"'
	like "rules" "$(call rules '{}')" '"rule_id":"keep"'
	like "the ledger" "$(call ledger '{}')" '"event_type":"ledger"'
	like "what is not there is told" "$(call incident '{"id":99999}')" "^failed there is no incident 99999"
	like "no shadow unless allowed" "$(call shadow_rule '{"text":"drop to tcp/23"}')" "^error .*-32602"
	like "allowed" "$(call shadow_rule '{"text":"try: drop to tcp/23 for 10m"}' --allow-shadow)" '"rule_id":"try"'
	like "it only counts" "$(w rule list)" "try.*shadow|shadow.*try"
	like "a rule that is there is not turned" "$(call shadow_rule '{"text":"keep"}' --allow-shadow)" "^failed "
	is "it is still in force" "$(said rule "[r['state'] for r in rows if r.get('rule_id') == 'keep'][0]")" enforced
	is "bad JSON, a method that is none, notifications" \
		"$(printf '%s\n' '{' '{"jsonrpc":"2.0","id":1,"method":"x"}' '{"jsonrpc":"2.0","method":"x"}' | mcp |
			grep -oE '"(code|protocolVersion)":[^,}]*' | tr '\n' ' ')" '"protocolVersion":"2025-06-18" "code":-32700 "code":-32601 '
	is "a line of 100,000 bytes is one error" \
		"$({ head -c 100000 /dev/zero | tr '\0' x && echo && echo '{"jsonrpc":"2.0","id":2,"method":"ping"}'; } | mcp |
			grep -oE '"code":[^,}]*|"id":2,"result":\{\}' | tr '\n' ' ')" '"code":-32700 "id":2,"result":{} '
	stop TERM
	like "without a daemon it says so" "$(call status '{}')" "^failed .*weir run"
}

conf "interfaces = $IN" "[detect]" "auto = shadow" "[policy]" "file = $TMP/p.policy" "state = $TMP/state"
echo 'keep: drop to tcp/9' >"$TMP/p.policy"
chmod 644 "$TMP/p.policy"
ok "the daemon starts" start_all --page "" --set history.path="$TMP/history.db"
words
assistant
is "it ends well" "$RC" 0
finish
