/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_API_ROUTE_H
#define WR_API_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/line.h"

/*
 * Routes: what paths have in common. "GET shop.example/users/{id}/orders": method, host, path.
 * {id} stands for a part that names one thing: numbers, UUIDs, long hex, long text of letters and
 * digits, addresses of mail. {any}: a part that has had too many values (WR_API_FAN).
 * {rest}: what was too long or too deep. {unknown}: paths that there never was an answer for that
 * says they are there (2xx, 101) or that something is broken (5xx), so that whoever tries paths
 * makes no routes.
 */
enum {
	WR_API_ROUTE = 160, /* bytes of a name, with its end */
	WR_API_FAN = 32,    /* values of one part of a path */
	WR_API_DEPTH = 12,  /* parts of a path */
	WR_API_WIDE = 128,  /* places where parts have had too many values */
};

#define WR_API_UNKNOWN "{unknown}"

/* What is asked of a language model, or of another model. */
#define WR_API_MODEL_TABLE(X)         \
	X(NONE, "")                   \
	X(CHAT, "chat")               \
	X(COMPLETIONS, "completions") \
	X(MESSAGES, "messages")       \
	X(RESPONSES, "responses")     \
	X(EMBEDDINGS, "embeddings")   \
	X(INFER, "infer")

enum wr_api_model {
#define X(sym, name) WR_API_MODEL_##sym,
	WR_API_MODEL_TABLE(X)
#undef X
		WR_API_MODELS
};

const char *wr_api_model_name(enum wr_api_model m);
enum wr_api_model wr_api_model_of(const struct wr_api_request *r);

/* Where a part of the path is {any}: hashes of what stands before it. Zeroed: nowhere. */
struct wr_api_wide {
	uint64_t at[WR_API_WIDE];
	uint32_t n;
};

/* The name of the request's route. */
void wr_api_route_name(const struct wr_api_wide *wide, const struct wr_api_request *r,
		       char name[WR_API_ROUTE]);
/* The parts of a name: fills at[] with where each begins, the host first. How many. */
int wr_api_route_parts(const char *name, uint16_t at[WR_API_DEPTH + 2]);
/* From now on what stands behind the first n bytes of this name is {any}. false: there are too many
 * such places. */
bool wr_api_route_widen(struct wr_api_wide *wide, const char *name, uint16_t n);
/* name with {any} in place of the part that begins at n; for a name that has a part there. */
void wr_api_route_any(const char *name, uint16_t n, char to[WR_API_ROUTE]);
/* It may make a route of its own. */
bool wr_api_route_is_known(const struct wr_api_request *r);

#endif
