#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is learned outlives the daemon: read at its start, kept at its end, over detection that is switched off and on, for
# another host; and what is wrong with a file costs nothing that is known.

# shellcheck disable=SC2317 # functions are called by name, through ok
# shellcheck disable=SC2034 # OUT, MAC: for send, in daemon.sh
# shellcheck disable=SC2154 # PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3
need_weir

A=l$$ B=m$$
IN=to-$A
pair "$A" "$B"
NS=$(ns "$B")
chown nobody "$TMP"
KEPT=$TMP/learned.json

# Twenty minutes of an address that is known by it.
python3 - "$TMP/usual.pcap" <<'END'
import struct, sys, time
began = int(time.time()) - 1300
udp = struct.pack(">HHHH", 5000, 5001, 28, 0) + bytes(20)
ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 48, 0, 0, 64, 17, 0, bytes((10, 9, 0, 1)), bytes((10, 9, 0, 7)))
frame = bytes.fromhex("0277000000020277000000010800") + ip + udp
with open(sys.argv[1], "wb") as f:
    f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
    for i in range(12000):
        f.write(struct.pack("<IIII", began + i // 10, i % 10 * 100000, len(frame), len(frame)) + frame)
END
"$WEIR" read --alerts /dev/null --learned "$TMP/other.json" "$TMP/usual.pcap"
cp "$TMP/other.json" "$KEPT"
chown nobody "$KEPT"
chmod 644 "$TMP/other.json"

knows() {
	w learn --json | grep -q '"who":"10.9.0.7"'
}

keeps() {
	grep -q '"addr":"10.9.0.7"' "$KEPT"
}

begin() {
	conf "interfaces = $IN" "[detect]" "learned = $KEPT" "$@"
	start
}

ok "weir starts" begin
ok "it knows what stands in the file" knows
like "asked for alone, with the hours that are known" "$(raw_lines "learned of=10.9.0.7 hours=yes")" '"who":"10\.9\.0\.7".*"by_hour":\['
is "one that is not known: nothing" "$(raw_lines "learned of=10.9.9.9 hours=yes")" ""
like "hours of no address: why not" "$(raw_lines "learned hours=yes")" "of one address"
w learn save "$TMP/mine.json" >/dev/null
ok "all of it can be had as a file" grep -q '"addr":"10.9.0.7"' "$TMP/mine.json"
ok "load: a file that is not there" says 2 learn load "$TMP/nothing.json"
cut -c 1-40 "$TMP/mine.json" >"$TMP/half.json"
ok "load: half of one" says 2 learn load "$TMP/half.json"
like "it says why" "$TEXT" "no file of what weir has learned|the last line is missing|checksum"
ok "nothing of what was known is lost by that" knows
ok "keep: an address" says 0 learn keep 10.9.0.7
ok "is told" eval "w learn | grep -q '^ *10.9.0.7 *kept *20'"
ok "in JSON, too" eval "w learn --json | grep '\"who\":\"10.9.0.7\"' | grep -q '\"kept\":true'"
ok "and in the file" eval "grep '\"addr\":\"10.9.0.7\"' '$KEPT' | grep -q '\"kept\":true'"
ok "free" says 0 learn free 10.9.0.7
nok "then it is not" eval "w learn --json | grep -q '\"kept\":true'"
ok "keep: one that is not known" says 1 learn keep 10.9.0.99
like "it says so" "$TEXT" "10.9.0.99.: nothing is known of it"
ok "keep: no address" says 2 learn keep shop
ok "keep: of what?" says 2 learn keep
ok "no line is longer than 80 columns" eval "! w learn | grep -q '.\{81\}'"
ok "reset" says 0 learn reset
nok "then nothing is known" knows
nok "and nothing is kept" keeps
ok "load: another host's" says 0 learn load "$TMP/other.json"
ok "is known, and kept" eval "knows && keeps"

for on in no yes; do
	conf "interfaces = $IN" "[detect]" "learned = $KEPT" "on = $on"
	w config reload >/dev/null
done
ok "detection switched off and on: it is known" knows
stop TERM
ok "a restart" begin
ok "and another one" eval "stop TERM && begin"
ok "two restarts later it is known" knows

# ---- a disk that hangs: a pipe that nobody reads yet ----

mv "$KEPT" "$TMP/was.json"
mkfifo "$KEPT"
chown nobody "$KEPT"
ok "a disk that hangs" says 1 learn load "$TMP/other.json"
like "is told" "$TEXT" "the disk is slow: it is being written"
ok "weir answers meanwhile" says 0 status
ok "so is who asks again" says 1 learn load "$TMP/other.json"
sleep 1
timeout 60 cat "$KEPT" >"$TMP/late"
ok "it is written when the disk is back" grep -q '"addr":"10.9.0.7"' "$TMP/late"
ok "and told how long it took" wait_for "$PATIENCE" grep -q "learned.json: the disk took [0-9]* ms" "$TMP/err"
rm "$KEPT"
mv "$TMP/was.json" "$KEPT"
stop TERM
ok "and kept" keeps

sed -i 's/"prefix":32/"prefix":31/' "$KEPT"
ok "with a file that was changed by hand weir starts all the same" begin
nok "without what it says" knows
ok "which is set aside for whoever wants to mend it" grep -q '"addr":"10.9.0.7"' "$KEPT.bad"
stop TERM
finish
