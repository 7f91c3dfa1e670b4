#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ledger balances to the packet: with more packets than the reader can take, while traffic flows
# and after it, on every hook; with the reader stopped, slow, killed, and with a full disk. What
# arrived is held against the sender's own count, the interface's counter and the IP stack's.
#
# WEIR_TEST_HOOKS names the hooks to try; default all of them.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # W, RC, SEND: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
need_root
need python3 bpftool tc tcpdump
need_weir
find_send

HOOKS=${WEIR_TEST_HOOKS:-xdp xdp-generic tc packet}
READS=$((THIN > 1 ? 8 : 40)) # readings of the ledger under load
SLOW=
[ "$THIN" = 1 ] || SLOW=1
A=s$$ B=r$$
OUT=to-$B IN=to-$A # sender's end, receiver's end
pair "$A" "$B"
NS=$(ns "$B")
MAC=$(in_ns "$B" cat "/sys/class/net/$IN/address" 2>/dev/null) || MAC=
MAC=${MAC:-02:77:00:00:00:02}

# Packets that the IP layer of the receiver got: the stack's own count behind every hook.
ip_received() {
	local words n=0 at=0
	while read -r -a words; do
		[ "${words[0]}" = Ip: ] || continue
		for n in "${!words[@]}"; do
			[ "${words[n]}" != InReceives ] || at=$n
		done
		[ "${words[1]}" = Forwarding ] || echo "${words[at]}"
	done < <(in_ns "$B" cat /proc/net/snmp)
}

send() {
	in_ns "$A" "$SEND" -d "$MAC" "$OUT" "$@" 2>>"$TMP/again"
}

# What the sender's end dropped because the other end's queue was full, and did not tell. A sender that is told sends
# that packet again; veth tells since the end of 2023. (Nobody's fault, and not an arrival.)
refused() {
	local told
	told=$(awk '/sent again$/ { n += $3 } END { print n + 0 }' "$TMP/again")
	echo $(($(in_ns "$A" cat /proc/net/dev | wr_column "$OUT:" 13) - told))
}

begin_counts() {
	SENT=0
	: >"$TMP/again"
	rx0=$(rx_packets "$B" "$IN")
	ip0=$(ip_received)
	refused0=$(refused)
}

# flood: send until the file $TMP/flood is gone, at least once; what was sent goes to $TMP/sent.
flood() {
	local sum=0 n
	while n=$(send "$(thin 500000)" "$@"); do
		sum=$((sum + n))
		[ -e "$TMP/flood" ] || break
	done
	echo "$sum" >"$TMP/sent"
}

flood_begin() {
	: >"$TMP/flood"
	rm -f "$TMP/sent"
	background flood "$@"
	FLOOD=$BG
}

flood_end() {
	rm -f "$TMP/flood"
	wait_for "$PATIENCE" test -s "$TMP/sent"
	wait "$FLOOD"
	SENT=$((SENT + $(<"$TMP/sent")))
}

# read_ledger N: N more readings by another process.
read_ledger() {
	local n=0 i rc=0
	for ((i = 0; i < $1; i++)); do
		"$WEIR" ledger --json >>"$TMP/reads" || rc=$?
		n=$((n + 1))
	done
	return "$rc"
}

# The last row of what the watcher itself said, against every other count there is.
check_totals() {
	local rx ip sum want
	wait_for "$PATIENCE" test -s "$TMP/$WATCH_TAG.out"
	rx=$(($(rx_packets "$B" "$IN") - rx0))
	ip=$(($(ip_received) - ip0))
	sum=$((SENT - $(refused) + refused0))
	want="$sum $rx $ip"
	is "$1: arrived and passed are what was sent, what the interface counted, what the stack got" \
		"$(row "$TMP/$WATCH_TAG.out" "$IN" '"%d %d %d" % (arrived, arrived, passed)')" "$want"
	[ "$sum" = "$SENT" ] || note "$((SENT - sum)) packets were dropped at the sender's end, which did not tell"
	! grep -qv 'sent again$' "$TMP/again" || note "$(grep -v 'sent again$' "$TMP/again")"
	ok "$1: made is seen and lost, all arrived packets are explained" balanced "$TMP/$WATCH_TAG.out" "$IN" 1
	is "$1: a record was made of each" "$(row "$TMP/$WATCH_TAG.out" "$IN" 'arrived - records["made"]')" 0
	is "$1: nothing is on its way any more" "$(row "$TMP/$WATCH_TAG.out" "$IN" 'records.get("waiting", 0)')" 0
}

