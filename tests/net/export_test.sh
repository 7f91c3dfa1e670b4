#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What goes out, read by those it is for: promtool and the OpenMetrics parser of Prometheus' Python client,
# nfcapd, ipfixDump and tshark, an OTLP server that is not always well, JSON and CSV readers. What they count
# is held against what the capture was made of.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
need_root
need python3 tcpdump

[ -x "$WEIR" ] || skip_all "needs $WEIR"
MEASURE=${WEIR_BUILD:-$WR_ROOT/build}/measure
[ -x "$MEASURE" ] || skip_all "needs $MEASURE"
PATIENCE=20

read -r PACKETS BYTES NOT_IP < <(python3 "$WR_HERE/capture.py" "$TMP/c.pcapng")
ARP_BYTES=$((NOT_IP * 42))
IP_PACKETS=$((PACKETS - NOT_IP)) IP_BYTES=$((BYTES - ARP_BYTES))

have() {
	type -P "$1" >/dev/null && return
	skip "needs $1"
	return 1
}

# export WHAT...: stdout in $TMP/out, the last line of stderr in TOLD.
export_() {
	"$WEIR" export "$@" >"$TMP/out" 2>"$TMP/err"
	RC=$?
	TOLD=$(tail -n 1 "$TMP/err")
	FLOWS=${TOLD%% *}
}

