/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "gateway/gateway_impl.h"

/*
 * What shall be so, on disk:
 *
 *	weir gateway ledger 1 edge haproxy 1795409040
 *	put deny 203.0.113.7 until 1795409640 why tries passwords
 *	gone limit 198.51.100.0/24 to 5 until 1795409041
 *	end 2
 */

enum { LEDGER_MOST = 256 << 20, HEAD_MOST = 128 };

static const char *const states[] = {[WR_GATEWAY_WANTED] = "want",
				     [WR_GATEWAY_PUT] = "put",
				     [WR_GATEWAY_GONE] = "gone",
				     [WR_GATEWAY_LONGER] = "longer"};
_Static_assert(sizeof(states) / sizeof(states[0]) == WR_GATEWAY_STATES, "a state has no name");

/* ---- text ---- */

void wr_gateway_ledger_print(struct wr_buf *b, const struct wr_gateway_ledger *l, const char *name,
			     const char *driver)
{
	wr_buf_fmt(b, "weir gateway ledger 1 %s %s %" PRIu64 "\n", name, driver, l->generation);
	for (size_t i = 0; i < l->set.n; i++) {
		wr_buf_str(b, states[l->set.at[i].state]);
		wr_buf_char(b, ' ');
		wr_gateway_entry_print(b, &l->set.at[i]);
		wr_buf_char(b, '\n');
	}
	wr_buf_fmt(b, "end %zu\n", l->set.n);
}

static int read_head(struct wr_gateway_ledger *l, const char *line, const char *name,
		     const char *driver, struct wr_err *err)
{
	char whose[WR_GATEWAY_NAME], by[32];

	if (sscanf(line, "weir gateway ledger 1 %31s %31s %" SCNu64, whose, by, &l->generation) !=
	    3)
		return wr_fail(err, EINVAL, "line 1: this is no ledger of a gateway");
	if (strcmp(whose, name) != 0)
		return wr_fail(err, EINVAL, "it is the ledger of the gateway '%s'", whose);
	/* What was put there by another driver was put somewhere else: nothing of it is weir's
	 * here. */
	if (driver && strcmp(by, driver) != 0)
		return wr_fail(
			err, EINVAL,
			"it is of the driver %s, and '%s' has %s now: flush it there first, or "
			"move the ledger away",
			by, name, driver);
	return 0;
}

static int read_entry(struct wr_gateway_ledger *l, const char *line, struct wr_err *err)
{
	const char *blank = strchr(line, ' ');
	struct wr_gateway_entry e;
	uint8_t state = 0;
	int ret;

	while (blank && state < WR_GATEWAY_STATES &&
	       (strlen(states[state]) != (size_t)(blank - line) ||
		strncmp(states[state], line, (size_t)(blank - line)) != 0))
		state++;
	if (!blank || state == WR_GATEWAY_STATES)
		return wr_fail(err, EINVAL, "'%.32s': expected want, put or gone", line);
	ret = wr_gateway_entry_parse(&e, blank + 1, 0, err);
	if (ret)
		return ret;
	e.state = state;
	return wr_gateway_set_add(&l->set, &e) ? wr_fail(err, ENOMEM, "no memory for a ledger") : 0;
}

int wr_gateway_ledger_parse(struct wr_gateway_ledger *l, char *text, const char *name,
			    const char *driver, struct wr_err *err)
{
	size_t number = 0, n = 0;
	bool ended = false;
	char *line, *next;
	int ret = 0;

	for (line = text; !ret && line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		number++;
		if (ended || l->set.n > WR_GATEWAY_MOST)
			ret = wr_fail(err, EINVAL, "there is more behind its end");
		else if (number == 1)
			ret = read_head(l, line, name, driver, err);
		else if (sscanf(line, "end %zu", &n) == 1 && n == l->set.n && next)
			ended = true;
		else
			ret = read_entry(l, line, err);
		if (ret && number > 1)
			ret = wr_within(err, "line %zu", number);
	}
	if (!ret && !ended)
		ret = wr_fail(err, EINVAL, "its end is missing");
	if (!ret)
		wr_gateway_set_sort(&l->set);
	return ret;
}

