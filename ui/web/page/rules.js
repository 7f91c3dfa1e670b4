// SPDX-License-Identifier: GPL-2.0-or-later
// Rules: what each matches and stops; what a shadow would; and, where the configuration lets the page, their changes.

import {el, say, titled} from "./dom.js";
import {ask, change} from "./ask.js";
import * as format from "./format.js";
import {named} from "./columns.js";
import {line} from "./peek.js";
import {Table} from "./table.js";

const AGAIN_MS = 10000;

const stopped = (row) => row.stopped || row.would_stop || {packets: 0, bytes: 0};
const ends = (row) => row.expires ? format.when(Date.parse(row.expires)) : "";
const perSecond = (n) => `${n.toFixed(1)} a second`;

function state(row) {
	return [row.state, row.unconfirmed && "not confirmed", row.auto && "automatic"].filter(Boolean).join(", ");
}

const columns = [
	{label: "rule", make: named((row) => row.rule_id, (row) => row.text.replace(/^[^ ]+: /, ""))},
	{label: "state", text: state},
	{label: "match/s", number: true, hide: "narrow", text: (row) => format.short(row.matched_pps)},
	{label: "stop/s", number: true, text: (row) => format.short(row.stopped_pps ?? row.would_stop_pps), title: "dropped, or over the rate; of a shadow: would be"},
	{label: "matched", number: true, hide: "mid", text: (row) => format.count(row.matched.packets)},
	{label: "stopped", number: true, hide: "mid", text: (row) => format.count(stopped(row).packets)},
	{label: "ends", hide: "wide", text: ends},
];

/* ---- the report ---- */

function phase(name, p, stop) {
	if (!p)
		return null;
	return el("p", {}, el("b", {}, name + ": "), `${format.span(p.seconds)}, matched ${format.count(p.matched.packets)} packets, `,
		`${stop} ${format.count((p.would_stop || p.stopped).packets)} (${perSecond(p.would_stop_pps ?? p.stopped_pps)})`);
}

const service = (s) => `${s.answers ? "answers of " : ""}${s.proto || s.ip_proto} ${format.end(s.ip, s.port)}`;
const talk = (f) => `${format.end(f.client.ip, f.client.port)} → ${format.end(f.server.ip, f.server.port)} ${f.proto || f.ip_proto}`;

function top(title, rows, text) {
	if (!rows.length)
		return null;
	return el("section", {class: "hits"}, el("h3", {}, title), el("ol", {}, ...rows.map((row) =>
		el("li", {}, el("span", {}, text(row)), el("span", {class: "number"}, format.count(row.packets))))));
}

function hits(h) {
	if (!h)
		return null;
	const good = h.known_good.packets;
	return el("div", {},
		el("p", {class: good ? "known-good some" : "known-good"}, el("b", {}, good ? `${format.count(good)} packets of known-good flows` : "No known-good flow"),
			` among ${format.count(h.all.packets)} packets${h.sampled ? " that were kept" : ""} of about ${format.count(h.sources)} sources.`),
		top("Known-good flows", h.known_good_flows, talk), top("Services", h.top_services, service), top("Sources", h.top_sources, (s) => s.ip));
}

// What it said as a shadow, whom it hits, and what came of it.
function report(rows) {
	const [r, ...packets] = rows;
	return el("div", {class: "report"},
		el("p", {class: "statement"}, el("code", {}, r.text)),
		r.why ? el("p", {class: "note"}, r.why) : null,
		phase("As a shadow", r.as_shadow, "would have stopped"), phase("Since enforced", r.since_enforced, "stopped"),
		hits(r.hits),
		packets.length ? el("h3", {}, "Packets that it hit") : null,
		packets.length ? el("ol", {class: "packets"}, ...packets.map((p) => el("li", {}, line(p)))) : null);
}

/* ---- one rule ---- */

