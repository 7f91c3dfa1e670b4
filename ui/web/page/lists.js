// SPDX-License-Identifier: GPL-2.0-or-later
// Services and talkers: all of a kind, ordered by the core, searched by the page.

import {el, say} from "./dom.js";
import {ask} from "./ask.js";
import {Table} from "./table.js";
import {KINDS, withMost} from "./columns.js";
import {details} from "./peek.js";

const TOP = 200;

export function list(kind, title) {
	const k = KINDS[kind];
	let by = "rate", rows = [], busy = false, shown = false;

	const search = el("input", {type: "search", placeholder: "address, port, protocol…", "aria-label": `find in ${title.toLowerCase()}`, spellcheck: "false",
		oninput: () => show()});
	const found = el("span", {class: "note", role: "status"});
	const wrong = el("p", {class: "wrong", role: "alert"});
	const table = new Table({
		...k, sort: {by: () => by, choose(name) {
			by = name;
			tick();
		}},
		open: (row) => details(k.title(row), row, k.filter(row)),
	});

	function show() {
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const text = (row) => `${k.title(row)} ${row.in_iface || ""}`.toLowerCase();
		const fit = rows.filter((row) => row.other ? !words.length : words.every((word) => text(row).includes(word)));
		table.set(fit);
		const n = fit.filter((row) => !row.other).length;
		say(found, `${n}${rows.length > TOP ? " of the first " + TOP : ""}`);
	}

	async function tick() {
		if (busy)
			return;
		busy = true;
		try {
			rows = withMost(await ask(kind, {top: TOP, sort: by, series: 60}));
			say(wrong, "");
			if (shown)
				show();
		} catch (e) {
			say(wrong, e.message);
		}
		busy = false;
	}

	return {
		id: kind, title, views: ["stats"], search,
		root: el("section", {class: "panel"}, el("header", {class: "bar"}, el("h2", {}, title), search, found), wrong, table.root),
		show() {
			shown = true;
			tick();
		},
		hide() {
			shown = false;
		},
		take: (view) => view === "stats" && tick(),
		unit: show,
	};
}
