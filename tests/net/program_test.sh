#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs of a user's own that are asked about each packet: added, replaced and deleted while packets fly; what they drop
# is in the ledger under their name, and every packet is there once.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2034 # OUT, MAC: for send, in daemon.sh
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3 make setpriv
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02
POLICY=$TMP/edge.policy
chown nobody "$TMP"
CLANG=$(type -P clang || type -P clang-14 || type -P clang-19) || skip_all "needs clang"
mkdir "$TMP/o"

with() {
	conf "interfaces = $IN" "hook = $1" "${@:2}"
	start
}

# program STATUS ARG...: it ends with that; what it says is in TEXT.
program() {
	says "$1" program "${@:2}"
}

# A program that says the same of every packet: NAME VERDICT.
same_of_all() {
	cat >"$TMP/o/$1.c" <<-PROGRAM
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		#include "$WR_ROOT/bpf/weir.h"
		struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, 1);
			__type(key, __u32);
			__type(value, __u64);
		} seen SEC(".maps");
		SEC("xdp")
		int asked(struct xdp_md *ctx)
		{
			__u32 zero = 0;
			__u64 *n = bpf_map_lookup_elem(&seen, &zero);
			if (n)
				__sync_fetch_and_add(n, 1);
			return $2;
		}
		char _license[] SEC("license") = "GPL";
	PROGRAM
	"$CLANG" -O2 -g -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c "$TMP/o/$1.c" -o "$TMP/o/$1.o"
}

sums() {
	raw ledger '[rows[0]["arrived"]["packets"], rows[0]["passed"]["packets"], {k: v["packets"] for k, v in rows[0]["dropped"].items()}, rows[0]["balanced"]]'
}

rows() {
	w program list --json | python3 -c 'import json, sys
print([tuple(json.loads(l)[k] for k in ("name", "where", "asked", "passed", "dropped")) for l in sys.stdin])'
}

ok "the example compiles" make -s -C "$WR_ROOT/examples" O="$TMP/o" CLANG="$CLANG"
for v in CONTINUE PASS DROP; do
	ok "so does one that says $v" same_of_all $v WEIR_$v
done
same_of_all odd 4711

asks() {
	local n
	echo "scan: drop from 198.18.0.0/24" >"$POLICY"
	with "$1" "[policy]" "file = $POLICY" || return
	ok "$1: a program is added" program 0 add discard "$TMP/o/drop_discard.o"
	n=$(send 4096 128 20000)
	is "$1: what it drops is in the ledger by its name, and the rules have the rest" "$(sums)" \
		"[$n, $((n - 16 - 255)), {'scan': 255, 'program discard': 16}, True]"
	is "$1: it is listed with what it did" "$(rows)" "[('discard', 'before', $n, 0, 16)]"
	like "$1: with what it costs" "$(w program)" "^  discard +before +4096 +0 +16 +[0-9]+$"
	ok "$1: it is deleted" program 0 del discard
	ok "$1: and asked behind the rules" program 0 add discard "$TMP/o/drop_discard.o" --after
	n=$((n + $(send 4096 128 20000)))
	is "$1: there it is asked of what the rules let pass" "$(rows)" "[('discard', 'after', 3840, 0, 15)]"
	is "$1: and the ledger balances" "$(raw ledger 'rows[0]["balanced"], rows[0]["arrived"]["packets"]')" "(True, $n)"
	stop
}

decides() {
	local n
	echo "scan: drop from 198.18.0.0/24" >"$POLICY"
	with xdp "[policy]" "file = $POLICY" || return
	ok "PASS" program 0 add one "$TMP/o/PASS.o"
	n=$(send 4096 128 20000)
	is "what it passes is not held against the rules" "$(sums)" "[$n, $n, {}, True]"
	is "and is counted" "$(rows)" "[('one', 'before', 4096, 4096, 0)]"
	ok "is replaced by DROP" program 0 replace one "$TMP/o/DROP.o"
	n=$((n + $(send 4096 128 20000)))
	is "which drops all" "$(sums)" "[$n, 4096, {'program one': 4096}, True]"
	is "its counters go on" "$(rows)" "[('one', 'before', 8192, 4096, 4096)]"
	ok "the kill switch" w rule off
	n=$((n + $(send 4096 128 20000)))
	is "is for programs, too" "$(raw ledger 'rows[0]["passed"]["packets"]')" 8192
	ok "on again" w rule on
	ok "replaced by one that goes on" program 0 replace one "$TMP/o/CONTINUE.o"
	ok "and one with another answer behind it" program 0 add two "$TMP/o/odd.o"
	n=$((n + $(send 4096 128 20000)))
	is "the rules are asked" "$(raw ledger 'rows[0]["dropped"]["scan"]["packets"], rows[0]["balanced"]')" "(256, True)"
	ok "the second one drops" program 0 replace two "$TMP/o/DROP.o"
	n=$((n + $(send 4096 128 20000)))
	is "each has its own row" "$(raw ledger '{k: v["packets"] for k, v in rows[0]["dropped"].items()}, rows[0]["balanced"]')" \
		"({'scan': 256, 'program one': 4096, 'program two': 4096}, True)"
	ok "swap" w swap
	n=$((n + $(send 4096 128 20000)))
	is "and they are asked still" "$(raw ledger 'rows[0]["dropped"]["program two"]["packets"], rows[0]["arrived"]["packets"], rows[0]["balanced"]')" \
		"(8192, $n, True)"
	refusals
	stop
	with xdp
	ok "without a policy there are none" program 1 add one "$TMP/o/PASS.o"
	stop
}

