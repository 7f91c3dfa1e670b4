/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/dumpring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/filter.h"
#include "core/proto.h"
#include "base/mem.h"

enum {
	BYTES_MIN = 1 << 16,
	ALIGN = 16,
	IFACES_MAX = 256,
	LINKTYPES_MAX = 8,
	RULES_MAX = 8192, /* names; a rule beyond has none */
	NAME = 32,
	JUDGED = 1 << 15, /* of head.fate: there is one; below, the number of the rule's name */
	VERDICT_SHIFT = 13,
	STRIDE = 1024, /* packets between two whose place is known by number */
};

#define BYTES_MAX ((size_t)1 << 36)

/* What stands in front of a packet's bytes. */
struct head {
	uint64_t ts_ns, num;
	uint32_t caplen; /* UINT32_MAX: the rest of the ring is passed over */
	uint32_t len;
	uint16_t linktype, gso_segs;
	uint8_t iface, hook;
	uint16_t fate; /* JUDGED, verdict, name of the rule; 0: none */
};
_Static_assert(sizeof(struct head) == 32 && sizeof(struct head) % ALIGN == 0, "packs well");

struct wr_dump {
	uint8_t *at; /* owned */
	size_t room, head, tail;
	uint32_t snaplen;
	uint64_t max_ns;
	struct wr_dump_state state;
	char iface[IFACES_MAX][16];
	uint32_t n_ifaces;
	char (*rule)[NAME]; /* owned: names; the first is none */
	uint32_t n_rules;
	/* Where packet n * STRIDE + 1 lies; of those that are forgotten, something else. */
	size_t *place; /* owned */
	size_t places; /* more than there can be in the ring at a time */
};

int wr_dump_open(struct wr_dump **out, const struct wr_dump_conf *conf, struct wr_err *err)
{
	struct wr_dump *d;

	if (conf->bytes < BYTES_MIN || conf->bytes > BYTES_MAX)
		return wr_fail(err, EINVAL,
			       "a ring of %zu bytes for the last packets: %d to %zu are possible",
			       conf->bytes, BYTES_MIN, BYTES_MAX);
	d = calloc(1, sizeof(*d));
	if (!d)
		return wr_fail(err, ENOMEM, "no memory for the last packets");
	d->room = conf->bytes & ~(size_t)(ALIGN - 1);
	d->snaplen = conf->snaplen ? conf->snaplen : UINT32_MAX;
	d->max_ns = conf->max_ns;
	d->at = wr_mem_map(d->room);
	d->places = d->room / sizeof(struct head) / STRIDE + 2;
	d->place = calloc(d->places, sizeof(*d->place));
	d->rule = calloc(RULES_MAX, sizeof(*d->rule));
	d->n_rules = 1;
	if (!d->at || !d->place || !d->rule) {
		wr_dump_close(&d);
		return wr_fail(err, ENOMEM, "no memory for %zu bytes of the last packets",
			       conf->bytes);
	}
	*out = d;
	return 0;
}

void wr_dump_close(struct wr_dump **d)
{
	if (!*d)
		return;
	wr_mem_unmap((*d)->at, (*d)->room);
	free((*d)->place);
	free((*d)->rule);
	free(*d);
	*d = NULL;
}

struct wr_dump_state wr_dump_state(const struct wr_dump *d)
{
	return d->state;
}

/* ---- the ring ---- */

static struct head *at(const struct wr_dump *d, size_t where)
{
	return (struct head *)(void *)(d->at + where);
}

static size_t size_of(uint32_t caplen)
{
	return sizeof(struct head) + (((size_t)caplen + ALIGN - 1) & ~(size_t)(ALIGN - 1));
}

/* The packet behind the one at `where`. */
static size_t behind(const struct wr_dump *d, size_t where)
{
	where += size_of(at(d, where)->caplen);
	if (d->room - where < sizeof(struct head) || at(d, where)->caplen == UINT32_MAX)
		return 0;
	return where;
}

static void forget(struct wr_dump *d)
{
	d->state.packets--;
	d->state.forgotten++;
	if (!d->state.packets) {
		d->head = d->tail = 0;
		d->state.oldest_ns = 0;
		return;
	}
	d->head = behind(d, d->head);
	d->state.oldest_ns = at(d, d->head)->ts_ns;
}

/* Forgets the oldest until `size` bytes in a row are free. Returns where. */
static size_t make_room(struct wr_dump *d, size_t size)
{
	for (;;) {
		if (!d->state.packets)
			return 0;
		if (d->tail > d->head) { /* free: from tail to the end, and from 0 to head */
			if (d->room - d->tail >= size)
				return d->tail;
			if (d->head >= size) {
				if (d->room - d->tail >= sizeof(struct head))
					at(d, d->tail)->caplen = UINT32_MAX;
				return 0;
			}
		} else if (d->head - d->tail >= size) {
			return d->tail;
		}
		forget(d);
	}
}