# free_port udp|tcp: a port that nobody has.
free_port() {
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# ---- CSV and events ------------------------------------------------------------------

export_ flows "$TMP/c.pcapng"
is "csv: status" "$RC" 0
is "csv: what was exported is what the capture holds" "$TOLD" \
	"$FLOWS flows, $IP_PACKETS packets, $IP_BYTES bytes; $NOT_IP packets were not IP"
ALL=$FLOWS
like "csv: there are thousands of flows, some of them told in parts" "$ALL" '^3[01][0-9]{2}$'

csv_sums() {
	python3 - "$TMP/out" <<'PY'
import csv, math, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
wrong = [r for r in rows if None in r or None in r.values()]
numbers = [float(v) for r in rows for k, v in r.items() if v and ("_s" in k[-2:] or "per" in k or "share" in k)]
assert all(math.isfinite(n) for n in numbers), "infinite"
print(len(rows), sum(int(r["pkts_toserver"]) + int(r["pkts_toclient"]) for r in rows),
      sum(int(r["bytes_toserver"]) + int(r["bytes_toclient"]) for r in rows), len(wrong),
      *sorted(set(r.get("in_iface", "") for r in rows)))
PY
}

is "csv: a reader finds the same flows, packets and bytes, and both interfaces" "$(csv_sums)" \
	"$ALL $IP_PACKETS $IP_BYTES 0 eth0 we\"ird\\"
export_ features "$TMP/c.pcapng"
is "features: the same flows as numbers, none of them infinite" "$(csv_sums)" "$ALL $IP_PACKETS $IP_BYTES 0 "
export_ flows "$TMP/c.pcapng" --format "csv:$TMP/f.csv" tcp port 443
ok "csv: into a file, with a filter" test "$RC" = 0 -a -s "$TMP/f.csv" -a "$FLOWS" -lt "$ALL"
export_ flows "$TMP/c.pcapng" --format "csv:$TMP/c.pcapng"
is "not onto the file that is read: status" "$RC" 2
export_ features "$TMP/c.pcapng" --format eve
is "features only as CSV and Parquet: status" "$RC" 2
export_ flows "$TMP/c.pcapng" --format xml
is "an unknown format: status" "$RC" 2
export_ flows "$TMP/nothing.pcap"
is "no such file: status" "$RC" 2
export_ flows "$TMP/c.pcapng" --format csv:/dev/full
is "a full disk: status" "$RC" 1
like "a full disk: said" "$TOLD" "No space left"

# A disk on which a small file has room, but no large one.
mkdir "$TMP/disk" && mount -t tmpfs -o size=256k tmpfs "$TMP/disk"
export_ flows "$TMP/c.pcapng" --format "parquet:$TMP/disk/f.parquet" host 10.1.0.1
is "parquet: status" "$RC" 0
cp "$TMP/disk/f.parquet" "$TMP/old.parquet"
dd if=/dev/zero of="$TMP/disk/filler" bs=4k 2>/dev/null
export_ flows "$TMP/c.pcapng" --format "parquet:$TMP/disk/f.parquet"
is "parquet onto a full disk: status" "$RC" 1
like "parquet onto a full disk: said" "$(<"$TMP/err")" "f.parquet: No space left"
ok "what stood there before still does" cmp "$TMP/disk/f.parquet" "$TMP/old.parquet"
is "and nothing beside it" "$(ls "$TMP/disk")" "$(printf 'f.parquet\nfiller')"
rm "$TMP/disk/filler"
export_ flows "$TMP/c.pcapng" --format "parquet:$TMP/disk/f.parquet"
ok "with room again the new one takes its place" test "$RC" = 0 -a "$(head -c 4 "$TMP/disk/f.parquet")" = PAR1
nok "and is another one" cmp -s "$TMP/disk/f.parquet" "$TMP/old.parquet"
umount "$TMP/disk"

eve_sums() {
	python3 - "$1" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
print(len(rows), sum(r["flow"]["pkts_toserver"] + r["flow"]["pkts_toclient"] for r in rows),
      sum(r["flow"]["bytes_toserver"] + r["flow"]["bytes_toclient"] for r in rows))
PY
}

export_ flows "$TMP/c.pcapng" --format eve
is "events: a line each, with the same packets and bytes" "$(eve_sums "$TMP/out")" "$ALL $IP_PACKETS $IP_BYTES"
background python3 "$WR_HERE/collect.py" unix "$TMP/sock" "$TMP/sock.out"
wait_for "$PATIENCE" test -S "$TMP/sock"
export_ flows "$TMP/c.pcapng" --format "eve:unix:$TMP/sock"
wait "$BG"
is "events: the same to a unix socket" "$RC $(eve_sums "$TMP/sock.out")" "0 $ALL $IP_PACKETS $IP_BYTES"
export_ flows "$TMP/c.pcapng" --format "eve:unix:$TMP/nobody"
is "events: nobody listens: status" "$RC" 2

# ---- IPFIX ---------------------------------------------------------------------------

collected() {
	grep -q "New ipfix exporter" "$TMP/nf.log"
}

# Has the collector taken all datagrams from its socket?
read_all() {
	[ "$(ss -Huln "sport = :$PORT" | awk '{ print $2 }')" = 0 ]
}

# Has the dump a datagram that was sent after all others? A packet on the way into a file cannot be asked for.
dumped_all() {
	echo -n "the end" >"/dev/udp/127.0.0.1/$PORT"
	grep -q "the end" "$TMP/udp.pcap"
}

if have nfcapd; then
	PORT=$(free_port)
	mkdir "$TMP/nf"
	background nfcapd -b 127.0.0.1 -p "$PORT" -w "$TMP/nf" -t 86400 -B 4000000 >"$TMP/nf.log" 2>&1
	NF=$BG
	wait_for "$PATIENCE" grep -q Startup "$TMP/nf.log"
	background tcpdump -i lo -U -w "$TMP/udp.pcap" -B 8192 "udp port $PORT" 2>"$TMP/tcpdump.log"
	DUMP=$BG
	wait_for "$PATIENCE" grep -q "listening on" "$TMP/tcpdump.log"
	export_ flows "$TMP/c.pcapng" --format "ipfix:127.0.0.1:$PORT"
	is "ipfix, UDP: status" "$RC" 0
	wait_for "$PATIENCE" collected
	wait_for "$PATIENCE" read_all
	kill "$NF"
	wait "$NF" 2>/dev/null
	wait_for "$PATIENCE" dumped_all
	kill "$DUMP"
	wait "$DUMP" 2>/dev/null
	like "nfcapd: flows, packets and bytes as weir counts them, no sequence errors, no bad packets" \
		"$(<"$TMP/nf.log")" \
		"Flows: $ALL, Packets: $IP_PACKETS, Bytes: $IP_BYTES, Sequence Errors: 0, Bad Packets: 0"
	# shellcheck disable=SC2012
	is "nfdump reads what it stored" "$(nfdump -r "$(ls "$TMP"/nf/nfcapd.2* | head -n 1)" -I 2>/dev/null |
		sed -n 's/^\(Flows\|Packets\|Bytes\): //p' | tr '\n' ' ')" "$ALL $IP_PACKETS $IP_BYTES "
