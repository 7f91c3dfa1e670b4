#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What goes out of a running daemon, read by those it is for: files, a unix socket, nfcapd, an IPFIX stream, an OTLP
# server. Their packets and bytes are the ledger's, exactly, also when outputs are added and removed under traffic, when a
# reader ends and comes again, does not read, or a disk is full. Nobody who reads is waited for.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh; CONF, SOCKET, D, RC: by daemon.sh
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

# shellcheck disable=SC2034 # OUT, MAC, NS: for daemon.sh
A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
# shellcheck disable=SC2034
MAC=02:77:00:00:00:02
mkdir -m 777 "$TMP/weir"
EVE=$TMP/weir/eve.json
SIZE=128
TIMES="[flow]
idle = 1s
active = 10s"

have() {
	type -P "$1" >/dev/null && return
	skip "needs $1"
	return 1
}

# outputs LINE...: the configuration with these lines in [output]; totals each second.
outputs() {
	conf "interfaces = $IN" "$TIMES" "[output]" "eve_stats = 1s" "otlp_interval = 1s" "$@"
}

# sums FILE...: flow events, their packets and bytes, and what the last totals say of packets without a flow.
sums() {
	python3 - "$@" <<-'PYTHON'
		import json, sys
		flows = packets = bytes_ = 0
		total = {"other": {"packets": 0, "bytes": 0}, "not_ip": {"packets": 0, "bytes": 0}}
		for path in sys.argv[1:]:
		    for line in open(path):
		        o = json.loads(line)
		        if o["event_type"] == "flow":
		            flows += 1
		            packets += o["flow"]["pkts_toserver"] + o["flow"]["pkts_toclient"]
		            bytes_ += o["flow"]["bytes_toserver"] + o["flow"]["bytes_toclient"]
		        elif o["event_type"] == "stats":
		            total = o["total"]
		print(flows, packets + total["other"]["packets"] + total["not_ip"]["packets"],
		      bytes_ + total["other"]["bytes"] + total["not_ip"]["bytes"], packets, bytes_)
	PYTHON
}

# of_all TEXT: packets and bytes of all, of what sums says.
of_all() {
	local flows packets bytes
	read -r flows packets bytes _ <<<"$1"
	echo "$packets $bytes"
}

# row_of NAME KEY: of the output whose name begins so, in weir status.
row_of() {
	said status "[o['$2'] for o in rows[0]['outputs']['to'] if o['output'].startswith('$1')][0]"
}

trouble_of() {
	said status "[o.get('trouble', '') for o in rows[0]['outputs']['to'] if o['output'].startswith('$1')][0]"
}

sender() {
	said status 'rows[0].get("outputs", {}).get("pid", 0)'
}

another_sender() {
	local pid
	pid=$(sender)
	[ "$pid" != 0 ] && [ "$pid" != "$1" ]
}

# The ledger's packets and bytes of the interface.
ledger() {
	raw ledger "[(r['arrived']['packets'], r['arrived']['bytes'], r['balanced']) for r in rows if r['in_iface'] == '$IN'][0]"
}

no_flows() {
	[ "$(raw stats 'rows[0]["flows"]["active"]')" = 0 ]
}

nothing_waits() {
	[ "$(said status 'sum(o["waiting"] for o in rows[0]["outputs"]["to"])')" = 0 ]
}

# When all that was sent has been told.
all_told() {
	settle
	wait_for "$PATIENCE" no_flows
	wait_for "$PATIENCE" nothing_waits
}

