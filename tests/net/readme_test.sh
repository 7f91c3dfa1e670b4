#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the README shows is what happens: the demo is run, and each `build/weir COMMAND --OPTION` it names exists.
. "$(dirname "$0")/lib.sh"
need_root
cd "$WR_ROOT" || exit 2
build=$(dirname "$WEIR")

ok "make demo runs" bash -c "tools/demo '$build' >'$TMP/demo' 2>&1"
for what in "198.18.0.0:1024 .*> 10.77.0.2:443 .*TCP \[S\]" "vlan 77" "ext \[0,60\]" "vxlan vni 77" "frag 0+" \
	"ICMP echo request" "balanced: every packet is accounted for"; do
	ok "the demo shows '$what'" grep -q -- "$what" "$TMP/demo"
done

grep -o '^build/weir.*' README.md | sed 's/ *#.*//' | sort -u >"$TMP/commands"
ok "the README names commands" test -s "$TMP/commands"
while read -r _ command rest; do
	ok "weir $command exists" "$WEIR" help "$command"
	"$WEIR" "$command" --help >"$TMP/help"
	for option in $(grep -oE -- '(^| )--?[a-z]+' <<<"$rest"); do
		ok "weir $command knows $option" grep -qE -- "(^|[ ,])$option([ ,]|\$)" "$TMP/help"
	done
done <"$TMP/commands"

for target in $(grep -oE '`make [a-z-]+' README.md | sed 's/.*make //' | sort -u); do
	ok "make $target is there" grep -qE "^$target:|[ :]$target( |\$)" GNUmakefile
done
finish
