/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "bench/day.h"

/* Who does something when: the heap, and what most actors are: a connection, a question. */

enum {
	SEGMENT = 1448,
	FLIGHT = 10, /* segments that are sent without waiting */
	TRIES = 4,
	KNOWN = 20000,
	OPENING = 0,
	ANSWERED,
	OPEN,
	ASKING,
	ANSWERING,
	WAITING,
	CLOSING,
	CLOSED_TOO,
	LAST,
};

bool day_far(uint32_t addr)
{
	return addr >> 16 != NET >> 16 && addr && addr != 0xffffffff;
}

double day_s(const struct day *d, double seconds)
{
	return seconds * d->length_s / 86400;
}

/* Quiet at four in the morning, busiest in the afternoon. */
double day_rhythm(const struct day *d, uint64_t at_ns)
{
	double of_day = (double)(at_ns - d->begun_ns) / 1e9 / d->length_s;
	double v = 0.6 - 0.4 * cos(2 * M_PI * (of_day - 4.0 / 24));

	return v * (d->weekend ? 0.45 : 1) * d->noise;
}

uint32_t day_client(struct day *d, double new_share)
{
	uint64_t who = (uint64_t)(KNOWN * pow(share(d), 2.5));

	if (share(d) < new_share)
		who = KNOWN + chance(d) % 100000000;
	return 0x20000000 + (uint32_t)(wr_mix(who + 77) % 0x40000000);
}

/* ---- the heap ---- */

static bool before(const struct day *d, uint32_t x, uint32_t y)
{
	return d->actor[x].at_ns < d->actor[y].at_ns;
}

static void swap(uint32_t *x, uint32_t *y)
{
	uint32_t was = *x;

	*x = *y;
	*y = was;
}

static void down(struct day *d, uint32_t i)
{
	for (;;) {
		uint32_t least = i;

		for (uint32_t c = 2 * i + 1; c <= 2 * i + 2 && c < d->n_heap; c++)
			if (before(d, d->heap[c], d->heap[least]))
				least = c;
		if (least == i)
			return;
		swap(&d->heap[i], &d->heap[least]);
		i = least;
	}
}