udp_port() {
	python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

reader() {
	background "$PYTHON" "$WR_HERE/collect.py" "$@"
	READER=$BG
}

killed() {
	kill -KILL "$1"
	wait "$1" 2>/dev/null
}

# ---- all of them, at the same time ---------------------------------------------------

together() {
	local port sent got nf told flows packets bytes in_flows bytes_in_flows
	port=$(udp_port)
	reader lines "$TMP/sock" "$TMP/sock.out"
	reader tcp "$TMP/tcp.port" "$TMP/tcp.ipfix"
	reader otlp "$TMP/otlp.port" "$TMP/otlp.out" "200 ..." --metrics weir.packets,weir.bytes,weir.export.lost
	printf '# for all\nX-Token: secret\n' >"$TMP/headers"
	wait_for "$PATIENCE" test -S "$TMP/sock" -a -s "$TMP/tcp.port" -a -s "$TMP/otlp.port"
	mkdir "$TMP/nf"
	if type -P nfcapd >/dev/null; then
		background nfcapd -b 127.0.0.1 -p "$port" -w "$TMP/nf" -t 86400 -B 4000000 >"$TMP/nf.log" 2>&1
		nf=$BG
		wait_for "$PATIENCE" grep -q Startup "$TMP/nf.log"
	fi
	outputs "eve = $EVE unix:$TMP/sock -" "ipfix = udp:127.0.0.1:$port tcp:127.0.0.1:$(<"$TMP/tcp.port")" \
		"otlp = http://127.0.0.1:$(<"$TMP/otlp.port")/v1/metrics" "otlp_headers_file = $TMP/headers"
	ok "it starts with six outputs" start || finish
	rights
	sent=$(send "$(thin 40000)" $SIZE)
	all_told
	got=$(ledger)
	is "the ledger has what was sent" "$got" "($sent, $((sent * SIZE)), True)"
	ok "status tells all of them, and nothing is lost or wrong" \
		test "$(said status '[(len(rows[0]["outputs"]["to"]), o["lost"], o["waiting"], "trouble" in o) for o in rows[0]["outputs"]["to"]] == [(7, 0, 0, False)] * 7')" = True
	like "also for people" "$(w status)" "^  eve:$EVE: [0-9]+ sent$"
	like "metrics tell what was sent" "$(metrics)" "^weir_export_sent_total\{output=\"eve:$EVE\"\} [1-9][0-9]*$"
	like "and that nothing was lost on the way to the process" "$(metrics)" '^weir_export_lost_total\{output="queue"\} 0$'
	if python3 -c 'import jsonschema' 2>/dev/null; then
		cp "$EVE" "$TMP/raw"
		w status --json >>"$TMP/raw"
		ok "events and status have the shapes of their schemas" shapes "$TMP/raw" flow stats status
	else
		skip "python3-jsonschema is not installed"
	fi
	if type -P promtool >/dev/null; then
		is "promtool check metrics has nothing to say" "$(metrics | promtool check metrics 2>&1)" ""
	else
		skip "needs promtool"
	fi
	wait_for "$PATIENCE" otlp_has "$sent"
	is "otlp: the interface's packets and bytes, and bodies as they should be" "$(otlp_last)" "$sent $((sent * SIZE)) [] secret"
	stop
	is "it ends well" "$RC" 0
	told=$(sums "$EVE")
	read -r flows packets bytes in_flows bytes_in_flows <<<"$told"
	is "file: packets and bytes of all flows, and of those without one, are the ledger's" \
		"$packets $bytes" "$sent $((sent * SIZE))"
	note "$flows flows, $((sent - in_flows)) packets found no row in the kernel"
	ok "file: thousands of flows" test "$flows" -ge 4000
	is "standard output has the same" "$(sums "$TMP/out")" "$told"
	is "so has the unix socket" "$(sums "$TMP/sock.out")" "$told"
	if type -P nfcapd >/dev/null; then
		kill "$nf"
		wait "$nf" 2>/dev/null
		like "nfcapd has the same flows, packets and bytes, without a gap" "$(<"$TMP/nf.log")" \
			"Flows: $flows, Packets: $in_flows, Bytes: $bytes_in_flows, Sequence Errors: 0, Bad Packets: 0"
	else
		skip "needs nfcapd"
	fi
	if have tshark; then
		is "tshark has the same from the IPFIX stream" "$(tshark_sums "$TMP/tcp.ipfix")" "$flows $in_flows $bytes_in_flows"
	fi
}

rights() {
	local pid
	pid=$(sender)
	like "the process that sends is nobody's" "$(cat "/proc/$pid/status")" "^Uid:	65534	65534	65534	65534$"
	like "without a capability" "$(cat "/proc/$pid/status")" "^CapPrm:	0000000000000000$"
	like "shut in by seccomp" "$(cat "/proc/$pid/status")" "^Seccomp:	2$"
	is "it has nothing of the kernel's maps" "$(grep -c bpf-map "/proc/$pid/maps")" 0
	is "nor a descriptor of them" "$(find "/proc/$pid/fd" -lname '*bpf*' | wc -l)" 0
}

metrics() {
	python3 - "$SOCKET" <<-'PYTHON'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(b"metrics\n")
		for line in s.makefile():
		    if line == "\n":
		        break
		    print(line, end="")
	PYTHON
}

otlp_last() {
	python3 - "$TMP/otlp.out" "$IN" <<-'PYTHON'
		import json, sys
		last = [json.loads(line) for line in open(sys.argv[1])][-1]
		def of(name):
		    return sum(v for k, v in last["metrics"].items() if k.startswith(name + "{") and "interface=" + sys.argv[2] in k)
		print(of("weir.packets"), of("weir.bytes"), last["wrong"], last["token"])
	PYTHON
}

otlp_has() {
	otlp_last | grep -q "^$1 "
}

# Data records of the stream, by an independent dissector, which needs the messages in packets.
tshark_sums() {
	tshark -r "$1" -T fields -e cflow.packets -e cflow.octets -e cflow.flow_end_reason 2>/dev/null >"$TMP/tshark"
	python3 - "$TMP/tshark" <<-'PYTHON'
		import sys
		sums, flows = [0, 0], 0
		for line in open(sys.argv[1]):
		    f = line.rstrip("\n").split("\t")
		    for i in 0, 1:
		        sums[i] += sum(int(v) for v in f[i].split(",") if v)
		    flows += len([v for v in f[2].split(",") if v])
		print(flows, *sums)
	PYTHON
}

# ---- reloads under traffic -----------------------------------------------------------

reloads() {
	local rx0 rx sent i pid
	rm -f "$EVE" "$EVE".*
	outputs "eve = $EVE"
	start || return
	rx0=$(rx_packets "$B" "$IN")
	background send "$(thin 200000)" $SIZE $((25000 / THIN)) >"$TMP/sent"
	SENDER=$BG
	for i in 1 2 3 4 5; do
		pid=$(sender)
		mv "$EVE" "$EVE.$i"
		case $i in
		1) outputs "eve = $EVE $TMP/weir/second.json" ;;
		2) outputs "eve = $EVE $TMP/weir/second.json" "ipfix = udp:127.0.0.1:$(udp_port)" ;;
		3) outputs "eve = $EVE" ;;
		4) outputs "eve = $EVE unix:$TMP/nobody" "otlp = http://127.0.0.1:1/v1/metrics" ;;
		5) outputs "eve = $EVE" ;;
		esac
		is "reload $i, the file rotated" "$(raw reload 'rows[0]["done"]')" True
		ok "the outputs' process is another one" wait_for "$PATIENCE" another_sender "$pid"
	done
	wait_for "$PATIENCE" wr_gone "$SENDER"
	all_told
	rx=$(($(rx_packets "$B" "$IN") - rx0))
	is "five reloads: the ledger has what the interface counted" "$(ledger)" "($rx, $((rx * SIZE)), True)"
	is "no window is missing" "$(missing_windows)" "[]"
	stop
	sent=$(sums "$EVE".* "$EVE")
	is "and the files together: no flow is missing, none is twice" "$(of_all "$sent")" "$rx $((rx * SIZE))"
	ok "the output that was there for a while has a part" test -s "$TMP/weir/second.json"
	is "the one that nobody listened to did not hold up the others" "$(grep -c 'not balanced' "$TMP/err")" 0
}