fi

tshark_sums() {
	tshark "$@" -T fields -e cflow.packets -e cflow.octets -e cflow.flow_end_reason -e _ws.malformed \
		-e _ws.expert.message 2>/dev/null >"$TMP/tshark"
	python3 - "$TMP/tshark" <<'PY'
import sys
sums, reasons, bad = [0, 0], 0, 0
for line in open(sys.argv[1]):
    f = line.rstrip("\n").split("\t")
    for i in 0, 1:
        sums[i] += sum(int(v) for v in f[i].split(",") if v)
    reasons += len([v for v in f[2].split(",") if v])
    bad += bool(f[3] or f[4])
print(reasons, *sums, bad)
PY
}

if have tshark; then
	if [ -s "$TMP/udp.pcap" ]; then
		is "tshark decodes all datagrams without a complaint: flows, packets, bytes" \
			"$(tshark_sums -r "$TMP/udp.pcap" -d "udp.port==$PORT,cflow" -Y "udp.length > 15")" "$ALL $IP_PACKETS $IP_BYTES 0"
		is "no datagram needs to be cut" "$(tshark -r "$TMP/udp.pcap" -Y 'udp.length > 1440 || ip.flags.mf == 1' \
			2>/dev/null | wc -l)" 0
	else
		skip "no datagrams: needs nfcapd"
	fi
	export_ flows "$TMP/c.pcapng" --format "ipfix:$TMP/c.ipfix"
	is "tshark reads an IPFIX file (RFC 5655)" "$(tshark_sums -r "$TMP/c.ipfix")" "$ALL $IP_PACKETS $IP_BYTES 0"
fi

if have ipfixDump; then
	background python3 "$WR_HERE/collect.py" tcp "$TMP/port" "$TMP/tcp.ipfix"
	wait_for "$PATIENCE" test -s "$TMP/port"
	export_ flows "$TMP/c.pcapng" --format "ipfix:tcp:127.0.0.1:$(<"$TMP/port")"
	wait "$BG"
	is "ipfix, TCP: status" "$RC" 0
	ipfixDump -i "$TMP/tcp.ipfix" >"$TMP/dump" 2>&1
	like "ipfixDump reads the stream: flows and two interface names" "$(<"$TMP/dump")" \
		"Messages, $((ALL + 2)) Data Records, 9 Template Records"
	is "and complains of nothing" "$(grep -ciE 'error|warn|malformed' "$TMP/dump")" 0
fi
export_ flows "$TMP/c.pcapng" --format ipfix:127.0.0.1
is "ipfix without a port: status" "$RC" 2
export_ flows "$TMP/c.pcapng" --format "ipfix:tcp:127.0.0.1:$(free_port)"
ok "ipfix, TCP: nobody listens: said, not waited for" test "$RC" = 1

# ---- metrics -------------------------------------------------------------------------

"$MEASURE" text "$TMP/c.pcapng" >"$TMP/text"
"$MEASURE" openmetrics "$TMP/c.pcapng" >"$TMP/open"
if have promtool; then
	is "promtool check metrics has nothing to say" "$(promtool check metrics <"$TMP/text" 2>&1)" ""
fi

parsed() {
	"$PYTHON" - "$TMP/text" "$TMP/open" <<'PY'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as new
from prometheus_client.parser import text_string_to_metric_families as old
def samples(families):
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples
            if not s.name.startswith("process_")}
a, b = samples(old(open(sys.argv[1]).read())), samples(new(open(sys.argv[2]).read()))
assert a == b, set(a.items()) ^ set(b.items())
def total(name):
    return sum(int(v) for (n, l), v in b.items() if n == name)
