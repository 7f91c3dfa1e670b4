#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who is told of incidents: webhooks, syslog, a command and a collector of spans hear of a flood once for each change; those
# that are down, slow or talk nonsense hold up nobody, are told of once, and lose what is counted. No secret is shown.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh; CONF, SOCKET, D, RC, TEXT: by daemon.sh
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

# shellcheck disable=SC2034 # A, OUT, MAC, NS: for daemon.sh
A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
# shellcheck disable=SC2034
MAC=02:77:00:00:00:02
HOOK=$TMP/hook
mkdir -m 777 "$HOOK"

# The command keeps what it is given, who it is, and what else is open.
cat >"$TMP/mail" <<-'SHELL'
	#!/bin/sh
	d=$1
	[ ! -e "$d/fail" ] || exit 75
	[ ! -e "$d/hang" ] || exec sleep 100
	{ printf '%s\n' "$WEIR_TEXT"; cat; } >>"$d/mail"
	{ id -u; grep -E '^(CapEff|NoNewPrivs|SigIgn|SigBlk)' /proc/self/status; env | sort; ls /proc/self/fd; } >"$d/who"
SHELL
chmod 755 "$TMP/mail"

hooks() {
	background "$PYTHON" "$WR_HERE/hook.py" "$HOOK"
	wait_for "$PATIENCE" test -s "$HOOK/PORTS"
	read -r WEB TCP UDP <"$HOOK/PORTS"
}

# notify LINE...: the configuration with these lines in [notify].
notify() {
	conf "interfaces = $IN" "[flow]" "idle = 1s" "[output]" "eve = $HOOK/eve.json" "eve_types = incident" \
		"otlp_traces = http://127.0.0.1:$WEB/v1/traces" "${DETECT:-}" "[notify]" "$@"
}

tested() {
	local rc=0
	w notify test "$@" >"$TMP/tested" 2>&1 || rc=$?
	[ "$rc" = "${WANT:-0}" ] && return
	cat "$TMP/tested" "$TMP/err"
	return 1
}

# hooked PATH EXPRESSION: Python over rows, the requests for that path.
hooked() {
	"$PYTHON" -S - "$HOOK/http" "$1" "$2" <<-'PYTHON' 2>&1 | tail -n 1
		import json, sys
		rows = [r for r in map(json.loads, open(sys.argv[1])) if r["path"].startswith(sys.argv[2])]
		print(eval(sys.argv[3]))
	PYTHON
}

# ---- all ways ------------------------------------------------------------------------

all_ways() {
	hooks
	printf '# a token\nAuthorization: Bearer hush-hush\n' >"$TMP/headers"
	echo "http://127.0.0.1:$WEB/ok?key=in-a-file" >"$TMP/secret"
	notify "webhook = http://127.0.0.1:$WEB/ok?key=plain-to-see $TMP/secret http://127.0.0.1:$WEB/once" \
		"webhook_headers_file = $TMP/headers" "syslog = unix:$HOOK/log udp:127.0.0.1:$UDP tcp:127.0.0.1:$TCP" \
		"command = $TMP/mail $HOOK 'two words'" "severity = low"
	ok "the daemon starts with all of them" start
	ok "a test reaches all of them, also one that is busy first" tested
	is "each is named" "$(grep -c '^taken ' "$TMP/tested")" 7
	is "a webhook gets JSON" "$(hooked /ok '[json.loads(r["body"])["event_type"] for r in rows]')" "['incident', 'incident']"
	is "with the token" "$(hooked /ok '[r["headers"]["Authorization"] for r in rows]')" "['Bearer hush-hush', 'Bearer hush-hush']"
	like "syslog by datagrams of this host" "$(cat "$HOOK/unix")" \
		'^<28>1 [0-9T:.-]+Z [^ ]+ weir [0-9]+ incident \[weir@32473 incident="0" state="active" severity="high" class="syn_flood" target="192.0.2.1"\] .*this is a test'
	like "by UDP" "$(cat "$HOOK/udp")" '^<28>1 .*this is a test'
	like "by TCP, with its length" "$(cat "$HOOK/tcp")" '^[0-9]+ <28>1 .*this is a test'
	like "the command has a sentence" "$(head -n 1 "$HOOK/mail")" 'this is a test'
	is "and JSON" "$(tail -n +2 "$HOOK/mail" | "$PYTHON" -S -c 'import json, sys; print(json.load(sys.stdin)["class"])')" syn_flood
	is "it is nobody, without capabilities" "$(head -n 1 "$HOOK/who") $(grep -c 'CapEff:.0000000000000000' "$HOOK/who")" \
		"$(id -u nobody) 1"
	is "blocks no signals" "$(grep -c 'SigBlk:.0000000000000000' "$HOOK/who")" 1
	is "has no other environment" "$(grep -cE '^(PATH|LANG|HOME|WEIR_TEXT|PWD|_|OLDPWD|SHLVL)=' "$HOOK/who") $(grep -c = "$HOOK/who")" \
		"$(grep -c = "$HOOK/who") $(grep -c = "$HOOK/who")"
	is "and nothing open but its own" "$(sed -n '/^WEIR_TEXT/,$p' "$HOOK/who" | grep -cE '^[4-9]$')" 0
}

