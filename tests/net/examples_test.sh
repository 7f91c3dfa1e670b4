#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The walk-through examples/README.md, typed as it stands: its blocks are run in their order, in
# one shell.
#
#       ```sh           every command succeeds
#       ```sh fails     every command fails
#       ```text         each of these lines is in what the block before it printed
#       ```text with X  the words X are in what the block before it printed; the rest is only shown,
#                       since numbers and wording differ between versions
#       ```c FILE       a file that the reader saves
#
# In front of a trace pipe's line the task, processor and time are left out of the comparison.

# shellcheck disable=SC2317 # functions are called by name, through ok and at_end
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
need_root
need clang bpftool readelf ip tc ping nsenter make

PAGE=$WR_ROOT/examples/README.md
SAID=$TMP/said
declare -A ids=()

# The machine has one trace pipe, and each line goes to one reader only. An instance gets its own
# copy of every line, so that tests and people who read the other one are not disturbed.
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null ||
	skip_all "needs tracefs"
TRACING=/sys/kernel/tracing/instances/wr-examples-$$
mkdir "$TRACING" 2>/dev/null || skip_all "needs instances of the trace pipe"
drop_instance() {
	umount /sys/kernel/tracing/trace_pipe
	wait_for 2 rmdir "$TRACING"
} 2>/dev/null
at_end drop_instance
echo 1 >"$TRACING/events/bpf_trace/bpf_trace_printk/enable" ||
	skip_all "needs the event bpf_trace_printk"
mount --bind "$TRACING/trace_pipe" /sys/kernel/tracing/trace_pipe

# The reader's folder, and the interface that the page calls eth0.
mkdir "$TMP/bpf" && cp "$WR_ROOT/bpf/weir.h" "$TMP/bpf" # what a program of a user includes
cp -r "$WR_ROOT/examples" "$TMP/examples" && cd "$TMP/examples" || exit 1
rm -f -- *.o
there_before=$(ls)
ip link add eth0 type veth peer name eth1
ip link set eth0 up

# Kernels before 5.13 print numbers; what the page says about that is checked like the rest.
if [ "$(printf '%s\n' 5.13 "$(uname -r)" | sort -V | head -n 1)" != 5.13 ]; then
	old_kernel=1
fi

# What is compared of a line: no bystander in front, one space for many.
squeeze() {
	sed -E 's/^.* bpf_trace_printk: //; s/[[:space:]]+/ /g; s/^ //; s/ $//' | grep .
}

for_old_kernel() {
	sed -E 's/: 10\.77\.0\.1 -> 10\.77\.0\.2/: 0xa4d0001 -> 0xa4d0002/
		s/: fd77:[0:]*:0001 -> .*/: 0xfd770000 .. 0x1 ->/'
}

# type_in LINES: run them one by one in this shell; a failed one is named. `timeout` ends with 124
# when it did what it is for.
type_in() {
	local line whole='' rc bad=0
	while IFS= read -r line; do
		whole+=$line
		if [[ $line == *\\ ]]; then
			whole=${whole%\\}
			continue
		fi
		rc=0
		eval "$whole" || rc=$?
		[[ $whole == timeout* && $rc == 124 ]] && rc=0
		if [ "$((rc != 0))" != "$want_failure" ]; then
			echo "status $rc: $whole"
			bad=1
		fi
		whole=
	done <<<"$1"
	return "$bad"
}

has_lines() {
	local line bad=0 text=$1
	[ -z "${old_kernel:-}" ] || text=$(for_old_kernel <<<"$text")
	while IFS= read -r line; do
		squeeze <"$SAID" | grep -qxF -- "$line" && continue
		echo "missing: $line"
		bad=1
	done < <(squeeze <<<"$text")
	[ "$bad" = 0 ] || sed 's/^/  said: /' "$SAID"
	return "$bad"
}

# The programs and maps that exist now under a pin, to ask for them by number at the end.
remember() {
	local pin
	for pin in /sys/fs/bpf/hello_* /sys/fs/bpf/hello_maps/*; do
		if [ -f "$pin" ]; then
			id=$(bpftool prog show pinned "$pin" 2>/dev/null | sed -n '1s/:.*//p')
			[ -z "$id" ] || ids[prog $id]=1
			id=$(bpftool map show pinned "$pin" 2>/dev/null | sed -n '1s/:.*//p')
			[ -z "$id" ] || ids[map $id]=1
		fi
	done
}

block() { # INFO TEXT
	local first=${2%%$'\n'*}
	case $1 in
	sh | "sh fails")
		want_failure=0 what="typed"
		[ "$1" = sh ] || want_failure=1 what="refused"
		# Not in a subshell: variables and the folder stay, as in the reader's shell.
		type_in "$2" >"$SAID" 2>&1
		rc=$?
		wr_point $rc "line $at: $what: ${first:0:90}" || sed 's/^/#   /' "$SAID"
		remember
		;;
	"c "*)
		printf '%s\n' "$2" >"${1#c }"
		;;
	"text with "*)
		ok "line $at: it says '${1#text with }'" grep -qF -- "${1#text with }" "$SAID"
		compared=$((compared + 1))
		;;
	text)
		ok "line $at: the output is as shown" has_lines "$2"
		compared=$((compared + 1))
		;;
	*)
		wr_point 1 "line $at: a block of a known kind, not '$1'"
		;;
	esac
}

seen_sh=0 seen_fails=0 compared=0 number=0 info=
while IFS= read -r line <&3; do
	number=$((number + 1))
	if [ -z "$info" ] && [[ $line == '```'?* ]]; then
		info=${line#'```'} text='' at=$number
		[ "$info" != sh ] || seen_sh=$((seen_sh + 1))
		[ "$info" != "sh fails" ] || seen_fails=$((seen_fails + 1))
	elif [ -n "$info" ] && [ "$line" = '```' ]; then
		block "$info" "${text%$'\n'}" 3<&-
		info=
	elif [ -n "$info" ]; then
		text+=$line$'\n'
	fi
done 3<"$PAGE"

# A page that lost its blocks would pass everything above.
ok "the page has commands, failures and outputs" \
	test "$seen_sh" -ge 15 -a "$seen_fails" -ge 5 -a "$compared" -ge 13

gone() {
	local what
	for what in "${!ids[@]}"; do
		# shellcheck disable=SC2086
		if bpftool ${what% *} show id "${what#* }" >/dev/null 2>&1; then
			echo "still there: $what"
			return 1
		fi
	done
}
ok "at least three programs and three maps were seen" test "${#ids[@]}" -ge 6
wait_for 60 gone
ok "after the page's clean-up no program and no map of it is left" gone
is "and no namespace" "$(ip netns list)" ""
is "and no file that was not there before" "$(ls)" "$there_before"
ip link del eth0
finish