// Enforcing is offered when the report has been shown, not before.
function buttons(row, done, wrong) {
	const make = (verb, label, kind) => el("button", {type: "button", class: kind, async onclick(e) {
		e.target.disabled = true;
		say(wrong, "");
		try {
			await change({do: verb, text: row.rule_id});
			done();
		} catch (error) {
			say(wrong, error.message);
		}
		e.target.disabled = false;
	}}, label);
	if (row.origin !== "added")
		return el("p", {class: "note"}, "It stands in the file of the policy and is changed there.");
	return el("p", {class: "does"}, row.state === "shadow" ? make("enforce", "Enforce", "primary") : make("shadow", "Only count (shadow)", "primary"), make("del", "Delete", "danger"));
}

function open(row, mayChange, again) {
	const close = el("button", {type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close()}, "×");
	const wrong = el("p", {class: "wrong", role: "alert"});
	const body = el("div", {}, el("p", {class: "note"}, "asking…"));
	const dialog = el("dialog", {class: "details rule", "aria-label": `Rule ${row.rule_id}`, onclose: () => dialog.remove(),
		onclick: (e) => e.target === dialog && dialog.close()},
	el("div", {class: "inside"}, el("header", {}, el("h2", {}, `${row.rule_id}: ${state(row)}`), close), body, wrong));
	document.body.append(dialog);
	dialog.showModal();
	ask("report", {rule: row.rule_id}).then((rows) => {
		const does = mayChange ? buttons(rows[0], () => {
			dialog.close();
			again();
		}, wrong) : null;
		body.replaceChildren(...[report(rows), does].filter(Boolean));
	}).catch((e) => {
		body.replaceChildren();
		say(wrong, e.message);
	});
}

/* ---- the view ---- */

export function rules() {
	let shown = false, busy = false, mayChange = false, later = 0;
	const wrong = el("p", {class: "wrong", role: "alert"});
	const note = el("p", {class: "note", role: "status"});
	const table = new Table({label: "Rules", columns, id: (row) => row.rule_id, empty: "No rule is loaded.", open: (row) => open(row, mayChange, tick)});
	const text = el("input", {type: "text", name: "statement", placeholder: "drop from 203.0.113.0/24 to tcp/23 for 10m why \"scan\"", "aria-label": "a statement",
		autocapitalize: "off", autocomplete: "off", spellcheck: "false", required: true});
	const refused = el("p", {class: "wrong", role: "alert"});
	const form = el("form", {class: "bar add", hidden: true, onsubmit: add}, text,
		el("button", {type: "submit", name: "do", value: "shadow", class: "primary"}, "Add as shadow"), el("button", {type: "submit", name: "do", value: "add"}, "Add and enforce"));

	async function add(e) {
		e.preventDefault();
		say(refused, "");
		try {
			await change({do: e.submitter ? e.submitter.value : "shadow", text: text.value.trim()});
			text.value = "";
			tick();
		} catch (error) {
			say(refused, error.message);
		}
	}

	function told(policy) {
		const parts = [policy.file, policy.enforced ? "" : "switched off: all is counted, nothing is kept out",
			policy.confirm_ms ? "a change waits to be confirmed (weir rule confirm)" : "", policy.trouble ? "not in force everywhere: " + policy.trouble : ""];
		say(note, parts.filter(Boolean).join(" · "));
	}

	// Where no policy is loaded there is an error, which is not asked for each second.
	async function tick() {
		if (busy || Date.now() < later)
			return;
		busy = true;
		try {
			const rows = await ask("rules");
			if (shown)
				table.set(rows.filter((row) => row.event_type === "rule"));
			told(rows.find((row) => row.event_type === "policy") || {});
			say(wrong, "");
		} catch (e) {
			table.set([]);
			say(wrong, e.message);
			later = Date.now() + AGAIN_MS;
		}
		busy = false;
	}

	return {
		id: "rules", title: "Rules", views: ["stats"],
		root: titled({}, "Rules", note, form, refused, wrong, table.root),
		async show() {
			shown = true;
			later = 0;
			tick();
			const [front] = await ask("front").catch(() => [{}]);
			mayChange = !!front.change;
			form.hidden = !mayChange;
		},
		hide() {
			shown = false;
		},
		take: (view) => view === "stats" && tick(),
		unit() {},
	};
}
