#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Kernel programs are replaced while packets fly: no packet is uncounted, none is judged by anything but the old policy or
# the new one, and a build that decides otherwise is never put in.
#
# Environment: WEIR_SWAPS=N  so many swaps, changes of rules and of sets under load (default 10)

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
need python3 setpriv
need_weir
find_send

SWAPS=${WEIR_SWAPS:-10}
[ "${WEIR_TEST_THIN:-1}" -lt 2 ] || SWAPS=3
A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02
POLICY=$TMP/edge.policy STATE=$TMP/rules.policy
BUILD=$(dirname "$WEIR")
install -o nobody /dev/null "$STATE"
chown nobody "$TMP"

# with HOOK: the daemon, held against the policy; $POLICY is there.
with() {
	conf "interfaces = $IN" "hook = $1" "[policy]" "file = $POLICY" "state = $STATE"
	start
}

# swap STATUS ARG...: it ends with that; what it says is in TEXT.
swap() {
	says "$1" swap "${@:2}"
}

sums() {
	raw ledger '[rows[0]["arrived"]["packets"], rows[0]["passed"]["packets"], {k: v["packets"] for k, v in rows[0]["dropped"].items()}, rows[0]["balanced"]]'
}

# Id of the program that is attached.
program() {
	if [ "$HOOK" = xdp ]; then
		ip -n "$NS" -d link show dev "$IN" | sed -n 's,.*prog/xdp id \([0-9]*\).*,\1,p'
	elif kernel_is 6.6; then
		tcx "$B" "$IN"
	else
		in_ns "$B" tc filter show dev "$IN" ingress | sed -n 's/.* direct-action .* id \([0-9]*\) .*/\1/p'
	fi
}

# ---- another build -------------------------------------------------------------------

# built NAME OBJECT FILE EXPRESSION: the kernel programs, with a line of FILE changed by sed.
built() {
	local src=$TMP/src-$1 cpus
	mkdir -p "$src"
	cp -r "$WR_ROOT/bpf" "$WR_ROOT/core" "$src"
	if [ -n "$4" ]; then
		sed -i "$4" "$src/$3"
		! cmp -s "$src/$3" "$WR_ROOT/$3" || { note "$1: '$4' changes nothing in $3"; return 1; }
	fi
	cpus=$(grep -o 'WR_MAX_CPUS=[0-9]*' "$BUILD/build.ninja" | head -n 1)
	(cd "$src" && "$WR_ROOT/tools/bpf-cc" "$CLANG" "$STRIP" "bpf/$2.bpf.c" "$TMP/$1.o" "$TMP/$1.d" -mcpu=v3 -I"$src" \
		-I"/usr/include/$(uname -m)-linux-gnu" -D"${cpus:-WR_MAX_CPUS=512}") && chmod 644 "$TMP/$1.o"
}

compilers() {
	local n
	for n in "" -14 -19; do
		[ -n "$CLANG" ] || CLANG=$(type -P clang$n)
		[ -n "$STRIP" ] || STRIP=$(type -P llvm-strip$n)
	done
	[ -n "$CLANG" ] && [ -n "$STRIP" ] && [ -e "$BUILD/build.ninja" ]
}

# refused NAME FILE EXPRESSION PATTERN: such a build is told with that, and what was there goes on.
refused() {
	local before after
	ok "$HOOK, $1: is built" built "$1" "$OBJECT" "$2" "$3" || return
	before=$(program)
	ok "$HOOK, $1: is refused" swap "${5:-1}" --object "$TMP/$1.o"
	like "$HOOK, $1: with what is wrong" "$TEXT" "$4"
	is "$HOOK, $1: the old program goes on" "$(program)" "$before"
}

