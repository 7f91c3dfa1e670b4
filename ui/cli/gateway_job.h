/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_GATEWAY_JOB_H
#define WR_UI_CLI_GATEWAY_JOB_H

#include "gateway/gateway.h"

/* What the verbs of `weir gateway` have in common. */

#define NS_PER_S 1000000000ull

struct wr_gateway_args {
	const char *conf, *file, *every;
	bool json, dry_run, force, only;
};

/* What every verb needs. */
struct wr_gateway_job {
	const struct wr_gateway_args *a;
	struct wr_conf *values; /* owned */
	const char *folder, *state, *policies;
	uid_t keeper;	   /* of ledgers, beside root (gateway.user); 0: nobody */
	const char *name;  /* whom checks are told of */
	struct wr_buf out; /* owned */
	uint64_t now_s;
	int worst; /* exit status */
};

/* A gateway and its ledger, which nobody else has until it is closed. */
struct wr_gateway_opened {
	struct wr_gateway g;
	struct wr_gateway_ledger l;
};

/* -errno: err is filled, or empty when every error in its file has been told. */
int wr_cli_gateway_open(const struct wr_gateway_job *j, const char *name,
			struct wr_gateway_opened *o, struct wr_err *err);
void wr_cli_gateway_close(struct wr_gateway_opened *o);

/* Makes it so, and says what was done; a dry run shows its plan. */
int wr_cli_gateway_reconcile(struct wr_gateway_job *j, struct wr_gateway_opened *o,
			     struct wr_gateway_result *r, struct wr_err *err);

/* Verbs: argv are the words behind the verb. */
int wr_cli_gateway_apply(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err);
int wr_cli_gateway_lift(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err);
int wr_cli_gateway_flush(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err);
int wr_cli_gateway_policies(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err);
int wr_cli_gateway_keep(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err);

#endif
