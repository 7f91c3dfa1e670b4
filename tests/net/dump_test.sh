#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The last packets: what the daemon keeps of them comes out as lines, as JSON and as a capture file that others read
# without complaint; a flood leaves as many as are wanted, and the rest is counted; off, nothing is kept.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
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
CONF=$TMP/weir.conf
chmod 755 "$TMP" # the daemon reads its configuration again as nobody

# conf LINE...: what [dump] has.
conf() {
	printf '%s\n' "[capture]" "netns = $NS" "interfaces = $IN" "[dump]" "$@" >"$CONF"
}

# start [ARG...]: the daemon in the background; D is its process id.
start() {
	: >"$TMP/err"
	background "$WEIR" run -c "$CONF" --page "" --set history.path= "$@" >"$TMP/out" 2>"$TMP/err"
	D=$BG
	wait_for "$PATIENCE" started
	grep -q "^weir: ready" "$TMP/err" || { sed 's/^/# /' "$TMP/err"; return 1; }
}

started() {
	grep -q "^weir: ready" "$TMP/err" || wr_gone "$D"
}

stop() {
	kill "$D"
	wait_for "$PATIENCE" wr_gone "$D" || kill -KILL "$D"
	wait "$D" 2>/dev/null
}

# dump [ARG...]: the command; what it says beside is in $TMP/dump.err, its exit status in RC.
dump() {
	RC=0
	"$WEIR" dump -c "$CONF" "$@" 2>"$TMP/dump.err" || RC=$?
}

# state KEY: a number of the daemon's dump.
state() {
	"$WEIR" status -c "$CONF" --json | python3 -c '
import json, sys
print(json.load(sys.stdin).get("dump", {}).get(sys.argv[1], "none"))' "$1"
}

send() {
	in_ns "$A" "$SEND" -d "$MAC" "$OUT" "$@"
}

kept_is() {
	[ "$(state kept)" -ge "$1" ]
}

# ---- lines, objects, files -----------------------------------------------------------

lines() {
	local n
	n=$(send 300 128 2000)
	ok "all of few packets are kept" wait_for "$PATIENCE" kept_is "$n"
	is "a line for each" "$(dump | wc -l)" "$n"
	like "as weir watch has them" "$(dump)" "^[0-9:.]+ +[0-9.]+:[0-9]+ +> 10.77.0.2:9 +UDP +len 128"
	like "beside them, how many were passed over" "$(cat "$TMP/dump.err")" "^300 packets; .* 0 were passed over \(rate 2000/s\)"
	is "the newest twenty" "$(dump --packets 20)" "$(dump | tail -n 20)"
	is "those that a filter chooses" "$(dump udp src port 1024 | wc -l)" "$(dump | grep -c ':1024 ')"
	is "none of the last microsecond" "$(dump --last 1us | wc -l)" 0
	is "all of the last hour" "$(dump --last 1h | wc -l)" "$n"
	dump 'udp prt 5'
	is "a filter that is wrong: exit status 2" "$RC" 2
	dump --last soon
	is "and so is a span" "$RC" 2
	dump --packets 5 --json >"$TMP/json"
	is "as JSON: packets, then what there is" "$(python3 - "$TMP/json" <<-'PYTHON'
		import json, sys
		rows = [json.loads(line) for line in open(sys.argv[1])]
		print([r["event_type"] for r in rows], rows[0]["hook"], rows[0]["len"], rows[0]["dest_port"], rows[-1]["kept"])
	PYTHON
	)" "['packet', 'packet', 'packet', 'packet', 'packet', 'dump'] xdp 128 9 300"
	shapes
}

shapes() {
	python3 -c 'import jsonschema' 2>/dev/null || { skip "python3-jsonschema is not installed"; return; }
	ok "every object has the shape of its schema" python3 - "$WR_ROOT/docs/schema" "$TMP/json" <<-'PYTHON'
		import json, jsonschema, os, sys
		docs, path = sys.argv[1:]
		schema = {n: jsonschema.Draft202012Validator(json.load(open(os.path.join(docs, f + ".json"))))
		          for n, f in (("packet", "packet"), ("dump", "live"))}
		for line in open(path):
		    o = json.loads(line)
		    schema[o["event_type"]].validate(o)
	PYTHON
}

