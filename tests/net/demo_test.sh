#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# weir demo: the attack is found and named, a rule is made, most of it stays out, good clients go on, and nothing is left.
. "$(dirname "$0")/lib.sh"
need_root
need ip setpriv pgrep

chmod 711 "$TMP" # weir runs as nobody
# What one run says, by hook.
demo() { # HOOK ATTACK
	(cd "$TMP" && TMPDIR=$TMP "$WEIR" demo --hook "$1" --attack "$2" --color never >"$TMP/$1" 2>"$TMP/$1.err")
	echo $? >"$TMP/$1.status"
}
demo xdp syn_flood &
xdp=$!
demo tc udp_flood &
wait "$xdp"
wait

check() { # HOOK ATTACK TEXT
	local out=$TMP/$1
	is "$1: it ends well" "$(cat "$out.status")" 0
	ok "$1: the attack is told" grep -q "attack: $3" "$out"
	ok "$1: it is found by its name" grep -qE "found [0-9.]+ s after its first packet: $2\$" "$out"
	ok "$1: a rule is made, with an end" grep -qE "rule auto[0-9]+: drop .* auto until .* why \"$2\"" "$out"
	# shellcheck disable=SC2016 # fields of awk
	ok "$1: most of it stays out" awk '/packets kept out/ { if ($3 + 0 >= 60) good = 1 } END { exit !good }' "$out"
	# shellcheck disable=SC2016
	ok "$1: good clients go on" awk '/good clients:/ { if ($5 + 0 <= $7 / 20) good = 1 } END { exit !good }' "$out"
}
check xdp syn_flood "SYN flood"
check tc udp_flood "UDP flood"
nok "no namespace is left" bash -c "ip netns list | grep -q weir-demo"
nok "no folder is left" bash -c "ls -d '$TMP'/weir-demo-* /tmp/weir-demo-* 2>/dev/null | grep -q ."
nok "no process is left" pgrep -f "weir run -c .*weir-demo-"

status() {
	"$@" >/dev/null 2>&1
	echo $?
}
is "an attack that there is not" "$(status "$WEIR" demo --attack tidal_wave)" 2
is "a mode that there is not" "$(status "$WEIR" demo --auto always)" 2
is "an argument" "$(status "$WEIR" demo now)" 2
is "without rights" "$(status setpriv --reuid 65534 --clear-groups "$WEIR" demo)" 3
finish
