/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/addresses.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/json.h"

static int add(struct wr_gateway_seen *seen, const char *text)
{
	struct wr_gateway_found f = {
		.verb = WR_GATEWAY_DENY, .kind = WR_GATEWAY_ADDRESS, .key = text};

	f.odd = wr_prefix_parse(&f.who, text, strlen(text)) != 0;
	return wr_gateway_seen_add(seen, &f);
}

/* Copied with room for all first, so that what points into it stays. */
int wr_gateway_addresses_read(struct wr_gateway_seen *seen, const struct json_t *list,
			      struct wr_err *err)
{
	struct wr_buf *b = &seen->raw[0];
	size_t i, room = 0;
	const json_t *v;

	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v))
			return wr_fail(err, EPROTO,
				       "its list of addresses has something else in it");
		room += json_string_length(v) + 1;
	}
	if (room && !wr_buf_room(b, room))
		return wr_fail(err, ENOMEM, "no memory for a list");
	json_array_foreach(list, i, v)
	{
		const char *text = b->at + b->used;

		wr_buf_add(b, json_string_value(v), json_string_length(v) + 1);
		if (add(seen, text))
			return wr_fail(err, ENOMEM, "no memory for a list");
	}
	return 0;
}

void wr_gateway_addresses_print(struct wr_buf *b, const struct wr_gateway_set *want,
				const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	bool first = true;

	wr_buf_char(b, '[');
	for (size_t i = 0; i < seen->n; i++) {
		if (seen->at[i].leaves)
			continue;
		wr_json_str(b, NULL, seen->at[i].key);
		first = false;
	}
	for (size_t i = 0; i < want->n; i++) {
		if (d->deed[i] != WR_GATEWAY_ADD)
			continue;
		wr_buf_str(b, first ? "\"" : ",\"");
		wr_gateway_who_print(b, &want->at[i], false);
		wr_buf_char(b, '"');
		first = false;
	}
	wr_buf_char(b, ']');
}
