// SPDX-License-Identifier: GPL-2.0-or-later
// Flows, chosen by a pcap-filter expression that the core compiles.

import {el, say} from "./dom.js";
import {ask} from "./ask.js";
import * as format from "./format.js";
import {named} from "./columns.js";
import {Table} from "./table.js";
import {details} from "./peek.js";

const TOP = 200;

// What the first bytes of a flow said of it. Written by strangers: shown as text.
function said(row) {
	if (row.tls && row.tls.sni)
		return row.tls.sni;
	if (row.http)
		return `${row.http.http_method || ""} ${row.http.hostname || ""}${row.http.url || ""}`.trim();
	if (row.quic && row.quic.sni)
		return row.quic.sni;
	if (row.ssh)
		return ["client", "server"].map((end) => row.ssh[end] && row.ssh[end].software_version).filter(Boolean).join(" → ");
	return row.dns ? `${row.dns.rrtype || ""} ${row.dns.rrname || ""} ${row.dns.rcode || ""}`.trim() : "";
}

const title = (row) => `${row.proto || row.ip_proto} ${format.end(row.src_ip, row.src_port)} → ${format.end(row.dest_ip, row.dest_port)}`;

function filter(row) {
	const port = (p) => p === undefined ? "" : ` and port ${p}`;
	return `host ${row.src_ip} and host ${row.dest_ip}${port(row.src_port)}${port(row.dest_port)}`;
}

function state(row) {
	return [row.flow.state, row.flow.reason].filter(Boolean).join(", ");
}

const columns = [
	{label: "client", make: named((row) => format.end(row.src_ip, row.src_port), (row) => "→ " + format.end(row.dest_ip, row.dest_port), true)},
	{label: "server", kind: "end", hide: "narrow", text: (row) => row.dest_ip ? format.end(row.dest_ip, row.dest_port) : ""},
	{label: "protocol", hide: "narrow", text: (row) => [row.proto || row.ip_proto, row.app_proto].filter(Boolean).join(" ")},
	{label: "asks for", hide: "mid", kind: "said", text: said},
	{label: "to server", number: true, hide: "narrow", sort: "bytes", text: (row) => format.bytes(row.flow.bytes_toserver)},
	{label: "to client", number: true, text: (row) => format.bytes(row.flow.bytes_toclient)},
	{label: "packets", number: true, hide: "wide", sort: "packets", text: (row) => format.short(row.flow.pkts_toserver + row.flow.pkts_toclient)},
	{label: "round trip", number: true, hide: "wide", text: (row) => row.rtt_us ? format.micro(row.rtt_us) : format.DASH},
	{label: "age", number: true, hide: "mid", sort: "age", text: (row) => row.flow.age === undefined ? format.DASH : format.span(row.flow.age)},
	{label: "state", hide: "wide", text: state},
];

export function flows() {
	let by = "rate", busy = false, again = false, shown = false;
	const search = el("input", {type: "search", name: "filter", placeholder: "pcap filter: tcp port 443 and host 192.0.2.7", "aria-label": "filter, a pcap-filter expression",
		autocapitalize: "off", autocomplete: "off", spellcheck: "false"});
	const found = el("span", {class: "note", role: "status"});
	const wrong = el("p", {class: "wrong", role: "alert", id: "flows-wrong"});
	const form = el("form", {class: "bar", onsubmit(e) {
		e.preventDefault();
		chosen = search.value.trim();
		bad = false;
		tick();
	}}, el("h2", {}, "Flows"), search, el("button", {type: "submit"}, "Filter"), found);
	const table = new Table({
		label: "Flows", columns, empty: "No flow fits.",
		id: (row) => `${row.src_ip} ${row.src_port} ${row.dest_ip} ${row.dest_port} ${row.ip_proto} ${row.vlan}`,
		open: (row) => details(title(row), row, filter(row)),
		sort: {by: () => by, choose(name) {
			by = name;
			tick();
		}},
	});
	let chosen = "", bad = false;
	search.addEventListener("input", () => {
		if (!search.value)
			form.requestSubmit();
	});

	// A filter that was refused is not tried again until it is another one.
	async function tick() {
		again = busy;
		if (busy || bad)
			return;
		busy = true;
		try {
			const rows = await ask("flows", {top: TOP, sort: by, filter: chosen});
			if (shown)
				table.set(rows);
			say(found, rows.length >= TOP ? `the first ${TOP}` : `${rows.length}`);
			say(wrong, "");
			search.removeAttribute("aria-invalid");
		} catch (e) {
			say(wrong, e.message);
			bad = e.status === 400;
			search.setAttribute("aria-invalid", "true");
			search.setAttribute("aria-describedby", "flows-wrong");
		}
		busy = false;
		if (again)
			tick();
	}

	return {
		id: "flows", title: "Flows", views: ["stats"], search,
		root: el("section", {class: "panel"}, form, wrong, table.root),
		show() {
			shown = true;
			tick();
		},
		hide() {
			shown = false;
		},
		take: (view) => view === "stats" && tick(),
		unit() {},
	};
}
