#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What others do to a running weir: descriptors closed or full, readers that die, SIGKILL again and again,
# interfaces renamed, moved, replaced under the same index, more of them than it can watch, a second watcher.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # W, RC, SEND, PYTHON: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
need_root
need python3 bpftool tc tcpdump timeout
need_weir
find_send

A=s$$ B=r$$
OUT=to-$B IN=to-$A # sender's end, receiver's end
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02

send() {
	in_ns "$A" "$SEND" -d "$MAC" "$OUT" "$@" >/dev/null
}

said() {
	cat "$TMP/$WATCH_TAG.err"
}

# ---- standard input, output, error ---------------------------------------------------

# A closed descriptor's number goes to the next file that is opened: lines must not end in the capture, or in a map.
closed_descriptors() {
	background_in "$A" "$SEND" -d "$MAC" "$OUT" 100000000 128 500 >/dev/null
	local fds c sender=$BG
	RC=0
	timeout 60 "$WEIR" watch -n "$NS" -i "$IN" -c 5 >&- 2>"$TMP/closed.err" || RC=$?
	is "standard output is closed: status 1" "$RC" 1
	like "standard output is closed: says so" "$(<"$TMP/closed.err")" "^weir watch: standard output: Bad file descriptor$"
	for fds in ">&-" ">&- 2>&-" "<&-" "<&- >&- 2>&-"; do
		rm -f "$TMP/closed.pcapng"
		eval "timeout 60 '$WEIR' watch -n '$NS' -i '$IN' -c 300 --json -w '$TMP/closed.pcapng' $fds" >/dev/null 2>&1
		ok "$fds: the capture file holds packets" test -s "$TMP/closed.pcapng"
		is "$fds: and nothing else" "$(tcpdump -r "$TMP/closed.pcapng" 2>&1 | grep -v "> 10.77.0.2\|^reading from")" ""
	done
	"$WEIR" watch -n "$NS" -i "$IN" -c 5 -w "$TMP/some.pcapng" 2>/dev/null
	for c in "ledger --json" "ledger" "read $TMP/some.pcapng" "read --json $TMP/some.pcapng" \
		"read -p $TMP/some.pcapng" "watch -n $NS -i $IN --json -q -c 1"; do
		watch full "$IN" -n "$NS" -q
		RC=0
		# shellcheck disable=SC2086
		timeout 60 "$WEIR" $c >/dev/full 2>"$TMP/full2.err" || RC=$?
		is "weir ${c%% *} ${c##* }, standard output is full: status 1" "$RC" 1
		like "weir ${c%% *} ${c##* }, standard output is full: says so" "$(<"$TMP/full2.err")" \
			"standard output: No space left"
		watch_end
	done
	kill "$sender"
	wait "$sender" 2>/dev/null
}

dying_reader() {
	mkfifo "$TMP/fifo"
	background head -c 3000 "$TMP/fifo" >/dev/null
	watch_rows fifo "$IN" -n "$NS" -w "$TMP/fifo"
	while ! wr_gone "$W"; do
		send 3000
	done
	watch_wait
	is "the reader of -w FIFO has ended: no complaint" "$RC" 0
	wait_for "$PATIENCE" test -s "$TMP/fifo.out"
	ok "the reader of -w FIFO has ended: the ledger balances" balanced "$TMP/fifo.out" "$IN" 1
	is "the reader of -w FIFO has ended: what it did not get is not seen" \
		"$(row "$TMP/fifo.out" "$IN" 'lost["write_failed"] > 0 and records["seen"] < 3000')" True
}

# ---- the end, again and again --------------------------------------------------------

at_hooks() {
	tcx "$B" "$IN"
	in_ns "$B" bpftool net show dev "$IN" 2>/dev/null | grep "id [0-9]"
	ip -n "$NS" link show dev "$IN" | grep prog/xdp
	tc -n "$NS" qdisc show dev "$IN" | grep clsact
}

none_at_hooks() {
	[ -z "$(at_hooks)" ]
}

killed_again() {
	local i h hooks=(auto tc xdp-generic packet)
	background_in "$A" "$SEND" -d "$MAC" "$OUT" 100000000 128 20000 >/dev/null
	local sender=$BG started=0
	for ((i = 0; i < 12; i++)); do # up, and working
		h=${hooks[i % 4]}
		watch "killed-$i" "$IN" -n "$NS" --hook "$h" -q
		! grep -q "^weir: $IN: " "$TMP/killed-$i.err" || started=$((started + 1))
		kill -KILL "$W"
		wait "$W" 2>/dev/null
	done
	is "killed twelve times: each of them had come up" "$started" 12
	for ((i = 0; i < 18; i++)); do # somewhere on the way there
		"$WEIR" watch -i "$IN" -n "$NS" --hook "${hooks[i % 4]}" -q 2>/dev/null &
		W=$!
		sleep "0.$(printf %02d $((i * 3)))"
		kill -KILL "$W"
		wait "$W" 2>/dev/null
	done
	ok "killed thirty times: nothing is left attached" wait_for "$PATIENCE" none_at_hooks
	kill "$sender"
	wait "$sender" 2>/dev/null
}

