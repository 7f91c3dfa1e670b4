// SPDX-License-Identifier: GPL-2.0-or-later
// Where every packet went: the ledger of each interface, and what the kernel dropped.

import {el, titled} from "./dom.js";
import * as format from "./format.js";
import {named} from "./columns.js";
import {details} from "./peek.js";
import {Table} from "./table.js";

const total = (named) => Object.values(named || {}).reduce((n, c) => n + (typeof c === "number" ? c : c.packets), 0);

// What left this host has a row of its own and did not arrive.
export function sums(rows) {
	const come = rows.filter((row) => !/-out$/.test(row.hook));
	const add = (of) => rows.reduce((n, row) => n + of(row), 0);
	return {
		arrived: come.reduce((n, row) => n + row.arrived.packets, 0), dropped: add((row) => total(row.dropped)), limited: add((row) => total(row.limited)),
		lost: add((row) => total(row.records && row.records.lost)),
	};
}

function term(name, n, sign, kind) {
	return [sign ? el("span", {class: "sign"}, sign) : null, el("span", {class: "term " + (kind || "")}, el("b", {}, format.count(n)), el("span", {}, name))];
}

function counts(title, list) {
	const entries = Object.entries(list || {});
	if (!entries.length)
		return null;
	return el("p", {class: "named-counts"}, title + ": ", entries.map(([name, c]) => `${name} ${format.count(typeof c === "number" ? c : c.packets)}`).join(", "));
}

function account(row) {
	const r = row.records || {made: 0, seen: 0, lost: {}};
	return el("section", {class: "account " + (row.balanced ? "good" : "bad")},
		el("h3", {}, el("span", {}, row.in_iface || "all"), el("span", {class: "note"}, row.hook), el("span", {class: "verdict"}, row.balanced ? "✓ balanced" : "✗ not balanced")),
		el("div", {class: "equation"}, ...term(/-out$/.test(row.hook) ? "left" : "arrived", row.arrived.packets), ...term("passed", row.passed.packets, "="),
			...term("dropped", total(row.dropped), "+"), ...term("limited", total(row.limited), "+")),
		el("div", {class: "equation small"}, ...term("records made", r.made), ...term("seen", r.seen, "="),
			...term("lost", total(r.lost), "+", total(r.lost) ? "bad" : ""), r.waiting ? el("span", {class: "note"}, `${format.count(r.waiting)} on their way`) : null),
		counts("dropped", row.dropped), counts("limited", row.limited), counts("lost", r.lost), counts("malformed", row.malformed));
}

export function ledger() {
	const accounts = el("div", {class: "accounts"});
	const drops = new Table({label: "Drops", id: (row) => `${row.kind} ${row.reason} ${row.in_iface} ${row.hook}`, empty: "Nothing was lost, came broken or was dropped.", columns: [
		{label: "what", make: named((row) => String(row.reason), (row) => row.text || "")},
		{label: "kind", hide: "mid", text: (row) => row.kind || ""},
		{label: "interface", hide: "narrow", text: (row) => [row.in_iface, row.hook].filter(Boolean).join(" · ")},
		{label: "packets", number: true, text: (row) => format.count(row.packets)},
	], open: (row) => details(`${row.reason} on ${row.in_iface}`, row)});

	const take = {
		ledger(rows) {
			if (rows.length)
				accounts.replaceChildren(...rows.map(account));
			else
				accounts.replaceChildren(el("p", {class: "empty"}, "No interface is watched."));
		},
		drops: (rows) => drops.set([...rows].sort((a, b) => b.packets - a.packets)),
	};

	return {
		id: "ledger", title: "Drops & ledger", short: "Ledger", views: ["stats", "ledger", "drops"],
		root: el("div", {}, titled({}, "Ledger", el("p", {class: "note"}, "arrived = passed + dropped + limited, to the packet; records are what the kernel told of single packets."), accounts),
			titled({}, "Lost, broken or dropped", drops.root)),
		show() {},
		hide() {},
		take: (view, rows) => take[view] && take[view](rows),
		unit() {},
	};
}
