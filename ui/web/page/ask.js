// SPDX-License-Identifier: GPL-2.0-or-later
// One question to the core: its rows, or an error with the core's own words.

import {el} from "./dom.js";

export class Refused extends Error {
	constructor(text, status) {
		super(text);
		this.status = status;
	}
}

export function lines(text) {
	return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

async function get(path, options) {
	try {
		return await fetch(path, {cache: "no-store", ...options});
	} catch (e) {
		if (e.name === "AbortError")
			throw e;
		throw new Refused("weir does not answer; is it running?", 0);
	}
}

export async function ask(view, keys = {}, signal = undefined) {
	const query = new URLSearchParams(Object.entries(keys).filter(([, value]) => value !== undefined && value !== ""));
	const answer = await get(`api/${view}?${query}`, {signal});
	const text = await answer.text();
	if (answer.status === 401) {
		await login();
		return ask(view, keys, signal);
	}
	let rows = [];
	try {
		rows = lines(text);
	} catch {
		throw new Refused(`the answer to ${view} is not JSON`, answer.status);
	}
	const error = rows.find((row) => row.event_type === "error");
	if (error || !answer.ok)
		throw new Refused(error ? String(error.error) : `${answer.status} ${answer.statusText}`, answer.status);
	return rows;
}

let waiting = null;

// Asks for the token, once for all who wait. The browser keeps a cookie, the page keeps nothing.
export function login() {
	waiting = waiting || new Promise((done) => {
		const input = el("input", {type: "password", id: "token", autocomplete: "current-password", required: true});
		const wrong = el("p", {class: "wrong", role: "alert"});
		const form = el("form", {method: "dialog"}, el("h2", {}, "This page needs a token"),
			el("label", {for: "token"}, "Token, as in the configuration of weir"), input, wrong, el("button", {type: "submit"}, "Open"));
		const dialog = el("dialog", {class: "login", oncancel: (e) => e.preventDefault()}, form);
		form.addEventListener("submit", async (e) => {
			e.preventDefault();
			let answer = null;
			try {
				answer = await get("api/login", {headers: {Authorization: "Bearer " + input.value}});
			} catch (error) {
				wrong.textContent = error.message;
				return;
			}
			if (!answer.ok) {
				wrong.textContent = "That is not the token.";
				input.select();
				return;
			}
			dialog.close();
			dialog.remove();
			waiting = null;
			done();
		});
		document.body.append(dialog);
		dialog.showModal();
	});
	return waiting;
}
