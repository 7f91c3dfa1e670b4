/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_APP_JSON_H
#define WR_VIEW_APP_JSON_H

#include "base/buf.h"
#include "flow/apps.h"

/*
 * What the first payloads of a flow said (flow/apps.h), as keys of an object that is open:
 * "app_proto", and one object by the protocol's name as EVE has it: "tls", "http", "dns", "quic",
 * "ssh" (docs/events.md). Nothing when app is NULL. server: the end that offers the service, as the
 * flow knows it (wr_flow_server()), for protocols that do not say it themselves. Every text in it
 * was chosen by a stranger; it is escaped.
 */
void wr_view_app_json(struct wr_buf *b, const struct wr_app *app, int server);

#endif