static uint8_t iface_of(struct wr_dump *d, const char *name)
{
	uint32_t i;

	for (i = 0; i < d->n_ifaces; i++)
		if (!strncmp(d->iface[i], name, sizeof(d->iface[i]) - 1))
			return (uint8_t)i;
	if (i == IFACES_MAX)
		return IFACES_MAX - 1;
	strncpy(d->iface[i], name, sizeof(d->iface[i]) - 1);
	d->n_ifaces++;
	return (uint8_t)i;
}

static uint16_t rule_of(struct wr_dump *d, const char *name)
{
	uint32_t i;

	for (i = 1; i < d->n_rules; i++)
		if (!strcmp(d->rule[i], name))
			return (uint16_t)i;
	if (i == RULES_MAX)
		return 0;
	strncpy(d->rule[i], name, NAME - 1);
	d->n_rules++;
	return (uint16_t)i;
}

static uint16_t fate_of(struct wr_dump *d, const struct wr_fate *f)
{
	if (!f)
		return 0;
	return (uint16_t)(JUDGED | (unsigned int)f->verdict << VERDICT_SHIFT |
			  (f->rule ? rule_of(d, f->rule) : 0));
}

void wr_dump_add(struct wr_dump *d, const struct wr_packet *pkt)
{
	uint32_t caplen = pkt->caplen < d->snaplen ? pkt->caplen : d->snaplen;
	struct head *h;
	size_t where;

	if (!pkt->data)
		return;
	if (size_of(caplen) > d->room) {
		d->state.big++;
		return;
	}
	while (d->max_ns && d->state.packets && pkt->ts_ns > at(d, d->head)->ts_ns + d->max_ns)
		forget(d);
	where = make_room(d, size_of(caplen));
	h = at(d, where);
	*h = (struct head){
		.ts_ns = pkt->ts_ns,
		.num = pkt->num,
		.caplen = caplen,
		.len = pkt->len,
		.linktype = pkt->linktype,
		.gso_segs = pkt->gso_segs,
		.iface = iface_of(d, pkt->iface),
		.hook = pkt->hook,
		.fate = fate_of(d, pkt->fate),
	};
	memcpy(h + 1, pkt->data, caplen);
	if (d->state.added % STRIDE == 0)
		d->place[d->state.added / STRIDE % d->places] = where;
	d->tail = where + size_of(caplen);
	if (!d->state.packets++)
		d->state.oldest_ns = pkt->ts_ns;
	d->state.newest_ns = pkt->ts_ns;
	d->state.added++;
}

/* ---- out ---- */

/* One compiled filter for each link type that occurs. */
struct filters {
	const char *expr;
	struct wr_filter *filter[LINKTYPES_MAX];
	uint16_t linktype[LINKTYPES_MAX];
	int n;
};

static int filter_of(struct filters *f, uint16_t linktype, const struct wr_filter **out,
		     struct wr_err *err)
{
	int i, ret;

	*out = NULL;
	if (!f->expr)
		return 0;
	for (i = 0; i < f->n; i++)
		if (f->linktype[i] == linktype)
			break;
	if (i == LINKTYPES_MAX)
		return wr_fail(err, E2BIG, "more than %d link types", LINKTYPES_MAX);
	if (i == f->n) {
		ret = wr_filter_open(&f->filter[i], f->expr, linktype, err);
		if (ret)
			return ret;
		f->linktype[f->n++] = linktype;
	}
	*out = f->filter[i];
	return 0;
}

static struct wr_packet packet_at(const struct wr_dump *d, const struct head *h,
				  struct wr_fate *fate)
{
	const char *rule = d->rule[h->fate & (RULES_MAX - 1)];

	*fate = (struct wr_fate){.verdict = (enum wr_verdict)(h->fate >> VERDICT_SHIFT & 3),
				 .rule = *rule ? rule : NULL};
	return (struct wr_packet){
		.fate = h->fate ? fate : NULL,
		.ts_ns = h->ts_ns,
		.num = h->num,
		.data = (const uint8_t *)(h + 1),
		.caplen = h->caplen,
		.len = h->len,
		.linktype = h->linktype,
		.gso_segs = h->gso_segs,
		.hook = h->hook,
		.iface = d->iface[h->iface],
	};
}

/* A place in the ring, and the number of the packet there. */
struct at {
	size_t where;
	uint64_t number;
};

static struct at oldest(const struct wr_dump *d)
{
	return (struct at){d->head, d->state.forgotten + 1};
}

