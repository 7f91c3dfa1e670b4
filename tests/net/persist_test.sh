#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What stays in the kernel when weir ends, and how it is taken off: weir run --persist, weir flush, another hook.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3 bpftool tc
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02
POLICY=$TMP/edge.policy
PIN=/sys/fs/bpf/weir
OTHER=$(dirname "$WEIR")/other.bpf.o
chown nobody "$TMP"
echo "scan: drop from 198.18.0.0/24" >"$POLICY"

# with HOOK [LINE...]: the configuration.
with() {
	conf "interfaces = $IN" "hook = $1" "${@:2}" "[policy]" "file = $POLICY"
}

# kept_out: how many of 4096 packets do not get to the host.
kept_out() {
	local before n
	before=$(udp_in)
	n=$(send 4096 128 20000)
	echo $((n - $(udp_in) + before))
}

udp_in() {
	in_ns "$B" cat /proc/net/snmp | awk '/^Udp: [0-9]/ {print $3}'
}

# flush STATUS ARG...: it ends with that; what it says is in TEXT. What is of other tests is not of interest.
flush() {
	local want=$1 rc=0
	shift
	TEXT=$("$WEIR" flush "$@" 2>&1) || rc=$?
	TEXT=$(grep -v ^besides <<<"$TEXT")
	[ "$rc" = "$want" ]
}

folders() {
	find "$PIN" -mindepth 1 -maxdepth 1 -name '*-*' -printf '%f\n' 2>/dev/null | sed 's/^[0-9]*-[0-9]*-//' | sort | tr '\n' ' '
}

programs() {
	ip -n "$NS" link show dev "$IN" | grep -c prog/xdp
}

# ---- without, and with ---------------------------------------------------------------

persists() {
	with auto
	start || return
	is "a policy" "$(kept_out)" 256
	stop
	is "ends with weir" "$(kept_out)" 0
	ok "and nothing is there to flush" flush 0
	is "which is said" "${TEXT% here}" "nothing is left"
	start --persist || return
	is "with --persist" "$(kept_out)" 256
	ok "a weir that runs is left alone" flush 1
	like "which is told with its process" "$TEXT" "^left +native XDP program of $IN in namespace $NS, of weir, process $D: it runs"
	nok "and nothing was removed" grep -q ^removed <<<"$TEXT"
	is "its pins are there" "$(folders)" "xdp "
	stop
	is "it stays in force when weir has ended" "$(kept_out)" 256
	start --persist
	is "the next one goes on with its counters" "$(raw ledger '[rows[0]["arrived"]["packets"], rows[0]["dropped"]["scan"]["packets"], rows[0]["balanced"]]')" \
		"[8192, 512, True]"
	stop
}

flushes() {
	ok "a dry run" flush 0 --dry-run
	like "tells what it would do" "$TEXT" "^would +pin $PIN/.*/link"
	is "and does nothing" "$(kept_out)" 256
	bpftool prog loadall "$OTHER" /sys/fs/bpf/other
	ok "flush" flush 0
	like "lists what it removes" "$TEXT" "^removed +pin $PIN/policy/wr_policy"
	like "and says that nothing is left" "$TEXT" "^nothing is left"
	is "so it is: no program" "$(programs)" 0
	is "no packet is kept out" "$(kept_out)" 0
	nok "no folder" test -e "$PIN"
	ok "what is of others stays" test -e /sys/fs/bpf/other
	rm -rf /sys/fs/bpf/other
	ok "again: there is nothing" flush 0
}

# What --json says has the shape of docs/schema.
json() {
	with auto
	start --persist || return
	"$WEIR" flush --json >"$TMP/shapes"
	stop
	"$WEIR" flush --json --dry-run >>"$TMP/shapes"
	"$WEIR" flush --json >>"$TMP/shapes"
	ok "what --json says has the shape of docs/schema" shapes "$TMP/shapes" flush
}

# ---- another hook --------------------------------------------------------------------

hooks() {
	local hook want=
	for hook in xdp xdp-generic tc xdp tc; do
		with $hook
		start --persist || return
		is "$hook: what an earlier weir has left on another hook is gone" "$(folders)" "$hook "
		is "$hook: the policy is in force once" "$(kept_out)" 256
		stop
		is "$hook: and stays" "$(kept_out)" 256
	done
	with tc "out = yes"
	start --persist
	stop
	is "what leaves is kept, too" "$(folders)" "tc tc-out "
	with tc
	start --persist
	is "until it is not watched any more" "$(folders)" "tc "
	stop
	ok "flush takes tcx off" flush 0
	like "with its links" "$TEXT" "^removed +pin .*-tc/link"
	is "nothing is kept out" "$(kept_out)" 0
}

