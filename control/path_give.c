/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/board.h"
#include "control/path_impl.h"

/* A path goes from one process to another. */

/* In the order of the descriptors: what holds it to its hook, then the maps in the order of
 * WR_PIN_*. */
void wr_path_give(const struct wr_path *p, struct wr_path_given *given, int fds[WR_PATH_FDS])
{
	_Static_assert(WR_PATH_FDS == 1 + WR_PINS, "all of them are given");
	*given = (struct wr_path_given){
		.iface = p->iface,
		.hook = p->hook,
		.cpus = p->maps.cpus,
		.set_bits = p->maps.set_bits,
		.prog_flags = p->prog_flags,
		.attach_type = p->attach_type,
		.judges = p->judges,
		.guarded = p->link_fd < 0,
	};
	memcpy(given->folder, p->folder, sizeof(given->folder));
	fds[0] = given->guarded ? wr_clsact_fd(p->clsact) : p->link_fd;
	for (int i = 0; i < WR_PINS; i++)
		fds[1 + i] = bpf_map__fd(wr_path_pin_map(p, i));
}

void wr_path_close_given(struct wr_path **path)
{
	struct wr_path *p = *path;

	if (p->link_fd >= 0)
		close(p->link_fd);
	p->link_fd = -1;
	wr_clsact_let_go(&p->clsact);
	wr_path_close(path);
}

int wr_path_take(struct wr_path **out, const struct wr_path_given *given,
		 const int fds[WR_PATH_FDS], struct wr_err *err)
{
	struct wr_path *p = calloc(1, sizeof(*p));
	int ret = 0;

	if (!p)
		ret = wr_fail(err, ENOMEM, "out of memory");
	if (p && !ret) {
		p->iface = given->iface;
		p->hook = given->hook;
		memcpy(p->folder, given->folder, sizeof(p->folder));
		p->folder[sizeof(p->folder) - 1] = 0;
		p->prog_fd = -1;
		p->bss_fd = fds[1];
		p->ring_fd = fds[2];
		p->slots_fd = fds[7];
		p->prog_flags = given->prog_flags;
		p->attach_type = given->attach_type;
		p->judges = given->judges;
		p->link_fd = given->guarded ? -1 : fds[0];
		p->maps = (struct wr_account_maps){.cpus = given->cpus,
						   .set_bits = given->set_bits,
						   .heads_fd = fds[3],
						   .sets_fd = fds[4],
						   .used_fd = fds[5],
						   .peeked_fd = fds[6]};
		p->board = wr_board_map(fds[1]);
		if (!p->board)
			ret = wr_fail(err, errno, "mapping the board: %s", strerror(errno));
	}
	if (p && !ret && given->guarded)
		ret = wr_clsact_take(&p->clsact, fds[0], err);
	if (p && !ret) {
		wr_board_claim(p->board);
		ret = wr_account_open(&p->account, &p->maps, p->board, err);
	}
	if (p && !ret && given->judges) {
		p->gone_cpus = given->cpus;
		ret = wr_path_map_gone(p, fds[8], err);
	}
	for (int i = 3; i < WR_PATH_FDS; i++)
		if (i != 7) /* mapped by now, or of no use */
			close(fds[i]);
	for (int i = 0; !p && i < 4; i++)
		close(fds[i == 3 ? 7 : i]);
	if (p && ret)
		wr_path_close(&p);
	else if (!ret)
		*out = p;
	return ret;
}