files() {
	local n=$1
	dump -w "$TMP/all.pcapng"
	is "a file: exit status 0" "$RC" 0
	is "nobody else reads it" "$(stat -c %a "$TMP/all.pcapng")" 600
	is "weir reads it back, the same lines" "$("$WEIR" read --packets "$TMP/all.pcapng" 2>/dev/null)" "$(dump)"
	if ! type -P capinfos tshark >/dev/null; then
		skip "capinfos and tshark are not installed"
		return
	fi
	capinfos "$TMP/all.pcapng" >"$TMP/capinfos" 2>&1
	is "capinfos reads it without complaint" "$?$(grep -c '^capinfos:' "$TMP/capinfos")" 00
	like "as many packets" "$(cat "$TMP/capinfos")" "^Number of packets: +$n\$"
	like "the interface by its name" "$(cat "$TMP/capinfos")" "Name = $IN"
	like "with statistics" "$(cat "$TMP/capinfos")" "Number of stat entries = 1"
	tshark -r "$TMP/all.pcapng" -T fields -e frame.interface_name -e frame.len -e frame.packet_flags >"$TMP/tshark" 2>"$TMP/tshark.err"
	is "tshark, too" "$?$(grep -vc 'Running as user' "$TMP/tshark.err")" 00
	is "each of its packets has interface, length and direction" "$(sort "$TMP/tshark" | uniq -c | sed 's/^ *//')" \
		"$n $IN	128	0x00000001"
	like "the ledger stands in the file" "$(strings -n 20 "$TMP/all.pcapng")" "\"event_type\":\"ledger\",\"in_iface\":\"$IN\".*\"balanced\":true"
	like "and how they were captured" "$(strings -n 20 "$TMP/all.pcapng")" "captured by weir from: native XDP"
	is "through a pipe" "$(dump -w - udp src port 1024 | tshark -r - 2>/dev/null | wc -l)" "$(dump udp src port 1024 | wc -l)"
	dump -w /dev/full
	is "where nothing can be written: exit status 1" "$RC" 1
}

cut() {
	local before
	before=$(state kept)
	send 50 1000 1000 >/dev/null
	wait_for "$PATIENCE" kept_is $((before + 50))
	is "of a large packet the first 128 bytes are kept" \
		"$(dump --json | python3 -c '
import json, sys
print(sorted({(o["len"], o["caplen"]) for o in map(json.loads, sys.stdin) if o["event_type"] == "packet"}))')" \
		"[(128, 128), (1000, 128)]"
}

# ---- a flood -------------------------------------------------------------------------

# Every packet that was counted was kept, passed over, or its record found no room: to the packet.
explained() {
	python3 - /run/weir/control.sock "$IN" <<-'PYTHON'
		import json, socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		f = s.makefile()
		def ask(request):
		    s.sendall(request.encode() + b"\n")
		    rows = []
		    for line in f:
		        if line == "\n":
		            return rows
		        rows.append(json.loads(line))
		status = ask("status")[0]
		d = status["dump"]
		r = [r for r in ask("ledger") if r["in_iface"] == sys.argv[2]][0]
		lost = sum(r["records"]["lost"].values())
		print(r["arrived"]["packets"] - d["kept"] - d["passed_over"] - lost, r["balanced"], d["kept"], d["passed_over"], status["windows"])
	PYTHON
}

is_explained() {
	[[ $(explained) == "0 True "* ]]
}

flood() {
	local before after
	before=$(explained)
	send "$(thin 400000)" 128 >/dev/null
	ok "a flood: kept + passed over + lost is what arrived, to the packet" wait_for "$PATIENCE" is_explained
	after=$(explained)
	note "before: $before; after: $after (difference, balanced, kept, passed over, windows)"
	# Of each window `rate` and a little for CPUs that meet, and the first payloads.
	ok "no more are kept than are wanted" python3 - "$before" "$after" "$(nproc)" <<-'PYTHON'
		import sys
		(_, _, k0, p0, w0), (_, _, k1, p1, w1) = (line.split() for line in sys.argv[1:3])
		cpus = int(sys.argv[3])
		windows = int(w1) - int(w0) + 2
		sys.exit(int(k1) - int(k0) > windows * (2000 + cpus + 1000 * cpus) or int(p1) <= int(p0))
	PYTHON
	is "the newest of them are whole" "$(dump --packets 50 --json | grep -c '"caplen":128')" 50
}

