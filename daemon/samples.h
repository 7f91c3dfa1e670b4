/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_SAMPLES_H
#define WR_DAEMON_SAMPLES_H

#include "detect/incident.h"
#include "export/dumpring.h"

/*
 * Which packets of a ring are the first ones of which incident, and the same in files for the next
 * run: one for each incident, in a folder beside the history. What newer ones push out of the ring
 * has no file any more, and what is too old has none, so both stay bounded.
 */
struct wr_samples {
	struct wr_dump *ring; /* borrowed */
	char folder[256];     /* "": there are no files */
	uint32_t n;
	struct wr_sample {
		uint64_t incident, start_ns;
		uint64_t from, to; /* numbers of packets in the ring */
		bool elsewhere;	   /* its file stays in a folder of before */
	} at[WR_INCIDENTS];	   /* in the order of the ring */
};

/* Reads what an earlier run has left, of incidents that began after since_ns, into the ring. What
 * cannot be read is passed over. folder: "" or at most 255 bytes. Returns how many there are. */
uint32_t wr_samples_open(struct wr_samples *s, struct wr_dump *ring, const char *folder,
			 uint64_t since_ns);

/* New files are in that folder from now on; those that are there stay where they are. */
void wr_samples_folder(struct wr_samples *s, const char *folder);

/* Packets that have just been added to the ring are those of an incident: writes its file. 0 or
 * -errno: then it will not be there after a restart. Waits for no disk. */
int wr_samples_add(struct wr_samples *s, const struct wr_sample *one, struct wr_err *err);

/* Forgets, with its file, what is pushed out of the ring and what began before since_ns. */
void wr_samples_trim(struct wr_samples *s, uint64_t since_ns);

const struct wr_sample *wr_samples_find(const struct wr_samples *s,
					uint64_t incident); /* or NULL */

#endif
