#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon's memory with a million flows, history, page and detection as they are by themselves: of the core (resident)
# and of all processes together (their shares, Pss). IPv4: at most 150 MiB of all, where there are two CPUs; each has tables in the kernel that the core maps, so where there
# are more only what the core has besides is held. The core alone seems to have more: libraries that the others map, too,
# count in full. An IPv6 flow has 32 bytes more;
# WEIR_MEMORY=all measures those, too, which takes twice as long.

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

ROWS=1048576 KERNEL=24 SHARED=10 MILLION=1000000
A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")

known() {
	raw stats 'rows[0]["flows"]["active"]'
}

# Sent slowly enough that the kernel's tables hold nearly all of a second; what finds no row there comes again. Where the
# machine is busy, fewer find one in each round.
send_all() {
	local f round
	for round in 1 2 3 4 5 6 7 8; do
		for f in "$TMP"/part-*.pcap; do
			in_ns "$A" "$SEND" "$OUT" 65536 60 40000 "file:$f" >/dev/null 2>&1
		done
		read -rt 3 -u "$wr_never"
		note "round $round: $(known) flows are known"
		[ "$(known)" -lt "$MILLION" ] || return 0
	done
}

core_kib() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$D/status"
}

# What of it are the kernel's tables, mapped.
kernel_kib() {
	awk '/^[0-9a-f]+-/ { map = /bpf-map/ } map && $1 == "Rss:" { n += $2 } END { print n }' "/proc/$D/smaps"
}

all_kib() {
	{ echo "$D" && pgrep -P "$D"; } | while read -r p; do cat "/proc/$p/smaps_rollup"; done 2>/dev/null |
		awk '$1 == "Pss:" { n += $2 } END { print n }'
}

# within WHAT MIB
within() {
	ok "$1: all processes have $2 MiB at most" test "$(all_kib)" -le $(($2 * 1024))
}

# million WHAT IPV6_OF_TEN MIB
million() {
	local most=$(($3 * 1024)) flows before
	rm -f "$TMP"/part-*.pcap
	python3 "$WR_HERE/many_flows.py" "$TMP" "$ROWS" "$2"
	conf "interfaces = $IN" "[flow]" "rows = $ROWS" "idle = 1h" "active = 1h" "[history]" "path = $TMP/weir-$2.db"
	ok "$1: the daemon starts" start_all
	note "$1: $(core_kib) KiB of the core, $(all_kib) KiB of all before anything comes"
	send_all
	ok "$1: a million flows are known" test "$(known)" -ge "$MILLION"
	note "$1: $(core_kib) KiB of the core, of them $(kernel_kib) KiB tables of the kernel, $(all_kib) KiB of all"
	ok "$1: without the kernel's tables the core is resident with $(($3 - KERNEL + SHARED)) MiB at most" \
		test $(($(core_kib) - $(kernel_kib))) -le $((most - (KERNEL - SHARED) * 1024))
	if [ "$(nproc)" -le 2 ]; then
		within "$1" "$3"
	else
		skip "$1: the bar is for two CPUs"
	fi
	flows=$(known)
	before=$(date +%s%N)
	stop TERM
	note "$1: it took $((($(date +%s%N) - before) / 1000000)) ms to end"
	is "$1: it ends well" "$RC" 0
	ok "$1: all its flows are in history" test "$("$WEIR" history --file "$TMP/weir-$2.db" --from -1h --flows --json | wc -l)" -ge "$flows"
}
million "IPv4" 0 150
[ "${WEIR_MEMORY:-}" != all ] || million "IPv6" 10 185
finish
