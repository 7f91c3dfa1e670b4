/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The least that reading a capture file with libpcap costs: packets and bytes are added up. */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	char text[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	const unsigned char *bytes;
	uint64_t packets = 0, sum = 0, first = 0;
	pcap_t *p;

	if (argc != 2) {
		fprintf(stderr, "usage: pcaploop FILE\n");
		return 2;
	}
	p = pcap_open_offline(argv[1], text);
	if (!p) {
		fprintf(stderr, "pcaploop: %s\n", text);
		return 1;
	}
	while (pcap_next_ex(p, &h, &bytes) == 1) {
		packets++;
		sum += h->len;
		first += h->caplen ? bytes[0] : 0; /* or the bytes would not be touched */
	}
	printf("%llu %llu %llu\n", (unsigned long long)packets, (unsigned long long)sum,
	       (unsigned long long)first);
	pcap_close(p);
	return 0;
}
