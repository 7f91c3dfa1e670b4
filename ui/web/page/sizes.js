// SPDX-License-Identifier: GPL-2.0-or-later
// Protocols, packet sizes and TCP flags.

import {el, say, titled} from "./dom.js";
import * as format from "./format.js";
import {Table} from "./table.js";
import {KINDS, withMost} from "./columns.js";
import {details} from "./peek.js";

const FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
// Combinations that no honest TCP sends (RFC 9293, 3.5): SYN with FIN or RST, none at all, FIN alone with PSH and URG.
const ODD = (bits) => !bits || (bits & 3) === 3 || (bits & 6) === 6 || (bits & 5) === 5 || (bits & 0x3f) === 0x29;

function flagNames(hex) {
	const bits = parseInt(hex, 16);
	return FLAGS.filter((name, i) => bits >> i & 1).join(" ") || "none";
}

function bounds(sizes) {
	return sizes.map((s, i) => {
		const from = i ? sizes[i - 1].to + 1 : 0;
		const to = s.to !== undefined && s.to < 65536 ? s.to : undefined;
		return {...s, name: to === undefined ? `${from} and more` : from === to ? `${to}` : from ? `${from} – ${to}` : `up to ${to}`};
	});
}

// A bar as long as its share.
function bar(part) {
	return () => {
		const inner = el("span", {class: "fill"}), root = el("span", {class: "share"}, inner);
		return {root, set: (row) => inner.style.setProperty("--share", part(row).toFixed(4))};
	};
}

export function sizes() {
	const protocols = new Table({...KINDS.protocols, open: (row) => details(KINDS.protocols.title(row), row)});
	let all = 1, tcp = 1;
	const size = new Table({label: "Packet sizes", id: (row) => row.name, columns: [
		{label: "bytes", text: (row) => row.name},
		{label: "share", make: bar((row) => row.packets / all), kind: "shares"},
		{label: "packets", number: true, text: (row) => format.short(row.packets)},
		{label: "", number: true, hide: "narrow", text: (row) => format.share(row.packets, all)},
		{label: "bytes", number: true, hide: "mid", text: (row) => format.bytes(row.bytes)},
	]});
	const flags = new Table({label: "TCP flags", id: (row) => row.hex, empty: "No TCP packet has been seen yet.", columns: [
		{label: "flags", text: (row) => flagNames(row.hex) + (ODD(parseInt(row.hex, 16)) ? " ⚠" : "")},
		{label: "share", make: bar((row) => row.packets / tcp), kind: "shares"},
		{label: "packets", number: true, text: (row) => format.short(row.packets)},
		{label: "", number: true, hide: "narrow", text: (row) => format.share(row.packets, tcp)},
	]});
	const odd = el("p", {class: "note"});
	let last = [];

	const take = {
		protocols(rows) {
			last = rows;
			protocols.set(withMost(rows));
		},
		stats([row]) {
			if (!row)
				return;
			const classes = bounds(row.sizes || []);
			all = classes.reduce((n, s) => n + s.packets, 0);
			size.set(classes.filter((s, i) => s.packets || i));
			const kinds = Object.entries(row.tcp_flags || {}).map(([hex, packets]) => ({hex, packets})).sort((a, b) => b.packets - a.packets);
			tcp = kinds.reduce((n, f) => n + f.packets, 0);
			flags.set(kinds.slice(0, 16));
			const strange = kinds.filter((f) => ODD(parseInt(f.hex, 16))).reduce((n, f) => n + f.packets, 0);
			say(odd, strange ? `⚠ ${format.count(strange)} packets with flags that no honest TCP sends together` : "");
		},
	};

	return {
		id: "protocols", title: "Protocols & sizes", short: "Protocols", views: ["stats", "protocols"],
		root: el("div", {}, titled({}, "Protocols", protocols.root),
			el("div", {class: "two"}, titled({}, "Packet sizes", size.root), titled({}, "TCP flags", flags.root, odd))),
		show() {},
		hide() {},
		take: (view, rows) => take[view] && take[view](rows),
		unit: () => take.protocols(last),
	};
}
