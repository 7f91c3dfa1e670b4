#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# weir run as packaging/weir.service runs it, without systemd: the unit's own capabilities, no new privileges, a root that is
# read-only but for the unit's folders, a /tmp of its own. The process of gateways keeps its ledgers where the unit permits it, and
# says what to add where it does not. Not tried here: the unit's filters of system calls.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # PATIENCE, PYTHON and others: set by watch.sh, daemon.sh
# shellcheck disable=SC2034 # OUT, MAC: for send, in daemon.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3
need haproxy
need setpriv
need_weir

UNIT=$WR_ROOT/packaging/weir.service
A=h$$ B=i$$
pair "$A" "$B"
NS=$(ns "$B")
IN=10.77.0.2 PORT=8080
PYTHON=$(python3 -c 'import sys; print(sys.executable)')
PROGRAM=$WEIR
HERE=/run/here # /run is this test's own; /tmp will be the unit's own
mkdir -p $HERE/maps $HERE/gateways $HERE/bin /run/weir
cp "$PROGRAM" $HERE/bin/weir
touch $HERE/maps/weir-{deny,limit,keys,key-limit,routes}.map
chown -R haproxy $HERE/maps
chmod 755 $HERE $HERE/maps $HERE/gateways

# of KEY: its value in the unit.
of() {
	sed -n "s/^$1=//p" "$UNIT"
}

if type -P systemd-analyze >/dev/null && systemd-analyze verify --help >/dev/null 2>&1; then
	sed "s,@bindir@,$HERE/bin,; s,^Documentation=.*,," "$UNIT" >$HERE/weir.service
	ok "systemd-analyze verify has nothing to say" test -z "$(systemd-analyze verify --man=no $HERE/weir.service 2>&1 |
		grep -i "weir.service" || true)"
else
	skip "needs systemd-analyze"
fi
is "the unit is the one that is imitated here" \
	"$(of NoNewPrivileges) $(of ProtectSystem) $(of PrivateTmp) $(of RuntimeDirectory) $(of StateDirectory) $(of LogsDirectory) $(of UMask)" \
	"yes strict yes weir weir weir-gateways weir 0027"

page() {
	"$PYTHON" -S "$WR_HERE/gateway.py" block "$WR_ROOT/docs/gateways.md" "$1" |
		sed "s,/run/haproxy,$HERE,; s,/etc/haproxy,$HERE/maps,g; s,^never = .*,never = 10.77.0.9,; s,level admin,& user haproxy,"
}

page "weir haproxy" >$HERE/gateways/edge.conf
{
	echo global
	page "haproxy global"
	printf '%s\n' defaults "  mode http" "  timeout connect 1s" "  timeout client 5s" "  timeout server 5s" "frontend api" "  bind $IN:$PORT"
	page "haproxy frontend"
	echo '  http-request return status 200'
	page "haproxy backend"
} >$HERE/haproxy.cfg
background_in "$B" haproxy -db -f $HERE/haproxy.cfg 2>"$TMP/haproxy.log"
wait_for "$PATIENCE" test -S $HERE/admin.sock

CONF=$HERE/weir.conf
printf '%s\n' "[capture]" "interfaces = to-$A" "[gateway]" "folder = $HERE/gateways" "user = haproxy" "keep = yes" "[socket]" \
	"path = /run/weir/weir.sock" >$CONF

# What the unit does to the mounts; then what is behind it. WRITES: more folders that may be written to (ReadWritePaths=).
cat >$HERE/box <<-'BOX'
	set -e
	mount --make-rprivate /
	bind() { mkdir -p "$1"; mount --bind "$1" "$1"; }
	mount -t tmpfs -o mode=755 none /var/lib
	mount -t tmpfs -o mode=755 none /var/log
	for d in /run/weir /var/lib/weir /var/lib/weir-gateways /var/log/weir $WRITES; do bind "$d"; done
	mount -t tmpfs none /tmp
	cut -d ' ' -f 5 /proc/self/mountinfo | sort -ru | while read -r at; do
		case " /run/weir /var/lib/weir /var/lib/weir-gateways /var/log/weir /tmp $WRITES " in *" $at "*) continue ;; esac
		case $at in /proc* | /sys* | /dev*) continue ;; esac
		mount -o remount,bind,ro "$at" 2>/dev/null || :
	done
	umask 0027
	! touch /run/here/no /var/lib/no 2>/dev/null || { echo "the root is not read-only" >&2; exit 1; }
	exec setpriv --no-new-privs --bounding-set "$BOUND" --inh-caps -all "$@"