# ---- an interface that is not watched any more ---------------------------------------

# What the next weir puts lies where a path that was left would look.
left_behind() {
	local in=$IN
	with auto
	start --persist || return
	stop
	is "what was left is in force" "$(kept_out)" 256
	ip -n "$NS" link add spare type veth peer name spare-peer
	ip -n "$NS" link set spare up
	IN=spare with tc
	start --persist || return
	like "an interface that is not watched any more has no policy" "$(cat "$TMP/err")" "policy: no more in force where weir has left it"
	for i in 1 2 3; do
		w rule add "n$i: drop from 0.0.0.0/0 to udp/$i" --force >/dev/null
	done
	is "nothing is kept out there, whatever is put" "$(kept_out)" 0
	stop
	IN=$in
	flush 0
	ip -n "$NS" link del spare
}

# Two that would write to one policy.
two() {
	local first
	with auto
	start --persist || return
	first=$D
	RC=0
	printf '%s\n' "[capture]" "netns = $(ns "$A")" "interfaces = $OUT" "hook = tc" "[policy]" "file = $POLICY" >"$TMP/second.conf"
	"$WEIR" run -c "$TMP/second.conf" --socket "$TMP/second.sock" --page "" --set history.path= --persist >"$TMP/second" 2>&1 || RC=$?
	like "a second weir with the same pins is refused" "$(cat "$TMP/second")" "is taken by weir, process $first"
	is "with status 1" "$RC" 1
	is "the first one goes on" "$(kept_out)" 256
	stop
	flush 0
}

# ---- a weir that runs, by force ------------------------------------------------------

by_force() {
	with auto
	start --persist || return
	ok "by force a weir that runs loses its programs" flush 1 --force
	like "which are told" "$TEXT" "^removed +native XDP program of $IN"
	like "and that it runs" "$TEXT" "^left +board of $IN.*, of weir, process $D: it runs, and goes without its programs"
	is "nothing is kept out" "$(kept_out)" 0
	is "nothing is attached" "$(programs)" 0
	stop
	ok "then nothing is left" flush 0
}

# ---- clsact --------------------------------------------------------------------------

# A filter as it stays when weir and its guard have been killed: the program of a path that is kept, on clsact.
filters() {
	local id
	with tc
	start --persist || return
	stop
	id=$(bpftool -j map show pinned "$(echo "$PIN"/*-tc/board)" | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
	id=$(bpftool -j prog show | python3 -c '
import json, sys
print([p["id"] for p in json.load(sys.stdin) if int(sys.argv[1]) in p.get("map_ids", []) and p.get("name") == "wr_tc_in"][0])' "$id")
	bpftool prog pin id "$id" /sys/fs/bpf/moved
	in_ns "$B" tc qdisc add dev "$IN" clsact
	in_ns "$B" tc filter add dev "$IN" ingress pref 100 bpf da object-pinned /sys/fs/bpf/moved
	in_ns "$B" tc filter add dev "$IN" egress pref 7 bpf da object-file "$OTHER" section tc
	ok "a filter on clsact" flush 0
	like "is found and removed" "$TEXT" "^removed +TC filter of $IN in namespace $NS"
	like "and so is a program that is pinned" "$TEXT" "^removed +pin /sys/fs/bpf/moved"
	is "nothing of ours is in it" "$(in_ns "$B" tc filter show dev "$IN" ingress | grep -c wr_tc)" 0
	is "somebody else's filter stays" "$(in_ns "$B" tc filter show dev "$IN" egress | grep -c "pref 7 bpf.*handle")" 1
	in_ns "$B" tc qdisc del dev "$IN" clsact
	rm -rf /sys/fs/bpf/ip /sys/fs/bpf/xdp /sys/fs/bpf/tc # made by tc
}

ok "an option that is none is refused" flush 2 --drt
if kernel_is 6.6; then
	persists
	flushes
	if python3 -c 'import jsonschema' 2>/dev/null; then
		json
	else
		skip "needs jsonschema for python3"
	fi
	hooks
	left_behind
	two
	by_force
	filters
else
	skip "nothing can be pinned before Linux 6.6"
fi
finish
