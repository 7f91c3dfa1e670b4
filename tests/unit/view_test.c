/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written: numbers, addresses and times in every form, JSON strings, packets as lines and
 * as objects. */
#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "core/parse.h"
#include "core/reason.h"
#include "view/ledger.h"
#include "view/packet.h"
#include "view/spark.h"
#include "view/table.h"
#include "view/text.h"

static struct wr_buf b;

/* ---- buffers ---- */

static void numbers(void)
{
	wr_buf_clear(&b);
	for (int i = 0; i < 21; i++) {
		uint64_t power = 1;

		for (int k = 0; k < i % 20; k++)
			power *= 10;
		wr_buf_u64(&b, power - (i < 20));
		wr_buf_char(&b, ' ');
	}
	is_str(wr_buf_text(&b),
	       "0 9 99 999 9999 99999 999999 9999999 99999999 999999999 9999999999 99999999999 "
	       "999999999999 "
	       "9999999999999 99999999999999 999999999999999 9999999999999999 99999999999999999 "
	       "999999999999999999 9999999999999999999 1 ",
	       "numbers of every length");
	wr_buf_clear(&b);
	wr_buf_u64(&b, INT_MAX);
	wr_buf_char(&b, ' ');
	wr_buf_u64(&b, UINT64_MAX);
	wr_buf_char(&b, ' ');
	wr_buf_hex(&b, 0xab, 4);
	wr_buf_char(&b, ' ');
	wr_buf_hex(&b, UINT64_MAX, 2);
	wr_buf_char(&b, ' ');
	wr_buf_hex(&b, 0, 0);
	is_str(wr_buf_text(&b), "2147483647 18446744073709551615 00ab ffffffffffffffff 0",
	       "the largest, and hexadecimal");
}

static const char *ip6(const char *text)
{
	uint8_t addr[16];

	inet_pton(AF_INET6, text, addr);
	wr_buf_clear(&b);
	wr_buf_ip6(&b, addr);
	return wr_buf_text(&b);
}

