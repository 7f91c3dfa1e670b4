/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_REQUESTS_CASES_H
#define WR_TESTS_REQUESTS_CASES_H

#include "api/line.h"

/* Lines of access logs as gateways write them, and what they tell; also the seeds of
 * tests/fuzz/fuzz_requests.c. Times in ms, -1: not told. "SECRET" stands where keys, queries and
 * texts of strangers are: it may be seen nowhere. */
struct requests_case {
	const char *what, *line, *form, *client, *method, *host, *path, *backend;
	long port, status, first_ms, total_ms, in, out;
	unsigned long long time_s;
	bool consumer;
	long tokens_in, tokens_out; /* -1 both: not told */
};

#define HAPROXY "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 "

static const struct requests_case requests_cases[] = {
	{"HAProxy, in a file",
	 "Feb  6 12:14:14 localhost haproxy[14389]: " HAPROXY
	 "200 2750 - - ---- 1/1/1/1/0 0/0 {SECRET|1wt.eu} {} \"GET /index.html?k=SECRET HTTP/1.1\"",
	 "haproxy", "10.0.1.2", "GET", "", "/index.html", "static", 33317, 200, 109, 109, -1, 2750,
	 1233922454, true, -1, -1},
	{"HAProxy by RFC 3164, no name of the host, TLS, logasap",
	 "<134>Feb  6 12:14:14 haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] "
	 "http-in~ static/srv1 10/0/30/69/+109 200 +2750 - - ---- 1/1/1/1/0 0/0 \"GET "
	 "/a;k=SECRET/b "
	 "HTTP/1.1\"",
	 "haproxy", "10.0.1.2", "GET", "", "/a/b", "static", 33317, 200, 109, 109, -1, 2750,
	 1233922454, false, -1, -1},
	{"HAProxy by RFC 5424, no request and no server",
	 "<134>1 2009-02-06T12:14:14.655+00:00 host haproxy 14389 - [a b=\"\\\"]\"] ::1:33317 "
	 "[06/Feb/2009:12:14:14.655] http-in http-in/<NOSRV> -1/-1/-1/-1/5 400 212 - - PR-- "
	 "1/1/0/0/0 0/0 \"<BADREQ>\"",
	 "haproxy", "::1", "", "", "", "http-in", 33317, 400, -1, 5, -1, 212, 1233922454, false, -1,
	 -1},
	{"HAProxy, the client went away, a whole URL",
	 "::ffff:10.9.8.7:1 [06/Feb/2009:12:14:14.655] f b/s 0/0/0/-1/3003 -1 0 - - CH-- 1/1/1/1/0 "
	 "0/0 {} \"GET https://SECRET:SECRET@api.example:8443/v1/x?SECRET HTTP/2.0\"",
	 "haproxy", "10.9.8.7", "GET", "api.example:8443", "/v1/x", "b", 1, 0, -1, 3003, -1, 0,
	 1233922454, false, -1, -1},
	{"HAProxy, a line that was cut",
	 "1.2.3.4:5 [06/Feb/2009:12:14:14.655] f b/s 0/0/0/1/3 200 9 - - ---- 1/1/1/1/0 0/0 \"GET "
	 "/long%3FSECRET",
	 "haproxy", "1.2.3.4", "GET", "", "/long", "b", 5, 200, 1, 3, -1, 9, 1233922454, false, -1,
	 -1},
	{"nginx, combined",
	 "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif?SECRET HTTP/1.0\" 200 "
	 "2326 \"http://www.example.com/SECRET\" \"SECRET [en] (Win98; I ;Nav)\"",
	 "nginx", "192.0.2.1", "GET", "", "/apache_pb.gif", "", 0, 200, -1, -1, -1, 2326, 971211336,
	 false, -1, -1},
	{"nginx with a user and times, by syslog",
	 "<190>Nov 26 09:00:00 weir: 192.0.2.1 - SECRET [x [10/Oct/2000:13:55:36 -0700] \"PUT /a "
	 "HTTP/1.1\" 499 0 \"-\" \"SECRET\" 0.005 0.004 312",
	 "nginx", "192.0.2.1", "PUT", "", "/a", "", 0, 499, 4, 5, 312, 0, 971211336, true, -1, -1},
	{"nginx with names, two tries",
	 "2001:db8::7 - - [10/Oct/2000:13:55:36 +0000] \"POST /v1/chat/completions HTTP/2.0\" 502 "
	 "150 \"-\" \"-\" rt=1.500 x=SECRET uht=0.100, 0.200 : - length=77 port=4711",
	 "nginx", "2001:db8::7", "POST", "", "/v1/chat/completions", "", 4711, 502, 300, 1500, 77,
	 150, 971186136, false, -1, -1},
	{"nginx, what was no request",
	 "192.0.2.1 - - [10/Oct/2000:13:55:36 +0000] \"\\x16\\x03SECRET \\x22 a b\" 400 157 \"-\" "
	 "\"-\"",
	 "nginx", "192.0.2.1", "", "", "", "", 0, 400, -1, -1, -1, 157, 971186136, false, -1, -1},
	{"Caddy",
	 "{\"level\":\"info\",\"ts\":1646861401.5,\"logger\":\"http.log.access\",\"msg\":\"handled "
	 "request\",\"request\":{\"remote_ip\":\"127.0.0.1\",\"remote_port\":\"41342\",\"proto\":"
	 "\"HTTP/2.0\",\"method\":\"GET\",\"host\":\"localhost\",\"uri\":\"/p?SECRET=1\","
	 "\"headers\":{\"User-Agent\":[\"SECRET\"],\"X-Api-Key\":[\"SECRET\"]},\"tls\":{"
	 "\"resumed\":"
	 "false}},\"bytes_read\":12,\"user_id\":\"\",\"duration\":0.0125,\"size\":10900,\"status\":"
	 "200,\"resp_headers\":{\"Server\":[\"Caddy\"]}}",
	 "json", "127.0.0.1", "GET", "localhost", "/p", "", 41342, 200, -1, 12, 12, 10900,
	 1646861401, true, -1, -1},
	{"JSON of nginx, numbers as text, by syslog",
	 "<190>Nov 26 09:00:00 weir: {\"remote_addr\":\"10.0.0.9\",\"remote_port\":\"443\","
	 "\"request_method\":\"POST\",\"http_host\":\"m.example\",\"request_uri\":\"/v2/models/m/"
	 "infer?SECRET\",\"status\":\"200\",\"request_time\":\"0.250\",\"upstream_header_time\":"
	 "\"0.001, 0.002\",\"request_length\":\"99\",\"body_bytes_sent\":\"5\",\"remote_user\":"
	 "\"SECRET\",\"msec\":\"1646861401.500\"}",
	 "json", "10.0.0.9", "POST", "m.example", "/v2/models/m/infer", "", 443, 200, 3, 250, 99, 5,
	 1646861401, true, -1, -1},
	{"JSON of nginx, the request as one text",
	 "{\"remote_addr\":\"10.0.0.9\",\"host\":\"m.example\",\"request\":\"GET /a/b\",\"status\":"
	 "\"502\"}",
	 "json", "10.0.0.9", "GET", "m.example", "/a/b", "", 0, 502, -1, -1, -1, -1, 0, false, -1,
	 -1},
	{"JSON of nginx, what was no request",
	 "{\"remote_addr\":\"10.0.0.9\",\"host\":\"\",\"request\":\"\",\"status\":\"400\"}", "json",
	 "10.0.0.9", "", "", "", "", 0, 400, -1, -1, -1, -1, 0, false, -1, -1},
	{"JSON of HAProxy, what was no request",
	 "{\"client\":\"10.0.0.9\",\"method\":\"GET\",\"host\":\"-\",\"path\":\"-\",\"status\":408,"
	 "\"first_byte_ms\":-1}",
	 "json", "10.0.0.9", "GET", "", "", "", 0, 408, -1, -1, -1, -1, 0, false, -1, -1},
	{"JSON of Traefik",
	 "{\"ClientHost\":\"10.0.0.9\",\"ClientPort\":\"50\",\"RequestMethod\":\"GET\","
	 "\"RequestHost\":\"t\",\"RequestPath\":\"/"
	 "t?SECRET\",\"DownstreamStatus\":503,\"Duration\":"
	 "5000000,\"DownstreamContentSize\":7,\"RouterName\":\"r@file\",\"ServiceName\":\"s@"
	 "file\",\"StartUTC\":\"2022-03-09T21:30:01.5Z\"}",
	 "json", "10.0.0.9", "GET", "t", "/t", "s@file", 50, 503, -1, 5, -1, 7, 1646861401, false,
	 -1, -1},
	{"JSON of Kong",
	 "{\"client_ip\":\"10.0.0.9\",\"latencies\":{\"request\":30,\"kong\":1,\"proxy\":29},"
	 "\"request\":{\"method\":\"GET\",\"uri\":\"/"
	 "k?SECRET\",\"size\":60,\"headers\":{\"apikey\":"
	 "\"SECRET\"}},\"response\":{\"status\":429,\"size\":9},\"service\":{\"name\":\"svc\"},"
	 "\"consumer\":{\"username\":\"SECRET\"},\"started_at\":1646861401500}",
	 "json", "10.0.0.9", "GET", "", "/k", "svc", 0, 429, -1, 30, 60, 9, 1646861401, true, -1,
	 -1},
	{"JSON with tokens and a key",
	 "{\"client\":\"10.0.0.9\",\"method\":\"POST\",\"path\":\"/v1/messages\",\"status\":529,"
	 "\"api_key\":\"SECRET\",\"usage\":{\"input_tokens\":10,\"output_tokens\":7},\"prompt\":"
	 "\"SECRET\"}",
	 "json", "10.0.0.9", "POST", "", "/v1/messages", "", 0, 529, -1, -1, -1, -1, 0, true, 10,
	 7},
};

enum { REQUESTS_CASES = sizeof(requests_cases) / sizeof(requests_cases[0]) };

static const char *const requests_wrong[] = {
	"",
	"garbage",
	"{",
	"{}",
	"[1]",
	"{\"path\":\"/x\"}",
	"{\"status\":200}",
	"<",
	"<134>",
	"<134>1 a b c d e [",
	"Feb  6 12:14:14 localhost haproxy[14389]: Proxy http-in started.",
	"10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30 2750 -- 1/1/1/1/0 "
	"0/0",
	"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" x 2326",
	"192.0.2.1 \"GET / HTTP/1.0\" 200 2326",
	"10.0.1.2:33317 [06/Feb/2009:12:14:14.655] f/1: SSL handshake failure",
	NULL,
};

#endif
