#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# docs/scores.md typed as it stands: windows are exported, scikit-learn is trained on them, the model is served, and weir, which
# asks it, finds what is not as usual. The page's blocks are run in their order, in one shell.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3 curl
need_weir
find_send
# Debian's, which has Debian's scikit-learn.
/usr/bin/python3 -c 'import sklearn' 2>/dev/null || skip_all "needs python3-sklearn"

# The interface that the page calls eth0, in this test's own network.
ip link add eth0 address 02:77:00:00:00:02 type veth peer name eth1
for i in eth0 eth1; do
	ip link set "$i" addrgenmode none up # no chatter
done
# shellcheck disable=SC2034 # read by the page
WEIR_EXAMPLES=$WR_ROOT/examples/scores
SAID=$TMP/said
PATH=$(dirname "$WEIR"):/usr/bin:$PATH
mkdir -m 755 "$TMP/page" && cd "$TMP/page" || exit 1

to() {
	background "$SEND" -d 02:77:00:00:00:02 -t "$1" eth1 "${@:2}" >/dev/null 2>&1
}

# What the page's daemon finds.
finding() {
	raw findings "$1"
}

of() {
	raw status "(lambda a: $1)(rows[0]['advice'])"
}

scored() {
	[ "$(of "a['scored']")" -ge "$1" ]
}

found() {
	[ "$(finding "any(r['class'] == 'model_score' and r['victim'] == '10.77.0.2' for r in rows)")" = True ]
}

# before KIND: what goes on while a block of that kind is typed.
before() {
	case $1 in
	usual)
		for i in 2 3 4 5 6 7; do
			to "10.77.0.$i" 100000 $((64 + i * 20)) $((20 + i * 7))
		done
		;;
	attack)
		wait_for "$PATIENCE" scored 42
		# Eight seconds teach little, and a machine that has much else to do sends unevenly: told, not judged.
		note "of what is usual $(of "'%d of %d rows' % (a['over'], a['scored'])") were over the bound"
		to 10.77.0.2 200000 500 3000 udp
		ok "a flood has a high score" wait_for "$PATIENCE" found
		like "which says of what" "$(finding "[r['reason'] for r in rows if r['victim'] == '10.77.0.2' and r['class'] == 'model_score'][0]")" \
			'model usual version 1; furthest from usual: [a-z_]+ [0-9]'
		;;
	esac
}

block() { # KIND TEXT
	before "$1"
	rc=0
	eval "$2" >"$SAID" 2>&1 || rc=$?
	wr_point "$rc" "line $at is typed: $(head -n 1 <<<"$2" | cut -c 1-70)" || awk '{ print "#   " $0 }' "$SAID"
	awk 'NR <= 4 { print "#   " $0 }' "$SAID" # ends its last line, too
	[ -z "$!" ] || wr_jobs+=("$!")
	blocks=$((blocks + 1))
}

blocks=0 number=0 kind=
while IFS= read -r line <&3; do
	number=$((number + 1))
	if [ -z "$kind" ] && [[ $line == '```sh'* ]]; then
		kind=${line#'```sh'} text='' at=$number
		kind=${kind:- plain}
	elif [ -n "$kind" ] && [ "$line" = '```' ]; then
		block "${kind# }" "$text" 3<&-
		kind=
	elif [ -n "$kind" ]; then
		text+=$line$'\n'
	fi
done 3<"$WR_ROOT/docs/scores.md"
is "all of the page's blocks" "$blocks" 5
like "the last one shows the incident" "$(cat "$SAID")" "high score of a model"
like "and how many were scored" "$(cat "$SAID")" '^advice +pid [0-9]+; [0-9]+ of [0-9]+ rows scored, [1-9][0-9]* over'
wr_stop_jobs
ip link del eth0
finish