# Totals are written each second: windows that no line tells of.
missing_windows() {
	python3 - "$EVE".* "$EVE" <<-'PYTHON'
		import json, sys
		seen = set()
		for path in sys.argv[1:]:
		    for line in open(path):
		        o = json.loads(line)
		        if o["event_type"] == "stats":
		            seen.add(o["window"])
		print(sorted(set(range(min(seen), max(seen) + 1)) - seen))
	PYTHON
}

# ---- readers that go, do not read, come later ----------------------------------------

comes_later() {
	local rx0 rx all
	rm -f "$EVE" "$TMP/sock" "$TMP/sock.out"
	outputs "eve = $EVE unix:$TMP/sock"
	start || return
	rx0=$(rx_packets "$B" "$IN")
	send "$(thin 5000)" $SIZE >/dev/null
	settle
	wait_for "$PATIENCE" no_flows
	like "nobody listens: status says so" "$(trouble_of eve:unix)" "No such file|refused"
	ok "what was told waits" test "$(row_of eve:unix waiting)" -gt 100
	reader lines "$TMP/sock" "$TMP/sock.out"
	ok "a reader that comes later gets it" wait_for "$PATIENCE" nothing_waits
	is "and nothing is wrong any more" "$(trouble_of eve:unix)" ""
	killed "$READER"
	send "$(thin 5000)" $SIZE >/dev/null
	settle
	wait_for "$PATIENCE" no_flows
	ok "it is killed: what is told meanwhile waits" test "$(row_of eve:unix waiting)" -gt 100
	raw reload 1 >/dev/null
	ok "also over a reload" wait_for "$PATIENCE" waits_still
	reader lines "$TMP/sock" "$TMP/sock.out"
	ok "started again it gets the rest" wait_for "$PATIENCE" nothing_waits
	rx=$(($(rx_packets "$B" "$IN") - rx0))
	stop
	all=$(sums "$EVE")
	is "the file has everything" "$(of_all "$all")" "$rx $((rx * SIZE))"
	is "and both readers together, to the line" "$(sums "$TMP/sock.out")" "$all"
	killed "$READER"
}

