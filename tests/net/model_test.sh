#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A rule that asks a model keeps out what the model's score is over the bound of; another file comes
# into force with a reload, a wrong one does not, and such a rule is as wide as it is without its score. Flows are counted for
# a model that asks about them.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
# shellcheck source=tests/net/policy.sh
. "$WR_HERE/policy.sh"
need_root
need python3 setpriv
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02
MODEL=$TMP/long.json

# longer N: frames of more bytes than that score 0.95, others 0.1.
longer() {
	printf '{"weir_model":1,"link":"plain","base":0,"scale":100,"trees":[[["length",%d,1,2],[10],[95]]]}\n' "$1" >"$MODEL"
}

counted() {
	rule long '(r["matched"]["packets"], r["stopped"]["packets"])'
}

asks() {
	longer 100
	policy "model long = file \"$MODEL\"" "long: drop from 198.18.0.0/24 score long over 0.9"
	run_with "$1" || { ok "$1: starts with a model" false; return; }
	send 512 90 20000 >/dev/null
	send 4096 128 20000 >/dev/null
	settle
	is "$1: long frames are kept out, short ones are not" "$(counted)" "(256, 256)"
	longer 200
	ok "$1: another model, and a reload" says 0 config reload
	send 4096 128 20000 >/dev/null
	settle
	is "$1: by that one they score less" "$(counted)" "(256, 256)"
}

wrong() {
	echo '{"weir_model":1}' >"$MODEL"
	ok "a wrong file: the reload fails" says 2 config reload
	like "and says where and why" "$TEXT" "edge.policy:1:19: .*'link' has to be"
	send 512 300 20000 >/dev/null
	settle
	is "the model before it is still asked" "$(counted)" "(512, 512)"
	mkfifo "$TMP/never.json"
	ok "a model cannot be added" says 2 rule add "model more = file \"$TMP/never.json\""
	like "and its file is not read for that" "$TEXT" "only rules and sets can be added"
	ok "a rule with a score alone is refused" says 2 rule add "drop any score long over 0.9"
	like "as one for nearly everything" "$TEXT" "SSH session|nearly everything|would (drop|keep)"
	ok "with --force it is not" says 0 rule add --force "drop any score long over 0.9 shadow for 1m"
	like "and is shown as it was written" "$(w policy print --running)" "drop any score long over 0.9 shadow"
}

# Each of 4096 flows twice, 256 of them for the rule: of some few that share a place with two others the first packet is forgotten.
flows() {
	printf '{"weir_model":1,"link":"plain","base":0,"scale":100,"trees":[[["flow_packets",1,1,2],[10],[95]]]}\n' >"$MODEL"
	ok "a model that asks about flows, and a reload" says 0 config reload
	send 8192 90 40000 >/dev/null
	settle
	ok "the second packet of nearly all is kept out, the first is not" test "$(rule long 'r["stopped"]["packets"] - 512 in range(240, 257)')" = True
}

asks xdp
wrong
flows
stop
is "it ends with 0" "$RC" 0
finish
