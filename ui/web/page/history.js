// SPDX-License-Identifier: GPL-2.0-or-later
// What was: a range of time as a chart, and closer.

import {el, say} from "./dom.js";
import {ask} from "./ask.js";
import * as format from "./format.js";
import {Chart} from "./chart.js";
import {unitNow} from "./columns.js";

const RANGES = [["15 m", 900], ["1 h", 3600], ["6 h", 21600], ["24 h", 86400], ["7 d", 604800]];
const POINTS = 4000, NARROW_S = 30, RENEW_S = 60, ROUTES = 100;
// Of a route: what was asked above the line, what of it failed below.
const REQUESTS = {label: "req/s", of: (c) => c.requests, text: (v) => format.scaled(v, "req/s"), axis: (v) => format.scaled(v, "")};

// Counters of a row as other views have them: what arrived, what left.
function bothWays(row) {
	if (row.requests !== undefined)
		return {...row, in: {requests: row.requests, bytes: row.bytes_in}, out: {requests: row.failed, bytes: row.bytes_out}};
	return {...row, in: {packets: row.packets, bytes: row.bytes}, out: {packets: row.packets_back, bytes: row.bytes_back}};
}

export function history() {
	let route = "", from = 0, to = 0, live = 3600, rows = [], asked = null, shown = false, renewed = 0;
	const wrong = el("p", {class: "wrong", role: "alert"}), told = el("p", {class: "note", role: "status"});
	const chart = new Chart({label: "History", long: true, zoom: (a, b) => look(a / 1000, b / 1000)});
	const ranges = RANGES.map(([name, seconds]) => el("button", {type: "button", "data-seconds": seconds, onclick: () => recent(seconds)}, name));
	const move = (name, label, by) => el("button", {type: "button", "aria-label": label, title: label, onclick: by}, name);
	const shift = (part) => look(from + (to - from) * part, to + (to - from) * part);
	const scale = (by) => look((from + to) / 2 - (to - from) * by / 2, (from + to) / 2 + (to - from) * by / 2);
	const steps = [move("←", "earlier", () => shift(-0.5)), move("→", "later", () => shift(0.5)), move("+", "closer", () => scale(0.5)), move("−", "wider", () => scale(2))];

	const of = el("select", {"aria-label": "of what", hidden: true, onchange: () => {
		route = of.value;
		load(from, to);
	}}, el("option", {value: ""}, "everything"));

	const now = () => Date.now() / 1000;

	// What gateways are asked; where none is listened to there is nothing to choose.
	async function routes() {
		let names = [];
		try {
			names = (await ask("api", {top: ROUTES})).filter((row) => row.of === "route" && row.route).map((row) => row.route);
		} catch {
			// The view API tells why.
		}
		const all = [...new Set([...names, ...route ? [route] : []])];
		of.replaceChildren(el("option", {value: ""}, "everything"), ...all.map((name) => el("option", {value: name}, name)));
		of.value = route;
		of.hidden = !all.length;
	}

	function recent(seconds) {
		live = seconds;
		load(now() - seconds, now());
	}

	function look(a, b) {
		const wide = Math.max(NARROW_S, b - a), middle = (a + b) / 2;
		live = 0;
		const end = Math.min(now(), middle + wide / 2);
		load(end - wide, end);
	}

	async function load(a, b) {
		[from, to] = [a, b];
		ranges.forEach((button) => button.setAttribute("aria-pressed", String(Number(button.dataset.seconds) === live)));
		if (asked)
			asked.abort();
		const mine = asked = new AbortController();
		try {
			rows = (await ask("history", {from: a.toFixed(3), to: b.toFixed(3), points: POINTS, route}, mine.signal)).map(bothWays);
			say(wrong, "");
			show();
		} catch (e) {
			if (e.name !== "AbortError")
				say(wrong, e.message);
		}
	}

	// A step in which nothing is known is a gap, not a zero.
	function points(unit) {
		const out = [];
		for (const row of rows) {
			const at = Date.parse(row.timestamp), wide = row.duration || 1;
			if (out.length && at - out[out.length - 1][0] > wide * 2500)
				out.push([out[out.length - 1][0] + wide * 1000, null, null]);
			out.push([at, unit.of(row.in) / wide, row.out ? unit.of(row.out) / wide : null]);
		}
		return out;
	}

	function show() {
		if (!shown)
			return;
		const unit = route ? REQUESTS : unitNow.is, all = points(unit);
		chart.set(all, unit, [from * 1000, to * 1000]);
		const sum = (of) => rows.reduce((n, row) => n + (of(row) || 0), 0);
		const spanned = `${format.when(from * 1000)} to ${format.when(to * 1000)} (${format.span(to - from)})`;
		const asked = sum((r) => r.requests);
		say(told, !rows.length ? `Nothing is kept of ${spanned}.` : route ?
			`${spanned}: ${format.short(asked)} requests, ${format.short(sum((r) => r.failed))} failed, ${format.short(sum((r) => r.refused))} refused, ` +
			`${format.bytes(sum((r) => r.bytes_out))} of answers, ${format.micro(Math.round(1000 * sum((r) => r.mean_ms * r.requests) / Math.max(1, asked)))} on average; ` +
			`above the line what was asked, below it what failed; a point is ${format.span(rows[0].duration || 1)}.` :
			`${spanned}: ${format.bytes(sum((r) => r.in.bytes))} and ${format.short(sum((r) => r.in.packets))} packets in` +
			`, ${format.bytes(sum((r) => r.out && r.out.bytes))} out, ${format.short(sum((r) => r.flows))} flows, ${format.short(sum((r) => r.dropped))} packets dropped; ` +
			`a point is ${format.span(rows[0].duration || 1)}.`);
	}

	function key(e) {
		const by = {"+": () => scale(0.5), "=": () => scale(0.5), "-": () => scale(2), ArrowLeft: () => shift(-0.25), ArrowRight: () => shift(0.25)}[e.key];
		if (!by || e.ctrlKey || e.altKey || e.metaKey)
			return;
		e.preventDefault();
		by();
	}

	chart.plot.setAttribute("tabindex", "0");
	chart.plot.addEventListener("keydown", key);
	return {
		id: "history", title: "History", views: ["stats"],
		root: el("section", {class: "panel big"}, el("header", {class: "bar"}, el("h2", {}, "History"), of,
			el("div", {class: "group", role: "group", "aria-label": "range"}, ...ranges), el("div", {class: "group", role: "group", "aria-label": "move"}, ...steps)),
		wrong, chart.root, told),
		show() {
			shown = true;
			routes();
			if (live)
				recent(live);
			else
				show();
		},
		hide() {
			shown = false;
		},
		// A range that ends now goes on by itself, unless somebody reads the chart.
		take() {
			if (!live || chart.pointed || now() - renewed < Math.min(RENEW_S, Math.max(2, live / 600)))
				return;
			renewed = now();
			recent(live);
		},
		unit: show,
	};
}
