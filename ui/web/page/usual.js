// SPDX-License-Identifier: GPL-2.0-or-later
// What is usual of an address by the hours of the week, as it was learned, and what is now and was: one above the other.

import {el, say} from "./dom.js";
import {ask} from "./ask.js";
import * as format from "./format.js";
import {color} from "./chart.js";

const HOUR_MS = 3600e3, DAY = 24, WEEK = 168, WEEK_BEFORE = 144, WEEK_POINTS = 400, DAY_POINTS = 1500, SERVICES = 8, KEPT = 600, AGAIN_MS = 1000;
const UNIT = format.UNITS.packets, DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

// 1 January 1970 was a Thursday; hours of the week begin on Monday, 00:00 UTC.
const hourOf = (ms) => (Math.floor(ms / HOUR_MS) + 72) % WEEK;
const short = format.plain;

// An address as `learned` names it, of a victim that may have a port; "": it is none.
export function addressOf(victim) {
	const v6 = victim.match(/^\[([0-9a-f:.]+)\](?::\d+)?$/i), v4 = victim.match(/^(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)(?::\d+)?$/);
	return v6 ? v6[1] : v4 ? v4[1] : /^[0-9a-f]*:[0-9a-f:.]*(\/\d+)?$/i.test(victim) ? victim : "";
}

/* ---- what this page has seen itself ---- */

// Packets/s of each address of the table, a value each second that the view was open: [milliseconds, value].
export class Seen {
	constructor() {
		this.of = new Map();
	}

	take(rows) {
		const at = Date.now();
		const next = new Map();
		for (const row of rows)
			next.set(row.who, [...(this.of.get(row.who) || []), [at, row.features.packets.now]].slice(-KEPT));
		this.of = next;
	}
}

/* ---- what was, by history ---- */

// A history is kept of services, not of addresses: what came to the busiest of this one, added up. [] where there is none.
async function before(who, hours, points) {
	const services = (await ask("services", {sort: "packets", top: 1000})).filter((s) => s.dest_ip === who && s.dest_port !== undefined).slice(0, SERVICES);
	const key = (s) => `${String(s.proto).toLowerCase()}/${s.dest_port}@${who}`;
	const all = await Promise.all(services.map((s) => ask("history", {service: key(s), from: `-${hours}h`, points}).catch(() => [])));
	const sum = new Map();
	for (const point of all.flat()) {
		const at = Date.parse(point.timestamp), seconds = point.duration || 1;
		const so = sum.get(at) || [at, 0, seconds * 1000];
		so[1] += point.packets / seconds;
		sum.set(at, so);
	}
	return {steps: [...sum.values()].sort((a, b) => a[0] - b[0]), services: all.filter((rows) => rows.length).length};
}

/* ---- the band ---- */

// [usual, most] at a time, or null. Hours of the week where a day of them is known, else what is usual now.
function bandOf(row, now, isWeek) {
	const hours = new Map((row.by_hour || []).map((h) => [h.hour, h])), {usual, most} = row.features.packets;
	return (ms) => {
		const hour = hours.get(hourOf(ms)), isNow = Math.floor(ms / HOUR_MS) === Math.floor(now / HOUR_MS);
		if (isNow)
			return [usual, most];
		if (isWeek)
			return hour && hour.most !== undefined ? [hour.usual, hour.most] : null;
		return ms >= Date.parse(row.since) ? [hour ? hour.usual : usual, most] : null;
	};
}

// The step that a time is in. steps: [begin, value, length], sorted; asked for in order.
function stepper(steps) {
	let i = 0;
	return (ms) => {
		while (i + 1 < steps.length && steps[i + 1][0] <= ms)
			i++;
		const at = steps[i];
		return at && at[0] <= ms && ms < at[0] + at[2] ? at[1] : null;
	};
}

/* ---- the plot: dygraphs, each value as [low, middle, high] ---- */

const LABELS = ["time", "usual", "was", "now"];

class Plot {
	constructor() {
		this.root = el("div", {class: "plot", role: "img", "aria-label": "What is usual, and what is now"});
		this.dark = matchMedia("(prefers-color-scheme: dark)");
		this.repaint = () => this.graph && this.graph.updateOptions(this.options());
		this.dark.addEventListener("change", this.repaint);
		if (!window.Dygraph)
			this.root.replaceChildren(el("p", {class: "empty"}, "Charts are missing: this weir was built without libjs-dygraphs."));
	}

	options() {
		const grid = color("grid");
		return {
			labels: LABELS, colors: [color("out"), color("in"), color("bad")], customBars: true, fillAlpha: 0.22, strokeWidth: 1.4,
			series: {usual: {strokeWidth: 1}, now: {strokeWidth: 2, drawPoints: true, pointSize: 3}},
			gridLineColor: grid, axisLineColor: grid, axisLabelWidth: 58, includeZero: true, yRangePad: 6, rightGap: 8, animatedZooms: false,
			highlightCircleSize: 2, connectSeparatedPoints: false, interactionModel: {},
			axes: {
				x: {pixelsPerLabel: 50, axisLabelFormatter: (d) => this.tick(d.valueOf())},
				y: {pixelsPerLabel: 34, axisLabelFormatter: (v) => UNIT.axis(v)},
			},
		};
	}

	tick(ms) {
		const day = new Date(ms).toLocaleDateString([], {weekday: "short"});
		return this.isWeek ? day : format.clock(ms, false);
	}