waits_still() {
	[ "$(row_of eve:unix waiting)" -gt 100 ]
}

# A reader that is stopped costs lines of its own output, and nobody else anything.
does_not_read() {
	local rx0 rx all sent lost waiting began
	rm -f "$EVE" "$TMP/sock" "$TMP/sock.out"
	reader lines "$TMP/sock" "$TMP/sock.out"
	wait_for "$PATIENCE" test -S "$TMP/sock"
	outputs "eve = $EVE unix:$TMP/sock" "buffer = 1MiB"
	start || return
	settle
	kill -STOP "$READER"
	rx0=$(rx_packets "$B" "$IN")
	began=$(raw stats 'rows[0]["window"]')
	send "$(thin 40000)" $SIZE $((8000 / THIN)) >/dev/null
	settle
	wait_for "$PATIENCE" no_flows
	lost=$(row_of eve:unix lost)
	waiting=$(row_of eve:unix waiting)
	ok "a reader that does not read: what finds no room is lost, and counted" test "$lost" -gt 100
	note "lost $lost, waiting $waiting, windows since $(($(raw stats 'rows[0]["window"]') - began))"
	is "the file loses nothing" "$(row_of "eve:/" lost)" 0
	is "nor does the queue" "$(row_of queue lost)" 0
	is "no window is missing" "$(missing_windows)" "[]"
	kill -CONT "$READER"
	ok "when it reads again it gets what waited" wait_for "$PATIENCE" nothing_waits
	sent=$(row_of eve:unix sent)
	lost=$(row_of eve:unix lost)
	stop
	rx=$(($(rx_packets "$B" "$IN") - rx0))
	all=$(sums "$EVE")
	is "the file has everything" "$(of_all "$all")" "$rx $((rx * SIZE))"
	is "lines that came and lines that were lost are all" \
		"$(($(wc -l <"$TMP/sock.out") + lost))" "$(wc -l <"$EVE")"
	ok "its lines are whole" lines_are_whole "$TMP/sock.out"
	ok "sent is what it has" test "$(wc -l <"$TMP/sock.out")" -ge "$sent"
	killed "$READER"
}

