/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_RUN_IMPL_H
#define WR_DAEMON_RUN_IMPL_H

#include "daemon/detect_conf.h"
#include "base/loop.h"
#include "base/places.h"
#include "daemon/advice.h"
#include "daemon/admins.h"
#include "daemon/api.h"
#include "detect/answer.h"
#include "daemon/attach.h"
#include "daemon/engine.h"
#include "daemon/findings.h"
#include "daemon/forecasts.h"
#include "daemon/gateways.h"
#include "daemon/history.h"
#include "daemon/output.h"
#include "daemon/output_conf.h"
#include "daemon/requests.h"
#include "daemon/rules.h"
#include "daemon/run.h"
#include "daemon/samples.h"
#include "daemon/tell.h"
#include "export/dumpring.h"
#include "gateway/when.h"

/* What the files run*.c share. */

enum {
	WR_RUN_API = 256,
	WR_RUN_ADVICE = 64,
	WR_RUN_FORECASTS = WR_FORECASTS * WR_FORECAST_WHATS, /* alarms */
};

/* Something unusual about requests that goes on. */
struct wr_run_api {
	uint64_t id; /* of its finding; 0: free */
	uint64_t start_ns, raised_ns;
	char route[WR_VICTIM_ROUTE];
	uint8_t klass;
};

struct wr_run {
	const struct wr_run_conf *conf;
	struct wr_conf *values;	 /* owned: in effect */
	struct wr_daemon_conf c; /* the same, typed */
	const char *from;	 /* file; NULL: none */
	struct wr_front_conf_source source;
	struct wr_front_link front;
	struct wr_outputs *outputs;
	struct wr_windows *windows;    /* features of windows; NULL: nobody wants them */
	struct wr_advice *advice;      /* of a model; NULL: none is asked */
	struct wr_front_link advises;  /* the process that asks it */
	struct wr_run_advice *advised; /* what it has said; NULL: none is asked */
	struct wr_front_link out;      /* its process */
	struct wr_requests *requests;  /* of gateways; NULL: none are listened to */
	struct wr_front_link reads;    /* the process that reads their lines */
	struct wr_run_api api_open[WR_RUN_API];
	uint64_t second;	  /* of a clock that does not go back */
	struct wr_prefixes trust; /* api.trust */
	uint64_t auto_minute;	  /* in which detection has made so many entries at gateways: */
	uint32_t auto_n;
	struct wr_gateways *gateways;  /* NULL: nothing is done there */
	struct wr_admins *admins;      /* NULL: no gateway is administered here over TCP */
	struct wr_front_link acts;     /* the process that does it */
	struct wr_gateway_whens whens; /* policies over routes */
	struct wr_gateway_when_state when_state[WR_GATEWAY_WHENS];
	struct wr_status_gateway gateway_rows[WR_GATEWAYS_KNOWN]; /* for status */
	struct wr_attach attach;
	struct wr_loop *loop;
	struct wr_engine *engine;
	struct wr_api *api;
	struct wr_api_host host;
	struct wr_history *history; /* NULL: none is kept */
	struct wr_rules *rules;	    /* NULL: no policy is loaded */
	struct wr_saver *saver;	    /* writes small files beside the loop */
	char learned[256];	    /* file; "": none is kept */
	uint64_t learned_ns;
	bool learn_failed;
	struct wr_answers answers;
	char resolvers[2][256]; /* of IPv4, of IPv6: as a rule names them */
	char answered[sizeof(((struct wr_err *)0)->text) + 60]; /* what was said of it last */
	struct wr_dump *dump;	   /* the last packets; NULL: none are kept */
	struct wr_dump *samples;   /* of incidents; NULL: none are kept */
	struct wr_samples sampled; /* which is whose, and their files */
	uint64_t sampled_ns;	   /* when old ones were looked for last */
	struct wr_findings *findings;
	struct wr_forecasts *forecasts;		   /* NULL: none are wanted */
	uint64_t forecasts_told[WR_RUN_FORECASTS]; /* alarms whose findings hold; 0: free */
	struct wr_places *places;		   /* whose sources are; NULL: not known */
	struct wr_tell tell;			   /* which of their changes people are told of */
	uint32_t tests;				   /* of weir notify test, so far */
	char sensor[64];      /* this host, in what others are told; "": not known */
	char incident[512];   /* the worst that goes on, for status */
	uint64_t passed_over; /* by the engine, before they were */
	struct wr_timer step, alive;
	struct wr_status_rights rights;
	uint64_t window; /* the last that views were told of */
	uint64_t since_ns;
	uint64_t reloads, reloads_failed;
	char pin[256]; /* capture.pin and capture.netns as they were at the start, which stays */
	char netns[256];
	char history_path[256];
	pid_t pid;
	bool dropped;
	bool ready;  /* conf->screen has been told */
	bool ending; /* what is told now is so because the program ends */
	int failed;  /* -errno that ended the loop; why: */
	struct wr_err err;
	struct wr_status_iface said[WR_STATUS_IFACES]; /* by interface, last line */
	uint32_t n_said;
	struct {
		struct {
			struct wr_program_set set;
			struct wr_program_told told;
			struct wr_program_count at_first; /* when it took its place */
		} at[WR_PROGRAMS];			  /* in their order */
		uint32_t n;
		bool loading; /* those of before a restart: they are kept already */
		const struct wr_program_count *counts; /* mapped; NULL: there are none yet */
	} programs;
	struct wr_rules_state rules_state;		  /* for status */
	struct wr_status_output out_rows[WR_OUTPUTS + 1]; /* for status */
};

