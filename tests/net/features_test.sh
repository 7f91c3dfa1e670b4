#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Features of a running daemon as files in a folder: whole files alone, so many of them, hashed addresses, what was sent in the
# rows; the process that writes them killed, and a disk that is full.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE, D: set by watch.sh and daemon.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
need_root
need python3
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
DISK=$TMP/disk
DIR=$DISK/features
mkdir "$DISK" && mount -t tmpfs -o size=8m tmpfs "$DISK"
head -c 32 /dev/urandom >"$TMP/key" && chown nobody "$TMP/key" && chmod 400 "$TMP/key"

# features LINE...: the configuration with these lines in [output]; short flows, files of a second.
features() {
	conf "interfaces = $IN" "[flow]" "idle = 1s" "[output]" "features = $DIR" "features_rotate_age = 1s" "features_key = $TMP/key" "$@"
}

send() {
	in_ns "$A" "$SEND" -d "$MAC" "$OUT" "$@" >/dev/null
}

# rows EXPRESSION: Python over rows, of all whole CSV files.
rows() {
	"$PYTHON" -S - "$DIR" "$1" <<'PYTHON'
import csv, glob, sys
rows = [r for f in sorted(glob.glob(sys.argv[1] + "/weir-*.csv")) for r in csv.DictReader(open(f, newline=""))]
print(eval(sys.argv[2]))
PYTHON
}

at_least() {
	[ "$(rows "$1")" -ge "$2" ]
}

whole() {
	find "$DIR" -name 'weir-features-*' | wc -l
}

hidden() {
	find "$DIR" -name '.*' ! -path "$DIR" | wc -l
}

# output KEY: of this output, in the daemon's status.
output() {
	said status "next((o['$1'] for r in rows for o in r['outputs']['to'] if o['output'].startswith('features')), '')"
}

output_is() {
	[ "$(output "$1")" -ge "$2" ]
}

reloaded() {
	[ "$(said status "rows[0]['reloads']")" -ge "$1" ]
}

# ---- windows -------------------------------------------------------------------------

features "features_schema = windows"
ok "the daemon starts, and makes the folder" start
is "which is its user's" "$(stat -c %U "$DIR")" nobody
SEND_N=$(thin 8000)
send "$SEND_N" 100 10000
SUM="sum(int(r['packets']) for r in rows if r['key'] == 'interface')"
ok "windows of interfaces have all packets that were sent" wait_for "$PATIENCE" at_least "$SUM" "$SEND_N"
is "in files that say what they hold" "$(find "$DIR" -name 'weir-features-*' | grep -cv '/weir-features-[0-9]*T[0-9]*Z-[0-9]*\.windows\.csv$')" 0
is "no address is in them" "$(grep -lE '(^|,)10\.[0-9]+\.[0-9]+\.[0-9]+' "$DIR"/weir-* | wc -l)" 0
is "and not the key" "$(grep -lF "$(head -c 32 "$TMP/key" | od -An -tx1 | tr -d ' \n')" "$DIR"/weir-* "$TMP/err" "$TMP/out" | wc -l)" 0
ok "headers were looked at, too" at_least "max(int(r['headers']) for r in rows if r['key'] == 'interface')" 1

# ---- a key that cannot be read --------------------------------------------------------

PID=$(said status "rows[0]['outputs']['pid']")
mv "$TMP/key" "$TMP/key.away"
nok "a reload without the file of the key is refused" says 0 config reload
like "and says which" "$(tail -n 3 "$TMP/err")" "output.features_key: .*$TMP/key"
is "outputs go on" "$(said status "rows[0]['outputs']['pid']")" "$PID"
kill -KILL "$PID"
again() { [ "$(said status "rows[0]['outputs'].get('pid', $PID)")" != "$PID" ]; }
tried() { [ "$(grep -c "output.features_key: " "$TMP/err")" -ge 2 ]; }
ok "a process that is killed then does not find it" wait_for "$PATIENCE" tried
mv "$TMP/key.away" "$TMP/key"
ok "and goes on when it is there again" wait_for "$PATIENCE" again

# ---- flows, kept files, another format ------------------------------------------------

rm -f "$DIR"/weir-*
features "features_keep = 2" "features_rotate_size = 64KiB"
kill -HUP "$D"
wait_for "$PATIENCE" reloaded 1
send 4096 100 20000
ok "after a reload: a row for each flow" wait_for "$PATIENCE" output_is sent 1000
is "in files of which two stay" "$(find "$DIR" -name 'weir-*.features.csv' | wc -l) $(whole)" "2 2"
is "and one that is being written at most" "$(($(hidden) <= 1))" 1
LISTED=$("$WEIR" export features --list --json | "$PYTHON" -S -c 'import json, sys
print([c["name"] for c in json.load(sys.stdin)["columns"] if c["written"]])')
is "with the columns that the command lists" "$(rows 'list(rows[0])')" "$LISTED"
ok "and hashes for addresses" test "$(rows 'all(len(r["src_ip"]) == 16 for r in rows)')" = True

# ---- a process that is killed ---------------------------------------------------------

features "features_rotate_age = 1h" "features_keep = 2"
sed -i '0,/features_rotate_age = 1s/{/features_rotate_age = 1s/d}' "$CONF"
kill -HUP "$D"
wait_for "$PATIENCE" reloaded 2
BEFORE=$(output sent)
send 2000 100 20000
ok "rows wait in a file that is not whole" wait_for "$PATIENCE" output_is waiting 1000
is "whose name begins with a dot" "$(hidden)" 1
PID=$(said status "rows[0]['outputs']['pid']")
kill -KILL "$PID"
ok "the process that writes them is killed, and comes again" wait_for "$PATIENCE" again
ok "its rows are counted as lost" wait_for "$PATIENCE" output_is lost 1000
is "what was whole is still there" "$(($(output sent) >= BEFORE))" 1
is "and what was not is gone, but for one that is being written" "$(($(hidden) <= 1))" 1
for f in "$DIR"/weir-*; do
	[ -z "$(tail -c 1 "$f")" ] || nok "$f is whole" true
done

# ---- a full disk ----------------------------------------------------------------------

features "features_format = jsonl"
kill -HUP "$D"
wait_for "$PATIENCE" reloaded 3
dd if=/dev/zero of="$DISK/filler" bs=64k 2>/dev/null
LOST=$(output lost)
send 2000 100 20000
ok "a full disk: rows are lost, and counted" wait_for "$PATIENCE" output_is lost $((LOST + 1))
like "it is said" "$(output trouble)" "No space left"
rm "$DISK/filler"
wait_for_room() {
	send 50 100 1000
	sleep 2 # or these flows never end
	[ -n "$(find "$DIR" -name '*.jsonl' -size +0)" ]
}
ok "with room again it goes on" wait_for "$PATIENCE" wait_for_room
stop TERM
is "the daemon ends well" "$RC" 0
is "and leaves whole files alone" "$(hidden)" 0
ok "each line of them is an object" "$PYTHON" -S -c 'import glob, json, sys
for f in glob.glob(sys.argv[1] + "/*.jsonl"):
    for line in open(f):
        json.loads(line)' "$DIR"
umount "$DISK"
finish