no_secrets() {
	w status >"$TMP/shown" 2>&1
	w status --json >>"$TMP/shown" 2>&1
	raw_lines metrics >>"$TMP/shown"
	cat "$TMP/err" "$TMP/out" "$TMP/tested" >>"$TMP/shown"
	grep -q "webhook:http://127.0.0.1:$WEB/#" "$TMP/shown" && ! grep -E 'hush|plain-to-see|in-a-file' "$TMP/shown"
}

# ---- whose the sources are -----------------------------------------------------------

# Half of all addresses each, so that every source is known; a name that would steer a terminal.
mmdb() {
	"$PYTHON" -S "$WR_HERE/mmdb.py" "$TMP/asn.mmdb" GeoLite2-ASN \
		'0.0.0.0/1={"autonomous_system_number": 64500, "autonomous_system_organization": "Exa\u001b[31mmple"}' \
		'128.0.0.0/1={"autonomous_system_number": 4200000000, "autonomous_system_organization": "Other"}'
	"$PYTHON" -S "$WR_HERE/mmdb.py" "$TMP/country.mmdb" GeoLite2-Country '0.0.0.0/1={"country": {"iso_code": "DE"}}' \
		'128.0.0.0/1={"registered_country": {"iso_code": "CH"}}'
	DETECT="[detect]
asn = $TMP/asn.mmdb
country = $TMP/country.mmdb"
	printf '%s\n' "$DETECT" >"$TMP/detect.conf"
	"$WEIR" config check -c "$TMP/detect.conf" 2>&1 | grep -q "built without" && DETECT=
}

broken_files() {
	local rc
	mmdb
	head -c 5000 /dev/urandom >"$TMP/noise.mmdb"
	head -c 100 "$TMP/asn.mmdb" >"$TMP/half.mmdb"
	for f in noise half none; do
		printf '[detect]\nasn = %s\n' "$TMP/$f.mmdb" >"$TMP/broken.conf"
		rc=0
		"$WEIR" config check -c "$TMP/broken.conf" >"$TMP/checked" 2>&1 || rc=$?
		cat "$TMP/checked"
		[ "$rc" = 2 ] && grep -q "detect.asn: $TMP/$f.mmdb" "$TMP/checked" || return 1
	done
	w config check
}

are_known() {
	local id
	id=$(said incidents 'rows[0]["incident_id"]')
	is "whose the sources are: all of them, in JSON" "$(said incidents "$id" '(lambda r: [sorted(k["ip"] for k in r["sources_known"]) ==
		sorted(r["sources"]), {(k["asn"], k["org"], k["country"]) for k in r["sources_known"]} <=
		{(64500, "Exa [31mmple", "DE"), (4200000000, "Other", "CH")}])(rows[0])')" "[True, True]"
	like "and for people" "$(w incidents "$id" --color never)" 'packets  AS(64500 Exa \[31mmple, DE|4200000000 Other, CH)$'
	: >"$TMP/asn.mmdb"
	is "a file that is emptied meanwhile breaks nothing" "$(said incidents "$id" 'len(rows[0]["sources_known"]) > 0')" True
	nok "a reload with it is refused" says 0 config reload
}

# ---- its first packets ---------------------------------------------------------------

has_sample() {
	[ "$(said incidents 'rows[0].get("sample_packets", 0) > 0')" = True ]
}

sample() {
	local id n
	ok "its first packets are kept" wait_for "$PATIENCE" has_sample
	id=$(said incidents 'rows[0]["incident_id"]')
	n=$(said incidents 'rows[0]["sample_packets"]')
	like "weir incidents says so" "$(w incidents "$id")" "^packets +$n of the first \(weir dump --incident $id\)"
	ok "they are a capture file" w dump --incident "$id" -w "$TMP/sample.pcapng"
	is "of as many packets" "$("$WEIR" read --packets --json "$TMP/sample.pcapng" 2>/dev/null | wc -l)" "$n"
	is "all of its target, the first of the flood among them, no more than 500" "$("$WEIR" read --packets --json "$TMP/sample.pcapng" 2>/dev/null |
		"$PYTHON" -S -c 'import json, sys
rows = list(map(json.loads, sys.stdin))
print(all("10.77.0.2" in (r["src_ip"], r["dest_ip"]) for r in rows), sum("syn" in r.get("tcp", {}) for r in rows) > 300, len(rows) <= 500)')" \
		"True True True"
	is "a filter chooses among them" "$(w dump --incident "$id" --json 'udp port 9' 2>/dev/null | grep -c '"packet"')" 0
	ok "an incident that is not there is said" says 1 dump --incident 999999
	like "and where to look" "$TEXT" 'no incident 999999 .*weir incidents'
}

# ---- an incident ---------------------------------------------------------------------

