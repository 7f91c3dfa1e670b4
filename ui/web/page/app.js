// SPDX-License-Identifier: GPL-2.0-or-later
// The page: views as tabs, one stream, keys.

import {el, say} from "./dom.js";
import {ask} from "./ask.js";
import * as format from "./format.js";
import {Stream} from "./stream.js";
import {unitNow} from "./columns.js";
import {overview} from "./overview.js";
import {list} from "./lists.js";
import {flows} from "./flows.js";
import {sizes} from "./sizes.js";
import {ledger} from "./ledger.js";
import {rules} from "./rules.js";
import {classes} from "./classes.js";
import {history} from "./history.js";
import {incidents} from "./incidents.js";
import {api} from "./api.js";
import {help} from "./help.js";
import {details} from "./peek.js";

const $ = (id) => document.getElementById(id);
const WORDS = {live: "live", paused: "paused", wait: "waiting"};

const views = [overview((id) => go(id)), list("services", "Services"), list("talkers", "Talkers"), flows(), sizes(), ledger(), rules(), classes(), history(),
	incidents(), api()];
let now = null;

/* ---- tabs ---- */

const bar = document.querySelector(".tabs");
const tabs = views.map((view) => {
	view.tab = el("button", {type: "button", role: "tab", id: "tab-" + view.id, "aria-controls": "view-" + view.id, "aria-selected": "false",
		tabindex: "-1", onclick: () => go(view.id)}, view.title);
	view.panel = el("div", {role: "tabpanel", id: "view-" + view.id, "aria-labelledby": "tab-" + view.id, hidden: true}, view.root);
	return view.tab;
});
bar.append(...tabs);
$("main").append(...views.map((view) => view.panel));

bar.addEventListener("keydown", (e) => {
	const at = views.indexOf(now), to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: views.length - 1}[e.key];
	if (to === undefined)
		return;
	e.preventDefault();
	const view = views[(to + views.length) % views.length];
	go(view.id);
	view.tab.focus();
});

function go(id) {
	show(id);
	location.hash = id;
}

function show(id) {
	const next = views.find((view) => view.id === id) || views[0];
	if (next === now)
		return;
	if (now) {
		now.hide();
		now.panel.hidden = true;
		now.tab.setAttribute("aria-selected", "false");
		now.tab.setAttribute("tabindex", "-1");
	}
	now = next;
	now.panel.hidden = false;
	now.tab.setAttribute("aria-selected", "true");
	now.tab.setAttribute("tabindex", "0");
	now.tab.scrollIntoView({block: "nearest", inline: "center"});
	document.title = now === views[0] ? "weir" : `${now.title} – weir`;
	now.show();
	stream.show(now.views);
}

/* ---- live ---- */

const stream = new Stream((view, rows) => {
	if (view === "error")
		trouble(rows[0] ? String(rows[0].error) : "");
	else if (now.views.includes(view))
		now.take(view, rows);
}, (state) => {
	$("state").dataset.state = state;
	say($("state"), WORDS[state]);
	if (state === "live")
		trouble("");
});

function trouble(text) {
	say($("trouble"), text);
	$("trouble").hidden = !text;
}

async function host() {
	try {
		const [row] = await ask("status");
		$("host").onclick = () => details(`weir ${row.version || ""}`, row);
		const hooks = new Map();
		for (const i of row.interfaces || [])
			hooks.set(i.in_iface, [...hooks.get(i.in_iface) || [], i.hook || i.why]);
		say($("host"), `${[...hooks].map(([name, list]) => `${name} (${list.join(", ")})`).join(", ")}${row.since ? " · since " + format.when(Date.parse(row.since)) : ""}`);
	} catch (e) {
		trouble(e.message);
	}
}

/* ---- what is pressed ---- */

function pause() {
	const paused = !stream.paused;
	$("pause").setAttribute("aria-pressed", String(paused));
	say($("pause"), paused ? "Go on" : "Pause");
	stream.pause(paused);
}

function unit() {
	unitNow.is = unitNow.is === format.UNITS.bits ? format.UNITS.packets : format.UNITS.bits;
	say($("unit"), unitNow.is.label);
	now.unit();
}

function find() {
	if (!now.search)
		go("flows");
	(now.search || views.find((view) => view.id === "flows").search).focus();
}

const keys = {"/": find, "?": help, p: pause, u: unit};

document.addEventListener("keydown", (e) => {
	const typing = e.target.matches("input, textarea, select");
	if (typing && e.key === "Escape")
		e.target.blur();
	if (typing || e.ctrlKey || e.altKey || e.metaKey || document.querySelector("dialog[open]"))
		return;
	const view = /^\d$/.test(e.key) ? views[(Number(e.key) + 9) % 10] : e.key === "a" ? views.find((view) => view.id === "api") : null;
	const does = view ? () => go(view.id) : keys[e.key];
	if (!does)
		return;
	e.preventDefault();
	does();
});

$("pause").addEventListener("click", pause);
$("unit").addEventListener("click", unit);
$("help").addEventListener("click", help);
window.addEventListener("hashchange", () => show(location.hash.slice(1)));
show(location.hash.slice(1));
host();