# Something of anybody's at any hook of the receiver's end, by every tool that knows one.
attached() {
	tcx "$B" "$IN" | grep . && return
	in_ns "$B" bpftool net show dev "$IN" 2>/dev/null | grep -E "^$IN\\(|id [0-9]" && return
	ip -n "$NS" link show dev "$IN" | grep prog/xdp && return
	tc -n "$NS" filter show dev "$IN" ingress 2>/dev/null | grep bpf && return
	tc -n "$NS" qdisc show dev "$IN" | grep clsact
}

not_attached() {
	! attached
}

# ---- more than the reader can take ---------------------------------------------------

flooded() {
	local hook=$1
	begin_counts
	: >"$TMP/reads"
	ok "$hook: starts" watch_rows "flood-$hook" "$IN" -n "$NS" --hook "$hook" || return
	flood_begin
	if [ "$hook" != packet ]; then # a socket's counters belong to its process
		ok "$hook: the ledger can be read under load" read_ledger "$READS"
	else
		sleep 1
	fi
	flood_end
	watch_end
	is "$hook: ends well" "$RC" 0
	check_totals "$hook, flooded"
	note "$hook: $(row "$TMP/$WATCH_TAG.out" "$IN" '"%d packets, lost: %s" % (arrived, lost)')"
	[ "$hook" = packet ] && return
	ok "$hook: each of the readings under load balances" balanced "$TMP/reads" "$IN" $((READS / 2))
	ok "$hook: the readings were taken while packets arrived" awk -F'"arrived":' -v me="\"$IN\"" '
		index($0, me) && !seen[$2]++ { n++ } END { exit n < '$((READS > 20 ? 5 : 3))' }' "$TMP/reads"
}

# ---- the reader stands still ---------------------------------------------------------

has_lost() {
	"$WEIR" ledger --json >"$TMP/now"
	[ "$(row "$TMP/now" "$IN" 'lost.get("ring_full", 0) > 0')" = True ]
}

stopped() {
	local hook=$1 i
	begin_counts
	: >"$TMP/reads"
	# Less for a slow machine to do: the records are as large, but nobody shows them.
	watch_rows "stop-$hook" "$IN" -n "$NS" --hook "$hook" --payload 1200 ${SLOW:+-q} || return
	SENT=$(send "$(thin 2000)" 1400)
	kill -STOP "$W"
	for ((i = 0; i < 20; i++)); do
		SENT=$((SENT + $(send 20000 1400)))
		if [ "$hook" = packet ]; then
			[ "$i" -lt 1 ] || break
		else
			read_ledger 3
			! has_lost || break
		fi
	done
	if [ "$hook" != packet ]; then
		ok "$hook, reader stopped: records find no room, and that is counted" has_lost
	fi
	kill -CONT "$W"
	SENT=$((SENT + $(send "$(thin 20000)" 1400)))
	[ "$hook" = packet ] || read_ledger 3
	watch_end
	is "$hook, reader stopped for a while: ends well" "$RC" 0
	check_totals "$hook, stopped"
	like "$hook, stopped: the losses have their name in the end" \
		"$(row "$TMP/$WATCH_TAG.out" "$IN" 'sorted(lost)')" "^\['ring_full'\]$"
	[ "$hook" = packet ] || ok "$hook: each reading balances while the reader stands still and after" \
		balanced "$TMP/reads" "$IN" 6
}

# ---- the reader is killed ------------------------------------------------------------

