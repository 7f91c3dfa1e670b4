/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/filters.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct rtattr *find(const struct rtattr *at, size_t n, unsigned short type)
{
	for (int left = (int)n; RTA_OK(at, left); at = RTA_NEXT(at, left))
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

/* The head of a chain of filters is told, too: it has no handle. */
static bool read_one(const struct nlmsghdr *h, struct wr_tc_filter *f)
{
	const struct tcmsg *t = NLMSG_DATA(h);
	const struct rtattr *at = TCA_RTA(t), *kind, *options, *id;
	size_t n = TCA_PAYLOAD(h);

	*f = (struct wr_tc_filter){.handle = t->tcm_handle, .priority = t->tcm_info >> 16};
	kind = find(at, n, TCA_KIND);
	options = find(at, n, TCA_OPTIONS);
	if (kind && options && !strcmp(RTA_DATA(kind), "bpf")) {
		id = find(RTA_DATA(options), RTA_PAYLOAD(options), TCA_BPF_ID);
		if (id)
			memcpy(&f->prog_id, RTA_DATA(id), sizeof(f->prog_id));
	}
	return f->handle;
}

static int read_all(int fd, void (*fn)(void *ctx, const struct wr_tc_filter *f), void *ctx)
{
	_Alignas(struct nlmsghdr) char answer[32768];
	struct wr_tc_filter f;
	int found = 0;
	ssize_t n;

	while ((n = recv(fd, answer, sizeof(answer), 0)) > 0) {
		size_t left = (size_t)n;

		for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return found;
			if (h->nlmsg_type == NLMSG_ERROR)
				return -EIO;
			if (h->nlmsg_type != RTM_NEWTFILTER || !read_one(h, &f))
				continue;
			found++;
			if (fn)
				fn(ctx, &f);
		}
	}
	return n < 0 ? -errno : -EIO;
}

int wr_filters_each(int ifindex, bool egress, void (*fn)(void *ctx, const struct wr_tc_filter *f),
		    void *ctx)
{
	struct {
		struct nlmsghdr h;
		struct tcmsg t;
	} ask = {
		.h = {.nlmsg_len = sizeof(ask),
		      .nlmsg_type = RTM_GETTFILTER,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.t = {.tcm_ifindex = ifindex,
		      .tcm_parent =
			      TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS)},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), ret;

	if (fd < 0)
		return -errno;
	ret = send(fd, &ask, sizeof(ask), 0) < 0 ? -errno : read_all(fd, fn, ctx);
	close(fd);
	return ret;
}
