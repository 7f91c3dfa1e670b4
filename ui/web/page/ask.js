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

const query = (keys) => new URLSearchParams(Object.entries(keys).filter(([, value]) => value !== undefined && value !== ""));

async function rowsOf(view, answer) {
	const text = await answer.text();
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

export async function ask(view, keys = {}, signal = undefined) {
	const answer = await get(`api/${view}?${query(keys)}`, {signal});
	if (answer.status === 401) {
		await login();
		return ask(view, keys, signal);
	}
	return rowsOf(view, answer);
}

/* ---- changes ---- */

// Each takes the token as a header, which no other site's page can send; no cookie will do. It is
// kept as long as this page is open, and nowhere else.
let token = "";

export async function change(keys) {
	if (!token)
		token = await prompt("A change takes the token", "Go on", (shown) => check(shown, "omit"));
	if (!token)
		throw new Refused("nothing was changed: no token", 0);
	const answer = await get(`api/rule?${query(keys)}`, {method: "POST", headers: {Authorization: "Bearer " + token}});
	if (answer.status === 401)
		token = "";
	return rowsOf("rule", answer);
}

/* ---- the token ---- */

// credentials "omit": a cookie does not count for what was typed.
const check = (shown, credentials = "same-origin") =>
	get("api/login", {credentials, headers: {Authorization: "Bearer " + shown}});

// A dialog that gives a token which fits, or "" when it is closed. try_(token) -> a Response.
function prompt(title, button, try_, mayClose = true) {
	return new Promise((done) => {
		const input = el("input", {type: "password", id: "token", autocomplete: "current-password", required: true});
		const wrong = el("p", {class: "wrong", role: "alert"});
		let good = "";
		const form = el("form", {method: "dialog"}, el("h2", {}, title),
			el("label", {for: "token"}, "Token, as in the configuration of weir"), input, wrong, el("button", {type: "submit"}, button));
		const dialog = el("dialog", {class: "login", oncancel: (e) => mayClose || e.preventDefault(), onclose: () => {
			dialog.remove();
			done(good);
		}}, form);
		form.addEventListener("submit", async (e) => {
			e.preventDefault();
			let answer = null;
			try {
				answer = await try_(input.value);
			} catch (error) {
				wrong.textContent = error.message;
				return;
			}
			if (!answer.ok) {
				wrong.textContent = "That is not the token.";
				input.select();
				return;
			}
			good = input.value;
			dialog.close();
		});
		document.body.append(dialog);
		dialog.showModal();
	});
}

let waiting = null;

// Asks for the token, once for all who wait. The browser keeps a cookie, the page keeps nothing.
export function login() {
	waiting = waiting || prompt("This page needs a token", "Open", check, false).then(() => {
		waiting = null;
	});
	return waiting;
}
