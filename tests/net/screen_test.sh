#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The screen of weir top, with a host that always does the same (tests/unit/tui_screen.c): what stands where, what each
# key does, sizes, colours, and that the terminal is given back however it ends. No rights are needed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/screen.sh"
need_screen
build=$(dirname "$WEIR")
SHOW=$build/tui_screen
[ -x "$SHOW" ] || skip_all "built without ncurses"

# quietly COMMAND...: an answer that is nobody's business.
quietly() {
	"$@" >/dev/null
}

# fits ROWS COLS: the screen has so many lines, none is longer, and the last two are where they belong.
fits() {
	local text
	text=$(screen show)
	[ "$(wc -l <<<"$text")" = "$1" ] || { echo "$(wc -l <<<"$text") lines"; return 1; }
	[ "$(wc -L <<<"$text")" -le "$2" ] || { echo "a line of $(wc -L <<<"$text")"; return 1; }
	tail -n 1 <<<"$text" | grep -q 'Enter open .* q quit'
}

# ---- 80 x 24 ----
screen_open 24 80 "$SHOW" -m 100000 -o -b
ok "the screen is there" screen wait 10 'Services 5'
ok "it fits 80 x 24" fits 24 80
sees "host, hooks, books and time in the headline" 0 \
	'^ weir  host.example   eth0 native XDP  wlan0 TC ingress +balanced  22:14:31$'
sees "what comes in" 1 '^ in +362.2 Mbit/s .*█$'
sees "and how many packets" 2 '^ +105.1 k pkt/s .*[▁▂▃▄▅▆▇█]{40}'
sees "what goes out" 3 '^ out +1.0 Gbit/s .*█$'
is "the panels and how much is in them" "$(line 5)" \
	"  1 Services 5  2 Talkers 54  3 Flows  4 Protocols  5 Drops  6 Ledger  7 Rules"
is "the columns, and which one sorts" "$(line 6)" \
	" service                     ↓in bit/s  out bit/s  last 12 s      flows  sources"
is "a service" "$(line 7)" " TCP 10.0.0.1:443 http         347.0 M      1.0 G  ▁▁▂▂▂▂▂▂▂███      40       39"
is "what belongs to none" "$(line 12)" " to no service of this host      1.5 M    573.6 k  ▆▆▆▇▇▇▇█████"
like "the first row is under the bar" "$(screen look 7)" '^r{80}$'
like "the second is not" "$(screen look 8)" '^[^r]{80}$'
like "the panel is marked" "$(screen look 5)" '^\.r{14}\.'
is "blue and orange, nothing else" "$(screen colours | tr '\n' ' ')" "0087ff default ff8700 "

# ---- keys: each of the table ----
ok "Down" screen keys '{Down}{Down}'
like "the bar has moved" "$(screen look 9)" '^r{80}$'
sees "the status says where it is" 22 'by rate +3 of 5$'
quietly screen keys '{Up}'
like "Up" "$(screen look 8)" '^r{80}$'
quietly screen keys 's'
sees "s: another column sorts" 22 'by packets a second'
quietly screen keys 'ss'
sees "s: and the next, which is marked" 6 '↓sources'
quietly screen keys 'sss'
quietly screen keys 'u'
sees "u: bytes" 6 'in B/s +out B/s'
sees "u: in the chart too" 1 '45.3 MB/s'
quietly screen keys 'u{Home}'
quietly screen keys '{Enter}'
sees "Enter: the talkers of a service" 22 '^ Services › TCP 10.0.0.1:443 › talkers .* 1 of 40$'
is "their rates are there at once" "$(line 7)" \
	" 10.1.0.1                      107.5 M    317.9 M  ▁▁▂▂▂▂▂▂▂███       1  854.3 M"
quietly screen keys '{End}'
sees "End: the last row" 22 '40 of 40$'
like "and it can be seen" "$(screen look 21)" '^r{80}$'
quietly screen keys '{PgUp}'
sees "PgUp: a page" 22 ' 26 of 40$'
quietly screen keys '{PgDn}{Home}{Down}'
sees "Home and Down" 22 ' 2 of 40$'
quietly screen keys '{Enter}'
sees "Enter: their flows" 22 '^ Services › TCP 10.0.0.1:443 › 10.1.0.2 › flows .* 1 of 1$'
sees "it is the right one" 7 '^ 10.1.0.2:40002 > 10.0.0.1:443 TCP +53.7 M +158.9 M'
quietly screen keys '{Enter}'
ok "Enter: their packets" screen wait 5 'packets as they arrive: [0-9]+'
ok "as lines" screen wait 5 '10.1.0.7:54321 +> 10.0.0.1:443 +TCP \[S\]'
quietly screen keys '{Esc}'
sees "Esc: back" 22 '10.1.0.2 › flows'
quietly screen keys '{Left}{Left}'
sees "Left: back to the top" 22 '^ Services +by rate +1 of 5$'
quietly screen keys '{Right}{Esc}'
quietly screen keys 'w'
sees "w: the packets of the row" 22 '^ Services › TCP 10.0.0.1:443 › packets'
quietly screen keys '{Esc}{Down}w'
sees "what stands against it is said" 22 '^ these packets are not for you$'
for n in '2 talker' '3 client' '4 protocol' '5 reason' '6 interface' '1 service'; do
	quietly screen keys "${n% *}"
	sees "${n% *}: the panel" 6 "^ ${n#* } "
