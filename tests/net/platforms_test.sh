#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What docs/platforms.md says to write: weir takes each of its blocks, promtool takes those for Prometheus, and a Prometheus that
# is configured as the page says scrapes weir and knows the metrics that its alerts ask for.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
# shellcheck disable=SC2154 # PATIENCE, D: set by watch.sh and daemon.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/watch.sh
. "$WR_HERE/watch.sh"
# shellcheck source=tests/net/daemon.sh
. "$WR_HERE/daemon.sh"
need_root
need python3
need_weir

# Each block into $TMP/KIND.N.
awk -v to="$TMP" '
/^```[a-z]/ { kind = substr($0, 4); gsub(" ", "-", kind); file = to "/" kind "." ++n; next }
/^```$/ { file = ""; next }
file { print >file }' "$WR_ROOT/docs/platforms.md"
blocks=("$TMP"/ini.*)
ok "the page has blocks for weir" test "${#blocks[@]}" -ge 8
for b in "${blocks[@]}"; do
	ok "weir takes: $(tr '\n' ' ' <"$b" | cut -c 1-80)" "$WEIR" config check -c "$b"
done

type -P promtool prometheus curl >/dev/null || { skip "Prometheus is not installed"; finish; }
cp "$TMP"/yaml-rules.* "$TMP/weir.rules.yml"
ok "promtool takes the rules" promtool check rules "$TMP/weir.rules.yml"
for b in "$TMP"/yaml-prometheus.*; do
	ok "promtool takes the configuration" promtool check config --syntax-only "$b"
done

first=$(find "$TMP" -name 'yaml-prometheus.*' | sort -t. -k2 -n | head -n 1)
sed 's/scrape_interval: .*/scrape_interval: 1s/' "$first" >"$TMP/prometheus.yml"
ip link add eth0 type veth peer name eth1 && ip link set eth0 up && ip link set eth1 up
echo "[capture]
interfaces = eth0
[output]
eve = $TMP/eve.json" >"$CONF"
ok "the daemon starts, with its page" start_all --set history.path=
background prometheus --config.file="$TMP/prometheus.yml" --storage.tsdb.path="$TMP/tsdb" --web.listen-address=127.0.0.1:9090 \
	--log.level=error >"$TMP/prometheus.log" 2>&1

# query EXPRESSION: how many series it gives.
query() {
	curl -s --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query |
		"$PYTHON" -S -c 'import json, sys; print(len(json.load(sys.stdin)["data"]["result"]))' 2>/dev/null
}

has() {
	[ "$(query "$1")" -ge "${2:-1}" ]
}

ok "a real Prometheus with the page's lines scrapes weir" wait_for "$PATIENCE" has 'up{job="weir"} == 1'
for m in weir_incidents_active weir_ledger_balanced weir_findings_total weir_windows_total weir_export_lost_total; do
	ok "and knows $m" wait_for "$PATIENCE" has "$m"
done
alerts() {
	[ "$(curl -s 'http://127.0.0.1:9090/api/v1/rules?type=alert' | "$PYTHON" -S -c '
import json, sys
r = [x for g in json.load(sys.stdin)["data"]["groups"] for x in g["rules"]]
print(len(r), {x["health"] for x in r} <= {"ok", "unknown"})')" = "4 True" ]
}
ok "its four alerts are loaded, and none of them is broken" wait_for "$PATIENCE" alerts
background_end
stop TERM
is "the daemon ends well" "$RC" 0
ip link del eth0
finish