builds() {
	local before n
	HOOK=$1 OBJECT=$2
	echo "scan: drop from 198.18.0.0/24" >"$POLICY"
	with "$HOOK" || return
	n=$(send 4096 128 20000)
	before=$(program)
	ok "$HOOK: weir puts its own programs in" swap 0
	like "$HOOK: says of what" "$TEXT" "^$IN: .*: replaced; of 1500 packets it says what this weir says, [0-9]+ ns each"
	note "$TEXT"
	nok "$HOOK: it is another program" test "$(program)" = "$before"
	n=$((n + $(send 4096 128 20000)))
	is "$HOOK: counters go on, rules stay in force" "$(sums)" "[$n, $((n - n / 16)), {'scan': $((n / 16))}, True]"
	if ! compilers; then
		skip "needs clang and llvm-strip"
	elif [ "$HOOK" = tc ]; then
		refused open bpf/path.h 's/? WR_DROP : WR_PASS/? WR_PASS : WR_PASS/' "packet [0-9]+ of the self-test .*what the hook is told differs"
	else
		ok "$HOOK: the same source, built here" built same "$OBJECT" bpf/path.h ""
		ok "$HOOK: is taken" swap 0 --object "$TMP/same.o"
		refused open bpf/path.h 's/? WR_DROP : WR_PASS/? WR_PASS : WR_PASS/' "packet [0-9]+ of the self-test .*what the hook is told differs"
		refused shut bpf/path.h 's/? WR_DROP : WR_PASS/? WR_DROP : WR_DROP/' "what the hook is told differs"
		refused deaf core/judge.h 's/r->action == WR_DO_DROP ? WR_VERDICT_DROP/r->action == WR_DO_DROP ? WR_VERDICT_PASS/' "packet [0-9]+ of the self-test .* differs"
		refused blind core/fast.h 's/h->dport = /h->sport = /' "of the self-test .* differs"
		refused twice bpf/path.h 's/^	c->arrived_packets++;/	c->arrived_packets += 2;/' "it counts otherwise .* how many packets arrived"
		refused lazy bpf/path.h 's/^	if (wr_fixed.account)/	if (0)/' "the totals of its windows"
		refused other core/board.h 's/#define WR_BOARD_ABI (2 </#define WR_BOARD_ABI (3 </' "another layout .*a restart of weir is needed" 2
		refused wide core/board.h 's/#define WR_BOARD_MAGIC/#define WR_UNUSED 1\n&/;s/__u64 pad\[5\];/__u64 pad[13];/' "another layout" 2
	fi
	n=$((n + $(send 4096 128 20000)))
	is "$HOOK: after all of that nothing is missing" "$(sums)" "[$n, $((n - n / 16)), {'scan': $((n / 16))}, True]"
	stop
}

# ---- what is not taken ---------------------------------------------------------------

refusals() {
	with xdp || return
	echo "no program" >"$TMP/text.o"
	ok "what is no object is refused" swap 2 --object "$TMP/text.o"
	like "and told" "$TEXT" "text.o: no object of kernel programs"
	ok "a file that is not there" swap 2 --object "$TMP/none.o"
	cp "$BUILD/xdp.bpf.o" "$TMP/theirs.o"
	chown nobody "$TMP/theirs.o"
	ok "one that is not root's is refused" swap 1 --object "$TMP/theirs.o"
	like "with its mend" "$TEXT" "it must belong to root"
	chown root "$TMP/theirs.o"
	chmod 666 "$TMP/theirs.o"
	ok "so is one that others may write to" swap 1 --object "$TMP/theirs.o"
	chmod 644 "$TMP/theirs.o"
	ok "then it is taken" swap 0 --object "$TMP/theirs.o"
	ok "one for another hook changes nothing" swap 2 --object "$BUILD/tc_in.bpf.o"
	like "and that is told" "$TEXT" "has no programs for native XDP, which is where $IN is watched"
	chmod 666 "$SOCKET"
	TEXT=$(setpriv --reuid 12345 --regid 12345 --clear-groups "$WEIR" swap --object "$BUILD/xdp.bpf.o" --socket "$SOCKET" 2>&1)
	like "only root may" "$TEXT" "only root may put other programs into the kernel"
	ok "without accounting" swap 0 --account off
	ok "and with it again" swap 0 --account on
	ok "what is neither is refused" swap 2 --account maybe
	raw_swap
	stop
}

raw_swap() {
	w swap --object "$BUILD/xdp.bpf.o" --json >"$TMP/shapes"
	if python3 -c 'import jsonschema' 2>/dev/null; then
		ok "what --json says has the shape of docs/schema" shapes "$TMP/shapes" swap
	else
		skip "needs jsonschema for python3"
	fi
	is "a program is told as JSON" "$(raw "swap object=$BUILD/xdp.bpf.o" '[(r["event_type"], r["hook"], r["tested"]) for r in rows]')" \
		"[('swap', 'native XDP', 1500)]"
}

