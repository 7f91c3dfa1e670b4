/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/score_victim.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/truth.h"

static bool parse_address(struct wr_victim *v, const char *text)
{
	memset(v->addr, 0, sizeof(v->addr));
	v->ip_v = 0;
	if (inet_pton(AF_INET, text, v->addr) == 1)
		v->ip_v = 4;
	else if (inet_pton(AF_INET6, text, v->addr) == 1)
		v->ip_v = 6;
	v->prefix = v->ip_v == 4 ? 32 : 128;
	return v->ip_v;
}

struct wr_score_victim wr_score_victim(const char *from)
{
	char text[WR_TRUTH_TEXT], *at = text, *end;
	struct wr_score_victim v = {0};

	snprintf(text, sizeof(text), "%s", from);
	text[strcspn(text, " ")] = 0;
	if (parse_address(&v.v, text))
		return v;
	end = strrchr(text, '/');
	if (end) {
		*end = 0;
		v.words = !parse_address(&v.v, text);
		v.v.prefix = (uint8_t)strtoul(end + 1, NULL, 10);
		return v;
	}
	end = strrchr(text, ':');
	if (end) {
		v.v.port = (uint16_t)strtoul(end + 1, NULL, 10);
		*end = 0;
		if (*at == '[' && end > at && end[-1] == ']') {
			at++;
			end[-1] = 0;
		}
	}
	v.words = !parse_address(&v.v, at);
	return v;
}

bool wr_score_victim_alone(const struct wr_score_victim *of)
{
	return !of->words && of->v.prefix == (of->v.ip_v == 4 ? 32 : 128);
}

static bool same_bits(const uint8_t *a, const uint8_t *b, uint32_t bits)
{
	if (memcmp(a, b, bits / 8))
		return false;
	return !(bits % 8) || !((a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8));
}

bool wr_score_victim_named(const struct wr_score_victim *of, const struct wr_victim *v)
{
	if (of->words)
		return true;
	return v->ip_v == of->v.ip_v && v->prefix <= of->v.prefix &&
	       same_bits(v->addr, of->v.addr, v->prefix) &&
	       (!v->port || !of->v.port || v->port == of->v.port);
}
