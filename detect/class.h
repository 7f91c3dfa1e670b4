/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_CLASS_H
#define WR_DETECT_CLASS_H

/*
 * What is found has a name here and nowhere else.
 *   X(symbol, name in JSON and options, severity, what a person reads)
 */
#define WR_CLASS_TABLE(X)                                                                     \
	X(SYN_FLOOD, "syn_flood", CRITICAL, "SYN flood")                                      \
	X(SYNACK_REFLECTION, "synack_reflection", CRITICAL, "SYN+ACK reflection")             \
	X(ACK_FLOOD, "ack_flood", CRITICAL, "flood of ACKs without a connection")             \
	X(RST_FLOOD, "rst_flood", CRITICAL, "flood of RSTs without a connection")             \
	X(UDP_FLOOD, "udp_flood", CRITICAL, "UDP flood")                                      \
	X(ICMP_FLOOD, "icmp_flood", CRITICAL, "ICMP flood")                                   \
	X(FRAG_FLOOD, "frag_flood", CRITICAL, "flood of fragments")                           \
	X(AMP_DNS, "amp_dns", CRITICAL, "DNS amplification")                                  \
	X(AMP_NTP, "amp_ntp", CRITICAL, "NTP amplification")                                  \
	X(AMP_SNMP, "amp_snmp", CRITICAL, "SNMP amplification")                               \
	X(AMP_CLDAP, "amp_cldap", CRITICAL, "CLDAP amplification")                            \
	X(AMP_SSDP, "amp_ssdp", CRITICAL, "SSDP amplification")                               \
	X(AMP_MEMCACHED, "amp_memcached", CRITICAL, "memcached amplification")                \
	X(AMP_CHARGEN, "amp_chargen", CRITICAL, "chargen amplification")                      \
	X(AMP_OTHER, "amp_other", CRITICAL, "UDP amplification")                              \
	X(CARPET_BOMBING, "carpet_bombing", CRITICAL, "flood spread over a prefix")           \
	X(HTTP_FLOOD, "http_flood", HIGH, "flood of completed connections")                   \
	X(SLOW_HTTP, "slow_http", HIGH, "connections held open without a request")            \
	X(PORT_SCAN_VERTICAL, "port_scan_vertical", HIGH, "scan of a host's ports")           \
	X(PORT_SCAN_HORIZONTAL, "port_scan_horizontal", HIGH, "scan of many hosts")           \
	X(BRUTE_FORCE, "brute_force", HIGH, "logins tried one after another")                 \
	X(MALFORMED, "malformed", LOW, "malformed packets")                                   \
	X(ARP_SPOOF, "arp_spoof", HIGH, "an address that two stations claim")                 \
	X(ROGUE_DHCP, "rogue_dhcp", HIGH, "a second DHCP server")                             \
	X(ROGUE_RA, "rogue_ra", HIGH, "a second router that advertises itself")               \
	X(DHCP_FLOOD, "dhcp_flood", HIGH, "flood of DHCP requests")                           \
	X(DNS_TUNNEL, "dns_tunnel", HIGH, "data carried in DNS")                              \
	X(DNS_DGA, "dns_dga", HIGH, "lookups of names that do not exist")                     \
	X(ICMP_TUNNEL, "icmp_tunnel", HIGH, "data carried in ICMP")                           \
	X(BEACON, "beacon", LOW, "connections at regular intervals")                          \
	X(BACKSCATTER, "backscatter", INFO, "answers to somebody who forged our addresses")   \
	X(FLASH_CROWD, "flash_crowd", INFO, "many new clients, well behaved")                 \
	X(NEW_SERVICE, "new_service", INFO, "a service that was not there before")            \
	X(CAPACITY, "capacity", LOW, "a limit that is expected to be met")                    \
	X(API_ERRORS, "api_errors", HIGH, "errors of an API")                                 \
	X(API_SLOW, "api_slow", LOW, "slow answers of an API")                                \
	X(API_TRIES, "api_tries", HIGH, "keys or passwords of an API tried")                  \
	X(API_SCRAPING, "api_scraping", LOW, "an API that one client reads through")          \
	X(API_TOKENS, "api_tokens", HIGH, "tokens of a language model that one client burns") \
	X(ANOMALY, "anomaly", LOW, "traffic of another kind than usual")                      \
	X(MODEL_SCORE, "model_score", LOW, "a high score of a model")                         \
	X(ADMIN_PORT, "admin_port", HIGH, "somebody at the admin port of a gateway")          \
	X(DRIFT, "drift", INFO, "another load than usual at these hours")                     \
	X(EXFIL, "exfil", LOW, "far more data sent out than usual")                           \
	X(NEW_TALKER, "new_talker", INFO, "much of a service with somebody who is new")

enum wr_finding_class {
#define X(sym, name, severity, text) WR_CLASS_##sym,
	WR_CLASS_TABLE(X)
#undef X
		WR_CLASS_COUNT
};

/* X(symbol, name) */
#define WR_SEVERITY_TABLE(X) \
	X(INFO, "info")      \
	X(LOW, "low")        \
	X(HIGH, "high")      \
	X(CRITICAL, "critical")

enum wr_severity {
#define X(sym, name) WR_SEVERITY_##sym,
	WR_SEVERITY_TABLE(X)
#undef X
		WR_SEVERITY_COUNT
};

const char *wr_class_name(enum wr_finding_class c);
const char *wr_class_text(enum wr_finding_class c);
enum wr_severity wr_class_severity(enum wr_finding_class c);
const char *wr_severity_name(enum wr_severity s);

#endif
