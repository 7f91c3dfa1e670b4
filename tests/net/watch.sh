# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# `weir watch` under test, for the network scenarios: read this file after lib.sh.
#
# Interface names carry the test's process id, because the ledger is read for the whole host and
# other tests run at the same time.
#
# Environment: WEIR_TEST_THIN=N  a slow machine (an emulated one): fewer packets, fewer scenarios
#              WEIR_SEND         the traffic sender; default: the built one, else compiled here

THIN=${WEIR_TEST_THIN:-1}
PATIENCE=$((THIN > 1 ? 120 : 60)) # seconds before something that should come counts as missing
KERNEL=$(uname -r)
# The program itself: python3 may be a script that looks for it, and -S because sites load much; these tests start it
# a hundred times.
PYTHON=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null)

# thin N: so many packets, or fewer on a slow machine.
thin() {
	local n=$(($1 / THIN))
	echo $((n > 1 ? n : 1))
}

# kernel_is VERSION: this kernel has what came with VERSION.
kernel_is() {
	[ "$(printf '%s\n%s\n' "$1" "$KERNEL" | sort -V | head -n 1)" = "$1" ]
}

find_send() {
	local p built
	built=$(dirname "$WEIR")
	for p in "${WEIR_SEND:-}" "$built/send" "$built/tests/send" "$built/tests/net/send"; do
		[ -x "$p" ] && [ -f "$p" ] && SEND=$p && return
	done
	SEND=$TMP/send
	cc -O2 -o "$SEND" "$WR_HERE/send.c" -lpcap || skip_all "needs the traffic sender"
}

need_weir() {
	[ -x "$WEIR" ] || { echo "Bail out! no program $WEIR"; exit 1; }
	"$WEIR" doctor -i lo >"$TMP/doctor" 2>&1
	! grep -q '^BAD.*BPF' "$TMP/doctor" || skip_all "no right to use BPF here"
	wr_interpreter
}

# One interpreter for all questions: in an emulated machine the start of one takes two seconds of CPU.
wr_interpreter() {
	mkfifo "$TMP/ask" "$TMP/answer"
	background "$PYTHON" -S "$WR_HERE/interpreter.py" "$TMP/ask" "$TMP/answer" "$TMP/answered"
	exec {WR_ASK}>"$TMP/ask" {WR_ANSWER}<"$TMP/answer"
}

# python ARG...: the program on standard input runs as with `python3 - ARG...`; for one at a time.
python() {
	local program rc
	IFS= read -r -d '' program
	printf '%s\0' "$#" "$@" "$program" >&"$WR_ASK"
	read -r rc <&"$WR_ANSWER" || return
	[ ! -s "$TMP/answered" ] || printf '%s\n' "$(<"$TMP/answered")"
	return "$rc"
}

# watching: the program says on which hook it is, or it has ended.
watching() {
	grep -q "^weir: $WATCH_IFACE: " "$TMP/$WATCH_TAG.err" || wr_gone "$W"
}

# watch TAG IFACE [ARG...]: start it; W is its process id; output is in $TMP/TAG.out and .err.
watch() {
	WATCH_TAG=$1 WATCH_IFACE=$2
	shift 2
	: >"$TMP/$WATCH_TAG.err"
	background "$WEIR" watch -i "$WATCH_IFACE" "$@" >"$TMP/$WATCH_TAG.out" 2>"$TMP/$WATCH_TAG.err"
	W=$BG
	watch_up
}

# Up and watching; or else why not.
watch_up() {
	wait_for "$PATIENCE" watching
	! wr_gone "$W" || ! sed 's/^/# /' "$TMP/$WATCH_TAG.err"
}

# watch_rows TAG IFACE [ARG...]: the same with --json, and only the rows of the ledger are kept.
watch_rows() {
	WATCH_TAG=$1 WATCH_IFACE=$2
	shift 2
	: >"$TMP/$WATCH_TAG.err"
	: >"$TMP/$WATCH_TAG.out"
	background "$WEIR" watch --json -i "$WATCH_IFACE" "$@" \
		> >(exec grep -a '"event_type":"ledger"' >"$TMP/$WATCH_TAG.out") 2>"$TMP/$WATCH_TAG.err"
	W=$BG
	watch_up
}

# watch_end [SIGNAL]: ask it to end; RC is its exit status.
watch_end() {
	kill "-${1:-INT}" "$W" 2>/dev/null
	watch_wait
}

watch_wait() {
	wait_for "$PATIENCE" wr_gone "$W" || { note "still there: weir watch $WATCH_TAG"; kill -KILL "$W"; }
	RC=0
	wait "$W" || RC=$?
}

# tcx A IFACE: ids of the programs at TC ingress by link; older versions of bpftool do not know them.
tcx() {
	python "/run/netns/$(ns "$1")" "$2" <<-'PYTHON'
		import ctypes, os, platform, socket, struct, sys
		ctypes.CDLL(None).setns(os.open(sys.argv[1], os.O_RDONLY), 0) # a child's: ours stays
		BPF_PROG_QUERY, TCX_INGRESS = 16, 46
		number = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}[platform.machine()]
		ids = (ctypes.c_uint32 * 32)()
		attr = struct.pack("=IIIIQII4Q", socket.if_nametoindex(sys.argv[2]), TCX_INGRESS, 0, 0,
		                   ctypes.addressof(ids), 32, 0, 0, 0, 0, 0)
		attr = ctypes.create_string_buffer(attr)
		if ctypes.CDLL(None).syscall(number, BPF_PROG_QUERY, attr, len(attr) - 1) == 0:
		    count = struct.unpack_from("=I", attr, 24)[0]
		    print(*ids[:count], sep="\n", end="\n" if count else "")
	PYTHON
}

