// SPDX-License-Identifier: GPL-2.0-or-later
// Test points, and the scenery of the browser tests: a core that plays one, a front, a browser.

import {spawn} from "node:child_process";
import {mkdtempSync, existsSync, rmSync, mkdirSync} from "node:fs";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {chromium} from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const build = process.env.WEIR_BUILD || join(here, "..", "..", "build");
export const shots = join(build, "shots");
mkdirSync(shots, {recursive: true});

let count = 0, failed = 0;

export function ok(good, what, more = "") {
	count++;
	failed += good ? 0 : 1;
	console.log(`${good ? "" : "not "}ok ${count} - ${what}`);
	if (!good && more !== "")
		console.log("# " + (typeof more === "string" ? more : JSON.stringify(more)).replaceAll("\n", "\n# "));
	return good;
}

export const is = (got, want, what) => ok(JSON.stringify(got) === JSON.stringify(want), what, `got ${JSON.stringify(got)}, wanted ${JSON.stringify(want)}`);
export const note = (text) => console.log("# " + text);

export function done() {
	console.log(`1..${count}`);
	process.exit(failed ? 1 : 0);
}

export const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

// Tries until it is true; what it gave at last.
export async function eventually(condition, seconds = 20) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const got = await condition();
		if (got || Date.now() > end)
			return got;
		await sleep(50);
	}
}

// What is still there when the test fails is ended with it.
const children = [];
process.on("exit", () => children.forEach((p) => p.kill()));

export async function front(coreArgs = [], frontArgs = []) {
	const dir = mkdtempSync(join(tmpdir(), "wr-page-")), at = join(dir, "control.sock");
	const core = spawn("python3", [join(here, "fake_core.py"), at, ...coreArgs], {stdio: ["ignore", "inherit", "inherit"]});
	if (!await eventually(() => existsSync(at)))
		throw new Error("the core does not start");
	const web = spawn(join(build, "front"), [at, "--listen", "127.0.0.1:0", ...frontArgs], {stdio: ["ignore", "pipe", "inherit"]});
	const url = await new Promise((found) => web.stdout.once("data", (text) => found(String(text).match(/http\S+/)[0])));
	for (const p of [web, core])
		children.push(p);
	const gone = (p) => new Promise((end) => p.exitCode !== null || p.signalCode ? end() : p.once("exit", end));
	return {url, core, async end() {
		for (const p of [web, core]) {
			p.kill();
			await gone(p);
		}
		rmSync(dir, {recursive: true});
	}};
}

export async function browser() {
	return chromium.launch({executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-precise-memory-info"]});
}

// A page that remembers what nobody wants to see: errors, and requests to somebody else.
export async function open(b, url, options = {}) {
	const context = await b.newContext({viewport: {width: 1280, height: 900}, colorScheme: "light", ...options});
	const page = await context.newPage();
	page.complaints = [];
	page.strangers = [];
	page.on("console", (m) => ["error", "warning"].includes(m.type()) && page.complaints.push(m.text()));
	page.on("pageerror", (e) => page.complaints.push(String(e.stack || e)));
	page.on("request", (r) => !r.url().startsWith(new URL(url).origin + "/") && !r.url().startsWith("data:") && page.strangers.push(r.url()));
	await page.goto(url);
	return page;
}

export const live = (page) => eventually(() => page.locator('#state[data-state="live"]').count());
export const text = (page, selector) => page.locator(selector).first().innerText();
