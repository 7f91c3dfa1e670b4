/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/board.h"
#include "control/path_impl.h"
#include "control/pin.h"

/* What is pinned besides the link: the end of the map's name, the name of the pin. */
static const struct {
	const char *map, *name;
} pins[WR_PINS] = {
	[WR_PIN_BOARD] = {".bss", "board"},	[WR_PIN_RING] = {"wr_ring", "ring"},
	[WR_PIN_HEADS] = {"wr_heads", "heads"}, [WR_PIN_SETS] = {"wr_sets", "sets"},
	[WR_PIN_USED] = {"wr_used", "used"},	[WR_PIN_PEEKED] = {"wr_peeked", "peeked"},
	[WR_PIN_SLOTS] = {"wr_slots", "slots"}, [WR_PIN_GONE] = {"wr_gone", "gone"},
};

struct bpf_map *wr_path_pin_map(const struct wr_path *p, int pin)
{
	return wr_path_map(p, pins[pin].map);
}

static unsigned long netns(void)
{
	struct stat ns = {0};

	stat("/proc/thread-self/ns/net", &ns);
	return (unsigned long)ns.st_ino;
}

/* Names in a bpffs have no dots, those of interfaces may. */
static void name_folder(char folder[256], const char *pin_dir, int ifindex, enum wr_hook hook)
{
	snprintf(folder, 256, "%s/%lu-%d-%s", pin_dir, netns(), ifindex, wr_hook_name(hook));
}

void wr_path_set_folder(struct wr_path *p, const char *pin_dir)
{
	if (pin_dir)
		name_folder(p->folder, pin_dir, p->iface.index, p->hook);
}

void wr_path_sweep(const char *pin_dir)
{
	DIR *d = opendir(pin_dir);
	char folder[512], name[IF_NAMESIZE];
	unsigned int ifindex;
	unsigned long ns;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (sscanf(e->d_name, "%lu-%u-", &ns, &ifindex) != 2 || ns != netns() ||
		    if_indextoname(ifindex, name))
			continue;
		snprintf(folder, sizeof(folder), "%s/%s", pin_dir, e->d_name);
		wr_pin_remove(folder, NULL);
	}
	if (d)
		closedir(d);
}

static bool disarm(const char *folder)
{
	int fd = wr_pin_get(folder, pins[WR_PIN_BOARD].name);
	struct wr_board *b = fd < 0 ? NULL : wr_board_map(fd);
	bool armed = b && b->magic == WR_BOARD_MAGIC && b->abi == WR_BOARD_ABI &&
		     b->size == sizeof(*b) && wr_board_orphaned(b) && b->conf.policy;

	if (armed)
		__atomic_store_n(&b->conf.policy, 0, __ATOMIC_SEQ_CST);
	if (b)
		munmap(b, sizeof(*b));
	if (fd >= 0)
		close(fd);
	return armed;
}

int wr_path_disarm(const char *pin_dir)
{
	DIR *d = opendir(pin_dir);
	char folder[512];
	unsigned int ifindex;
	unsigned long ns;
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d))) {
		if (sscanf(e->d_name, "%lu-%u-", &ns, &ifindex) != 2)
			continue;
		snprintf(folder, sizeof(folder), "%s/%s", pin_dir, e->d_name);
		n += disarm(folder);
	}
	if (d)
		closedir(d);
	return n;
}

/* Is that board of this interface and hook, and of the shape that we know? */
static bool board_fits(const struct wr_path *p, const struct wr_board *b)
{
	return b->magic == WR_BOARD_MAGIC && b->abi == WR_BOARD_ABI && b->size == sizeof(*b) &&
	       b->ifindex == (uint32_t)p->iface.index && b->hook == (uint32_t)p->hook &&
	       b->linktype == (uint32_t)p->iface.linktype;
}

/* Its reader is there and is somebody else: the head of a board never changes its shape. */
static bool board_is_read(const struct wr_board *b)
{
	return b->magic == WR_BOARD_MAGIC && b->reader_pid != (uint32_t)getpid() &&
	       !wr_board_orphaned(b);
}

bool wr_path_forget(const char *pin_dir, int ifindex, enum wr_hook hook)
{
	const struct wr_board *b = MAP_FAILED;
	bool taken = false, there;
	char folder[256];
	int fd;

	name_folder(folder, pin_dir, ifindex, hook);
	there = !access(folder, F_OK);
	fd = there ? wr_pin_get(folder, pins[WR_PIN_BOARD].name) : -1;
	if (fd >= 0)
		b = mmap(NULL, sizeof(*b), PROT_READ, MAP_SHARED, fd, 0);
	if (b != MAP_FAILED) {
		taken = board_is_read(b);
		munmap((void *)(uintptr_t)b, sizeof(*b));
	}
	if (fd >= 0)
		close(fd);
	return there && !taken && !wr_pin_remove(folder, NULL);
}

