// SPDX-License-Identifier: GPL-2.0-or-later
// All that is known of one row, and a look at its packets.

import {el, say} from "./dom.js";
import {ask} from "./ask.js";
import * as format from "./format.js";

const PACKETS = 20, AGAIN_MS = 2000;
const HIDDEN = new Set(["event_type", "series", "most", "other"]);

// Facts of an object as [name, text], objects within it flattened: "in packets".
function facts(row, before = "") {
	const flags = Object.keys(row).filter((key) => row[key] === true && !HIDDEN.has(key));
	const is = flags.length ? [[before.trim() || "is", flags.join(", ")]] : [];
	return is.concat(Object.entries(row).flatMap(([key, value]) => {
		if (HIDDEN.has(key) || value === null || value === true)
			return [];
		const name = before + key;
		if (Array.isArray(value))
			return [[name, value.map((v) => typeof v === "object" ? JSON.stringify(v) : String(v)).join(", ")]];
		if (typeof value === "object")
			return facts(value, name + " ");
		return [[name, typeof value === "number" && !/port|proto|ip_v|type|linktype|pid/.test(key) ? format.count(value) : String(value)]];
	}));
}

// One packet as a line, in the order of the command line's.
export function line(p) {
	const time = p.timestamp ? p.timestamp.slice(11, 26) : "";
	const flags = p.tcp ? " [" + ["syn", "fin", "rst", "psh", "ack", "urg"].filter((f) => p.tcp[f]).map((f) => f[0] === "a" ? "." : f[0].toUpperCase()).join("") + "]" : "";
	const what = p.src_ip ? `${format.end(p.src_ip, p.src_port)} > ${format.end(p.dest_ip, p.dest_port)} ${p.proto || p.ip_proto}${flags}` :
		p.arp ? `ARP ${p.arp.src_ip} > ${p.arp.dest_ip}` : `EtherType ${p.ether ? p.ether.type : "?"}`;
	return `${time} ${what} len ${p.len}` + (p.in_iface ? ` on ${p.in_iface}` : "") + (p.malformed ? ` malformed: ${p.malformed}` : "") +
		(p.payload_printable ? `  ${p.payload_printable}` : "");
}

const OFF = "The last packets are not kept here: set 'size = 12MiB' in [dump] of the configuration, then 'weir config reload'.";

// What is not there, and how far back it goes.
function kept(state) {
	if (!state)
		return "";
	const of = state.oldest ? `; kept are those of the last ${format.span((Date.now() - Date.parse(state.oldest)) / 1000)}` : "";
	return of + (state.passed_over ? `, ${format.count(state.passed_over)} were passed over (at most ${format.count(state.rate)} a second are kept)` : "");
}

export function peeking(filter) {
	const list = el("ol", {class: "packets", hidden: true});
	const status = el("p", {class: "note", role: "status"});
	const stop = new AbortController();
	const button = el("button", {type: "button", class: "primary"}, "Look at packets");
	const command = el("p", {class: "note"}, "on the command line: ", el("code", {}, `weir watch '${filter}'`));
	let looks = false;

	function end() {
		looks = false;
		say(button, "Look at packets");
	}

	// Asked first, so that a core without them is no error.
	async function offered() {
		const [row] = await ask("status", {}, stop.signal);
		if (!row.dump) {
			end();
			say(status, OFF);
		}
		return !!row.dump;
	}

	async function look() {
		const rows = await ask("dump", {filter, count: PACKETS}, stop.signal);
		const packets = rows.filter((row) => row.event_type === "packet");
		if (!looks)
			return;
		list.replaceChildren(...packets.map((p) => el("li", {}, line(p))));
		list.hidden = !packets.length;
		say(status, (packets.length ? `the last ${packets.length} packets of: ${filter}` : `no packet was kept of: ${filter}`) +
			kept(rows.find((row) => row.event_type === "dump")));
	}

	// Again and again, never two at a time, until it is closed.
	async function lookOn(first) {
		try {
			if (first && !await offered())
				return;
			await look();
			if (looks)
				setTimeout(() => looks && lookOn(false), AGAIN_MS);
		} catch (e) {
			end();
			if (e.name !== "AbortError")
				say(status, e.message);
		}
	}

	button.addEventListener("click", () => {
		if (looks) {
			end();
			return;
		}
		looks = true;
		say(button, "Stop");
		lookOn(true);
	});
	return {root: el("div", {class: "peek"}, button, command, status, list), stop() {
		end();
		stop.abort();
	}};
}

// A dialog; the keyboard goes back to where it was when it closes.
export function details(title, row, filter) {
	const peek = filter && peeking(filter);
	const close = el("button", {type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close()}, "×");
	const dialog = el("dialog", {class: "details", "aria-label": title, onclose: () => {
		if (peek)
			peek.stop();
		dialog.remove();
	}, onclick: (e) => e.target === dialog && dialog.close()},
	el("div", {class: "inside"}, el("header", {}, el("h2", {}, title), close),
		peek ? peek.root : null,
		el("dl", {}, ...facts(row).flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]))));
	document.body.append(dialog);
	dialog.showModal();
}
