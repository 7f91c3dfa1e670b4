#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# weir top on a real interface: what the kernel counts is what the screen shows, down to single packets, and nothing is
# left behind. The screen itself is held against a host that always does the same in screen_test.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/watch.sh"
. "$(dirname "$0")/screen.sh"
need_root
need python3
need_screen
need_weir
find_send
[ -x "$(dirname "$WEIR")/tui_screen" ] || skip_all "built without ncurses"
pair a b

# A server that answers each line with 20,000 bytes, on port 8080; one that says it back, on UDP port 53.
cat >"$TMP/serve.py" <<'PYTHON'
import socket, threading
def talk(c):
    while c.recv(100):
        c.sendall(b"x" * 20000)
def udp(family):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind(("", 53))
    while True:
        data, peer = s.recvfrom(2000)
        s.sendto(data, peer)
for family in socket.AF_INET, socket.AF_INET6:
    if family == socket.AF_INET:
        threading.Thread(target=udp, args=(family,), daemon=True).start()
listener = socket.create_server(("", 8080))
print("ready", flush=True)
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
PYTHON
cat >"$TMP/ask.py" <<'PYTHON'
import socket, time
tcp = [socket.create_connection(("10.77.0.2", 8080)) for _ in range(4)]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for s in tcp:
        s.sendall(b"more\n")
        got = 0
        while got < 20000:
            got += len(s.recv(65536))
    udp.sendto(b"?" * 50, ("10.77.0.2", 53))
    udp.recv(2000)
    time.sleep(0.05)
PYTHON
cat >"$TMP/broken.py" <<'PYTHON'
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("to-b", 0))
ip = bytes.fromhex("45000028000000004006000005050505") + bytes([10, 77, 0, 2])
tcp = bytes.fromhex("1000 0050 00000001 00000000 1002 0400 0000 0000".replace(" ", ""))
for _ in range(37):
    s.send(bytes.fromhex("027700000002 027700000001 0800".replace(" ", "")) + ip + tcp)
PYTHON
# in_background NS COMMAND...: as in_ns, for the background: its process id is the command's.
in_background() {
	local n
	n=$(ns "$1")
	shift
	background nsenter --net="/run/netns/$n" "$@"
}

in_background b python3 "$TMP/serve.py" >"$TMP/ready"
ok "the server is up" wait_for "$PATIENCE" grep -q ready "$TMP/ready"
in_background a python3 "$TMP/ask.py"
ask=$BG

screen_open 24 80 "$WEIR" top -n "$(ns b)" -i to-a
ok "the screen is there" screen wait "$PATIENCE" '^  1 Services [1-9]'
sees "the interface and its hooks; the books are balanced" 0 '^ weir  .*   to-a [a-zA-Z ]+, TC egress +balanced  ..:..:..$'
ok "a TCP service with its flows and sources" screen wait "$PATIENCE" '^ TCP 10.77.0.2:8080 +[0-9.]+ k +[0-9.]+ [kM] .* 4 +1$'
ok "a UDP service" screen wait "$PATIENCE" '^ UDP 10.77.0.2:53 +[0-9.]+ k +[0-9.]+ k .* 1 +1$'
sees "what comes in has a rate" 1 '^ in +[0-9.]+ kbit/s .*█'
sees "and what goes out" 3 '^ out +[0-9.]+ Mbit/s .*█'
screen keys '2'
ok "the talker" screen wait "$PATIENCE" '^ 10.77.0.1 +[0-9.]+ k +[0-9.]+ M .* 5 +[0-9.]+ [kM]$'
screen keys '3'
ok "its flows" screen wait "$PATIENCE" '^ 10.77.0.1:[0-9]+ > 10.77.0.2:8080 TCP +[0-9.]+ k +[0-9.]+ [kM]'
screen keys '4'
ok "protocols" screen wait "$PATIENCE" '^ TCP +[0-9.]+ k +[0-9.]+ M +9[0-9.]+%'
ok "sizes of packets" screen wait "$PATIENCE" '^ 64 - 127 +[0-9.]+% +█'

