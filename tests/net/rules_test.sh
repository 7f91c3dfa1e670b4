#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A policy in a running daemon: what it keeps out, that every packet is counted once, that changes under traffic miss none,
# that a wrong policy changes nothing, and that nobody locks himself out.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # SEND, PATIENCE: set by watch.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
# shellcheck source=tests/net/policy.sh
. "$WR_HERE/policy.sh"
need_root
need python3 setpriv
need_weir
find_send

A=s$$ B=r$$
IN=to-$A OUT=to-$B
pair "$A" "$B"
NS=$(ns "$B")
MAC=02:77:00:00:00:02

# What other views tell of it.
views() {
	for view in "rules" "policy" "ledger" "drops" "status" "dump form=frames" "rule do=off" "rule do=on"; do
		raw_lines "$view" >>"$TMP/shapes"
	done
	is "weir drops shows the rule" "$(said drops '[(r["kind"], r["reason"], r["packets"]) for r in rows if r["kind"] == "rule"]')" \
		"[('rule', 'scan', 240)]"
	like "in words, too" "$(w drops)" "^  scan +rule +$IN +240$"
	like "weir status tells the policy" "$(w status)" "^policy +$POLICY, 2 rules, 0 prefixes in sets; enforced"
	like "metrics have it" "$(raw_lines metrics)" '^weir_rule_packets_total\{rule="scan",verdict="drop"\} 240'
	is "packets that are kept carry what became of them" "$(w dump --json 'src net 198.18.0.0/24' | fates)" \
		"drop scan 240, pass None 16"
	like "lines say it" "$(w dump 'src host 198.18.0.0')" ' drop by scan'
	w dump -w "$TMP/fate.pcapng" 2>/dev/null
	is "a capture file does, and is read back" "$("$WEIR" read --packets --json "$TMP/fate.pcapng" 'src net 198.18.0.0/24' | fates)" \
		"drop scan 240, pass None 16"
	if type -P tshark >/dev/null; then
		is "tshark shows the comment" "$(tshark -r "$TMP/fate.pcapng" -Y 'frame.comment == "verdict drop by scan"' 2>/dev/null | wc -l)" 240
	else
		skip "tshark is not installed"
	fi
	is "those of others do, too" "$(w dump --json 'src net 198.18.1.0/24' | fates)" "pass None 256"
}

# fates: verdicts and rules of packets, and how many.
fates() {
	python3 -c '
import collections, json, sys
rows = [json.loads(line) for line in sys.stdin]
n = collections.Counter((r.get("verdict"), r.get("rule")) for r in rows if r["event_type"] == "packet")
print(", ".join("%s %s %d" % (*k, v) for k, v in sorted(n.items(), key=str)))'
}

# The numbers of the first row: arrived, passed, what was dropped and limited, and whether they balance.
sums() {
	ledger '[rows[0]["arrived"]["packets"], rows[0]["passed"]["packets"], {k: v["packets"] for k, v in rows[0]["dropped"].items()}, {k: v["packets"] for k, v in rows[0]["limited"].items()}, rows[0]["balanced"]]'
}

# ---- what gets through ---------------------------------------------------------------

# Packets of the kind udp come from 198.18.0.0 to 198.18.15.255 in turn.
keeps_out() {
	local n sum
	policy "scan: drop from 198.18.0.0/24 why \"one in sixteen\"" "friend: allow from 198.18.0.16/28" \
		"fragments drop"
	run_with "$1" || { ok "$1: starts with a policy" false; return; }
	n=$(send 4096 128 20000)
	settle
	sum=$(sums)
	is "$1: what is dropped and allowed" "$sum" "[$n, $((n - 240)), {'scan': 240}, {}, True]"
	is "$1: the rule has counted as much" "$(rule scan 'r["matched"]["packets"], r["stopped"]["packets"]')" "(240, 240)"
	is "$1: and so has the one that allows" "$(rule friend 'r["matched"]["packets"], r["order"]')" "(16, 1)"
	is "$1: the host has got the others" "$(rx_counted)" "$((n - 240))"
	views
	stop
	is "$1: it ends with 0" "$RC" 0
}

# What the stack behind the hook has seen of UDP: nobody listens at port 9.
rx_counted() {
	in_ns "$B" cat /proc/net/snmp | awk '/^Udp: [0-9]/ {print $3}' | {
		read -r now
		echo $((now - UDP))
	}
}