lines_are_whole() {
	python3 -c 'import json, sys
for line in open(sys.argv[1]):
    assert line.endswith("\n")
    json.loads(line)' "$1"
}

# ---- a full disk ---------------------------------------------------------------------

disk_is_full() {
	[[ $(trouble_of "eve:$TMP/small") == *"No space left"* ]]
}

full_disk() {
	local rx0 rx all small
	mkdir "$TMP/small"
	mount -t tmpfs -o size=512k,mode=777 tmpfs "$TMP/small" || { skip "cannot mount a small file system"; return; }
	rm -f "$EVE"
	outputs "eve = $TMP/small/eve.json $EVE" "buffer = 1MiB"
	start || return
	rx0=$(rx_packets "$B" "$IN")
	send "$(thin 20000)" $SIZE $((8000 / THIN)) >/dev/null
	settle
	wait_for "$PATIENCE" no_flows
	ok "a full disk: status says so" wait_for "$PATIENCE" disk_is_full
	like "and the log" "$(<"$TMP/err")" "outputs: $TMP/small/eve.json: No space left"
	ok "what finds no room is counted" test "$(row_of "eve:$TMP/small" lost)" -gt 100
	is "the other file loses nothing" "$(row_of "eve:$EVE" lost)" 0
	mount -o remount,size=64m "$TMP/small"
	ok "when there is room again it goes on" wait_for "$PATIENCE" nothing_waits
	send "$(thin 5000)" $SIZE >/dev/null
	all_told
	small=$(row_of "eve:$TMP/small" lost)
	stop
	rx=$(($(rx_packets "$B" "$IN") - rx0))
	all=$(sums "$EVE")
	is "the other file has everything" "$(of_all "$all")" "$rx $((rx * SIZE))"
	ok "lines are whole, also where the disk was full" lines_are_whole "$TMP/small/eve.json"
	is "and with those that were lost they are all" "$(($(wc -l <"$TMP/small/eve.json") + small))" "$(wc -l <"$EVE")"
	umount "$TMP/small"
}

# ---- the process is killed -----------------------------------------------------------

again() {
	local rx0 rx pid all i
	rm -f "$EVE"
	outputs "eve = $EVE"
	start || return
	rx0=$(rx_packets "$B" "$IN")
	background send "$(thin 60000)" $SIZE $((12000 / THIN)) >"$TMP/sent"
	SENDER=$BG
	for i in 1 2 3; do
		pid=$(sender)
		kill -KILL "$pid"
		ok "killed, it is started again ($i)" wait_for "$PATIENCE" another_sender "$pid"
	done
	wait_for "$PATIENCE" wr_gone "$SENDER"
	all_told
	rx=$(($(rx_packets "$B" "$IN") - rx0))
	is "the daemon has not noticed" "$(ledger)" "($rx, $((rx * SIZE)), True)"
	is "status tells how often" "$(said status 'rows[0]["outputs"]["restarts"]')" 3
	stop
	all=$(sums "$EVE")
	all=$(of_all "$all")
	ok "no flow is lost by that (a batch may be told twice)" test "${all%% *}" -ge "$rx"
	note "told ${all%% *} packets of $rx"
	rm -f "$EVE"
	start || return
	rx0=$(rx_packets "$B" "$IN")
	send "$(thin 5000)" $SIZE >/dev/null
	settle
	kill -KILL "$D"
	wait "$D" 2>/dev/null
	ok "the daemon is killed: no process stays" wait_for "$PATIENCE" no_process
	ok "and what was told before is whole" lines_are_whole "$EVE"
}

