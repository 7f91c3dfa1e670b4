// SPDX-License-Identifier: GPL-2.0-or-later
// What is said of services, talkers, protocols and interfaces, column by column.

import {el, say, Spark} from "./dom.js";
import * as format from "./format.js";

export const unitNow = {is: format.UNITS.bits};

const sum = (row) => [row.now.in, row.now.out].filter(Boolean).reduce((all, c) => all + unitNow.is.of(c), 0);

// The name, with a bar below that says how much of the table's rate this row has. A port may stand
// on a line of its own, but is not broken.
export function named(text, note, narrow) {
	return () => {
		const host = el("span"), port = el("span", {class: "port"});
		const name = el("button", {type: "button", class: "row", tabindex: "-1"}, host, port);
		const more = el("span", {class: narrow ? "note only-narrow" : "note"});
		const root = el("div", {class: narrow ? "named plain" : "named"}, name, more);
		return {root, button: name, set(row) {
			const [, before, after] = (row.other ? "all others" : text(row)).match(/^(.*?)(:\d+)?$/s);
			say(host, before);
			say(port, after || "");
			say(more, row.other ? "" : note(row));
			root.style.setProperty("--share", (row.most ? sum(row) / row.most : 0).toFixed(3));
		}};
	};
}

function spark() {
	return () => {
		const line = new Spark("in");
		return {root: line.root, set(row) {
			const s = row.series;
			line.set(s && s["in_" + unitNow.is.key].map((v, i) => v + (s["out_" + unitNow.is.key] ? s["out_" + unitNow.is.key][i] : 0)));
		}};
	};
}

export const last = {label: "last minute", make: spark(), kind: "sparks"};
const rateIn = {label: "in", number: true, kind: "in", sort: "rate", text: (row) => format.rate(row.now.in, unitNow.is)};
const rateOut = {label: "out", number: true, kind: "out", hide: "narrow", text: (row) => format.rate(row.now.out, unitNow.is)};
const packets = {label: "packets", number: true, hide: "mid", sort: "packets", title: "since it was first seen, both ways",
	text: (row) => format.short(row.in.packets + (row.out ? row.out.packets : 0))};
const bytes = {label: "bytes", number: true, hide: "mid", sort: "bytes", title: "since it was first seen, both ways",
	text: (row) => format.bytes(row.in.bytes + (row.out ? row.out.bytes : 0))};
const flows = {label: "flows", number: true, hide: "mid", sort: "flows", text: (row) => format.short(row.flows)};
const sources = {label: "sources", number: true, hide: "mid", sort: "sources", title: "in this minute or the one before, an estimate",
	text: (row) => format.short(row.sources)};
const since = {label: "since", number: true, hide: "wide", sort: "age", text: (row) => row.start ? format.clock(Date.parse(row.start)) : format.DASH};

const PORTS = {20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "dns", 67: "dhcp", 80: "http", 110: "pop3", 123: "ntp",
	143: "imap", 161: "snmp", 179: "bgp", 389: "ldap", 443: "https", 445: "smb", 514: "syslog", 587: "submission", 636: "ldaps", 853: "dns-tls",
	993: "imaps", 1433: "mssql", 1883: "mqtt", 2049: "nfs", 3306: "mysql", 3389: "rdp", 4789: "vxlan", 5060: "sip", 5353: "mdns",
	5432: "postgres", 5672: "amqp", 6379: "redis", 6443: "kubernetes", 8080: "http-alt", 8443: "https-alt", 9092: "kafka", 9100: "node-exporter",
	9347: "weir", 11211: "memcached", 27017: "mongodb", 51820: "wireguard"};

function serviceNote(row) {
	return [row.proto || row.ip_proto, row.app_proto || PORTS[row.dest_port]].filter((word) => word !== undefined).join(" · ");
}

export const KINDS = {
	services: {
		label: "Services", empty: "No service has been spoken to yet.",
		id: (row) => `${row.dest_ip} ${row.dest_port} ${row.ip_proto}`,
		title: (row) => `${row.proto || row.ip_proto} ${format.end(row.dest_ip, row.dest_port)}`,
		columns: [{label: "service", make: named((row) => format.end(row.dest_ip, row.dest_port), serviceNote)}, rateIn, rateOut, last,
			packets, bytes, flows, sources, since],
		filter: (row) => `host ${row.dest_ip}` + (row.dest_port ? ` and ${String(row.proto || "").toLowerCase()} port ${row.dest_port}` : ""),
	},
	talkers: {
		label: "Talkers", empty: "Nobody has talked to this host yet.",
		id: (row) => row.src_ip, title: (row) => row.src_ip,
		columns: [{label: "address", make: named((row) => row.src_ip, () => "")}, rateIn, rateOut, last, packets, bytes, flows, since],
		filter: (row) => `host ${row.src_ip}`,
	},
	protocols: {
		label: "Protocols", empty: "No packet has been seen yet.",
		id: (row) => `${row.ip_proto} ${row.ethertype}`, title: (row) => protocol(row),
		columns: [{label: "protocol", make: named(protocol, number)}, rateIn, rateOut, last, packets, bytes],
	},
	interfaces: {
		label: "Interfaces", empty: "No interface is watched.",
		id: (row) => row.in_iface, title: (row) => row.in_iface,
		columns: [{label: "interface", make: named((row) => row.in_iface, () => "")}, rateIn, rateOut, last, packets, bytes],
	},
};

function protocol(row) {
	if (row.proto)
		return row.proto;
	if (row.ip_proto !== undefined)
		return `IP protocol ${row.ip_proto}`;
	return row.ethertype !== undefined ? `EtherType 0x${row.ethertype.toString(16).padStart(4, "0")}` : "not IP";
}

function number(row) {
	if (row.ip_proto !== undefined)
		return `IP ${row.ip_proto}`;
	return row.ethertype !== undefined ? `EtherType 0x${row.ethertype.toString(16).padStart(4, "0")}` : "";
}

// Rows know the largest rate beside them, for their bars.
export function withMost(rows) {
	const most = Math.max(1, ...rows.filter((row) => !row.other).map(sum));
	for (const row of rows)
		row.most = most;
	return rows;
}
