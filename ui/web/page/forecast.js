// SPDX-License-Identifier: GPL-2.0-or-later
// What was in the last hours, and what is expected in the next ones: the range goes on to the right.

import {el, say, titled} from "./dom.js";
import {ask} from "./ask.js";
import * as format from "./format.js";
import {color} from "./chart.js";

const AGAIN_MS = 60e3, LATER_MS = 10e3, PAST_S = 12 * 3600, PAST_POINTS = 720, POINTS = 96, TOP = 300, NEAR = 3;
const BY_KIND = {service: "service", class: "class", interface: "interface", rule: "rule"};
const KINDS = {total: "everything", service: "", class: "class ", interface: "interface ", rule: "rule "};

const unitOf = (row) => row.unit === "bit/s" ? format.UNITS.bits : format.UNITS.packets;
const idOf = (row) => [row.kind, row.key || "", row.unit, row.direction].join("\n");
const nameOf = (row) => `${KINDS[row.kind]}${row.key || ""}, ${["class", "rule"].includes(row.kind) ? "" : row.direction + ", "}${row.unit}`;
const minutes = (ms) => format.clock(ms, false);

// A row of history as a rate in the unit and direction of the forecast.
function was(point, row) {
	const of = row.direction === "out" ? {bytes: point.bytes_back, packets: point.packets_back} : point;
	return [Date.parse(point.timestamp), unitOf(row).of(of) / (point.duration || 1)];
}

function horizon(row, ahead) {
	const at = row.horizons.find((h) => h.ahead === ahead);
	if (!at)
		return "";
	const unit = unitOf(row), held = at.checked ? `; ${Math.round(at.held80 * 100)} of 100 such ranges held` : "";
	return `In ${ahead.replace("h", " h")} about ${unit.text(at.mid)}, ${unit.text(at.low80)} to ${unit.text(at.high80)} in eight of ten cases${held}. `;
}

function limit(row) {
	if (!row.limit)
		return "";
	const of = `${row.limit.name} of ${unitOf(row).text(row.limit.value)}`;
	if (row.limit.meets_minutes === undefined)
		return `The ${of} is not expected to be met.`;
	return row.limit.meets_minutes ? `The ${of} is expected to be met at about ${minutes(Date.parse(row.limit.meets_at))}.` : `The ${of} is met now.`;
}

/* ---- the chart: dygraphs, each value as [low, middle, high] ---- */

const LABELS = ["time", "was", "in 95 of 100", "in 80 of 100", "limit"];

class Ahead {
	constructor() {
		this.plot = el("div", {class: "plot", role: "img", "aria-label": "What is expected"});
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.graph && this.graph.updateOptions(this.options()));
	}

	options() {
		const grid = color("grid");
		return {
			labels: LABELS, colors: [color("in"), color("out"), color("out"), color("bad")], customBars: true, fillAlpha: 0.16, strokeWidth: 1.4,
			series: {"in 95 of 100": {strokeWidth: 0}, "in 80 of 100": {strokePattern: [5, 3]}, "limit": {strokePattern: [2, 3]}},
			gridLineColor: grid, axisLineColor: grid, axisLabelWidth: 58, includeZero: true, yRangePad: 6, rightGap: 8, animatedZooms: false,
			highlightCircleSize: 2, connectSeparatedPoints: false, interactionModel: {}, underlayCallback: (canvas, area, graph) => this.now(canvas, area, graph),
			axes: {
				x: {pixelsPerLabel: 90, axisLabelFormatter: (d) => minutes(d.valueOf())},
				y: {pixelsPerLabel: 34, axisLabelFormatter: (v) => this.unit.axis(v)},
			},
		};
	}

	// A line where the past ends.
	now(canvas, area, graph) {
		const x = graph.toDomXCoord(this.at);
		canvas.fillStyle = color("soft");
		canvas.fillRect(Math.round(x), area.y, 1, area.h);
	}

	set(row, past) {
		const least = Math.max(...row.path.map((p) => p.high80), ...past.map((p) => p[1]), 1), line = row.limit && row.limit.value < NEAR * least ? row.limit.value : null;
		const bar = (v) => v === null ? null : [v, v, v];
		this.unit = unitOf(row);
		this.at = Date.parse(row.timestamp);
		this.rows = [
			...past.filter(([at]) => at < this.at).map(([at, v]) => [new Date(at), bar(v), null, null, bar(line)]),
			...row.path.map((p) => [new Date(p.at), null, [p.low95, p.mid, p.high95], [p.low80, p.mid, p.high80], bar(line)]),
		];
		this.range = [this.at - PAST_S * 1000, Date.parse(row.path[row.path.length - 1].at)];
		this.top = Math.max(least * 1.3, line || 0);
		this.draw();
		this.plot.setAttribute("aria-label", `What is expected: ${horizon(row, "1h")}${horizon(row, "24h")}${limit(row)}`);
	}

	draw() {
		if (!window.Dygraph || !this.rows || !this.plot.clientWidth)
			return;
		// What is hardly known is wide: it does not press everything else flat.
		const now = {file: this.rows, dateWindow: this.range, valueRange: [0, this.top]};
		if (this.graph)
			this.graph.updateOptions(now);
		else
			this.graph = new window.Dygraph(this.plot, this.rows, {...this.options(), ...now});
		this.graph.resize();
	}
}

