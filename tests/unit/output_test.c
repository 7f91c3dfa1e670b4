/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outputs of the daemon: the queue between two processes, outboxes that a process has left behind,
 * places in the configuration. */
#include "tests/tap.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/output_conf.h"
#include "daemon/queue.h"
#include "export/outbox.h"

static uint64_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % sides;
}

/* ---- the queue ---- */

enum { SIZE = 1 << 16 };

/* Message i has a length and bytes that follow from i. */
static uint32_t length_of(uint32_t i)
{
	return 1 + i * 2654435761u % 1500;
}

static bool is_message(const uint8_t *m, size_t n, uint32_t i)
{
	if (n != length_of(i))
		return false;
	for (size_t k = 0; k < n; k++)
		if (m[k] != (uint8_t)(i + k))
			return false;
	return true;
}

static bool write_one(struct wr_queue_writer *w, uint32_t i, size_t spare)
{
	uint8_t *to = wr_queue_room(w, length_of(i), spare);

	for (uint32_t k = 0; to && k < length_of(i); k++)
		to[k] = (uint8_t)(i + k);
	if (to)
		wr_queue_put(w, i, length_of(i));
	return to;
}

/* Two processes at full speed: everything arrives once, whole and in order. */
static void two_processes(void)
{
	enum { N = 300000 };
	void *memory = wr_mem_share(wr_queue_bytes(SIZE));
	struct wr_queue_writer w;
	struct wr_queue_reader r;
	uint32_t want = 0, kind;
	const void *m;
	int status, wrong = 0;
	size_t n;
	pid_t pid;

	wr_queue_write_to(&w, memory, SIZE);
	pid = fork();
	if (!pid) {
		for (uint32_t i = 0; i < N; i++)
			while (!write_one(&w, i, 0))
				;
		_exit(0);
	}
	wr_queue_read_from(&r, memory, SIZE);
	while (want < N && !wrong) {
		m = wr_queue_next(&r, &kind, &n);
		if (!m)
			continue;
		wrong += kind != want || !is_message(m, n, want);
		want++;
		if (!dice(20))
			wr_queue_done(&r);
		if (wr_queue_left(&r) == 0)
			wr_queue_done(&r);
	}
	if (wrong)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	is_int(wrong, 0, "what one process writes another reads: whole, once, in order");
	is_int(want, N, "all of it");
	wr_mem_unmap(memory, wr_queue_bytes(SIZE));
}

static void full(void)
{
	void *memory = wr_mem_share(wr_queue_bytes(SIZE));
	struct wr_queue_writer w;
	struct wr_queue_reader r, again;
	uint32_t n = 0, kind;
	size_t bytes;

	wr_queue_write_to(&w, memory, SIZE);
	while (write_one(&w, n, 8192))
		n++;
	ok(n > 30 && wr_queue_used(&w) <= SIZE - 8192, "messages that leave some room free");
	ok(write_one(&w, n, 0), "others have it");
	wr_queue_read_from(&r, memory, SIZE);
	for (int i = 0; i < 5; i++)
		wr_queue_next(&r, &kind, &bytes);
	wr_queue_read_from(&again, memory, SIZE);
	ok(wr_queue_next(&again, &kind, &bytes) && kind == 0,
	   "what was taken and not done with comes again for whoever goes on");
	wr_queue_done(&r);
	wr_queue_read_from(&again, memory, SIZE);
	ok(wr_queue_next(&again, &kind, &bytes) && kind == 5, "what was done with does not");
	ok(!wr_queue_room(&w, SIZE, 0), "what is larger than the queue never finds room");
	wr_mem_unmap(memory, wr_queue_bytes(SIZE));
}

/* The reader can write its position, and anything else in the memory. */
static void reader_gone_wrong(void)
{
	uint64_t *memory = wr_mem_share(wr_queue_bytes(SIZE) + 4096);
	uint8_t *behind = (uint8_t *)memory + wr_queue_bytes(SIZE);
	struct wr_queue_writer w;
	int wrong = 0;

	wr_queue_write_to(&w, memory, SIZE);
	for (uint32_t i = 0; i < 200000; i++) {
		memory[dice(16)] = dice(2) ? ((uint64_t)dice(UINT32_MAX) << 32 | dice(UINT32_MAX))
					   : dice(SIZE);
		write_one(&w, i, 0);
	}
	for (int i = 0; i < 4096; i++)
		wrong += behind[i] != 0;
	is_int(wrong, 0, "a reader that writes nonsense makes nobody write outside of the queue");
	ok(w.head < (uint64_t)200000 * 2 * SIZE, "and no position jump");
	wr_mem_unmap(memory, wr_queue_bytes(SIZE) + 4096);
}

/* ---- outboxes that were left ---- */