udp_before() {
	UDP=$(in_ns "$B" cat /proc/net/snmp | awk '/^Udp: [0-9]/ {print $3}')
}

for hook in xdp tc; do
	udp_before
	keeps_out $hook
done
if python3 -c 'import jsonschema' 2>/dev/null; then
	ok "what views say has the shapes of docs/schema" shapes "$TMP/shapes" rule policy statement ledger drop status frame dump rule_change
else
	skip "needs jsonschema for python3"
fi

# ---- what is refused at the start ----------------------------------------------------

refused() {
	local rc=0 text
	policy "drop form 10.0.0.0/8" "drop to tcp/99999"
	conf "interfaces = $IN" "[policy]" "file = $POLICY"
	text=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1) || rc=$?
	is "a wrong policy: the exit status is 2" "$rc" 2
	like "its first line is told" "$text" "edge.policy:1:6: .*form"
	like "and its second" "$text" "edge.policy:2:"
	policy "drop from 10.1.0.0/16"
	rc=0
	text=$("$WEIR" run -c "$CONF" --page "" --hook packet --set history.path= 2>&1) || rc=$?
	is "a packet socket cannot enforce one: the exit status is 3" "$rc" 3
	like "and that is said" "$text" "a policy is enforced by BPF, and a packet socket cannot"
	policy "drop out to tcp/25"
	rc=0
	text=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1) || rc=$?
	is "a rule for what leaves, which is not watched: 2" "$rc" 2
	like "is told with its mend" "$text" "rule r1: 'out' .* capture.out = yes"
	policy "drop from 10.1.0.0/16"
	conf "interfaces = $IN" "[policy]" "file = $POLICY.none"
	rc=0
	text=$("$WEIR" run -c "$CONF" --page "" --set history.path= 2>&1) || rc=$?
	is "no such file: 2" "$rc" 2
}
refused

# ---- changes under traffic -----------------------------------------------------------

# changes N: adds and deletes N rules, over one connection, and reads the ledger in between.
changes() {
	python3 - "$SOCKET" "$1" <<-'PYTHON'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		def ask(request):
		    f.write(request + "\n")
		    f.flush()
		    rows = []
		    while (line := f.readline()) != "\n":
		        rows.append(json.loads(line))
		    return rows
		def told(rows):
		    bad = [r["error"] for r in rows if r["event_type"] == "error"]
		    if bad:
		        sys.exit(bad[0])
		    return rows
		def balanced():
		    r = told(ask("ledger"))[0]
		    gone = sum(v["packets"] for k in ("dropped", "limited") for v in r[k].values())
		    bytes_gone = sum(v["bytes"] for k in ("dropped", "limited") for v in r[k].values())
		    if (not r["balanced"] or r["arrived"]["packets"] != r["passed"]["packets"] + gone or
		            r["arrived"]["bytes"] != r["passed"]["bytes"] + bytes_gone):
		        sys.exit("not balanced: %s" % r)
		    return r
		hit = 0
		for i in range(int(sys.argv[2])):
		    told(ask("rule do=add text=t%d:%%20drop%%20from%%20198.18.1.0/24" % i))
		    r = balanced()
		    hit += "t%d" % (i - 1) in r["dropped"]
		    told(ask("rule do=del text=t%d" % i))
		    balanced()
		print(hit)
	PYTHON
}

under_traffic() {
	local n hit pid dropped
	policy "# nothing yet"
	run_with auto || return
	policy "keep: drop from 198.18.0.0/24" "lim: limit 10pps from 198.18.2.0/24"
	w config reload >/dev/null
	ledger 'rows[0]["arrived"]["packets"]' >"$TMP/before"
	send $((4096 * 40)) 128 20000 >"$TMP/sent" &
	pid=$!
	hit=$(changes 200)
	ok "200 rules added and deleted under traffic: every ledger balances" test "$?" = 0
	note "$hit of them had dropped packets when they were deleted"
	ok "some of them were hit" test "${hit:-0}" -gt 0
	wait "$pid"
	n=$(cat "$TMP/sent")
	is "no packet is uncounted" "$(ledger 'rows[0]["arrived"]["packets"]')" "$(($(cat "$TMP/before") + n))"
	is "each was held against the old policy or the new one: the rule of both has them all" \
		"$(ledger 'rows[0]["dropped"]["keep"]["packets"]')" "$((n / 16))"
	dropped=$(ledger 'sum(v["packets"] for k, v in rows[0]["dropped"].items() if k != "keep")')
	ok "and the others only what they are for ($dropped)" test "$dropped" -le "$((n / 16))"
	is "weir ledger, which reads the kernel itself, says the same" "$("$WEIR" ledger --json | python3 -c '
import json, sys
r = [json.loads(l) for l in sys.stdin]
r = [x for x in r if x["in_iface"] == sys.argv[1]][0]
print(r["balanced"], r["dropped"]["keep"]["packets"])' "$IN")" "True $((n / 16))"
}
under_traffic