no_process() {
	! pgrep -f "run -c $CONF" >/dev/null
}

# ---- one that cannot be opened any more ----------------------------------------------

# What one output needs is gone when the process is started again: the others go on, that one tells why and counts what it loses,
# and goes on when it is mended.
away() {
	local pid sent got lost
	rm -f "$EVE"
	mkdir -p "$TMP/rows"
	chown nobody "$TMP/rows"
	reader otlp "$TMP/away.port" "$TMP/away.out" "200 ..." --metrics weir.packets
	wait_for "$PATIENCE" test -s "$TMP/away.port"
	printf 'X-Token: secret\n' >"$TMP/headers"
	outputs "eve = $EVE" "features = $TMP/rows" "otlp = http://127.0.0.1:$(<"$TMP/away.port")/v1/metrics" "otlp_headers_file = $TMP/headers"
	ok "it starts with a folder and with headers" start || return
	rm -r "$TMP/rows" "$TMP/headers"
	pid=$(sender)
	kill -KILL "$pid"
	ok "without both, killed, it is started again" wait_for "$PATIENCE" another_sender "$pid"
	sent=$(send "$(thin 5000)" $SIZE)
	all_told
	got=$(sums "$EVE")
	ok "the file has what was sent" test "$(cut -d ' ' -f 1 <<<"$(of_all "$got")")" -gt 0
	like "the folder's trouble is told" "$(trouble_of features:)" "$TMP/rows"
	like "that of the headers, too" "$(trouble_of otlp:)" "otlp_headers_file"
	lost=$(row_of features: lost)
	ok "what finds no folder is counted" test "$lost" -gt 0
	is "the file loses nothing" "$(row_of "eve:$EVE" lost)" 0
	is "and nothing is started again and again" "$(said status 'rows[0]["outputs"]["restarts"]')" 1
	mkdir "$TMP/rows"
	chown nobody "$TMP/rows"
	printf 'X-Token: secret\n' >"$TMP/headers"
	pid=$(sender)
	kill -HUP "$D"
	ok "mended, a reload takes both up again" wait_for "$PATIENCE" another_sender "$pid"
	wait_for "$PATIENCE" no_trouble
	is "without trouble" "$(trouble_of features:)$(trouble_of otlp:)" ""
	stop
	note "$sent packets, $lost rows without a folder"
}

no_trouble() {
	[ -z "$(trouble_of features:)$(trouble_of otlp:)" ]
}

# ---- what payloads say ---------------------------------------------------------------

# One flow each of HTTP, DNS and SSH; names that somebody chose to do harm. Connections stay open until the end of CLIENT.
talk() {
	background_in "$B" "$PYTHON" -S -c '
import socket, time
s = socket.create_server(("10.77.0.2", 80))
t = socket.create_server(("10.77.0.2", 22))
open("'"$TMP"'/listens", "w").close()
kept = []
for x, text in (s, b"HTTP/1.1 200 OK\r\n\r\n"), (t, b"SSH-2.0-Harm<script>\r\n"):
    c = x.accept()[0]
    c.recv(1000)
    c.sendall(text)
    kept.append(c)
time.sleep(600)
'
	SERVER=$BG
	wait_for "$PATIENCE" test -e "$TMP/listens"
	background_in "$A" "$PYTHON" -S -c '
import socket, time
kept = []
def ask(port, text):
    s = socket.create_connection(("10.77.0.2", port))
    s.sendall(text)
    s.recv(1000)
    kept.append(s)
ask(80, b"GET /<script>alert(1)</script>?password=geheim HTTP/1.1\r\nHost: \"><script>alert(2)</script>\\\r\nCookie: geheim\r\n\r\n")
ask(22, b"SSH-2.0-client_1\r\n")
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
name = b"\"}\n{<script>\x1b[2J\xff"
u.sendto(b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + bytes([len(name)]) + name + b"\7example\0\0\x1c\0\1", ("10.77.0.2", 53))
open("'"$TMP"'/asked", "w").close()
time.sleep(600)
'
	CLIENT=$BG
	wait_for "$PATIENCE" test -e "$TMP/asked"
}