killed() {
	local hook=$1 ip1
	begin_counts
	watch "kill-$hook" "$IN" -n "$NS" --hook "$hook" -q || return
	if [ "$hook" != packet ]; then
		ok "$hook: something is attached while it runs" attached
	fi
	flood_begin
	sleep 0.5
	kill -KILL "$W"
	wait "$W" 2>/dev/null
	ok "$hook, killed under load: nothing is left attached" wait_for "$PATIENCE" not_attached
	ip1=$(ip_received)
	flood_end
	is "$hook, killed under load: the sender's packets all get through" \
		$(($(ip_received) - ip0)) "$((SENT - $(refused) + refused0))"
	ok "$hook, killed: they did so afterwards too" test "$(ip_received)" -ge "$ip1"
	if [ "$hook" != packet ]; then
		ok "$hook, killed: its ledger goes with it" wait_for "$PATIENCE" no_row
	fi
}

no_row() {
	! "$WEIR" ledger --json 2>/dev/null | grep -q "\"$IN\""
}

# The kernel gives maps back seconds after their last user ended when it is busy, and anybody may hold one longer.
# What a watcher that has said its last word counted is no news then; what one left that was killed is.
leaves_the_list() {
	local hook=$1
	watch "held-$hook" "$IN" -n "$NS" --hook "$hook" -q || return
	background hold_board "$IN" >"$TMP/held"
	wait_for "$PATIENCE" test -s "$TMP/held"
	nok "$hook, board held by somebody: its ledger is listed while it runs" no_row
	watch_end
	ok "$hook, board held by somebody: not listed any more when the watcher has ended" wait_for "$PATIENCE" no_row
	kill "$BG"
	wait "$BG" 2>/dev/null
	watch "held-killed-$hook" "$IN" -n "$NS" --hook "$hook" -q || return
	: >"$TMP/held"
	background hold_board "$IN" >"$TMP/held"
	wait_for "$PATIENCE" test -s "$TMP/held"
	kill -STOP "$W"
	send 100 >/dev/null
	kill -KILL "$W"
	wait "$W" 2>/dev/null
	ok "$hook, board held by somebody: listed after the watcher was killed" read_ledger 1
	"$WEIR" ledger --json >"$TMP/orphan"
	ok "$hook, killed: the ledger balances" balanced "$TMP/orphan" "$IN" 1
	is "$hook, killed: what it did not take any more has its name" \
		"$(row "$TMP/orphan" "$IN" 'arrived, records["seen"], lost')" "(100, 0, {'reader_gone': 100})"
	kill "$BG"
	wait "$BG" 2>/dev/null
}

# ---- the reader's output -------------------------------------------------------------

# A pipe that takes 64 KiB now and then, until the file is there; then all.
slow_pipe() {
	"$PYTHON" -S -c '
import os, sys, time
while True:
    data = os.read(0, 65536)
    if not data:
        break
    for line in data.splitlines(True):
        if b"ledger" in line:
            os.write(1, line)
    if not os.path.exists(sys.argv[1]):
        time.sleep(0.02)
' "$TMP/fast"
}

slow_reader() {
	local hook=$1
	rm -f "$TMP/fast"
	begin_counts
	: >"$TMP/reads"
	watch_rows_slow "$hook" || return
	SENT=$(send "$(thin 300000)")
	[ "$hook" = packet ] || read_ledger 3
	: >"$TMP/fast"
	watch_end
	is "$hook, slow pipe: ends well" "$RC" 0
	check_totals "$hook, slow pipe"
	like "$hook, slow pipe: it was too slow, and that is counted" \
		"$(row "$TMP/$WATCH_TAG.out" "$IN" 'sorted(lost)')" "^\['ring_full'\]$"
	[ "$hook" = packet ] || ok "$hook, slow pipe: readings in between balance" balanced "$TMP/reads" "$IN" 3
}

watch_rows_slow() {
	WATCH_TAG=slow-$1 WATCH_IFACE=$IN
	: >"$TMP/$WATCH_TAG.err"
	: >"$TMP/$WATCH_TAG.out"
	background "$WEIR" watch --json -i "$IN" -n "$NS" --hook "$1" \
		> >(slow_pipe | grep -a '"event_type":"ledger"' >"$TMP/$WATCH_TAG.out") 2>"$TMP/$WATCH_TAG.err"
	W=$BG
	watch_up
}

