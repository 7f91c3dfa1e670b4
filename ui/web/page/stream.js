// SPDX-License-Identifier: GPL-2.0-or-later
// Live views by server-sent events. Nothing is kept here: each event holds all that is shown. While
// the page is hidden or paused the stream is closed and costs nobody anything.

import {ask, lines} from "./ask.js";

const RETRY_MS = 2000, SILENT_MS = 5000;

export class Stream {
	// take(view, rows) for each event; state(name) with live, paused, wait.
	constructor(take, state) {
		this.take = take;
		this.state = state;
		this.views = [];
		this.paused = false;
		document.addEventListener("visibilitychange", () => this.turn());
		setInterval(() => this.check(), 1000);
	}

	show(views) {
		this.views = views;
		this.turn();
	}

	pause(paused) {
		this.paused = paused;
		this.turn();
	}

	turn() {
		this.close();
		this.state(this.paused ? "paused" : "wait");
		if (!this.paused && !document.hidden && this.views.length)
			this.open();
	}

	close() {
		clearTimeout(this.retry);
		if (this.source)
			this.source.close();
		this.source = null;
	}

	open() {
		const source = new EventSource("api/stream?views=" + this.views.join(","));
		this.source = source;
		this.heard = Date.now();
		for (const view of [...this.views, "error"])
			source.addEventListener(view, (e) => "data" in e && this.hear(view, e.data));
		source.onerror = () => source === this.source && this.lost();
	}

	hear(view, data) {
		this.heard = Date.now();
		this.state("live");
		this.take(view, lines(data));
	}

	// A question tells why there is no stream: no token, or nobody there.
	async lost() {
		this.close();
		this.state("wait");
		try {
			await ask("front");
		} catch {
			// The next try tells.
		}
		clearTimeout(this.retry);
		this.retry = setTimeout(() => this.turn(), RETRY_MS);
	}

	check() {
		if (this.source && Date.now() - this.heard > SILENT_MS)
			this.state("wait");
	}
}
