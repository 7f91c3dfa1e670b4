// SPDX-License-Identifier: GPL-2.0-or-later
// The page as a person has it: sees, types, and never touches the mouse unless the test says so.

import {browser, done, eventually, front, is, live, note, ok, open, shots, sleep, text} from "./scene.mjs";

const VIEWS = ["overview", "services", "talkers", "flows", "protocols", "ledger", "history"];
const SECONDS = Number(process.env.WEIR_WEB_SECONDS || 10);

const focused = (page) => page.evaluate(() => {
	const at = document.activeElement;
	return at.getAttribute("aria-label") || at.id || at.textContent.slice(0, 40);
});
// Presses Tab until it is there; a person would give up, too.
async function tabTo(page, there) {
	for (let i = 0; i < 60 && !there(await focused(page)); i++)
		await page.keyboard.press("Tab");
}

const rows = (page, view) => page.locator(`#view-${view} tbody tr:visible`);
const fine = (page, what) => {
	is(page.complaints, [], `${what}: nothing in the console`);
	is(page.strangers, [], `${what}: no request to another host`);
};

async function paints(b, url) {
	const page = await open(b, url);
	const paint = await eventually(() => page.evaluate(() => performance.getEntriesByName("first-contentful-paint").map((e) => Math.round(e.startTime))[0]));
	ok(paint > 0, "it paints");
	note(`first contentful paint after ${paint} ms`);
	ok(await live(page), "it is live");
	ok(await eventually(() => page.locator(".plot canvas").count()), "a chart is drawn");
	for (const [name, label] of [["In", /bit\/s/], ["Out", /bit\/s/], ["Flows", /^1,8/], ["Ledger", /balanced/]])
		ok(label.test(await text(page, `.card[aria-label="${name}"] .value`)), `the card ${name}`, await text(page, `.card[aria-label="${name}"] .value`));
	is(await rows(page, "overview").count(), 8 + 8 + 2, "eight services, eight talkers, two interfaces");
	const before = await text(page, '.card[aria-label="In"] .value'), line = await page.locator(".spark .line").first().getAttribute("d");
	ok(await eventually(async () => await text(page, '.card[aria-label="In"] .value') !== before), "the rate goes on by itself");
	ok(await eventually(async () => await page.locator(".spark .line").first().getAttribute("d") !== line), "and so does its line");
	await page.keyboard.press("u");
	ok(/p\/s/.test(await text(page, '.card[aria-label="In"] .value')), "u: packets instead of bits");
	await page.keyboard.press("p");
	is(await text(page, "#state"), "paused", "p: paused");
	await sleep(400);
	const still = await text(page, '.card[aria-label="In"] .value');
	await sleep(900);
	is(await text(page, '.card[aria-label="In"] .value'), still, "paused: nothing moves");
	await page.keyboard.press("p");
	ok(await live(page), "and goes on");
	fine(page, "overview");
	await page.context().close();
}

