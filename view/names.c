/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/packet.h"
#include "view/packet_impl.h"

#include "core/proto.h"
#include "core/reason.h"

/* Names of numbers. */

/* IANA's keywords, as EVE writes them. */
static const char *const proto_name[256] = {
	[0] = "HOPOPT",
	[1] = "ICMP",
	[2] = "IGMP",
	[3] = "GGP",
	[4] = "IPv4",
	[5] = "ST",
	[6] = "TCP",
	[7] = "CBT",
	[8] = "EGP",
	[9] = "IGP",
	[10] = "BBN-RCC-MON",
	[11] = "NVP-II",
	[12] = "PUP",
	[13] = "ARGUS",
	[14] = "EMCON",
	[15] = "XNET",
	[16] = "CHAOS",
	[17] = "UDP",
	[18] = "MUX",
	[19] = "DCN-MEAS",
	[20] = "HMP",
	[21] = "PRM",
	[22] = "XNS-IDP",
	[23] = "TRUNK-1",
	[24] = "TRUNK-2",
	[25] = "LEAF-1",
	[26] = "LEAF-2",
	[27] = "RDP",
	[28] = "IRTP",
	[29] = "ISO-TP4",
	[30] = "NETBLT",
	[31] = "MFE-NSP",
	[32] = "MERIT-INP",
	[33] = "DCCP",
	[34] = "3PC",
	[35] = "IDPR",
	[36] = "XTP",
	[37] = "DDP",
	[38] = "IDPR-CMTP",
	[39] = "TP++",
	[40] = "IL",
	[41] = "IPv6",
	[42] = "SDRP",
	[43] = "IPv6-Route",
	[44] = "IPv6-Frag",
	[45] = "IDRP",
	[46] = "RSVP",
	[47] = "GRE",
	[48] = "DSR",
	[49] = "BNA",
	[50] = "ESP",
	[51] = "AH",
	[52] = "I-NLSP",
	[53] = "SWIPE",
	[54] = "NARP",
	[55] = "MOBILE",
	[56] = "TLSP",
	[57] = "SKIP",
	[58] = "IPv6-ICMP",
	[59] = "IPv6-NoNxt",
	[60] = "IPv6-Opts",
	[62] = "CFTP",
	[64] = "SAT-EXPAK",
	[65] = "KRYPTOLAN",
	[66] = "RVD",
	[67] = "IPPC",
	[69] = "SAT-MON",
	[70] = "VISA",
	[71] = "IPCV",
	[72] = "CPNX",
	[73] = "CPHB",
	[74] = "WSN",
	[75] = "PVP",
	[76] = "BR-SAT-MON",
	[77] = "SUN-ND",
	[78] = "WB-MON",
	[79] = "WB-EXPAK",
	[80] = "ISO-IP",
	[81] = "VMTP",
	[82] = "SECURE-VMTP",
	[83] = "VINES",
	[84] = "TTP",
	[85] = "NSFNET-IGP",
	[86] = "DGP",
	[87] = "TCF",
	[88] = "EIGRP",
	[89] = "OSPFIGP",
	[90] = "Sprite-RPC",
	[91] = "LARP",
	[92] = "MTP",
	[93] = "AX.25",
	[94] = "IPIP",
	[95] = "MICP",
	[96] = "SCC-SP",
	[97] = "ETHERIP",
	[98] = "ENCAP",
	[100] = "GMTP",
	[101] = "IFMP",
	[102] = "PNNI",
	[103] = "PIM",
	[104] = "ARIS",
	[105] = "SCPS",
	[106] = "QNX",
	[107] = "A/N",
	[108] = "IPComp",
	[109] = "SNP",
	[110] = "Compaq-Peer",
	[111] = "IPX-in-IP",
	[112] = "VRRP",
	[113] = "PGM",
	[115] = "L2TP",
	[116] = "DDX",
	[117] = "IATP",
	[118] = "STP",
	[119] = "SRP",
	[120] = "UTI",
	[121] = "SMP",
	[122] = "SM",
	[123] = "PTP",
	[124] = "ISIS",
	[125] = "FIRE",
	[126] = "CRTP",
	[127] = "CRUDP",
	[128] = "SSCOPMCE",
	[129] = "IPLT",
	[130] = "SPS",
	[131] = "PIPE",
	[132] = "SCTP",
	[133] = "FC",
	[134] = "RSVP-E2E-IGNORE",
	[135] = "Mobility-Header",
	[136] = "UDPLite",
	[137] = "MPLS-in-IP",
	[138] = "MANET",
	[139] = "HIP",
	[140] = "Shim6",
	[141] = "WESP",
	[142] = "ROHC",
	[143] = "Ethernet",
	[144] = "AGGFRAG",
	[145] = "NSH",
};

