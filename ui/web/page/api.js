// SPDX-License-Identifier: GPL-2.0-or-later
// What is asked of API gateways: routes, consumers, clients, with answers and times.

import {el, say, titled} from "./dom.js";
import {ask} from "./ask.js";
import * as format from "./format.js";
import {named, withMost} from "./columns.js";
import {details} from "./peek.js";
import {Table} from "./table.js";

const AGAIN_MS = 10000, TOP = 200;

const ms = (t, key) => t ? format.micro(Math.round(t[key] * 1000)) : format.DASH;
const rate = (n) => n === undefined ? format.DASH : n < 10 ? n.toFixed(1) : format.short(n);
const tokens = (row) => row.tokens ? row.tokens.in + row.tokens.out : 0;
const bytes = (row) => row.bytes_in + row.bytes_out;
const failed = (row) => (row.classes.none || 0) + (row.classes["5xx"] || 0);
const time = (row, key) => row.total_ms ? row.total_ms[key] : 0;

const ORDER = {
	rate: (row) => row.per_second || 0, requests: (row) => row.requests, errors: (row) => row.error_share, p50: (row) => time(row, "p50"),
	p95: (row) => time(row, "p95"), p99: (row) => time(row, "p99"), bytes, away: (row) => row.turned_away, tokens,
};

// Those without a name are a row of their own.
const REST = {route: "no route", consumer: "no consumer named", client: "no client named"};
const nameOf = (row) => row.rest === "none" ? REST[row.of] : row.route || row.consumer || row.client_ip || "";
const askers = (row) => (row.top_clients || []).map((c) => c.client_ip);
const note = (row) => [row.model && `model: ${row.model}`, row.backend && `backend ${row.backend}`].filter(Boolean).join(" · ");

function columns(first, who) {
	return [
		{label: first, make: named(nameOf, note)},
		{label: "req/s", number: true, kind: "in", sort: "rate", title: "requests a second, of the last ten seconds", text: (row) => rate(row.per_second)},
		{label: "requests", number: true, hide: "mid", sort: "requests", text: (row) => format.short(row.requests)},
		{label: "errors", number: true, kind: "out", sort: "errors", title: "5xx and no answer, of all", text: (row) => format.share(failed(row), row.requests)},
		{label: "p50", number: true, hide: "mid", sort: "p50", title: "half of the answers were there by then", text: (row) => ms(row.total_ms, "p50")},
		{label: "p95", number: true, hide: "narrow", sort: "p95", text: (row) => ms(row.total_ms, "p95")},
		{label: "p99", number: true, hide: "mid", sort: "p99", text: (row) => ms(row.total_ms, "p99")},
		{label: "bytes", number: true, hide: "mid", sort: "bytes", title: "both ways", text: (row) => format.bytes(bytes(row))},
		{label: "refused", number: true, hide: "mid", sort: "away", title: "403 and 429 of the gateway itself", text: (row) => format.short(row.turned_away)},
		{label: "tokens", number: true, hide: "wide", sort: "tokens", title: "both ways, where the log tells them", text: (row) => row.tokens ? format.short(tokens(row)) : format.DASH},
		!who && {label: "packets", number: true, hide: "wide", title: "that came from it, where they come to this host", text: (row) => row.wire ? format.short(row.wire.in.packets) : format.DASH},
		!who && {label: "rtt", number: true, hide: "mid", title: "round trip of opening a connection, mean", text: (row) => row.wire && row.wire.rtt_us ? format.micro(row.wire.rtt_us.mean) : format.DASH},
		who && {label: "top client", hide: "wide", title: "who asked most", text: (row) => askers(row)[0] || format.DASH},
	].filter(Boolean);
}

// What a bar is drawn from is no fact of the row; clients are told with their numbers.
function open({now: _, ...row}) {
	const shown = {...row, statuses: row.statuses.map((s) => `${s.status || "none"}: ${format.count(s.requests)}`)};
	if (row.top_clients)
		shown.top_clients = row.top_clients.map((c) => `${c.client_ip} (${c.over ? "about " : ""}${format.count(c.requests)})`);
	details(`${row.of} ${nameOf(row)}`, shown, row.client_ip && `host ${row.client_ip}`);
}

/* ---- the view ---- */

export function api() {
	let shown = false, busy = false, later = 0, rows = [], by = "rate";
	const wrong = el("p", {class: "wrong", role: "alert"}), told = el("p", {class: "note", role: "status"});
	const search = el("input", {type: "search", placeholder: "route, consumer, client…", "aria-label": "find in API", spellcheck: "false", oninput: () => show()});
	const sort = {by: () => by, choose(name) {
		by = name;
		show();
	}};
	const table = (of, label, who, empty) => ({of, root: new Table({label, columns: columns(of, who), id: (row) => `${row.rest || ""} ${nameOf(row)}`, empty, open, sort})});
	const tables = [table("route", "Routes", true, "No route was asked for yet."), table("consumer", "Consumers", true, "No consumer was named yet."),
		table("client", "Clients", false, "No client was named yet.")];

	function fits(row) {
		const text = `${nameOf(row)} ${note(row)} ${askers(row).join(" ")}`.toLowerCase();
		return search.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
	}

	function write({of, root}) {
		const all = rows.filter((row) => row.of === of).map((row) => ({...row, other: row.rest === "other",
			now: {in: {bytes: row.per_second || 0, packets: row.per_second || 0}}}));
		root.set(withMost(all.filter((row) => row.other ? !search.value.trim() : fits(row)).sort((a, b) => ORDER[by](b) - ORDER[by](a))));
	}

	function show() {
		const total = rows.find((row) => row.of === "total");
		if (!shown)
			return;
		tables.forEach(write);
		say(told, !total ? "" : `${format.count(total.requests)} requests, ${rate(total.per_second)} a second, ${format.share(failed(total), total.requests)} failed` +
			`, ${format.count(total.turned_away)} refused by the gateway` + (total.tokens ? `, ${format.short(tokens(total))} tokens` : "") +
			(total.unread_lines ? `; ${format.count(total.unread_lines)} lines could not be read` : "") + (total.lost ? `; ${format.count(total.lost)} more were lost on their way` : ""));
	}

	// Where nobody is listened to there is an error, which is not asked for each second.
	async function tick() {
		if (busy || Date.now() < later)
			return;
		busy = true;
		try {
			rows = await ask("api", {top: TOP});
			say(wrong, "");
		} catch (e) {
			rows = [];
			say(wrong, e.message);
			later = Date.now() + AGAIN_MS;
		}
		show();
		busy = false;
	}

	return {
		id: "api", title: "API", views: ["stats"], search,
		root: el("div", {}, el("section", {class: "panel"}, el("header", {class: "bar"}, el("h2", {}, "Routes"), search), wrong, told, tables[0].root.root),
			titled({}, "Consumers", el("p", {class: "note"}, "A consumer is shown by a hash of its key or name; neither is kept."), tables[1].root.root),
			titled({}, "Clients", tables[2].root.root)),
		show() {
			shown = true;
			later = 0;
			tick();
		},
		hide() {
			shown = false;
		},
		take: (view) => view === "stats" && tick(),
		unit: show,
	};
}
