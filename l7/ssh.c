/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"

/* SSH: the identification string that both sides begin with (RFC 4253, 4.2), 255 bytes at most:
 * SSH-protoversion-softwareversion SP comments CR LF */

enum { LINE_MAX_BYTES = 255 };

static int ssh_read(struct wr_l7 *out, const struct wr_l7_look *in)
{
	size_t n = in->n < LINE_MAX_BYTES ? in->n : LINE_MAX_BYTES;
	int r = wr_l7_begins(in, "SSH-", 4);
	const uint8_t *end, *dash;

	if (r <= 0)
		return r;
	if ((n > 4 && (in->at[4] < '1' || in->at[4] > '9')) || (n > 5 && in->at[5] != '.'))
		return 0;
	if (n < 6)
		return -ENODATA;
	out->proto = WR_L7_SSH;
	end = memchr(in->at, '\n', n);
	if (!end && n < LINE_MAX_BYTES)
		return -ENODATA;
	n = end ? (size_t)(end - in->at) : n;
	if (n && in->at[n - 1] == '\r')
		n--;
	if (wr_l7_text(out->banner, sizeof(out->banner), in->at, n))
		out->cut |= WR_L7_CUT_BANNER;
	dash = memchr(in->at + 4, '-', n - 4);
	if (dash && dash - in->at - 4 < 8)
		wr_l7_text(out->version, sizeof(out->version), in->at + 4,
			   (size_t)(dash - in->at - 4));
	return 1;
}

const struct wr_l7_parser wr_l7_ssh = {.ip_proto = 6, .read = ssh_read};
