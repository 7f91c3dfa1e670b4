/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/explain.h"

#include <math.h>

#define FORGED \
	"Addresses of such packets are easily forged: they may belong to nobody who took part."
#define ABUSED "The addresses are those of servers that were abused, not of the attacker."
#define REAL "They completed handshakes, so the addresses are real."
#define LOGGED                                                                              \
	"The addresses are those that the gateway tells, which behind a proxy may be what " \
	"somebody "                                                                         \
	"has written into a header."
#define AMP(name)                                                                             \
	{                                                                                     \
		name " servers elsewhere were asked under this address and send their large " \
		     "answers "                                                               \
		     "here.",                                                                 \
			ABUSED                                                                \
	}

static const struct {
	const char *meaning, *origin;
} words[WR_CLASS_COUNT] = {
	[WR_CLASS_SYN_FLOOD] = {"Connections are begun and never completed, so that the queue of "
				"the service is full when clients come.",
				FORGED},
	[WR_CLASS_SYNACK_REFLECTION] = {"Servers elsewhere answer SYNs that somebody sent under "
					"this address.",
					ABUSED},
	[WR_CLASS_ACK_FLOOD] = {"Packets pretend to belong to connections that are not there.",
				FORGED},
	[WR_CLASS_RST_FLOOD] = {"Packets end connections that are not there.", FORGED},
	[WR_CLASS_UDP_FLOOD] = {"UDP packets that nobody asked for fill the line or the service.",
				FORGED},
	[WR_CLASS_ICMP_FLOOD] = {"ICMP packets fill the line.", FORGED},
	[WR_CLASS_FRAG_FLOOD] = {"Fragments fill the memory in which packets are put together.",
				 FORGED},
	[WR_CLASS_AMP_DNS] = AMP("DNS"),
	[WR_CLASS_AMP_NTP] = AMP("NTP"),
	[WR_CLASS_AMP_SNMP] = AMP("SNMP"),
	[WR_CLASS_AMP_CLDAP] = AMP("CLDAP"),
	[WR_CLASS_AMP_SSDP] = AMP("SSDP"),
	[WR_CLASS_AMP_MEMCACHED] = AMP("memcached"),
	[WR_CLASS_AMP_CHARGEN] = AMP("chargen"),
	[WR_CLASS_AMP_OTHER] = AMP("UDP"),
	[WR_CLASS_CARPET_BOMBING] = {"Many addresses of a prefix get a little each; together it "
				     "fills the line.",
				     FORGED},
	[WR_CLASS_HTTP_FLOOD] = {"Clients complete far more connections than is usual, to keep the "
				 "service busy.",
				 REAL},
	[WR_CLASS_SLOW_HTTP] = {"Connections are held open without a request, so that none are "
				"left for clients.",
				REAL},
	[WR_CLASS_PORT_SCAN_VERTICAL] = {"Somebody tries which ports of a host answer.", ""},
	[WR_CLASS_PORT_SCAN_HORIZONTAL] = {"Somebody tries which hosts answer on a port.", ""},
	[WR_CLASS_BRUTE_FORCE] = {"Short sessions one after another: passwords are being tried.",
				  REAL},
	[WR_CLASS_MALFORMED] =
		{"Packets whose headers contradict each other, or that are sent to get "
		 "past somebody; no usual program makes them.",
		 FORGED},
	[WR_CLASS_ARP_SPOOF] = {"A station says that an address is its own which another one had: "
				"traffic may go through it.",
				""},
	[WR_CLASS_ROGUE_DHCP] = {"A second server gives out addresses, and with them its own "
				 "gateway and DNS.",
				 ""},
	[WR_CLASS_ROGUE_RA] = {"A second router says that it is the way out of this network.", ""},
	[WR_CLASS_DHCP_FLOOD] = {"Requests of made-up stations use up the addresses of the DHCP "
				 "server.",
				 FORGED},
	[WR_CLASS_DNS_TUNNEL] = {"Data leave or come in as DNS names, past what usually looks at "
				 "them.",
				 ""},
	[WR_CLASS_DNS_DGA] = {"A program looks for its master under names that it makes up.", ""},
	[WR_CLASS_ICMP_TUNNEL] = {"Data leave or come in as ICMP, past what usually looks at them.",
				  ""},
	[WR_CLASS_BEACON] = {"Something calls home at regular intervals.", ""},
	[WR_CLASS_BACKSCATTER] = {"Somebody attacks others under our address, and these are their "
				  "answers.",
				  ABUSED},
	[WR_CLASS_FLASH_CROWD] = {"Many new clients that behave well: probably no attack.", REAL},
	[WR_CLASS_NEW_SERVICE] = {"A port answers that did not before.", ""},
	[WR_CLASS_EXFIL] = {"An address here sends far more than it usually does, to where it "
			    "usually does not: data may leave that should not, or somebody "
			    "makes a copy elsewhere.",
			    "It opened the connections itself, so the address is real."},
	[WR_CLASS_NEW_TALKER] = {"Somebody who was never seen before has a large part of what goes "
				 "on at a service.",
				 REAL},
	[WR_CLASS_CAPACITY] = {"If it goes on as it usually does, there will be more than fits, "
			       "and what is more gives way.",
			       ""},
	[WR_CLASS_API_ERRORS] = {"Requests for this route fail far more often than is usual for "
				 "it.",
				 LOGGED},
	[WR_CLASS_API_SLOW] = {"Answers of this route take far longer than is usual for it.",
			       LOGGED},
	[WR_CLASS_API_TRIES] =
		{"One client is refused again and again: keys or passwords are being "
		 "tried.",
		 LOGGED},
	[WR_CLASS_API_SCRAPING] = {"One client asks for far more different paths than people do.",
				   LOGGED},
	[WR_CLASS_API_TOKENS] = {"One client uses up more tokens than it may.", LOGGED},
	[WR_CLASS_ANOMALY] = {"Several things about what comes to this service are not as usual at "
			      "once, and nothing that has a name explains it: an attack of a kind "
			      "that is not known here, or other programs or users.",
			      ""},
	[WR_CLASS_MODEL_SCORE] = {"A model of the operator's gives what arrives here a high score; "
				  "weir's own detection may find nothing.",
				  ""},
	[WR_CLASS_DRIFT] =
		{"For a day this address has had another load than usual at the same hours: "
		 "more users, or fewer, or something else is asked of it.",
		 ""},
	[WR_CLASS_ADMIN_PORT] = {"Packets from another host come to a port where an API gateway is "
				 "administered; most gateways ask nobody there who he is.",
				 "Whoever completes a connection is there; one SYN may be "
				 "anybody's."},
};

const char *wr_explain_meaning(enum wr_finding_class c)
{
	return words[c].meaning;
}

const char *wr_explain_origin(enum wr_finding_class c)
{
	return words[c].origin;
}

const struct wr_evidence *wr_explain_telling(const struct wr_finding *f)
{
	const struct wr_evidence *best = f->n_evidence ? &f->evidence[0] : NULL;
	double most = 0;

	if (best && best->share > 0) /* the first of an anomaly has most of its score */
		return best;
	for (uint32_t k = 0; k < f->n_evidence; k++) {
		const struct wr_evidence *e = &f->evidence[k];

		if (e->has_norm && e->value / fmax(1, e->norm) > most) {
			most = e->value / fmax(1, e->norm);
			best = e;
		}
	}
	return best;
}
