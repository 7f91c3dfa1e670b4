/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_POLICY_CASES_H
#define WR_TESTS_POLICY_CASES_H

/* One statement each. Behind it stand these, so that it has something to speak of. */
static const char policy_rest[] = "\nset partners = 10.9.0.0/16\nset others = 10.8.0.0/16\n"
				  "class web = priority 1\n";

/* What is written, and what is printed; NULL: the same. Local time is an hour east (MET). */
static const struct {
	const char *in, *out;
} policy_right[] = {
	{"allow any", NULL},
	{"  drop   any  # all of it", "drop any"},
	{"drop\tany\r", "drop any"},
	{"drop from 203.0.113.7", NULL},
	{"drop from 203.0.113.7/32", "drop from 203.0.113.7"},
	{"drop from 203.0.113.0/24", NULL},
	{"drop from 0.0.0.0/0", NULL},
	{"drop from 2001:DB8:0:0:0:0:0:1", "drop from 2001:db8::1"},
	{"drop from 2001:db8::/32,::/0", "drop from ::/0, 2001:db8::/32"},
	{"drop from 10.0.0.2 , 10.0.0.1,10.0.0.2", "drop from 10.0.0.1, 10.0.0.2"},
	{"drop from @partners", NULL},
	{"drop from @partners, 10.0.0.1, @others, @partners",
	 "drop from 10.0.0.1, @partners, @others"},
	{"drop not from @partners", NULL},
	{"drop not from 10.0.0.0/8, @partners to tcp/22", NULL},
	{"drop to tcp/443", NULL},
	{"drop to tcp/443-443", "drop to tcp/443"},
	{"drop to udp/5000-5999@10.0.0.5", NULL},
	{"drop to udp/1-65535", NULL},
	{"drop to tcp/443@2001:db8::5", NULL},
	{"drop to tcp@10.0.0.0/24", NULL},
	{"drop to 10.0.0.0/24", NULL},
	{"drop to 2001:db8::/64,tcp/1,proto/99", "drop to 2001:db8::/64, tcp/1, proto/99"},
	{"drop to sctp, dccp/5, udplite/9, icmp, icmp6, igmp, gre, esp, ah", NULL},
	{"drop to ipip, 6in4, ospf, pim, vrrp, l2tp", NULL},
	{"drop to proto/6", "drop to tcp"},
	{"drop to proto/0, proto/255@10.0.0.1", NULL},
	{"drop on eth0 from 10.0.0.0/8", "drop from 10.0.0.0/8 on eth0"},
	{"drop on eth0,br-lan.7", "drop on eth0, br-lan.7"},
	{"drop on to to tcp", "drop to tcp on to"},
	{"limit 100cps host WWW.Example.org", "limit 100cps host www.example.org"},
	{"drop host *.xn--exmple-cua.example", NULL},
	{"drop where \"tcp port 80\"", NULL},
	{"drop where \"tcp[tcpflags] & tcp-syn != 0\"", NULL},
	{"drop from 10.0.0.1 inner", NULL},
	{"drop out inner to tcp/25", "drop to tcp/25 inner out"},
	{"drop from 10.0.0.1 priority 0", NULL},
	{"drop from 10.0.0.1 priority 65535", NULL},
	{"drop from 10.0.0.1 priority 100", "drop from 10.0.0.1"},
	{"drop from 10.0.0.1 shadow", NULL},
	{"shadow-1: allow to tcp/22 shadow", NULL},
	{"drop from 10.0.0.1 auto for 10m", NULL},
	{"drop for 90s from 10.0.0.1", "drop from 10.0.0.1 for 1m30s"},
	{"drop from 10.0.0.1 for 1h30m", NULL},
	{"drop from 10.0.0.1 for 1w", "drop from 10.0.0.1 for 7d"},
	{"drop from 10.0.0.1 for 86400s", "drop from 10.0.0.1 for 1d"},
	{"drop from 10.0.0.1 for 3650d", NULL},
	{"drop from 10.0.0.1 for 1d1s", NULL},
	{"drop from 10.0.0.1 until 2026-11-25T18:00:00Z", NULL},
	{"drop from 10.0.0.1 until 2026-11-25 18:00",
	 "drop from 10.0.0.1 until 2026-11-25T17:00:00Z"},
	{"drop from 10.0.0.1 until 2026-11-25T18:00:30.7+02:00 why \"x\"",
	 "drop from 10.0.0.1 until 2026-11-25T16:00:30Z why \"x\""},
	{"drop from 10.0.0.1 auto until 2026-11-25T18:00:00Z", NULL},
	{"drop from 10.0.0.1 why \"port scan\"", NULL},
	{"drop why\"# no comment, = no sign\"from 10.0.0.1",
	 "drop from 10.0.0.1 why \"# no comment, = no sign\""},
	{"drop from 10.0.0.1 why \"a \\\"b\\\" \\\\ \u20ac\"", NULL},
	{"drop from 10.0.0.1 at mon-fri 08:00-18:00", NULL},
	{"drop from 10.0.0.1 at 22:00-06:00", NULL},
	{"drop from 10.0.0.1 at sat,sun", "drop from 10.0.0.1 at sat-sun"},
	{"drop from 10.0.0.1 at fri-mon 20:00-24:00",
	 "drop from 10.0.0.1 at mon, fri-sun 20:00-24:00"},
	{"drop from 10.0.0.1 at wed,mon,fri", "drop from 10.0.0.1 at mon, wed, fri"},
	{"drop from 10.0.0.1 at mon-sun 08:00-09:00", "drop from 10.0.0.1 at 08:00-09:00"},
	{"drop from 10.0.0.1 at tue 00:00-24:00", "drop from 10.0.0.1 at tue"},
	{"drop from 10.0.0.1 at 23:00-00:00", "drop from 10.0.0.1 at 23:00-24:00"},
	{"limit 1000pps any", "limit 1kpps any"},
	{"limit 1500pps to tcp/443", NULL},
	{"limit 2Mpps any", NULL},
	{"limit 20mbit burst 256KiB to udp", NULL},
	{"limit 1500kbit any", NULL},
	{"limit 1001bit any", NULL},
	{"limit 10gbit burst 1GiB any", NULL},
	{"limit 1mbit burst 1500 any", NULL},
	{"limit 1mbit burst 64kB any", "limit 1mbit burst 64000 any"},
	{"limit 5kcps per source any", NULL},
	{"limit 1cps to tcp/22, udp/5", NULL},
	{"limit 100pps burst 5k any", "limit 100pps burst 5000 any"},
	{"limit 100pps per source/24 burst 7 any", "limit 100pps burst 7 per source/24 any"},
	{"limit 100pps per source/24/64 any", NULL},
	{"limit 100pps per source/32/64 any", NULL},
	{"limit 100pps per source/32/128 any", "limit 100pps per source any"},
	{"limit 100pps to udp/53 per service", "limit 100pps per service to udp/53"},
	{"limit 100pps per rule any", "limit 100pps any"},
	{"cookies to tcp/443", NULL},
	{"cookies over 1000cps to tcp/443@10.0.0.5 for 10m",
	 "cookies over 1kcps to tcp/443@10.0.0.5 for 10m"},
	{"cookies any over 5cps shadow", "cookies over 5cps any shadow"},
	{"web: cookies over 200cps from 10.0.0.0/8 to tcp, 10.0.0.1 on eth0", NULL},
	{"vpn: allow from @partners to udp/51820 why \"the way in\"", NULL},
	{"r7: drop any", NULL},
	{"0: drop any", NULL},
	{"class web to tcp/443@10.0.0.5 at mon-fri 08:00-18:00", NULL},
	{"here: class web any", NULL},
	{"class low = priority 8", NULL},
	{"class low = ceiling 5mbit", "class low = ceiling 5mbit priority 4"},
	{"class low=priority 2 ceiling 2000kbit guarantee 1mbit",
	 "class low = guarantee 1mbit ceiling 2mbit priority 2"},
	{"set empty =", NULL},
	{"set source = 10.0.0.0/8 # a word, but of no statement", "set source = 10.0.0.0/8"},
	{"set x = 10.0.0.2, 10.0.0.1 2001:db8::1 10.0.0.1",
	 "set x = 10.0.0.1 10.0.0.2 2001:db8::1"},
	{"set x=@others @partners,@others 10.0.0.0/8", "set x = 10.0.0.0/8 @others @partners"},
	{"link eth0 = capacity 1gbit", NULL},
	{"link eth0 = in 100mbit out 20mbit", NULL},
	{"link eth0 = out 20mbit", NULL},
	{"link eth0 = out 1gbit in 1000mbit", "link eth0 = capacity 1gbit"},
	{"fragments drop", NULL},
	{"fragments pass", ""},
	{"unreadable drop", NULL},
	{"unreadable pass", NULL},
	{"", ""},
	{" \t\r", ""},
	{"# drop any", ""},
};

