/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/when.h"
#include "core/reason.h"
#include "view/ledger.h"
#include "view/packet.h"

/* A row of the ledger as JSON, read back: for who asks a daemon and has no right to read the board.
 */

static uint64_t number(const json_t *o, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(o, key));

	return v > 0 ? (uint64_t)v : 0;
}

static struct wr_count count(const json_t *o, const char *key)
{
	const json_t *n = json_object_get(o, key);

	return (struct wr_count){number(n, "packets"), number(n, "bytes")};
}

/* By rule; the names are not kept. */
static struct wr_count sum(const json_t *o, const char *key)
{
	json_t *rules = json_object_get(o, key), *value;
	struct wr_count all = {0}, one;
	const char *name;

	json_object_foreach(rules, name, value)
	{
		one = count(rules, name);
		all.packets += one.packets;
		all.bytes += one.bytes;
	}
	return all;
}

static int hook_of(const char *name, enum wr_hook *hook)
{
	for (int i = 0; name && i < WR_HOOK_COUNT; i++)
		if (!strcmp(name, wr_hook_name((enum wr_hook)i))) {
			*hook = (enum wr_hook)i;
			return 0;
		}
	return -EINVAL;
}

static int fill(const json_t *o, struct wr_ledger *row)
{
	const char *iface = json_string_value(json_object_get(o, "in_iface"));
	const char *since = json_string_value(json_object_get(o, "since"));
	const json_t *records = json_object_get(o, "records");
	const json_t *lost = json_object_get(records, "lost");
	const json_t *bad = json_object_get(o, "malformed");

	memset(row, 0, sizeof(*row));
	if (hook_of(json_string_value(json_object_get(o, "hook")), &row->hook) || !since ||
	    wr_when_parse(since, 0, &row->since_ns, NULL))
		return -EINVAL;
	strncpy(row->iface, iface ? iface : "", sizeof(row->iface) - 1);
	row->arrived = count(o, "arrived");
	row->passed = count(o, "passed");
	row->dropped = sum(o, "dropped");
	row->limited = sum(o, "limited");
	row->matched = count(o, "matched");
	row->made = number(records, "made");
	row->seen = number(records, "seen");
	row->waiting = number(records, "waiting");
	for (int i = 0; i < WR_LOST_COUNT; i++)
		row->lost[i] = number(lost, wr_lost_name((enum wr_lost)i));
	for (int i = 1; i < WR_BAD_COUNT; i++)
		row->bad[i] = number(bad, wr_view_bad((uint8_t)i));
	row->balanced = json_is_true(json_object_get(o, "balanced"));
	return 0;
}

int wr_view_ledger_read(const char *line, size_t n, struct wr_ledger *row)
{
	json_t *o = json_loadb(line, n, 0, NULL);
	int ret = o ? fill(o, row) : -EINVAL;

	json_decref(o);
	return ret;
}
