#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Envoy and Traefik, by files of weir's own: read by a parser that is not weir's, as their documentation says that they have to be.
# The programs themselves are not there.

# shellcheck disable=SC2317 # functions are called by name, through ok
# shellcheck disable=SC2154 # D, DRIVER and others: set by gateway.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
need_root
# shellcheck source=tests/net/gateway.sh
. "$WR_HERE/gateway.sh"
python3 -c 'import yaml' 2>/dev/null || skip_all "python3-yaml is not installed"

# refuses ADDRESS...: these are what the file says, in order, and nothing else is wrong with it.
refuses() {
	python3 - "$DRIVER" "$FILE" "$@" <<-'PYTHON'
		import json, re, sys, yaml
		driver, path, want = sys.argv[1], sys.argv[2], sys.argv[3:]
		text = open(path).read()
		got = yaml.safe_load(text)
		if driver == "envoy":
		    assert got == json.loads(text)
		    r, = got["resources"]
		    assert set(got) == {"version_info", "resources"} and set(r) == {"@type", "name", "typed_config"}
		    assert r["@type"] == "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig" and r["name"] == "weir-edge"
		    rbac = r["typed_config"]
		    assert rbac.pop("@type") == "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"
		    is_ = []
		    if rbac:
		        assert set(rbac) == {"rules"} and rbac["rules"]["action"] == "DENY"
		        (name, policy), = rbac["rules"]["policies"].items()
		        assert name == "weir-edge" and policy["permissions"] == [{"any": True}] and policy["principals"], "min_items 1"
		        for p in policy["principals"]:
		            ip = p["remote_ip"]
		            assert set(ip) == {"address_prefix", "prefix_len"} and type(ip["prefix_len"]) is int
		            is_.append("%s/%d" % (ip["address_prefix"], ip["prefix_len"]))
		else:
		    http = got["http"]
		    assert all(http.values()), "an empty section is an error"
		    assert http["middlewares"] == {"weir-edge": {"ipAllowList": {"sourceRange": ["255.255.255.255/32"], "rejectStatusCode": 403}}}
		    is_ = []
		    if "routers" in http:
		        plain, tls = http["routers"]["weir-edge"], http["routers"]["weir-edge-tls"]
		        assert tls.pop("tls") == {} and plain == tls and "{{" not in text
		        assert 0 < plain["priority"] <= 9223372036854774807 and plain["middlewares"] == ["weir-edge"]
		        assert plain["service"] == "noop@internal" and "entryPoints" not in plain and "\n" not in plain["rule"]
		        parts = plain["rule"].split(" || ")
		        is_ = [re.fullmatch(r"ClientIP\(`([0-9a-f.:/]+)`\)", p).group(1) for p in parts]
		        is_ = [a if "/" in a else a + ("/128" if ":" in a else "/32") for a in is_]
		print(is_)
		sys.exit(is_ != want)
	PYTHON
}

# try DRIVER FILE: what is the same for both.
try() {
	gw "$1"
	FILE=$D/$2
	sed -i "s,^file = .*,file = $FILE," "$D/gateways/edge.conf"
	says 0 probe edge
	like "$1: a file that is not there is told" "$TEXT" "is not there yet"
	install -m 644 /dev/null "$FILE"
	ok "$1: an empty file becomes weir's" says 0 reconcile edge
	ok "$1: nobody is refused, and nothing is empty that may not be" refuses
	says 0 apply edge deny 203.0.113.7 for 1h why x
	like "$1: it is in the file, and no more is said" "$TEXT" "1 of weir in its file"
	says 0 apply edge deny 2001:db8::/32 for 1h --force
	says 0 apply edge deny 198.51.100.0/24 for 1h
	ok "$1: those and no others are refused" refuses 198.51.100.0/24 203.0.113.7/32 2001:db8::/32
	is "$1: the gateway may read it" "$(stat -c %a "$FILE")" 644
	inode=$(stat -c %i "$FILE")
	says 0 lift edge deny 198.51.100.0/24
	nok "$1: a change is another file in its place" test "$(stat -c %i "$FILE")" = "$inode"
	inode=$(stat -c %i "$FILE")
	says 0 reconcile edge
	ok "$1: no change is the same file" test "$(stat -c %i "$FILE")" = "$inode"
	is "$1: nothing lies beside it" "$(find "$D" -maxdepth 1 -name '*weir.*' | wc -l)" 1
	cp "$FILE" "$D/was"
	says 0 apply edge deny 203.0.113.9 --dry-run
	like "$1: a dry run shows the bytes" "$TEXT" "203.0.113.9"
	ok "$1: and writes none" cmp "$FILE" "$D/was"
	sed -i 's/203.0.113.7/203.0.113.8/' "$FILE"
	ok "$1: what somebody has changed in it" says 0 reconcile edge
	ok "$1: is put back" refuses 203.0.113.7/32 2001:db8::/32
	rm "$FILE"
	says 0 reconcile edge
	ok "$1: the whole file, too" refuses 203.0.113.7/32 2001:db8::/32
	chmod 644 "$FILE"
	says 0 apply edge deny 203.0.113.10 for 1s
	ok "$1: what has ended leaves with a reconcile, as weir runs" wait_for 20 ended
	ok "$1: a limit is refused" says 3 apply edge limit 203.0.113.7 to 5
	ok "$1: a key, too" says 3 apply edge deny key 0102030405060708
	says 0 probe edge
	like "$1: probe says that nothing ends without weir" "$TEXT" "does not end entries by itself, and weir sees its file"
	nok "$1: and claims neither an end nor an answer" grep -qE "expires|confirms" <<<"$(w list --json | grep '"can"')"
	rm "$D/state/edge.ledger"
	says 0 reconcile edge
	ok "$1: a ledger that is lost: what is in the file is weir's, and leaves" refuses
	echo "theirs: true" >"$FILE"
	ok "$1: somebody else's file is left alone" says 3 apply edge deny 203.0.113.7
	like "$1: and told" "$TEXT" "weir has not written this file"
	is "$1: to the byte" "$(<"$FILE")" "theirs: true"
	sed -i "s,^file = .*,file = $D/weir.conf," "$D/gateways/edge.conf"
	ok "$1: a name that it would not read is refused" says 2 list edge
}

