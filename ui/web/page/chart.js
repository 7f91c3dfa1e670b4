// SPDX-License-Identifier: GPL-2.0-or-later
// What came in above the line, what went out below it. Drawn by dygraphs.

import {el, say} from "./dom.js";
import * as format from "./format.js";

const drawn = new Set();

// The library's own legend sets style attributes, which the page's policy forbids, and takes HTML.
if (window.Dygraph)
	window.Dygraph.PLUGINS = window.Dygraph.PLUGINS.filter((plugin) => plugin !== window.Dygraph.Plugins.Legend);

export function color(name) {
	return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((chart) => chart.paint()));

export class Chart {
	/*
	 * zoom(from, to): a range was drawn with mouse or finger, in milliseconds; without it the chart
	 * cannot be zoomed.
	 */
	constructor({label, zoom, long}) {
		this.label = label;
		this.zoom = zoom;
		this.long = long;
		this.unit = format.UNITS.bits;
		this.plot = el("div", {class: "plot", role: "img", "aria-label": label});
		this.time = el("span", {class: "time"});
		this.in = el("span", {class: "value"});
		this.out = el("span", {class: "value"});
		this.outKey = el("span", {class: "key out"}, el("i", {}), "out ", this.out);
		this.root = el("div", {class: "chart" + (long ? " long" : "")},
			el("div", {class: "keys"}, el("span", {class: "key in"}, el("i", {}), "in ", this.in), this.outKey, this.time), this.plot);
		drawn.add(this);
		if (!window.Dygraph)
			this.plot.replaceChildren(el("p", {class: "empty"}, "Charts are missing: this weir was built without libjs-dygraphs."));
	}

	options() {
		const grid = color("grid");
		return {
			labels: ["time", "in", "out"], colors: [color("in"), color("out")], fillGraph: true, fillAlpha: 0.22, strokeWidth: this.long ? 1 : 1.6,
			gridLineColor: grid, axisLineColor: grid, axisLabelWidth: 58, gridLineWidth: 1, highlightCircleSize: 3,
			includeZero: true, yRangePad: 6, rightGap: 8, animatedZooms: false, connectSeparatedPoints: false, digitsAfterDecimal: 2,
			axes: {
				x: {pixelsPerLabel: 90, axisLabelFormatter: (d) => this.tick(d)},
				y: {pixelsPerLabel: 34, axisLabelFormatter: (v) => this.unit.axis(Math.abs(v))},
			},
			highlightCallback: (e, x, points) => this.point(points[0] && points[0].idx),
			unhighlightCallback: () => this.point(undefined),
			...(this.zoom ? {zoomCallback: (from, to) => this.zoomed(from, to)} : {interactionModel: {}}),
		};
	}

	tick(date) {
		const at = date.valueOf ? date.valueOf() : date;
		if (this.wide > 2 * 86400e3)
			return new Date(at).toLocaleDateString([], {month: "short", day: "numeric"});
		return format.clock(at, this.wide <= 15 * 60e3);
	}

	zoomed(from, to) {
		// dygraphs also tells of its own way back to everything.
		if (to - from < this.wide * 0.98)
			this.zoom(from, to);
	}

	// Rows [milliseconds, in, out or null]; values in the unit, oldest first. range: [from, to].
	set(rows, unit, range) {
		this.rows = rows.map(([at, come, go]) => [new Date(at), come, go === null || go === undefined ? null : -go]);
		this.unit = unit;
		this.range = range;
		this.wide = range[1] - range[0];
		this.outKey.hidden = !rows.some((row) => row[2]);
		this.draw();
		if (!this.pointed)
			this.point(undefined);
		this.plot.setAttribute("aria-label", this.tell());
	}

	draw() {
		if (!window.Dygraph || !this.rows || !this.rows.length || !this.plot.clientWidth)
			return;
		const now = {file: this.rows, dateWindow: this.range};
		if (this.graph)
			this.graph.updateOptions(now);
		else
			this.graph = new window.Dygraph(this.plot, this.rows, {...this.options(), ...now});
		this.graph.resize();
	}

	paint() {
		if (this.graph)
			this.graph.updateOptions(this.options());
	}

	// The values under the pointer, or the newest ones.
	point(i) {
		this.pointed = i !== undefined;
		const row = this.rows && this.rows[i === undefined ? this.rows.length - 1 : i];
		if (!row)
			return;
		say(this.in, this.unit.text(row[1]));
		say(this.out, row[2] === null ? format.DASH : this.unit.text(-row[2]));
		say(this.time, this.pointed || this.long ? format.when(row[0].getTime()) : "now");
	}

	tell() {
		if (!this.rows.length)
			return `${this.label}: nothing yet`;
		const most = (k) => Math.max(0, ...this.rows.map((row) => Math.abs(row[k] || 0)));
		return `${this.label}: in at most ${this.unit.text(most(1))}, out at most ${this.unit.text(most(2))}`;
	}
}