# ---- under load ----------------------------------------------------------------------

# storm N FILE...: N swaps over one connection, each with a change of rules and of a set, and a look at the ledger in
# between; prints how many swaps a second.
storm() {
	python3 - "$SOCKET" "$@" <<-'PYTHON'
		import json, socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		def ask(request):
		    f.write(request + "\n")
		    f.flush()
		    rows = []
		    while (line := f.readline()) != "\n":
		        rows.append(json.loads(line))
		    bad = [r["error"] for r in rows if r["event_type"] == "error"]
		    if bad:
		        sys.exit("%s: %s" % (request, bad[0]))
		    return rows
		def balanced(i):
		    r = ask("ledger")[0]
		    gone = sum(v["packets"] for k in ("dropped", "limited") for v in r[k].values())
		    if not r["balanced"] or r["arrived"]["packets"] != r["passed"]["packets"] + gone:
		        sys.exit("not balanced after change %d: %s" % (i, r))
		n, files = int(sys.argv[2]), sys.argv[3:]
		begin = time.monotonic()
		for i in range(n):
		    ask("swap object=" + files[i % len(files)])
		    balanced(i)
		    ask("rule do=add text=t%d:%%20drop%%20from%%20198.18.1.0/24" % i)
		    balanced(i)
		    ask("rule do=add text=set%%20some%%20=%%20198.18.2.0/24%%20192.0.2.%d" % (i % 250))
		    balanced(i)
		    ask("rule do=del text=t%d" % i)
		    ask("rule do=del text=@some")
		print("%d swaps, %d changes of rules and %d of sets in %.1f s" % (n, 2 * n, 2 * n, time.monotonic() - begin))
	PYTHON
}

# Of each 4096 packets 256 come from 198.18.0.0/24, which is dropped by every policy; 256 from 198.18.1.0/24, which some
# drop; none of the others may be kept out by anything.
under_load() {
	local n pid before rx text
	printf '%s\n' "keep: drop from 198.18.0.0/24" "never: allow from 198.18.3.0/24" >"$POLICY"
	: >"$STATE"
	with "$1" || return
	rx=$(rx_packets "$B" "$IN")
	before=$(raw ledger 'rows[0]["arrived"]["packets"]')
	background_in "$A" "$SEND" -d "$MAC" "$OUT" 1000000000 128 0 >"$TMP/sent"
	pid=$BG
	text=$(storm "$SWAPS" "$BUILD/$2" "$TMP/$2")
	ok "$1: $SWAPS swaps under load, with changes of rules and sets: every ledger balances" test "$?" = 0
	note "$1: $text"
	kill "$pid"
	wait "$pid" 2>/dev/null
	sleep 1
	n=$(($(rx_packets "$B" "$IN") - rx))
	note "$1: $n packets came meanwhile"
	ok "$1: enough of them" test "$n" -gt 100000
	is "$1: no packet is uncounted: the ledger has what the interface has" \
		"$(raw ledger 'rows[0]["arrived"]["packets"], rows[0]["passed"]["packets"] + sum(v["packets"] for v in rows[0]["dropped"].values()), rows[0]["balanced"]')" \
		"($((before + n)), $((before + n)), True)"
	is "$1: each packet was held against the old policy or the new one: what both drop is dropped" \
		"$(raw ledger 'rows[0]["dropped"]["keep"]["packets"]')" "$((n / 4096 * 256 + (n % 4096 < 256 ? n % 4096 : 256)))"
	ok "$1: and nothing but what one of them drops" python3 -c '
import sys
other, n = int(sys.argv[1]), int(sys.argv[2])
sys.exit(not 0 < other <= (n // 4096 + 1) * 256)' "$(raw ledger 'sum(v["packets"] for k, v in rows[0]["dropped"].items() if k != "keep")')" "$n"
	stop
}

CLANG='' STRIP=''
builds xdp xdp
builds tc tc_in
refusals
for o in xdp.bpf.o tc_in.bpf.o; do
	install -m 644 "$BUILD/$o" "$TMP/$o"
done
under_load xdp xdp.bpf.o
under_load tc tc_in.bpf.o
finish
