# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Network scenarios. A test is a bash script that begins with this file and ends with finish:
#
#       . "$(dirname "$0")/lib.sh"
#       need_root
#       pair a b
#       ok "the neighbour answers" in_ns a ping -q -c 1 -W 1 10.77.0.2
#       finish
#
# What pair makes (a second pair gets 10.77.1.x and fd77:0:0:1::x, and so on):
#
#       namespace wr-<test>-<pid>-a                 namespace wr-<test>-<pid>-b
#         to-b  10.77.0.1/24  fd77::1/64 ─────────── to-a  10.77.0.2/24  fd77::2/64
#               02:77:00:00:00:01                          02:77:00:00:00:02
#
# No chatter: no link-local address, no router solicitation, no duplicate address detection, and the
# neighbours know each other, so that a counter moves only when the test sends something.
#
# The test itself runs in its own mount and network namespace, with /run, /sys/fs/bpf and the
# loopback interface for itself alone. So any number of tests run side by side, and whatever is
# found pinned at the end was pinned by this one. in_ns changes only the network, not the mounts:
# unlike `ip netns exec` it keeps /sys/fs/bpf.
#
# Environment: WEIR = the program under test (default build/weir), KEEP=1 leaves the files in $TMP.

set -u

WR_NAME=$(basename "$0" .sh)
WR_NAME=${WR_NAME%_test}
WR_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WR_ROOT=$(cd "$WR_HERE/../.." && pwd)
WEIR=${WEIR:-$WR_ROOT/build/weir}
wr_count=0
wr_failed=0
wr_pairs=0
wr_jobs=()
wr_at_end=()
wr_finished=
declare -A wr_ns=()

# exec keeps the process id, so the mark is good for this process and not for its children.
if [ "$EUID" = 0 ] && [ "${WR_PRIVATE:-}" != $$ ] && unshare -mn true 2>/dev/null; then
	WR_PRIVATE=$$ exec unshare -mn --propagation private "$BASH" "$0" "$@"
fi

TMP=$(mktemp -d "${TMPDIR:-/tmp}/wr-$WR_NAME-XXXXXX")
mkfifo "$TMP/.never" && exec {wr_never}<>"$TMP/.never" # to wait for a time without a process

# ---- test points ---------------------------------------------------------------------

