#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `weir watch` meets on real hosts: every hook, several interfaces, interfaces that come and go,
# jumbo frames, VLANs, segmentation offload, links without Ethernet, programs of others on the same
# hook, no rights, wrong input; and how it ends.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # W, RC, SEND: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
need_root
need python3 bpftool tc tcpdump setpriv script timeout
need_weir
find_send

HOOKS=${WEIR_TEST_HOOKS:-xdp xdp-generic tc packet}
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

# has_lines N FILE: the program has written so many packets.
has_lines() {
	[ "$(grep -ac '"event_type":"packet"' "$2")" -ge "$1" ]
}

# got N: wait for so many packets in the output, then end it.
got() {
	wait_for "$PATIENCE" has_lines "$1" "$TMP/$WATCH_TAG.out"
	watch_end
}

# ---- programs of others --------------------------------------------------------------

# Somebody else's programs, loaded and pinned in $OTHERS.
others() {
	local built
	built=$(dirname "$WEIR")/other.bpf.o
	OTHERS=/sys/fs/bpf/wr-modes
	[ ! -d "$OTHERS" ] || return 0
	if [ ! -f "$built" ]; then
		built=$TMP/other.bpf.o
		type -P clang >/dev/null || return
		clang -O2 -g -target bpf "-I/usr/include/$(uname -m)-linux-gnu" -c "$WR_HERE/other.bpf.c" -o "$built" || return
	fi
	bpftool prog loadall "$built" "$OTHERS" >/dev/null 2>&1
}

others_end() {
	rm -rf /sys/fs/bpf/wr-modes
}

# ---- the same packet through every hook ----------------------------------------------

# Of the kinds that send makes, QinQ, MPLS, a Q-in-Q that is a priority tag, and a frame too short for its header.
send_mixture() {
	local kind
	for kind in udp syn5 vlan ipv6 ext6 vxlan frag; do
		send 6 150 0 "$kind"
	done
	frames "$A" "$OUT" <<-'HEX'
		02770000000202770000ff01 88a80064 81000065 0800 4500001c00010000401166a0c6120001c612000204d20009000800000000000000000000000000000000000000000000
		02770000000202770000ff01 81000064 81000065 0800 4500001c00010000401166a0c6120001c612000204d20009000800000000000000000000000000000000000000000000
		02770000000202770000ff01 81002000 0800 4500001c00010000401166a0c6120001c612000204d20009000800000000000000000000000000000000000000000000
		02770000000202770000ff01 8847 0001f0ff 002af1ff 4500001c00010000401166a0c6120001c612000204d20009000800000000000000000000000000000000000000000000
		02770000000202770000ff01 0800 45000014000100004006
		02770000000202770000ff01 0800 4600002000010000400100000a4d00010a4d000207030400 0800f7ff00000000
	HEX
}

# What all hooks must agree on; the contract leaves out when, where, and what is merged.
facts() {
	python "$1" <<-'PYTHON'
		import json, sys
		for line in open(sys.argv[1]):
		    o = json.loads(line)
		    if o["event_type"] != "packet":
		        continue
		    for k in "timestamp", "in_iface", "hook", "gso_segs":
		        o.pop(k, None)
		    print(json.dumps(o, sort_keys=True))
	PYTHON
}

