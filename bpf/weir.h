/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WEIR_H
#define WEIR_H

/*
 * For programs of your own that weir asks about each packet (docs/programs.md): an ordinary BPF
 * program, SEC("xdp") for interfaces that are watched at XDP, SEC("tc") for those at TC, or both in
 * one file. It returns one of these; whatever else it returns means WEIR_CONTINUE.
 */
enum {
	WEIR_CONTINUE = 0, /* the next one is asked, and the rules */
	WEIR_PASS = 16,	   /* it gets through: neither rules nor further programs are asked */
	WEIR_DROP = 17,	   /* it does not, and is in the ledger under the program's name */
};

#endif