done
quietly screen keys '{Tab}{Tab}'
sees "Tab: the next panel" 6 '^ client > server'
quietly screen keys '{BTab}'
sees "Shift-Tab: the one before" 6 '^ talker '
quietly screen keys '4'
ok "sizes of packets stand below the protocols" screen wait 5 '^ 256 - 511 +51.0%  █{50}'
quietly screen keys '{Enter}'
sees "Enter: flows of a protocol" 22 '^ Protocols › TCP › flows'
quietly screen keys '5'
sees "malformed packets by their reason" 7 '^ tcp_doff +TCP header length below 20 bytes +0 +115$'
quietly screen keys '{Enter}'
sees "nothing is below them, and that is said" 22 'there is nothing below this row'
quietly screen keys '6{Enter}'
ok "Enter: the ledger in words" screen wait 5 'broken +115 +tcp_doff: TCP header length below 20 bytes'
quietly screen keys '{Down}{PgDn}{Esc}'
quietly screen keys '?'
sees "?: help" 0 '^ weir top: keys$'
for name in 'Up Down' PgUp 'Home End' Enter Esc w '1 .. 8' Tab / s Space p u '[?]' q; do
	ok "help tells of $name" screen wait 5 "^   $name +[^ ]"
done
quietly screen keys '{Down}{Esc}'
sees "Esc: back from it" 22 '^ Ledger'
quietly screen keys '{F1}q'
ok "q ends it, and the terminal is as it was" ended 0
is "no byte was sent that steers otherwise than a screen must" "$(screen raw)" ""
screen_close

# ---- rules ----
screen_open 24 80 "$SHOW" -r
ok "a policy is there" screen wait 10 'Services 5'
quietly screen keys '7'
sees "its rules, with what they match and stop" 7 '^ scan +ends in 5m 10s +10 +5 '
sees "a shadow says so" 8 '^ ghost +shadow +5 +5 '
sees "what they stop is a chart" 6 '^ rule +state +match/s +.?stop/s +last [0-9]+ s$'
quietly screen keys '5'
sees "drops tell the rule in force, and not the shadow" 7 '^ scan +dropped by rule: scan: drop from 192'
sees "and nothing else" 8 '^ *$'
quietly screen keys 'q'
ok "the end" ended 0
screen_close

# ---- classes ----
screen_open 24 80 "$SHOW" -k
ok "classes are there" screen wait 10 '1 Services'
sees "the panel has a tab when there are some" 5 '8 Classes'
quietly screen keys '8'
sees "offered, passed, dropped, guarantee" 7 '^ web +30.0 M +20.0 M +10.0 M +[█ ]+ +16.0 M$'
sees "what it had of a link below it" 8 '^   enp130s0f1np100 out +20.0 M +16.0 M'
sees "their link, with what it uses" 9 '^ link enp130s0f1np100 out +20.0 M .* of 20.0 M'
sees "the columns tell their unit" 6 '^ class \(bit/s\) +offered +passed +dropped +last [0-9]+ s +guarantee$'
quietly screen keys 'u'
sees "in bytes, too" 7 '^ web +3.8 M +2.5 M +1.2 M '
quietly screen keys '{Enter}'
sees "there is nothing below" 22 'nothing below'
quietly screen size 30 140
ok "a wide screen has all of it" screen wait 5 'ceiling +borrowed +marked/s +priority +packets lost$'
quietly screen keys 'q'
ok "the end" ended 0
screen_close

# ---- time goes by: freeze, pause ----
screen_open 24 80 "$SHOW" -m 100
ok "a window is a tenth of a second" screen wait 10 'Services 5'
quietly screen keys ' '
sees "Space: the screen says that it stands still" 0 'FROZEN'
before=$(screen show)
sleep 0.5
is "and it does" "$(screen show)" "$before"
quietly screen keys ' '
ok "Space: it goes on" screen gone 5 FROZEN
ok "with what was counted meanwhile" screen wait 5 '^ in '
[ "$(screen show)" != "$before" ]
wr_point $? "it is another screen"
quietly screen keys '2p'
sees "p: the screen says that rows stay" 0 'PAUSED'
order=$(screen show | sed -n '8,22s/^ \([^ ]*\).*/\1/p')
numbers=$(screen show | sed -n '8,22p')
sleep 1
is "and they do" "$(screen show | sed -n '8,22s/^ \([^ ]*\).*/\1/p')" "$order"
[ "$(screen show | sed -n '8,22p')" != "$numbers" ]
wr_point $? "while their numbers go on"
quietly screen keys 'p'
ok "p: let go" screen gone 5 PAUSED
quietly screen signal TERM
ok "SIGTERM ends it, and the terminal is as it was" ended 0
screen_close