every_hook() {
	local h want=48 first=
	for h in $HOOKS; do
		ok "$h: starts" watch "hook-$h" "$IN" -n "$NS" --hook "$h" --json --payload 40 || continue
		send_mixture
		got "$want"
		is "$h: ends well" "$RC" 0
		is "$h: says its name in each packet" "$(packets "$TMP/hook-$h.out" '{(o["hook"], o["in_iface"]) for o in p}')" \
			"{('$h', '$IN')}"
		facts "$TMP/hook-$h.out" >"$TMP/facts-$h"
		is "$h: every frame is there" "$(wc -l <"$TMP/facts-$h")" "$want"
		[ -n "$first" ] || { first=$h; continue; }
		ok "$h gives the same packets as $first" diff "$TMP/facts-$first" "$TMP/facts-$h"
	done
	h=${HOOKS##* }
	is "a VLAN tag is seen" "$(packets "$TMP/hook-$h.out" '[o["vlan"] for o in p if "vlan" in o].count([77])')" 6
	is "both tags of QinQ are seen" \
		"$(packets "$TMP/hook-$h.out" '[o["vlan"] for o in p if len(o.get("vlan", [])) == 2]')" "[[100, 101], [100, 101]]"
	is "MPLS labels are seen" "$(packets "$TMP/hook-$h.out" '[o["mpls"] for o in p if "mpls" in o]')" "[[31, 687]]"
}

# A VLAN device hands the tag over beside the packet; whoever wants to see it must look there. Not every kernel has
# such devices: a program at the sender's end does what they do. XDP has no access to it.
tag_beside() {
	local h
	others || { skip "needs clang for a program that adds a tag"; return; }
	in_ns "$A" tc qdisc add dev "$OUT" clsact
	in_ns "$A" tc filter add dev "$OUT" egress bpf da object-pinned "$OTHERS/push_tag" || note "tc cannot attach it"
	for h in tc packet; do
		watch "vlan-$h" "$IN" -n "$NS" --hook "$h" --json vlan 55 || continue
		send 5
		got 5
		is "$h: the tag beside the packet is put back" \
			"$(packets "$TMP/vlan-$h.out" '[(o.get("vlan"), o["len"], o.get("dest_port")) for o in p] == 5 * [([55], 132, 9)]')" True
	done
	in_ns "$A" tc qdisc del dev "$OUT" clsact
}

# ---- how a hook is chosen ------------------------------------------------------------

choice() {
	watch auto "$IN" -n "$NS"
	like "auto: native XDP on a virtual cable" "$(said)" "^weir: $IN: native XDP \(segmentation offload of its peer is off meanwhile\)$"
	watch_end
	watch whole "$IN" -n "$NS" -w "$TMP/whole"
	if kernel_is 5.18; then
		like "auto, whole packets: native XDP" "$(said)" "^weir: $IN: native XDP \(segmentation offload of its peer is off meanwhile\)$"
	else
		like "auto, whole packets before 5.18: TC, and why" "$(said)" "^weir: $IN: TC ingress .*before Linux 5.18"
	fi
	watch_end
}

jumbo() {
	local far=j$$ i=to-j$$ n
	pair "$far" "$B" 9000
	watch jumbo "$i" -n "$NS"
	if kernel_is 5.18; then
		like "MTU 9000: native XDP with several buffers" "$(said)" "^weir: $i: native XDP \("
	else
		like "MTU 9000: TC, and why" "$(said)" "^weir: $i: TC ingress \(native XDP refused: .*MTU 9000.*this kernel"
	fi
	watch_end
	for n in auto tc packet; do
		watch "jumbo-$n" "$i" -n "$NS" --hook "$n" -w "$TMP/jumbo-$n.pcapng" -c 40
		in_ns "$far" "$SEND" -d "02:77:00:00:01:02" "to-$B" 40 9014 500 >/dev/null
		watch_wait
		is "MTU 9000, $n: ends after 40 packets" "$RC" 0
		is "MTU 9000, $n: all bytes of the frames are in the file, with right checksums" \
			"$(tcpdump -nve -r "$TMP/jumbo-$n.pcapng" -vv 2>/dev/null |
				tr '\n' ' ' | grep -o 'length 9014[^>]*> [0-9.]*: \[udp sum ok\]' | wc -l)" 40
	done
}

# ---- several interfaces, and such that come and go -----------------------------------

