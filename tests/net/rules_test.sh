#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A policy in a running daemon: what it keeps out, that every packet is counted once, that changes under traffic miss none,
# that a wrong policy changes nothing, and that nobody locks himself out.

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
POLICY=$TMP/edge.policy STATE=$TMP/rules.policy
install -o nobody /dev/null "$STATE"
chown nobody "$TMP"

policy() {
	printf '%s\n' "$@" >"$POLICY"
}

# run_with HOOK [LINE...]: the daemon with $POLICY and that in its configuration.
run_with() {
	local hook=$1
	shift
	conf "interfaces = $IN" "hook = $hook" "$@" "[policy]" "file = $POLICY" "state = $STATE"
	start
}

# ledger EXPRESSION: Python over rows of the ledger of this interface.
ledger() {
	raw ledger "$1"
}

# The numbers of the first row: arrived, passed, what was dropped and limited, and whether they balance.
sums() {
	ledger '[rows[0]["arrived"]["packets"], rows[0]["passed"]["packets"], {k: v["packets"] for k, v in rows[0]["dropped"].items()}, {k: v["packets"] for k, v in rows[0]["limited"].items()}, rows[0]["balanced"]]'
}

add() {
	w rule add "$@"
}

del() {
	w rule del "$@"
}

rule() {
	w rule list --json | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
r = [r for r in rows if r.get("rule_id") == sys.argv[1]]
print(eval(sys.argv[2], {"r": r[0], "all": rows}) if r else "none")' "$1" "$2" 2>&1 | tail -n 1
}

# ---- what gets through ---------------------------------------------------------------

# Packets of the kind udp come from 198.18.0.0 to 198.18.15.255 in turn.
keeps_out() {
	local n sum
	policy "scan: drop from 198.18.0.0/24 why \"one in sixteen\"" "friend: allow from 198.18.0.16/28" \
		"fragments drop"
	run_with "$1" || { ok "$1: starts with a policy" false; return; }
	n=$(send 4096 128 20000)
	settle
	sum=$(sums)
	is "$1: what is dropped and allowed" "$sum" "[$n, $((n - 240)), {'scan': 240}, {}, True]"
	is "$1: the rule has counted as much" "$(rule scan 'r["matched"]["packets"], r["stopped"]["packets"]')" "(240, 240)"
	is "$1: and so has the one that allows" "$(rule friend 'r["matched"]["packets"], r["order"]')" "(16, 1)"
	is "$1: the host has got the others" "$(rx_counted)" "$((n - 240))"
	stop
	is "$1: it ends with 0" "$RC" 0
}

# What the stack behind the hook has seen of UDP: nobody listens at port 9.
rx_counted() {
	in_ns "$B" cat /proc/net/snmp | awk '/^Udp: [0-9]/ {print $3}' | {
		read -r now
		echo $((now - UDP))
	}
}

udp_before() {
	UDP=$(in_ns "$B" cat /proc/net/snmp | awk '/^Udp: [0-9]/ {print $3}')
}

for hook in xdp tc; do
	udp_before
	keeps_out $hook
done

# ---- what is refused at the start ----------------------------------------------------

refused() {
	local rc=0 text
	policy "drop form 10.0.0.0/8" "drop to tcp/99999"
	conf "interfaces = $IN" "[policy]" "file = $POLICY"
	text=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1) || rc=$?
	is "a wrong policy: the exit status is 2" "$rc" 2
	like "its first line is told" "$text" "edge.policy:1:6: .*form"
	like "and its second" "$text" "edge.policy:2:"
	policy "drop from 10.1.0.0/16"
	rc=0
	text=$("$WEIR" run -c "$CONF" --page "" --hook packet --set history.path= 2>&1) || rc=$?
	is "a packet socket cannot enforce one: the exit status is 3" "$rc" 3
	like "and that is said" "$text" "a policy is enforced by BPF, and a packet socket cannot"
	policy "drop out to tcp/25"
	rc=0
	text=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1) || rc=$?
	is "a rule for what leaves, which is not watched: 2" "$rc" 2
	like "is told with its mend" "$text" "rule r1: 'out' .* capture.out = yes"
	policy "drop host x.example"
	text=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1)
	like "so is a host" "$text" "rule r1: 'host' is known of flows"
	policy "drop from 10.1.0.0/16"
	conf "interfaces = $IN" "[policy]" "file = $POLICY.none"
	rc=0
	text=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1) || rc=$?
	is "no such file: 2" "$rc" 2
}
refused

finish