# ---- a filter ----
screen_open 24 80 "$SHOW" -m 100000 -o 'udp port 53'
ok "a filter from the start" screen wait 10 'filter: udp port 53'
sees "chooses" 5 '1 Services 2  2 Talkers 12  3 Flows  4 Protocols'
quietly screen keys '/'
sees "/: it can be changed" 22 '^ filter: udp port 53$'
quietly screen keys '{CtrlU}tcp prt'
quietly screen keys '{Enter}'
sees "a wrong one is told" 23 'syntax error'
quietly screen keys '{BS}{BS}{BS}port 22{Enter}'
sees "and mended" 7 '^ TCP 10.0.0.1:22 '
sees "one service" 5 '1 Services 1  2 Talkers 1 '
quietly screen keys '/{Esc}'
sees "Esc leaves it as it was" 22 'filter: tcp port 22'
quietly screen keys '/{CtrlU}host 192.0.2.9{Enter}'
ok "one that chooses nothing" screen wait 5 'the filter chooses nothing that there is now'
quietly screen keys '{Esc}'
sees "Esc: the filter off" 5 '1 Services 5 '
quietly screen signal HUP
ok "SIGHUP ends it, and the terminal is as it was" ended 0
screen_close

# ---- sizes ----
screen_open 24 80 "$SHOW" -m 200
ok "another size" screen wait 10 'Services 5'
ok "132 x 43" screen size 43 132
ok "uses the room" fits 43 132
ok "more columns" screen wait 5 '^ service +↓in bit/s +pkt/s +last [0-9]+ s +flows +sources +bytes +last seen$'
ok "the most of the minute" screen wait 5 'peak +[0-9.]+ [MG]bit/s$'
quietly screen keys '3'
ok "with what a flow speaks, and the name that it asked for" screen wait 5 ' http shop.example$'
ok "which a stranger has chosen, and cannot steer the terminal with" screen wait 5 ' http .x1b.2J.x1b.0;ev'
ok "of flows too" screen wait 5 '^ client > server .* lasted +bytes +rtt +speaks$'
ok "60 x 10 is too small" screen size 10 60
sees "and that is said politely" 0 '^weir top needs 80 x 24 characters; this is 60 x 10.$'
quietly screen keys '{Down}s1'
ok "24 x 80 again" screen size 24 80
ok "as it was" fits 24 80
ok "200 x 60" screen size 60 200
ok "fits too" fits 60 200
ok "1 x 1" screen size 1 1
ok "80 x 25" screen size 25 80
ok "fits" fits 25 80
quietly screen keys q
ok "the end" ended 0
screen_close

# ---- other terminals ----
SCREEN_LOCALE=C screen_open 24 80 "$SHOW" -m 100000 -o
ok "without UTF-8" screen wait 10 'Services 5'
sees "charts are ASCII" 2 '[-.=#:+*%]{30}'
LC_ALL=C grep -q '[^ -~]' <<<"$(screen show)"
wr_point $((!$?)) "and so is all of it"
quietly screen keys q
ok "the end" ended 0
screen_close
screen_open 24 80 "$SHOW" -m 100000 -c -u
ok "without colour" screen wait 10 'NOT BALANCED'
is "there is none" "$(screen colours)" default
like "what is wrong is bold" "$(screen look 0)" 'b{12}'
quietly screen signal INT
ok "SIGINT ends it, and the terminal is as it was" ended 0
screen_close
TERM_TYPE=vt220 screen_open 24 80 "$SHOW" -m 100000
ok "a terminal without colours" screen wait 10 'Services 5'
quietly screen keys q
ok "the end" ended 0
screen_close
TERM_TYPE=dumb screen_open 24 80 "$SHOW"
ok "a terminal that cannot: a message, and status 2" ended 2
ok "which says what to do" screen wait 5 "set TERM"
screen_close

# ---- when things go wrong ----
screen_open 24 80 "$SHOW" -m 100 -x 75
ok "an error ends it with status 1, and the terminal is as it was" ended 1
ok "it is told on the old screen" screen wait 5 'the feed has ended, as it was told to'
screen_close
screen_open 24 80 "$SHOW" -m 100000
ok "a crash" screen wait 10 'Services 5'
quietly screen signal SEGV
ok "even then the terminal is as it was" ended -11
screen_close
is "no terminal: a message, and status 2" \
	"$("$WEIR" top 2>&1 >/dev/null </dev/null; echo $?)" "weir top needs a terminal; for text use weir watch or weir services
2"
finish