static void push(struct day *d, uint32_t which)
{
	uint32_t i = d->n_heap++;

	d->heap[i] = which;
	for (; i && before(d, d->heap[i], d->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&d->heap[i], &d->heap[(i - 1) / 2]);
}

static uint32_t pop(struct day *d)
{
	uint32_t which = d->heap[0];

	d->heap[0] = d->heap[--d->n_heap];
	down(d, 0);
	return which;
}

struct actor *day_actor(struct day *d, bool (*step)(struct day *d, struct actor *a), uint64_t at_ns)
{
	struct actor *a;
	uint32_t which;

	if (!d->n_free) {
		d->refused++;
		return NULL;
	}
	which = d->free[--d->n_free];
	a = &d->actor[which];
	memset(a, 0, sizeof(*a));
	a->step = step;
	a->at_ns = at_ns > d->now_ns ? at_ns : d->now_ns;
	a->begun_ns = a->at_ns;
	a->label = d->label;
	a->ttl = 52;
	a->until_ns = d->end_ns;
	push(d, which);
	return a;
}

void day_run(struct day *d)
{
	while (d->n_heap) {
		uint32_t which = pop(d);
		struct actor *a = &d->actor[which];

		if (a->at_ns >= d->end_ns)
			return;
		d->now_ns = a->at_ns;
		d->label = a->label;
		if (!a->step(d, a)) {
			d->free[d->n_free++] = which;
			continue;
		}
		if (a->at_ns < d->now_ns)
			a->at_ns = d->now_ns;
		push(d, which);
	}
}

/* ---- a connection ---- */

static struct host *host_of(struct day *d, uint32_t addr)
{
	return day_far(addr) ? NULL : &d->host[addr % DAY_HOSTS];
}

static bool within(uint64_t t, uint64_t from, uint64_t to)
{
	return t >= from && t < to;
}

/* It goes on after a pause, or is opened anew by a browser that tries again. */
static bool later(struct day *d, struct actor *a, double seconds)
{
	a->at_ns = d->now_ns + (uint64_t)(seconds * 1e9 * (0.8 + 0.4 * share(d)));
	return true;
}

static bool reopen(struct day *d, struct actor *a)
{
	a->state = OPENING;
	a->sport = (uint16_t)among(d, 20000, 60999);
	a->seq = (uint32_t)chance(d);
	if (++a->tries > 2 * TRIES && !a->again)
		return false;
	return later(d, a, a->tries < TRIES ? 2 : 10);
}

/* The other end does not say anything: sent again, later each time. true: that happened. */
static bool unanswered(struct day *d, struct actor *a, bool *goes_on)
{
	const struct host *h = host_of(d, a->to);

	*goes_on = true;
	if (!h)
		return false;
	if (within(d->now_ns, h->down_ns, h->up_ns)) {
		day_tcp(d, a, true, a->state == OPENING ? WR_TCP_SYN : WR_TCP_PSH | WR_TCP_ACK,
			NULL, 0, a->state == OPENING ? 0 : a->ask);
		if (++a->tries > TRIES) {
			a->tries = 0;
			*goes_on = a->again && reopen(d, a);
			return true;
		}
		a->at_ns = d->now_ns + (SECOND_NS << (a->tries - 1));
		return true;
	}
	if (a->state == OPENING ? !within(d->now_ns, h->closed_ns, h->open_ns)
				: a->begun_ns >= h->cut_ns || d->now_ns < h->cut_ns)
		return false;
	if (a->state == OPENING) {
		day_tcp(d, a, true, WR_TCP_SYN, NULL, 0, 0);
		a->ack = 0;
		a->seq++;
	}
	day_tcp(d, a, false, WR_TCP_RST | WR_TCP_ACK, NULL, 0, 0);
	*goes_on = reopen(d, a);
	return true;
}

static bool ask_for(struct day *d, struct actor *a)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
	bool plain = a->dport == 80 || a->dport == 8080;

	day_tcp(d, a, true, WR_TCP_PSH | WR_TCP_ACK, get, plain ? sizeof(get) - 1 : 0,
		a->ask > sizeof(get) || !plain ? a->ask : sizeof(get) - 1);
	a->seq += a->ask;
	a->left = a->answer;
	a->n = 0;
	a->state = ANSWERING;
	a->at_ns = d->now_ns + a->rtt_ns / 2 + a->gap_ns;
	return true;
}

/* Segments of the server, with an ACK for every second one. */
static bool answering(struct day *d, struct actor *a)
{
	uint32_t now = a->left < SEGMENT ? a->left : SEGMENT;
	bool over = !a->left;

	if (a->n % 3 == 2 || over) {
		day_tcp(d, a, true, WR_TCP_ACK, NULL, 0, 0);
	} else {
		day_tcp(d, a, false, a->left <= SEGMENT ? WR_TCP_PSH | WR_TCP_ACK : WR_TCP_ACK,
			NULL, 0, now);
		a->ack += now;
		a->left -= now;
	}
	a->n++;
	if (!over) {
		a->at_ns = d->now_ns + (a->n % FLIGHT ? a->gap_ns / 4 + 50000 : a->rtt_ns);
		return true;
	}
	a->state = --a->rounds || a->held ? WAITING : CLOSING;
	return later(d, a, (double)a->think_ns / 1e9);
}

