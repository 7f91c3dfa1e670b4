/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/filter.h"
#include "capture/filter_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

/* Filters return how many bytes to keep; only zero or not is used here, and 0 would be refused. */
#define SNAPLEN 262144

struct wr_filter {
	struct bpf_program prog; /* owned, libpcap's */
	int linktype;
	char *expr; /* owned */
};

_Static_assert(sizeof(struct wr_cbpf_insn) == sizeof(struct bpf_insn), "layout of classic BPF");
_Static_assert(offsetof(struct wr_cbpf_insn, jt) == offsetof(struct bpf_insn, jt) &&
		       offsetof(struct wr_cbpf_insn, jf) == offsetof(struct bpf_insn, jf) &&
		       offsetof(struct wr_cbpf_insn, k) == offsetof(struct bpf_insn, k),
	       "layout of classic BPF");

static bool blank(const char *s)
{
	return !s || !s[strspn(s, " \t\r\n")];
}

static const char *link_name(int linktype)
{
	const char *name = pcap_datalink_val_to_name(linktype);

	return name ? name : "unknown";
}

/* Linux keeps what is known about a packet beside its bytes at "negative" offsets (SKF_AD_OFF and
 * the like). libpcap's interpreter finds nothing there, so the filter would silently choose
 * nothing. */
#define METADATA_AT 0xffe00000u

static int refuse_metadata(const struct wr_filter *f, struct wr_err *err)
{
	const struct bpf_insn *in = f->prog.bf_insns;
	u_int i;

	for (i = 0; i < f->prog.bf_len; i++)
		if (BPF_CLASS(in[i].code) == BPF_LD && BPF_MODE(in[i].code) == BPF_ABS &&
		    in[i].k >= METADATA_AT)
			return wr_fail(
				err, EINVAL,
				"filter '%.200s' asks for something that is not in the packet "
				"(inbound, outbound, ifindex); weir sees incoming packets only, so "
				"leave it out",
				f->expr);
	return 0;
}

static int compile(struct wr_filter *f, struct wr_err *err)
{
	pcap_t *dead = pcap_open_dead(f->linktype, SNAPLEN);
	int rc = 0;

	if (!dead)
		return wr_fail(err, ENOMEM, "filter '%.200s': out of memory", f->expr);
	if (pcap_compile(dead, &f->prog, f->expr, 1, PCAP_NETMASK_UNKNOWN))
		rc = wr_fail(err, EINVAL,
			     "filter '%.200s' for link type %d (%s): %s (see pcap-filter(7))",
			     f->expr, f->linktype, link_name(f->linktype), pcap_geterr(dead));
	pcap_close(dead);
	return rc ? rc : refuse_metadata(f, err);
}

int wr_filter_open(struct wr_filter **out, const char *expr, int linktype, struct wr_err *err)
{
	struct wr_filter *f;
	int rc;

	*out = NULL;
	if (blank(expr))
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f || !(f->expr = strdup(expr))) {
		free(f);
		return wr_fail(err, ENOMEM, "filter '%.200s': out of memory", expr);
	}
	f->linktype = linktype;
	rc = compile(f, err);
	if (rc)
		wr_filter_close(&f);
	*out = f;
	return rc;
}

void wr_filter_close(struct wr_filter **f)
{
	if (!*f)
		return;
	pcap_freecode(&(*f)->prog);
	free((*f)->expr);
	free(*f);
	*f = NULL;
}

struct wr_cbpf wr_filter_code(const struct wr_filter *f)
{
	static const struct wr_cbpf_insn all = {.code = BPF_RET | BPF_K, .k = SNAPLEN};

	if (!f)
		return (struct wr_cbpf){.insns = &all, .n = 1, .linktype = DLT_NULL, .expr = ""};
	return (struct wr_cbpf){.insns = (const void *)f->prog.bf_insns,
				.n = f->prog.bf_len,
				.linktype = f->linktype,
				.expr = f->expr};
}

bool wr_cbpf_match(const struct wr_cbpf *c, const uint8_t *data, uint32_t caplen, uint32_t len)
{
	return bpf_filter((const void *)c->insns, data, len, caplen) != 0;
}

bool wr_filter_match(const struct wr_filter *f, const uint8_t *data, uint32_t caplen, uint32_t len)
{
	return !f || bpf_filter(f->prog.bf_insns, data, len, caplen) != 0;
}
