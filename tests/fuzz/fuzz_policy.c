/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy of any bytes: it is told what is wrong with it, or it prints to what parses to the same
 * and prints to the same again; so does a copy, and one line of it as a statement of its own.
 *
 *	WEIR_SEEDS=DIR fuzz_policy DIR	writes a policy a statement to DIR first
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "capture/filter.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char *const seeds[] = {
	"set a = 10.0.0.0/8, 2001:db8::/32 @b file \"/nowhere\"\nset b = 192.0.2.1\n",
	"set a = @b\nset b = @a\nset a = ::ffff:1.2.3.4 10.0.0.1/8\n",
	"class web = guarantee 50mbit ceiling 200mbit priority 1\nlink eth0 = capacity 1gbit\n",
	"class web = priority 2\nx: class web to tcp/443@10.0.0.5 at mon-fri, sun 22:00-06:00\n",
	"fragments drop\nlink eth0 = in 5mbit out 1kbit # comment\n",
	"vpn: allow not from 10.0.0.0/8 to udp/51820, gre, proto/99 why \"\\\"\"\n",
	"limit 1000pps burst 200 per source/24/64 to tcp/443 on eth0, eth1 host *.example.org\n",
	"limit 5kcps any\nlimit 20mbit burst 64KiB per service where \"tcp port 80\" inner out\n",
	"drop from 192.0.2.1 auto for 1h30m priority 7 shadow\r\ndrop any until 2026-11-25 18:00\n",
};

/* libpcap has its own fuzzing, and would ask a name server for what looks like a host. */
int wr_filter_open(struct wr_filter **out, const char *expr, int linktype, struct wr_err *err)
{
	static char some;

	(void)linktype;
	*out = (struct wr_filter *)&some;
	return strchr(expr, '!') ? wr_fail(err, EINVAL, "filter '%.200s'", expr) : 0;
}

void wr_filter_close(struct wr_filter **f)
{
	*f = NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WEIR_SEEDS");

	(void)argc;
	(void)argv;
	for (size_t i = 0; dir && i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		char path[4096];
		FILE *f;

		snprintf(path, sizeof(path), "%s/seed-%zu", dir, i);
		f = fopen(path, "w");
		if (!f)
			continue;
		fputs(seeds[i], f);
		fclose(f);
	}
	return 0;
}

static void tell(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	if (!line || !column || !text[0])
		abort();
	++*(unsigned int *)ctx;
}

static struct wr_policy *parse(const char *text, size_t n)
{
	struct wr_policy *p;
	struct wr_err err = {0};
	unsigned int told = 0;
	int ret = wr_policy_parse(&p, text, n, "fuzz", tell, &told, &err);

	if (ret ? p || !told || !err.text[0] : !p || told)
		abort();
	return p;
}

static void same(const struct wr_policy *p, const struct wr_buf *want)
{
	struct wr_buf b = {0};

	wr_policy_print(&b, p);
	if (b.used != want->used || (b.used && memcmp(b.at, want->at, b.used) != 0))
		abort();
	wr_buf_free(&b);
}

/* Adding a line to a policy either works or changes nothing. */
static void add(struct wr_policy *p, const struct wr_buf *before, const uint8_t *data, size_t n)
{
	struct wr_err err = {0};
	char *line = malloc(n + 1);

	if (!line)
		return;
	memcpy(line, data, n);
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	if (wr_policy_add(p, line, &err))
		same(p, before);
	if (wr_policy_replace_set(p, line, &err) && !err.text[0])
		abort();
	for (size_t i = p->n_rules; i; i--)
		wr_policy_del_rule(p, p->rule[i - 1].name, &err);
	for (size_t i = p->n_sets; i; i--)
		wr_policy_del_set(p, p->set[i - 1].name, &err);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct wr_policy *p = parse((const char *)data, n), *again, *copy;
	struct wr_buf b = {0};

	if (p) {
		wr_policy_print(&b, p);
		again = parse(wr_buf_text(&b), b.used);
		if (!again || wr_policy_copy(&copy, p, NULL))
			abort();
		same(again, &b);
		same(copy, &b);
		wr_policy_free(&p);
		add(copy, &b, data, n);
		wr_policy_free(&copy);
		wr_policy_free(&again);
	}
	wr_buf_free(&b);
	return 0;
}