async function keyboard(b, url) {
	const page = await open(b, url);
	await live(page);
	await page.keyboard.press("Tab");
	is(await focused(page), "Skip to content", "the first tab stop skips to the content");
	await tabTo(page, (at) => at === "tab-overview");
	await page.keyboard.press("ArrowRight");
	is(await focused(page), "tab-services", "along the tabs by arrow");
	is(page.url().split("#")[1], "services", "the address says where we are");
	is(await page.title(), "Services – weir", "and so does the title");
	await page.keyboard.press("End");
	is(await focused(page), "tab-history", "End: the last tab");
	await page.keyboard.press("2");
	is(await page.locator('[role="tab"][aria-selected="true"]').innerText(), "Services", "2: the second view");
	ok(await eventually(() => rows(page, "services").count()), "services are there");
	await page.keyboard.press("/");
	is(await focused(page), "find in services", "/: to the search");
	await page.keyboard.type("tcp 443");
	is(await rows(page, "services").count(), 2, "two services of port 443");
	await page.keyboard.press("Escape");
	is(await page.evaluate(() => document.activeElement === document.body), true, "Esc leaves it");
	await page.keyboard.press("/");
	await page.keyboard.press("Control+a");
	await page.keyboard.press("Delete");
	ok(await eventually(async () => await rows(page, "services").count() === 11), "all again");
	await tabTo(page, (at) => at === "sources");
	await page.keyboard.press("Enter");
	ok(await eventually(() => page.locator('#view-services th[aria-sort="descending"]:has-text("sources")').count()), "a column is sorted by Enter");
	await eventually(async () => /443/.test(await rows(page, "services").first().innerText()));
	const sources = async () => (await page.locator("#view-services tbody tr:visible:not(.other) td:nth-last-child(2)").allInnerTexts()).map(Number);
	ok(await eventually(async () => {
		const got = await sources();
		return got.length === 10 && got.every((n, i) => !i || n <= got[i - 1]);
	}), "rows have that order", await sources());
	await tabTo(page, (at) => /^192|^\[2001/.test(at));
	const first = await focused(page);
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("ArrowDown");
	const third = await focused(page);
	ok(third !== first, "down the rows by arrow");
	await sleep(1500);
	is(await focused(page), third, "the row stays while others change");
	await page.keyboard.press("Enter");
	ok((await text(page, "dialog[open] h2")).includes(third), "Enter opens it", await text(page, "dialog[open] h2"));
	await tabTo(page, (at) => at === "Look at packets");
	await page.keyboard.press("Enter");
	is(await eventually(async () => await page.locator(".packets li").count()), 20, "and a look at its packets");
	ok(/SYN|\[S\]/.test(await text(page, ".packets li")), "a packet on a line", await text(page, ".packets li"));
	ok(/of the last 47 s, 1,234,567 were passed over/.test(await text(page, ".peek [role=status]")), "what is not there is told", await text(page, ".peek [role=status]"));
	const before = await text(page, ".packets li");
	ok(await eventually(async () => await text(page, ".packets li") !== before), "the look is taken again");
	await page.keyboard.press("Enter");
	await sleep(300);
	const stopped = await text(page, ".packets li");
	await sleep(2500);
	is(await text(page, ".packets li"), stopped, "until it is stopped");
	const off = JSON.stringify({event_type: "status", version: "0", interfaces: []}) + "\n";
	await page.route("**/api/status*", (route) => route.fulfill({contentType: "application/x-ndjson", body: off}));
	await page.keyboard.press("Enter");
	ok(await eventually(async () => /set 'size = 16MiB'/.test(await text(page, ".peek [role=status]"))), "where none are kept, what to configure");
	ok(await page.locator(".peek code").isVisible(), "and the command line");
	await page.unroute("**/api/status*");
	await page.keyboard.press("Escape");
	ok(await eventually(async () => !await page.locator("dialog").count()), "Esc closes it");
	is(await focused(page), third, "and the keyboard is where it was");
	await page.keyboard.press("?");
	ok((await text(page, "dialog[open]")).includes("pause"), "?: the keys");
	await page.keyboard.press("Escape");
	fine(page, "by keyboard");
	await page.context().close();
}

async function flows(b, url) {
	const page = await open(b, url + "#flows");
	ok(await eventually(async () => await rows(page, "flows").count() === 200), "200 flows");
	await page.keyboard.press("/");
	await page.keyboard.type("tcp port 443");
	await page.keyboard.press("Enter");
	ok(await eventually(async () => {
		const servers = await page.locator("#view-flows tbody tr:visible td:nth-child(2)").allInnerTexts();
		return servers.length > 5 && servers.every((s) => s.endsWith(":443"));
	}), "a filter chooses flows");
	await page.keyboard.type(" and (");
	await page.keyboard.press("Enter");
	ok(await eventually(async () => (await text(page, "#flows-wrong")).includes("syntax error")), "a wrong filter is told in the core's words");
	is(await page.locator('#view-flows input').getAttribute("aria-invalid"), "true", "and marked");
	await sleep(1200);
	is(page.complaints.length, 1, "it is asked for once, not again and again");
	page.complaints = [];
	await page.keyboard.press("Control+a");
	await page.keyboard.press("Delete");
	ok(await eventually(async () => await rows(page, "flows").count() === 200), "without a filter all are there again");
	is(await text(page, "#flows-wrong").catch(() => ""), "", "and no error");
	fine(page, "flows");
	await page.context().close();
}

async function hostile(b) {
	const scene = await front(["--hostile", "--window", "0.4"]);
	const page = await open(b, scene.url);
	let all = "";
	for (const view of VIEWS) {
		await page.goto(scene.url + "#" + view);
		await live(page);
		await sleep(700);
		all += await page.locator("body").innerText();
	}
	await page.goto(scene.url + "#flows");
	ok(await eventually(() => page.locator('td.said:has-text("<script>window.pwned")').count()), "a script in SNI is text");
	ok(await page.locator('td.said:has-text("<img src=x onerror=")').count() > 0, "an image in Host is text");
	ok(await page.locator('td.said:has-text("<svg onload=")').count() > 0, "so is one in a path");
	ok(await page.locator("td.said:has-text(\"<script>window.pwned='dns'\")").count() > 0, "and a script in a DNS name");
	for (const said of ["pwned = 'sni'", "onerror", "pwned='dns'"]) {
		await page.locator(`tr:visible:has(td.said:has-text("${said}")) button.row`).first().press("Enter");
		ok((await text(page, "dialog[open] dl")).includes(said), `all that is known of it, as text: ${said}`);
		await page.locator("dialog[open] .primary").press("Enter");
		ok(await eventually(() => page.locator('.packets li:has-text("<script>window.pwned=\'dump\'")').count()), "its packets, too");
		await page.keyboard.press("Escape");
	}
	ok(all.includes("<b>eth0</b>"), "an interface's name is text");
	is(await page.evaluate(() => window.pwned), undefined, "nothing of it ran");
	is(await page.evaluate(() => [document.scripts.length, document.querySelectorAll('img[src="x"], svg[onload], b b').length]), [2, 0], "no element came of it");
	fine(page, "hostile names");
	const violation = await page.evaluate(() => new Promise((told) => {
		document.addEventListener("securitypolicyviolation", (e) => told(e.violatedDirective));
		const script = document.createElement("script");
		script.textContent = "window.pwned = 'inline'";
		document.body.append(script);
		setTimeout(() => told("nothing"), 2000);
	}));
	ok(/^script-src/.test(violation), "and if an element came, the browser would not run it", violation);
	is(await page.evaluate(() => window.pwned), undefined, "it did not");
	await page.context().close();
	await scene.end();
}

async function looks(b, url) {
	for (const [name, width, height, colorScheme] of [["wide", 1280, 900, "light"], ["wide", 1280, 900, "dark"], ["phone", 320, 640, "light"], ["phone", 320, 640, "dark"]]) {
		const page = await open(b, url, {viewport: {width, height}, colorScheme});
		const over = [];
		for (const view of VIEWS) {
			await page.goto(url + "#" + view);
			await live(page);
			await eventually(() => page.locator(`#view-${view} :is(tbody tr, .account, canvas):visible`).count());
			const by = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
			if (by > 0)
				over.push([view, by]);
			await page.screenshot({path: `${shots}/${name}-${colorScheme}-${view}.png`});
		}
		is(over, [], `${width} pixels, ${colorScheme}: nothing sticks out`);
		is(await page.evaluate(contrast), [], `${width} pixels, ${colorScheme}: text can be read (WCAG 1.4.3, 4.5:1)`);
		is(await page.evaluate(nameless), [], `${width} pixels, ${colorScheme}: what can be pressed has a name`);
		fine(page, `${width} pixels, ${colorScheme}`);
		await page.context().close();
	}
	note(`pictures are in ${shots}`);
}

// Run in the page: text colours that are too near to the ground they stand on.
function contrast() {
	const style = getComputedStyle(document.documentElement);
	const light = (name) => {
		const hex = style.getPropertyValue("--" + name).trim().slice(1);
		const [r, g, b] = [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
	const pairs = ["ink", "soft", "in", "out", "good", "bad"].flatMap((text) => ["panel", "ground", "tint"].map((on) => [text, on])).concat([["on-primary", "in"]]);
	return pairs.map(([text, on]) => [text, on, ratio(text, on)]).filter(([, , r]) => !(r >= 4.5));
}

function nameless() {
	const name = (e) => e.getAttribute("aria-label") || e.textContent.trim() || e.title || e.labels && e.labels.length;
	return [...document.querySelectorAll("button, input, [role=tab], [role=img]")].filter((e) => e.checkVisibility() && !name(e)).map((e) => e.outerHTML.slice(0, 120));
}

async function past(b, url) {
	const page = await open(b, url + "#history");
	const asked = [];
	page.on("request", (r) => r.url().includes("/api/history") && asked.push(new URL(r.url()).searchParams));
	const wide = () => asked.length ? Math.round(asked.at(-1).get("to") - asked.at(-1).get("from")) : 0;
	ok(await eventually(() => page.locator("#view-history canvas").count()), "history is drawn");
	await page.locator('button:has-text("24 h")').press("Enter");
	ok(await eventually(() => wide() === 86400), "a day, by its button", wide());
	is(await page.locator('button:has-text("24 h")').getAttribute("aria-pressed"), "true", "which is marked");
	await eventually(async () => (await text(page, '#view-history p[role="status"]')).includes("(1 d)"));
	const plot = page.locator("#view-history .plot");
	await plot.focus();
	await page.keyboard.press("+");
	ok(await eventually(() => wide() === 43200), "+: closer", wide());
	await page.keyboard.press("-");
	await page.keyboard.press("ArrowLeft");
	ok(await eventually(() => wide() === 86400 && asked.at(-1).get("to") < Date.now() / 1000 - 20000), "−, ←: wider and earlier", [wide(), asked.at(-1)?.get("to")]);
	await sleep(500);
	const box = await plot.boundingBox(), before = [asked.at(-1).get("from"), asked.at(-1).get("to")].map(Number);
	await page.mouse.move(box.x + box.width * 0.4, box.y + 100);
	await page.mouse.down();
	await page.mouse.move(box.x + box.width * 0.5, box.y + 110, {steps: 5});
	await page.mouse.up();
	ok(await eventually(() => wide() < 10000), "drawing on the chart zooms in", wide());
	ok(asked.at(-1).get("from") > before[0] && asked.at(-1).get("to") < before[1], "to what was drawn");
	ok(/ in, .* out, .* flows, .* dropped; a point is /.test(await text(page, '#view-history p[role="status"]')), "its sums are told in words", await text(page, '#view-history p[role="status"]'));
	fine(page, "history");
	await page.context().close();
}

async function withoutCharts(b, url) {
	const context = await b.newContext();
	const page = await context.newPage();
	await page.route("**/dygraph.min.js", (route) => route.fulfill({contentType: "text/javascript", body: "/* none */"}));
	await page.goto(url);
	ok(await live(page), "without the chart library the page is live");
	ok((await text(page, ".plot")).includes("Charts are missing"), "and says what is missing");
	ok(/bit\/s/.test(await text(page, '.card[aria-label="In"] .value')), "its numbers are there");
	await context.close();
}

async function login(b) {
	const scene = await front(["--window", "0.4"], ["--token", "correct-horse-battery"]);
	const page = await open(b, scene.url);
	ok(await eventually(() => page.locator("dialog.login[open]").count()), "with a token: it is asked for");
	is(await page.locator("dialog.login").count(), 1, "once");
	await page.keyboard.type("wrong");
	await page.keyboard.press("Enter");
	ok(await eventually(async () => (await text(page, "dialog.login .wrong")).includes("not the token")), "a wrong one is told");
	await page.keyboard.type("correct-horse-battery");
	await page.keyboard.press("Enter");
	ok(await live(page), "the right one opens the page");
	is(await page.evaluate(() => document.cookie), "", "scripts do not see the session");
	await page.context().close();
	await scene.end();
}

async function gone(b) {
	const scene = await front(["--window", "0.4"]);
	const page = await open(b, scene.url);
	await live(page);
	scene.core.kill();
	ok(await eventually(() => page.locator('#state[data-state="wait"]').count()), "when weir ends, the page says that it waits");
	ok(/bit\/s/.test(await text(page, '.card[aria-label="In"] .value')), "and still shows the last it knew");
	await page.context().close();
	await scene.end();
}

async function memory(b) {
	const scene = await front(["--window", "0.25"]);
	const page = await open(b, scene.url);
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Performance.enable");
	const measure = async () => {
		for (let i = 0; i < 3; i++)
			await cdp.send("HeapProfiler.collectGarbage");
		const {metrics} = await cdp.send("Performance.getMetrics");
		return Object.fromEntries(metrics.filter((m) => ["JSHeapUsedSize", "Nodes", "JSEventListeners", "Documents"].includes(m.name)).map((m) => [m.name, m.value]));
	};
	await live(page);
	for (const view of [...VIEWS, "overview"]) {
		await page.evaluate((to) => location.hash = to, view);
		await sleep(700);
	}
	await sleep(2000);
	const first = await measure();
	await sleep(SECONDS * 1000);
	const last = await measure();
	const windows = Math.round(SECONDS / 0.25);
	note(`after ${SECONDS} s, about ${windows} windows: heap ${first.JSHeapUsedSize} -> ${last.JSHeapUsedSize} bytes, nodes ${first.Nodes} -> ${last.Nodes}, listeners ${first.JSEventListeners} -> ${last.JSEventListeners}`);
	ok(last.Nodes <= first.Nodes + 40, "live updates leave no elements behind", [first, last]);
	ok(last.JSEventListeners <= first.JSEventListeners + 4, "and no listeners", [first, last]);
	ok(last.JSHeapUsedSize < first.JSHeapUsedSize * 1.1, "memory does not grow", [first, last]);
	fine(page, "after a while");
	await page.context().close();
	await scene.end();
}

const scene = await front(["--window", "0.4"]);
const b = await browser();
try {
	for (const part of [paints, keyboard, flows, hostile, looks, past, withoutCharts, login, gone, memory]) {
		const begun = Date.now();
		await part(b, scene.url);
		note(`${part.name} took ${((Date.now() - begun) / 1000).toFixed(1)} s`);
	}
} catch (e) {
	ok(false, "the test comes to its end", String(e.stack || e));
}
await b.close();
await scene.end();
done();
