#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A model's scores ([advice]): one alone is a finding and no rule; what detection finds at the same target becomes a rule in
# force with it, and none without. A model that is late, wrong, huge, broken or gone holds up nothing, and is told of once.

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
M=$TMP/model
mkdir "$M"

# mode WORD: what the server does from now on.
mode() {
	echo "$1" >"$M/mode.new"
	mv "$M/mode.new" "$M/mode"
}

serve() {
	rm -f "$M/port"
	background "$PYTHON" -S "$WR_HERE/oip.py" "$M" "${1:-0}" 2>/dev/null
	SERVER=$BG
	wait_for "$PATIENCE" test -s "$M/port"
	PORT=$(<"$M/port")
}

# advice LINE...: the configuration with these lines in [advice].
advice() {
	conf "interfaces = $IN" "[detect]" "auto = off" "[policy]" "state = $TMP/state" "[advice]" \
		"inputs = packets_s syn_share mean_size" "over = 0.5" "$@"
}

# of EXPRESSION: Python over a, what status says of advice.
of() {
	said status "(lambda a: $1)(rows[0]['advice'])"
}

is_of() {
	[ "$(of "$1")" = True ]
}

# finding EXPRESSION: Python over rows, all findings.
finding() {
	raw findings "$1"
}

is_found() {
	[ "$(finding "any(r['class'] == '$1' and r['victim'] == '$2' for r in rows)")" = True ]
}

rules() {
	w rule list --json | "$PYTHON" -S -c '
import json, sys
t = [r["text"] for r in map(json.loads, sys.stdin) if str(r.get("rule_id", "")).startswith("auto")]
print(eval(sys.argv[1]))' "$1" 2>&1 | tail -n 1
}

in_force() {
	[ "$(rules "any('@10.77.0.2' in x and 'shadow' not in x for x in t)")" = True ]
}

to() {
	background_in "$A" "$SEND" -d "$MAC" -t "$@" >/dev/null 2>&1
}

# ---- what a score does ----------------------------------------------------------------

alone() {
	mode 0.93
	to 10.77.0.5 "$OUT" 60000 128 200
	MILD=$BG
	ok "a score alone is a finding" wait_for "$PATIENCE" is_found model_score 10.77.0.5
	is "with the model, its version, the score and what was given" "$(finding "[(r['model']['name'], r['model']['version'],
		len(r['model']['by']) > 1, r['evidence'][0]['value'], r['evidence'][0]['norm'], r['severity'])
		for r in rows if r['victim'] == '10.77.0.5'][0]")" "('guard', '3', True, 0.93, 0.5, 'low')"
	like "said in a sentence" "$(finding "[r['reason'] for r in rows if r['victim'] == '10.77.0.5'][0]")" \
		'^a high score of a model at 10.77.0.5: score 0.93, over 0.5; model guard version 3; furthest from usual: '
	raw_lines findings | grep model_score >"$TMP/findings"
	raw_lines status >>"$TMP/findings"
	ok "with the shape of its schema, as status" shapes "$TMP/findings" finding status
	is "and no rule" "$(rules t)" "[]"
	kill "$MILD"
	mode 0.1
}

together() {
	to 10.77.0.2 "$OUT" 60000 60 200 scan
	ok "without a score a scan is found" wait_for "$PATIENCE" is_found port_scan_vertical 10.77.0.2
	is "and no rule is made, while another target still has a score" "$(rules t)" "[]"
	mode 0.93
	ok "with one at the same target a rule is in force" wait_for "$PATIENCE" in_force
	note "$(rules t)"
	kill "$BG"
	mode 0.1
}

# ---- faults ---------------------------------------------------------------------------

# fault MODE PATTERN SENTENCE: what it leads to is told once.
fault() {
	local before after
	before=$(grep -c "advice: no scores" "$TMP/err")
	mode "$1"
	[ "$1" != dead ] || kill "$SERVER"
	troubled() { [[ $(of "a.get('trouble', '')") =~ $2 ]]; }
	ok "$3" wait_for "$PATIENCE" troubled "$@"
	FAILED=$(of "a['failed']")
	wait_for "$PATIENCE" is_of "a['failed'] > $FAILED + 1"
	after=$(grep "advice: no scores" "$TMP/err" | tail -n +$((before + 1)))
	is "and it is said once" "$(grep -cE "$2" <<<"$after")/$(wc -l <<<"$after")" 1/1
}

well() {
	mode 0.1
	[ -n "${1:-}" ] || return 0
	serve "$PORT"
}

