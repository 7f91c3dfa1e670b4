/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What payloads said, as JSON: the keys of EVE, by who asked; whatever a stranger writes stays
 * text.
 */
#include "tests/tap.h"

#include <jansson.h>

#include "base/json.h"
#include "core/proto.h"
#include "view/app_json.h"

static struct wr_apps *apps;
static struct wr_buf b;

/* End 0 is the server: it has the lower port. */
static struct wr_flow_key key(uint8_t proto, uint16_t server, uint16_t client)
{
	struct wr_flow_key k = {.proto = proto, .ip_v = 4, .port = {server, client}};

	k.addr[0][0] = 10;
	k.addr[1][0] = 11;
	return k;
}

static void says(const struct wr_flow_key *k, uint8_t from, const void *bytes, size_t n)
{
	wr_apps_payload(apps, k, from, bytes, n, 1);
}

#define SAYS(k, from, text) says(k, from, text, sizeof(text) - 1)

static const char *json(const struct wr_flow_key *k)
{
	wr_buf_clear(&b);
	wr_json_open(&b);
	wr_view_app_json(&b, wr_apps_find(apps, k), 0);
	wr_json_close(&b);
	return wr_buf_text(&b);
}

static void http(void)
{
	struct wr_flow_key k = key(WR_IP_TCP, 80, 40000);

	is_str(json(&k), "{}", "nothing was said, nothing is told");
	SAYS(&k, 1,
	     "POST /login/page?password=secret HTTP/1.1\r\nHost: www.example:8080\r\n"
	     "Cookie: secret\r\n\r\npassword=secret");
	is_str(json(&k),
	       "{\"app_proto\":\"http\",\"http\":{\"hostname\":\"www.example\",\"http_port\":8080,"
	       "\"http_method\":\"POST\",\"url\":\"/login/page\",\"protocol\":\"HTTP/1.1\"}}",
	       "a request: host and port apart, no query, no header, no body");
	SAYS(&k, 0, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	ok(strstr(json(&k), "\"protocol\":\"HTTP/1.1\",\"status\":404}}") != NULL,
	   "and the status of its answer");
	k = key(WR_IP_TCP, 80, 40001);
	SAYS(&k, 1, "GET / HTTP/1.0\r\nHost: [2001:db8::1]\r\n\r\n");
	ok(strstr(json(&k), "\"hostname\":\"[2001:db8::1]\",\"http_method\"") != NULL,
	   "the colons of an address are no port");
}

static void dns(void)
{
	struct wr_flow_key k = key(WR_IP_UDP, 53, 40000);

	SAYS(&k, 1, "\x12\x34\x01\0\0\1\0\0\0\0\0\0\3www\7example\0\0\x1c\0\1");
	is_str(json(&k),
	       "{\"app_proto\":\"dns\",\"dns\":{\"type\":\"query\",\"rrname\":\"www.example\","
	       "\"rrtype\":\"AAAA\"}}",
	       "a question");
	SAYS(&k, 0, "\x12\x34\x81\x83\0\1\0\0\0\0\0\0\3www\7example\0\0\x1c\0\1");
	is_str(json(&k),
	       "{\"app_proto\":\"dns\",\"dns\":{\"type\":\"answer\",\"rrname\":\"www.example\","
	       "\"rrtype\":\"AAAA\",\"rcode\":\"NXDOMAIN\"}}",
	       "and its answer");
	k = key(WR_IP_UDP, 53, 40001);
	SAYS(&k, 1, "\x12\x34\x01\0\0\1\0\0\0\0\0\0\3www\7example\0\x12\x34\0\1");
	ok(strstr(json(&k), "\"rrtype\":\"TYPE4660\"") != NULL, "a type without a name");
}

static void ssh(void)
{
	struct wr_flow_key k = key(WR_IP_TCP, 22, 40000);

	SAYS(&k, 0, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
	SAYS(&k, 1, "SSH-2.0-PuTTY\r\n");
	is_str(json(&k),
	       "{\"app_proto\":\"ssh\",\"ssh\":{\"client\":{\"proto_version\":\"2.0\","
	       "\"software_version\":\"PuTTY\"},\"server\":{\"proto_version\":\"2.0\","
	       "\"software_version\":\"OpenSSH_9.2p1 Debian-2\"}}}",
	       "both banners, each at its end");
}

static void tls(void)
{
	/* ClientHello: TLS 1.2, one suite, server_name and ALPN. */
	static const char hello[] = "\x16\x03\x01\0\x52\x01\0\0\x4e\x03\x03"
				    "0123456789abcdef0123456789abcdef"
				    "\0\0\2\x13\x01\1\0"
				    "\0\x23"
				    "\0\0\0\x10\0\x0e\0\0\x0bwww.example"
				    "\0\x10\0\x0b\0\x09\x08http/1.1";
	struct wr_flow_key k = key(WR_IP_TCP, 443, 40000);
	const char *text;

	SAYS(&k, 1, hello);
	text = json(&k);
	ok(strstr(text, "{\"app_proto\":\"tls\",\"tls\":{\"version\":\"TLS 1.2\","
			"\"sni\":\"www.example\",\"client_alpns\":[\"http/1.1\"]") == text,
	   "a ClientHello");
	if (strstr(text, "\"sni\":\"www.example\"") == NULL)
		note("%s", text);
}

static void proxied(void)
{
	struct wr_flow_key k = key(WR_IP_TCP, 80, 40002);

	SAYS(&k, 1,
	     "PROXY TCP4 192.0.2.1 198.51.100.7 1111 80\r\nGET / HTTP/1.1\r\nHost: "
	     "a.example\r\n\r\n");
	is_str(json(&k),
	       "{\"app_proto\":\"http\",\"proxy\":{\"version\":1,\"src_ip\":\"192.0.2.1\","
	       "\"src_port\":1111,\"dest_ip\":\"198.51.100.7\",\"dest_port\":80},"
	       "\"http\":{\"hostname\":\"a.example\",\"http_method\":\"GET\",\"url\":\"/\","
	       "\"protocol\":\"HTTP/1.1\"}}",
	       "what a proxy said stands beside it");
}

/* Any bytes in a name of DNS: JSON, and the same text to the reader. */
static void hostile(void)
{
	char query[12 + 1 + 31 + 1 + 4] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0";
	int wrong = 0;

	for (int first = 0; first < 256; first += 31) {
		struct wr_flow_key k = key(WR_IP_UDP, 53, (uint16_t)(50000 + first));
		json_t *root;
		const char *name;

		query[12] = 31;
		for (int i = 0; i < 31; i++)
			query[13 + i] = (char)(first + i);
		memcpy(query + 44, "\0\0\1\0\1", 5);
		says(&k, 1, query, sizeof(query));
		root = json_loads(json(&k), 0, NULL);
		name = json_string_value(json_object_get(json_object_get(root, "dns"), "rrname"));
		for (const char *c = name; c && *c; c++)
			wrong += *c < ' ' || *c > '~';
		if (!name || strpbrk(b.at, "\n\r\t\x1b\x7f"))
			wrong++;
		json_decref(root);
	}
	is_int(wrong, 0, "every byte in a name: it is JSON, and printable");
	{
		struct wr_flow_key k = key(WR_IP_TCP, 80, 40003);

		SAYS(&k, 1,
		     "GET /\"}<script>\\\x1b[2J HTTP/1.1\r\nHost: "
		     "\"},{\"<script>alert(1)</script>\r\n\r\n");
		json_t *root = json_loads(json(&k), 0, NULL);

		ok(root && json_object_size(root) <= 2, "what looks like JSON is text");
		json_decref(root);
	}
}

int main(void)
{
	if (wr_apps_open(&apps, NULL))
		return 1;
	http();
	dns();
	ssh();
	tls();
	proxied();
	hostile();
	wr_apps_close(&apps);
	wr_buf_free(&b);
	return done();
}