note "from a service to its packets"
screen keys '1{Enter}'
sees "talkers of the service" 22 '^ Services › TCP 10.77.0.2:8080 › talkers .* 1 of 1$'
ok "with their rate" screen wait "$PATIENCE" '^ 10.77.0.1 +[0-9.]+ k +[0-9.]+ M .* 4 +[0-9.]+ [kM]$'
screen keys '{Enter}'
sees "flows between the two" 22 '› 10.77.0.1 › flows .* 1 of 4$'
screen keys '{Enter}'
ok "packets of one flow" screen wait "$PATIENCE" '^ ..:..:..\.[0-9]+ 10.77.0.1:[0-9]+ +> 10.77.0.2:8080 +TCP \[P?\.\]'
is "of no other" "$(screen show | grep -oE '^ ..:..:..\.[0-9]+ [0-9.:]+' | cut -d' ' -f3 | sort -u | wc -l)" 1
nok "and no UDP" grep -q UDP <<<"$(screen show | sed -n 7,22p)"
screen keys '{Esc}{Esc}{Esc}'

note "a filter"
screen keys '/udp port 53{Enter}'
sees "one service" 5 '1 Services 1  2 Talkers 1  3 Flows 1  4 Protocols '
ok "its rate goes on" screen wait "$PATIENCE" '^ UDP 10.77.0.2:53 +[0-9.]+ k .* 1 +1$'
screen keys '{Esc}'

note "many sources, and broken packets"
# Sources are counted minute by minute: they have to come within one.
minute_is_young() {
	[ "$(date +%-S)" -lt 45 ]
}
wait_for "$PATIENCE" minute_is_young
sent=$(in_ns a "$SEND" -d 02:77:00:00:00:02 to-b "$(thin 4000)" 64 2000 udp)
# The number is an estimate with a standard error of 3.3 %; three of them are allowed.
right_sources() {
	local n
	n=$(screen show | tr -d , | sed -n 's/^ UDP 10.77.0.2:9 .* \([0-9]*\)$/\1/p')
	[ -n "$n" ] && [ "$n" -ge $((sent * 9 / 10)) ] && [ "$n" -le $((sent * 11 / 10)) ]
}
ok "$sent packets from as many sources" wait_for "$PATIENCE" right_sources
note "$(screen show | grep 'UDP 10.77.0.2:9 ')"
in_ns a python3 "$TMP/broken.py"
screen keys '5'
ok "malformed packets are counted, to the packet" \
	screen wait "$PATIENCE" '^ tcp_doff +TCP header length below 20 bytes +[0-9]+ +37$'

note "the books: what the interface counted"
kill "$ask"
wait_for 5 wr_gone "$ask"
screen keys '6'
settled() {
	local rx
	rx=$(rx_packets b to-a)
	sleep 1.2
	[ "$rx" = "$(rx_packets b to-a)" ] || return
	screen show | tr -d , | grep -E "^ to-a +[A-Za-z ]+ [0-9]+ +[0-9]+ +0 +[0-9]+ +balanced$"
}
ok "arrived is passed, and balanced" wait_for "$PATIENCE" settled

note "sizes"
screen size 43 132
ok "132 x 43" screen wait "$PATIENCE" '^ interface +hook +arrived .* last [0-9]+ s +books$'
is "43 lines" "$(screen show | wc -l)" 43
screen size 10 60
sees "60 x 10" 0 '^weir top needs 80 x 24 characters; this is 60 x 10.$'
screen size 24 80
ok "80 x 24" screen wait "$PATIENCE" '6 Ledger 2'

before=$(screen cpu)
sleep 3
after=$(screen cpu)
note "an idle screen: $(python3 -c "print('%.1f' % (($after - $before) * 100 / 3))") % of a CPU over 3 s"
in_background a python3 "$TMP/ask.py"
screen keys '1'
ok "traffic again" screen wait "$PATIENCE" '^ in +[0-9.]+ kbit/s'
before=$(screen cpu)
sleep 3
after=$(screen cpu)
note "services, some hundred packets a second: $(python3 -c "print('%.1f' % (($after - $before) * 100 / 3))") % of a CPU over 3 s"
screen keys q
ok "q ends it, and the terminal is as it was" ended 0
screen_close

note "other ways to begin"
screen_open 24 80 "$WEIR" top -n "$(ns b)" -i to-a --hook packet tcp port 8080
ok "a packet socket, and a filter" screen wait "$PATIENCE" '^ TCP 10.77.0.2:8080 +[0-9.]+ k .* 4 +1$'
sees "which is told" 0 'to-a packet socket'
screen signal TERM
ok "SIGTERM" ended 0
screen_close
for bad in "-i nowhere:nowhere" "-i to-a --hook xpd:xpd" "-i to-a tcp prt 80:syntax error"; do
	# shellcheck disable=SC2086
	screen_open 24 80 "$WEIR" top -n "$(ns b)" ${bad%:*}
	ok "weir top ${bad%:*}: status 2" ended 2
	ok "and it says why" screen wait 5 "${bad#*:}"
	screen_close
done
finish
