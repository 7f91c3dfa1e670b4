/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/places.h"

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"

struct wr_places {
	MMDB_s asn, country;
	bool has_asn, has_country;
};

/* ---- open, close ---- */

/* The file's bytes as they are now, which nobody else can write to. A descriptor, or -errno. */
static int copy_of(const char *path, const char *item, struct wr_err *err)
{
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), to;
	struct stat st;
	ssize_t n = 1;

	if (from < 0 || fstat(from, &st)) {
		n = wr_fail(err, EINVAL, "%s: %s: %s", item, path, strerror(errno));
		if (from >= 0)
			close(from);
		return (int)n;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > WR_PLACES_MOST) {
		close(from);
		return wr_fail(err, EINVAL, "%s: %s: no file of %d MiB at most", item, path,
			       WR_PLACES_MOST >> 20);
	}
	to = memfd_create("weir-places", MFD_CLOEXEC);
	for (off_t left = st.st_size; to >= 0 && left > 0 && n > 0; left -= n)
		n = sendfile(to, from, NULL, (size_t)left);
	close(from);
	if (to >= 0 && n >= 0)
		return to;
	n = wr_fail(err, errno, "%s: %s: %s", item, path, strerror(errno));
	if (to >= 0)
		close(to);
	return (int)n;
}

static int open_one(MMDB_s *db, bool *has, const char *path, const char *item, struct wr_err *err)
{
	char copy[64];
	int fd, ret;

	if (!path || !*path)
		return 0;
	fd = copy_of(path, item, err);
	if (fd < 0)
		return fd;
	snprintf(copy, sizeof(copy), "/proc/self/fd/%d", fd);
	ret = MMDB_open(copy, MMDB_MODE_MMAP, db);
	close(fd); /* it is mapped */
	if (ret != MMDB_SUCCESS)
		return wr_fail(err, EINVAL, "%s: %s is no MaxMind DB file (.mmdb): %s", item, path,
			       MMDB_strerror(ret));
	*has = true;
	return 0;
}

int wr_places_open(struct wr_places **out, const char *asn, const char *country, struct wr_err *err)
{
	struct wr_places *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return wr_fail(err, ENOMEM, "no memory for places");
	ret = open_one(&p->asn, &p->has_asn, asn, "detect.asn", err);
	if (!ret)
		ret = open_one(&p->country, &p->has_country, country, "detect.country", err);
	if (ret || (!p->has_asn && !p->has_country))
		wr_places_close(&p);
	if (!ret)
		*out = p;
	return ret;
}

void wr_places_close(struct wr_places **places)
{
	struct wr_places *p = *places;

	if (!p)
		return;
	if (p->has_asn)
		MMDB_close(&p->asn);
	if (p->has_country)
		MMDB_close(&p->country);
	free(p);
	*places = NULL;
}

/* ---- of an address ---- */

static bool find(const MMDB_s *db, const uint8_t *addr, int ip_v, MMDB_entry_s *entry)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	MMDB_lookup_result_s got;
	int error = 0;

	if (ip_v == 6)
		memcpy(&six.sin6_addr, addr, 16);
	else
		memcpy(&four.sin_addr, addr, 4);
	got = MMDB_lookup_sockaddr(
		db, ip_v == 6 ? (struct sockaddr *)&six : (struct sockaddr *)&four, &error);
	*entry = got.entry;
	return error == MMDB_SUCCESS && got.found_entry;
}

static void take_text(char *to, size_t room, const MMDB_entry_data_s *d)
{
	struct wr_buf b = {0};

	wr_utf8_plain(&b, d->utf8_string, d->data_size < 4 * room ? d->data_size : 4 * room);
	if (b.used >= room) {
		b.used = room - 1;
		while (b.used && ((uint8_t)b.at[b.used] & 0xc0) == 0x80) /* no part of one */
			b.used--;
	}
	if (b.used)
		memcpy(to, b.at, b.used);
	to[b.used] = 0;
	wr_buf_free(&b);
}

static void take_asn(const struct wr_places *p, const uint8_t *addr, int ip_v, struct wr_place *out)
{
	MMDB_entry_data_s d;
	MMDB_entry_s e;

	if (!p->has_asn || !find(&p->asn, addr, ip_v, &e))
		return;
	if (MMDB_get_value(&e, &d, "autonomous_system_number", NULL) == MMDB_SUCCESS &&
	    d.has_data && d.type == MMDB_DATA_TYPE_UINT32)
		out->asn = d.uint32;
	if (MMDB_get_value(&e, &d, "autonomous_system_organization", NULL) == MMDB_SUCCESS &&
	    d.has_data && d.type == MMDB_DATA_TYPE_UTF8_STRING)
		take_text(out->org, sizeof(out->org), &d);
}

static bool is_letter(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Where it is, else where it is registered. */
static void take_country(const struct wr_places *p, const uint8_t *addr, int ip_v,
			 struct wr_place *out)
{
	static const char *const keys[] = {"country", "registered_country"};
	MMDB_entry_data_s d;
	MMDB_entry_s e;

	if (!p->has_country || !find(&p->country, addr, ip_v, &e))
		return;
	for (int k = 0; k < 2 && !out->country[0]; k++)
		if (MMDB_get_value(&e, &d, keys[k], "iso_code", NULL) == MMDB_SUCCESS &&
		    d.has_data && d.type == MMDB_DATA_TYPE_UTF8_STRING && d.data_size == 2 &&
		    is_letter(d.utf8_string[0]) && is_letter(d.utf8_string[1]))
			memcpy(out->country, d.utf8_string, 2);
}

bool wr_places_of(const struct wr_places *p, const uint8_t *addr, int ip_v, struct wr_place *out)
{
	memset(out, 0, sizeof(*out));
	if (!p || (ip_v != 4 && ip_v != 6))
		return false;
	take_asn(p, addr, ip_v, out);
	take_country(p, addr, ip_v, out);
	return out->asn || out->org[0] || out->country[0];
}