# ---- the interface -------------------------------------------------------------------

gone() {
	[ "$(grep -c "^weir: $IN: gone" "$TMP/$WATCH_TAG.err")" -ge "$1" ]
}

back() {
	[ "$(grep -c "^weir: $IN: .*\(XDP\|TC ingress\|packet socket\)" "$TMP/$WATCH_TAG.err")" -ge "$1" ]
}

up() {
	ip -n "$NS" link set "$IN" up
	ip -n "$(ns "$A")" link set "$OUT" up
	wait_for "$PATIENCE" wr_settled "$B" "$IN"
}

ours() {
	[ "$(grep -c '"dest_port":9,' "$TMP/$WATCH_TAG.out")" -ge "$1" ]
}

# Packets before and after are seen, those in between are not ours.
moved() {
	local hook=$1 i index
	watch "moved-$hook" "$IN" -n "$NS" --hook "$hook" --json
	send 10
	ip -n "$NS" link set "$IN" down
	ip -n "$NS" link set "$IN" name other0
	ok "$hook, renamed: noticed" wait_for "$PATIENCE" gone 1
	ip -n "$NS" link set other0 name "$IN"
	up
	ok "$hook, named as before: taken up again" wait_for "$PATIENCE" back 2
	send 10
	ok "$hook: its packets are seen" wait_for "$PATIENCE" ours 20
	ip -n "$NS" link set "$IN" netns "$(ns "$A")"
	ok "$hook, moved to another namespace: noticed" wait_for "$PATIENCE" gone 2
	is "$hook, moved: nothing stays attached" "$(in_ns "$A" bpftool net show dev "$IN" 2>/dev/null | grep "id [0-9]")" ""
	ip -n "$(ns "$A")" link set "$IN" netns "$NS"
	up
	ok "$hook, back: taken up again" wait_for "$PATIENCE" back 3
	send 10
	ok "$hook, back: its packets are seen" wait_for "$PATIENCE" ours 30
	# Another device with the name and the index of the one that was there, and not a moment between.
	index=$(ip -n "$NS" -o link show dev "$IN" | cut -d: -f1)
	kill -STOP "$W"
	ip -n "$NS" link del "$IN"
	ip link add "$IN" index "$index" netns "$NS" address "$MAC" type veth peer name "$OUT" netns "$(ns "$A")"
	kill -CONT "$W"
	up
	ok "$hook, replaced under its index: taken up" wait_for "$PATIENCE" back 4
	send 10
	ok "$hook, replaced under its index: its packets are seen" wait_for "$PATIENCE" ours 40
	watch_end
	is "$hook, all that: ends well" "$RC" 0
	ok "$hook, all that: the ledger balances" balanced "$TMP/$WATCH_TAG.out" "$IN" 1
	is "$hook, all that: it has the packets of all times" \
		"$(row "$TMP/$WATCH_TAG.out" "$IN" 'arrived == records["seen"] >= 40')" True
}

# ---- many ----------------------------------------------------------------------------

# plug_many FROM TO: pairs of interfaces wrm<N> and wrn<N>
plug_many() {
	seq "$1" "$2" | sed 's/.*/link add wrm& type veth peer name wrn&\nlink set wrm& up\nlink set wrn& up/' | ip -n "$NS" -batch -
}

unplug_many() {
	seq "$1" "$2" | sed 's/.*/link del wrm&/' | ip -n "$NS" -batch -
}

taken_up() {
	grep -q "^weir: $1: packet socket" "$TMP/$WATCH_TAG.err"
}