static const char *const bad_name[WR_BAD_COUNT] = {
#define X(sym, name, text) name,
	WR_BAD_TABLE(X)
#undef X
};

static const char *const bad_text[WR_BAD_COUNT] = {
#define X(sym, name, text) text,
	WR_BAD_TABLE(X)
#undef X
};

static const char *const tunnel_name[WR_TUNNEL_COUNT] = {
#define X(sym, name) name,
	WR_TUNNEL_TABLE(X)
#undef X
};

static const char *const tcpopt_name[256] = {
	[WR_TCPOPT_EOL] = "eol",       [WR_TCPOPT_NOP] = "nop",	       [WR_TCPOPT_MSS] = "mss",
	[WR_TCPOPT_WSCALE] = "wscale", [WR_TCPOPT_SACK_OK] = "sackOK", [WR_TCPOPT_SACK] = "sack",
	[WR_TCPOPT_TS] = "TS",	       [WR_TCPOPT_MD5] = "md5",	       [WR_TCPOPT_AO] = "ao",
	[WR_TCPOPT_MPTCP] = "mptcp",   [WR_TCPOPT_TFO] = "tfo",	       [WR_TCPOPT_EXP1] = "exp",
	[WR_TCPOPT_EXP2] = "exp",
};

static const struct {
	uint16_t type;
	const char *name;
} ethertypes[] = {
	{0x0800, "IPv4, unreadable"},
	{0x0806, "ARP"},
	{0x0842, "Wake-on-LAN"},
	{0x8035, "RARP"},
	{0x8100, "VLAN, unreadable"},
	{0x86dd, "IPv6, unreadable"},
	{0x8808, "Ethernet flow control"},
	{0x8809, "LACP and slow protocols"},
	{0x8847, "MPLS"},
	{0x8848, "MPLS, upstream label"},
	{0x8863, "PPPoE discovery"},
	{0x8864, "PPPoE session"},
	{0x888e, "EAPOL"},
	{0x8892, "PROFINET"},
	{0x88a4, "EtherCAT"},
	{0x88a8, "QinQ, unreadable"},
	{0x88b8, "GOOSE"},
	{0x88ba, "sampled values"},
	{0x88cc, "LLDP"},
	{0x88e1, "HomePlug"},
	{0x88e5, "MACsec"},
	{0x88f7, "PTP"},
	{0x8902, "CFM"},
	{0x8906, "FCoE"},
	{0x8909, "Cisco MetaData"},
	{0x9000, "Ethernet loopback test"},
};

const char *wr_view_proto(uint8_t proto)
{
	return proto_name[proto];
}

const char *wr_view_bad(uint8_t bad)
{
	return bad < WR_BAD_COUNT ? bad_name[bad] : "unknown";
}

const char *wr_view_bad_text(uint8_t bad)
{
	return bad < WR_BAD_COUNT ? bad_text[bad] : "unknown reason";
}

const char *wr_view_tunnel(uint8_t tunnel)
{
	return tunnel < WR_TUNNEL_COUNT ? tunnel_name[tunnel] : "unknown";
}

const char *wr_view_tcpopt(uint8_t kind)
{
	return tcpopt_name[kind];
}

const char *wr_view_ethertype(uint16_t type)
{
	size_t i;

	for (i = 0; i < sizeof(ethertypes) / sizeof(ethertypes[0]); i++)
		if (ethertypes[i].type == type)
			return ethertypes[i].name;
	return NULL;
}