/* run_learn.c: what was learned, in a file. */
void wr_run_learn_open(struct wr_run *r);
/* Detection on or off: what it knows is saved before and read again after. */
int wr_run_detect_switch(struct wr_run *r, bool on, struct wr_err *err);
void wr_run_saved_tell(
	struct wr_run *r); /* of small files: what the disk was slow for, or refused */
void wr_run_learn_step(struct wr_run *r); /* to be called often */
int wr_run_learn_save(struct wr_run *r, struct wr_err *err);
int wr_run_learn(void *run, const char *what, const char *file, struct wr_err *err);

/* run_answers.c: rules that detection makes. */
void wr_run_answers_open(struct wr_run *r); /* when there are rules, or none are to be */
void wr_run_answers_mode(struct wr_run *r, const struct wr_daemon_conf *c);
void wr_run_explain(void *run, struct wr_explain *e);
void wr_run_finding(void *run, enum wr_finding_news news, const struct wr_finding *f);

uint64_t wr_run_now_ns(void); /* CLOCK_REALTIME */
void wr_run_log(const char *line);
void wr_run_log_line(void *unused, const char *line);
void wr_run_say(void *run, const char *line);	      /* to the log, and for status */
void wr_run_status(void *run, struct wr_status *out); /* run_status.c */
int wr_run_reload(void *run, struct wr_err *err);     /* run_reload.c */

/* run_rules.c: r->rules, when there is to be a policy. */
int wr_run_rules_open(struct wr_run *r, struct wr_err *err);
/* Where added rules are kept: beside the history, when it is not said; "": nowhere. */
void wr_run_rules_state_path(const struct wr_daemon_conf *c, char *to, size_t room);

/* run_programs.c: users' programs. */
int wr_run_program(void *run, const struct wr_program_ask *ask, struct wr_err *err);
uint32_t wr_run_programs(void *run, struct wr_program_row *rows, uint32_t n);
void wr_run_programs_join(struct wr_run *r, struct wr_path *path); /* one that came later */
void wr_run_programs_close(struct wr_run *r);

/* run_programs_kept.c: those that were there before a restart. */
void wr_run_programs_load(struct wr_run *r); /* once all is ready; what fails is said */
void wr_run_programs_save(const struct wr_run *r);

/* run_swap.c: another build of the kernel programs. */
int wr_run_swap(void *run, const struct wr_swap_want *want, wr_swap_tell_fn tell, void *tell_ctx,
		struct wr_err *err);

/* run_features.c: windows as features, as the configuration has it: opens, closes or leaves them.
 */
int wr_run_features(struct wr_run *r, const struct wr_daemon_conf *c, struct wr_err *err);
void wr_run_features_packet(struct wr_run *r, const struct wr_packet *pkt);
void wr_run_features_end(struct wr_run *r); /* tells the last one */