# More interfaces over time than it has room for: those that are gone make room, and stay counted.
many() {
	local before
	plug_many 1 100
	watch many "$IN" -i any -n "$NS" --hook packet --json
	ok "200 interfaces: the last is watched" wait_for "$PATIENCE" taken_up wrm100
	in_ns "$B" "$SEND" wrn50 10 >/dev/null
	wait_for "$PATIENCE" grep -q wrm50 "$TMP/many.out"
	unplug_many 1 100
	plug_many 101 200
	ok "200 others later: the last is watched" wait_for "$PATIENCE" taken_up wrm200
	in_ns "$B" "$SEND" wrn200 10 >/dev/null
	ok "200 others later: its packets are seen" wait_for "$PATIENCE" grep -q '"packet".*wrm200' "$TMP/many.out"
	before=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$W/status")
	note "resident: $before KiB with 200 packet sockets"
	ok "200 packet sockets share the memory of one, and a MiB each" test "$before" -lt $((300 * 1024))
	plug_many 201 250
	ok "more than there is room for: says which is not watched" \
		wait_for "$PATIENCE" grep -q "^weir: wr[mn][0-9]*: not watched" "$TMP/many.err"
	watch_end
	is "many interfaces: ends well" "$RC" 0
	is "many interfaces: packets of those that are gone are in the ledger" \
		"$(grep '"ledger"' "$TMP/many.out" | grep -o '"arrived":{"packets":[0-9]*' | awk -F: '{ n += $3 } END { print (n >= 20) }')" 1
	ok "many interfaces: all of it balances" eval '! grep "\"ledger\"" "$TMP/many.out" | grep -v "\"balanced\":true"'
	unplug_many 101 250
}

# Boards on this host have no limit: here are 300 more, of the shape that a watcher's has.
many_boards() {
	watch boards "$IN" -n "$NS" -q
	cat >"$TMP/boards.py" <<-'PYTHON'
		import ctypes, mmap, platform, struct, sys, time
		MAP_CREATE, GET_NEXT_ID, GET_FD_BY_ID, GET_INFO_BY_FD, ARRAY, MMAPABLE = 0, 12, 14, 15, 2, 1 << 10
		number = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}[platform.machine()]
		libc = ctypes.CDLL(None)
		def bpf(command, *words, name=b""):
		    attr = ctypes.create_string_buffer(struct.pack("=%dI" % len(words), *words).ljust(28, b"\0") + name, 72)
		    return libc.syscall(number, command, attr, 72 if name else 16), struct.unpack_from("=I", attr, 4)[0]
		def page(fd, access):
		    return mmap.mmap(fd, 4096, mmap.MAP_SHARED, access)
		at, real = 0, None
		while not real:
		    ret, at = bpf(GET_NEXT_ID, at)
		    fd, _ = bpf(GET_FD_BY_ID, at)
		    try:
		        head = page(fd, mmap.PROT_READ)[:128]
		    except OSError:
		        continue
		    if head[:4] == struct.pack("=I", 0x72696577) and head[48:64].rstrip(b"\0") == sys.argv[1].encode():
		        real = fd
		info = ctypes.create_string_buffer(80)
		bpf(GET_INFO_BY_FD, real, 80, *struct.unpack("=II", struct.pack("=Q", ctypes.addressof(info))))
		size = struct.unpack_from("=I", info, 12)[0]
		for i in range(300):
		    fd, _ = bpf(MAP_CREATE, ARRAY, 4, size, 1, MMAPABLE, 0, 0, name=b"weir.bss")
		    page(fd, mmap.PROT_READ | mmap.PROT_WRITE)[:128] = head[:48] + (b"wrb%d" % i).ljust(16, b"\0") + head[64:]
		open(sys.argv[2], "w").write("300")
		time.sleep(600)
	PYTHON
	background "$PYTHON" -S "$TMP/boards.py" "$IN" "$TMP/boards"
	wait_for "$PATIENCE" test -s "$TMP/boards"
	is "weir ledger has a row of each of 300 boards" "$("$WEIR" ledger --json | grep -c '"in_iface":"wrb')" 300
	background_end
	watch_end
}

# ---- two -----------------------------------------------------------------------------

two_watchers() {
	local first second
	watch two-1 "$IN" -n "$NS" --json
	first=$W
	watch two-2 "$IN" -n "$NS" --json
	like "a second watcher: TC, and by whom native XDP is taken" "$(said)" \
		"^weir: $IN: TC ingress \(native XDP refused: .*program 'wr_xdp'"
	second=$W
	send 20
	ok "two watchers: both see all packets" wait_for "$PATIENCE" both_have 20
	is "two watchers: the ledger has a row of each" "$("$WEIR" ledger --json | grep -c "\"$IN\"")" 2
	kill -INT "$first"
	wait "$first"
	send 20
	WATCH_TAG=two-2
	ok "the first has ended: the second sees all packets" wait_for "$PATIENCE" ours 40
	W=$second
	watch_end
	is "the second one ends well" "$RC" 0
}

both_have() {
	[ "$(grep -c '"dest_port":9,' "$TMP/two-1.out")" -ge "$1" ] && [ "$(grep -c '"dest_port":9,' "$TMP/two-2.out")" -ge "$1" ]
}

closed_descriptors
dying_reader
killed_again
two_watchers
for h in xdp tc packet; do
	moved "$h"
done
many
many_boards
finish