# ---- a reload ------------------------------------------------------------------------

reload() {
	local rc=0 text before
	before=$(w policy print --running)
	policy "keep: drop from 198.18.0.0/24" "drop to tcp/http" "limit 5 any"
	text=$(w config reload 2>&1) || rc=$?
	is "a wrong policy is refused at a reload" "$rc" 2
	like "with what is wrong" "$text" "edge.policy:2:9: .*http"
	like "and all of it in the log" "$(cat "$TMP/err")" "edge.policy:3:7: "
	is "nothing has changed" "$(w policy print --running)" "$before"
	policy "keep: drop from 198.18.0.0/24" "late: drop to udp/7"
	kill -HUP "$D"
	ok "a right one is taken at SIGHUP" wait_for "$PATIENCE" has_rule late
	is "and what is counted goes on" "$(rule keep 'r["stopped"]["packets"] > 1000')" True
}

has_rule() {
	[ "$(rule "$1" '"there"')" = there ]
}

has_no_rule() {
	! has_rule "$1"
}
reload

# ---- locked out? ---------------------------------------------------------------------

# told STATUS ARG...: weir rule ends with that status; what it says is in TEXT.
told() {
	says "$1" rule "${@:2}"
}

# A session like that of SSH: from A to port 22 of B.
session() {
	cat >"$TMP/session.py" <<-'PYTHON'
		import socket, sys, time
		if sys.argv[1] == "listen":
		    s = socket.create_server(("10.77.0.2", 22))
		    c, _ = s.accept()
		    while (data := c.recv(100)):
		        c.sendall(data)
		else:
		    s = socket.create_connection(("10.77.0.2", 22), timeout=5)
		    while True:
		        s.sendall(b"x")
		        s.recv(100)
		        open(sys.argv[2], "w").write(str(time.monotonic()))
		        time.sleep(0.1)
	PYTHON
	background_in "$B" python3 "$TMP/session.py" listen
	LISTENER=$BG
	sleep 0.5
	background_in "$A" python3 "$TMP/session.py" connect "$TMP/alive"
	ok "a session is there" wait_for "$PATIENCE" test -s "$TMP/alive"
}

lives() {
	rm -f "$TMP/alive"
	wait_for 60 test -s "$TMP/alive"
}

