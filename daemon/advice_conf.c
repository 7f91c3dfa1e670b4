/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/advice_conf.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "daemon/output_conf.h"
#include "export/infer.h"
#include "view/window_columns.h"

enum { DNS_PORT = 53 };

/* Those that a model can be given; the others say whose row it is. */
static bool is_number(const struct wr_column *c)
{
	return c->get &&
	       (c->type == WR_CELL_REAL || (c->type >= WR_CELL_U8 && c->type <= WR_CELL_U64));
}

const struct wr_column *wr_advice_column_at(uint8_t number)
{
	const struct wr_sheet *s = wr_window_sheet();

	return number < s->n_columns && is_number(&s->columns[number]) ? &s->columns[number] : NULL;
}

const struct wr_column *wr_advice_column(const char *name, uint8_t *number)
{
	for (uint8_t i = 0; i < wr_window_sheet()->n_columns; i++) {
		const struct wr_column *c = wr_advice_column_at(i);

		if (!c || strcmp(c->name, name))
			continue;
		*number = i;
		return c;
	}
	return NULL;
}

int wr_advice_check_input(const char *value, struct wr_err *err)
{
	const char *names[WR_SHEET_COLUMNS_MAX + 1] = {NULL}, *near;
	uint8_t number;
	size_t n = 0;

	if (wr_advice_column(value, &number))
		return 0;
	for (uint8_t i = 0; i < wr_window_sheet()->n_columns && n < WR_SHEET_COLUMNS_MAX; i++)
		if (wr_advice_column_at(i))
			names[n++] = wr_advice_column_at(i)->name;
	near = wr_near(value, names);
	return wr_fail(err, EINVAL,
		       "'%s' is no column with numbers of 'weir export windows --list'%s%s%s",
		       value, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* An interface is nobody's target. */
int wr_advice_check_key(const char *value, struct wr_err *err)
{
	for (int k = 0; k < WR_WINDOW_KINDS; k++)
		if (k != WR_WINDOW_IFACE &&
		    !strcmp(value, wr_window_kind_name((enum wr_window_kind)k)))
			return 0;
	return wr_fail(err, EINVAL, "'%s': expected host, service or source_prefix", value);
}

int wr_advice_check_over(const char *value, struct wr_err *err)
{
	char *end;
	double v = strtod(value, &end);

	if (!*end && isfinite(v))
		return 0;
	return wr_fail(err, EINVAL, "'%s': expected a number, as 0.9", value);
}

bool wr_advice_wanted(const struct wr_daemon_conf *conf)
{
	return conf->advice.url[0];
}

bool wr_advice_wants_kind(const struct wr_daemon_conf *conf, enum wr_window_kind kind)
{
	for (size_t i = 0; i < conf->advice.keys.n; i++)
		if (!strcmp(conf->advice.keys.at[i], wr_window_kind_name(kind)))
			return true;
	return false;
}

int wr_advice_check_all(const struct wr_daemon_conf *conf, const char **item, struct wr_err *err)
{
	const struct wr_conf_list *l = &conf->advice.inputs;

	if (!wr_advice_wanted(conf))
		return 0;
	*item = "advice.inputs";
	if (!l->n)
		return wr_fail(err, EINVAL,
			       "which columns shall the model be given? 'weir export windows "
			       "--list' names them");
	for (size_t i = 0; i < l->n; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(l->at[i], l->at[j]))
				return wr_fail(err, EINVAL, "'%s' stands there twice", l->at[i]);
	*item = "advice.model";
	if (conf->advice.form == WR_INFER_OIP && !conf->advice.model[0])
		return wr_fail(err, EINVAL,
			       "the name of the model at advice.url, which form = oip "
			       "needs");
	return 0;
}

void wr_advice_ports(const struct wr_daemon_conf *conf, uint16_t ports[WR_ADVICE_PORTS])
{
	ports[0] = wr_output_url_port(conf->advice.url);
	ports[1] = DNS_PORT; /* an answer that is too long for UDP */
	ports[2] = 0;
}
