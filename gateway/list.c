/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/gateway_impl.h"

/* A driver is a file and a line in each of these. */
/* clang-format off */
const struct wr_gateway_driver *const wr_gateway_drivers[] = {
	&wr_gateway_haproxy,
	&wr_gateway_nginx,
	&wr_gateway_caddy,
	&wr_gateway_apinto,
	&wr_gateway_apisix,
	&wr_gateway_kong,
	&wr_gateway_nginx_lua,
	&wr_gateway_envoy,
	&wr_gateway_traefik,
};
const char *const wr_gateway_driver_names[] = {
	"haproxy",
	"nginx",
	"caddy",
	"apinto",
	"apisix",
	"kong",
	"nginx_lua",
	"envoy",
	"traefik",
	NULL,
};
/* clang-format on */
_Static_assert(sizeof(wr_gateway_drivers) + sizeof(char *) == sizeof(wr_gateway_driver_names),
	       "a driver has no name");

const struct wr_gateway_can wr_gateway_cans[] = {
	{WR_GATEWAY_CAN_DENY, "deny", "refuses addresses and prefixes, IPv4 and IPv6"},
	{WR_GATEWAY_CAN_LIMIT, "limit", "limits requests a second of an address"},
	{WR_GATEWAY_CAN_ANY_RATE, "any_rate", "to any rate; without it only to its classes"},
	{WR_GATEWAY_CAN_KEYS, "keys", "refuses keys by their hash"},
	{WR_GATEWAY_CAN_LIMIT_KEYS, "limit_keys", "limits requests a second of a key"},
	{WR_GATEWAY_CAN_CONSUMERS, "consumers", "refuses and limits consumers by their names"},
	{WR_GATEWAY_CAN_ROUTES, "routes", "limits what each consumer asks of a route"},
	{WR_GATEWAY_CAN_EXPIRE, "expires", "entries end by its own clock, weir dead or not"},
	{WR_GATEWAY_CAN_ATOMIC, "atomic", "many entries come in force at the same moment"},
	{WR_GATEWAY_CAN_CONFIRM, "confirms",
	 "says itself what it has; without it weir sees its file alone"},
	{WR_GATEWAY_CAN_STAY, "stays", "a restart of it changes nothing"},
	{0},
};

const char *wr_gateway_driver_name(const struct wr_gateway *g)
{
	return g->driver->name;
}

const char *wr_gateway_where(const struct wr_gateway *g)
{
	return g->driver->where(&g->conf);
}

uint32_t wr_gateway_can(const struct wr_gateway *g)
{
	return g->driver->can(&g->conf);
}