/* run_detect.c: what detection finds. */
int wr_run_detect_open(struct wr_run *r, struct wr_err *err);
void wr_run_detect_second(struct wr_run *r);
void wr_run_detect_status(struct wr_run *r, struct wr_status *s);
/* History goes to another file, or ends: incidents that go on are over in the old one. */
void wr_run_detect_leave(struct wr_run *r);
/* What the worst incident is that goes on, until the next call; NULL: none does. */
const char *wr_run_incident(struct wr_run *r);

/* run_forecast.c: what is expected. On or off, as the configuration has it. */
int wr_run_forecast(struct wr_run *r, bool on, struct wr_err *err);
void wr_run_forecast_window(struct wr_run *r); /* a window is over */
void wr_run_forecast_close(struct wr_run *r);

/* run_tell.c: who is told of incidents. */
void wr_run_tell_conf(struct wr_run *r, const struct wr_daemon_conf *c);
void wr_run_tell(struct wr_run *r); /* what has changed since the last window */
void wr_run_tell_end(struct wr_run *r);
/* Tells a made one by all ways. Returns its number; 0: there is no way. */
uint32_t wr_run_tell_test(void *run);

/* run_sample.c: the first packets of incidents. */
int wr_run_sample_open(struct wr_run *r, struct wr_err *err);
void wr_run_sample_read(struct wr_run *r); /* what an earlier run has left; without rights */
/* History is in another file from now on. */
void wr_run_sample_folder(struct wr_run *r, const struct wr_daemon_conf *c);
void wr_run_sample(struct wr_run *r); /* at the end of a window */

/* run_advice.c: scores of a model become findings. */
int wr_run_advice_open(struct wr_run *r, struct wr_err *err);
int wr_run_advice_read(struct wr_run *r); /* as wr_advice_read() */
void wr_run_advice_second(struct wr_run *r);
void wr_run_advice_end(struct wr_run *r); /* what goes on is over: weir ends */
void wr_run_advice_status(struct wr_run *r, struct wr_status *s);
void wr_run_advice_close(struct wr_run *r);
/* Does a model find something at its target just now? See struct wr_answer_ops. */
bool wr_run_advice_agrees(void *run, const struct wr_finding *f);

/* run_requests.c: what is unusual about requests becomes findings. */
void wr_run_requests_open(struct wr_run *r);
void wr_run_requests_second(struct wr_run *r);
void wr_run_requests_end(struct wr_run *r); /* what goes on is over: weir ends */
void wr_run_requests_status(struct wr_run *r, struct wr_status *s);
/* The finding of that class that goes on at a route; 0: there is none. */
uint64_t wr_run_requests_finding(const struct wr_run *r, enum wr_finding_class klass,
				 const char *route);

/* run_gateways.c: what is done at gateways. */
int wr_run_gateways_policies(struct wr_run *r, struct wr_err *err); /* reads their file */
void wr_run_gateways_open(struct wr_run *r);
void wr_run_gateways_second(struct wr_run *r);
void wr_run_gateways_status(struct wr_run *r, struct wr_status *s);
/* A finding about requests; alone: one client makes most of them. */
void wr_run_gateways_finding(struct wr_run *r, enum wr_finding_news news,
			     const struct wr_finding *f, bool alone);
/* Packets only: do all sources stand in api.trust, so that they are others' packets? Then the
 * client that asks most is limited. */
bool wr_run_gateways_behind(struct wr_run *r, enum wr_finding_news news,
			    const struct wr_finding *f);

/* run_dump.c: the last packets. */
int wr_run_dump_open(struct wr_dump **out, const struct wr_daemon_conf *c, struct wr_err *err);
struct wr_engine_keep wr_run_dump_keep(const struct wr_daemon_conf *c);
void wr_run_dump_packet(void *run, const struct wr_packet *pkt); /* a wr_packet_fn */
/* From now on that ring, which takes over what is in the old one; then r->c is to be c. */
void wr_run_dump_change(struct wr_run *r, struct wr_dump *to, const struct wr_daemon_conf *c);
void wr_run_dump_status(const struct wr_run *r, struct wr_status *s);

#endif
