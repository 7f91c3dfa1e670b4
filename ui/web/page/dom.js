// SPDX-License-Identifier: GPL-2.0-or-later
// Elements. Text goes in as text, always: what strangers sent is never parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, kids) {
	for (const [key, value] of Object.entries(props)) {
		if (value === false || value === undefined || value === null)
			continue;
		if (key.startsWith("on"))
			node.addEventListener(key.slice(2), value);
		else
			node.setAttribute(key, value === true ? "" : value);
	}
	node.append(...kids.filter((kid) => kid !== undefined && kid !== null));
	return node;
}

export function el(tag, props = {}, ...kids) {
	return fill(document.createElement(tag), props, kids);
}

export function svg(tag, props = {}, ...kids) {
	return fill(document.createElementNS(SVG, tag), props, kids);
}

// Sets text only when it is new, so that nothing is laid out again for nothing.
export function say(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

export function panel(title, ...kids) {
	return el("section", {class: "panel"}, el("h2", {}, title), ...kids);
}

export function titled(props, title, ...kids) {
	return el("section", {...props, class: "panel " + (props.class || "")}, el("h2", {}, title), ...kids);
}

const WIDE = 60, HIGH = 20;

// A line of the last minute, as tall as its largest value. set(values) with undefined clears it.
export class Spark {
	constructor(kind = "in") {
		this.area = svg("path", {class: "area " + kind});
		this.line = svg("path", {class: "line " + kind});
		this.root = svg("svg", {class: "spark", viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true"},
			this.area, this.line);
	}

	set(values) {
		const most = Math.max(1, ...(values || []));
		const step = WIDE / Math.max(1, (values || []).length - 1);
		const at = (values || []).map((v, i) => `${(i * step).toFixed(1)} ${(HIGH - 1 - v / most * (HIGH - 2)).toFixed(1)}`);
		this.line.setAttribute("d", at.length ? "M" + at.join("L") : "");
		this.area.setAttribute("d", at.length ? `M0 ${HIGH}L${at.join("L")}L${WIDE} ${HIGH}Z` : "");
	}
}
