/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_L7_CASES_H
#define WR_TESTS_L7_CASES_H

/* First bytes and what they say. Also the seeds of the fuzz target and what bench/l7 reads. */

#include "tests/unit/l7_make.h"
#include "tests/unit/l7_rfc.h"

struct l7_case {
	const char *name;
	uint8_t ip_proto;
	uint16_t port;
	void (*make)(struct made *m, const void *with);
	const void *with;
	const char *want; /* as l7_show() writes it; "" = not recognised */
};

/* Text up to its end; with "\0" in it use make_bytes. */
static void make_text(struct made *m, const void *text)
{
	put_text(m, text);
}

static void make_hex(struct made *m, const void *hex)
{
	put_hex(m, hex);
}

/* ---- TLS ---- */

/* The example of JA4's description, with the GREASE that a browser adds. */
static const struct hello browser = {
	.ciphers =
		"2a2a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035",
	.extensions = "5a5a,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,"
		      "000a,0015,baba",
	.versions = "7a7a,0304,0303",
	.signatures = "0403,0804,0401,0503,0805,0501,0806,0601",
	.sni = "www.example.com",
	.alpn = "h2",
};

/* Its variant without signature algorithms, of which the description gives the last part */
static const struct hello unsigned_browser = {
	.ciphers = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035",
	.extensions = "001b,0033,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015",
	.versions = "0304",
	.signatures = "",
};

static const struct hello old = {.ciphers = "0035,002f,000a", .legacy = 0x0301};
static const struct hello raw_alpn = {
	.ciphers = "1301", .extensions = "0010", .alpn = "\x30\xab\xcd\x31\\", .alpn_n = 4};
static const struct hello raw_alpn_hex = {
	.ciphers = "1301", .extensions = "0010", .alpn = "0\xab", .alpn_n = 2};
static const struct hello odd_name = {
	.ciphers = "1301", .extensions = "0000", .sni = "a\x1b[31m\\\xc3\xa4.example"};
static const struct hello server13 = {
	.server = true, .ciphers = "1302", .extensions = "0033,002b", .versions = "0304"};
static const struct hello server12 = {
	.server = true, .ciphers = "c02f", .extensions = "ff01,0010", .alpn = "http/1.1"};
static const struct hello draft = {
	.ciphers = "1301", .extensions = "002b,0000", .versions = "7f1c", .sni = "d.example"};
static const struct hello datagram = {.dtls = true,
				      .legacy = 0xfefd,
				      .ciphers = "c02b,c02f,00ff",
				      .extensions = "0000,000d,000a",
				      .signatures = "0403,0401",
				      .sni = "dtls.example"};
static const struct hello datagram_server = {
	.server = true, .dtls = true, .legacy = 0xfefd, .ciphers = "c02b"};
/* As large as those with post-quantum key shares: two datagrams */
static const struct hello large = {.ciphers = "1301,1302,1303",
				   .extensions = "0033,000a,000d,0010,002b,0000",
				   .versions = "0304",
				   .signatures = "0403,0804",
				   .sni = "large.example",
				   .alpn = "h3",
				   .pad = 900};

static void make_tls(struct made *m, const void *hello)
{
	struct made h = {.n = 0};

	put_hello(&h, hello);
	put_records(m, &h, 0);
}

static void make_tls_pieces(struct made *m, const void *hello)
{
	struct made h = {.n = 0};

	put_hello(&h, hello);
	put_records(m, &h, 17);
}

/* The lengths within a hello contradict each other: the extensions end in the middle of one. */
static void make_tls_broken(struct made *m, const void *hello)
{
	size_t at;

	make_tls(m, hello);
	for (at = 0; memcmp(m->b + at, "\0\x15\0\0\xba\xba", 6); at++)
		;
	m->b[at + 2] = 1;
}

static void make_dtls(struct made *m, const void *hello)
{
	struct made h = {.n = 0};

	put_hello(&h, hello);
	put_fragments(m, &h, 0);
}

static void make_dtls_pieces(struct made *m, const void *hello)
{
	struct made h = {.n = 0};

	put_hello(&h, hello);
	put_fragments(m, &h, 30);
}

/* ---- QUIC ---- */