bool wr_path_leave_others(const struct wr_path *p)
{
	static const enum wr_hook in[] = {WR_HOOK_XDP, WR_HOOK_XDP_GENERIC, WR_HOOK_TC};
	const char *slash = strrchr(p->folder, '/');
	char pin_dir[256];
	bool left = false;

	if (!slash || p->hook == WR_HOOK_TC_OUT)
		return false;
	snprintf(pin_dir, sizeof(pin_dir), "%.*s", (int)(slash - p->folder), p->folder);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		if (in[i] != p->hook && wr_path_forget(pin_dir, p->iface.index, in[i]))
			left = true;
	return left;
}

static bool map_fits(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &n) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map);
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &n) ? 0 : info.id;
}

/* Uses the maps that are pinned, all or none; but what was counted by rule has another size when
 * judging begins or ends. The ring of a session is one for all its paths. */
static int adopt_maps(struct wr_path *p, const int fd[WR_PINS], int ring_fd)
{
	int ret = 0;

	p->new_gone =
		fd[WR_PIN_GONE] < 0 || !map_fits(wr_path_pin_map(p, WR_PIN_GONE), fd[WR_PIN_GONE]);
	for (int i = 0; i < WR_PIN_GONE; i++)
		if (fd[i] < 0 || !map_fits(wr_path_pin_map(p, i), fd[i]))
			return 0;
	p->adopted = true;
	p->other_ring = ring_fd >= 0 && map_id(ring_fd) != map_id(fd[WR_PIN_RING]);
	for (int i = 0; i < WR_PINS && !ret; i++)
		if (i == WR_PIN_GONE ? !p->new_gone : i != WR_PIN_RING || ring_fd < 0)
			ret = bpf_map__reuse_fd(wr_path_pin_map(p, i), fd[i]);
	return ret;
}

static int adopt(struct wr_path *p, const int fd[WR_PINS], int ring_fd, struct wr_err *err)
{
	const struct wr_board *b = MAP_FAILED;
	int ret = 0;

	if (fd[WR_PIN_BOARD] >= 0)
		b = mmap(NULL, sizeof(*b), PROT_READ, MAP_SHARED, fd[WR_PIN_BOARD], 0);
	if (b == MAP_FAILED)
		return 0;
	if (board_is_read(b))
		ret = wr_fail(err, EBUSY,
			      "%s of %s is taken by weir, process %u, which keeps it at %s",
			      wr_hook_text(p->hook), p->iface.name, b->reader_pid, p->folder);
	else if (board_fits(p, b))
		ret = adopt_maps(p, fd, ring_fd);
	munmap((void *)(uintptr_t)b, sizeof(*b));
	if (ret && ret != -EBUSY)
		wr_fail(err, -ret, "adopting what is pinned at %s: %s", p->folder, strerror(-ret));
	return ret;
}

int wr_path_adopt(struct wr_path *p, int ring_fd, struct wr_err *err)
{
	int fd[WR_PINS], ret;

	for (int i = 0; i < WR_PINS; i++) {
		fd[i] = wr_pin_get(p->folder, pins[i].name);
		p->had_pins |= fd[i] >= 0;
	}
	ret = adopt(p, fd, ring_fd, err);
	for (int i = 0; i < WR_PINS; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	if (ret)
		return ret;
	p->link_fd = wr_pin_get(p->folder, "link");
	return p->adopted ? 0 : wr_pin_remove(p->folder, err);
}

/* What the earlier reader has not taken is in a ring that nobody reads any more. How much it is, is
 * told exactly by the next record of each CPU (capture/ring.c). */
static void miss_ring(struct wr_board *b)
{
	for (int i = 0; i < WR_MAX_CPUS; i++) {
		const struct wr_cpu_count *c = &b->cpu[i].count;
		struct wr_cpu_seen *s = &b->cpu[i].seen;

		s->gone = c->made - c->ring_full - s->seen;
		s->unsure = 1;
	}
}

int wr_path_adopt_link(struct wr_path *p)
{
	int ret = p->link_fd < 0 ? -ENOENT : bpf_link_update(p->link_fd, p->prog_fd, NULL);

	if (ret && p->link_fd >= 0) {
		close(p->link_fd);
		p->link_fd = -1;
	}
	return ret;
}

int wr_path_pin(struct wr_path *p, struct wr_err *err)
{
	int ret = 0;

	if (p->link_fd < 0)
		return wr_fail(err, EOPNOTSUPP, "%s of %s: it cannot be kept before Linux 6.6",
			       wr_hook_text(p->hook), p->iface.name);
	if (p->other_ring)
		miss_ring(p->board);
	for (int i = 0; !ret && i < WR_PINS; i++)
		ret = wr_pin_put(bpf_map__fd(wr_path_pin_map(p, i)), p->folder, pins[i].name, err);
	if (!ret)
		ret = wr_pin_put(p->link_fd, p->folder, "link", err);
	if (ret)
		wr_pin_remove(p->folder, NULL);
	return ret;
}

bool wr_path_pinned(const struct wr_path *p)
{
	return p->folder[0];
}

void wr_path_unpinned(struct wr_path *p)
{
	p->folder[0] = 0;
}

const char *wr_path_folder(const struct wr_path *p)
{
	return p->folder;
}
