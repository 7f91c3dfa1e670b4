// SPDX-License-Identifier: GPL-2.0-or-later
// Classes: what each was offered, what of it passed and what gave way; and the links that they share.

import {el, say, titled} from "./dom.js";
import {ask} from "./ask.js";
import * as format from "./format.js";
import {last, named, unitNow, withMost} from "./columns.js";
import {details} from "./peek.js";
import {Table} from "./table.js";

const AGAIN_MS = 10000, MINUTE = 60;

const bits = (n) => n ? format.scaled(n, "bit/s") : format.DASH;
const nameOf = (row) => row.class || "(no class)";
const second = (key) => (row) => format.rate(row.second[key], unitNow.is);

// What a class had of a link is a row below the class.
const idOf = (row) => row.of ? `${nameOf(row)} ${row.of}` : nameOf(row);
const labelOf = (row) => row.of ? `↳ ${row.of}` : nameOf(row);

function bounds(row) {
	if (row.of)
		return `of ${nameOf(row)}`;
	return [`priority ${row.priority}`, row.guarantee_bps && `guarantee ${bits(row.guarantee_bps)}`, row.ceiling_bps && `ceiling ${bits(row.ceiling_bps)}`]
		.filter(Boolean).join(" · ");
}

const columns = [
	{label: "class", make: named(labelOf, bounds)},
	{label: "offered", number: true, hide: "narrow", text: second("offered")},
	{label: "passed", number: true, kind: "in", text: second("passed")},
	{label: "dropped", number: true, kind: "out", text: second("dropped"), title: "gave way: the link was full, or the class at its ceiling"},
	{...last, hide: "narrow", title: "what passed, as long as this view was open"},
	{label: "borrowed", number: true, hide: "mid", text: second("borrowed"), title: "passed beyond the guarantee"},
	{label: "marked", number: true, hide: "mid", text: (row) => format.short(row.second.marked.packets), title: "packets with an ECN mark in place of a loss"},
	{label: "dropped so far", number: true, hide: "wide", text: (row) => format.count(row.total.dropped.packets)},
];

const linkName = (row) => `${row.iface} ${row.direction}`;
const linkColumns = [
	{label: "link", make: named(linkName, (row) => row.pressed_by ? `the host did not keep up: ${row.pressed_by}` : "")},
	{label: "uses", number: true, kind: "in", text: (row) => format.scaled(row.used_bps, "bit/s")},
	{label: "may use", number: true, text: (row) => row.budget_bps ? bits(row.budget_bps) : "all"},
	{label: "carries", number: true, hide: "narrow", text: (row) => bits(row.capacity_bps), title: "its capacity, as the policy or the interface says"},
	{label: "queue", number: true, hide: "mid", text: (row) => format.micro(row.queue_us), title: "what would wait: how full it is"},
];

// Each class, and below it what it had of each link. Of one link alone that would be the same again.
function withParts(rows) {
	const links = rows.filter((row) => row.event_type === "link" && row.classes);
	return rows.filter((row) => row.event_type === "class").flatMap((row) => [row, ...(links.length < 2 ? [] : links.flatMap((link) =>
		link.classes.filter((part) => nameOf(part) === nameOf(row)).map((part) => ({...part, of: linkName(link)}))))]);
}

// A minute of each, by name: those that are gone are forgotten.
class Minute {
	constructor() {
		this.of = new Map();
	}

	add(rows) {
		const now = new Map();
		for (const row of rows) {
			const c = row.second.passed, was = this.of.get(idOf(row)) || {in_bytes: Array(MINUTE).fill(0), in_packets: Array(MINUTE).fill(0)};
			row.series = {in_bytes: [...was.in_bytes.slice(1), c.bytes], in_packets: [...was.in_packets.slice(1), c.packets]};
			row.now = {in: c};
			now.set(idOf(row), row.series);
		}
		this.of = now;
		return rows;
	}
}

// What a bar is drawn from is no fact of the row.
function open({now: _, of, ...row}) {
	details(`Class ${nameOf(row)}${of ? `, ${of}` : ""}`, row);
}

/* ---- the view ---- */

export function classes() {
	let shown = false, busy = false, later = 0, rows = [], parts = [];
	const minute = new Minute();
	const wrong = el("p", {class: "wrong", role: "alert"});
	const table = new Table({label: "Classes", columns, id: idOf, empty: "The policy has no classes.", open});
	const links = new Table({label: "Links", columns: linkColumns, id: linkName, empty: "No link is governed.",
		open: ({now: _, ...row}) => details(`Link ${linkName(row)}`, row)});

	function show() {
		if (!shown)
			return;
		table.set(withMost(parts));
		links.set(rows.filter((row) => row.event_type === "link").map((row) =>
			({...row, now: {in: {bytes: row.used_bps / 8, packets: row.used_bps}}, most: row.budget_bps || row.capacity_bps})));
	}

	// Where there are none there is an error, which is not asked for each second.
	async function tick() {
		if (busy || Date.now() < later)
			return;
		busy = true;
		try {
			rows = await ask("classes");
			parts = minute.add(withParts(rows));
			say(wrong, "");
		} catch (e) {
			rows = parts = [];
			say(wrong, e.message);
			later = Date.now() + AGAIN_MS;
		}
		show();
		busy = false;
	}

	return {
		id: "classes", title: "Classes", views: ["stats"],
		root: el("div", {}, titled({}, "Classes", wrong, table.root), titled({}, "Links", links.root)),
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