/* In one packet, with an acknowledgement and pings, the pieces in a mad order, one of them twice.
 */
static void make_quic_shuffled(struct made *m, const void *hello)
{
	static const uint8_t order[] = {3, 0, 4, 1, 3, 2};
	struct made h = {.n = 0}, f = {.n = 0};
	struct initial p = {.number = 7, .number_n = 3, .token = "token", .pad = 1200};
	size_t i, piece;

	put_hello(&h, hello);
	piece = h.n / 4;
	put_hex(&f, "02 05 4001 01 00 02 03");
	for (i = 0; i < sizeof(order); i++) {
		size_t at = order[i] * piece;

		put_hex(&f, "01 000000");
		put_crypto(&f, &h, at, at + piece < h.n ? piece : h.n - at);
	}
	put_initial(m, &p, &f);
}

/* The hello takes two datagrams; the second one begins with what a server of the same client would
 * not see: a packet of another type. */
static void make_quic_two(struct made *m, const void *hello)
{
	struct made h = {.n = 0}, f = {.n = 0};
	struct initial p = {.version = 0x6b3343cf, .pad = 1200};
	size_t half;

	put_hello(&h, hello);
	half = h.n / 2;
	put_crypto(&f, &h, half, 500);
	put_crypto(&f, &h, 0, 500);
	if (!WR_HAVE_NETTLE)
		return;
	put_initial(m, &p, &f);
	put_n(m, 0, 5); /* padding outside */
	f.n = 0;
	put_crypto(&f, &h, half + 500, h.n - half - 500);
	put_crypto(&f, &h, 500, half - 500);
	p.number = 1;
	put_hex(m, "e0 6b3343cf 088394c8f03e515708 00 05 0102030405"); /* 0-RTT */
	put_initial(m, &p, &f);
}

static void make_quic_first_of_two(struct made *m, const void *hello)
{
	make_quic_two(m, hello);
	if (WR_HAVE_NETTLE)
		m->n = 1230;
}

static void make_quic_draft(struct made *m, const void *hello)
{
	struct made h = {.n = 0}, f = {.n = 0};
	struct initial p = {
		.version = 0xff00001d, .number_n = 2, .cid = "0102030405060708090a0b0c"};

	put_hello(&h, hello);
	put_crypto(&f, &h, 0, h.n);
	put_initial(m, &p, &f);
}

/* ---- PROXY ---- */

static void make_proxy2(struct made *m, const void *behind)
{
	put_hex(m, "0d0a0d0a000d0a515549540a 21 11 0013");
	put_hex(m, "c0000201 c6336402 dc04 01bb");
	put_hex(m, "04 0004 61626364"); /* an extension */
	put_text(m, behind);
}

static void make_proxy2_v6(struct made *m, const void *behind)
{
	put_hex(m, "0d0a0d0a000d0a515549540a 21 21 0024");
	put_hex(m, "20010db8000000000000000000000001 20010db8000000000000000000000002 dc04 01bb");
	make_tls(m, behind);
}

/* ---- long ones ---- */

/* A URI that never ends. */
static void make_long_target(struct made *m, const void *n)
{
	size_t i;

	put_text(m, "GET /");
	for (i = 0; i < *(const size_t *)n; i++)
		put_text(m, "A");
}

/* Header fields without a Host, more than are looked at. */
static void make_long_head(struct made *m, const void *unused)
{
	(void)unused;
	put_text(m, "POST /upload HTTP/1.1\r\n");
	while (m->n < sizeof(m->b))
		put_text(m, "X-Fill: 0123456789\r\n");
}

static const size_t long_target = 500, longer_target = 3000;

/* The letter A 126 times: with the slash all that `path` has room for */
#define A9 "AAAAAAAAA"
#define A126 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9

#define JA4_RFC "q13d0211an_62ed6f6ca7ad_4d634acda6c0"

#if WR_HAVE_NETTLE
#define JA4(x) " ja4=" x
#define SEALED(known, not ) known
#else
#define JA4(x) ""
#define SEALED(known, not ) not
#endif

enum { TCP = 6, UDP = 17 };

#define TEXT(s) make_text, s
#define HEX(s) make_hex, s

