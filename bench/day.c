/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A day of a site as a capture, made up from a seed: see usage(). Beside DIR/NAME.pcap there are
 * the label of each packet and the table of events, as `weir score` reads them.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "bench/day.h"

enum { MONDAY = 1735516800 /* 2024-12-30, 00:00 UTC */ };

struct args {
	const char *name, *only;
	double length_s, part_s, rate;
	uint64_t seed;
	bool attacks, weekend;
	uint8_t mac[6], net[2];
};

__attribute__((noreturn)) static void usage(void)
{
	fputs("usage: day [OPTION]... DIR     (DIR -: the capture alone goes to standard output)\n"
	      "  --seed N       default 1; the same seed gives the same bytes\n"
	      "  --length S     seconds of a day with all that happens in it, default 86400\n"
	      "  --rate R       times as much usual traffic, default 1\n"
	      "  --weekend      fewer come\n"
	      "  --attacks      one of each class is in it, too\n"
	      "  --only CLASS   nothing but one attack, at once; of those that no day has, behind "
	      "what\n"
	      "                 has to be usual there first\n"
	      "  --mac MAC      of all servers, so that the frames of --only can be sent\n"
	      "  --net A.B      of the servers, default 10.20\n"
	      "  --name NAME    of the files, default day-SEED\n"
	      "classes:",
	      stderr);
	day_attack_names(stderr);
	exit(2);
}

static double number(const char *text, double least, double most)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v >= least && v <= most)) {
		fprintf(stderr, "day: '%s' is not a number from %.15g to %.15g\n", text, least,
			most);
		exit(2);
	}
	return v;
}

static void read_args(struct args *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'}, {"length", required_argument, NULL, 'l'},
		{"rate", required_argument, NULL, 'r'}, {"weekend", no_argument, NULL, 'w'},
		{"attacks", no_argument, NULL, 'a'},	{"only", required_argument, NULL, 'o'},
		{"mac", required_argument, NULL, 'm'},	{"net", required_argument, NULL, 'N'},
		{"name", required_argument, NULL, 'n'}, {0},
	};
	uint8_t *m = a->mac;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			a->seed = (uint64_t)number(optarg, 0, 1e15);
		else if (c == 'l')
			a->length_s = number(optarg, 1800, 864000);
		else if (c == 'r')
			a->rate = number(optarg, 0.01, 100);
		else if (c == 'w')
			a->weekend = true;
		else if (c == 'a')
			a->attacks = true;
		else if (c == 'o')
			a->only = optarg;
		else if (c == 'n')
			a->name = optarg;
		else if (c == 'N' && sscanf(optarg, "%hhu.%hhu", a->net, a->net + 1) == 2)
			continue;
		else if (c != 'm' || sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m, m + 1,
					    m + 2, m + 3, m + 4, m + 5) != 6)
			usage();
	}
	if (argc - optind != 1)
		usage();
}

uint8_t day_event(struct day *d, const char *class, const char *victim, double start_s,
		  double end_s, const char *note)
{
	struct day_event *e;

	if (d->n_events == DAY_EVENTS) {
		fputs("day: too many events\n", stderr);
		exit(1);
	}
	e = &d->event[++d->n_events];
	snprintf(e->class, sizeof(e->class), "%s", class);
	snprintf(e->victim, sizeof(e->victim), "%s", victim);
	e->start_s = start_s;
	e->end_s = end_s;
	e->note = note;
	return (uint8_t)d->n_events;
}

int main(int argc, char **argv)
{
	struct args a = {.length_s = 86400, .rate = 1, .seed = 1, .net = {10, 20}};
	struct day *d = calloc(1, sizeof(*d));
	const char *folder;
	char name[64];

	read_args(&a, argc, argv);
	if (!d)
		return 1;
	snprintf(name, sizeof(name), "day-%llu", (unsigned long long)a.seed);
	folder = strcmp(argv[optind], "-") ? argv[optind] : NULL;
	d->seed = a.seed;
	d->random = wr_mix(a.seed + 1);
	d->length_s = a.length_s;
	d->rate = a.rate;
	d->weekend = a.weekend;
	d->whole = a.only;
	d->crowd = d->noise = 1;
	d->begun_ns = (uint64_t)(MONDAY + (a.weekend ? 5 * 86400 : 0)) * SECOND_NS;
	d->end_ns = d->begun_ns + (uint64_t)(a.length_s * 1e9);
	d->now_ns = d->begun_ns;
	d->net = (uint32_t)a.net[0] << 24 | (uint32_t)a.net[1] << 16;
	memcpy(d->mac, a.mac, sizeof(d->mac));
	for (uint32_t i = 0; i < DAY_ACTORS; i++)
		d->free[d->n_free++] = DAY_ACTORS - 1 - i;
	day_open(d, folder, a.name ? a.name : name);
	if (!a.only)
		day_usual(d);
	if (a.only || a.attacks)
		day_attacks(d, a.only);
	day_run(d);
	day_close(d, folder, a.name ? a.name : name);
	fprintf(stderr, "%llu packets, %llu bytes on the wire, %u events, %llu without room\n",
		(unsigned long long)d->packets, (unsigned long long)d->bytes, d->n_events,
		(unsigned long long)d->refused);
	free(d);
	return 0;
}