told_of() {
	[ "$(hooked /ok "sorted({json.loads(r['body'])['state'] for r in rows if json.loads(r['body'])['incident_id']})")" = "$1" ]
}

has_span() {
	[ "$(hooked /v1/traces 'len(rows) > 0')" = True ]
}

incident() {
	send 6000 74 4000 syn5 >"$TMP/sent" 2>&1
	ok "a flood: it is told when it is active, and when it is over" wait_for "$PATIENCE" told_of "['active', 'over']"
	is "each change once, to each" "$(hooked /ok "len([r for r in rows if json.loads(r['body'])['incident_id']])")" 4
	is "whose it is is said" "$(hooked /ok "json.loads(rows[-1]['body'])['sensor']")" "$(hostname)"
	is "events have the same" "$("$PYTHON" -S -c 'import json, sys; print([json.loads(l)["state"] for l in open(sys.argv[1])])' \
		"$HOOK/eve.json")" "['active', 'over']"
	ok "it is a span" wait_for "$PATIENCE" has_span
	is "with ids, times and what was found" "$(hooked /v1/traces "$(
		cat <<-'PYTHON'
			(lambda s, a: [len(bytes.fromhex(s["traceId"])), len(bytes.fromhex(s["spanId"])), s["name"], s["kind"],
			 0 < int(s["startTimeUnixNano"]) < int(s["endTimeUnixNano"]), s["status"]["code"],
			 a["weir.incident.class"], a["weir.incident.target"], any(k.startswith("weir.evidence.") for k in a)])(
			 *(lambda s: (s, {x["key"]: next(iter(x["value"].values())) for x in s["attributes"]}))(
			 json.loads(rows[0]["body"])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]))
		PYTHON
	)")" "[16, 8, 'incident syn_flood', 1, True, 2, 'syn_flood', '10.77.0.2:443', True]"
}

# ---- those that do not behave --------------------------------------------------------

# The command is tried three times and then lost, so it is not asked about.
as_it_should_be() {
	[ "$(raw "notify test=$LAST" "[len([r for r in rows if r['result'] == k and 'command' not in r['output']]) for k in ('taken', 'lost', 'waiting')]")" \
		= "[1, 1, 4]" ]
}

has_troubles() {
	[ "$(grep -acE 'outputs: (webhook to|notify.command|unixgram|tcp:)' "$TMP/err")" -ge 6 ]
}

bad_ones() {
	notify "webhook = http://127.0.0.1:$WEB/garbage http://127.0.0.1:$WEB/huge http://127.0.0.1:$WEB/redirect http://127.0.0.1:1/down" \
		"webhook_format = slack" "syslog = unix:$HOOK/nobody tcp:127.0.0.1:1" "command = $TMP/mail $HOOK"
	touch "$HOOK/fail"
	: >"$TMP/err"
	LAST=4 # the fourth test of this weir
	ok "a reload takes others" says 0 config reload
	WANT=1 ok "a test says that not all are reached" tested --wait 3
	ok "an answer without an end is an answer, a redirect is none, the others are waited for" wait_for "$PATIENCE" as_it_should_be
	is "which is not followed, and said" "$(raw "notify test=$LAST" "[r['trouble'].split(': ', 1)[1] for r in rows if r['result'] == 'lost'][0]")" \
		"HTTP status 302: redirects are not followed; these notifications are lost"
	is "it is not followed" "$(hooked /taken 'len(rows)')" 0
	is "Slack's form" "$(hooked /huge "[k for r in rows for k in json.loads(r['body'])]")" "['text']"
	ok "each trouble is in the log" wait_for "$PATIENCE" has_troubles
	is "once" "$(grep -aE 'outputs: (webhook to|notify.command|unixgram|tcp:)' "$TMP/err" | cut -c 1-60 | sort | uniq -d)" ""
	is "weir's work goes on" "$(raw ledger "[r['balanced'] for r in rows if r['in_iface'] == '$IN'][0]")" True
}

lost_is_counted() {
	[ "$(said status "sum(o['lost'] for o in rows[0]['outputs']['to'] if o['output'].startswith('webhook:'))")" -ge 1 ]
}

# What is told has the shape that is written down, and every key is told.
shape() {
	"$PYTHON" -S -c 'import json, sys
for l in open(sys.argv[1]):
    r = json.loads(l)
    if r["path"].startswith("/ok"):
        print(r["body"])' "$HOOK/http" >"$TMP/shapes"
	w notify test --json >>"$TMP/shapes"
	raw_lines "notify do=test" >>"$TMP/shapes"
	cat "$HOOK/eve.json" >>"$TMP/shapes"
	shapes "$TMP/shapes" incident notify notify_test
}

mmdb
all_ways
ok "no secret is shown: not in the log, in status, in metrics" no_secrets
incident
sample
if [ -n "$DETECT" ]; then
	are_known
	ok "broken files are told by config check" broken_files
else
	skip "built without libmaxminddb"
fi
ok "all of it has the shape in docs/schema" shape
bad_ones
ok "what is lost is counted" lost_is_counted
stop
is "it ends well" "$RC" 0
finish