two_interfaces() {
	local i=to-x$$
	pair "x$$" "$B"
	watch two "$IN" -i "$i" -n "$NS"
	wait_for "$PATIENCE" grep -q "^weir: $i: " "$TMP/two.err"
	send 10
	in_ns "x$$" "$SEND" "to-$B" 20 >/dev/null
	wait_for "$PATIENCE" grep -q "$i" "$TMP/two.out"
	watch_end
	is "two interfaces: ends well" "$RC" 0
	is "two interfaces: each line says which" \
		"$(grep -c -- "$IN" "$TMP/two.out") $(grep -c -- "$i" "$TMP/two.out")" "10 20"
	like "two interfaces: the summary has both" "$(said)" "^$i \("
}

plug() {
	ip -n "$NS" link add "$1" type veth peer name "$1p"
	ip -n "$NS" link set "$1" up
	ip -n "$NS" link set "$1p" up
}

# plugged NAME TIMES: the program has it so often.
plugged() {
	[ "$(grep -c "^weir: $1: .*\(XDP\|TC ingress\|packet socket\)" "$TMP/$WATCH_TAG.err")" -ge "$2" ]
}

gone() {
	[ "$(grep -c "^weir: $1: gone" "$TMP/$WATCH_TAG.err")" -ge "$2" ]
}

# arrived_now IFACE: packets by the ledger of all, 0 when it has none of it.
arrived_now() {
	local n
	"$WEIR" ledger --json >"$TMP/now" 2>/dev/null
	n=$(row "$TMP/now" "$1" arrived) || n=0
	echo "$n"
}