guards() {
	session
	ip -n "$NS" route add default via 10.77.0.1
	ok "drop any: refused" told 2 add "drop any"
	like "because of the session" "$TEXT" "the SSH session with 10.77.0.1: narrow it, or add --force"
	ok "the session lives" lives
	ok "an automatic one is refused even by force" told 2 add --force "drop from 10.77.0.1 auto for 1m"
	ok "so is a limit" told 2 add "limit 10pps to tcp/22"
	ok "the gateway" told 2 add "drop from 10.77.0.1 to icmp"
	like "is told" "$TEXT" "the default gateway 10.77.0.1"
	ok "DHCP" told 2 add "drop to udp/68"
	like "is told" "$TEXT" "DHCP"
	ok "neighbour discovery" told 2 add "drop to icmp6"
	like "is told" "$TEXT" "neighbour discovery"
	ok "ARP" told 2 add 'drop where "arp"'
	like "is told" "$TEXT" "ARP"
	ok "a /8" told 2 add "drop from 198.0.0.0/8"
	like "is told" "$TEXT" "198.0.0.0/8 is very wide .* --force"
	ok "and taken by force" told 0 add --force "wide: drop from 198.0.0.0/8"
	ok "a list of one's own" told 0 add "set never = 192.0.2.0/24 2001:db8::/64"
	ok "a part of it is refused" told 2 add "drop from 192.0.2.9 for 5m"
	like "is told" "$TEXT" "192.0.2.0/24 of the set 'never': narrow it, or add --force"
	ok "what is larger is, too" told 2 add "limit 10pps from 2001:db8::/48"
	ok "and a set with one of them" told 2 add "drop from 198.51.100.0/24 192.0.2.1"
	ok "others are not" told 0 add "other: drop from 198.51.100.0/24"
	ok "by force it is" told 0 add --force "mine: drop from 192.0.2.9"
	ok "but not an automatic one" told 2 add --force "drop from 192.0.2.9 auto for 1m"
	ok "a set may have others" told 0 add "set many = 198.51.100.7"
	ok "a rule for it is fine" told 0 add "many: drop from @many"
	ok "but not one's own session, later" told 2 add "set many = 198.51.100.7 10.77.0.1"
	like "the rule is told" "$TEXT" "many: this would keep out the SSH session with 10.77.0.1"
	ok "setup: a name that begins like a set" told 0 add "setup: drop from 203.0.113.9"
	ok "is deleted as others are" told 0 del setup
	ok "an allow in front makes it fine" told 0 add "friend: allow from 10.77.0.1"
	ok "also for a rule behind it" told 0 add "foe: drop from 10.77.0.1"
	ok "it is in force" told 0 add --force "most: drop not from 10.77.0.0/16"
	ok "the session lives still" lives
	ok "without the allow it would not: refused" told 2 del friend
	like "the rule is told" "$TEXT" "this would keep out"
	kill "$BG" "$LISTENER"
	for name in wide other mine many @many most foe friend; do
		del $name >/dev/null
	done
	ok "what is wrong in a statement is told" told 2 add "drop form 10.0.0.1"
	like "with the word that was meant" "$TEXT" "did you mean 'from'"
	ok "what is no rule is told" told 1 del nosuch
	ok "what stands in the file is changed there" told 1 del keep
	like "is told" "$TEXT" "keep stands in .*edge.policy"
}
guards

# ---- confirmed, or taken back --------------------------------------------------------

confirmation() {
	ok "a change that waits" told 0 add --confirm 10s "new: drop from 198.18.3.0/24"
	like "says so" "$TEXT" "taken back in 10 s unless 'weir rule confirm' comes"
	is "it is in force, and ends by itself" "$(rule new 'r["unconfirmed"], "expires" in r')" "(True, True)"
	ok "no other change meanwhile" told 1 add "drop from 198.18.4.0/24"
	ok "nobody confirms it: it is taken back" wait_for "$PATIENCE" has_no_rule new
	like "which is said" "$(cat "$TMP/err")" "was not confirmed in time and has been taken back"
	is "from the same connection it cannot be confirmed" "$(python3 - "$SOCKET" <<-'PYTHON'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		for request in ("rule do=add confirm=5s text=new:%20drop%20from%20198.18.3.0/24", "rule do=confirm"):
		    f.write(request + "\n")
		    f.flush()
		    answer = []
		    while (line := f.readline()) != "\n":
		        answer.append(line)
		print("another connection" in answer[0])
	PYTHON
	)" True
	ok "from another one it can" told 0 confirm
	sleep 6
	is "and stays" "$(rule new '"unconfirmed" in r, "expires" in r')" "(False, False)"
	ok "there is nothing more to confirm" told 1 confirm
}
confirmation

# ---- shadow, enforce, off, on --------------------------------------------------------

switches() {
	local n before
	del new >/dev/null
	ok "a shadow" told 0 shadow "ghost: drop from 198.18.5.0/24"
	send 4096 128 20000 >/dev/null
	is "counts and stops nothing" "$(rule ghost 'r["state"], r["would_stop"]["packets"]') $(ledger '"ghost" in rows[0]["dropped"]')" \
		"('shadow', 256) False"
	ok "is promoted" told 0 enforce ghost
	send 4096 128 20000 >/dev/null
	is "and stops what it said" "$(ledger 'rows[0]["dropped"]["ghost"]["packets"]')" 256
	ok "the kill switch" told 0 off
	before=$(ledger 'sum(v["packets"] for v in rows[0]["dropped"].values())')
	send 4096 128 20000 >/dev/null
	is "nothing is dropped" "$(ledger 'sum(v["packets"] for v in rows[0]["dropped"].values())')" "$before"
	is "all is counted" "$(rule ghost 'r["stopped"]["packets"]')" 768
	like "and said" "$(w rule)" "^Switched off"
	ok "on again" told 0 on
	kill -USR2 "$D"
	ok "SIGUSR2 switches off, too" wait_for "$PATIENCE" grep -q "switched off: all is counted" "$TMP/err"
	ok "and on again" told 0 on
	is "a list fits 80 columns" "$(w rule | awk 'length > 80' | wc -l)" 0
}
switches