BOX
BOUND=-all$(of CapabilityBoundingSet | tr 'A-Z' 'a-z' | sed 's/^/ /; s/ cap_/,+/g')

boxed() {
	BOUND=$BOUND WRITES=${WRITES:-} unshare -m --propagation private nsenter --net="/run/netns/$NS" "$BASH" $HERE/box "$@"
}

starts() {
	boxed $HERE/bin/weir run -c $CONF >"$TMP/out" 2>"$TMP/err" &
	D=$!
	wr_jobs+=("$D")
	wait_for "$PATIENCE" answers
}

answers() {
	$HERE/bin/weir status -c $CONF >"$TMP/status" 2>&1
}

ends() {
	kill -TERM "$(pidof_weir)"
	wait_for "$PATIENCE" wr_gone "$D" || kill -KILL "$(pidof_weir)"
	RC=0
	wait "$D" || RC=$?
}

errs() {
	grep -q "$1" "$TMP/err"
}

# gateway ARG...: the command, as root, in the mounts of the running weir: its ledgers are there.
gateway() {
	nsenter --mount="/proc/$(pidof_weir)/ns/mnt" --net="/run/netns/$NS" $HERE/bin/weir gateway "$@" -c $CONF
}

pidof_weir() {
	pgrep -P "$D" -f "$HERE/bin/weir run" | head -n 1 | grep . || echo "$D"
}

in_file() {
	grep -q 203.0.113.7 $HERE/maps/weir-deny.map
}

# ---- as it comes ----

ok "it starts with what the unit permits" starts || { note "$(<"$TMP/err")"; finish; }
like "the process of gateways runs, as its user" "$(<"$TMP/status")" "haproxy, no capabilities, none can be had"
like "no new privileges" "$(cat "/proc/$(pidof_weir)/status")" "NoNewPrivs:	1"
ok "its ledgers are in the unit's folder" nsenter --mount="/proc/$(pidof_weir)/ns/mnt" test -d /var/lib/weir-gateways
is "which is its user's" "$(nsenter --mount="/proc/$(pidof_weir)/ns/mnt" stat -c %U /var/lib/weir-gateways)" haproxy
gateway apply edge deny 203.0.113.7 for 1h >"$TMP/said" 2>&1
like "a map in a folder that is read-only: what to add is told" "$(<"$TMP/said")" \
	"read-only for weir; under systemd: systemctl edit weir, with .Service. ReadWritePaths=$HERE/maps"
ok "by weir run, too" wait_for "$PATIENCE" errs "ReadWritePaths=$HERE/maps"
nok "and the file is as it was" in_file
ends
is "it ends as it should" "$RC" 0

# ---- with what it says ----

WRITES=$HERE/maps
ok "with that line it starts" starts || { note "$(<"$TMP/err")"; finish; }
gateway apply edge deny 203.0.113.7 for 1h >"$TMP/said" 2>&1
like "and an entry is in force" "$(<"$TMP/said")" "1 of weir in force"
ok "in the file, too" in_file
gateway lift edge deny 203.0.113.7 >/dev/null 2>&1
nok "and leaves it" in_file
nok "nothing is told of a folder" errs "read-only"
ends
is "it ends as it should" "$RC" 0

# ---- a place for ledgers that the unit does not know ----

sed -i "s,^keep = .*,&\nstate = /srv/ledgers," $CONF
boxed $HERE/bin/weir run -c $CONF >"$TMP/out" 2>"$TMP/err"
ok "another folder for ledgers is refused" test $? != 0
like "with the mend" "$(<"$TMP/err")" "gateway.state: /srv/ledgers: .*StateDirectory= or ReadWritePaths="
finish