hot_plug() {
	local hook=$1 h=wrh$$ round before after
	shift
	watch_rows "hot-$hook" "$IN" -n "$NS" --hook "$hook" "$@"
	[ $# = 2 ] && [ "$2" = any ] || ok "hot plug, $hook: says that it waits" \
		wait_for "$PATIENCE" grep -q "^weir: $h: not there yet" "$TMP/$WATCH_TAG.err"
	for round in 1 2; do
		plug "$h"
		ok "hot plug, $hook: taken up when it is there, time $round" wait_for "$PATIENCE" plugged "$h" "$round"
		wait_for "$PATIENCE" wr_settled "$B" "$h"
		before=$(arrived_now "$h")
		in_ns "$B" "$SEND" "${h}p" 30 >/dev/null
		if [ "$hook" != packet ]; then
			after=$(arrived_now "$h")
			is "hot plug, $hook: its packets are counted, time $round" "$((after - before))" 30
		fi
		ip -n "$NS" link del "$h"
		ok "hot plug, $hook: its end is noticed, time $round" wait_for "$PATIENCE" gone "$h" "$round"
	done
	send 10
	watch_end
	is "hot plug, $hook: ends well" "$RC" 0
	wait_for "$PATIENCE" test -s "$TMP/$WATCH_TAG.out"
	ok "hot plug, $hook: the ledger of both times balances" balanced "$TMP/$WATCH_TAG.out" "$h" 1
	ok "hot plug, $hook: and has the packets of both" \
		test "$(row "$TMP/$WATCH_TAG.out" "$h" 'arrived')" -ge 60
	is "hot plug, $hook: all of them were taken" \
		"$(row "$TMP/$WATCH_TAG.out" "$h" 'records["seen"] == arrived and not records.get("waiting")')" True
	ok "hot plug, $hook: the interface beside it balances" balanced "$TMP/$WATCH_TAG.out" "$IN" 1
}

# ---- links without Ethernet ----------------------------------------------------------

# tun_device NAME GO: makes the device; when the file GO is there, writes three packets to it.
tun_device() {
	cat >"$TMP/tun.py" <<-'PYTHON'
		import fcntl, os, struct, subprocess, sys, time
		name, go = sys.argv[1:]
		f = os.open("/dev/net/tun", os.O_RDWR)
		fcntl.ioctl(f, 0x400454ca, struct.pack("16sH22x", name.encode(), 0x0001 | 0x1000))
		subprocess.run(["ip", "link", "set", name, "up"], check=True)
		while not os.path.exists(go):
		    time.sleep(0.02)
		for packet in ("4500001f00010000401166a0c6120001c612000204d20009000b0000616263",
		               "6000000000081140 20010002000000000000000000000001 fd770000000000000000000000000002 04d2000900080000",
		               "4500002800010000400666a0c6120001c612000204d2005000000001000000005002ffff00000000"):
		    os.write(f, bytes.fromhex(packet))
		time.sleep(600)
	PYTHON
	background_in "$B" "$PYTHON" -S "$TMP/tun.py" "$@"
}

no_ethernet() {
	local t=wrt$$ h tun
	if [ ! -e /dev/net/tun ]; then
		mkdir -p /dev/net && mknod /dev/net/tun c 10 200 2>/dev/null
	fi
	: 2>/dev/null <>/dev/net/tun || { skip "no tun device here"; return; }
	for h in auto packet; do
		rm -f "$TMP/go"
		tun_device "$t" "$TMP/go"
		tun=$BG
		wait_for "$PATIENCE" in_ns "$B" ip -br link show up dev "$t"
		sleep 0.2
		watch "tun-$h" "$t" -n "$NS" --hook "$h" --json 'ip or (ip6 and dst net fd77::/16)'
		[ "$h" = packet ] ||
			like "tun: TC, and why" "$(said)" "^weir: $t: TC ingress \(native XDP refused: no Ethernet header\)"
		: >"$TMP/go"
		got 3
		is "tun, $h: the link type is raw IP, there is no Ethernet header" "$(packets "$TMP/tun-$h.out" \
			'{(o["linktype"] in (12, 101), "ether" in o) for o in p}')" "{(True, False)}"
		is "tun, $h: both versions of IP, UDP and TCP" "$(packets "$TMP/tun-$h.out" \
			'[(o["ip_v"], o["proto"], o["src_port"], o["dest_port"]) for o in p]')" \
			"[(4, 'UDP', 1234, 9), (6, 'UDP', 1234, 9), (4, 'TCP', 1234, 80)]"
		kill "$tun"
		wait "$tun" 2>/dev/null
		wait_for "$PATIENCE" no_link "$t"
	done
	ip -n "$NS" tuntap add mode tun name "$t" 2>/dev/null || return
	nok "tun: native XDP is refused" "$WEIR" watch -n "$NS" -i "$t" --hook xdp -t 1
	ip -n "$NS" link del "$t"
}

no_link() {
	! ip -n "$NS" link show dev "$1" 2>/dev/null
}

# ---- packets that are many in one ----------------------------------------------------

offload() {
	local h
	for h in tc packet; do
		watch "gso-$h" "$IN" -n "$NS" --hook "$h" --json tcp dst port 7777
		in_ns "$B" timeout 60 "$PYTHON" -S -c '
import socket
s = socket.create_server(("10.77.0.2", 7777))
c = s.accept()[0]
n = 0
while True:
    d = c.recv(1 << 20)
    n += len(d)
    if not d:
        break
print(n)' >"$TMP/received" &
		wait_for "$PATIENCE" listening
		in_ns "$A" timeout 60 "$PYTHON" -S -c '
import socket
c = socket.create_connection(("10.77.0.2", 7777))
c.sendall(bytes(1000000))
c.close()'
		wait $!
		watch_end
		is "offload, $h: the stream got through" "$(<"$TMP/received")" 1000000
		is "offload, $h: every byte is in the packets that were seen" \
			"$(packets "$TMP/gso-$h.out" 'covered((o["tcp"]["seq"], o.get("payload_len", 0)) for o in p)')" 1000000
		[ "$h" = packet ] && continue
		if [ "$(packets "$TMP/gso-$h.out" 'max(o["len"] for o in p) > 1514')" = True ]; then
			is "offload, $h: packets of many segments say how many" \
				"$(packets "$TMP/gso-$h.out" \
				'{o.get("gso_segs", 0) == -(-o["payload_len"] // 1448) for o in p if o["len"] > 1514}')" "{True}"
		else
			skip "no packet of several segments came"
		fi
	done
}

listening() {
	in_ns "$B" ss -Hltn 'sport = :7777' | grep -q .
}

# ---- others on the same hook ---------------------------------------------------------

other_xdp() {
	in_ns "$B" bpftool net show dev "$IN" | grep -q "$IN.*\(driver\|generic\) id"
}

other_tc() {
	in_ns "$B" tc filter show dev "$IN" ingress | grep -q other_tc
}

neighbours() {
	local mode prog=other_xdp
	others || { skip "needs clang for a second program"; return; }
	for mode in xdpgeneric xdpdrv; do
		in_ns "$B" bpftool net attach "$mode" pinned "$OTHERS/$prog" dev "$IN"
		ok "$mode: the other program is there" other_xdp
		watch "beside-$mode" "$IN" -n "$NS" --json
		like "$mode taken: TC, and by whom" "$(said)" "^weir: $IN: TC ingress \(native XDP refused: .*'$prog'"
		send 20
		got 20
		is "$mode taken: packets are seen all the same" "$(packets "$TMP/beside-$mode.out" 'len(p)')" 20
		ok "$mode taken: the other program is still there" other_xdp
		nok "$mode taken: --hook xdp is refused" "$WEIR" watch -n "$NS" -i "$IN" --hook xdp -t 1
		like "$mode taken: it names whom it leaves alone" "$(<"$TMP/.out")" "taken by program '$prog' .*left alone"
		ok "$mode taken: the other program is there after that" other_xdp
		in_ns "$B" bpftool net detach "$mode" dev "$IN"
	done

	in_ns "$B" tc qdisc add dev "$IN" clsact # not tc -n, which mounts a new /sys without the pinned program
	in_ns "$B" tc filter add dev "$IN" ingress bpf da object-pinned "$OTHERS/other_tc" || note "tc cannot attach it"
	watch tc-beside "$IN" -n "$NS" --hook tc --json
	send 20
	got 20
	is "TC shared with a classifier: packets are seen" "$(packets "$TMP/tc-beside.out" 'len(p)')" 20
	ok "TC shared: the other one is still there" other_tc
	in_ns "$B" tc qdisc del dev "$IN" clsact

	# The other one comes while we are there, and stays when we go.
	watch tc-before "$IN" -n "$NS" --hook tc
	in_ns "$B" tc qdisc add dev "$IN" clsact 2>/dev/null
	in_ns "$B" tc filter add dev "$IN" ingress bpf da object-pinned "$OTHERS/other_tc"
	watch_end
	ok "TC: a classifier that came later stays when we go" other_tc
	in_ns "$B" tc qdisc del dev "$IN" clsact
}

# ---- wrong input, no rights ----------------------------------------------------------

# refuses STATUS SENTENCE PATTERN COMMAND...: it ends with that status and says something that fits.
refuses() {
	local status=$1 what=$2 pattern=$3 rc=0
	shift 3
	timeout 60 "$@" >"$TMP/.said" 2>&1 </dev/null || rc=$?
	is "$what: status $status" "$rc" "$status"
	like "$what: says so" "$(<"$TMP/.said")" "$pattern"
}

wrong_input() {
	refuses 2 "wrong interface" "interface 'nosuch0' does not exist; there are: .*$IN" \
		"$WEIR" watch -n "$NS" -i nosuch0
	refuses 2 "interface name that is too long" "'averyveryverylongname' does not exist" \
		"$WEIR" watch -n "$NS" -i averyveryverylongname
	refuses 2 "wrong namespace" "network namespace 'nosuch': No such file" "$WEIR" watch -n nosuch -i lo
	refuses 2 "wrong namespace path" "network namespace '/nosuch/ns': No such file" "$WEIR" watch -n /nosuch/ns -i lo
	refuses 2 "wrong filter" "filter.*syntax error" "$WEIR" watch -n "$NS" -i "$IN" tcp prot 80
	refuses 2 "wrong filter, packet socket" "filter.*syntax error" "$WEIR" watch -n "$NS" -i "$IN" --hook packet tcp prot 80
	refuses 2 "filter with an unknown name" "filter.*nosuchhost" "$WEIR" watch -n "$NS" -i "$IN" host nosuchhost.invalid
	refuses 2 "unknown hook" "'xpd' is none of auto, xdp" "$WEIR" watch -n "$NS" -i "$IN" --hook xpd
	refuses 2 "count that is no number" "'many' is not a number" "$WEIR" watch -n "$NS" -i "$IN" -c many
	refuses 2 "unknown option" "did you mean '--payload'" "$WEIR" watch --pyload 3
	refuses 2 "option without value" "option '-c' needs a value" "$WEIR" watch -c
	refuses 2 "unknown command" "did you mean 'watch'" "$WEIR" wacth
	refuses 2 "no command" "Usage: weir COMMAND" "$WEIR"
	refuses 2 "capture and lines to one place" "both want standard output" "$WEIR" watch -n "$NS" -i "$IN" --json -w -
	refuses 2 "capture and lines to one place, read" "both want standard output" "$WEIR" read -p -w - "$WEIR"
	refuses 2 "file that cannot be made" "/nosuch/dir/f.*No such file" "$WEIR" watch -n "$NS" -i "$IN" -w /nosuch/dir/f
}

no_rights() {
	chmod 711 "$TMP"
	install -m 755 "$WEIR" "$TMP/weir"
	refuses 3 "nobody" "run as root" setpriv --reuid 65534 --regid 65534 --clear-groups "$TMP/weir" watch -i lo
	refuses 3 "nobody, packet socket" "CAP_NET_RAW: run as root" \
		setpriv --reuid 65534 --regid 65534 --clear-groups "$TMP/weir" watch -i lo --hook packet
	refuses 3 "nobody, ledger" "run as root" setpriv --reuid 65534 --regid 65534 --clear-groups "$TMP/weir" ledger
	# Root in a container that may not do anything.
	refuses 3 "root without capabilities" "CAP_|run as root|not allowed" \
		setpriv --bounding-set=-all --inh-caps=-all "$TMP/weir" watch -i lo
}

# One BPF call after another finds no memory, as after something large has ended: that is waited for, and neither taken
# for a kernel that is too old nor for missing rights.
no_memory() {
	local n
	type -P strace >/dev/null || { skip "needs strace"; return; }
	for n in 1 2 3 4 5 6; do
		refuses 0 "no memory in BPF call $n" "^weir: $IN: (native XDP|TC ingress)" \
			strace -f -qq -o /dev/null -e trace=bpf -e "inject=bpf:error=ENOMEM:when=$n" "$WEIR" watch -n "$NS" -i "$IN" -t 1
	done
	refuses 1 "no memory for BPF" "not enough memory in the kernel" \
		strace -f -qq -o /dev/null -e trace=bpf -e inject=bpf:error=ENOMEM "$WEIR" watch -n "$NS" -i "$IN" -t 1 --hook tc
}

help_texts() {
	local c n=0
	ok "help" "$WEIR" help
	"$WEIR" help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' >"$TMP/commands"
	while read -r c; do
		n=$((n + 1))
		"$WEIR" "$c" --help >"$TMP/help-$c" 2>"$TMP/help.err" && "$WEIR" help "$c" >"$TMP/help2-$c"
		is "$c --help: status 0, and the same as help $c" "$? $(diff "$TMP/help-$c" "$TMP/help2-$c" | wc -l)" "0 0"
		like "$c --help: says how it is used" "$(<"$TMP/help-$c")" "Usage: weir $c"
		is "$c --help: no line is too long for a terminal of 120 columns" \
			"$(awk 'length > 120' "$TMP/help-$c" | wc -l)" 0
	done <"$TMP/commands"
	ok "help knows the commands" test "$n" -ge 5
}

# ---- namespaces, links that are down -------------------------------------------------

namespaces() {
	watch ns-path "$IN" -n "/run/netns/$NS" --json
	send 5
	got 5
	is "namespace by path: packets are seen" "$(packets "$TMP/ns-path.out" 'len(p)')" 5
	ok "doctor: all is well" "$WEIR" doctor -n "$NS" -i "$IN"
	refuses 2 "doctor, wrong interface" "nosuch0" "$WEIR" doctor -n "$NS" -i nosuch0
	ip -n "$NS" link set "$IN" down
	refuses 1 "doctor, interface is down" "$IN is down" "$WEIR" doctor -n "$NS" -i "$IN"
	ok "interface is down: it waits for packets" watch down "$IN" -n "$NS" --json udp
	ip -n "$NS" link set "$IN" up
	wait_for "$PATIENCE" wr_settled "$B" "$IN"
	send 5
	got 5
	is "interface was down: packets are seen when it is up" "$(packets "$TMP/down.out" 'len(p)')" 5
	ip -n "$NS" addr add fd77::2/64 dev "$IN" nodad 2>/dev/null
	ip -n "$NS" neigh replace 10.77.0.1 lladdr 02:77:00:00:00:01 dev "$IN" nud permanent
}

# ---- how it ends ---------------------------------------------------------------------

ends() {
	local s
	for s in INT TERM HUP; do
		watch "end-$s" "$IN" -n "$NS"
		send 5
		wait_for "$PATIENCE" test -s "$TMP/end-$s.out"
		watch_end "$s"
		is "SIG$s: status 0" "$RC" 0
		like "SIG$s: the summary comes" "$(said)" "^5 packets shown"
		like "SIG$s: with the ledger" "$(said)" "balanced: every packet"
	done
	watch count "$IN" -n "$NS" -c 7
	send 20
	watch_wait
	is "-c 7: status 0" "$RC" 0
	is "-c 7: seven lines" "$(wc -l <"$TMP/count.out")" 7
	watch count-json "$IN" -n "$NS" -c 7 --json
	send 20
	watch_wait
	is "-c 7 --json: seven packets" "$(packets "$TMP/count-json.out" 'len(p)')" 7
	watch time "$IN" -n "$NS" -t 1
	watch_wait
	is "-t 1: ends by itself with status 0" "$RC" 0
	like "-t 1: the summary comes" "$(said)" "^0 packets shown"
}

# A reader of the output that has seen enough.
pipe_ends() {
	local rc
	background_in "$A" "$SEND" -d "$MAC" "$OUT" 100000 128 2000 >/dev/null
	timeout 60 "$WEIR" watch -n "$NS" -i "$IN" 2>"$TMP/head.err" | head -n 3 >"$TMP/head.out"
	rc=${PIPESTATUS[0]}
	background_end
	is "watch | head -n 3: three lines" "$(wc -l <"$TMP/head.out")" 3
	is "watch | head -n 3: no complaint" "$rc $(grep -ic 'broken\|error\|fail' "$TMP/head.err")" "0 0"
}

# ---- what is printed -----------------------------------------------------------------

escapes() {
	grep -c $'\e' "$1"
}

colors() {
	local cmd
	for cmd in "auto 0" "never 0" "always 1"; do
		watch color "$IN" -n "$NS" --color "${cmd% *}" -c 1
		send 1
		watch_wait
		is "--color ${cmd% *} into a file" "$(escapes "$TMP/color.out")" "${cmd#* }"
	done
	cmd="$WEIR watch -n $NS -i $IN -c 1 2>/dev/null"
	for s in "" "NO_COLOR=1"; do
		background_in "$A" "$SEND" -d "$MAC" "$OUT" 100000 128 100 >/dev/null
		# shellcheck disable=SC2086
		env -u NO_COLOR TERM=xterm $s timeout 60 script -qec "$cmd" "$TMP/typescript" </dev/null >"$TMP/terminal" 2>&1
		background_end
		is "on a terminal${s:+, $s}" "$(escapes "$TMP/terminal")" "$([ -n "$s" ] && echo 0 || echo 1)"
	done
}

# Payloads with everything that can harm a terminal: ESC sequences, BEL, CR, C1 in one byte and in UTF-8.
payload() {
	watch payload "$IN" -n "$NS" --payload 64 udp
	frames "$A" "$OUT" <<-'HEX'
		02770000000202770000ff01 0800 4500003d00010000401166a0c6120001c612000204d2000900290000 68656c6c6f 1b5b324a1b5d303b6f776e65640707 0d0a 9b33316d c29b 7f00 e29ca8
	HEX
	wait_for "$PATIENCE" test -s "$TMP/payload.out"
	watch_end
	is "payload: no control byte reaches the terminal" \
		"$("$PYTHON" -S -c 'import sys
d = open(sys.argv[1], "rb").read().decode("utf-8", "surrogateescape")
print([hex(ord(c)) for c in d if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or 0xdc80 <= ord(c) <= 0xdcff)])' \
			"$TMP/payload.out")" "[]"
	like "payload: the readable part is shown" "$(<"$TMP/payload.out")" "hello"
	watch payload-json "$IN" -n "$NS" --payload 64 --json udp
	frames "$A" "$OUT" <<-'HEX'
		02770000000202770000ff01 0800 4500002d00010000401166a0c6120001c612000204d2000900190000 1b5b324a0007 9b7f c29b e29c 225c68690a
	HEX
	got 1
	is "payload: all bytes are in JSON as base64" \
		"$(packets "$TMP/payload-json.out" '__import__("base64").b64decode(p[0]["payload"]).hex()')" \
		"1b5b324a00079b7fc29be29c225c68690a"
}

