/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/linktype.h"

#include <pcap/dlt.h>
#include <stddef.h>

static const struct {
	uint16_t linktype, dlt;
} unlike[] = {
	{100, DLT_ATM_RFC1483}, {101, DLT_RAW},	     {102, DLT_SLIP_BSDOS},
	{103, DLT_PPP_BSDOS},	{106, DLT_ATM_CLIP}, {246, DLT_PFSYNC},
};

#define N_UNLIKE (sizeof(unlike) / sizeof(*unlike))

uint16_t wr_linktype_to_dlt(uint16_t linktype)
{
	for (size_t i = 0; i < N_UNLIKE; i++)
		if (unlike[i].linktype == linktype)
			return unlike[i].dlt;
	return linktype;
}

uint16_t wr_linktype_of_dlt(uint16_t dlt)
{
	for (size_t i = 0; i < N_UNLIKE; i++)
		if (unlike[i].dlt == dlt)
			return unlike[i].linktype;
	return dlt;
}
