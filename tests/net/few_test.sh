#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Pings from one address that look like those of each day are limited by who sends them, in the kernel, with IPv4 and IPv6;
# those of each day are answered meanwhile.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3 ping
need_weir

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
ip -n "$(ns "$A")" addr add 10.77.0.9/24 dev "$OUT"
ip -n "$(ns "$A")" addr add fd77::9/64 dev "$OUT" nodad

# pings FROM TO ARG...
pings() {
	in_ns "$A" ping -q -I "$1" "${@:3}" "$2"
}

# Of the limit by who it is: whether there is one, and packets that it has kept out.
limit() {
	w rule list --json | "$PYTHON" -S -c '
import json, sys
rows = [r for r in map(json.loads, sys.stdin) if "limit 20pps from " + sys.argv[1] + " to " in r.get("text", "")]
print(sum(r["stopped"]["packets"] for r in rows) if rows else "none")' "$1"
}

has_stopped() {
	[ "$(limit "$1")" -ge 500 ] 2>/dev/null
}

# flood WHAT USUAL ATTACKER TO
flood() {
	local sender
	background_in "$A" ping -q -i 0.002 -I "$3" "$4" >/dev/null
	sender=$BG
	ok "$1: the one who sends it has a limit, and it stops it" wait_for "$PATIENCE" has_stopped "$3"
	like "$1: those of each day are answered meanwhile" "$(pings "$2" "$4" -c 20 -i 0.1)" " 20 received, 0% packet loss"
	kill "$sender"
	note "$(limit "$3") packets were kept out"
}

conf "interfaces = $IN" "out = yes" "[detect]" "auto = enforce"
ok "the daemon starts" start
background_in "$A" ping -q -i 0.1 -I 10.77.0.1 10.77.0.2 >/dev/null
background_in "$A" ping -q -i 0.1 -I fd77::1 fd77::2 >/dev/null
read -rt 40 -u "$wr_never" # what is usual
flood IPv4 10.77.0.1 10.77.0.9 10.77.0.2
flood IPv6 fd77::1 fd77::9 fd77::2
stop
is "it ends well" "$RC" 0
finish
