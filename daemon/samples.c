/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/samples.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/keep.h"
#include "base/when.h"
#include "export/frame.h"

enum {
	FILE_MOST = 32 << 20,
	FILES_MOST = 4096, /* that are looked at; a run leaves no more than WR_INCIDENTS */
};

static void file_of(const struct wr_samples *s, uint64_t incident, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%" PRIu64 ".json", s->folder, incident);
}

static void drop_file(const struct wr_samples *s, uint64_t incident)
{
	char path[PATH_MAX];

	if (!s->folder[0])
		return;
	file_of(s, incident, path);
	unlink(path);
}

/* ---- the index ---- */

static void drop(struct wr_samples *s, uint32_t k)
{
	if (!s->at[k].elsewhere)
		drop_file(s, s->at[k].incident);
	memmove(&s->at[k], &s->at[k + 1], (s->n - k - 1) * sizeof(*s->at));
	s->n--;
}

void wr_samples_trim(struct wr_samples *s, uint64_t since_ns)
{
	struct wr_dump_state state = wr_dump_state(s->ring);
	uint64_t oldest = state.added - state.packets + 1;

	for (uint32_t k = s->n; k-- > 0;) {
		if (s->at[k].from < oldest)
			s->at[k].from = oldest;
		if (s->at[k].to < oldest || s->at[k].start_ns < since_ns)
			drop(s, k);
	}
}

static struct wr_sample *enter(struct wr_samples *s, const struct wr_sample *one)
{
	for (uint32_t k = 0; k < s->n; k++)
		if (s->at[k].incident == one->incident) {
			drop(s, k);
			break;
		}
	if (s->n == WR_INCIDENTS)
		drop(s, 0);
	s->at[s->n] = *one;
	return &s->at[s->n++];
}

const struct wr_sample *wr_samples_find(const struct wr_samples *s, uint64_t incident)
{
	for (uint32_t k = 0; k < s->n; k++)
		if (s->at[k].incident == incident)
			return &s->at[k];
	return NULL;
}

void wr_samples_folder(struct wr_samples *s, const char *folder)
{
	if (!strcmp(s->folder, folder))
		return;
	snprintf(s->folder, sizeof(s->folder), "%s", folder);
	for (uint32_t k = 0; k < s->n; k++)
		s->at[k].elsewhere = true;
}

/* ---- writing ---- */

static bool frame(void *ctx, const struct wr_packet *pkt)
{
	wr_frame_json(ctx, pkt);
	return true;
}

int wr_samples_add(struct wr_samples *s, const struct wr_sample *one, struct wr_err *err)
{
	struct wr_dump_ask ask = {.from = one->from, .to = one->to};
	struct wr_buf b = {0};
	char path[PATH_MAX];
	int ret;

	enter(s, one);
	if (!s->folder[0])
		return 0;
	wr_json_open(&b);
	wr_json_str(&b, "event_type", "samples");
	wr_json_u64(&b, "incident_id", one->incident);
	wr_json_time(&b, "began", one->start_ns);
	wr_json_close(&b);
	wr_buf_char(&b, '\n');
	ret = wr_dump_each(s->ring, &ask, frame, &b, err);
	if (!ret && mkdir(s->folder, 0750) && errno != EEXIST)
		ret = -errno;
	file_of(s, one->incident, path);
	if (!ret)
		ret = wr_keep_write_soon(&b, path);
	wr_buf_free(&b);
	return ret ? wr_fail(err, -ret,
			     "%s: %s: the first packets of incident %" PRIu64
			     " will not be there after a restart",
			     path, strerror(-ret), one->incident)
		   : 0;
}

/* ---- reading ---- */

/* The next whole line of what is left, as an object; *o NULL: it is none. False: there is no line.
 */
static bool next_line(const char **at, const char *end, json_t **o)
{
	const char *stop = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;

	*o = NULL;
	if (!stop)
		return false;
	*o = json_loadb(*at, (size_t)(stop - *at), JSON_REJECT_DUPLICATES, NULL);
	*at = stop + 1;
	return true;
}

static bool read_head(const json_t *o, struct wr_sample *one)
{
	const char *kind = json_string_value(json_object_get(o, "event_type"));
	const char *began = json_string_value(json_object_get(o, "began"));

	return kind && began && !strcmp(kind, "samples") &&
	       (uint64_t)json_integer_value(json_object_get(o, "incident_id")) == one->incident &&
	       !wr_when_parse(began, 0, &one->start_ns, NULL);
}

/* False: it is none, or too old. What of its packets cannot be read is passed over. */
static bool read_file(struct wr_samples *s, struct wr_sample *one, const char *at, const char *end,
		      uint64_t since_ns)
{
	struct wr_frame *f = malloc(sizeof(*f));
	json_t *o;
	bool is = next_line(&at, end, &o) && f && read_head(o, one) && one->start_ns >= since_ns;

	json_decref(o);
	one->from = wr_dump_state(s->ring).added + 1;
	while (is && next_line(&at, end, &o)) {
		if (o && !wr_frame_read(f, o))
			wr_dump_add(s->ring, &f->pkt);
		json_decref(o);
	}
	one->to = wr_dump_state(s->ring).added;
	free(f);
	return is && one->to >= one->from;
}

static void read_one(struct wr_samples *s, uint64_t incident, uint64_t since_ns)
{
	struct wr_sample one = {.incident = incident};
	struct wr_buf b = {0};
	char path[PATH_MAX];

	file_of(s, incident, path);
	if (!wr_keep_read(&b, path, FILE_MOST) && read_file(s, &one, b.at, b.at + b.used, since_ns))
		s->at[s->n++] = one;
	else
		unlink(path);
	wr_buf_free(&b);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Numbers of the incidents that have a file. */
static uint32_t list(const struct wr_samples *s, uint64_t *id)
{
	DIR *dir = s->folder[0] ? opendir(s->folder) : NULL;
	const struct dirent *e;
	uint32_t n = 0;
	char *end;

	while (dir && n < FILES_MOST && (e = readdir(dir))) {
		errno = 0;
		id[n] = strtoull(e->d_name, &end, 10);
		n += e->d_name[0] >= '1' && e->d_name[0] <= '9' && !errno && !strcmp(end, ".json");
	}
	if (dir)
		closedir(dir);
	qsort(id, n, sizeof(*id), by_number);
	return n;
}

uint32_t wr_samples_open(struct wr_samples *s, struct wr_dump *ring, const char *folder,
			 uint64_t since_ns)
{
	uint64_t *id = calloc(FILES_MOST, sizeof(*id));
	uint32_t n;

	*s = (struct wr_samples){.ring = ring};
	snprintf(s->folder, sizeof(s->folder), "%s", folder);
	n = id ? list(s, id) : 0;
	for (uint32_t k = 0; k < n; k++) {
		if (k + WR_INCIDENTS < n)
			drop_file(s, id[k]);
		else
			read_one(s, id[k], since_ns);
	}
	free(id);
	wr_samples_trim(s, since_ns);
	return s->n;
}