#define CLAUSES                                                                                \
	"from, not, to, on, host, where, any, score, inner, out, at, priority, shadow, auto, " \
	"for, until "                                                                          \
	"or why"
#define SERVICE "a service (tcp/443, udp/5000-5999@10.0.0.5), a protocol or an address"
#define RATE "a rate (1000pps, 5kpps, 20mbit, 100cps)"
#define RANGE "a rate from 1pps to 1000Mpps, 1kbit to 10000gbit or 1cps to 1000000kcps"
#define PER "source, source/24, source/24/64 (IPv4 and IPv6), service or rule"
#define BURST "packets or connections (200), or bytes for a rate in bits (64KiB, 1MiB)"
#define LONG "how long, in whole seconds from 1s to 3650d (90s, 10m, 1h30m)"
#define MOMENT "a time (2026-11-25T18:00:00Z, or 2026-11-25 18:00 for local time)"
#define WHEN "days (mon-fri, sat,sun) or a time of day (08:00-18:00), or both"
#define NO_PREFIX "is no address and no prefix (192.0.2.0/24, 2001:db8::/32)"
#define FOR_WHAT \
	"says not for what it is: add from, to, on, host or where, or any if everything is meant"
#define IFACE "an interface has a name of 1 to 15 bytes without / and :"
#define HOST                                                                                       \
	"is no host name; '*.' may stand in front and nowhere else, other scripts are written as " \
	"xn--..."
