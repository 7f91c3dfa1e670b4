/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_OUT_H
#define WR_UI_CLI_OUT_H

#include "base/err.h"
#include "capture/capture.h"
#include "core/parse.h"
#include "view/packet.h"

/* Where packets go: lines, JSON, a capture file, or only into the count. watch and read share it.
 */
struct wr_out_conf {
	bool quiet; /* no line per packet */
	bool json;
	const char *write;  /* -w FILE or NULL */
	const char *filter; /* noted in the capture file */
	uint32_t snaplen;   /* noted in the capture file; 0 = whole packets */
	struct wr_packet_style style;
	uint64_t count;	    /* stop after so many packets, 0 = never */
	uint32_t max_depth; /* tunnels to enter */
	/* Sees every packet with its facts, before it is shown; NULL = nobody. */
	void (*tap)(void *ctx, const struct wr_packet *pkt, const struct wr_rec *rec);
	void *tap_ctx;
	/* Told by wr_out_close(): packets that are not in the capture file, by interface; NULL =
	 * nobody. */
	void (*lost)(void *ctx, const char *iface, uint64_t packets);
	void *lost_ctx;
};

struct wr_pcapng;

struct wr_out {
	struct wr_out_conf conf;
	struct wr_buf text;
	struct wr_pcapng *file;
	struct wr_parse parse;
	uint64_t packets, bytes;
	bool enough; /* conf.count packets were shown */
	int failed;  /* -errno of the output: no use to go on */
	struct wr_err err;
};

int wr_out_open(struct wr_out *o, const struct wr_out_conf *conf, struct wr_err *err);
void wr_out_packet(void *out, const struct wr_packet *pkt); /* a wr_packet_fn */
void wr_out_flush(struct wr_out *o);
/* Ends the capture file with the ledger. */
void wr_out_close(struct wr_out *o, const struct wr_ledger *rows, int n);

#endif
