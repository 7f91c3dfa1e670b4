// SPDX-License-Identifier: GPL-2.0-or-later
// The keys.

import {el} from "./dom.js";

const KEYS = [
	["1 … 9 0", "the views, from Overview to Incidents"],
	["a", "API: what gateways are asked for"],
	["/", "to the filter of a view"],
	["↑ ↓ Home End", "along the rows of a table, once the tab key has reached it"],
	["Enter", "all that is known of a row, and a look at its packets"],
	["Esc", "closes what was opened; leaves the filter"],
	["p", "pause and go on"],
	["u", "bits or packets"],
	["+ − ← →", "closer, wider, earlier, later: on the chart of History"],
	["?", "this list"],
];

export function help() {
	const close = el("button", {type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close()}, "×");
	const dialog = el("dialog", {class: "details", "aria-label": "Keys", onclose: () => dialog.remove(), onclick: (e) => e.target === dialog && dialog.close()},
		el("div", {class: "inside"}, el("header", {}, el("h2", {}, "Keys"), close),
			el("dl", {class: "keylist"}, ...KEYS.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])),
			el("p", {class: "note"}, "Bytes are SI units. Times are this browser's. The same answers come as JSON from /api/stats, /api/services, /api/talkers, /api/flows, /api/ledger and so on.")));
	document.body.append(dialog);
	dialog.showModal();
}