# A disk of 256 KiB, in the middle of it.
full_disk() {
	local hook=$1
	mkdir -p "$TMP/disk" && mount -t tmpfs -o size=256k tmpfs "$TMP/disk" || return
	begin_counts
	ok "$hook, full disk: starts" watch_rows "full-$hook" "$IN" -n "$NS" --hook "$hook" -w "$TMP/disk/f" ||
		{ umount "$TMP/disk"; return; }
	SENT=$(send 5000)
	watch_wait
	is "$hook, full disk: ends with status 1" "$RC" 1
	like "$hook, full disk: says what happened, and to which file" "$(<"$TMP/$WATCH_TAG.err")" \
		"weir watch: .*/disk/f: No space left"
	wait_for "$PATIENCE" test -s "$TMP/$WATCH_TAG.out"
	ok "$hook, full disk: the ledger balances" balanced "$TMP/$WATCH_TAG.out" "$IN" 1
	is "$hook, full disk: seen are those in the file, the others are counted as not written" \
		"$(row "$TMP/$WATCH_TAG.out" "$IN" 'records["seen"], lost.get("write_failed", 0) > 0')" \
		"($(tcpdump -r "$TMP/disk/f" 2>/dev/null | wc -l), True)"
	umount "$TMP/disk"
}

full_stdout() {
	WATCH_TAG=stdout WATCH_IFACE=$IN
	: >"$TMP/stdout.err"
	background "$WEIR" watch -i "$IN" -n "$NS" >/dev/full 2>"$TMP/stdout.err"
	W=$BG
	wait_for "$PATIENCE" watching
	send "$(thin 5000)" >/dev/null
	watch_wait
	is "standard output is full: status 1" "$RC" 1
	like "standard output is full: says so" "$(<"$TMP/stdout.err")" "standard output: No space left"
}

# Nothing at all can be written: told before anything is attached.
full_at_start() {
	local rc=0
	timeout 60 "$WEIR" watch -i "$IN" -n "$NS" -w /dev/full -t 1 >"$TMP/start.out" 2>"$TMP/start.err" || rc=$?
	is "-w /dev/full: status 1" "$rc" 1
	is "-w /dev/full: says only that" "$(<"$TMP/start.err")" \
		"weir watch: cannot write to /dev/full: No space left on device"
	ok "-w /dev/full: nothing is attached" not_attached
}