static bool connection(struct day *d, struct actor *a)
{
	bool goes_on;

	if (a->state != ANSWERED && a->state != LAST && unanswered(d, a, &goes_on))
		return goes_on;
	switch (a->state) {
	case OPENING:
		a->begun_ns = d->now_ns;
		day_tcp(d, a, true, WR_TCP_SYN, NULL, 0, 0);
		a->ack = (uint32_t)chance(d);
		a->tries = 0;
		break;
	case ANSWERED:
		a->seq++;
		day_tcp(d, a, false, WR_TCP_SYN | WR_TCP_ACK, NULL, 0, 0);
		a->ack++;
		break;
	case OPEN:
		day_tcp(d, a, true, WR_TCP_ACK, NULL, 0, 0);
		if (a->answer) {
			a->state = ASKING;
			return later(d, a, 0.001);
		}
		a->state = WAITING; /* says nothing */
		return later(d, a, (double)a->think_ns / 1e9);
	case ASKING:
		return ask_for(d, a);
	case ANSWERING:
		return answering(d, a);
	case WAITING:
		if (d->now_ns >= a->until_ns || (!a->rounds && !a->held)) {
			a->state = CLOSING;
			return true;
		}
		if (a->answer)
			return ask_for(d, a);
		day_tcp(d, a, true, WR_TCP_PSH | WR_TCP_ACK, "X-a: b\r\n", 8, 8); /* Slowloris */
		a->seq += 8;
		return later(d, a, (double)a->think_ns / 1e9);
	case CLOSING:
		day_tcp(d, a, true, WR_TCP_FIN | WR_TCP_ACK, NULL, 0, 0);
		a->seq++;
		break;
	case CLOSED_TOO:
		day_tcp(d, a, false, WR_TCP_FIN | WR_TCP_ACK, NULL, 0, 0);
		a->ack++;
		break;
	default:
		day_tcp(d, a, true, WR_TCP_ACK, NULL, 0, 0);
		return false;
	}
	a->state++;
	a->at_ns = d->now_ns + a->rtt_ns / 2;
	return true;
}

struct actor *day_connect(struct day *d, uint32_t from, uint32_t to, uint16_t port, uint64_t at_ns)
{
	struct actor *a = day_actor(d, connection, at_ns);

	if (!a)
		return NULL;
	a->from = from;
	a->to = to;
	a->sport = (uint16_t)among(d, 20000, 60999);
	a->dport = port;
	a->seq = (uint32_t)chance(d);
	/* Far ones have a way of their own. */
	a->rtt_ns = day_far(from) || day_far(to) ? 8000000 + wr_mix(from) % 90000000 : 300000;
	a->ttl = (uint8_t)(40 + wr_mix(from) % 24);
	a->gap_ns = 400000;
	a->rounds = 1;
	a->ask = 400;
	a->answer = 2000;
	a->think_ns = SECOND_NS / 2;
	return a;
}

/* ---- a question ---- */

static bool question(struct day *d, struct actor *a)
{
	const char *name = a->kind;
	const struct host *h = host_of(d, a->to);
	bool answer = a->state;
	uint8_t b[300];
	uint32_t n = name ? day_dns(b, a->seq & 0xffff, name, 1, answer, a->ack) : 0;
	uint32_t len = answer ? a->answer : a->ask;

	if (answer && h && within(d->now_ns, h->down_ns, h->up_ns))
		return false;
	day_udp(d, a, !answer, b, n, n > len ? n : len);
	if (answer || !a->answer)
		return false;
	a->state = 1;
	a->at_ns = d->now_ns + a->rtt_ns;
	return true;
}

struct actor *day_ask(struct day *d, uint32_t from, uint32_t to, uint16_t port, uint64_t at_ns)
{
	struct actor *a = day_actor(d, question, at_ns);

	if (!a)
		return NULL;
	a->from = from;
	a->to = to;
	a->sport = (uint16_t)among(d, 20000, 60999);
	a->dport = port;
	a->seq = (uint32_t)chance(d);
	a->rtt_ns = day_far(from) || day_far(to) ? 20000000 : 300000;
	a->ask = 60;
	a->answer = 120;
	return a;
}
