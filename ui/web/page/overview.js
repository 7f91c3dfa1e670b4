// SPDX-License-Identifier: GPL-2.0-or-later
// The first look: how much, by whom, and whether anything is missing.

import {el, say, titled, Spark} from "./dom.js";
import * as format from "./format.js";
import {Table} from "./table.js";
import {Chart} from "./chart.js";
import {KINDS, unitNow, withMost} from "./columns.js";
import {details} from "./peek.js";
import {sums} from "./ledger.js";
import {forecast} from "./forecast.js";

const ROWS = 8, MINUTE_MS = 60e3;

function card(label, kind) {
	const value = el("p", {class: "value"}, format.DASH), more = el("p", {class: "note"}, "\u00a0"), line = kind && new Spark(kind);
	return {
		root: el("section", {class: "card " + (kind || ""), "aria-label": label}, el("h2", {}, label), value, more, line ? line.root : null),
		set(text, note, values) {
			say(value, text);
			say(more, note || "\u00a0");
			if (line)
				line.set(values);
		},
	};
}

// Rows of the last minute from a series: [milliseconds, in, out].
export function minute(stats, unit) {
	const s = stats.series || {}, come = s["in_" + unit.key] || [], go = s["out_" + unit.key];
	const newest = stats.timestamp ? Date.parse(stats.timestamp) : Date.now();
	return come.map((v, i) => [newest - (come.length - 1 - i) * 1000, v * unit.factor, go ? go[i] * unit.factor : null]);
}

export function overview(go) {
	const cards = {in: card("In", "in"), out: card("Out", "out"), flows: card("Flows"), lost: card("Lost or dropped"), ledger: card("Ledger")};
	const chart = new Chart({label: "Rate of the last minute"}), expected = forecast();
	const kinds = ["services", "talkers", "interfaces"];
	const tables = Object.fromEntries(kinds.map((kind) => [kind, new Table({
		...KINDS[kind], columns: KINDS[kind].columns.slice(0, 4),
		open: (row) => details(KINDS[kind].title(row), row, KINDS[kind].filter && KINDS[kind].filter(row)),
	})]));
	const more = (kind) => el("button", {type: "button", class: "more", onclick: () => go(kind)}, "all " + kind);
	let stats = null, begun = null;
	const last = {};

	function rates() {
		const unit = unitNow.is, other = unit === format.UNITS.bits ? format.UNITS.packets : format.UNITS.bits;
		const s = stats.series || {};
		cards.in.set(format.rate(stats.in, unit), format.rate(stats.in, other), s["in_" + unit.key]);
		cards.out.set(format.rate(stats.out, unit), stats.out ? format.rate(stats.out, other) : "what leaves is not watched", s["out_" + unit.key]);
		const rows = minute(stats, unit), newest = rows.length ? rows[rows.length - 1][0] : Date.now();
		chart.set(rows, unit, [newest - MINUTE_MS + 1000, newest]);
	}

	function flows() {
		const fresh = begun !== null && stats.window > begun.window ? (stats.flows.begun - begun.n) / (stats.window - begun.window) : null;
		begun = {window: stats.window, n: stats.flows.begun};
		cards.flows.set(format.count(stats.flows.active), fresh === null ? "" : `${format.short(Math.max(0, fresh))} new/s`);
	}

	const take = {
		stats([row]) {
			stats = row || stats;
			if (!stats)
				return;
			rates();
			flows();
			expected.tick();
		},
		ledger(rows) {
			const all = sums(rows), fine = rows.every((row) => row.balanced);
			cards.lost.root.classList.toggle("bad", all.lost > 0);
			const out = all.dropped + all.limited;
			cards.lost.set(format.count(all.lost + out), all.lost + out ? `${format.short(all.lost)} records · ${format.short(out)} packets` : "no record, no packet");
			cards.ledger.root.classList.toggle("bad", !fine);
			cards.ledger.root.classList.toggle("good", fine && rows.length > 0);
			cards.ledger.set(!rows.length ? format.DASH : fine ? "✓ balanced" : "✗ not balanced", rows.length ? `${format.short(all.arrived)} arrived` : "no interface");
		},
	};
	for (const kind of kinds)
		take[kind] = (rows) => {
			last[kind] = rows;
			tables[kind].set(withMost(rows.filter((row) => !row.other).slice(0, ROWS)));
		};

	return {
		id: "overview", title: "Overview", views: ["stats", "ledger", ...kinds],
		root: el("div", {class: "overview"}, el("div", {class: "cards"}, ...Object.values(cards).map((c) => c.root)),
			el("section", {class: "panel big", "aria-label": "Rate"}, chart.root), expected.root,
			el("div", {class: "two"}, titled({}, "Services", tables.services.root, more("services")),
				titled({}, "Talkers", tables.talkers.root, more("talkers"))),
			titled({}, "Interfaces", tables.interfaces.root)),
		show() {
			chart.draw();
			expected.show();
		},
		hide: () => expected.hide(),
		take: (view, rows) => take[view] && take[view](rows),
		unit() {
			if (stats)
				rates();
			for (const kind of kinds)
				if (last[kind])
					take[kind](last[kind]);
		},
	};
}
