/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/incident.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/when.h"
#include "daemon/api.h"
#include "daemon/findings.h"
#include "view/finding.h"

/* The views `incidents` (of one: with its findings) and `findings`. */

static int nothing(struct wr_err *err)
{
	return wr_fail(err, ENODATA, "there is no detection here (detect.on = no)");
}

static void findings_of(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
			uint64_t incident)
{
	static const struct wr_findings_row *rows[WR_FINDINGS_KEPT];
	uint32_t n = wr_findings_rows(h->findings, incident, rows, WR_FINDINGS_KEPT);

	n = q->how.top && n > q->how.top ? q->how.top : n;
	for (uint32_t i = 0; i < n; i++) {
		if (q->text)
			wr_view_finding_text(b, &rows[i]->f, 0, q->how.color);
		else
			wr_view_finding_event(b, &rows[i]->f,
					      rows[i]->f.over ? WR_FINDING_OVER : WR_FINDING_RAISED,
					      rows[i]->incident);
	}
}

static int one(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
	       const char *text, struct wr_err *err)
{
	const struct wr_incident *i;
	char *end;
	uint64_t id = strtoull(text, &end, 10);

	if (*end || *text < '0' || *text > '9')
		return wr_fail(err, EINVAL, "'%s' is no number of an incident (weir incidents)",
			       text);
	i = wr_incidents_find(wr_findings_incidents(h->findings), id);
	if (!i)
		return wr_fail(err, ENODATA,
			       "there is no incident %" PRIu64
			       " among the last ones; for older ones: weir history --incidents",
			       id);
	if (q->text)
		wr_view_incident_text(b, i, h->places, wr_when_now(), q->how.color);
	else
		wr_view_incident_json(b, i, h->places, NULL);
	findings_of(h, q, b, id);
	return 0;
}

static int incidents(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		     struct wr_err *err)
{
	struct wr_incident *rows[WR_INCIDENTS];
	const char *id = wr_query_value(q, "id");
	uint32_t n;

	if (!h->findings)
		return nothing(err);
	if (id)
		return one(h, q, b, id, err);
	n = wr_incidents_list(wr_findings_incidents(h->findings), rows, WR_INCIDENTS);
	n = q->how.top && n > q->how.top ? q->how.top : n;
	if (q->text)
		wr_view_incidents_text(b, rows, n, wr_when_now(), q->how.color);
	for (uint32_t i = 0; !q->text && i < n; i++)
		wr_view_incident_json(b, rows[i], h->places, NULL);
	return 0;
}

static int findings(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		    struct wr_err *err)
{
	if (!h->findings)
		return nothing(err);
	findings_of(h, q, b, 0);
	return 0;
}

static const char *const incident_keys[] = {"id", "top", NULL};
static const char *const finding_keys[] = {"top", NULL};

const struct wr_api_view wr_api_view_incidents = {
	"incidents", "what happened: attacks and whatever else is unusual", incident_keys, true,
	incidents};
const struct wr_api_view wr_api_view_findings = {"findings", "what detection has found, one by one",
						 finding_keys, true, findings};
