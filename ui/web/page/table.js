// SPDX-License-Identifier: GPL-2.0-or-later
// A table that is written anew each second and can be walked with the arrow keys.
//
// Rows are places: place i shows the i-th row, so nothing moves in the document and the keyboard's
// place stays. While the keyboard is in the table the rows keep their order, so that what one is
// about to open does not slip away.

import {el, say} from "./dom.js";

const ROWS_MAX = 1000;

export class Table {
	/*
	 * columns: [{label, text(row) or make() -> {root, set(row)}, number, sort, hide, title}], the
	 * first one names the row. id(row): the same for the same thing. open(row): when one is chosen.
	 * sort: {by, choose(name)} for columns that can be sorted by.
	 */
	constructor({label, columns, id, open, empty, sort}) {
		Object.assign(this, {columns, id, open, sort});
		this.places = [];
		this.rows = [];
		this.heads = columns.map((c) => this.head(c));
		this.body = el("tbody", {onkeydown: (e) => this.key(e)});
		this.note = el("p", {class: "empty"}, empty || "Nothing yet.");
		this.root = el("div", {class: "table"}, el("table", {"aria-label": label},
			el("thead", {}, el("tr", {}, ...this.heads)), this.body), this.note);
		this.mark();
	}

	head(c) {
		const kind = [c.number && "number", c.kind === "sparks" && c.kind, c.hide && "hide-" + c.hide].filter(Boolean).join(" ");
		const label = c.sort ? el("button", {type: "button", title: "sort by " + c.label, onclick: () => this.sort.choose(c.sort)}, c.label) : c.label;
		return el("th", {scope: "col", class: kind, title: c.title}, label);
	}

	mark() {
		this.columns.forEach((c, i) => {
			if (c.sort && this.sort && this.sort.by() === c.sort)
				this.heads[i].setAttribute("aria-sort", "descending");
			else
				this.heads[i].removeAttribute("aria-sort");
		});
	}

	holds() {
		return this.body.contains(document.activeElement);
	}

	// Rows in the order in which they are to be shown.
	set(rows) {
		const last = rows.filter((row) => row.other);
		let first = rows.filter((row) => !row.other).slice(0, ROWS_MAX);
		if (this.holds())
			first = this.keep(first);
		this.rows = [...first, ...last];
		while (this.places.length < this.rows.length)
			this.add();
		this.places.forEach((place, i) => this.write(place, this.rows[i]));
		this.note.hidden = this.rows.length > 0;
		this.mark();
		this.rove(Math.min(this.at || 0, Math.max(0, first.length - 1)));
	}

	keep(rows) {
		const place = new Map(this.rows.map((row, i) => [row.other ? null : this.id(row), i]));
		const rank = (row) => place.has(this.id(row)) ? place.get(this.id(row)) : Infinity;
		return rows.map((row, i) => [rank(row), i, row]).sort((a, b) => a[0] === b[0] ? a[1] - b[1] : a[0] - b[0]).map(([, , row]) => row);
	}

	add() {
		const place = {index: this.places.length};
		place.cells = this.columns.map((c, i) => {
			const kind = [c.number && "number", c.kind, c.hide && "hide-" + c.hide].filter(Boolean).join(" ");
			const made = c.make && c.make();
			const text = made ? null : i === 0 && this.open ? el("button", {type: "button", class: "row", tabindex: "-1"}) : null;
			const cell = el(i === 0 ? "th" : "td", {class: kind, scope: i === 0 && "row"}, made ? made.root : text || "");
			return {cell, made, text: text || (made && made.button) || cell};
		});
		place.root = el("tr", {onclick: () => this.choose(place.index)}, ...place.cells.map((c) => c.cell));
		this.places.push(place);
		this.body.append(place.root);
	}

	write(place, row) {
		place.root.hidden = !row;
		if (!row)
			return;
		place.root.classList.toggle("other", !!row.other);
		this.columns.forEach((c, i) => {
			const {made, text} = place.cells[i];
			if (made)
				made.set(row);
			else
				say(text, row.other && i === 0 ? "all others" : c.text(row));
		});
		const button = place.cells[0].text;
		if (this.open)
			button.disabled = !!row.other;
	}

	choose(i) {
		const row = this.rows[i];
		if (!this.open || !row || row.other)
			return;
		this.rove(i);
		this.open(row);
	}

	// One row is reached by the tab key, the others by arrows.
	rove(i) {
		if (!this.open)
			return;
		this.places.forEach((place, k) => place.cells[0].text.setAttribute("tabindex", k === i ? "0" : "-1"));
		this.at = i;
	}

	key(e) {
		const last = this.rows.filter((row) => !row.other).length - 1;
		const to = {ArrowDown: this.at + 1, ArrowUp: this.at - 1, Home: 0, End: last, PageDown: this.at + 10, PageUp: this.at - 10}[e.key];
		if (to === undefined || !this.open || e.altKey || e.ctrlKey || e.metaKey)
			return;
		e.preventDefault();
		this.rove(Math.max(0, Math.min(last, to)));
		this.places[this.at].cells[0].text.focus();
	}
}