static const struct l7_case l7_cases[] = {
	/* ---- HTTP ---- */
	{"a request", TCP, 80, TEXT("GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n\r\n"),
	 "http client version=1.1 method=GET path=/index.html host=www.example.com"},
	{"neither query nor fragment is kept", TCP, 80,
	 TEXT("POST /login?user=u&password=p#x HTTP/1.0\r\nAuthorization: Basic "
	      "c2VjcmV0\r\nhOST:\t "
	      "a.example:8080 \r\n\r\npassword=p"),
	 "http client version=1.0 method=POST path=/login host=a.example:8080"},
	{"user information of an absolute target is not kept", TCP, 3128,
	 TEXT("GET http://user:pass@h.example:81/a/b?q HTTP/1.1\r\nHost: other\r\n\r\n"),
	 "http client version=1.1 method=GET path=/a/b host=h.example:81"},
	{"user information of a Host is not kept", TCP, 80,
	 TEXT("GET / HTTP/1.1\r\nHost: user:pass@h.example\r\n\r\n"),
	 "http client version=1.1 method=GET path=/ host=h.example"},
	{"a target of no form that is one is not kept", TCP, 80,
	 TEXT("GET user:pass@h.example/a HTTP/1.1\r\nHost: h\r\n\r\n"),
	 "http client version=1.1 method=GET host=h"},
	{"an absolute target without a path", TCP, 80,
	 TEXT("GET http://h.example?q HTTP/1.1\r\n\r\n"),
	 "http client version=1.1 method=GET path=/ host=h.example"},
	{"values of path parameters are not kept, ..; is", TCP, 80,
	 TEXT("GET /..;/a;jsessionid=1F2E/b;c=d;e=f;v HTTP/1.1\r\nHost: h\r\n\r\n"),
	 "http client version=1.1 method=GET path=/..;/a/b host=h"},
	{"CONNECT names a host and no path", TCP, 443,
	 TEXT("CONNECT h.example:443 HTTP/1.1\r\n\r\n"),
	 "http client version=1.1 method=CONNECT host=h.example:443"},
	{"OPTIONS *", TCP, 80, TEXT("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
	 "http client version=1.1 method=OPTIONS path=* host=h"},
	{"a method of one's own", TCP, 80, TEXT("x-frob /a HTTP/1.1\r\nhost:h\r\n\r\n"),
	 "http client version=1.1 method=x-frob path=/a host=h"},
	{"an empty line in front", TCP, 80, TEXT("\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
	 "http client version=1.1 method=GET path=/a host=h"},
	{"line ends without CR", TCP, 80, TEXT("GET /a HTTP/1.1\nHost: h\n\n"),
	 "http client version=1.1 method=GET path=/a host=h"},
	{"no Host", TCP, 80, TEXT("GET /a HTTP/1.0\r\nAccept: x\r\n\r\nHost: body\r\n"),
	 "http client version=1.0 method=GET path=/a"},
	{"the first Host counts", TCP, 80,
	 TEXT("GET /a HTTP/1.1\r\nX-Host: no\r\nHost: one\r\nHost: two\r\n\r\n"),
	 "http client version=1.1 method=GET path=/a host=one"},
	{"HTTP/0.9", TCP, 80, TEXT("GET /a\r\n"), "http client method=GET path=/a"},
	{"control bytes and others are written as \\xNN", TCP, 80,
	 TEXT("GET /\x1b[2J\xc3\xa4\\\"\x7f HTTP/1.1\r\nHost: \x9b\xff\r\n\r\n"),
	 "http client version=1.1 method=GET path=/\\x1b[2J\\xc3\\xa4\\x5c\"\\x7f host=\\x9b\\xff"},
	{"a Host that has not arrived", TCP, 80, TEXT("GET /a?secret HTTP/1.1\r\nHost: h.exam"),
	 "http client more version=1.1 method=GET path=/a"},
	{"a path that has not arrived", TCP, 80, TEXT("GET /abc"), "http client more method=GET"},
	{"a path whose query has begun", TCP, 80, TEXT("GET /abc?d"),
	 "http client more method=GET path=/abc"},
	{"a long target that has not arrived", TCP, 80, make_long_target, &long_target,
	 "http client more method=GET"},
	{"a longer one is cut", TCP, 80, make_long_target, &longer_target,
	 "http client more method=GET path=/" A126 "..."},
	{"header fields without end are given up", TCP, 80, make_long_head, NULL,
	 "http client version=1.1 method=POST path=/upload"},
	{"a response", TCP, 80, TEXT("HTTP/1.1 404 Not Found\r\nSet-Cookie: a=b\r\n\r\n"),
	 "http server version=1.1 status=404"},
	{"HTTP/2 without TLS", TCP, 80, TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "http2 client"},
	{"SMTP is none", TCP, 25, TEXT("EHLO mail.example\r\n"), ""},
	{"SIP is none", TCP, 5060, TEXT("OPTIONS sip:a@example SIP/2.0\r\n\r\n"), ""},
	{"Redis is none", TCP, 6379, TEXT("GET key\r\n"), ""},
	{"RTSP is none", TCP, 554, TEXT("RTSP/1.0 200 OK\r\n\r\n"), ""},
	{"words without end are given up", TCP, 9, TEXT("Lorem ipsum dolor sit amet\n"), ""},

	/* ---- TLS ---- */
	{"a ClientHello with GREASE", TCP, 443, make_tls, &browser,
	 "tls client version=1.3 host=www.example.com alpn=h2" JA4(
		 "t13d1516h2_8daaf6152771_e5627efa2ab1")},
	{"the same in records of 17 bytes", TCP, 443, make_tls_pieces, &browser,
	 "tls client version=1.3 host=www.example.com alpn=h2" JA4(
		 "t13d1516h2_8daaf6152771_e5627efa2ab1")},
	{"without signature algorithms, name and ALPN", TCP, 443, make_tls, &unsigned_browser,
	 "tls client version=1.3" JA4("t13i151400_8daaf6152771_6d807ffa2a79")},
	{"TLS 1.0 without extensions", TCP, 443, make_tls, &old,
	 "tls client version=1.0" JA4("t10i030000_5704bdfc91c6_000000000000")},
	{"an ALPN of any bytes", TCP, 443, make_tls, &raw_alpn,
	 "tls client version=1.2 alpn=0\\xab\\xcd1" JA4("t12i010101_0f2cb44170f4_000000000000")},
	{"an ALPN that ends in another byte", TCP, 443, make_tls, &raw_alpn_hex,
	 "tls client version=1.2 alpn=0\\xab" JA4("t12i01013b_0f2cb44170f4_000000000000")},
	{"a name of any bytes", TCP, 443, make_tls, &odd_name,
	 "tls client version=1.2 host=a\\x1b[31m\\x5c\\xc3\\xa4.example" JA4(
		 "t12d010100_0f2cb44170f4_000000000000")},
	{"a version nobody knows", TCP, 443, make_tls, &draft,
	 "tls client version=0x7f1c host=d.example" JA4("t00d010200_0f2cb44170f4_b9a491fefe05")},
	{"extensions that contradict each other", TCP, 443, make_tls_broken, &browser,
	 "tls client version=1.3 host=www.example.com alpn=h2"},
	{"a ServerHello of TLS 1.3", TCP, 443, make_tls, &server13,
	 "tls server version=1.3 cipher=1302"},
	{"a ServerHello of TLS 1.2", TCP, 443, make_tls, &server12,
	 "tls server version=1.2 alpn=http/1.1 cipher=c02f"},
	{"a record header alone", TCP, 443, HEX("1603010200"), "tls either more"},
	{"application data", TCP, 443, HEX("1703030020 0011223344"), "tls either"},
	{"an alert", TCP, 443, HEX("1503030002 0228"), "tls either"},
	{"a handshake that is encrypted", TCP, 443, HEX("1603030028 0000000000000000"),
	 "tls either"},
	{"a change of cipher that is too long is none", TCP, 443, HEX("1403030002 0100"), ""},
	{"SSL 2 is none", TCP, 443, HEX("802e0100020015"), ""},

	/* ---- DTLS ---- */
	{"a ClientHello of DTLS", UDP, 4433, make_dtls, &datagram,
	 "dtls client version=1.2 host=dtls.example" JA4("dd2d030300_0e67c0ef781e_180a63e2578f")},
	{"the same in fragments", UDP, 4433, make_dtls_pieces, &datagram,
	 "dtls client version=1.2 host=dtls.example" JA4("dd2d030300_0e67c0ef781e_180a63e2578f")},
	{"a ServerHello of DTLS", UDP, 4433, make_dtls, &datagram_server,
	 "dtls server version=1.2 cipher=c02b"},

	/* ---- QUIC ---- */
	{"RFC 9001, A.2", UDP, 443, HEX(rfc9001_client),
	 SEALED("quic client version=1 host=example.com alpn=alpn ja4=" JA4_RFC,
		"quic either version=1")},
	{"RFC 9369, A.2", UDP, 443, HEX(rfc9369_client),
	 SEALED("quic client version=2 host=example.com alpn=alpn ja4=" JA4_RFC,
		"quic either version=2")},
	{"RFC 9001, A.3: a server's cannot be read", UDP, 443, HEX(rfc9001_server),
	 "quic either version=1"},
	{"Retry", UDP, 443, HEX("ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f"),
	 "quic server version=1"},
	{"a header whose second bit is not set", UDP, 443,
	 HEX("8d00000001085bb4b299cb9dcac408ec02288cd1edbbb700409bba2ba70e6ac5"),
	 SEALED("quic either more version=1", "quic either version=1")},
	{"0-RTT", UDP, 443, HEX("d000000001 0801020304050607080005 0102030405"),
	 "quic client version=1"},
	{"a version nobody knows is none", UDP, 443, HEX("c012345678 0801020304050607080005"), ""},
	{"a short header is none", UDP, 443, HEX("4001020304050607080005"), ""},
	/* Without nettle nothing is made: no bytes, and an answer to none. */
	{"CRYPTO frames in a mad order", UDP, 443, make_quic_shuffled, &browser,
	 SEALED("quic client version=1 host=www.example.com alpn=h2 "
		"ja4=q13d1516h2_8daaf6152771_e5627efa2ab1",
		"none either more")},
	{"a hello of two datagrams", UDP, 443, make_quic_two, &large,
	 SEALED("quic client version=2 host=large.example alpn=h3 "
		"ja4=q13d0306h3_55b375c5d22e_e12c865f31a5",
		"none either more")},
	{"the first of two datagrams", UDP, 443, make_quic_first_of_two, &large,
	 SEALED("quic client more version=2", "none either more")},
	{"draft 29", UDP, 443, make_quic_draft, &browser,
	 SEALED("quic client version=draft-29 host=www.example.com alpn=h2 "
		"ja4=q13d1516h2_8daaf6152771_e5627efa2ab1",
		"none either more")},

	/* ---- DNS ---- */
	{"a query", UDP, 53,
	 HEX("abcd 0100 0001 0000 0000 0000 03777777 076578616d706c65 00 001c 0001"),
	 "dns client host=www.example qtype=28 qclass=1"},
	{"its answer", UDP, 53,
	 HEX("abcd 8583 0001 0002 0001 0000 03777777 076578616d706c65 00 0001 0001 c00c"),
	 "dns server host=www.example qtype=1 qclass=1 rcode=3 answers=2"},
	{"over TCP", TCP, 53,
	 HEX("001d abcd 0100 0001 0000 0000 0000 03777777 076578616d706c65 00 001c 0001"),
	 "dns client host=www.example qtype=28 qclass=1"},
	{"over another port", UDP, 60000,
	 HEX("abcd 0100 0001 0000 0000 0001 03777777 076578616d706c65 00 0010 0001 00"),
	 "dns client host=www.example qtype=16 qclass=1"},
	{"over another port without a class that is one", UDP, 60000,
	 HEX("abcd 0100 0001 0000 0000 0001 03777777 076578616d706c65 00 0010 0101 00"), ""},
	{"NetBIOS is none", UDP, 137,
	 HEX("abcd 0100 0001 0000 0000 0000 03777777 076578616d706c65 00 0020 0001"), ""},
	{"the root", UDP, 53, HEX("0001 0000 0001 0000 0000 0000 00 0002 0001"),
	 "dns client host=. qtype=2 qclass=1"},
	{"bytes of a name as RFC 4343 has them", UDP, 53,
	 HEX("0001 0000 0001 0000 0000 0000 06612e5c2000ff 0142 00 0001 0001"),
	 "dns client host=a\\.\\\\\\032\\000\\255.B qtype=1 qclass=1"},
	{"a pointer that can point at nothing", UDP, 53,
	 HEX("0001 0000 0001 0000 0000 0000 03616263c00c 0001 0001"), "dns client"},
	{"a label that is none", UDP, 53, HEX("0001 0000 0001 0000 0000 0000 80 0001 0001"),
	 "dns client"},
	{"a question that has not arrived", UDP, 53,
	 HEX("abcd 0100 0001 0000 0000 0000 03777777 0765"), "dns client more"},
	{"an answer of mDNS has no question", UDP, 5353, HEX("0000 8400 0000 0003 0000 0001 00"),
	 "dns server rcode=0 answers=3"},
	{"an opcode that is none", UDP, 53, HEX("abcd 7900 0001 0000 0000 0000 00 0001 0001"), ""},

	/* ---- SSH ---- */
	{"a banner", TCP, 22, TEXT("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
	 "ssh either version=2.0 banner=SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"},
	{"an old one on another port", TCP, 2222, TEXT("SSH-1.99-x\n"),
	 "ssh either version=1.99 banner=SSH-1.99-x"},
	{"half of one", TCP, 22, TEXT("SSH-2.0-Open"), "ssh either more"},
	{"no number", TCP, 22, TEXT("SSH-x.0-Open\n"), ""},

	/* ---- PROXY ---- */
	{"PROXY 1", TCP, 80,
	 TEXT("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
	 "http client version=1.1 method=GET path=/a host=h via=1 from=192.0.2.1,56324 "
	 "to=198.51.100.2,443"},
	{"PROXY 1 with IPv6, and nothing known behind it", TCP, 80,
	 TEXT("PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n\x01\x02\x03\x04\x05\x06"),
	 "proxy either via=1 from=2001:db8::1,65535 to=2001:db8::2,0"},
	{"PROXY 1, UNKNOWN", TCP, 80, TEXT("PROXY UNKNOWN\r\nSSH-2.0-x\r\n"),
	 "ssh either version=2.0 banner=SSH-2.0-x via=1"},
	{"PROXY 1 and no more", TCP, 80, TEXT("PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n"),
	 "proxy either more via=1 from=192.0.2.1,1 to=198.51.100.2,2"},
	{"PROXY 1 with a port that is none", TCP, 80,
	 TEXT("PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n"), ""},
	{"PROXY 1 with an address that is none", TCP, 80,
	 TEXT("PROXY TCP4 192.0.2.256 198.51.100.2 1 443\r\n"), ""},
	{"PROXY 2", TCP, 80, make_proxy2, "HTTP/1.0 200 OK\r\n",
	 "http server version=1.0 status=200 via=2 from=192.0.2.1,56324 to=198.51.100.2,443"},
	{"PROXY 2 with IPv6", TCP, 443, make_proxy2_v6, &server13,
	 "tls server version=1.3 cipher=1302 via=2 from=2001:db8::1,56324 to=2001:db8::2,443"},
	{"PROXY 2, LOCAL", TCP, 80, HEX("0d0a0d0a000d0a515549540a 20 00 0000 010203040506"),
	 "proxy either via=2"},
	{"PROXY 2 with too few bytes for its addresses", TCP, 80,
	 HEX("0d0a0d0a000d0a515549540a 21 11 0008 c0000201c6336402"), ""},
	{"PROXY within PROXY is not followed", TCP, 80,
	 TEXT("PROXY UNKNOWN\r\nPROXY UNKNOWN\r\nGET / HTTP/1.1\r\n\r\n"), "proxy either via=1"},

	{"nothing known", TCP, 9, HEX("000102030405060708090a0b0c0d0e0f"), ""},
	{"nothing known in a datagram", UDP, 9, HEX("000102030405060708090a0b0c0d0e0f"), ""},
};

enum { L7_CASES = sizeof(l7_cases) / sizeof(l7_cases[0]) };

static void l7_make(struct made *m, const struct l7_case *c)
{
	m->n = 0;
	c->make(m, c->with);
}

#endif