/* ---- the panel ---- */

export function forecast() {
	let shown = false, busy = false, later = 0, listed = "", chosen = "total\n\nbit/s\nin";
	const chart = new Ahead(), told = el("p", {class: "note", role: "status"}), wrong = el("p", {class: "wrong", role: "alert"});
	const select = el("select", {"aria-label": "expected of", onchange: () => {
		chosen = select.value;
		later = 0;
		tick();
	}});
	const key = (kind, text) => el("span", {class: "key " + kind}, el("i", {}), text);
	const root = titled({class: "expected"}, "Expected", el("div", {class: "keys"}, key("in", "was"), key("out", "expected: in 80, in 95 of 100 cases"), select), wrong, chart.plot, told);

	function list(rows) {
		const ids = rows.map(idOf);
		if (ids.join() === listed)
			return;
		listed = ids.join();
		select.replaceChildren(...rows.map((row) => el("option", {value: idOf(row), selected: idOf(row) === chosen}, nameOf(row))));
		if (!ids.includes(chosen))
			chosen = ids[0];
	}

	async function load() {
		const rows = await ask("forecast", {top: TOP});
		if (!rows.length) {
			say(told, "Nothing is expected yet: that takes a minute or two.");
			return;
		}
		list(rows);
		const brief = rows.find((row) => idOf(row) === chosen);
		const name = brief.key ? `${brief.kind} ${brief.key}` : brief.kind;
		const of = BY_KIND[brief.kind] ? {[BY_KIND[brief.kind]]: brief.key} : {};
		// No history is kept everywhere: then there is only what is expected.
		const [full, past] = await Promise.all([ask("forecast", {of: name, points: POINTS}), ask("history", {from: `-${PAST_S / 3600}h`, points: PAST_POINTS, ...of}).catch(() => [])]);
		const row = full.find((r) => idOf(r) === chosen);
		if (!shown || !row || !row.path.length)
			return;
		chart.set(row, past.map((point) => was(point, row)));
		say(told, `${horizon(row, "1h")}${horizon(row, "24h")}${limit(row)}`);
	}

	async function tick() {
		if (busy || Date.now() < later)
			return;
		busy = true;
		try {
			await load();
			say(wrong, "");
			later = Date.now() + AGAIN_MS;
		} catch (e) {
			say(wrong, e.message);
			later = Date.now() + LATER_MS;
		}
		busy = false;
	}

	return {
		root, tick,
		show() {
			shown = true;
			chart.draw();
			tick();
		},
		hide() {
			shown = false;
		},
	};
}