#define NAME "a name has 1 to 31 of a-z, 0-9, _ and -"
#define ITEM "an address, a prefix, a @set or file \"PATH\""

/* What is written, and all that is told: LINE:COLUMN: text, one a line. */
static const struct {
	const char *in, *told;
} policy_wrong[] = {
	/* statements */
	{"dorp from 10.0.0.1",
	 "1:1: 'dorp': expected allow, drop, limit, cookies, class, set, link, "
	 "model, fragments or unreadable; did you mean 'drop'?\n"},
	{"zzzz",
	 "1:1: 'zzzz': expected allow, drop, limit, cookies, class, set, link, model, fragments "
	 "or unreadable\n"},
	{"\"drop\" any", "1:1: '\"drop\"': expected allow, drop, limit, cookies, class, set, link, "
			 "model, fragments or unreadable\n"},
	{"= any",
	 "1:1: '=': expected allow, drop, limit, cookies, class, set, link, model, fragments or "
	 "unreadable\n"},
	{"vpn:", "1:5: the line ends here: expected allow, drop, limit, cookies, class, set, link, "
		 "model, fragments or unreadable\n"},
	{": drop any", "1:1: ':': expected allow, drop, limit, cookies, class, set, link, "
		       "model, fragments or unreadable\n"},
	{"Vpn: drop any", "1:1: 'Vpn': " NAME "\n"},
	{"from: drop any", "1:1: 'from': a word of the language cannot be a name\n"},
	{"abcdefghijklmnopqrstuvwxyz012345: drop any",
	 "1:1: 'abcdefghijklmnopqrstuvwxyz012345': " NAME "\n"},
	{"model m", "1:8: the line ends here: expected =\n"},
	{"model m = \"/m\"", "1:11: '\"/m\"': expected file \"PATH\"\n"},
	{"model m = file m.json", "1:16: 'm.json': expected a path in quotes\n"},
	{"model m = file \"m.json\"", "1:16: '\"m.json\"': a path has to begin with /\n"},
	{"model m = file \"/nowhere/m.json\"",
	 "1:16: '\"/nowhere/m.json\"': /nowhere/m.json: No such file or directory\n"},
	{"model score = file \"/m\"", "1:7: 'score': a word of the language cannot be a name\n"},
	{"x: model y = file \"/m\"", "1:1: 'x': only rules have a name in front\n"},
	{"drop any score m over 0.9", "1:16: 'm': expected the name of a model (model NAME = file "
				      "\"PATH\" makes one)\n"},
	{"cookies to tcp/443 score m over 0.9", "1:20: 'score': does not go with cookies\n"},
	{"x: set y = 10.0.0.1", "1:1: 'x': only rules have a name in front\n"},
	{"x: class y = priority 1", "1:1: 'x': only rules have a name in front\n"},
	{"x: fragments drop", "1:1: 'x': only rules have a name in front\n"},
	{"x: drop any\nx: allow any", "2:1: 'x': there is a rule of that name in line 1\n"},
	{"drop any\x01", "1:9: '?': a byte that no text may have\n"},
	{"drop from 10.0.0.1\x7f", "1:19: '?': a byte that no text may have\n"},
	/* rules */
	{"drop", "1:1: 'drop': " FOR_WHAT "\n"},
	{"x: limit 5pps per source", "1:4: 'limit': " FOR_WHAT "\n"},
	{"drop inner out", "1:1: 'drop': " FOR_WHAT "\n"},
	{"drop any from 10.0.0.1",
	 "1:6: 'any': the rule also says for what it is; leave one out\n"},
	{"drop frm 10.0.0.1", "1:6: 'frm': expected " CLAUSES "; did you mean 'from'?\n"},
	{"drop from 10.0.0.1 10.0.0.2", "1:20: '10.0.0.2': expected " CLAUSES "\n"},
	{"drop = any", "1:6: '=': expected " CLAUSES "\n"},
	{"drop any any", "1:10: 'any': stands in the rule already\n"},
	{"drop from 10.0.0.1 from 10.0.0.2", "1:20: 'from': stands in the rule already\n"},
	{"drop from 10.0.0.1 not from 10.0.0.2",
	 "1:20: 'not': the rule has 'from' already; one of both\n"},
	{"drop not from 10.0.0.1 from 10.0.0.2",
	 "1:24: 'from': the rule has 'not' already; one of both\n"},
	{"drop any for 1m until 2026-11-25T18:00:00Z",
	 "1:17: 'until': the rule has 'for' already; one of both\n"},
	{"drop any burst 5", "1:10: 'burst': belongs to limit, not to drop\n"},
	{"allow any per source", "1:11: 'per': belongs to limit, not to allow\n"},
	{"limit 5cps over 7cps any", "1:12: 'over': belongs to cookies, not to limit\n"},
	{"cookies any inner", "1:13: 'inner': does not go with cookies\n"},
	{"cookies host example.org", "1:9: 'host': does not go with cookies\n"},
	{"cookies to tcp/25 out", "1:19: 'out': does not go with cookies\n"},
	{"cookies any burst 5", "1:13: 'burst': belongs to limit, not to cookies\n"},
	{"cookies over 5pps any",
	 "1:14: '5pps': SYN cookies are for new connections: cps or kcps\n"},
	{"cookies over any", "1:14: 'any': expected " RATE "\n"},
	{"cookies to udp/53",
	 "1:1: 'cookies': SYN cookies are of TCP, and 'to' names another protocol: name services "
	 "(tcp/443)\n"},
	{"over: drop any", "1:1: 'over': a word of the language cannot be a name\n"},
	{"drop from 10.0.0.1 auto",
	 "1:1: 'drop': an automatic rule has to end: add 'for 10m' or 'until ...'\n"},
	/* from */
	{"drop from", "1:10: the line ends here: expected an address, a prefix or a @set\n"},
	{"drop from # 10.0.0.1",
	 "1:10: the line ends here: expected an address, a prefix or a @set\n"},
	{"drop from 10.0.0.1,", "1:20: the line ends here: expected an address, a prefix or a "
				"@set\n"},
	{"drop from ,", "1:11: ',': expected an address, a prefix or a @set\n"},
	{"drop from \"10.0.0.1\"", "1:11: '\"10.0.0.1\"': expected an address, a prefix or a "
				   "@set\n"},
	{"drop from 10.0.0", "1:11: '10.0.0': " NO_PREFIX "\n"},
	{"drop from 10.0.0.256", "1:11: '10.0.0.256': " NO_PREFIX "\n"},
	{"drop from 010.0.0.1", "1:11: '010.0.0.1': " NO_PREFIX "\n"},
	{"drop from example.org", "1:11: 'example.org': " NO_PREFIX "\n"},
	{"drop from fe80::1%eth0", "1:11: 'fe80::1%eth0': " NO_PREFIX "\n"},
	{"drop from 10.0.0.0/33",
	 "1:11: '10.0.0.0/33': has a wrong length behind '/'; IPv4 has 0 to 32\n"},
	{"drop from 10.0.0.0/08",
	 "1:11: '10.0.0.0/08': has a wrong length behind '/'; IPv4 has 0 to 32\n"},
	{"drop from ::/129", "1:11: '::/129': has a wrong length behind '/'; IPv6 has 0 to 128\n"},
	{"drop from 10.0.0.1/8", "1:11: '10.0.0.1/8': has bits set behind the prefix; write "
				 "10.0.0.0/8, or 10.0.0.1\n"},
	{"drop from 2001:db8::1/64",
	 "1:11: '2001:db8::1/64': has bits set behind the prefix; write 2001:db8::/64, or "
	 "2001:db8::1\n"},
	{"drop from ::ffff:192.0.2.1",
	 "1:11: '::ffff:192.0.2.1': is IPv4 mapped into IPv6, which no packet carries; write "
	 "192.0.2.1\n"},
	{"drop from ::ffff:10.0.0.0/104",
	 "1:11: '::ffff:10.0.0.0/104': is IPv4 mapped into IPv6, which no packet carries; write "
	 "10.0.0.0/8\n"},
	{"drop from @partner", "1:11: '@partner': expected a set that there is (set NAME = ... "
			       "makes one); did you mean '@partners'?\n"},
	{"drop from @", "1:11: '@': expected a set that there is (set NAME = ... makes one)\n"},
	{"drop not to tcp/22", "1:10: 'to': expected from\n"},
	/* to */
	{"drop to", "1:8: the line ends here: expected " SERVICE "\n"},
	{"drop to 443", "1:9: '443': expected " SERVICE "\n"},
	{"drop to tpc/443", "1:9: 'tpc/443': expected " SERVICE "; did you mean 'tcp'?\n"},
	{"drop to ipv6", "1:9: 'ipv6': expected " SERVICE "\n"},
	{"drop to @partners",
	 "1:9: '@partners': sets say from whom; 'to' takes services and addresses\n"},
	{"drop to tcp/0", "1:9: 'tcp/0': behind '/' stands a port from 1 to 65535 or a range of "
			  "them (tcp/443, udp/5000-5999)\n"},
	{"drop to tcp/65536", "1:9: 'tcp/65536': behind '/' stands a port from 1 to 65535 or a "
			      "range of them (tcp/443, udp/5000-5999)\n"},
	{"drop to tcp/9-8", "1:9: 'tcp/9-8': behind '/' stands a port from 1 to 65535 or a range "
			    "of them (tcp/443, udp/5000-5999)\n"},
	{"drop to tcp/https", "1:9: 'tcp/https': behind '/' stands a port from 1 to 65535 or a "
			      "range of them (tcp/443, udp/5000-5999)\n"},
	{"drop to icmp/8", "1:9: 'icmp/8': icmp has no ports\n"},
	{"drop to proto/256", "1:9: 'proto/256': behind 'proto/' stands a number from 0 to 255\n"},
	{"drop to tcp/443@", "1:9: 'tcp/443@': " NO_PREFIX "\n"},
	{"drop to tcp/443@10.0.0.5/24", "1:9: 'tcp/443@10.0.0.5/24': has bits set behind the "
					"prefix; write 10.0.0.0/24, or 10.0.0.5\n"},
	{"drop to 10.0.0.0/24, ", "1:21: the line ends here: expected " SERVICE "\n"},
	/* on, host, where */
	{"drop on", "1:8: the line ends here: expected the name of an interface\n"},
	{"drop on averylonginterface", "1:9: 'averylonginterface': " IFACE "\n"},
	{"drop on eth0/1", "1:9: 'eth0/1': " IFACE "\n"},
	{"drop on ..", "1:9: '..': " IFACE "\n"},
	{"drop host", "1:10: the line ends here: expected a host name (www.example.org, "
		      "*.example.org)\n"},
	{"drop host www.*.org", "1:11: 'www.*.org': " HOST "\n"},
	{"drop host a..b", "1:11: 'a..b': " HOST "\n"},
	{"drop host ex\u00e4mple.org", "1:11: 'ex??mple.org': " HOST "\n"},
	{"drop where tcp", "1:12: 'tcp': expected a pcap-filter expression in quotes\n"},
	{"drop where \"\"", "1:12: '\"\"': a text of 1 to 1024 bytes\n"},
	{"drop where \" \"", "1:12: '\" \"': the expression is empty\n"},
	/* texts */
	{"drop any why", "1:13: the line ends here: expected a text in quotes\n"},
	{"drop any why scan", "1:14: 'scan': expected a text in quotes\n"},
	{"drop any why \"scan", "1:14: '\"': the text that begins here has no end in this line\n"},
	{"drop any why \"a\\n\"", "1:16: '\\n': expected \\\" or \\\\ for a \\\n"},
	{"drop any why \"a\x1b[31m\"", "1:16: '?': a byte that no text may have\n"},
	{"drop any why \"a\xff\"", "1:16: '?': a byte that no text may have\n"},
	{"drop any why \"\u202e\"", "1:15: '?': a byte that no text may have\n"},
	{"drop any why \"\u20ac\u20ac\" now", "1:19: 'now': expected " CLAUSES "; did you mean "
					      "'not'?\n"},
	/* numbers and times */
	{"drop any priority", "1:18: the line ends here: expected a number from 0, asked first, "
			      "to 65535\n"},
	{"drop any priority -1", "1:19: '-1': expected a number from 0, asked first, to 65535\n"},
	{"drop any priority 65536",
	 "1:19: '65536': expected a number from 0, asked first, to 65535\n"},
	{"drop any for", "1:13: the line ends here: expected " LONG "\n"},
	{"drop any for 10", "1:14: '10': expected " LONG "\n"},
	{"drop any for 0s", "1:14: '0s': expected " LONG "\n"},
	{"drop any for 500ms", "1:14: '500ms': expected " LONG "\n"},
	{"drop any for 30m1h", "1:14: '30m1h': expected " LONG "\n"},
	{"drop any for 3651d", "1:14: '3651d': expected " LONG "\n"},
	{"drop any until tomorrow", "1:16: 'tomorrow': expected " MOMENT "\n"},
	{"drop any until 1795409040", "1:16: '1795409040': expected " MOMENT "\n"},
	{"drop any until 2026-02-30T10:00", "1:16: '2026-02-30T10:00': expected " MOMENT "\n"},
	{"drop any until 2026-11-25",
	 "1:26: the line ends here: expected the time of that day (18:00)\n"},
	{"drop any until 2026-11-25 why \"x\"",
	 "1:27: 'why': expected the time of that day (18:00)\n"},
	{"drop any until 2026-11-25 25:00", "1:27: '25:00': expected " MOMENT "\n"},
	{"drop any at", "1:12: the line ends here: expected " WHEN "\n"},
	{"drop any at mond", "1:13: 'mond': expected " WHEN "; did you mean 'mon'?\n"},
	{"drop any at mon-", "1:13: 'mon-': expected " WHEN "; did you mean 'mon'?\n"},
	{"drop any at mon,", "1:17: the line ends here: expected " WHEN "\n"},
	{"drop any at 8:00-18:00", "1:13: '8:00-18:00': expected " WHEN "\n"},
	{"drop any at 08:00", "1:13: '08:00': expected " WHEN "\n"},
	{"drop any at 08:00-25:00", "1:13: '08:00-25:00': expected " WHEN "\n"},
	{"drop any at 08:00-08:00", "1:13: '08:00-08:00': begins when it ends\n"},
	{"drop any at mon-sun", "1:13: 'mon-sun': that is always; leave 'at' out\n"},
	{"drop any at 00:00-24:00", "1:13: '00:00-24:00': that is always; leave 'at' out\n"},
	/* limits */
	{"limit", "1:6: the line ends here: expected " RATE "\n"},
	{"limit to tcp/443", "1:7: 'to': expected " RATE "\n"},
	{"limit 1000 any", "1:7: '1000': expected " RATE "\n"},
	{"limit 20Mbit any", "1:7: '20Mbit': expected " RATE "; did you mean '20mbit'?\n"},
	{"limit 1.5mbit any", "1:7: '1.5mbit': expected " RATE "\n"},
	{"limit 0pps any", "1:7: '0pps': expected " RANGE "\n"},
	{"limit 1001Mpps any", "1:7: '1001Mpps': expected " RANGE "\n"},
	{"limit 999bit any", "1:7: '999bit': expected " RANGE "\n"},
	{"limit 5pps burst any", "1:18: 'any': expected " BURST "\n"},
	{"limit 5pps burst 5KiB any", "1:18: '5KiB': expected " BURST "\n"},
	{"limit 5pps burst 0 any", "1:18: '0': a burst is from 1 to 1G\n"},
	{"limit 5mbit burst 2GiB any", "1:19: '2GiB': a burst is from 1 to 1GiB\n"},
	{"limit 5pps per host any", "1:16: 'host': expected " PER "\n"},
	{"limit 5pps per sorce any", "1:16: 'sorce': expected " PER "; did you mean 'source'?\n"},
	{"limit 5pps per service/24 any", "1:16: 'service/24': expected " PER "\n"},
	{"limit 5pps per source/0 any", "1:16: 'source/0': of a source: /1 to /32 for IPv4, behind "
					"it /1 to /128 for IPv6 (source/24/64)\n"},
	{"limit 5pps per source/64 any", "1:16: 'source/64': of a source: /1 to /32 for IPv4, "
					 "behind it /1 to /128 for IPv6 (source/24/64)\n"},
	{"limit 5cps to udp/53",
	 "1:1: 'limit': cps counts connections of TCP, and 'to' has none; use pps\n"},
	/* classes */
	{"class", "1:6: the line ends here: expected the name of a class (class NAME = ... makes "
		  "one)\n"},
	{"class wbe to tcp/443", "1:7: 'wbe': expected the name of a class (class NAME = ... makes "
				 "one); did you mean 'web'?\n"},
	{"class Web = priority 1", "1:7: 'Web': " NAME "\n"},
	{"class drop = priority 1", "1:7: 'drop': a word of the language cannot be a name\n"},
	{"class low =", "1:12: the line ends here: expected guarantee, ceiling or priority\n"},
	{"class low = garantee 5mbit", "1:13: 'garantee': expected guarantee, ceiling or "
				       "priority; did you mean 'guarantee'?\n"},
	{"class low = guarantee 5pps", "1:23: '5pps': expected a rate in bits (20mbit, 1gbit)\n"},
	{"class low = priority 9", "1:22: '9': expected a number from 1, gives way last, to 8\n"},
	{"class low = priority 1 priority 2", "1:24: 'priority': stands there already\n"},
	{"class low = guarantee 5mbit ceiling 4mbit",
	 "1:7: 'low': guarantees more than its ceiling\n"},
	{"class low = priority 1\nclass low = priority 2",
	 "2:7: 'low': there is a class of that name in line 1\n"},
	{"class a = guarantee 6mbit\nlink eth0 = in 1gbit out 10mbit\nclass b = guarantee 5mbit",
	 "3:1: 'class': all guarantees together are 11mbit, and a link has 10mbit\n"},
	/* sets */
	{"set", "1:4: the line ends here: expected the name of a set\n"},
	{"set x", "1:6: the line ends here: expected =\n"},
	{"set x 10.0.0.1", "1:7: '10.0.0.1': expected =\n"},
	{"set X = 10.0.0.1", "1:5: 'X': " NAME "\n"},
	{"set set = 10.0.0.1", "1:5: 'set': a word of the language cannot be a name\n"},
	{"set x = 10.0.0.1,", "1:18: the line ends here: expected " ITEM "\n"},
	{"set x = , 10.0.0.1", "1:9: ',': expected " ITEM "\n"},
	{"set x = 10.0.0.1/8", "1:9: '10.0.0.1/8': has bits set behind the prefix; write "
			       "10.0.0.0/8, or 10.0.0.1\n"},
	{"set x = @otters", "1:9: '@otters': expected a set that there is (set NAME = ... makes "
			    "one); did you mean '@others'?\n"},
	{"set x = file", "1:13: the line ends here: expected a path in quotes\n"},
	{"set x = file \"partners\"", "1:14: '\"partners\"': a path has to begin with /\n"},
	{"set x = file \"/nowhere/x\"",
	 "1:14: '\"/nowhere/x\"': /nowhere/x: No such file or directory\n"},
	{"set x = file \"/\"", "1:14: '\"/\"': /: is no regular file\n"},
	{"set x =\nset x =", "2:5: 'x': there is a set of that name in line 1\n"},
	{"set x = @x", "1:9: '@x': is a circle: @x > @x\n"},
	{"set a = 10.0.0.1 @b\nset b = @c\nset c = @b", "2:9: '@c': is a circle: @b > @c > @b\n"},
	/* links, fragments */
	{"link", "1:5: the line ends here: expected the name of an interface\n"},
	{"link eth0", "1:10: the line ends here: expected =\n"},
	{"link eth0 = capcity 1gbit",
	 "1:13: 'capcity': expected capacity, in or out; did you mean 'capacity'?\n"},
	{"link eth0 = capacity 1gbit in 1gbit",
	 "1:28: 'in': capacity is of both directions; in and out of one\n"},
	{"link eth0 = in 5kpps", "1:16: '5kpps': expected a rate in bits (20mbit, 1gbit)\n"},
	{"link a = in 1gbit\nlink a = in 1gbit",
	 "2:6: 'a': there is a link of that name in line 1\n"},
	{"fragments", "1:10: the line ends here: expected drop or pass\n"},
	{"fragments dorp", "1:11: 'dorp': expected drop or pass; did you mean 'drop'?\n"},
	{"fragments drop 5", "1:16: '5': expected the end of the line\n"},
	{"unreadable", "1:11: the line ends here: expected drop or pass\n"},
	{"unreadable: drop any", "1:1: 'unreadable': a word of the language cannot be a name\n"},
	{"unreadable drop\nunreadable pass", "2:1: 'unreadable': was said already\n"},
	{"fragments drop\nfragments drop", "2:1: 'fragments': was said already\n"},
	/* all of them */
	{"drop\nallow any\nlimit x any\n\nset y = 1",
	 "1:1: 'drop': " FOR_WHAT "\n3:7: 'x': expected " RATE "\n5:9: '1': " NO_PREFIX "\n"},
};

#endif