# ---- a restart -----------------------------------------------------------------------

restart() {
	local ends
	add "long: drop from 198.18.6.0/24 for 1h why \"kept\"" >/dev/null
	ends=$(rule long 'r["expires"]')
	stop
	start
	is "what was added is there after a restart, with its end" "$(rule long 'r["expires"], r["why"], r["origin"]')" \
		"('$ends', 'kept', 'added')"
	is "and so is the other one" "$(rule ghost 'r["state"]')" enforced
	stop
}
restart

# ---- between two daemons -------------------------------------------------------------

# stays PACKETS: so many of 4096 that are sent do not get to the host.
stays() {
	local n
	udp_before
	n=$(send 4096 128 20000)
	is "$2" "$((n - $(rx_counted)))" "$1"
}

pins() {
	local begun left
	: >"$STATE"
	policy "scan: drop from 198.18.0.0/24" "expr: drop where \"udp and src net 198.18.1.0/24\"" "short: drop from 198.18.2.0/24 for 30s"
	run_with auto "pin = /sys/fs/bpf/weir" || return
	stays 768 "a policy with an expression"
	stop
	stays 768 "is in force while no daemon runs"
	start
	begun=$SECONDS # the file is read again
	is "the next one has all of it" "$(sums)" "[8192, 6656, {'scan': 512, 'expr': 512, 'short': 512}, {}, True]"
	add "brief: drop from 198.18.4.0/24 for 4s" >/dev/null
	stays 1024 "and enforces it"
	kill -KILL "$D"
	wait "$D" 2>/dev/null
	stays 1024 "killed: what is in force stays"
	sleep 5
	stays 768 "and ends in the kernel"
	left=$((begun + 32 - SECONDS))
	[ "$left" -le 0 ] || sleep "$left"
	stays 512 "and so does what the file has an end for"
	start
	is "nothing is missing in the ledger" "$(ledger 'rows[0]["arrived"]["packets"], rows[0]["balanced"]')" "(24576, True)"
	is "rules go on by their names" "$(ledger 'rows[0]["dropped"]["scan"]["packets"], rows[0]["dropped"]["expr"]["packets"]')" "(1536, 1536)"
	ok "an expression is added without rights" told 0 add 'more: drop where "src net 198.18.9.0/24"'
	stays 1024 "and enforced"
	stop
	rm -rf /sys/fs/bpf/weir
}
if ip -n "$NS" link show dev "$IN" | grep -q . && kernel_is 6.6; then
	pins
else
	skip "nothing can be pinned before Linux 6.6"
fi

# ---- interfaces that come later, and who may change ----------------------------------

# other GROUP ARG...: weir rule by a user who is not root and is in that group.
other() {
	local group=$1
	shift
	setpriv --reuid 12345 --regid "$group" --clear-groups "$WEIR" rule "$@" --socket "$SOCKET" 2>&1
}