# Two interfaces and a full disk: what could not be written is counted where it came from. Which of
# them has the packets makes no difference; and when both have, each has its own.
full_disk_two() {
	local hook=$1 second=to-x$$ a b n
	[ -n "${wr_ns[x$$]:-}" ] || pair "x$$" "$B"
	for n in "0 3000" "2000 1000"; do
		a=${n% *} b=${n#* }
		mkdir -p "$TMP/disk" && mount -t tmpfs -o size=64k tmpfs "$TMP/disk" || return
		watch_rows "two-$hook" "$IN" -i "$second" -n "$NS" --hook "$hook" -w "$TMP/disk/f"
		wait_for "$PATIENCE" grep -q "^weir: $second: " "$TMP/two-$hook.err"
		kill -STOP "$W" # all packets are there when the first one is written
		[ "$a" = 0 ] || send "$a" >/dev/null
		[ "$b" = 0 ] || in_ns "x$$" "$SEND" "to-$B" "$b" >/dev/null
		kill -CONT "$W"
		watch_wait
		is "$hook, full disk, $a and $b packets: status 1" "$RC" 1
		wait_for "$PATIENCE" grep -q "$second" "$TMP/two-$hook.out"
		for i in "$IN" "$second"; do
			ok "$hook, full disk, $a and $b packets: the ledger of $i balances" \
				balanced "$TMP/two-$hook.out" "$i" 1
		done
		is "$hook, full disk, $a and $b packets: each made its own records" \
			"$(made_in two-"$hook" "$IN") $(made_in two-"$hook" "$second")" "$a $b"
		is "$hook, full disk, $a and $b packets: seen are those in the file, by interface" \
			"$(seen_in two-"$hook" "$IN") $(seen_in two-"$hook" "$second")" \
			"$(in_file "$IN") $(in_file "$second")"
		umount "$TMP/disk"
	done
}

made_in() {
	row "$TMP/$1.out" "$2" 'arrived, records["made"] - lost.get("ring_full", 0)' | tr -d '(),' | cut -d' ' -f2
}

seen_in() {
	row "$TMP/$1.out" "$2" 'records["seen"]'
}

# Packets of an interface in the file that the disk had room for, by somebody else's reader of such files.
in_file() {
	python "$TMP/disk/f" "$1" <<-'PYTHON'
		import struct, sys
		d, at, names, n = open(sys.argv[1], "rb").read(), 0, [], 0
		while at < len(d):
		    kind, size = struct.unpack_from("=II", d, at)
		    if kind == 1:
		        o = at + 16
		        while True:
		            code, length = struct.unpack_from("=HH", d, o)
		            if code == 2:
		                names.append(d[o + 4:o + 4 + length].decode())
		            if code == 0:
		                break
		            o += 4 + (length + 3) // 4 * 4
		    elif kind == 6:
		        n += names[struct.unpack_from("=I", d, at + 8)[0]] == sys.argv[2]
		    at += size
		print(n)
	PYTHON
}

# ---- only some of the packets --------------------------------------------------------

chosen() {
	local hook=$1
	begin_counts
	watch_rows "chosen-$hook" "$IN" -n "$NS" --hook "$hook" --sample 10 udp and src net 198.18.0.0/24 || return
	SENT=$(send "$(thin 40960)")
	watch_end
	wait_for "$PATIENCE" test -s "$TMP/$WATCH_TAG.out"
	is "$hook, filter and sampling: all that arrived is counted" \
		"$(row "$TMP/$WATCH_TAG.out" "$IN" 'arrived')" $(($(rx_packets "$B" "$IN") - rx0))
	ok "$hook, filter and sampling: the ledger balances" balanced "$TMP/$WATCH_TAG.out" "$IN" 1
	if [ "$THIN" = 1 ]; then # a sixteenth of the sources are in that network
		is "$hook: the filter chose 2560 of 40960" \
			"$(row "$TMP/$WATCH_TAG.out" "$IN" 'r["matched"]["packets"]')" 2560
	fi
}

# The end of a watcher under load on another interface: that one's packets are none of its.
beside() {
	local hook=$1 far=b$$ i=to-b$$
	[ -n "${wr_ns[$far]:-}" ] || pair "$far" "$B"
	watch_rows "beside-$hook" "$IN" -n "$NS" --hook "$hook" -q || return
	background_in "$far" "$SEND" "to-$B" 100000000 >"$TMP/beside"
	SENT=$(send 100)
	watch_end
	background_end
	wait_for "$PATIENCE" test -s "$TMP/$WATCH_TAG.out"
	is "$hook, load on the interface beside it: ends well, with its own packets" \
		"$RC $(row "$TMP/$WATCH_TAG.out" "$IN" '"%d %d" % (arrived, records["seen"])')" "0 $SENT $SENT"
	ok "$hook, load on the interface beside it: the ledger balances" balanced "$TMP/$WATCH_TAG.out" "$IN" 1
}

for h in $HOOKS; do
	flooded "$h"
	killed "$h"
done
for h in $HOOKS; do
	stopped "$h"
done
for h in $HOOKS; do
	[ -n "$SLOW" ] && [ "$h" != packet ] || beside "$h"
	[ -z "$SLOW" ] || continue # the reader's side is the same on every kernel
	full_disk "$h"
	slow_reader "$h"
	chosen "$h"
done
if [ -z "$SLOW" ]; then
	full_stdout
	full_at_start
	for h in $HOOKS; do
		full_disk_two "$h"
	done
fi
for h in $HOOKS; do
	[ "$h" = packet ] || { [ -n "$SLOW" ] && [ "$h" != tc ]; } || leaves_the_list "$h"
done
ok "after all that, nothing is counted any more" wait_for "$PATIENCE" no_row
finish
