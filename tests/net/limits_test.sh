#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Limits of a policy in a running daemon: as many packets pass in a second as the rule says. The rest of what a policy does is
# in rules_test.sh, which measures nothing.

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
need python3
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02

# frames FILE SOURCES: a capture file with a UDP packet of each.
frames() {
	python3 - "$@" <<-'PYTHON'
		import struct, sys
		with open(sys.argv[1], "wb") as f:
		    f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
		    for i in range(int(sys.argv[2])):
		        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 60, i, 0, 64, 17, 0, 0xc6130000 + i, 0x0a4d0002)
		        p = bytes.fromhex("027700000002" "0277000000ff" "0800") + ip + struct.pack(">HHHH", 1024 + i, 9, 40, 0) + bytes(32)
		        f.write(struct.pack("<IIII", 0, 0, len(p), len(p)) + p)
	PYTHON
}

# limit_of NAME RATE_OF_ALL PPS SOURCES RULE: while packets come as many pass as the rate says, within 5 %. That takes four
# seconds at least, and no longer than from start to end of the program that sends them.
limit_of() {
	local n before after got
	frames "$TMP/limit.pcap" "$4"
	add "$1: $5" >/dev/null
	before=$(date +%s%N)
	n=$(send $(($3 * 4)) 128 "$3" "file:$TMP/limit.pcap")
	after=$(date +%s%N)
	got=$(ledger "$n - sum(v['packets'] for k, v in rows[0]['limited'].items() if k == '$1')")
	note "$1: $got of $n packets in $(((after - before) / 1000000)) ms, $((got * 1000000000 / (after - before))) a second"
	ok "$1: within 5 % of $2 a second" python3 -c '
import sys
got, rate, ns = map(int, sys.argv[1:])
sys.exit(not 0.95 * rate * 4 < got < 1.05 * rate * ns / 1e9)' "$got" "$2" "$((after - before))"
	is "$1: the ledger balances" "$(ledger 'rows[0]["balanced"]')" True
	del "$1" >/dev/null
}

limits() {
	policy "# nothing yet"
	run_with auto || { ok "starts" false; return; }
	limit_of one 1000 5000 1 "limit 1000pps per source from 198.19.0.0/16"
	limit_of all 1000 5000 100 "limit 1000pps from 198.19.0.0/16"
	limit_of hundred 10000 40000 100 "limit 100pps per source from 198.19.0.0/16"
	stop
	is "it ends with 0" "$RC" 0
}
limits
finish