later() {
	: >"$STATE"
	policy "expr: drop where \"udp and src net 198.18.1.0/24\"" "scan: drop from 198.18.0.0/24"
	conf "interfaces = $IN new0" "[policy]" "file = $POLICY" "state = $STATE" "[socket]" "group = daemon"
	start || return
	ip -n "$(ns "$A")" link add peer0 type veth peer name new0 netns "$NS" address "$MAC"
	ip -n "$(ns "$A")" link set peer0 up
	ip -n "$NS" link set new0 up
	ok "an interface that comes is held against the policy" wait_for "$PATIENCE" in_force_on_two
	OUT=peer0 send 4096 128 20000 >/dev/null
	is "with its expressions" "$(ledger '[{k: v["packets"] for k, v in r["dropped"].items()} for r in rows if r["in_iface"] == "new0"]')" \
		"[{'expr': 256, 'scan': 256}]"
	ip -n "$NS" link del new0
	ok "when it goes, its numbers stay" wait_for "$PATIENCE" gone_one
	is "and balance" "$(ledger '[(r["dropped"]["expr"]["packets"], r["balanced"]) for r in rows if r["in_iface"] == "new0"]')" "[(256, True)]"
	ok "the policy can be changed afterwards" told 0 add "x: drop from 198.18.7.0/24"
	like "a member of the group may change rules" "$(other daemon del x)" '^x: deleted'
	stop
	conf "interfaces = $IN" "[policy]" "file = $POLICY" "state = $STATE" "[daemon]" "attach_later = no"
	start || return
	like "without one others cannot even ask" "$(other daemon off)" "Permission denied"
	chmod 666 "$SOCKET"
	like "nor change rules when they can" "$(other daemon off)" "rules are changed by root, or by who is in socket.group"
	like "but look" "$(other daemon list)" "^  1 "
	is "expressions are in force without a process that attaches" "$(rule expr 'r["state"]')" enforced
	ok "a rule without one can be added" told 0 add "x: drop from 198.18.7.0/24 for 1m"
	send 4096 128 20000 >/dev/null
	is "and all are in force" "$(ledger '[rows[0]["dropped"][k]["packets"] for k in ("expr", "scan", "x")]')" "[256, 256, 256]"
	stop
	policy "scan: drop from 198.18.0.0/24"
	: >"$STATE"
	start || return
	ok "one with an expression cannot" told 1 add 'y: drop where "src net 198.18.8.0/24"'
	like "is told with its reason" "$TEXT" "given up .daemon.attach_later = no.: a restart is needed"
	is "and nothing has changed" "$(rule y '1')" none
	stop
	conf "interfaces = $IN"
	start
	ok "without a policy rules cannot be added" told 1 add "drop from 198.18.7.0/24"
	like "is told with its mend" "$TEXT" "set 'file' in .policy."
	stop
}

in_force_on_two() {
	[ "$(raw rules 'rows[-1]["paths"]')" = 2 ] && grep -q "^weir: new0: " "$TMP/err"
}

gone_one() {
	[ "$(raw rules 'rows[-1]["paths"]')" = 1 ]
}
later

# ---- lists ---------------------------------------------------------------------------

# What was read of a list holds until somebody asks for it anew: no other change reads it again.
lists() {
	policy "base: drop to tcp/23"
	: >"$STATE"
	run_with auto || return
	echo "198.18.5.0/24" >"$TMP/list"
	chmod 644 "$TMP/list"
	ok "a set with a list" told 0 add "set bad = file \"$TMP/list\""
	ok "a rule for it" told 0 add "b: drop from @bad"
	rm "$TMP/list"
	ok "the list is gone: another rule" told 0 add "c: drop from 198.18.6.0/24"
	ok "and away again" told 0 del c
	is "the set has what was read" "$(raw rules "rows[-1]['prefixes']")" "1"
	ok "asked for anew it is missed" told 2 add "set bad = file \"$TMP/list\""
	printf '%s\n' "198.18.5.0/24" "198.18.7.0/24" >"$TMP/list"
	chmod 644 "$TMP/list"
	ok "and then read" told 0 add "set bad = file \"$TMP/list\""
	is "as it is then" "$(raw rules "rows[-1]['prefixes']")" "2"
	stop
}
lists

# ---- many ----------------------------------------------------------------------------

many() {
	local n pid
	python3 -c '
import random, sys
for name, seed in (("one", 1), ("two", 2)):
    r = random.Random(seed)
    with open("%s/%s.set" % (sys.argv[1], name), "w") as f:
        f.write("198.18.0.0/24\n")
        for i in range(100000):
            f.write("%d.%d.%d.%d/32\n" % (r.randrange(20, 100), r.randrange(256), r.randrange(256), r.randrange(256)))' "$TMP"
	policy "set big = file \"$TMP/one.set\"" "listed: drop from @big"
	: >"$STATE"
	run_with auto || return
	send $((4096 * 30)) 128 20000 >"$TMP/sent" &
	pid=$!
	for name in two one two one two; do
		policy "set big = file \"$TMP/$name.set\"" "listed: drop from @big"
		ok "100,000 prefixes replaced ($name)" w config reload
	done
	note "$(sed -n 's/.*policy: \(.*\) of .* \(in force after.*\)/\1, 100,000 prefixes, \2/p' "$TMP/err" | tr '\n' ';')"
	wait "$pid"
	n=$(cat "$TMP/sent")
	is "a prefix of both has never been without it" "$(sums)" "[$n, $((n - n / 16)), {'listed': $((n / 16))}, {}, True]"
	stop
}
many

finish