/* ---- file ---- */

static void begin_as(uid_t user)
{
	if (user && !geteuid() && seteuid(user))
		_exit(1); /* as root it would be done for somebody else */
}

static void end_as(uid_t user)
{
	if (user && !getuid() && seteuid(0))
		_exit(1);
}

static int make_folder(const char *path, uid_t keeper, uid_t *as, struct wr_err *err)
{
	char part[PATH_MAX];
	struct stat st;

	snprintf(part, sizeof(part), "%s", path);
	for (char *s = strchr(part + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = 0;
		mkdir(part, 0755); /* what is there stays; what is missing is told below */
		*s = '/';
	}
	if ((mkdir(part, 0700) && errno != EEXIST) || stat(part, &st))
		return wr_fail(err, errno, "%s, where gateways' ledgers are kept: %s", part,
			       strerror(errno));
	/* Who can put files there decides whom gateways refuse, and where we write. */
	if (keeper && st.st_uid == keeper && keeper != geteuid())
		*as = keeper;
	if ((st.st_uid != geteuid() && st.st_uid != 0 && !*as) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)))
		return wr_fail(
			err, EPERM,
			"%s: others may write there; it has to be yours alone (gateway.state)",
			part);
	return 0;
}

/* The ledger itself is replaced at each change, so the lock is on a file beside it. */
static int lock(struct wr_gateway_ledger *l, struct wr_err *err)
{
	char path[sizeof(l->path) + 8];

	snprintf(path, sizeof(path), "%s.lock", l->path);
	l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
	if (l->lock_fd < 0)
		return wr_fail(err, errno, "%s: %s", path, strerror(errno));
	for (int tries = 0; flock(l->lock_fd, LOCK_EX | LOCK_NB); tries++) {
		if (tries == 50)
			return wr_fail(err, EBUSY, "%s: another weir works on this gateway", path);
		usleep(100000);
	}
	return 0;
}

static int load(struct wr_gateway_ledger *l, const char *name, const char *driver,
		struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret = wr_gateway_whole_file(l->path, LEDGER_MOST, &b, err);

	if (ret == -ENOENT) {
		wr_buf_free(&b);
		return 0;
	}
	if (!ret && memchr(b.at ? b.at : "", 0, b.used))
		ret = wr_fail(err, EINVAL, "it is no text");
	if (!ret) {
		wr_buf_text(&b);
		ret = wr_gateway_ledger_parse(l, b.at, name, driver, err);
	}
	if (ret)
		ret = wr_within(err,
				"%s is broken (delete it: weir then knows its own entries by its "
				"marks alone)",
				l->path);
	wr_buf_free(&b);
	return ret;
}

int wr_gateway_ledger_open(struct wr_gateway_ledger *l, const char *state,
			   const struct wr_gateway *g, struct wr_err *err)
{
	int ret;

	*l = (struct wr_gateway_ledger){.lock_fd = -1};
	if (snprintf(l->path, sizeof(l->path), "%s/%s.ledger", state, g->name) >= PATH_MAX)
		return wr_fail(err, ENAMETOOLONG, "%s: the path is too long", state);
	ret = make_folder(state, g->keeper, &l->as, err);
	begin_as(l->as);
	if (!ret)
		ret = lock(l, err);
	if (!ret)
		ret = load(l, g->name, g->driver->name, err);
	end_as(l->as);
	if (ret)
		wr_gateway_ledger_close(l);
	return ret;
}

int wr_gateway_ledger_save(const struct wr_gateway_ledger *l, const struct wr_gateway *g,
			   struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret;

	wr_gateway_ledger_print(&b, l, g->name, g->driver->name);
	begin_as(l->as);
	ret = b.failed ? wr_fail(err, ENOMEM, "no memory for a ledger")
		       : wr_gateway_replace_file(l->path, b.at, b.used, err);
	end_as(l->as);
	wr_buf_free(&b);
	return ret;
}

void wr_gateway_ledger_close(struct wr_gateway_ledger *l)
{
	wr_gateway_set_free(&l->set);
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	l->lock_fd = -1;
}