again() {
	ok "there are scores again" wait_for "$PATIENCE" is_of "'trouble' not in a and not a['paused']"
}

faults() {
	to 10.77.0.5 "$OUT" 100000 128 300
	BG_TRAFFIC=$BG
	fault shape "3 scores for 2 rows|2 scores for 1 rows.*advice.output" "a score too many"
	fault nan "no finite number.*usable score" "scores that are NaN"
	again_after
	fault html "invalid token|garbage|advice.form" "an answer that is no JSON"
	fault huge "larger than 1048576 bytes.*advice.url" "an answer without an end"
	again_after
	fault 500 "HTTP status 500: told.to; .*see its log" "HTTP status 500"
	fault 429 "HTTP status 429.*asked less often" "HTTP status 429"
	again_after
	fault late "raise advice.deadline" "an answer that is late"
	fault garbage "answers something that is no HTTP" "an answer that is no HTTP"
	again_after
	fault dead "is the server up, and advice.url right" "a server that is gone"
	is "then the model is left alone for a while" "$(of "a['paused']")" True
	well dead
	again
	like "status says it" "$(w status)" '^advice +pid [0-9]+; [0-9]+ of [0-9]+ rows scored, [0-9]+ over; [0-9]+ of [0-9]+ calls failed; '
	like "metrics, too" "$(raw_lines metrics)" '^weir_advice_calls_total\{what="failed"\} [1-9]'
	kill "$BG_TRAFFIC"
}

again_after() {
	well
	again
}

counted() {
	local rx
	settle
	rx=$(rx_packets "$B" "$IN")
	is "all packets were counted through all of it" \
		"$(raw ledger "[(r['arrived']['packets'] + $BEFORE, r['balanced']) for r in rows if r['in_iface'] == '$IN'][0]")" "($rx, True)"
	is "rows are accounted for" "$(of "a['scored'] + a['unscored'] + a['lost'] <= a['rows'] <= a['scored'] + a['unscored'] + a['lost'] + 8")" True
}

mode 0.1
serve
printf 'X-Key: hush-hush\n' >"$TMP/header" && chown nobody "$TMP/header" && chmod 400 "$TMP/header"
advice "url = http://127.0.0.1:$PORT" "model = guard" "keys = host" "deadline = 300ms" "failures = 2" "pause = 100ms" \
	"auto = enforce" "header_file = $TMP/header"
ok "the daemon starts" start
# What the interface had seen before that.
BEFORE=$(($(rx_packets "$B" "$IN") - $(raw ledger "[r['arrived']['packets'] for r in rows if r['in_iface'] == '$IN'][0]")))
rights="rows[0]['advice']['rights']"
is "the process that asks has no rights" "$(said status "(${rights}['capabilities'], ${rights}['user'])")" "(False, 'nobody')"
alone
together
BG_TRAFFIC=
faults
counted
like "the server got the header" "$(tail -n 1 "$M/requests")" "hush-hush$"
is "and nobody else" "$(grep -l hush-hush "$TMP/err" "$TMP/out" | wc -l)$(w status --json | grep -c hush-hush)" 00
stop TERM
is "the daemon ends well" "$RC" 0

# ---- what is wrong with the configuration, or the model ---------------------------------

advice "url = http://127.0.0.1:$PORT" "model = guard" "keys = hosts"
ok "a kind of rows that is none: exit status 2" says 2 config check
like "and it is said" "$TEXT" "advice.keys: 'hosts': expected host, service or source_prefix"
conf "[advice]" "url = http://127.0.0.1:$PORT" "model = guard" "inputs = packts_s"
ok "a column that is none: exit status 2" says 2 config check
like "with the nearest" "$TEXT" "did you mean 'packets_s'"
conf "[advice]" "url = http://127.0.0.1:$PORT" "model = guard"
ok "no inputs: exit status 2" says 2 config check
like "is said" "$TEXT" "advice.inputs: which columns"

mode other
advice "url = http://127.0.0.1:$PORT" "model = guard"
ok "another model than the one that was configured: weir starts" start
differs() { grep -q "advice: no scores: .*no input 'syn_share'.*input 'bytes' is not in advice.inputs" "$TMP/err"; }
ok "and says which inputs differ" wait_for "$PATIENCE" differs
stop TERM

mode 0.7
advice "url = http://127.0.0.1:$PORT/rows" "form = rows" "keys = host"
ok "plain rows: it starts" start
to 10.77.0.5 "$OUT" 60000 128 200
ok "scores are taken" wait_for "$PATIENCE" is_of "a['over'] > 0"
kill "$BG"
stop TERM
finish
