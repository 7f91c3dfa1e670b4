#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A capture file gives the same flows as the same packets on a wire: what weir read says of it, and what the daemon
# tells in its events while it is replayed, flow by flow, packets and bytes of each end.

# shellcheck disable=SC2119 # start and stop may have arguments
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
pair "$A" "$B" 9000 # GRO would not, but a VLAN tag makes a frame longer
NS=$(ns "$B")

# flows FILE: one line a flow: ends, protocol, VLAN, packets and bytes of each end; those told in parts are added up.
flows() {
	python3 - "$1" <<-'PYTHON'
		import collections, json, sys
		flows = collections.defaultdict(lambda: [0, 0, 0, 0])
		for line in open(sys.argv[1]):
		    e = json.loads(line)
		    if e.get("event_type") != "flow":
		        continue
		    src, dst = (e["src_ip"], e.get("src_port", 0)), (e["dest_ip"], e.get("dest_port", 0))
		    f = e["flow"]
		    sent = [f["pkts_toserver"], f["bytes_toserver"], f["pkts_toclient"], f["bytes_toclient"]]
		    if src > dst:
		        src, dst, sent = dst, src, sent[2:] + sent[:2]
		    key = (src, dst, e["proto"], tuple(e.get("vlan", [])))
		    flows[key] = [a + b for a, b in zip(flows[key], sent)]
		for key in sorted(flows):
		    print(*key, *flows[key])
	PYTHON
}

# With so many places in the kernel that hardly ever three flows want the same: those would be in `other`.
replay() {
	local hook=$1 file=$2 packets=$3
	conf "interfaces = $IN" "hook = $hook" "flow_slots = 524288" "[flow]" "idle = 1h" "active = 1h" "[output]" "eve = $TMP/eve-$hook.json"
	: >"$TMP/eve-$hook.json"
	chmod 666 "$TMP/eve-$hook.json"
	start
	in_ns "$A" "$SEND" "$OUT" "$packets" 128 8000 "file:$file" >/dev/null
	settle
	is "$hook: all packets have arrived" "$("$WEIR" ledger --json | grep "\"$IN\"" | grep -o '"arrived":{"packets":[0-9]*' | grep -o '[0-9]*$')" "$packets"
	stop
	flows "$TMP/eve-$hook.json" >"$TMP/live"
	ok "$hook: the same flows as of the file" cmp "$TMP/live" "$TMP/file" || note "$(diff "$TMP/live" "$TMP/file" | head -n 20)"
}

read -r PACKETS _ < <(python3 "$WR_HERE/capture.py" "$TMP/c.pcapng")
"$WEIR" read --json "$TMP/c.pcapng" >"$TMP/read.json"
flows "$TMP/read.json" >"$TMP/file"
ok "there are thousands of flows" test "$(wc -l <"$TMP/file")" -gt 2000
for h in xdp tc; do
	replay "$h" "$TMP/c.pcapng" "$PACKETS"
done
finish
