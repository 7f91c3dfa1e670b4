#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The first packets of an incident outlive the daemon, however it ends: weir dump --incident shows the same ones after a
# restart. They are files beside the history, which nobody else may read; without a history there are none.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2034 # A, OUT, MAC, NS: for daemon.sh
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh; TEXT: by daemon.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02
KEPT=$TMP/kept
mkdir -m 750 "$KEPT"
chown nobody "$KEPT"
conf "interfaces = $IN" "[dump]" "size = 12MiB"

begin() {
	start_all --page "" --set history.path="$KEPT/history.db" "$@"
}

has_sample() {
	[ "$(said incidents 'rows[0].get("sample_packets", 0) > 0')" = True ]
}

# first: the packets of the incident, with their bytes and times.
first() {
	w dump --incident "$ID" -w "$TMP/$1.pcapng" >/dev/null 2>&1 &&
		"$WEIR" read --packets --json "$TMP/$1.pcapng" 2>/dev/null >"$TMP/$1"
	wc -l <"$TMP/$1"
}

ok "weir starts" begin
in_ns "$A" "$SEND" -d "$MAC" -t 10.77.0.2 "$OUT" 3000 74 3000 syn5 >/dev/null 2>&1
ok "a flood is found, and its first packets are kept" wait_for "$PATIENCE" has_sample
ID=$(said incidents 'rows[0]["incident_id"]')
N=$(first before)
ok "as many as it says" [ "$N" = "$(said incidents 'rows[0]["sample_packets"]')" ]
is "they are a file that its owner and the group may read" "$(stat -c %a "$KEPT/samples/$ID.json")" 640
stop
ok "after a restart" begin
is "the incident is not among the last ones" "$(said incidents 'len(rows)')" 0
is "but its packets are there, as many" "$(first after)" "$N"
ok "and the same, to the byte" cmp -s "$TMP/before" "$TMP/after"
ok "a filter chooses among them" [ "$(w dump --incident "$ID" --json 'udp' 2>/dev/null | grep -c '"packet"')" = 0 ]
stop KILL
printf '%s\n' '{"event_type":"samples","incident_id":77}' '{"frame":"!"}' >"$KEPT/samples/77.json"
head -c 300 /dev/urandom >"$KEPT/samples/78.json"
ok "after SIGKILL" begin
is "they are there, too" "$(first killed)" "$N"
ok "files that are none harm nothing, and show nothing" says 1 dump --incident 77
stop
sed -i '1s/"began":"20[0-9][0-9]/"began":"2019/' "$KEPT/samples/$ID.json"
ok "what began before flows are kept any more" begin
ok "is no more there" says 1 dump --incident "$ID"
nok "nor is its file" test -e "$KEPT/samples/$ID.json"
stop
finish
