/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/places.h"

/* Without libmaxminddb. */

int wr_places_open(struct wr_places **out, const char *asn, const char *country, struct wr_err *err)
{
	bool any = (asn && *asn) || (country && *country);

	if (any)
		return wr_fail(err, EOPNOTSUPP,
			       "%s: this weir was built without libmaxminddb (libmaxminddb-dev)",
			       asn && *asn ? "detect.asn" : "detect.country");
	*out = NULL;
	return 0;
}

void wr_places_close(struct wr_places **p)
{
	*p = NULL;
}

bool wr_places_of(const struct wr_places *p, const uint8_t *addr, int ip_v, struct wr_place *out)
{
	(void)p, (void)addr, (void)ip_v;
	memset(out, 0, sizeof(*out));
	return false;
}