	// rows: [milliseconds, [usual, most] or null, was or null, now or null]
	set(rows, range, isWeek) {
		const same = (v) => v === null ? null : [v, v, v];
		this.isWeek = isWeek;
		this.rows = rows;
		if (!window.Dygraph || !rows.length || !this.root.clientWidth)
			return;
		const file = rows.map(([at, band, was, now]) => [new Date(at), band && [band[0], band[0], band[1]], same(was), same(now)]);
		const now = {file, dateWindow: range};
		if (this.graph)
			this.graph.updateOptions(now);
		else
			this.graph = new window.Dygraph(this.root, file, {...this.options(), ...now});
	}

	end() {
		this.dark.removeEventListener("change", this.repaint);
		if (this.graph)
			this.graph.destroy();
		this.graph = null;
	}
}

/* ---- in words ---- */

function words(row, past, isWeek, live) {
	const {now, usual, most} = row.features.packets, hours = (row.by_hour || []).filter((h) => h.most !== undefined);
	const least = hours.reduce((a, b) => b.usual < a.usual ? b : a, hours[0]), best = hours.reduce((a, b) => b.usual > a.usual ? b : a, hours[0]);
	const name = (h) => `${DAYS[Math.floor(h.hour / DAY)]} ${String(h.hour % DAY).padStart(2, "0")}:00 UTC`;
	const week = isWeek && hours.length ? ` By the hours of the week that are known (${hours.length} of ${WEEK}): ${short(least.usual)} on ${name(least)} to ${short(best.usual)} on ${name(best)}.` :
		" Not a day is known yet: the most is that of now.";
	const line = past.steps.length ? ` The line is what came to ${past.services} service${past.services > 1 ? "s" : ""} there, from history; ` : " No history is kept of it; ";
	return `Now ${short(now)} packets/s; usual at this hour ${short(usual)}, at most ${short(most)}.${week}${line}` +
		`${live > 1 ? `the points are the last ${format.span(Math.max(1, live))}, as this page saw them.` : "the point is now."}`;
}

/* ---- all of it, of one address; null: nothing is known of that ---- */

export function plotOf(who, seen) {
	const plot = new Plot(), told = el("p", {class: "note"}, "asking…") /* no status: it changes each second */;
	const key = (kind, text) => el("span", {class: "key " + kind}, el("i", {}), text);
	const root = el("div", {class: "norm"}, el("div", {class: "keys"}, key("out", "usual to usual at most"), key("in", "was"), key("bad", "now"), el("span", {class: "time"}, "packets/s")), plot.root, told);
	let ended = false, timer = 0, past = {steps: [], services: 0};

	function show(row) {
		const now = Date.now(), isWeek = (row.by_hour || []).some((h) => h.most !== undefined);
		const hour = Math.floor(now / HOUR_MS) * HOUR_MS, from = isWeek ? hour - WEEK_BEFORE * HOUR_MS : now - DAY * HOUR_MS, to = isWeek ? from + WEEK * HOUR_MS : hour + HOUR_MS;
		const live = (seen.of.get(who) || []).filter(([at]) => at < now).concat([[now, row.features.packets.now]]);
		const edges = [];
		for (let at = Math.floor(from / HOUR_MS) * HOUR_MS; at < to; at += HOUR_MS)
			edges.push(at, at + HOUR_MS - 1000);
		const steps = past.steps.flatMap(([at, , wide]) => [at, at + wide - 1]), nows = new Map(live);
		const times = [...new Set([...edges, ...steps, ...nows.keys()])].filter((at) => at >= from && at <= to).sort((a, b) => a - b);
		const band = bandOf(row, now, isWeek), was = stepper(past.steps);
		// A point that was seen here stands alone unless the next one follows: what lies between is no gap.
		let last = null;
		const rows = times.map((at) => {
			last = nows.has(at) ? nows.get(at) : at < live[0][0] || at > now ? null : last;
			return [at, band(at), was(at), last];
		});
		plot.set(rows, [from, to], isWeek);
		const text = words(row, past, isWeek, (now - live[0][0]) / 1000);
		say(told, text);
		plot.root.setAttribute("aria-label", `What is usual at ${who}, and what is now. ${text}`);
	}

	async function tick() {
		try {
			const [row] = await ask("learned", {of: who, hours: "yes"});
			if (ended)
				return;
			if (row)
				show(row);
			else
				say(told, `Nothing is known of ${who} yet.`);
		} catch (e) {
			say(told, e.message);
		}
		if (!ended)
			timer = setTimeout(tick, AGAIN_MS);
	}

	async function load() {
		const [row] = await ask("learned", {of: who, hours: "yes"}).catch(() => []);
		const isWeek = row && (row.by_hour || []).some((h) => h.most !== undefined);
		past = row && !who.includes("/") ? await before(who, isWeek ? WEEK_BEFORE : DAY, isWeek ? WEEK_POINTS : DAY_POINTS).catch(() => past) : past;
		if (!ended)
			tick();
	}

	load();
	return {root, end() {
		ended = true;
		clearTimeout(timer);
		plot.end();
	}};
}

export function details(row, seen) {
	const norm = plotOf(row.who, seen);
	const close = el("button", {type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close()}, "×");
	const dialog = el("dialog", {class: "details", "aria-label": `What is usual at ${row.who}`, onclose: () => {
		norm.end();
		dialog.remove();
	}, onclick: (e) => e.target === dialog && dialog.close()},
	el("div", {class: "inside"}, el("header", {}, el("h2", {}, `What is usual at ${row.who}`), close), norm.root));
	document.body.append(dialog);
	dialog.showModal();
}
