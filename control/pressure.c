/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/pressure.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOFTNET, SNMP, NETSTAT, STAT, FILES, TEXT = 256 * 1024, CPUS = 512 };

static const char *const paths[FILES] = {"/proc/net/softnet_stat", "/proc/net/snmp",
					 "/proc/net/netstat", "/proc/stat"};

struct cpu {
	uint64_t busy, other; /* ticks */
};

struct wr_pressure_reader {
	int fd[FILES];
	char *text; /* owned, TEXT bytes */
	uint64_t backlog, sockets;
	struct cpu cpu[CPUS];
	int known;
};

int wr_pressure_open(struct wr_pressure_reader **out)
{
	struct wr_pressure_reader *r = calloc(1, sizeof(*r));

	if (r)
		r->text = malloc(TEXT);
	if (!r || !r->text) {
		free(r);
		return -ENOMEM;
	}
	for (int i = 0; i < FILES; i++)
		r->fd[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
	*out = r;
	return 0;
}

void wr_pressure_close(struct wr_pressure_reader **reader)
{
	struct wr_pressure_reader *r = *reader;

	if (!r)
		return;
	for (int i = 0; i < FILES; i++)
		if (r->fd[i] >= 0)
			close(r->fd[i]);
	free(r->text);
	free(r);
	*reader = NULL;
}

static char *read_text(struct wr_pressure_reader *r, int file)
{
	size_t n = 0;
	ssize_t got = 0;

	while (r->fd[file] >= 0 && n < TEXT - 1 &&
	       (got = pread(r->fd[file], r->text + n, TEXT - 1 - n, (off_t)n)) > 0)
		n += (size_t)got;
	r->text[n] = 0;
	return r->text;
}

/* A line for each CPU, hexadecimal; the second number is what was dropped. */
static uint64_t backlog(char *text)
{
	uint64_t sum = 0, all, dropped;
	char *line;

	while ((line = strsep(&text, "\n")))
		if (sscanf(line, "%" SCNx64 " %" SCNx64, &all, &dropped) == 2)
			sum += dropped;
	return sum;
}

/* The number below a name, in pairs of lines that begin with the same word. */
static uint64_t below(const char *text, const char *group, const char *name)
{
	const char *names = strstr(text, group), *end = names ? strchr(names, '\n') : NULL;
	const char *at = names, *values = end ? end + 1 : NULL;
	size_t n = strlen(name);

	while (values && at && at < end) {
		if (!strncmp(at, name, n) && (at[n] == ' ' || at[n] == '\n'))
			return strtoull(values, NULL, 10);
		at = strchr(at, ' ');
		values = strchr(values, ' ');
		if (!at || !values)
			break;
		at++;
		values++;
	}
	return 0;
}

static uint64_t sockets(struct wr_pressure_reader *r)
{
	uint64_t sum = below(read_text(r, SNMP), "Udp: ", "RcvbufErrors");
	const char *text = read_text(r, NETSTAT);

	sum += below(text, "TcpExt: ", "TCPBacklogDrop");
	return sum + below(text, "TcpExt: ", "TCPRcvQDrop");
}

/* user nice system idle iowait irq softirq steal */
static double busiest(struct wr_pressure_reader *r, char *text)
{
	double most = 0;
	char *line;
	unsigned int cpu;

	while ((line = strsep(&text, "\n"))) {
		uint64_t v[8] = {0};
		struct cpu now, was;

		if (sscanf(line,
			   "cpu%u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %" SCNu64 " %" SCNu64 " %" SCNu64,
			   &cpu, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 9 ||
		    cpu >= CPUS)
			continue;
		now = (struct cpu){v[5] + v[6], v[0] + v[1] + v[2] + v[3] + v[4] + v[7]};
		was = r->cpu[cpu];
		r->cpu[cpu] = now;
		if (now.busy + now.other > was.busy + was.other && now.busy >= was.busy) {
			double part = (double)(now.busy - was.busy) /
				      (double)(now.busy + now.other - was.busy - was.other);

			most = part > most ? part : most;
		}
	}
	return most;
}

struct wr_pressure wr_pressure_read(struct wr_pressure_reader *r)
{
	uint64_t b = backlog(read_text(r, SOFTNET)), s = sockets(r);
	struct wr_pressure p = {.busy = busiest(r, read_text(r, STAT))};

	if (!r->known)
		p.busy = 0;
	else if (b >= r->backlog && s >= r->sockets)
		p = (struct wr_pressure){b - r->backlog, s - r->sockets, p.busy};
	r->known = 1;
	r->backlog = b;
	r->sockets = s;
	return p;
}

uint64_t wr_link_speed(const char *iface)
{
	char path[64], text[32] = "";
	ssize_t n;
	int fd;

	/* What has no device behind it (tun, veth) tells any number. */
	snprintf(path, sizeof(path), "/sys/class/net/%.16s/device", iface);
	if (access(path, F_OK))
		return 0;
	snprintf(path, sizeof(path), "/sys/class/net/%.16s/speed", iface);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	/* Megabits; -1 when there is no carrier */
	return n > 0 && text[0] != '-' ? strtoull(text, NULL, 10) * 1000000u : 0;
}
