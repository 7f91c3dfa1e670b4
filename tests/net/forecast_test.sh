#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is expected, from a history of days that is written here: said by commands, metrics and the socket, an incident where it meets the
# ceiling of a class, over when nobody wants to know any more.

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
printf '%s\n' "link $IN = in 900mbit out 900mbit" "class web = ceiling 60mbit" "class web to tcp/443" >"$POLICY"

begin() {
	conf "interfaces = $IN" "[policy]" "file = $POLICY" "pressure = no" "[history]" "path = $DB" "[detect]" "$@"
}

# Makes the tables.
begin "on = no"
start_all --page "" || wr_point 1 "weir begins a history"
stop TERM

# Eight days of minutes, two weeks of hours before: the class has 40 Mbit/s now, rises, and meets 60 in 95 minutes.
python3 - "$DB" <<'END'
import math, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
now = int(time.time()) // 60 * 60


def bytes_of(t):
    return int(40e6 / 8 * math.exp(math.sin(2 * math.pi * (t - now) / 86400)))


for number, (kind, key) in enumerate((("total", ""), ("class", "web")), 1000):
    db.execute("INSERT OR IGNORE INTO series(id, kind, key, seen) VALUES(?, ?, ?, ?)", (number, kind, key, now))
    number, = db.execute("SELECT id FROM series WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    for res, span in ((60, 8), (3600, 22)):
        begin = (now - span * 86400) // res * res
        db.executemany("INSERT OR REPLACE INTO rollup_row(series, res, t, packets, bytes) VALUES(?, ?, ?, ?, ?)",
                       [(number, res, t, bytes_of(t) * res // 1000, bytes_of(t) * res) for t in range(begin, now, res)])
db.commit()
END
chown -R nobody "$TMP/weir"

# of NAME EXPRESSION: of one that is expected; nothing is known of it in the first seconds.
of() {
	said forecast "$1" "$2"
}

known() {
	w forecast class web --json >/dev/null 2>&1
}

begin "on = yes"
ok "weir starts with that history" start_all --page ""
ok "it is read within seconds" wait_for "$PATIENCE" known
is "the next day is known, and sure" "$(of 'class web' 'rows[0]["sure_minutes"]')" 1440
is "in an hour it has what the days before had" "$(of 'class web' '45e6 < [h["mid"] for h in rows[0]["horizons"] if h["ahead"] == "1h"][0] < 58e6')" True
is "its ranges are in order" "$(of 'class web' 'all(h["low95"] <= h["low80"] <= h["mid"] <= h["high80"] <= h["high95"] for h in rows[0]["horizons"])')" True
is "and have been checked" "$(of 'class web' 'all(h["checked"] > 30 and 0.6 < h["held80"] for h in rows[0]["horizons"])')" True
is "it meets its ceiling in an hour and a half or so" "$(of 'class web' 'rows[0]["limit"]["name"], 60 < rows[0]["limit"]["meets_minutes"] < 150')" \
	"('ceiling', True)"
like "as text" "$(w forecast class web)" "ceiling 60.0 Mb/s: expected to be met in 1"
like "all of them" "$(w forecast)" "class web in .*40\.|class web in"
ok "of what is not there: nothing" says 1 forecast tcp/9@10.0.0.9
like "and it says so" "$TEXT" "nothing is known of 'tcp/9@10.0.0.9'"
is "a path for the page" "$(raw 'forecast of=total points=24' 'len(rows[0]["path"])')" 24
like "metrics" "$(raw_lines metrics)" 'weir_forecast_bytes_per_second\{of="class web",direction="in",ahead="24h",bound="high80"\}'

alarm() {
	[ "$(said incidents '[r["class"] for r in rows if r["state"] != "over"]')" = "['capacity']" ]
}

ok "an incident tells of it" wait_for "$PATIENCE" alarm
like "in words" "$(said incidents 'rows[0]["text"]')" "class web is expected to meet its ceiling of 60 Mbit/s at about [0-9]{2}:[0-9]{2} UTC \(in [0-9]+ min; now [34][0-9.]+ Mbit/s\)"
is "it is one" "$(said incidents 'len(rows), rows[0]["severity"], rows[0]["target"]')" "(1, 'low', 'class web')"
begin "on = yes" "forecast = no"
ok "nobody wants to know any more" says 0 config reload
nok "it is over" alarm
ok "and nothing is expected" says 1 forecast
like "and why" "$TEXT" "forecasts are off: \[detect\] forecast = yes"
stop TERM
is "it ends well" "$RC" 0
finish