static void go_on(const struct wr_dump *d, struct at *a)
{
	if (a->number++ < d->state.added)
		a->where = behind(d, a->where);
}

/* The packet with that number, or the oldest. */
static struct at find(const struct wr_dump *d, uint64_t number)
{
	uint64_t first = d->state.forgotten + 1, known = (number - 1) / STRIDE;
	struct at a = oldest(d);

	if (number <= first)
		return a;
	if (number > d->state.added) /* not there yet */
		return (struct at){0, d->state.added + 1};
	if (known * STRIDE + 1 > first)
		a = (struct at){d->place[known % d->places], known * STRIDE + 1};
	while (a.number < number)
		go_on(d, &a);
	return a;
}

/* Is it one of those that are asked for? 1, 0 or -errno. */
static int chosen(const struct wr_dump_ask *ask, const struct head *h, struct filters *f,
		  struct wr_err *err)
{
	const struct wr_filter *filter;
	int ret;

	if (h->ts_ns < ask->since_ns)
		return 0;
	ret = filter_of(f, h->linktype, &filter, err);
	return ret ? ret : wr_filter_match(filter, (const uint8_t *)(h + 1), h->caplen, h->len);
}

/* Where the newest n begin of those that are chosen from `a` on: one look at all, which remembers
 * the last n. */
static int newest(const struct wr_dump *d, const struct wr_dump_ask *ask, uint64_t to,
		  struct filters *f, struct at *a, struct wr_err *err)
{
	struct at *last = calloc(ask->newest, sizeof(*last));
	uint64_t n = 0;
	int ret = 0;

	if (!last)
		return wr_fail(err, ENOMEM, "no memory for %u packets", ask->newest);
	for (; ret >= 0 && a->number <= to; go_on(d, a)) {
		ret = chosen(ask, at(d, a->where), f, err);
		if (ret > 0)
			last[n++ % ask->newest] = *a;
	}
	if (n)
		*a = last[n < ask->newest ? 0 : n % ask->newest];
	free(last);
	return ret < 0 ? ret : 0;
}

static int each(const struct wr_dump *d, struct wr_dump_ask *ask, struct filters *f, wr_dump_fn fn,
		void *ctx, struct wr_err *err)
{
	uint64_t from = ask->from, to = d->state.added;
	struct at a;
	int ret = 0;

	if (ask->to && ask->to < to)
		to = ask->to;
	if (ask->newest && to > WR_DUMP_LOOK && to - WR_DUMP_LOOK + 1 > from)
		from = to - WR_DUMP_LOOK + 1;
	a = find(d, from);
	if (ask->newest)
		ret = newest(d, ask, to, f, &a, err);
	for (int looked = 0; ret >= 0 && a.number <= to; looked++, go_on(d, &a)) {
		const struct head *h = at(d, a.where);
		struct wr_fate fate;
		struct wr_packet pkt = packet_at(d, h, &fate);

		if (looked == WR_DUMP_LOOK)
			break;
		ret = chosen(ask, h, f, err);
		if (ret > 0 && !fn(ctx, &pkt))
			break;
	}
	ask->from = a.number;
	return ret < 0 ? ret : 0;
}

int wr_dump_each(const struct wr_dump *d, struct wr_dump_ask *ask, wr_dump_fn fn, void *ctx,
		 struct wr_err *err)
{
	uint16_t linktype = d->state.packets ? at(d, d->head)->linktype : WR_LINK_ETHER;
	struct filters f = {.expr = ask->filter};
	const struct wr_filter *first; /* a wrong one is told without packets, too */
	int ret = filter_of(&f, linktype, &first, err);

	if (!ret)
		ret = each(d, ask, &f, fn, ctx, err);
	for (int i = 0; i < f.n; i++)
		wr_filter_close(&f.filter[i]);
	return ret;
}

struct writing {
	struct wr_pcapng *to;
	uint64_t written;
	int ret;
	struct wr_err *err;
};

static bool write_one(void *ctx, const struct wr_packet *pkt)
{
	struct writing *w = ctx;

	w->ret = wr_pcapng_write(w->to, pkt, NULL, w->err);
	w->written += !w->ret;
	return !w->ret;
}

int wr_dump_last(const struct wr_dump *d, uint64_t since_ns, const char *filter,
		 struct wr_pcapng *to, uint64_t *written, struct wr_err *err)
{
	struct wr_dump_ask ask = {.since_ns = since_ns, .filter = filter};
	struct writing w = {.to = to, .err = err};
	int ret;

	do
		ret = wr_dump_each(d, &ask, write_one, &w, err);
	while (!ret && !w.ret && ask.from <= d->state.added);
	if (written)
		*written = w.written;
	if (!ret)
		ret = w.ret;
	return ret ? ret : wr_pcapng_flush(to, err);
}