# ---- settings ------------------------------------------------------------------------

reload() {
	"$WEIR" config reload -c "$CONF" 2>&1
}

settings() {
	local n
	n=$(state packets)
	conf "size = 8MiB"
	is "another size is taken by a reload" "$(reload)" reloaded
	is "and takes over what there is" "$(state packets) $(state bytes)" "$n 8388608"
	conf "size = 0"
	reload >/dev/null
	dump
	is "off: exit status 1" "$RC" 1
	like "and what is to be configured" "$(cat "$TMP/dump.err")" "set 'size = 12MiB' in \[dump\] of the configuration, then 'weir config reload'"
	is "status tells of none" "$(state bytes)" none
	conf "size = 1MiB" "snap = 64" "sample = 10"
	reload >/dev/null
	is "on again: nothing is left of before" "$(state packets)" 0
	in_ns "$A" ping -q -c 100 -i 0.002 -W 5 10.77.0.2 >/dev/null
	# One flow: its two first payloads, and every tenth of the others.
	ok "every tenth packet" wait_for "$PATIENCE" kept_is 10
	ok "and not more" test "$(state kept)" -le 13
	is "64 bytes of each" "$(dump --json icmp | grep -c '"len":98,"caplen":64')" "$(dump icmp | wc -l)"
	ok "also of these every packet is explained" wait_for "$PATIENCE" passed_is 80
	conf "size = 1000"
	like "a size that is too small is refused" "$(reload)" "dump.size: 0, or 1MiB or more"
	conf "snap = 65535"
	like "and more than the kernel's ring takes" "$(reload)" "dump.rate: .*more than 8 MiB a second"
	conf
}

passed_is() {
	[ "$(state passed_over)" -ge "$1" ]
}

# ---- other hooks, the page -----------------------------------------------------------

both_ways() {
	start --out || return
	in_ns "$A" ping -q -c 5 -i 0.01 -W 5 10.77.0.2 >/dev/null
	ok "both ways: what came and what left is kept" wait_for "$PATIENCE" kept_is 10
	dump -w "$TMP/both.pcapng" icmp
	if type -P tshark >/dev/null; then
		is "with its direction" "$(tshark -r "$TMP/both.pcapng" -T fields -e icmp.type -e frame.packet_flags 2>/dev/null |
			sort | uniq -c | sed 's/^ *//')" "5 0	0x00000002
5 8	0x00000001"
	else
		skip "tshark is not installed"
	fi
	stop
}

packet_socket() {
	local n
	start --hook packet || return
	n=$(send 200 128 2000)
	ok "on the packet socket: all of few" wait_for "$PATIENCE" kept_is "$n"
	is "as lines" "$(dump udp | wc -l)" "$n"
	send "$(thin 100000)" 128 >/dev/null
	ok "of many the rest is passed over" wait_for "$PATIENCE" passed_is 1
	stop
}

# get PATH EXPRESSION: Python over rows.
get() {
	python3 - "$1" "$2" <<-'PYTHON' 2>&1 | tail -n 1
		import json, sys, urllib.request
		text = urllib.request.urlopen("http://127.0.0.1:9347" + sys.argv[1], timeout=20).read().decode()
		rows = [json.loads(line) for line in text.splitlines()]
		print(eval(sys.argv[2]))
	PYTHON
}

page() {
	start --page 127.0.0.1:9347 || return
	send 100 128 1000 >/dev/null
	wait_for "$PATIENCE" kept_is 100
	is "the page gets the last twenty packets of a service" \
		"$(get "/api/dump?count=20&filter=udp+port+9" "len(rows), rows[0]['dest_port'], rows[-1]['event_type'], rows[-1]['kept']")" \
		"(21, 9, 'dump', 100)"
	is "and no byte of what was said" "$(get "/api/dump" "any('payload' in r for r in rows)")" False
	stop
}

conf
dump
is "without a daemon: exit status 1" "$RC" 1
start || finish
lines
files 300
cut
flood
settings
stop
both_ways
packet_socket
page
finish
