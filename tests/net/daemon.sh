# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for who reads this file
# shellcheck disable=SC2154 # NS, A, OUT, MAC: set by the test
#
# `weir run` under test, for the network scenarios: read this file after watch.sh.
#
# The test sets NS, the full name of the namespace that is watched, and for send(): A, its neighbour's short name, OUT, the
# interface there, and MAC, of the interface that is watched.

CONF=$TMP/weir.conf
SOCKET=/run/weir/control.sock # in our own /run
chmod 755 "$TMP"              # the daemon reads its configuration again as nobody

# conf LINE...: writes the file; it begins in [capture].
conf() {
	printf '%s\n' "[capture]" "netns = $NS" "$@" >"$CONF"
}

# start [ARG...]: the daemon in the background; D is its process id. No page and no history, unless asked for.
start() {
	start_all --page "" --set history.path= "$@"
}

start_all() {
	: >"$TMP/err"
	background "$WEIR" run -c "$CONF" "$@" >"$TMP/out" 2>"$TMP/err"
	D=$BG
	wait_for "$PATIENCE" started
	grep -q "^weir: ready" "$TMP/err" || { sed 's/^/# /' "$TMP/err"; return 1; }
}

started() {
	grep -q "^weir: ready" "$TMP/err" || wr_gone "$D"
}

# stop [SIGNAL]: RC is its exit status.
stop() {
	kill "-${1:-TERM}" "$D"
	wait_for "$PATIENCE" wr_gone "$D" || kill -KILL "$D"
	RC=0
	wait "$D" 2>/dev/null || RC=$?
}

w() {
	"$WEIR" "$@" -c "$CONF"
}

# says STATUS COMMAND ARG...: the command ends with that status; what it says is in TEXT.
says() {
	local want=$1 rc=0
	shift
	TEXT=$(w "$@" 2>&1) || rc=$?
	[ "$rc" = "$want" ]
}

# said VIEW [ARG...] EXPRESSION: Python over rows, the objects that a view gives.
said() {
	local expression=${*: -1}
	w "${@:1:$#-1}" --json 2>&1 | "$PYTHON" -S -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(eval(sys.argv[1]))' "$expression" 2>&1 | tail -n 1
}

# raw REQUEST EXPRESSION: the same for a view that has no command.
raw() {
	"$PYTHON" -S - "$SOCKET" "$@" <<-'PYTHON' 2>&1 | tail -n 1
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(sys.argv[2].encode() + b"\n")
		rows = []
		for line in s.makefile():
		    if line == "\n":
		        break
		    rows.append(json.loads(line))
		print(eval(sys.argv[3]))
	PYTHON
}

# raw_lines REQUEST: the answer as it is.
raw_lines() {
	"$PYTHON" -S - "$SOCKET" "$1" <<-'PYTHON'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(sys.argv[2].encode() + b"\n")
		for line in s.makefile():
		    if line == "\n":
		        break
		    print(line, end="")
	PYTHON
}

send() {
	in_ns "$A" "$SEND" -d "$MAC" "$OUT" "$@"
}

# settle: two windows have ended since: all that has arrived is in the views.
settle() {
	"$PYTHON" -S - "$SOCKET" <<-'PYTHON'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(b"subscribe views=stats\n")
		first = None
		for line in s.makefile():
		    window = json.loads(line).get("window", 0) if line != "\n" else 0
		    first = window if first is None else first
		    if window >= first + 2:
		        break
	PYTHON
}

# shapes FILE KIND...: every object in it has the shape of its schema, and every kind is there.
shapes() {
	python3 - "$WR_ROOT/docs" "$@" <<-'PYTHON'
		import json, jsonschema, os, re, sys
		docs, raw = sys.argv[1:3]
		of = {"flow": "flow", "ledger": "ledger", "packet": "packet", "api": "api", "history": "history"}
		schema = {n: jsonschema.Draft202012Validator(json.load(open(os.path.join(docs, "schema", n + ".json"))))
		          for n in ("live", "flow", "ledger", "packet", "api", "history")}
		told = set(re.findall(r"[a-z0-9_]+", open(os.path.join(docs, "events.md")).read()))
		kinds, bad = set(), 0
		def keys_of(o):
		    if o["event_type"] != "flow":
		        return set(o)
		    return set(o).union(*(o.get(k, ()) for k in ("tls", "http", "dns", "quic", "ssh", "proxy")))
		for line in open(raw):
		    o = json.loads(line)
		    kinds.add(o["event_type"])
		    for e in schema[of.get(o["event_type"], "live")].iter_errors(o):
		        bad += 1
		        if bad < 5:
		            print(e.message, line[:200])
		    for key in keys_of(o) - told:
		        bad += 1
		        print("not told in docs/events.md:", key)
		want = set(sys.argv[3:])
		if want - kinds:
		    print("never seen:", want - kinds)
		sys.exit(1 if bad or want - kinds else 0)
	PYTHON
}
