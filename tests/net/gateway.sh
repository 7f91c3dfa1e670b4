# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For tests with real gateways: a client's namespace $A, the gateway's $B, weir's commands there, and what holds for every gateway.
# Sourced behind lib.sh.

# shellcheck disable=SC2034 # TEXT, C6, MS: for the test
# shellcheck disable=SC2154 # BG: set by lib.sh
need python3
[ -x "$WEIR" ] || { echo "Bail out! no program $WEIR"; exit 1; }

A=c$$ B=g$$
pair "$A" "$B"
C=10.77.0.50 C6=fd77::50 # a client that is refused; 10.77.0.1 is another one
ip -n "$(ns "$A")" addr add $C/24 dev "to-$B"
ip -n "$(ns "$A")" addr add 10.77.0.9/24 dev "to-$B" # a proxy that is never refused
ip -n "$(ns "$A")" addr add $C6/64 dev "to-$B" nodad
IN=10.77.0.2
PAGE=$WR_ROOT/docs/gateways.md
PYTHON=$(python3 -c 'import sys; print(sys.executable)')
chmod 755 "$TMP"
export HOME=$TMP

# gw DRIVER: what its gateway is called by in the page, in a folder of its own, and weir's configuration for it.
gw() {
	DRIVER=$1
	D=$TMP/$1
	mkdir -p "$D/gateways" "$D/www"
	CONF=$D/our.conf
	printf '%s\n' "[gateway]" "folder = $D/gateways" "state = $D/state" >"$CONF"
	page "weir $1" | sed 's,^never = .*,never = 10.77.0.9 fd77::9,' >"$D/gateways/edge.conf"
}

# page INFO: a block of the page, with our folder for the system's.
page() {
	helper block "$PAGE" "$1" | sed "s,src 10\.0\.0\.0/8,src 10.77.0.9,; s,default 0; 10\.0\.0\.0/8,default 0; 10.77.0.9,; s,/run/haproxy,$D,; s,/etc/haproxy,$D,g; s,/etc/nginx,$D,g"
}

helper() {
	"$PYTHON" -S "$WR_HERE/gateway.py" "$@"
}

w() {
	(cd "$D" && in_ns "$B" "$WEIR" gateway "$@" -c "$CONF")
}

# says STATUS ARG...: it ends with that; what it says is in TEXT.
says() {
	local want=$1 rc=0
	shift
	TEXT=$(w "$@" 2>&1) || rc=$?
	[ "$rc" = "$want" ]
}

# get [SOURCE [KEY]]: the status that a client sees.
get() {
	local source=${1:-$C} to=$IN
	[[ $source != *:* ]] || to="[fd77::2]"
	in_ns "$A" "$PYTHON" -S "$WR_HERE/gateway.py" get "http://$to:$PORT/" "$source" "${@:2}"
}

gets() {
	[ "$(get "${@:2}")" = "$1" ]
}

# in_force STATUS ARG...: how many milliseconds until the client sees it.
in_force() {
	local url=http://$IN:$PORT/ want=$1
	shift
	(cd "$D" && in_ns "$A" "$PYTHON" -S "$WR_HERE/gateway.py" until "$want" "$url" $C -- \
		nsenter --net="/run/netns/$(ns "$B")" "$WEIR" gateway "$@" -c "$CONF")
}

ms_of() {
	local from=${EPOCHREALTIME/./}
	"$@"
	local rc=$?
	MS=$(((${EPOCHREALTIME/./} - from) / 1000))
	return $rc
}

# many: a hundred thousand entries, of IPv4 and IPv6.
many() {
	"$PYTHON" -S -c 'for i in range(50000):
    print("deny 198.%d.%d.%d for 10m" % (18 + i // 65536, i // 256 % 256, i % 256))
    print("deny 2001:db8:%x::/48 for 10m" % i)' >"$D/many"
}

# What is the same for all of them: the running gateway is $1 (its process), clients see it on $PORT.
common() {
	local ms name=$DRIVER
	ok "$name: its configuration is right" says 0 probe edge
	ok "$name: a client gets through" gets 200
	ok "$name: a block is in force" in_force 403 apply edge deny $C for 1m why tries passwords
	ms=$(<"$TMP/.out")
	ms_of in_ns "$B" "$WEIR" version >/dev/null
	ok "$name: for this client alone" gets 200 10.77.0.1
	ok "$name: the same again changes nothing" says 0 apply edge deny $C for 1m
	ok "$name: IPv6" says 0 apply edge deny fd77::40/124 for 1m --force
	ok "$name: a neighbour gets through" gets 200 $C6
	ok "$name: a prefix is refused" says 0 apply edge deny fd77::50/124 for 1m
	ok "$name: each address in it" gets 403 $C6
	w apply edge deny 203.0.113.77 --json >>"$TMP/json"
	says 0 list edge
	like "$name: the list says why" "$TEXT" "deny  $C, .* left, put there"
	ok "$name: lifted, it ends" in_force 200 lift edge deny $C
	ms="$ms $(in_force 403 apply edge deny $C for 1m)"
	says 0 lift edge deny $C
	ms="$ms $(in_force 403 apply edge deny $C for 1m)"
	says 0 lift edge deny $C
	note "$name: three times in force after $ms ms, of which about $MS are the start of a program here"
	ok "$name: what is not there cannot be lifted" says 2 lift edge deny $C
	ok "$name: who must get through is not shut out" says 2 apply edge deny 10.77.0.9
	like "$name: and told why" "$TEXT" "10.77.0.9 would shut out 10.77.0.9: it stands in gateway.never"
	ok "$name: this host is not shut out" says 2 apply edge deny $IN
	ok "$name: a dry run" says 0 apply edge deny $C --dry-run
	ok "$name: changes nothing" gets 200
	many
	says 0 flush edge
	ms_of says 0 apply edge --file many
	is "$name: a hundred thousand in one step" "${TEXT%%;*}" "edge: 100000 added, 0 changed, 0 taken out"
	note "$name: 100,000 entries took $MS ms"
	ms_of says 0 reconcile edge
	like "$name: all are there when it is asked again" "$TEXT" " 100000 of weir in force"
	note "$name: reading 100,000 back took $MS ms"
	ok "$name: more than is allowed is refused" says 2 apply edge deny 203.0.113.9
	ms_of says 0 flush edge
	like "$name: all are taken out, read back" "$TEXT" "nothing of weir is left"
	note "$name: taking 100,000 out took $MS ms"
	ok "$name: and nobody is refused" gets 200 $C6
}

# random STEPS CONFIG: WEIR_TEST_SEEDS (1) times, from other seeds.
random() {
	local seed
	for ((seed = 1; seed <= ${WEIR_TEST_SEEDS:-1}; seed++)); do
		ok "$DRIVER: $1 random steps of weir, others and restarts (seed $seed)" in_ns "$B" env -C "$D" "$PYTHON" -S \
			"$WR_HERE/gateway.py" property "$DRIVER" $seed "$1" "$2" "$WEIR" "$CONF"
		note "$(<"$TMP/.out")"
	done
}