static void left_behind(void)
{
	static const uint8_t message[1000];
	uint8_t *memory = wr_mem_share(1 << 16);
	struct wr_outbox *o = wr_mem_share(4096);
	struct wr_outbox_message *m = NULL;
	uint32_t mark = 0;
	bool fine = true;

	wr_outbox_adopt(o, memory, 1 << 16);
	for (uint32_t i = 0; i < 1000; i++) {
		while (!wr_outbox_fits(o, 900))
			wr_outbox_done(o, 0);
		wr_outbox_put(o, message, 7 + i % 800, 2, i);
	}
	wr_outbox_adopt(o, memory, 1 << 16);
	while ((m = wr_outbox_next(o, m))) {
		fine = fine && (!mark || m->mark == mark + 1);
		mark = m->mark;
	}
	ok(fine && mark == 999 && o->n.given == 2000 && wr_outbox_waiting(o) == 2ull * o->messages,
	   "what waits is still there for the next process, and counted");
	o->n.given += 2; /* one that was ended within put() */
	wr_outbox_adopt(o, memory, 1 << 16);
	ok(o->n.given == 2000 && o->messages, "one that was only announced is not counted");
	o->messages += 7;
	wr_outbox_adopt(o, memory, 1 << 16);
	ok(!o->messages && !wr_outbox_waiting(o) && o->n.lost,
	   "when it does not fit together it is lost, and counted");
	for (int turn = 0; turn < 2000; turn++) {
		wr_outbox_put(o, message, 7, 1, 0);
		for (size_t i = 0; i < sizeof(*o); i += 4)
			if (!dice(12))
				((uint32_t *)(void *)o)[i / 4] = dice(1 << 17);
		for (int i = 0; i < 40; i++)
			((uint32_t *)(void *)memory)[dice(1 << 14)] = dice(UINT32_MAX);
		wr_outbox_adopt(o, memory, 1 << 16);
		for (m = NULL; (m = wr_outbox_next(o, m));)
			fine = fine && (uint8_t *)m >= memory &&
			       m->data + m->bytes <= memory + (1 << 16);
	}
	ok(fine, "whatever stands there, nothing outside of it is read");
	wr_mem_unmap(memory, 1 << 16);
	wr_mem_unmap(o, 4096);
}

/* ---- places ---- */

static const struct {
	int (*check)(const char *, struct wr_err *);
	const char *value;
	bool fine;
} places[] = {
	{wr_output_check_eve, "/var/log/weir/eve.json", true},
	{wr_output_check_eve, "-", true},
	{wr_output_check_eve, "unix:/run/eve.sock", true},
	{wr_output_check_eve, "eve.json", false},
	{wr_output_check_eve, "unix:eve.sock", false},
	{wr_output_check_eve, "tcp:127.0.0.1:5", false},
	{wr_output_check_ipfix, "udp:collector:4739", true},
	{wr_output_check_ipfix, "tcp:[2001:db8::7]:4739", true},
	{wr_output_check_ipfix, "udp:collector", false},
	{wr_output_check_ipfix, "udp::4739", false},
	{wr_output_check_ipfix, "udp:collector:0", false},
	{wr_output_check_ipfix, "udp:collector:70000", false},
	{wr_output_check_ipfix, "collector:4739", false},
	{wr_output_check_ipfix, "udp:collector:47x", false},
	{wr_output_check_features, "/var/log/weir/features", true},
	{wr_output_check_features, "/var/log/weir/", false},
	{wr_output_check_features, "/", false},
	{wr_output_check_features, "features", false},
	{wr_output_check_otlp, "http://127.0.0.1:4318/v1/metrics", true},
	{wr_output_check_otlp, "https://[::1]/v1/metrics", true},
	{wr_output_check_otlp, "http:///v1/metrics", false},
	{wr_output_check_otlp, "ftp://host/", false},
	{wr_output_check_otlp, "https://user:password@host/", false},
	{wr_output_check_type, "flow", true},
	{wr_output_check_type, "flows", false},
};

static void checks(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct wr_err err = {0};
		int ret = places[i].check(places[i].value, &err);

		ok(ret == (places[i].fine ? 0 : -EINVAL) && !err.text[0] == places[i].fine,
		   "%s is %s", places[i].value, places[i].fine ? "fine" : "refused");
	}
}

static void ports(void)
{
	static const char *const ipfix[] = {"udp:a:1", "tcp:b:2"};
	static const char *const otlp[] = {"http://c:3/x", "https://[::1]/", "http://d"};
	static const char *const eve[] = {"/f", "unix:/s"};
	struct wr_daemon_conf conf = {.output = {.ipfix = {ipfix, 2}, .otlp = {otlp, 3}}};
	const uint16_t want[] = {2, 3, 443, 80, 53, 0};
	uint16_t got[WR_OUTPUT_PORTS];

	ok(wr_output_ports(&conf, got) && !memcmp(got, want, sizeof(want)),
	   "ports that are connected to");
	conf = (struct wr_daemon_conf){.output = {.eve = {eve, 1}}};
	ok(!wr_output_ports(&conf, got), "a file needs no connection");
	conf.output.eve.n = 2;
	ok(wr_output_ports(&conf, got), "a unix socket does");
}

int main(void)
{
	two_processes();
	full();
	reader_gone_wrong();
	left_behind();
	checks();
	ports();
	return done();
}
