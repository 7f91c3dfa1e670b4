#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Counting in the kernel, window by window: flows and others are what the interface counted, to the
# packet, while windows change under load; what leaves is counted too; a restart loses nothing.

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
LIVE=$(dirname "$WEIR")/live
[ -x "$LIVE" ] || skip_all "no program $LIVE"

A=s$$ B=r$$ # the ledger is read for the whole host
IN=to-$A OUT=to-$B
pair "$A" "$B"
MAC=02:77:00:00:00:02

# live_begin ARG...: the engine on IN; its output goes to $TMP/live.out.
live_begin() {
	: >"$TMP/live.err"
	# not in_ns: the signals are for the program, not for a shell around it
	background nsenter --net="/run/netns/$(ns "$B")" "$LIVE" "$IN" "$@" >"$TMP/live.out" 2>"$TMP/live.err"
	L=$BG
	wait_for "$PATIENCE" grep -q ready "$TMP/live.err" || cat "$TMP/live.err"
}

live_end() {
	kill -TERM "$L"
	wait_for "$PATIENCE" wr_gone "$L"
	wait "$L"
}

# said EXPRESSION: Python over o, what the engine printed.
said() {
	python3 -c 'import json, sys
o = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$TMP/live.out" "$1" 2>&1 | tail -n 1
}

# ledger IFACE EXPRESSION: Python over rows, those of IFACE that another process reads from the boards.
ledger() {
	"$WEIR" ledger --json | python3 -c 'import json, sys
rows = [o for o in map(json.loads, sys.stdin) if o.get("in_iface") == sys.argv[1]]
print(eval(sys.argv[2]))' "$1" "$2" 2>&1 | tail -n 1
}

adds_up() {
	is "$1: every kind of row, with others, is all packets" \
		"$(said '[o[k][0] - o["packets"] for k in ("services", "talkers", "protocols", "interfaces")]')" \
		"[0, 0, 0, 0]"
	is "$1: flows, what found no row and what is no IP are all packets" \
		"$(said 'o["in_flows"] + o["ended"] + o["other"] + o["not_ip"] - o["packets"]')" 0
	is "$1: the same of bytes" \
		"$(said '[o[k][1] - o["bytes"] for k in ("services", "talkers", "protocols", "interfaces")]')" "[0, 0, 0, 0]"
}

# ---- windows change under load -------------------------------------------------------

under_load() {
	local slots=$1 rx
	rx=$(rx_packets "$B" "$IN")
	live_begin "$slots"
	in_ns "$A" "$SEND" -d "$MAC" "$OUT" "$(thin 1000000)" 128 >/dev/null
	live_end
	rx=$(($(rx_packets "$B" "$IN") - rx))
	is "$slots rows: all that the interface counted" "$(said '[o["packets"]] + o["arrived"][:1]')" "[$rx, $rx]"
	is "$slots rows: the ledger balances" "$(said 'o["balanced"]')" True
	adds_up "$slots rows"
	note "$(cat "$TMP/live.out")"
}

# ---- both directions -----------------------------------------------------------------

both_ways() {
	live_begin 1024 out
	in_ns "$B" timeout 60 python3 -c '
import socket
s = socket.create_server(("10.77.0.2", 8080))
for i in range(10):
    c = s.accept()[0]
    c.recv(100)
    c.sendall(bytes(20000))
    c.close()' &
	wait_for "$PATIENCE" listening
	in_ns "$A" timeout 60 python3 -c '
import socket
for i in range(10):
    c = socket.create_connection(("10.77.0.2", 8080))
    c.sendall(b"hello")
    while c.recv(65536):
        pass
    c.close()'
	wait $!
	live_end
	adds_up "both ways"
	is "both ways: one service, by its port" "$(said 'o["service"][0]')" 8080
	ok "both ways: more bytes left than arrived" test "$(said 'o["out"][1] > o["bytes"] - o["out"][1]')" = True
}

listening() {
	in_ns "$B" ss -Hltn 'sport = :8080' | grep -q .
}

# ---- a restart -----------------------------------------------------------------------

pins() {
	find /sys/fs/bpf -type f | wc -l
}

restarts() {
	local rx sum=0 i pin=/sys/fs/bpf/weir-test
	live_begin 1024 in "$pin" # everything is there before the first packet is counted
	if grep -q "cannot be kept" "$TMP/live.err"; then
		skip "nothing can be kept here before Linux 6.6"
		return
	fi
	rx=$(rx_packets "$B" "$IN")
	background in_ns "$A" "$SEND" -d "$MAC" "$OUT" "$(thin 120000)" 128 20000 >/dev/null
	SENDER=$BG
	for i in 1 2 3 4; do
		sleep 0.7
		live_end
		sum=$((sum + $(said 'o["packets"]')))
		ok "restart $i: links and maps stay" test "$(pins)" -gt 5
		is "restart $i: what stays is in the ledger, and balances" "$(ledger "$IN" '[r["balanced"] for r in rows]')" "[True]"
		sleep 0.3
		live_begin 1024 in "$pin"
	done
	wait_for "$PATIENCE" wr_gone "$SENDER"
	sleep 1.5
	live_end
	sum=$((sum + $(said 'o["packets"]')))
	rx=$(($(rx_packets "$B" "$IN") - rx))
	is "restarts: what the processes saw together is what the interface counted" "$sum" "$rx"
	is "restarts: the ledger went on through all of them" "$(said 'o["arrived"][0]')" "$rx"
	is "restarts: it balances" "$(said 'o["balanced"]')" True
	killed "$pin"
	gone "$pin"
	other_shape "$pin"
	other_ring "$pin"
	two_at_once "$pin"
	rm -r "$pin"
	ok "without the pins nothing is attached" wait_for "$PATIENCE" test -z "$(ip -n "$(ns "$B")" link show dev "$IN" | grep prog/xdp)"
}

