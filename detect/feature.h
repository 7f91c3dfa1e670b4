/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_FEATURE_H
#define WR_DETECT_FEATURE_H

/*
 * What is measured, of an address or a service, in a window.
 *   X(symbol, name in JSON, unit, what a person reads)
 * Rates are of what arrives there.
 */
#define WR_FEATURE_TABLE(X)                                                             \
	X(PACKETS, "packets", "packets/s", "packets")                                   \
	X(BYTES, "bytes", "bytes/s", "bytes on the wire")                               \
	X(SYN, "syn", "packets/s", "SYNs")                                              \
	X(HANDSHAKES, "handshakes", "connections/s", "handshakes completed")            \
	X(HALF_OPEN, "half_open", "connections/s", "SYNs without a handshake")          \
	X(SYNACK_UNASKED, "synack_unasked", "packets/s", "SYN+ACKs nobody asked for")   \
	X(ACK_UNASKED, "ack_unasked", "packets/s", "ACKs without a connection")         \
	X(RST_UNASKED, "rst_unasked", "packets/s", "RSTs without a connection")         \
	X(UDP_UNASKED, "udp_unasked", "packets/s", "UDP packets nobody asked for")      \
	X(UDP_ANSWERED, "udp_answered", "flows/s", "UDP flows answered")                \
	X(AMP_UNASKED, "amp_unasked", "packets/s", "answers nobody asked for")          \
	X(ICMP, "icmp", "packets/s", "ICMP packets")                                    \
	X(FRAGMENTS, "fragments", "packets/s", "fragments")                             \
	X(MALFORMED, "malformed", "packets/s", "malformed packets")                     \
	X(NEW_FLOWS, "new_flows", "flows/s", "new flows")                               \
	X(NEW_SOURCES, "new_sources", "sources/s", "sources not seen before")           \
	X(NEW_CLIENTS, "new_clients", "clients/s", "clients that were none before")     \
	X(SOURCES, "sources", "sources", "sources")                                     \
	X(NEW_SHARE, "new_share", "share", "of the sources are new")                    \
	X(TOP_SHARE, "top_share", "share", "of the packets are from the first source")  \
	X(MEAN_SIZE, "mean_size", "bytes", "mean size")                                 \
	X(SOURCE_PORT, "source_port", "port", "source port")                            \
	X(WINDOW, "window", "s", "window")                                              \
	X(HOSTS, "hosts", "hosts", "hosts")                                             \
	X(PORTS, "ports", "ports", "ports")                                             \
	X(ATTEMPTS, "attempts", "attempts", "attempts")                                 \
	X(ANSWERED, "answered", "share", "of them were answered")                       \
	X(SESSIONS, "sessions", "sessions", "short sessions")                           \
	X(SESSION_BYTES, "session_bytes", "bytes", "mean size of a session")            \
	X(HELD, "held", "connections", "connections held")                              \
	X(INTERVAL, "interval", "s", "interval")                                        \
	X(JITTER, "jitter", "share", "of the interval is how far they stray")           \
	X(QUERIES, "queries", "queries", "queries")                                     \
	X(NAMES, "names", "names", "different names")                                   \
	X(NAME_LENGTH, "name_length", "characters", "mean length of a name")            \
	X(NXDOMAIN, "nxdomain", "answers", "answers that a name does not exist")        \
	X(STATIONS, "stations", "stations", "stations")                                 \
	X(BROKEN, "broken", "packets", "malformed packets")                             \
	X(REASON, "reason", "reason", "most of them:")                                  \
	X(REASON_SHARE, "reason_share", "share", "of those that were read are so")      \
	X(FLAGS, "flags", "flags", "TCP flags")                                         \
	X(OFFERS, "offers", "packets", "times that it said so")                         \
	X(KNOWN, "known", "known", "known ones")                                        \
	X(DIFFERS, "differs", "share", "of what it gives out is not as known ones do")  \
	X(PREFIXES, "prefixes", "prefixes", "different prefixes")                       \
	X(ANSWERS, "answers", "connections", "connections answered")                    \
	X(PROTOCOL, "protocol", "protocol", "IP protocol")                              \
	X(EXPECTED, "expected", "bit/s", "expected")                                    \
	X(NOW, "now", "bit/s", "now")                                                   \
	X(CEILING, "ceiling", "bit/s", "ceiling")                                       \
	X(CAPACITY, "capacity", "bit/s", "capacity")                                    \
	X(EXPECTED_PACKETS, "expected_packets", "packets/s", "expected")                \
	X(NOW_PACKETS, "now_packets", "packets/s", "now")                               \
	X(LIMIT, "limit", "packets/s", "limit")                                         \
	X(AHEAD, "ahead", "s", "from now on")                                           \
	X(REQUESTS, "requests", "requests/s", "requests")                               \
	X(ERROR_SHARE, "error_share", "share", "of the requests fail with 5xx")         \
	X(SLOWEST, "slowest", "s", "is what one in twenty answers exceeds")             \
	X(REFUSALS, "refusals", "answers", "answers 401 and 403")                       \
	X(PATHS, "paths", "paths", "different paths")                                   \
	X(TOKENS, "tokens", "tokens", "tokens")                                         \
	X(CLIENT_SHARE, "client_share", "share", "of them are of the first client")     \
	X(ANSWER_SIZE, "answer_size", "bytes", "mean size of what is answered")         \
	X(BACK_SHARE, "back_share", "share", "of all packets are answers")              \
	X(FLOW_PACKETS, "flow_packets", "packets", "packets for each new flow")         \
	X(SIZE_MIX, "size_mix", "share", "of the packets are of other sizes")           \
	X(FLAG_MIX, "flag_mix", "share", "of the packets have other TCP flags")         \
	X(TTL_MIX, "ttl_mix", "share", "of the packets have another time to live")      \
	X(SCORE, "score", "score", "score of a model")                                  \
	X(SENT, "sent", "MB", "MB sent to where it usually does not")                   \
	X(SENT_SHARE, "sent_share", "share", "of that went there")                      \
	X(RECEIVED, "received", "MB", "MB came back")                                   \
	X(PACKET_SHARE, "packet_share", "share", "of what comes there are its packets") \
	X(BYTE_SHARE, "byte_share", "share", "of the bytes are its own")                \
	X(ODD_SIZES, "odd_sizes", "sizes", "sizes that came back and were not sent")

enum wr_feature {
#define X(sym, name, unit, text) WR_FEATURE_##sym,
	WR_FEATURE_TABLE(X)
#undef X
		WR_FEATURE_COUNT
};

const char *wr_feature_name(enum wr_feature f);
const char *wr_feature_unit(enum wr_feature f);
const char *wr_feature_text(enum wr_feature f);

#endif
