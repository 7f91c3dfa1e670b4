#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the README names is there: each `build/weir COMMAND --OPTION`, each make target.
. "$(dirname "$0")/lib.sh"
need_root
cd "$WR_ROOT" || exit 2

grep -o '^build/weir.*' README.md | sed 's/ *#.*//' | sort -u >"$TMP/commands"
ok "the README names commands" test -s "$TMP/commands"
while read -r _ command rest; do
	ok "weir $command exists" "$WEIR" help "$command"
	"$WEIR" "$command" --help >"$TMP/help"
	for option in $(grep -oE -- '(^| )--?[a-z][a-z-]*' <<<"$rest"); do
		ok "weir $command knows $option" grep -qE -- "(^|[ ,])$option([ ,]|\$)" "$TMP/help"
	done
done <"$TMP/commands"

for target in $(grep -oE '`make [a-z-]+' README.md | sed 's/.*make //' | sort -u); do
	ok "make $target is there" grep -qE "^$target:|[ :]$target( |\$)" GNUmakefile
done
finish