# wr_point STATUS SENTENCE: one TAP line; STATUS 0 is good.
wr_point() {
	wr_count=$((wr_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $wr_count - $2"
	else
		wr_failed=$((wr_failed + 1))
		echo "not ok $wr_count - $2"
	fi
	return "$1"
}

# note TEXT: a TAP comment; several lines are fine.
note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# ok SENTENCE COMMAND...: the command succeeds. Its output is shown only when it does not.
ok() {
	local what=$1 rc=0
	shift
	"$@" >"$TMP/.out" 2>&1 || rc=$?
	wr_point $((rc != 0)) "$what" && return
	note "exit status $rc: $*"
	tail -n 20 "$TMP/.out" | sed 's/^/#   /'
	return 1
}

# nok SENTENCE COMMAND...: the command itself says no. Being killed, or not found (status 124 and
# up), is no answer.
nok() {
	local what=$1 rc=0
	shift
	"$@" >"$TMP/.out" 2>&1 || rc=$?
	wr_point $((rc == 0 || rc >= 124)) "$what" && return
	note "exit status $rc: $*"
	tail -n 20 "$TMP/.out" | sed 's/^/#   /'
	return 1
}

# is SENTENCE GOT WANT: the two are the same text.
is() {
	local rc=0
	[ "$2" = "$3" ] || rc=1
	wr_point $rc "$1" && return
	note "got  '$2'"
	note "want '$3'"
	return 1
}

# like SENTENCE GOT PATTERN: a line of GOT matches the extended regular expression.
like() {
	local rc=0
	grep -Eq -- "$3" <<<"$2" || rc=1
	wr_point $rc "$1" && return
	note "no line matches '$3' in:"
	tail -n 20 <<<"$2" | sed 's/^/#   /'
	return 1
}

# skip WHY: one test point that cannot be tried here.
skip() {
	wr_count=$((wr_count + 1))
	echo "ok $wr_count # SKIP $*"
}

# skip_all WHY: the whole test cannot be tried here.
skip_all() {
	wr_finished=1
	echo "1..0 # SKIP $*"
	exit 0
}

# need_root: namespaces and BPF need it.
need_root() {
	[ "$EUID" = 0 ] || skip_all "needs root"
	[ "${WR_PRIVATE:-}" = $$ ] || skip_all "no right to make namespaces here"
}

# need PROGRAM...: skip the whole test if one is not installed.
need() {
	local p
	for p in "$@"; do
		type -P "$p" >/dev/null || skip_all "needs $p"
	done
}

# ---- scenery -------------------------------------------------------------------------

# ns A: the full name of namespace A, for `weir -n` and `ip -n`.
ns() {
	echo "${wr_ns[$1]:?no namespace $1}"
}

# in_ns A COMMAND...: run it in A's network.
in_ns() {
	local n=${wr_ns[$1]:?no namespace $1}
	shift
	nsenter --net="/run/netns/$n" "$@"
}

wr_add_ns() {
	[ -n "${wr_ns[$1]:-}" ] && return
	wr_ns[$1]=wr-$WR_NAME-$$-$1
	ip netns add "${wr_ns[$1]}" || return
	ip -n "${wr_ns[$1]}" link set lo up
	# shellcheck disable=SC2016
	in_ns "$1" "$BASH" -c 'cd /proc/sys/net/ipv6 2>/dev/null || exit 0
		for kv in accept_dad=0 accept_ra=0 autoconf=0 router_solicitations=0 \
			mldv2_unsolicited_report_interval=1 mldv1_unsolicited_report_interval=1; do
			echo "${kv#*=}" >"conf/default/${kv%=*}"
		done
		echo 1 >mld_qrv' 2>/dev/null
	return 0
}

# pair A B [MTU]: two namespaces (made when they are new) and a virtual cable, ready to send.
pair() {
	local a=$1 b=$2 mtu=${3:-1500} i=$wr_pairs mac6 ip6
	wr_pairs=$((wr_pairs + 1))
	mac6=$(printf '02:77:00:00:%02x' "$i")
	ip6=fd77::
	[ "$i" = 0 ] || ip6=$(printf 'fd77:0:0:%x::' "$i")
	wr_add_ns "$a" && wr_add_ns "$b" &&
		ip link add "to-$b" netns "$(ns "$a")" mtu "$mtu" address "$mac6:01" type veth \
			peer name "to-$a" netns "$(ns "$b")" mtu "$mtu" address "$mac6:02" &&
		wr_end "$a" "to-$b" "10.77.$i" "$ip6" "$mac6" 1 2 &&
		wr_end "$b" "to-$a" "10.77.$i" "$ip6" "$mac6" 2 1 &&
		wait_for 5 wr_settled "$a" "to-$b" && wait_for 5 wr_settled "$b" "to-$a" && return
	note "pair $a $b: could not be made"
	exit 1
}

# One end of a pair: NS IFACE NET4 NET6 MAC ME PEER.
wr_end() {
	ip -n "$(ns "$1")" -batch - <<-BATCH
		link set $2 addrgenmode none
		addr add $3.$6/24 dev $2
		addr add $4$6/64 dev $2 nodad
		neigh add $3.$7 lladdr $5:0$7 dev $2 nud permanent
		neigh add $4$7 lladdr $5:0$7 dev $2 nud permanent
		link set $2 up
	BATCH
}

# The cable is up and a tenth of a second passed without a packet: the reports of the multicast
# groups, which the stack sends when the cable comes up, are through.
wr_settled() {
	local before after
	in_ns "$1" ip -br link show dev "$2" | grep -q LOWER_UP || return
	before=$(rx_packets "$1" "$2")
	sleep 0.1
	after=$(rx_packets "$1" "$2")
	[ "$before" = "$after" ]
}

# rx_packets A IFACE, tx_packets A IFACE: the interface's own counters.
rx_packets() {
	in_ns "$1" cat /proc/net/dev | wr_column "$2:" 3
}

tx_packets() {
	in_ns "$1" cat /proc/net/dev | wr_column "$2:" 11
}

# wr_column FIRST N: word N of the line that begins with the word FIRST.
wr_column() {
	local words
	while read -r -a words; do
		[ "${words[0]:-}" != "$1" ] || echo "${words[$2 - 1]}"
	done
}

# wait_for SECONDS COMMAND...: try until it succeeds; fails when it has not in that time. WEIR_TEST_POLL: seconds
# between two trials; where starting a process is slow they would leave no time for what they wait for.
wait_for() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		read -rt "${WEIR_TEST_POLL:-0.05}" -u "$wr_never" || : # it always times out
	done
}

# background COMMAND...: start it; BG is its process id. What still runs at the end is ended by
# SIGTERM.
background() {
	"$@" &
	BG=$!
	wr_jobs+=("$BG")
}

# background_in A COMMAND...: the same in A's network; COMMAND is a program, BG is its own process id. (Of a function
# in the background, in_ns too, bash makes a process between, and what that one has started outlives it.)
background_in() {
	local n=${wr_ns[$1]:?no namespace $1}
	shift
	background nsenter --net="/run/netns/$n" "$@"
}

# background_end: ends what was started last, and waits for it.
background_end() {
	kill "$BG" 2>/dev/null
	wait "$BG" 2>/dev/null
}

# at_end FUNCTION: call it when the test ends, however it ends; the last one named goes first.
at_end() {
	wr_at_end=("$1" ${wr_at_end[@]+"${wr_at_end[@]}"})
}

# ---- the end -------------------------------------------------------------------------

# Every process in our mount namespace but the test itself and its subshells.
wr_processes() {
	local mnt p all
	mnt=$(readlink /proc/self/ns/mnt)
	all=(/proc/[0-9]*/ns/mnt)
	find "${all[@]}" -maxdepth 0 -lname "${mnt/\[/\\[}" 2>/dev/null |
	while IFS=/ read -r _ _ p _; do
		cmp -s "/proc/$p/cmdline" "/proc/$$/cmdline" || [ ! -e "/proc/$p/exe" ] || echo "$p"
	done
}

wr_stop_jobs() {
	local p
	for p in ${wr_jobs[@]+"${wr_jobs[@]}"}; do
		kill -TERM "$p" 2>/dev/null
	done
	for p in ${wr_jobs[@]+"${wr_jobs[@]}"}; do
		wait_for 5 wr_gone "$p" || kill -KILL "$p" 2>/dev/null
		wait "$p" 2>/dev/null
	done
	wr_jobs=()
}

wr_gone() {
	local key state
	kill -0 "$1" 2>/dev/null || return 0
	while read -r key state _; do
		[ "$key $state" != "State: Z" ] || return 0
	done 2>/dev/null <"/proc/$1/status"
	return 1
}

# What the product has left behind, one line each; nothing when all is well.
wr_left() {
	local n p
	find /sys/fs/bpf -mindepth 1 ! -name '*.debug' -printf 'pin %p\n'
	for n in ${wr_ns[@]+"${wr_ns[@]}"}; do
		ip -n "$n" -o link show >"$TMP/.links"
		sed -n "s,.*prog/xdp id,$n: XDP program id,p" "$TMP/.links"
		sed -n 's/^[0-9]*: \([^:@]*\).*/filter show dev \1 ingress\nfilter show dev \1 egress/p' "$TMP/.links" |
			tc -n "$n" -force -batch - 2>/dev/null | sed -n "s,.* bpf .*name,$n: TC program,p"
	done
	wr_processes | while read -r p; do
		echo "process $p: $(tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null)"
	done
}

wr_nothing_left() {
	local left
	left=$(wr_left)
	[ -z "$left" ] || { echo "$left"; return 1; }
}

# finish: nothing may be left; then the plan and the exit status.
finish() {
	wr_stop_jobs
	if [ "${WR_PRIVATE:-}" = $$ ]; then
		if wait_for 2 wr_nothing_left; then
			wr_point 0 "nothing is left behind"
		else
			ok "nothing is left behind" wr_nothing_left
		fi
	fi
	wr_finished=1
	echo "1..$wr_count"
	exit $((wr_failed != 0))
}

wr_cleanup() {
	local rc=$? n p
	trap - EXIT
	# A child that is ended between fork and exec still has our trap.
	[ "$BASHPID" = $$ ] || exit "$rc"
	wr_stop_jobs
	for n in ${wr_at_end[@]+"${wr_at_end[@]}"}; do
		"$n"
	done
	if [ "${WR_PRIVATE:-}" = $$ ]; then
		wr_processes | while read -r p; do
			kill -KILL "$p" 2>/dev/null
		done
		wait 2>/dev/null
		for n in ${wr_ns[@]+"${wr_ns[@]}"}; do
			ip netns del "$n" 2>/dev/null
		done
	fi
	[ -n "${KEEP:-}" ] || rm -rf "$TMP"
	if [ -z "$wr_finished" ]; then
		echo "Bail out! $WR_NAME ended before finish"
		[ "$rc" != 0 ] || rc=1
	fi
	exit "$rc"
}

trap wr_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

wr_private_mounts() {
	mount -t tmpfs tmpfs /run && mkdir /run/netns && mount -t bpf bpf /sys/fs/bpf &&
		ip link set lo up
}

if [ "${WR_PRIVATE:-}" = $$ ]; then
	wr_private_mounts || skip_all "cannot mount a private /run and /sys/fs/bpf"
fi