payloads() {
	rm -f "$EVE"
	conf "interfaces = $IN" "[flow]" "idle = 60s" "[output]" "eve = $EVE" "eve_stats = 1s"
	start || return
	talk
	settle
	is "flows tell what was asked for: HTTP, without the query" \
		"$(said flows "[(r['http']['http_method'], r['http']['url'], r['http']['hostname'], r['http'].get('status')) for r in rows if r.get('app_proto') == 'http']")" \
		"[('GET', '/<script>alert(1)</script>', '\"><script>alert(2)</script>\\\\x5c', None)]"
	is "DNS, every byte of the name printable" \
		"$(said flows "[(r['dns']['rrname'], r['dns']['rrtype']) for r in rows if r.get('app_proto') == 'dns']")" \
		"[('\"}\\\\010{<script>\\\\027[2J\\\\255.example', 'AAAA')]"
	is "SSH" "$(said flows "[r['ssh']['client'] for r in rows if r.get('app_proto') == 'ssh']")" \
		"[{'proto_version': '2.0', 'software_version': 'client_1'}]"
	is "services tell what they speak" \
		"$(said services "sorted((r['dest_port'], r.get('app_proto')) for r in rows if r.get('dest_port') in (22, 53, 80))")" \
		"[(22, 'ssh'), (53, 'dns'), (80, 'http')]"
	w flows --json >"$TMP/raw"
	stop
	killed "$CLIENT"
	killed "$SERVER"
	cat "$EVE" >>"$TMP/raw"
	if python3 -c 'import jsonschema' 2>/dev/null; then
		ok "views and events have the shapes of their schemas" shapes "$TMP/raw" flow stats
	else
		skip "python3-jsonschema is not installed"
	fi
	is "events tell the same" "$(python3 -c 'import json, sys
print(sorted(o["app_proto"] for o in map(json.loads, open(sys.argv[1])) if "app_proto" in o))' "$EVE")" "['dns', 'http', 'ssh']"
	nok "and no secret" grep -q geheim "$TMP/raw"
}

# ---- configuration -------------------------------------------------------------------

wrong_conf() {
	local rc=0 text
	outputs "eve = eve.json" "ipfix = collector" "otlp = ftp://host/"
	text=$("$WEIR" run -c "$CONF" 2>&1) || rc=$?
	is "wrong places: the exit status is 2" "$rc" 2
	like "each is told: eve" "$text" "output.eve: 'eve.json': expected a path that begins with '/'"
	like "ipfix" "$text" "output.ipfix: 'collector': expected udp:HOST:PORT"
	like "otlp" "$text" "output.otlp: 'ftp://host/': expected http://"
	outputs "otlp = http://127.0.0.1:1/" "otlp_headers_file = $TMP/none"
	rc=0
	text=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1) || rc=$?
	is "headers that cannot be read: 2" "$rc" 2
	like "are told" "$text" "output.otlp_headers_file: $TMP/none: No such file"
	rc=0
	outputs "eve = $TMP/nowhere/eve.json"
	text=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1) || rc=$?
	is "a file that cannot be made: 2" "$rc" 2
	like "is told" "$text" "output.eve: $TMP/nowhere/eve.json: No such file"
}

wrong_conf
together
payloads
reloads
comes_later
does_not_read
full_disk
again
away
finish
