// SPDX-License-Identifier: GPL-2.0-or-later
// Incidents: what was found, at whom, since when, the numbers that say so beside what is usual, and what is usual at all.

import {el, say, svg, titled} from "./dom.js";
import {ask} from "./ask.js";
import * as format from "./format.js";
import {named} from "./columns.js";
import {Table} from "./table.js";
import {Seen, addressOf, details, plotOf} from "./usual.js";

const AGAIN_MS = 10000, LEARNED = 30;

const lasts = (row) => format.span((Date.parse(row.end || row.last) - Date.parse(row.timestamp)) / 1000);
const words = (text) => text.replaceAll("_", " ");
const short = format.plain;

const columns = [
	{label: "what", make: named((row) => row.classes.map(words).join(", "), (row) => `at ${row.target}${row.victims_total > 1 ? ` and ${row.victims_total - 1} more` : ""}`)},
	{label: "state", text: (row) => row.state},
	{label: "severity", text: (row) => row.severity},
	{label: "since", hide: "narrow", text: (row) => format.when(Date.parse(row.timestamp))},
	{label: "lasts", number: true, hide: "mid", text: lasts},
	{label: "findings", number: true, hide: "mid", text: (row) => format.count(row.findings)},
];

const of = (row, name) => row.features[name] || {now: 0, usual: 0, most: 0};
const learnedColumns = [
	{label: "address", make: named((row) => row.who, (row) => `known: ${row.sure}, ${row.hours} of 168 hours`)},
	{label: "packets/s", number: true, text: (row) => short(of(row, "packets").now)},
	{label: "usual", number: true, text: (row) => short(of(row, "packets").usual)},
	{label: "at most", number: true, text: (row) => short(of(row, "packets").most), title: "the most that is usual at this hour"},
	{label: "SYN/s", number: true, hide: "mid", text: (row) => short(of(row, "syn").now)},
	{label: "at most", number: true, hide: "mid", text: (row) => short(of(row, "syn").most)},
];

/* ---- one incident ---- */

// What is, above what is usual, both of the same scale.
function bars(now, usual) {
	const most = Math.max(now, usual) || 1;
	const bar = (v, y, kind) => svg("rect", {class: kind, x: 0, y, width: Math.max(0.5, 100 * v / most).toFixed(1), height: 4});
	return svg("svg", {class: "bars", viewBox: "0 0 100 9", preserveAspectRatio: "none", "aria-hidden": "true"}, bar(now, 0, "is"), bar(usual, 5, "usual"));
}

// How often it was so, in the words of the sentence.
function often(e) {
	if (e.quantile === undefined || !e.learned_s)
		return "";
	const low = e.share && e.value < e.norm, share = low ? e.quantile : 1 - e.quantile;
	const how = low ? "low" : "high", learned = format.span(e.learned_s);
	return share <= 0 ? `never as ${how} in ${learned}`
		: `as ${how} in ${share < 0.0001 ? "less than 0.01" : (100 * share).toFixed(share < 0.1 ? 2 : 0)} % of ${learned}`;
}

// A number beside what was expected.
function number(e) {
	const of = (v) => e.unit === "share" ? `${Math.round(v * 100)} %` : short(v);
	const text = e.says || (e.unit === "share" ? of(e.value) : `${of(e.value)} ${e.unit}`);
	const usual = e.norm === undefined ? "" : ` (${[`usual: ${of(e.norm)}`, often(e)].filter(Boolean).join(", ")})`;
	return el("li", {}, el("span", {}, words(e.name)), el("span", {class: "number"}, text, usual), e.norm === undefined ? null : bars(e.value, e.norm));
}

// What was done, and what it came to.
function done(incident) {
	const stops = incident.state === "mitigated" ? "keeps it out" : "was made against it";
	return [incident.rule && `Rule ${incident.rule} ${stops}.`,
		incident.rule_failed && `Rule ${incident.rule_failed} ${incident.rule_failed_why === "hurts" ? "kept out usual clients, or would have" : "did not stop it"}${incident.rule ? ": another one took its place" : ": it was taken out"}.`,
		incident.stopped && `Kept out: ${format.count(incident.stopped.packets)} packets, ${Math.round(100 * incident.stopped.share)} % of what came.`,
		incident.would_stop && `Would have been kept out: ${format.count(incident.would_stop.packets)} packets.`,
		incident.done && `At a gateway: ${incident.done}.`].filter(Boolean);
}

// What can be done next, as it is typed.
function next(incident) {
	return [[`weir explain ${incident.incident_id}`, "the same in words, with the rule that would stop it"],
		incident.rule && incident.state !== "over" && [`weir rule show ${incident.rule}`, "what that rule stops"],
		incident.sample_packets && [`weir dump --incident ${incident.incident_id}`, `${format.count(incident.sample_packets)} of its first packets`],
		incident.undo && [incident.undo, "takes back what was done at the gateway"]].filter(Boolean);
}

