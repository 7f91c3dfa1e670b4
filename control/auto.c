/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/kernel.h"
#include "control/neighbour.h"
#include "core/proto.h"

/* Drivers that restart their rings or the link when an XDP program comes or goes: packets are lost
 * and a link may flap, which somebody who only wants to look does not expect. --hook xdp does it
 * all the same. */
static const char *const restarts[] = {
	"atlantic", "bnxt_en", "ena",	"gve",	   "i40e",    "iavf",	       "ice",
	"igb",	    "igc",     "ixgbe", "ixgbevf", "mlx4_en", "mlx5_core",     "mvneta",
	"nfp",	    "qede",    "r8169", "sfc",	   "stmmac",  "thunder-nicvf", "vmxnet3",
};

/* What native XDP changes elsewhere as long as it is there, on drivers that are used all the same:
 * everybody has them, and nothing is lost. */
static const struct {
	const char *driver, *text;
} changes[] = {
	{"veth", "segmentation offload of its peer is off meanwhile"},
	{"virtio_net", "its receive offloads are off meanwhile"},
};

/* Why native XDP is not even tried; NULL: it is. */
static const char *no_native(const struct wr_path_conf *conf, int whole_packets, char *text,
			     size_t room)
{
	const struct wr_iface *i = conf->iface;

	if (i->linktype != WR_LINK_ETHER)
		return "no Ethernet header";
	if (whole_packets && !wr_kernel()->xdp_load_bytes)
		return "whole packets cannot be copied there before Linux 5.18";
	if (i->vlan_strip && strcmp(i->driver, "veth")) {
		/* the tag would be in the descriptor only */
		return "the device strips VLAN tags before it (ethtool -K IF rxvlan off mends "
		       "that)";
	}
	for (size_t n = 0; n < sizeof(restarts) / sizeof(*restarts); n++) {
		if (strcmp(i->driver, restarts[n]))
			continue;
		snprintf(text, room, "driver %s restarts its rings for it (--hook xdp does it)",
			 i->driver);
		return text;
	}
	return NULL;
}

static void say(char *why, size_t room, const struct wr_path *p, uint32_t slots,
		const char *not_native)
{
	const struct wr_iface *i = wr_path_iface(p);
	char beside[160];
	size_t n;

	n = (size_t)snprintf(why, room, "%s: %s", i->name, wr_hook_text(wr_path_hook(p)));
	for (size_t k = 0; k < sizeof(changes) / sizeof(*changes) && n < room; k++)
		if (wr_path_hook(p) == WR_HOOK_XDP && !strcmp(i->driver, changes[k].driver))
			n += (size_t)snprintf(why + n, room - n, " (%s)", changes[k].text);
	if (wr_path_slots(p) < slots && n < room)
		n += (size_t)snprintf(why + n, room - n, ", %u flow slots instead of %u (memory)",
				      wr_path_slots(p), slots);
	if (not_native && not_native[0] && n < room)
		n += (size_t)snprintf(why + n, room - n, " (native XDP refused: %s)", not_native);
	if (wr_path_hook(p) == WR_HOOK_TC && wr_neighbour_tc(i->index, beside, sizeof(beside)) &&
	    n < room)
		snprintf(why + n, room - n, ", beside %s", beside);
}

/* Reasons begin with the mode they speak of; in "(native XDP refused: ...)" that would stand twice.
 */
static const char *without_mode(const char *text)
{
	return strncmp(text, "native XDP: ", 12) ? text : text + 12;
}

int wr_path_open_auto(struct wr_path **out, const struct wr_path_conf *conf, int whole_packets,
		      char *why, size_t room, struct wr_err *err)
{
	struct wr_path_conf c = *conf;
	struct wr_err native = {0};
	char text[128];
	const char *reason;
	int ret;

	if (conf->hook != WR_HOOK_COUNT) {
		ret = wr_path_open(out, conf, err);
		if (!ret)
			say(why, room, *out, conf->flow_slots, NULL);
		return ret;
	}
	reason = no_native(conf, whole_packets, text, sizeof(text));
	if (!reason) {
		c.hook = WR_HOOK_XDP;
		ret = wr_path_open(out, &c, &native);
		if (!ret) {
			say(why, room, *out, conf->flow_slots, NULL);
			return 0;
		}
		if (ret == -EINVAL ||
		    ret == -EPERM) /* the filter, or rights: no other hook mends that */
			return wr_fail(err, native.code, "%s", native.text);
		reason = without_mode(native.text);
	}
	c.hook = WR_HOOK_TC;
	ret = wr_path_open(out, &c, err);
	if (ret)
		return ret;
	say(why, room, *out, conf->flow_slots, reason);
	return 0;
}
