/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/capture.h"

static const char *const hook_names[] = {
#define X(sym, name, text) [WR_HOOK_##sym] = name,
	WR_HOOK_TABLE(X)
#undef X
};

static const char *const hook_texts[] = {
#define X(sym, name, text) [WR_HOOK_##sym] = text,
	WR_HOOK_TABLE(X)
#undef X
};

static const char *const lost_names[] = {
#define X(sym, name, text) [WR_LOST_##sym] = name,
	WR_LOST_TABLE(X)
#undef X
};

static const char *const lost_remedies[] = {
#define X(sym, name, text) [WR_LOST_##sym] = text,
	WR_LOST_TABLE(X)
#undef X
};

const char *wr_hook_name(enum wr_hook hook)
{
	return hook < WR_HOOK_COUNT ? hook_names[hook] : "?";
}

const char *wr_hook_text(enum wr_hook hook)
{
	return hook < WR_HOOK_COUNT ? hook_texts[hook] : "?";
}

const char *wr_lost_name(enum wr_lost stage)
{
	return stage < WR_LOST_COUNT ? lost_names[stage] : "?";
}

const char *wr_lost_remedy(enum wr_lost stage)
{
	return stage < WR_LOST_COUNT ? lost_remedies[stage] : "?";
}

const char *wr_verdict_name(enum wr_verdict v)
{
	static const char *const names[] = {[WR_VERDICT_PASS] = "pass",
					    [WR_VERDICT_DROP] = "drop",
					    [WR_VERDICT_LIMIT] = "limit",
					    [WR_VERDICT_ANSWER] = "answer"};

	return names[v];
}