print(total("weir_packets_total"), total("weir_bytes_total"), total("weir_service_packets_total"),
      total("weir_protocol_bytes_total"), total("weir_packet_size_bytes_count"), total("weir_packet_size_bytes_sum"))
PY
}
# The first python3 may be one that knows nothing of Debian's modules.
for PYTHON in python3 /usr/bin/python3 ''; do
	"$PYTHON" -c 'import prometheus_client' 2>/dev/null && break
done
if [ -n "$PYTHON" ]; then
	is "the parsers of Prometheus' client read both forms, the same values; sums are the capture's" "$(parsed)" \
		"$PACKETS $BYTES $PACKETS $BYTES $PACKETS $BYTES"
else
	skip "needs python3-prometheus-client"
fi

DOC=$WR_ROOT/docs/export.md
is "each metric is told in docs/export.md" "$(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$TMP/text" |
	while read -r name; do grep -q "\`$name\`" "$DOC" || echo "$name"; done)" ""

# ---- OTLP ----------------------------------------------------------------------------

# otlp SCRIPT N: N bodies to a server that answers by SCRIPT; what it saw is in $TMP/seen.
otlp() {
	rm -f "$TMP/port" "$TMP/seen"
	background python3 "$WR_HERE/collect.py" otlp "$TMP/port" "$TMP/seen" "$1"
	wait_for "$PATIENCE" test -s "$TMP/port"
	COUNTS=$("$MEASURE" otlp "$TMP/c.pcapng" "http://127.0.0.1:$(<"$TMP/port")/v1/metrics" "$2" "X-Token: secret" \
		2>"$TMP/err")
	wait "$BG"
	SEEN=$(python3 -c 'import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
print(*[r["status"] for r in rows], len(set(r["body"] for r in rows)), "bodies",
      "fine" if not any(r["wrong"] for r in rows) else rows[0]["wrong"][:5])' "$TMP/seen")
	POINTS=$(python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readline())["points"])' "$TMP/seen")
}

otlp "200 200" 2
is "otlp: two requests of the right shape" "$SEEN" "200 200 1 bodies fine"
is "otlp: all data points are sent" "$COUNTS" "$((2 * POINTS)) $((2 * POINTS)) 0"
is "otlp: path, type and header are those asked for" "$(python3 -c 'import json, sys
r = json.loads(open(sys.argv[1]).readline()); print(r["path"], r["type"], r["token"])' "$TMP/seen")" \
	"/v1/metrics application/json secret"
otlp "503 429 502 504 200" 1
is "otlp: 503, 429, 502 and 504: the same body again" "$SEEN" "503 429 502 504 200 1 bodies fine"
is "otlp: nothing is lost by that" "$COUNTS" "$POINTS $POINTS 0"
like "otlp: it is said" "$(<"$TMP/err")" "HTTP status 503; it is tried again"
otlp "503:2 200" 1
ok "otlp: Retry-After is honoured" python3 -c 'import json, sys
a, b = [json.loads(line)["time"] for line in open(sys.argv[1])]
sys.exit(b - a < 1.9)' "$TMP/seen"
otlp "400 200" 2
is "otlp: 400: that body is lost, the next one goes out" "$SEEN / $COUNTS" \
	"400 200 1 bodies fine / $((2 * POINTS)) $POINTS $POINTS"
otlp "partial:5" 1
is "otlp: what a server rejects is lost, and not sent again" "$SEEN / $COUNTS" \
	"200 1 bodies fine / $POINTS $((POINTS - 5)) 5"
like "otlp: it is said why" "$(<"$TMP/err")" "5 data points were rejected: no"
nok "otlp: a wrong address is refused" "$MEASURE" otlp "$TMP/c.pcapng" ftp://127.0.0.1/ 1 "A: b"
nok "otlp: a wrong header is refused" "$MEASURE" otlp "$TMP/c.pcapng" http://127.0.0.1/ 1 "no colon"
finish