function part(title, tag, items) {
	return items.length ? [el("h3", {}, title), el(tag, {class: "note"}, ...items)] : [];
}

// An address, and whose it is where that is known.
function source(ip, known) {
	const of = known.find((k) => k.ip === ip);
	const words = of ? [of.asn && `AS${of.asn}`, of.org, of.country].filter(Boolean) : [];
	return words.length ? `${ip} (${words.join(" ")})` : ip;
}

// When what became of it, after it began.
function life(incident) {
	const began = Date.parse(incident.timestamp);
	const after = (time) => {
		const s = Math.max(0, (Date.parse(time) - began) / 1000);
		return s < 600 ? `${s.toFixed(s < 10 ? 1 : 0)} s` : format.span(s);
	};
	const active = incident.active !== incident.found && incident.active;
	return [`Began ${format.clock(began)}`, ...[["found", incident.found], ["active", active], ["kept out", incident.mitigated], ["over", incident.end]]
		.filter(([, time]) => time).map(([what, time]) => `${what} +${after(time)}`)].join(", ") + ".";
}

function story(rows) {
	const [incident, ...findings] = rows;
	return el("div", {class: "report"},
		el("p", {class: "statement"}, incident.text), el("p", {class: "note life"}, life(incident)),
		el("h3", {}, "What says so"), el("ul", {class: "evidence"}, ...incident.evidence.map(number)),
		...part("Done", "div", done(incident).map((text) => el("p", {}, text))),
		...part("Next", "ul", next(incident).map(([command, why]) => el("li", {}, el("code", {}, command), ` ${why}`))),
		incident.sources.length ? el("h3", {}, "From") : null,
		incident.sources.length ? el("p", {class: "note"}, incident.sources.map((ip) => source(ip, incident.sources_known || [])).join(", ")) : null,
		el("h3", {}, "Found"),
		el("ol", {class: "packets"}, ...findings.map((f) => el("li", {}, `${format.when(Date.parse(f.raised || f.timestamp))} ${f.reason}`))));
}

// What is usual at who it is at, where something is known of it.
function norm(row, seen) {
	const who = addressOf(row.target);
	return who ? plotOf(who, seen) : null;
}

function open(row, seen) {
	const usual = norm(row, seen);
	const close = el("button", {type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close()}, "×");
	const wrong = el("p", {class: "wrong", role: "alert"});
	const body = el("div", {}, el("p", {class: "note"}, "asking…"));
	const dialog = el("dialog", {class: "details rule", "aria-label": `Incident ${row.incident_id}`, onclose: () => {
		if (usual)
			usual.end();
		dialog.remove();
	}, onclick: (e) => e.target === dialog && dialog.close()},
	el("div", {class: "inside"}, el("header", {}, el("h2", {}, `Incident ${row.incident_id}: ${row.state}, ${row.severity}`), close), body, wrong,
		usual && el("div", {class: "report"}, el("h3", {}, `Usual at ${addressOf(row.target)}`), usual.root)));
	document.body.append(dialog);
	dialog.showModal();
	ask("incidents", {id: row.incident_id}).then((rows) => body.replaceChildren(story(rows))).catch((e) => {
		body.replaceChildren();
		say(wrong, e.message);
	});
}

/* ---- the view ---- */

export function incidents() {
	let shown = false, busy = false, later = 0;
	const wrong = el("p", {class: "wrong", role: "alert"}), seen = new Seen();
	const table = new Table({label: "Incidents", columns, id: (row) => row.incident_id, empty: "Nothing was found.", open: (row) => open(row, seen)});
	const usual = new Table({label: "What is usual", columns: learnedColumns, id: (row) => row.who, empty: "Nothing has been learned yet.", open: (row) => details(row, seen)});

	async function tick() {
		if (busy || Date.now() < later)
			return;
		busy = true;
		try {
			const [rows, learned] = await Promise.all([ask("incidents"), ask("learned", {top: LEARNED})]);
			if (shown) {
				table.set(rows);
				usual.set(learned);
				seen.take(learned);
			}
			say(wrong, "");
		} catch (e) {
			table.set([]);
			usual.set([]);
			say(wrong, e.message);
			later = Date.now() + AGAIN_MS;
		}
		busy = false;
	}

	return {
		id: "incidents", title: "Incidents", views: ["stats"],
		root: el("div", {}, titled({}, "Incidents", wrong, table.root), titled({}, "What is usual", usual.root)),
		show() {
			shown = true;
			later = 0;
			tick();
		},
		hide() {
			shown = false;
		},
		take: (view) => view === "stats" && tick(),
		unit() {},
	};
}