# SIGKILL at any moment: the ledger goes on, and nothing is attached twice.
killed() {
	local rx i before
	live_begin 1024 in "$1"
	live_end
	before=$(said 'o["arrived"][0]')
	rx=$(rx_packets "$B" "$IN")
	for i in 1 2 3 4 5 6 7 8; do
		live_begin 1024 in "$1"
		in_ns "$A" "$SEND" -d "$MAC" "$OUT" "$(thin 20000)" 128 >/dev/null
		sleep "0.$i"
		kill -KILL "$L"
		wait "$L" 2>/dev/null
	done
	live_begin 1024 in "$1"
	live_end
	rx=$(($(rx_packets "$B" "$IN") - rx))
	is "killed eight times: the ledger has every packet" "$(($(said 'o["arrived"][0]') - before))" "$rx"
	is "killed eight times: it balances" "$(said 'o["balanced"]')" True
}

# What is pinned of an interface goes with it, whether weir runs then or not; one that was renamed is
# adopted and has its new name.
gone() {
	local pin=$1 p=p$$ q=q$$ n
	n=$(ns "$B")
	ip -n "$n" link add "$p" type veth peer name "x$$"
	IN=$p live_begin 1024 in "$pin"
	ip -n "$n" link del "$p"
	ok "an interface goes: so does what is pinned of it" wait_for "$PATIENCE" pins_are "$pin" 9
	live_end
	ip -n "$n" link add "$p" type veth peer name "x$$"
	IN=$p live_begin 1024 in "$pin"
	live_end
	ip -n "$n" link set "$p" name "$q"
	IN=$q live_begin 1024 in "$pin"
	is "renamed while nobody watched: the ledger has the new name" "$(ledger "$q" 'len(rows)') $(ledger "$p" 'len(rows)')" "1 0"
	live_end
	ip -n "$n" link del "$q"
	pins_are "$pin" 18 || note "$(find "$pin")"
	live_begin 1024 in "$pin"
	live_end
	ok "it went while nobody watched: the next one removes what was pinned" pins_are "$pin" 9
}

# Tables of another size: the counters begin anew, the link stays where it is.
other_shape() {
	local slots said=
	for slots in 2048 1024 2048 1024; do
		live_begin "$slots" in "$1"
		said+="$(grep -c "$IN: native XDP" "$TMP/live.err") "
		live_end
	done
	is "tables of another size: the hook is the same" "$said" "1 1 1 1 "
}

# First payloads that nobody has taken are in a ring that the next process does not read, because it
# watches another interface first: they are told as lost, and the ledger balances.
other_ring() {
	live_begin 1024 in "$1"
	kill -STOP "$L"
	in_ns "$A" "$SEND" -d "$MAC" "$OUT" 1000 128 >/dev/null
	kill -KILL "$L"
	wait "$L" 2>/dev/null
	IN=lo,$IN live_begin 1024 in "$1"
	like "the ring of another: what was in it is lost" \
		"$(ledger "$IN" '[(r["balanced"], r["records"]["lost"]["reader_gone"]) for r in rows]')" "^\[\(True, [1-9][0-9]*\)\]$"
	frames "$A" "$OUT" <<-FRAME
		$(tr -d : <<<"$MAC") 027700000001 0800 4500 002e 0001 0000 4011 0000 0a4d0001 0a4d0002 c350 0035 001a 0000 $(printf '%036d' 0)
	FRAME
	ok "a record that comes then fits" wait_for "$PATIENCE" none_waits
	live_end
	is "and it balances" "$(ledger "$IN" '[r["balanced"] for r in rows]')" "[True]"
}

none_waits() {
	[ "$(ledger "$IN" '[(r["records"]["seen"] > 0, r["records"].get("waiting", 0), r["balanced"]) for r in rows]')" = "[(True, 0, True)]" ]
}

# What a running weir has pinned is its own: another one goes beside it.
two_at_once() {
	local first rx
	live_begin 1024 in "$1"
	first=$L
	mv "$TMP/live.out" "$TMP/first.out"
	live_begin 1024 in "$1"
	like "two at once: the second says what the first has" "$(cat "$TMP/live.err")" "taken by weir, process $first,"
	rx=$(rx_packets "$B" "$IN")
	in_ns "$A" "$SEND" -d "$MAC" "$OUT" 1000 128 >/dev/null
	live_end
	is "two at once: the second sees all" "$(said 'o["packets"]')" $(($(rx_packets "$B" "$IN") - rx))
	L=$first
	mv "$TMP/first.out" "$TMP/live.out"
	live_end
	is "two at once: so does the first" "$(said 'o["packets"]')" $(($(rx_packets "$B" "$IN") - rx))
}

pins_are() {
	[ "$(find "$1" -type f | wc -l)" = "$2" ]
}

# Less memory than the tables would take.
little_memory() {
	local rx
	rx=$(rx_packets "$B" "$IN")
	live_begin 65536 in "" 3000000
	like "little memory: fewer slots, and it says so" "$(cat "$TMP/live.err")" "$IN: .*, [0-9]+ flow slots instead of 65536 .memory"
	in_ns "$A" "$SEND" -d "$MAC" "$OUT" 1000 128 >/dev/null
	live_end
	is "little memory: all that the interface counted" "$(said 'o["packets"]')" $(($(rx_packets "$B" "$IN") - rx))
}

under_load 65536
under_load 64
little_memory
both_ways
restarts
finish