first_packet() {
	local t0 t1
	background_in "$A" "$SEND" -d "$MAC" "$OUT" 100000 128 2000 >/dev/null
	sleep 0.2
	t0=$(date +%s%N)
	timeout 60 "$WEIR" watch -n "$NS" -i "$IN" 2>/dev/null | head -n 1 >"$TMP/first"
	t1=$(date +%s%N)
	background_end
	note "from the start to the first packet, and the end: $(((t1 - t0) / 1000000)) ms"
	is "a packet is shown soon after the start" "$(wc -l <"$TMP/first")" 1
}

resident_kib() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$W/status"
}

memory() {
	local before after
	WATCH_TAG=memory WATCH_IFACE=$IN
	background "$WEIR" watch -i "$IN" -n "$NS" --json >/dev/null 2>"$TMP/memory.err"
	W=$BG
	watch_up
	send "$(thin 100000)"
	before=$(resident_kib)
	send "$(thin 1000000)"
	after=$(resident_kib)
	watch_end
	note "resident: $before KiB after the first packets, $after KiB after ten times as many more"
	ok "memory: below 64 MiB" test "$after" -lt 65536
	ok "memory: does not grow with the packets" test $((after - before)) -lt 1024
}

every_hook
tag_beside
choice
jumbo
two_interfaces
hot_plug auto -i "wrh$$"
no_ethernet
neighbours
others_end
namespaces
if [ "$THIN" = 1 ]; then # not a matter of the kernel
	hot_plug auto -i any
	hot_plug tc -i "wrh$$"
	hot_plug packet -i "wrh$$"
	offload
	wrong_input
	no_rights
	no_memory
	help_texts
	ends
	pipe_ends
	colors
	payload
	first_packet
	memory
else
	no_rights
	first_packet
fi
finish