static void addresses(void)
{
	static const char *const same[] = {
		"::",
		"::1",
		"1::",
		"2001:db8::1",
		"2001:db8:0:1:1:1:1:1",
		"2001:0:0:1::1",
		"2001:db8::1:0:0:1",
		"fe80::1:2:3",
		"1:2:3:4:5:6:7:8",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"::ffff:192.0.2.1",
		"64:ff9b::c000:201",
		"0:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:0",
		"a:b0:c00:d000::",
	};
	uint8_t addr[16];
	char want[INET6_ADDRSTRLEN];
	unsigned int bad = 0;
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		is_str(ip6(same[i]), same[i], "an IPv6 address as RFC 5952 has it");
	is_str(ip6("2001:DB8:0:0:8:800:200C:417A"), "2001:db8::8:800:200c:417a",
	       "lower case, no zeros in front");
	is_str(ip6("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1",
	       "the first of two equal runs is shortened");
	srand(1);
	for (i = 0; i < 200000; i++) {
		for (int k = 0; k < 16; k++)
			addr[k] = rand() & 4 ? 0 : (uint8_t)(rand() >> 8);
		inet_ntop(AF_INET6, addr, want, sizeof(want));
		wr_buf_clear(&b);
		wr_buf_ip6(&b, addr);
		bad += strcmp(wr_buf_text(&b), want) != 0;
	}
	is_int(bad, 0, "200000 others as the C library writes them");
	for (bad = 0, i = 0; i < 200000; i++) {
		for (int k = 0; k < 4; k++)
			addr[k] = (uint8_t)(rand() >> 8);
		inet_ntop(AF_INET, addr, want, sizeof(want));
		wr_buf_clear(&b);
		wr_buf_ip4(&b, addr);
		bad += strcmp(wr_buf_text(&b), want) != 0;
	}
	is_int(bad, 0, "200000 IPv4 addresses too");
}

static const char *rfc3339(uint64_t sec, uint64_t ns)
{
	wr_buf_clear(&b);
	wr_buf_time(&b, sec * 1000000000 + ns);
	return wr_buf_text(&b);
}

static void times(void)
{
	char want[64];
	unsigned int bad = 0;

	is_str(rfc3339(0, 0), "1970-01-01T00:00:00.000000000Z", "time begins");
	is_str(rfc3339(1795409040, 123456789), "2026-11-23T04:44:00.123456789Z",
	       "a time with nanoseconds");
	is_str(rfc3339(951782399, 999999999), "2000-02-28T23:59:59.999999999Z",
	       "the day before a leap day");
	for (time_t t = 0; t < 18446744073; t += 7654321) {
		struct tm tm;

		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000000007Z", gmtime_r(&t, &tm));
		bad += strcmp(rfc3339((uint64_t)t, 7), want) != 0;
	}
	is_int(bad, 0, "dates from 1970 to 2554 as the C library writes them");
	wr_buf_clear(&b);
	wr_buf_clock(&b, 1795409040123456789);
	is_str(wr_buf_text(&b), "06:44:00.123456", "local time, two hours east");
}

static void buffers(void)
{
	struct wr_buf c = {0};
	char big[5000];
	int fd[2];

	memset(big, 'x', sizeof(big));
	for (int i = 0; i < 100; i++)
		wr_buf_add(&c, big, sizeof(big));
	ok(c.used == 500000 && !c.failed && c.room < 2000000, "a buffer grows as it must");
	wr_buf_add(&c, big, SIZE_MAX / 2);
	ok(c.failed && c.used == 500000, "what cannot be had is left out, and said");
	wr_buf_free(&c);
	ok(!c.at && !c.room, "a buffer is freed");
	is_str(wr_buf_text(&c), "", "an empty one is an empty text");
	wr_buf_fmt(&c, "%s-%d-%0300d", "a", 5, 7);
	ok(c.used == 304 && !strncmp(wr_buf_text(&c), "a-5-000", 7),
	   "formatted text of any length");
	wr_buf_clear(&c);
	wr_buf_str(&c, "one\ntwo");
	wr_buf_pad(&c, 6);
	wr_buf_pad(&c, 2);
	wr_buf_str(&c, "|");
	is_str(wr_buf_text(&c), "one\ntwo   |", "padding counts from the line's beginning");
	ok(!pipe(fd) && !wr_buf_flush(&c, fd[1]) && !c.used && read(fd[0], big, 100) == 11,
	   "a buffer is written out");
	close(fd[0]);
	close(fd[1]);
	wr_buf_str(&c, "x");
	ok(wr_buf_flush(&c, fd[1]) < 0 && !c.used, "what cannot be written is dropped, and said");
	wr_buf_free(&c);
}

/* ---- JSON ---- */

static const char *quoted(const char *bytes, size_t n)
{
	wr_buf_clear(&b);
	wr_json_strn(&b, NULL, bytes, n);
	return wr_buf_text(&b);
}

static void strings(void)
{
	char every[256];
	bool clean = true;

	is_str(quoted("a\"b\\c/d", 7), "\"a\\\"b\\\\c/d\"", "quote and backslash are escaped");
	is_str(quoted("\b\f\n\r\t\0\x1b\x7f", 8), "\"\\b\\f\\n\\r\\t\\u0000\\u001b\\u007f\"",
	       "control bytes too");
	is_str(quoted("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9),
	       "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "UTF-8 stays");
	is_str(quoted("\xff\xc0\xaf\xed\xa0\x80\xc3", 7),
	       "\"\\u00ff\\u00c0\\u00af\\u00ed\\u00a0\\u0080\\u00c3\"",
	       "what is no UTF-8 is escaped byte by byte");
	is_str(quoted("\xc2\x9b\xe2\x80\xae\xe2\x81\xa6", 8), "\"\\u009b\\u202e\\u2066\"",
	       "characters that steer a terminal are escaped");
	for (int i = 0; i < 256; i++)
		every[i] = (char)i;
	for (const char *s = quoted(every, 256); *s; s++)
		clean &= *s >= 0x20 && *s < 0x7f;
	ok(clean, "of 256 byte values none comes out that is not printable");
}

static void structure(void)
{
	wr_buf_clear(&b);
	wr_json_open(&b);
	wr_json_u64(&b, "a", UINT64_MAX);
	wr_json_array(&b, "b");
	wr_json_u64(&b, NULL, 1);
	wr_json_open(&b);
	wr_json_close(&b);
	wr_json_array(&b, NULL);
	wr_json_end_array(&b);
	wr_json_str(&b, NULL, "[{,:");
	wr_json_bool(&b, NULL, false);
	wr_json_end_array(&b);
	wr_json_open_key(&b, "c");
	wr_json_double(&b, "d", 0.1);
	wr_json_double(&b, "e", NAN);
	wr_json_double(&b, "f", 1.0 / 3);
	wr_json_close(&b);
	wr_json_base64(&b, "g", "f", 1);
	wr_json_base64(&b, "h", "fo", 2);
	wr_json_base64(&b, "i", "foo\xff\xfe\xfd", 6);
	wr_json_base64(&b, "j", "", 0);
	wr_json_close(&b);
	wr_buf_char(&b, '\n');
	wr_json_open(&b);
	wr_json_close(&b);
	is_str(wr_buf_text(&b),
	       "{\"a\":18446744073709551615,\"b\":[1,{},[],\"[{,:\",false],\"c\":{\"d\":0.1,\"e\":"
	       "null,"
	       "\"f\":0.3333333333333333},\"g\":\"Zg==\",\"h\":\"Zm8=\",\"i\":\"Zm9v//"
	       "79\",\"j\":\"\"}\n{}",
	       "commas stand where they belong");
}

/* What is written in base64 is read back, whatever its length; what is none is refused. */
static void base64(void)
{
	uint8_t bytes[64], back[66];
	bool fine = true;

	for (size_t n = 0; n < sizeof(bytes); n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(i * 83 + n * 7);
		wr_buf_clear(&b);
		wr_json_base64(&b, NULL, bytes, n);
		fine &= wr_json_base64_read(b.at + 1, b.used - 2, back) == (ssize_t)n &&
			!memcmp(bytes, back, n);
	}
	ok(fine, "base64 of 0 to 63 bytes reads back the same");
	ok(wr_json_base64_read("Zg=", 3, back) < 0 && wr_json_base64_read("Z-==", 4, back) < 0 &&
		   wr_json_base64_read("====", 4, back) < 0 &&
		   wr_json_base64_read("Zg==Zg==", 8, back) < 0,
	   "what is no base64 is refused");
}

static void ledger(void)
{
	static struct wr_ledger row = {.iface = "eth0",
				       .hook = WR_HOOK_TC_OUT,
				       .since_ns = 1700000000123456789,
				       .arrived = {1ull << 40, 1ull << 50},
				       .passed = {7, 700},
				       .matched = {5, 500},
				       .made = 9,
				       .seen = 4,
				       .lost = {3, 2, 0},
				       .waiting = 1,
				       .balanced = true};
	struct wr_ledger back;

	row.bad[1] = 11;
	row.bad[WR_BAD_COUNT - 1] = 12;
	wr_buf_clear(&b);
	wr_view_ledger_json(&b, &row);
	is_int(wr_view_ledger_read(b.at, b.used, &back), 0, "a row of the ledger is read back");
	ok(!memcmp(&row, &back, sizeof(row)), "and is the same");
	is_int(wr_view_ledger_read("{\"hook\":\"tc\"}", 13, &back), -EINVAL, "half a row is none");
	is_int(wr_view_ledger_read("{", 1, &back), -EINVAL, "nor is what is no JSON");
}

/* ---- packets ---- */

static uint8_t frame[2048];
static struct wr_packet packet;
static struct wr_parse parser = {.max_depth = 1};

static void make(const char *hex, uint32_t linktype)
{
	uint32_t n = 0;
	unsigned int v;

	for (; *hex && n < sizeof(frame); hex++) {
		if (*hex == ' ')
			continue;
		sscanf(hex++, "%2x", &v);
		frame[n++] = (uint8_t)v;
	}
	packet = (struct wr_packet){
		.ts_ns = 1795409040123456789,
		.num = 7,
		.data = frame,
		.caplen = n,
		.len = n,
		.linktype = (uint16_t)linktype,
		.hook = WR_HOOK_FILE,
		.iface = "",
	};
}

static const char *line_as(const char *hex, const struct wr_packet_style *style)
{
	make(hex, WR_LINK_ETHER);
	wr_parse(&parser, frame, packet.caplen, packet.len, packet.linktype);
	wr_buf_clear(&b);
	wr_view_packet_line(&b, &packet, &parser.rec, style);
	return wr_buf_text(&b);
}

static const char *line(const char *hex)
{
	static const struct wr_packet_style plain;

	return line_as(hex, &plain);
}

static const char *json_as(const char *hex, const struct wr_packet_style *style)
{
	make(hex, WR_LINK_ETHER);
	wr_parse(&parser, frame, packet.caplen, packet.len, packet.linktype);
	wr_buf_clear(&b);
	wr_view_packet_json(&b, &packet, &parser.rec, style);
	return wr_buf_text(&b);
}

static const char *json(const char *hex)
{
	static const struct wr_packet_style plain;

	return json_as(hex, &plain);
}

#define MACS "020000000002 020000000001 "
#define NET "0a000001 0a000002 "
#define SYN_OPTIONS "020405b4 0402 080a 00000001 00000000 01 030307 "
#define SYN                                         \
	MACS "0800 45000044 00004000 40060000 " NET \
	     "d431 01bb 00000001 00000000 a002 faf0 0000 0000 " SYN_OPTIONS "00000000 00000000"
#define UDP(n, text) MACS "0800 450000" n "00000000 40110000 " NET "d431 0035 00" text
#define START                                                                                 \
	"{\"timestamp\":\"2026-11-23T04:44:00.123456789Z\",\"event_type\":\"packet\",\"pcap_" \
	"cnt\":7,\"hook\":\"file\","
#define ETHER(type)                                                                              \
	"\"ether\":{\"src\":\"02:00:00:00:00:01\",\"dst\":\"02:00:00:00:00:02\",\"type\":" #type \
	"},"
#define IPS "\"src_ip\":\"10.0.0.1\",\"dest_ip\":\"10.0.0.2\",\"ttl\":64,\"tos\":0,"

static void lines(void)
{
	is_str(line(SYN),
	       "06:44:00.123456 10.0.0.1:54321        > 10.0.0.2:443          TCP [S]  len 82 seq "
	       "1 win 64240 options "
	       "[mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7]\n",
	       "a SYN with its options");
	is_str(line(MACS "0800 45000028 00004000 40060000 ffffffff ffffffff ffff ffff 00000001 "
			 "00000000 5018 00ff 0000 0000"),
	       "06:44:00.123456 255.255.255.255:65535 > 255.255.255.255:65535 TCP [P.] len 54\n",
	       "plain TCP with the longest addresses");
	ok(b.used <= 80, "fits 80 columns");
	is_str(line(UDP("20", "0c0000 deadbeef")),
	       "06:44:00.123456 10.0.0.1:54321        > 10.0.0.2:53           UDP      len 46\n",
	       "plain UDP");
	is_str(line(MACS "0800 45000028 00004000 40060000 " NET
			 "01bb d431 00000001 00000002 5010 0000 0000 0000"),
	       "06:44:00.123456 10.0.0.1:443          > 10.0.0.2:54321        TCP [.]  len 54 win "
	       "0\n",
	       "a closed window is told");
	is_str(line(MACS "0800 4500001c 00000000 40010000 " NET "0304 0000 00000000"),
	       "06:44:00.123456 10.0.0.1              > 10.0.0.2              ICMP unreachable "
	       "code 4 len 42\n",
	       "ICMP in words");
	is_str(line(MACS "8100 0005 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 "
			 "0a000002"),
	       "06:44:00.123456 10.0.0.1              > 10.0.0.2              ARP who-has len 46 "
	       "vlan 5\n",
	       "ARP in a VLAN");
	is_str(line(MACS "0800 4500001c 00002064 40110000 " NET "00000000 00000000"),
	       "06:44:00.123456 10.0.0.1              > 10.0.0.2              UDP      len 42 frag "
	       "800+\n",
	       "a fragment has no ports");
	is_str(line(MACS "86dd 60000000 0008 11 40 20010db8000000000000000000000001 "
			 "20010db8000000000000000000000002 "
			 "0035 0036 0008 0000"),
	       "06:44:00.123456 [2001:db8::1]:53      > [2001:db8::2]:54      UDP      len 62\n",
	       "IPv6 with ports");
	is_str(line(MACS "88cc 0207"),
	       "06:44:00.123456 02:00:00:00:00:01     > 02:00:00:00:00:02     LLDP len 16\n",
	       "no IP: the link addresses");
}

static void odd_lines(void)
{
	static const struct wr_packet_style full = {
		.color = true, .show_iface = true, .ether = true};

	is_str(line(MACS "0800 4500004e 00000000 40110000 " NET
			 "d431 12b5 003a 0000 08000000 00000500 " MACS
			 "0800 4500001c 00000000 40110000 c0a80001 c0a80002 0035 0036 0008 0000"),
	       "06:44:00.123456 10.0.0.1:54321        > 10.0.0.2:4789         UDP      len 92 | "
	       "vxlan vni 5 "
	       "192.168.0.1:53 > 192.168.0.2:54 UDP\n",
	       "a packet in VXLAN");
	is_str(line(MACS "0800 46000018 00000000 40060000 " NET "94040000"),
	       "06:44:00.123456 10.0.0.1              > 10.0.0.2              TCP      len 38 ip "
	       "options [148] malformed: "
	       "TCP header cut off\n",
	       "IP options, and what is malformed");
	line_as(UDP("1c", "080000"), &full);
	packet.iface = "eth0";
	wr_buf_clear(&b);
	wr_view_packet_line(&b, &packet, &parser.rec, &full);
	is_str(wr_buf_text(&b),
	       "06:44:00.123456 eth0   02:00:00:00:00:01 > 02:00:00:00:00:02 10.0.0.1:54321        "
	       "> "
	       "10.0.0.2:53           \033[32mUDP     \033[0m len 42\n",
	       "interface, link addresses and colour when asked for");
}

static void payloads(void)
{
	static const struct wr_packet_style shown = {.payload = 20};
	static const struct wr_packet_style more = {.payload = 300};
	char hex[700] = MACS "0800 4500011c 00000000 40110000 " NET "d431 0035 0108 0000 ";
	bool clean = true;
	int newlines = 0;

	is_str(line_as(UDP("2f", "1b0000 474554202f20485454502f312e310d0a1b5b33"), &shown),
	       "06:44:00.123456 10.0.0.1:54321        > 10.0.0.2:53           UDP      len 61\n"
	       "        0x0000:  4745 5420 2f20 4854 5450 2f31 2e31 0d0a  GET / HTTP/1.1..\n"
	       "        0x0010:  1b5b 33                                  .[3\n",
	       "payload as hex and text");
	for (int i = 0; i < 256; i++)
		snprintf(hex + strlen(hex), sizeof(hex) - strlen(hex), "%02x", i);
	for (const char *s = line_as(hex, &more); *s; s++) {
		newlines += *s == '\n';
		clean &= *s == '\n' || (*s >= 0x20 && *s < 0x7f);
	}
	ok(clean && newlines == 17, "no byte of a payload reaches the terminal as it is");
	clean = true;
	for (const char *s = json_as(hex, &more); s[1]; s++)
		clean &= *s >= 0x20 && *s < 0x7f;
	ok(clean && strstr(wr_buf_text(&b), "\"payload\":\"AAECAwQ"), "nor in JSON");
	is_str(json_as(UDP("2a", "160000 61225c620d0a001b5b336d41424344"), &shown),
	       START "\"len\":57,\"caplen\":57,\"linktype\":1," ETHER(
		       2048) "\"ip_v\":4," IPS
			     "\"ip_len\":22,\"ip_hdr_len\":20,\"proto\":\"UDP\",\"ip_proto\":17,"
			     "\"src_port\":54321,\"dest_port\":53,"
			     "\"payload_len\":14,\"payload\":\"YSJcYg0KABtbM21BQkM=\","
			     "\"payload_printable\":\"a\\\"\\\\b\\r\\n..[3mABC\"}\n",
	       "payload in JSON, base64 and printable, without padding");
}

static void objects(void)
{
	is_str(json(SYN),
	       START "\"len\":82,\"caplen\":82,\"linktype\":1," ETHER(
		       2048) "\"ip_v\":4," IPS "\"ip_len\":48,\"ip_hdr_len\":20,\"ip_df\":true,"
			     "\"proto\":\"TCP\",\"ip_proto\":6,"
			     "\"src_port\":54321,\"dest_port\":443,\"tcp\":{\"tcp_flags\":\"02\","
			     "\"syn\":true,\"seq\":1,"
			     "\"ack_seq\":0,\"window\":64240,\"options\":[{\"kind\":2,\"name\":"
			     "\"mss\",\"value\":1460},"
			     "{\"kind\":4,\"name\":\"sackOK\"},{\"kind\":8,\"name\":\"TS\","
			     "\"value\":{\"val\":1,\"ecr\":0}},"
			     "{\"kind\":1,\"name\":\"nop\"},{\"kind\":3,\"name\":\"wscale\","
			     "\"value\":7}]},\"payload_len\":8}\n",
	       "a SYN as an object");
	is_str(json(MACS "8100 6005 0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 "
			 "0a000002"),
	       START "\"len\":46,\"caplen\":46,\"linktype\":1," ETHER(
		       2054) "\"vlan\":[5],\"arp\":{\"op\":2,"
			     "\"src_ip\":\"10.0.0.1\",\"dest_ip\":\"10.0.0.2\",\"src_mac\":\"02:"
			     "00:00:00:00:01\","
			     "\"dest_mac\":\"02:00:00:00:00:02\"}}\n",
	       "ARP; the VLAN's priority is not its number");
	is_str(json(MACS "0800 4600001c 00006064 40710000 " NET "94040000 00000000"),
	       START "\"len\":42,\"caplen\":42,\"linktype\":1," ETHER(
		       2048) "\"ip_v\":4," IPS "\"ip_len\":4,\"ip_hdr_len\":24,\"ip_opts\":[148],"
			     "\"ip_df\":true,\"frag\":{\"offset\":800,"
			     "\"more\":true,\"df\":true},\"proto\":\"PGM\",\"ip_proto\":113}\n",
	       "IP options and a fragment");
	is_str(json(MACS "0800 45000028 00000000 40fd0000 " NET "01020304"),
	       START "\"len\":38,\"caplen\":38,\"linktype\":1," ETHER(
		       2048) "\"ip_v\":4," IPS
			     "\"ip_len\":20,\"ip_hdr_len\":20,\"proto\":\"253\",\"ip_proto\":253,"
			     "\"malformed\":\"ip4_over\"}\n",
	       "a protocol without name, a malformed packet");
}

static void inner_objects(void)
{
	is_str(json(MACS "0800 4500004e 00000000 40110000 " NET
			 "d431 12b5 003a 0000 08000000 00000500 " MACS
			 "0800 4500001c 00000000 40010000 c0a80001 c0a80002 0800 0000 00000000"),
	       START "\"len\":92,\"caplen\":92,\"linktype\":1," ETHER(
		       2048) "\"ip_v\":4," IPS
			     "\"ip_len\":58,\"ip_hdr_len\":20,\"proto\":\"UDP\",\"ip_proto\":17,"
			     "\"src_port\":54321,\"dest_port\":4789,"
			     "\"payload_len\":50,\"inner\":{\"tunnel\":\"vxlan\",\"depth\":1,"
			     "\"vni\":5,\"ip_v\":4,"
			     "\"src_ip\":\"192.168.0.1\",\"dest_ip\":\"192.168.0.2\",\"ttl\":64,"
			     "\"tos\":0,\"ip_len\":8,"
			     "\"ip_hdr_len\":20,\"proto\":\"ICMP\",\"ip_proto\":1,\"icmp_type\":"
			     "8,\"icmp_code\":0}}\n",
	       "a packet in VXLAN");
}

/* Everything there can be: kind and length are known of an option that the capture ends in. */
static void cut(void)
{
	static const struct wr_packet_style plain;

	make(SYN, WR_LINK_ETHER);
	packet.caplen = 14 + 40 + 10;
	wr_parse(&parser, frame, packet.caplen, packet.len, packet.linktype);
	wr_buf_clear(&b);
	wr_view_packet_json(&b, &packet, &parser.rec, &plain);
	ok(strstr(wr_buf_text(&b),
		  "{\"kind\":4,\"name\":\"sackOK\"},{\"kind\":8,\"name\":\"TS\"}]},") &&
		   strstr(wr_buf_text(&b), "\"malformed\":\"cut\""),
	   "of an option that was not captured whole the kind is told");
	packet.data = NULL;
	packet.caplen = 0;
	wr_buf_clear(&b);
	wr_view_packet_line(&b, &packet, &parser.rec, &(struct wr_packet_style){.payload = 64});
	ok(memchr(b.at, '\n', b.used) == b.at + b.used - 1,
	   "facts without bytes: no payload is shown");
}

static void names(void)
{
	is_str(wr_view_proto(58), "IPv6-ICMP", "a protocol's name is EVE's");
	ok(!wr_view_proto(253), "a number without name has none");
	is_str(wr_view_bad(WR_BAD_TCP_OPT), "tcp_opt", "a reason's name");
	is_str(wr_view_bad(255), "unknown", "a reason from a later version");
	is_str(wr_view_tunnel(255), "unknown", "a tunnel from a later version");
}

/* ---- text that several views share ---- */

static const char *si(double v, const char *unit)
{
	static char out[WR_VIEW_CELL];

	wr_view_si(out, v, unit);
	return out;
}

static const char *fit(const char *text, int columns, enum wr_view_cut cut, bool utf8)
{
	wr_buf_clear(&b);
	wr_view_fit(&b, text, columns, cut, utf8);
	return wr_buf_text(&b);
}

static void numbers_for_people(void)
{
	is_str(si(12345678, "bit/s"), "12.3 Mbit/s", "a rate");
	is_str(si(12345678, ""), "12.3 M", "without unit the prefix stays");
	is_str(si(999.4, ""), "999", "below a thousand there is none");
	is_str(si(999.5, "B"), "1.0 kB", "rounding up takes the next prefix");
	wr_buf_clear(&b);
	wr_view_digits(&b, 1000023);
	wr_buf_char(&b, ' ');
	wr_view_digits(&b, UINT64_MAX);
	wr_buf_char(&b, ' ');
	wr_view_digits(&b, 0);
	is_str(wr_buf_text(&b), "1,000,023 18,446,744,073,709,551,615 0", "all digits, in threes");
}

/* A fit is as wide as was asked, whatever is put in. */
static void fits(void)
{
	char text[24];
	unsigned int bad = 0;

	is_str(fit("abc", 5, WR_VIEW_CUT_END, true), "abc  ", "short text is filled up");
	is_str(fit("abcdef", 4, WR_VIEW_CUT_END, true), "abc\u2026",
	       "long text is cut, and that shows");
	is_str(fit("abcdef", 4, WR_VIEW_CUT_END, false), "abc~", "also where there is only ASCII");
	is_str(fit("[2001:db8::1:2:3:4]:443", 13, WR_VIEW_CUT_MIDDLE, true), "[2001:\u20264]:443",
	       "an end keeps its port");
	is_str(fit("\033[2J\x9b", 8, WR_VIEW_CUT_END, true), "?[2J?   ",
	       "nothing steers the terminal");
	is_str(fit("a\xc2\x9b\u202e"
		   "b\u00fcc",
		   6, WR_VIEW_CUT_END, true),
	       "a??b\u00fcc", "nor does a control or a turn of direction in UTF-8");
	is_str(fit("a\u00fcb", 3, WR_VIEW_CUT_END, false), "a?b", "what is not ASCII, to ASCII");
	is_str(fit("x", 0, WR_VIEW_CUT_END, true), "", "no room, no text");
	srand(2);
	for (int i = 0; i < 100000; i++) {
		int n = rand() % 23, columns = rand() % 12;

		for (int k = 0; k < n; k++)
			text[k] = (char)(rand() & 8 ? rand() % 255 + 1 : 'a');
		text[n] = '\0';
		fit(text, columns, i & 1, i & 2);
		bad += wr_view_columns(wr_buf_text(&b), i & 2 || columns == 0) != columns;
		for (size_t k = 0; k < b.used; k++)
			bad += (unsigned char)b.at[k] < 0x20 || b.at[k] == 0x7f;
	}
	is_int(bad, 0, "100000 random texts take the columns they were given and steer nothing");
}

static const char *spark(const double *values, size_t n, double top, int height, bool utf8)
{
	wr_buf_clear(&b);
	for (int line = 0; line < height; line++) {
		struct wr_spark s = {values, n, top, height, line, utf8};

		wr_view_spark(&b, &s);
		wr_buf_char(&b, '|');
	}
	return wr_buf_text(&b);
}

static void sparks(void)
{
	static const double ramp[] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, low[] = {0, 1, 1000};

	is_str(spark(ramp, 9, 0, 1, true), " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588|",
	       "a ramp, the largest is full");
	is_str(spark(ramp, 9, 0, 1, false), " .:-=+*%#|", "in ASCII");
	is_str(spark(low, 3, 0, 1, true), " \u2581\u2588|", "what is not nothing shows");
	is_str(spark(ramp, 9, 16, 1, true), " \u2581\u2581\u2582\u2582\u2583\u2583\u2584\u2584|",
	       "against a given top");
	is_str(spark(ramp, 9, 8, 2, true),
	       "     \u2582\u2584\u2586\u2588| \u2582\u2584\u2586\u2588\u2588\u2588\u2588\u2588|",
	       "two lines: the lower one fills first");
	is_str(spark(low, 1, 0, 1, true), " |", "nothing but nothing");
}

static const char *bar(double share, int columns, bool utf8)
{
	wr_buf_clear(&b);
	wr_view_bar(&b, share, columns, utf8);
	return wr_buf_text(&b);
}

static void bars(void)
{
	is_str(bar(0, 4, true), "", "nothing is no bar");
	is_str(bar(0.0001, 4, true), "\u258f", "a little shows");
	is_str(bar(0.5, 5, true), "\u2588\u2588\u258c", "half of five");
	is_str(bar(1, 3, true), "\u2588\u2588\u2588", "all of it");
	is_str(bar(7, 3, true), "\u2588\u2588\u2588", "more is not longer");
	is_str(bar(0.5, 5, false), "##-", "half of five in ASCII");
	is_str(bar(0.0001, 5, false), "-", "a little in ASCII");
	is_str(bar(0, 5, false), "", "and nothing");
}

static void tables(void)
{
	static const struct wr_view_column columns[] = {{"name", 8}, {"now", 7}, {"then", 7}, {0}};
	struct wr_view_table t = {.b = &b};

	wr_buf_clear(&b);
	wr_view_table_head(&t, columns);
	wr_buf_str(wr_view_table_label(&t), "a");
	snprintf(t.cell[1], WR_VIEW_CELL, "1.0 k");
	snprintf(t.cell[2], WR_VIEW_CELL, "100.0 k");
	wr_view_table_row(&t);
	wr_view_table_end(&t);
	is_str(wr_buf_text(&b), "name        now   then\n  a       1.0 k 100.0 k\n",
	       "a cell that fills its column stays apart from the one before");
}

int main(void)
{
	setenv("TZ", "EET-2", 1);
	tzset();
	numbers();
	addresses();
	times();
	buffers();
	strings();
	structure();
	base64();
	ledger();
	lines();
	odd_lines();
	payloads();
	objects();
	inner_objects();
	cut();
	names();
	numbers_for_people();
	fits();
	sparks();
	bars();
	tables();
	wr_buf_free(&b);
	return done();
}