# hold_board IFACE: keeps the board of that interface alive until it is killed; says how many there are.
hold_board() {
	exec "$PYTHON" -S - "$1" <<-'PYTHON'
		import ctypes, mmap, platform, struct, sys, time
		BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID = 12, 14
		number = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}[platform.machine()]
		libc, at, held = ctypes.CDLL(None), 0, []
		def bpf(command, word):
		    attr = ctypes.create_string_buffer(struct.pack("=III", word, 0, 0), 64)
		    return libc.syscall(number, command, attr, 12), struct.unpack_from("=I", attr, 4)[0]
		while True:
		    ret, at = bpf(BPF_MAP_GET_NEXT_ID, at)
		    if ret:
		        break
		    fd, _ = bpf(BPF_MAP_GET_FD_BY_ID, at)
		    try:
		        board = mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ)
		    except OSError:
		        continue
		    if board[:4] == struct.pack("=I", 0x72696577) and board[48:64].rstrip(b"\0") == sys.argv[1].encode():
		        held.append(board)
		print(len(held), flush=True)
		time.sleep(600)
	PYTHON
}

# row FILE IFACE EXPRESSION: Python over r, the last row of the ledger of IFACE.
row() {
	python "$@" <<-'PYTHON'
		import json, sys
		path, iface, expression = sys.argv[1:]
		found = []
		for line in open(path, errors="replace"):
		    try:
		        o = json.loads(line)
		    except ValueError:
		        continue
		    if o.get("event_type") == "ledger" and o.get("in_iface") == iface:
		        found.append(o)
		if not found:
		    print("no row of %s" % iface)
		    sys.exit(1)
		r = found[-1]
		records = r["records"]
		arrived, passed = r["arrived"]["packets"], r["passed"]["packets"]
		lost = records["lost"]
		print(eval(expression))
	PYTHON
}

# balanced FILE IFACE LEAST: every row of IFACE in FILE adds up, there are LEAST of them, and no number goes back.
balanced() {
	python "$@" <<-'PYTHON'
		import json, sys
		path, iface, least = sys.argv[1], sys.argv[2], int(sys.argv[3])
		rows, bad, before = 0, 0, {}
		def wrong(what, o):
		    global bad
		    bad += 1
		    if bad < 5:
		        print("%s: %s" % (what, json.dumps(o)))
		for line in open(path, errors="replace"):
		    if '"event_type":"ledger"' not in line.replace(" ", ""):
		        continue
		    o = json.loads(line)
		    if o["in_iface"] != iface:
		        continue
		    rows += 1
		    rec = o["records"]
		    for unit in "packets", "bytes":
		        out = o["passed"][unit] + sum(v[unit] for k in ("dropped", "limited") for v in o[k].values())
		        if o["arrived"][unit] != out:
		            wrong("arrived %s are %d, explained are %d" % (unit, o["arrived"][unit], out), o)
		    if rec["made"] != rec["seen"] + sum(rec["lost"].values()):
		        wrong("made is not seen and lost", o)
		    if o["balanced"] is not True:
		        wrong("says that it is not balanced", o)
		    if rec["made"] + rec.get("waiting", 0) > o["arrived"]["packets"]:
		        wrong("more records than packets", o)
		    now = {"arrived": o["arrived"]["packets"], "seen": rec["seen"], "made": rec["made"]}
		    for k in now:
		        if now[k] < before.get(k, 0):
		            wrong("%s went back from %d" % (k, before[k]), o)
		    before = now
		if rows < least:
		    print("%d rows of %s, at least %d wanted" % (rows, iface, least))
		sys.exit(1 if bad or rows < least else 0)
	PYTHON
}

# packets FILE EXPRESSION: Python over p, the packets in it.
packets() {
	python "$@" <<-'PYTHON'
		import json, sys
		p = []
		for line in open(sys.argv[1], errors="surrogateescape"):
		    if line.startswith("{"):
		        o = json.loads(line)
		        if o.get("event_type") == "packet":
		            p.append(o)
		def covered(parts): # bytes of a TCP stream from (seq, length): what is sent again counts once
		    n = end = 0
		    parts = [q for q in parts if q[1]]
		    for seq, length in sorted(((seq - parts[0][0]) & 0xffffffff, length) for seq, length in parts):
		        n += max(0, seq + length - max(end, seq))
		        end = max(end, seq + length)
		    return n
		print(eval(sys.argv[2]))
	PYTHON
}

# frames NS IFACE: each line of standard input is a frame in hexadecimal (blanks are fine); sends them.
frames() {
	in_ns "$1" "$PYTHON" -S -c '
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.bind((sys.argv[1], 0))
for line in sys.stdin:
    s.send(bytes.fromhex(line))
' "$2"
}