refusals() {
	local before
	before=$(rows)
	ok "a second one of the name" program 1 add one "$TMP/o/PASS.o"
	ok "one that is not there" program 1 replace none "$TMP/o/PASS.o"
	ok "no file" program 2 add three "$TMP/o/none.o"
	echo nothing >"$TMP/o/text.o"
	ok "no object" program 2 add three "$TMP/o/text.o"
	ok "a name that is none" program 2 add "th ree" "$TMP/o/PASS.o"
	cp "$TMP/o/PASS.o" "$TMP/o/theirs.o"
	chown nobody "$TMP/o/theirs.o"
	ok "a file that is not root's" program 1 add three "$TMP/o/theirs.o"
	is "nothing has changed" "$(rows)" "$before"
	chmod 666 "$SOCKET"
	chmod 755 "$TMP/o"
	TEXT=$(setpriv --reuid 12345 --regid 12345 --clear-groups "$WEIR" program del one --socket "$SOCKET" 2>&1)
	like "only root may" "$TEXT" "only root may put programs into the kernel"
	w program --json >"$TMP/shapes"
	if python3 -c 'import jsonschema' 2>/dev/null; then
		ok "what --json says has the shape of docs/schema" shapes "$TMP/shapes" program
	else
		skip "needs jsonschema for python3"
	fi
}

# Changes while packets come: none is uncounted.
under_load() {
	local i rx rc=0
	echo "scan: drop from 198.18.0.0/24" >"$POLICY"
	with xdp "[policy]" "file = $POLICY" || return
	rx=$(rx_packets "$B" "$IN")
	background_in "$A" "$SEND" -d "$MAC" "$OUT" 1000000000 128 0 >/dev/null
	for ((i = 0; i < 10; i++)); do
		w program add one "$TMP/o/CONTINUE.o" >/dev/null || rc=1
		w program replace one "$TMP/o/DROP.o" >/dev/null || rc=1
		w program add two "$TMP/o/PASS.o" --after >/dev/null || rc=1
		[ "$(raw ledger 'rows[0]["balanced"]')" = True ] || rc=1
		w program del one >/dev/null || rc=1
		w program del two >/dev/null || rc=1
	done
	is "fifty changes under load: all are done, every ledger balances" $rc 0
	background_end
	sleep 1
	is "no packet is uncounted" "$(raw ledger 'rows[0]["balanced"], rows[0]["arrived"]["packets"]')" "(True, $(($(rx_packets "$B" "$IN") - rx)))"
	ok "some were dropped" test "$(raw ledger 'sum(v["packets"] for k, v in rows[0]["dropped"].items() if k != "scan")')" -gt 1000
	stop
}

# Which programs there are is kept for a restart.
kept() {
	local again=("[policy]" "file = $POLICY" "state = $TMP/kept/rules")
	echo "scan: drop from 198.18.0.0/24" >"$POLICY"
	install -d -o nobody "$TMP/kept"
	with xdp "${again[@]}" || return
	program 0 add one "$TMP/o/CONTINUE.o"
	program 0 add gone "$TMP/o/PASS.o"
	program 0 add two "$TMP/o/DROP.o" --after
	program 0 del gone
	stop
	with xdp "${again[@]}"
	n=$(send 4096 128 20000)
	is "a restart loads them again, in their order" "$(rows)" "[('one', 'before', $n, 0, 0), ('two', 'after', $((n - 256)), 0, $((n - 256)))]"
	stop
	mv "$TMP/o/CONTINUE.o" "$TMP/o/moved.o"
	with xdp "${again[@]}"
	like "what cannot be loaded is said" "$(cat "$TMP/err")" "^weir: program one: it was there before, and is not now: .*CONTINUE.o"
	stop
	mv "$TMP/o/moved.o" "$TMP/o/CONTINUE.o"
	with xdp "${again[@]}"
	is "and not forgotten" "$(rows)" "[('one', 'before', 0, 0, 0), ('two', 'after', 0, 0, 0)]"
	stop
}

asks xdp
asks tc
decides
under_load
kept
finish
