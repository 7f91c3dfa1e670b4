#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is expected, from a history of days that is written here under a running weir: said by commands, metrics and the socket, an
# incident where it meets the ceiling of a class, the capacity of a link or the limit of a rule, none where it does not, over when
# nobody wants to know any more.

# shellcheck disable=SC2317 # functions are called by name, through ok and wait_for
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

A=f$$ B=g$$
IN=to-$A
pair "$A" "$B"
NS=$(ns "$B")
DB=$TMP/weir/history.db
POLICY=$TMP/edge.policy
mkdir -p "$TMP/weir"
# Of each kind one that is met and one that is not: the link's other direction, a class and a rule with room.
printf '%s\n' "link $IN = in 900mbit out 900mbit" "class web = ceiling 60mbit" "class web to tcp/443" \
	"class mail = ceiling 600mbit" "class mail to tcp/25" "dns: limit 7500pps to udp/53" "ntp: limit 75kpps to udp/123" >"$POLICY"

begin() {
	conf "interfaces = $IN" "[policy]" "file = $POLICY" "pressure = no" "[history]" "path = $DB" "[detect]" "$@"
}

begin "on = yes" "forecast = no"
ok "weir starts and forecasts nothing" start_all --page ""

# Two days of minutes, three weeks of hours before: the class has 40 Mbit/s now, rises, and meets 60 in 95 minutes. The link has
# fifteen times as much, 600 of 900 Mbit/s; each rule has 5,000 packets/s.
python3 - "$DB" "$IN" <<'END'
import math, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=60)
now = int(time.time()) // 60 * 60


def bytes_of(t):
    return int(40e6 / 8 * math.exp(math.sin(2 * math.pi * (t - now) / 86400)))


all_of = (("total", "", 15), ("interface", sys.argv[2], 15), ("class", "web", 1), ("class", "mail", 1), ("rule", "dns", 1), ("rule", "ntp", 1))
for number, (kind, key, times) in enumerate(all_of, 1000):
    db.execute("INSERT OR IGNORE INTO series(id, kind, key, seen) VALUES(?, ?, ?, ?)", (number, kind, key, now))
    number, = db.execute("SELECT id FROM series WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    for res, span in ((60, 2.2), (3600, 29)):
        begin = int(now - span * 86400) // res * res
        db.executemany("INSERT OR REPLACE INTO rollup_row(series, res, t, packets, bytes) VALUES(?, ?, ?, ?, ?)",
                       [(number, res, t, times * bytes_of(t) * res // 1000, times * bytes_of(t) * res) for t in range(begin, now, res)])
db.commit()
END

known() {
	w forecast class web --json >/dev/null 2>&1
}

begin "on = yes"
ok "with that history it is to" says 0 config reload
ok "it is read within seconds" wait_for "$PATIENCE" known
w forecast class web --json >"$TMP/web.json"
# of EXPRESSION: Python over the forecast of the class, and its horizons.
of() {
	"$PYTHON" -S -c 'import json, sys
row = json.loads(open(sys.argv[1]).readline())
at = {h["ahead"]: h for h in row["horizons"]}
print(*(int(x) if x is True else x for x in eval(sys.argv[2])))' "$TMP/web.json" "$1"
}
is "the next day is known and sure" "$(of '(row["sure_minutes"], row["hours"] > 168)')" "1440 1"
is "in an hour it has what the days before had" "$(of '[45e6 < at["1h"]["mid"] < 58e6]')" 1
is "ranges are in order" "$(of '[all(h["low95"] <= h["low80"] <= h["mid"] <= h["high80"] <= h["high95"] for h in at.values())]')" 1
is "and have been checked" "$(of '[all(h["checked"] > 20 and h["held80"] > 0.6 for h in at.values())]')" 1
is "it meets its ceiling in an hour and a half or so" "$(of 'row["limit"]["name"], 60 < row["limit"]["meets_minutes"] < 150')" "ceiling 1"
like "as text" "$(w forecast class web)" "ceiling 60.0 Mb/s: expected to be met in 1"
like "all of them" "$(w forecast)" "class web in "
ok "of what is not there: nothing" says 1 forecast tcp/9@10.0.0.9
like "and it says so" "$TEXT" "nothing is known of 'tcp/9@10.0.0.9'"
raw_lines "forecast of=total points=24" >"$TMP/shapes"
is "a path for the page" "$(head -n 1 "$TMP/shapes" | grep -o '"at":' | wc -l)" 24
like "metrics" "$(raw_lines metrics)" 'weir_forecast_bytes_per_second\{of="class web",direction="in",ahead="24h",bound="high80"\}'

# alarms: of what there is an incident, of any class, that is not over.
alarms() {
	said incidents '", ".join(sorted("%s: %s" % (r["class"], r["target"]) for r in rows if r["state"] != "over"))'
}

# told WHAT: there is one of that.
told() {
	alarms | grep -qF "capacity: $1"
}

# What the interface has counts once something comes in.
touched() {
	in_ns "$A" ping -q -c 1 -W 1 10.77.0.2 >/dev/null
	told "$1"
}

# known_of WHAT: what history has of it has been read.
known_of() {
	[ "$(said forecast "[r['sure_minutes'] for r in rows if (r['kind'], r.get('key')) == ('${1% *}', '${1#* }')][:1]")" = "[1440]" ]
}

ok "an incident tells of it" wait_for "$PATIENCE" told "class web"
ok "and one of the link" wait_for "$PATIENCE" touched "interface $IN"
ok "and one of the rule" wait_for "$PATIENCE" told "rule dns"
for of in "class mail" "rule ntp"; do
	ok "$of is known, too" wait_for "$PATIENCE" known_of "$of"
done
is "and of what is not met there is none" "$(alarms)" "capacity: class web, capacity: interface $IN, capacity: rule dns"
w incidents --json >"$TMP/incidents.json"
# says_of TARGET TEXT...: what its incident says, with when it is met and what is there now.
says_of() {
	like "in words: $1" "$(cat "$TMP/incidents.json")" "\"target\":\"$1\".*$1 is expected to meet its $2 at about [0-9]{2}:[0-9]{2} UTC \(in [0-9]+ min; now $3\)"
}
says_of "class web" "ceiling of 60 Mbit/s" "[34][0-9.]+ Mbit/s"
says_of "interface $IN" "capacity of 900 Mbit/s" "[56][0-9.]+ Mbit/s"
says_of "rule dns" "limit of 7,500 packets/s" "[45],[0-9]{3} packets/s"
is "each is one, and low" "$(grep -c '"severity":"low"' "$TMP/incidents.json") of $(wc -l <"$TMP/incidents.json")" "3 of 3"
# meets KEY: the minutes until then.
meets() {
	said forecast "[r['limit']['meets_minutes'] for r in rows if r.get('key') == '$1' and 'meets_minutes' in r.get('limit', {})][0]"
}
ok "a rule is told earlier than a class with the same: when one of ten is above it, not the middle" [ "$(meets dns)" -lt "$(meets web)" ]
cat "$TMP/web.json" "$TMP/incidents.json" >>"$TMP/shapes"
if python3 -c 'import jsonschema' 2>/dev/null; then
	ok "with the shapes of docs/schema" shapes "$TMP/shapes" forecast incident
fi
begin "on = yes" "forecast = no"
ok "nobody wants to know any more" says 0 config reload
is "all are over" "$(alarms)" ""
ok "and nothing is expected" says 1 forecast
like "and why" "$TEXT" "forecasts are off: \[detect\] forecast = yes"
stop TERM
is "it ends well" "$RC" 0
finish
