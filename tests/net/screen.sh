# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Screens under test: read this file after lib.sh. The terminal is tests/net/screen.py, which lists its commands.
#
#       screen_open 24 80 "$WEIR" top -i eth0
#       ok "the panel is there" screen wait 5 'Services'
#       like "the first line" "$(screen show)" 'weir'
#       screen_close

# Debian's python3, for which python3-pyte is: another one in front of it may not have it.
need_screen() {
	/usr/bin/python3 -c 'import pyte' 2>/dev/null || skip_all "needs python3-pyte"
	locale -a 2>/dev/null | grep -qix 'C.utf-\?8' || skip_all "needs the locale C.UTF-8"
}

# screen_open ROWS COLS PROGRAM [ARGUMENT]...: on a terminal of its own, with TERM and LC_ALL as they are.
screen_open() {
	rm -f "$TMP/screen.in" "$TMP/screen.out"
	mkfifo "$TMP/screen.in" "$TMP/screen.out"
	exec 8<>"$TMP/screen.in" 9<>"$TMP/screen.out" # both ways: to open a pipe must not wait for the other end
	# Without job control a job's standard input is /dev/null, so the terminal opens the pipes itself.
	TERM=${TERM_TYPE:-xterm-256color} LC_ALL=${SCREEN_LOCALE:-C.UTF-8} \
		background /usr/bin/python3 "$WR_HERE/screen.py" "$TMP/screen" "$@" 8>&- 9>&-
}

# screen COMMAND [ARGUMENT]...: the answer; fails when it says why.
screen() {
	local line
	echo "$*" >&8
	while IFS= read -r -t 60 line <&9; do
		case $line in
		.) return 0 ;;
		'! '*) echo "$line"; return 1 ;;
		esac
		printf '%s\n' "$line"
	done
	echo "the terminal does not answer"
	return 1
}

screen_close() {
	echo bye >&8
	exec 8>&- 9<&-
}

# line N: line N of the screen, the first is 0.
line() {
	screen show | sed -n "$(($1 + 1))p"
}

# sees SENTENCE N REGEX: line N matches, soon.
sees() {
	ok "$1" screen at 5 "$2" "$3"
}

# ended STATUS: it has ended with that status, and the terminal is as it was.
ended() {
	local said
	said=$(screen end 10)
	[ "$said" = "status $1
terminal restored" ] || { echo "$said"; return 1; }
}