ended() {
	says 0 reconcile edge
	refuses 203.0.113.7/32 2001:db8::/32
}

# ---- a gateway by name, and a name server that is silent ----

gone_from_file() {
	! grep -q 203.0.113.20 "$FILE"
}

asked_often() {
	[ "$(wc -l <"$D/asked")" -ge 8 ]
}

silent_name() {
	gw envoy
	FILE=$D/weir.json
	rm -rf "$D/state" "$FILE"
	sed -i "s,^file = .*,file = $FILE," "$D/gateways/edge.conf"
	printf '%s\n' "[gateway]" "driver = caddy" "timeout = 300ms" "[caddy]" "admin = http://gateway.example:2019" >"$D/gateways/silent.conf"
	printf '%s\n' "nameserver 127.0.0.1" "options timeout:30 attempts:2" >"$D/resolv.conf"
	mount --bind "$D/resolv.conf" /etc/resolv.conf || { skip "/etc/resolv.conf cannot be another one here"; return; }
	background_in "$B" "$PYTHON" -S -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
open(sys.argv[1], "w").close()
while True:
    s.recv(2000)
    open(sys.argv[1], "a").write("asked\n")' "$D/asked"
	local server=$BG began=$SECONDS
	wait_for 60 test -e "$D/asked"
	ok "a name that nobody answers for is told" says 1 apply silent deny 203.0.113.7
	like "as late" "$TEXT" "gateway.example.*does not answer in time .gateway.timeout."
	ok "the name server was asked" test -s "$D/asked"
	ok "the resolver's minute is not waited for" test $((SECONDS - began)) -lt 25
	says 0 apply edge deny 203.0.113.20 for 1s
	background_in "$B" "$WEIR" gateway reconcile --every 100ms -c "$CONF" 2>"$D/every"
	ok "and beside it the other gateway loses its entry on time" wait_for 20 gone_from_file
	wait_for 60 asked_often
	ok "lookups do not pile up" test "$(ls "/proc/$BG/task" | wc -l)" -le 8
	note "$(ls "/proc/$BG/task" | wc -l) threads"
	background_end
	BG=$server background_end
	umount /etc/resolv.conf
}

try envoy weir.json
try traefik weir.yml
silent_name
helper block "$PAGE" "envoy filter" >"$TMP/filter.yml"
helper block "$PAGE" "traefik static" >"$TMP/static.yml"
ok "the page's blocks for both are YAML, and name the same things" python3 - "$TMP" <<-'PYTHON'
	import sys, yaml
	f, = yaml.safe_load(open(sys.argv[1] + "/filter.yml"))
	assert f["name"] == "weir-edge" and f["config_discovery"]["type_urls"][0].endswith("rbac.v3.RBAC")
	assert f["config_discovery"]["config_source"]["path_config_source"]["path"] == "/etc/envoy/weir.json"
	assert yaml.safe_load(open(sys.argv[1] + "/static.yml"))["providers"]["file"]["directory"] == "/etc/traefik/dynamic"
PYTHON
finish
