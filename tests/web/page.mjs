// SPDX-License-Identifier: GPL-2.0-or-later
// The page as a person has it: sees, types, and never touches the mouse unless the test says so.

import {browser, done, eventually, front, is, live, note, ok, open, shots, sleep, text} from "./scene.mjs";

const VIEWS = ["overview", "services", "talkers", "flows", "protocols", "ledger", "rules", "classes", "history", "incidents", "api"];
// Names of parts behind the command: only these.
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

// What is expected goes on to the right of what was, of whatever is chosen.
async function expected(b, url) {
	const page = await open(b, url);
	ok(await eventually(() => page.locator(".expected .plot canvas").count()), "what is expected is drawn");
	ok(await eventually(async () => /In 1 h about .* in eight of ten cases; 81 of 100 such ranges held/.test(await text(page, '.expected p[role="status"]'))),
		"and said, with how often that held", await text(page, '.expected p[role="status"]'));
	await page.locator(".expected select").selectOption({label: await page.locator(".expected option", {hasText: "interface"}).innerText()});
	ok(await eventually(async () => /The capacity of 400.* is expected to be met at about \d\d:\d\d/.test(await text(page, '.expected p[role="status"]'))),
		"of an interface: when its capacity is met", await text(page, '.expected p[role="status"]'));
	ok(/expected: In 1 h/.test(await page.locator(".expected .plot").getAttribute("aria-label")), "the chart says it, too");
	fine(page, "expected");
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
	is(await focused(page), "tab-api", "End: the last tab");
	await page.keyboard.press("0");
	is(await page.locator('[role="tab"][aria-selected="true"]').innerText(), "Incidents", "0: the tenth view");
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
	ok(await eventually(async () => /set 'size = 12MiB'/.test(await text(page, ".peek [role=status]"))), "where none are kept, what to configure");
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
	await page.goto(scene.url + "#rules");
	ok(await eventually(() => page.locator('#view-rules .note:has-text("<script>window.pwned=\'why\'</script>")').count()), "a script in why of a rule is text");
	await page.locator('#view-rules tr:visible:has-text("ghost") button.row').press("Enter");
	ok(await eventually(async () => await page.locator("dialog[open] .report").count() && (await text(page, "dialog[open] .report")).includes("<script>window.pwned='why'")), "in its report, too");
	ok(await eventually(() => page.locator('dialog[open] .packets li:has-text("<script>window.pwned=\'dump\'")').count()), "and so are its packets");
	await page.keyboard.press("Escape");
	await page.goto(scene.url + "#api");
	ok(await eventually(() => page.locator("#view-api .row:has-text(\"<script>window.pwned='route'</script>\")").count()), "a script in a route is text");
	ok((await text(page, "#view-api")).includes("backend <b>app</b>"), "so is a backend's name");
	await page.locator("#view-api tr:visible:has-text(\"pwned='route'\") button.row").press("Enter");
	ok((await text(page, "dialog[open]")).includes("<script>window.pwned='route'</script>"), "and all that is known of it");
	await page.keyboard.press("Escape");
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
	await page.mouse.move(0, 0);
	await page.getByLabel("of what").selectOption({label: "GET /users/{id}/orders"});
	ok(await eventually(() => asked.at(-1).get("route") === "GET /users/{id}/orders"), "history of a route is asked for by its name");
	ok(await eventually(async () => /requests, .* failed, .* refused, .* of answers, 12\.5.ms on average/.test(await text(page, '#view-history p[role="status"]'))), "and told: requests, failures, times",
		await text(page, '#view-history p[role="status"]'));
	ok(await eventually(async () => /req\/s/.test(await text(page, "#view-history .key.in"))), "in requests a second");
	await page.screenshot({path: `${shots}/history-route.png`});
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

// What was found, and the numbers that say so beside what is usual.
async function classes(b, url) {
	const page = await open(b, url + "#classes");
	ok(await eventually(async () => await rows(page, "classes").count() === 11), "three classes, what each had of two links, and those");
	const row = (name) => page.locator(`#view-classes tbody tr:visible:has-text("${name}"):not(:has-text("↳"))`);
	const part = (name) => page.locator(`#view-classes tbody tr:visible:has-text("${name}"):has-text("of bulk")`);
	ok(await eventually(async () => /[1-9].*bit\/s/.test(await part("eth1 out").locator("td").nth(1).innerText())), "what bulk had of eth1");
	is(await rows(page, "classes").nth(1).locator("button.row").innerText(), "↳ eth0 in", "a link stands below its class");
	const web = await row("web").innerText();
	ok(/priority 1 · guarantee 20.0.Mbit\/s/.test(web), "a class with its bounds", web);
	ok(/bit\/s/.test(await row("web").locator("td").nth(1).innerText()), "what passed, in bit/s");
	ok(await eventually(async () => /[1-9].*bit\/s/.test(await row("bulk").locator("td").nth(2).innerText())), "what gave way");
	ok((await text(page, "#view-classes")).includes("(no class)"), "what is in none");
	const bar = await row("bulk").locator(".named").evaluate((e) => Number(getComputedStyle(e).getPropertyValue("--share")));
	ok(bar > 0 && bar <= 1, "its share is a bar", String(bar));
	const line = await row("web").locator(".spark .line").getAttribute("d");
	ok(await eventually(async () => await row("web").locator(".spark .line").getAttribute("d") !== line), "its line goes on");
	ok(/11.0.Mbit\/s[^]*20.0.Mbit\/s/.test(await row("eth0 in").innerText()), "a link: what it uses and may use", await row("eth0 in").innerText());
	ok(/backlog/.test(await row("eth0 in").innerText()), "and what the host did not keep up with");
	ok(/all/.test(await row("eth1 out").innerText()), "one without a bound");
	await page.keyboard.press("u");
	ok(/p\/s/.test(await row("web").locator("td").nth(1).innerText()), "u: packets");
	await tabTo(page, (at) => at === "web");
	for (let i = 0; i < 3; i++)
		await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	const said = await text(page, "dialog[open]");
	ok(/Class bulk/.test(said) && /total dropped packets/.test(said), "Enter: all that is known of it", said);
	await page.keyboard.press("Escape");
	is(await focused(page), "bulk", "the keyboard is where it was");
	fine(page, "classes");
	await page.context().close();
}

// Who asks gateways for what.
async function api(b, url) {
	const page = await open(b, url);
	await live(page);
	await page.keyboard.press("a");
	ok(await eventually(async () => await rows(page, "api").count() === 4 + 3 + 5), "a: three routes and the rest, three consumers, five clients", await rows(page, "api").count());
	const row = (name) => page.locator(`#view-api tbody tr:visible:has-text("${name}")`), table = (n) => page.locator(`#view-api section:nth-of-type(${n}) tbody tr:visible`);
	const chat = await row("chat/completions").innerText();
	ok(/model: chat/.test(chat) && /31\.0 %/.test(chat) && /1840.ms/.test(chat), "a route: its model, its errors, its p95", chat);
	ok(/[kM]\s*$/.test((await row("chat/completions").locator("td").nth(8).innerText())), "and its tokens", chat);
	ok((await row("orders").innerText()).includes("2001:db8") || (await row("orders").innerText()).includes("198.51.100."), "who asks most", await row("orders").innerText());
	ok(/^[\d,]+ requests, [\d.k\u00a0]+ a second, 2\.0 % failed, [\d,]+ refused by the gateway; 2 lines could not be read$/.test(await text(page, "#view-api p[role=status]")), "all of it, in words",
		await text(page, "#view-api p[role=status]"));
	ok((await text(page, "#view-api section:nth-of-type(2)")).includes("no consumer named"), "what named nobody has its row");
	ok(/1\.9.ms/.test(await table(3).first().innerText()) && !/1\.9.ms/.test(await table(3).last().innerText()), "round trips of clients whose packets come here",
		await table(3).first().innerText());
	const before = await row("orders").locator("td").first().innerText();
	ok(await eventually(async () => await row("orders").locator("td").first().innerText() !== before), "requests a second go on");
	ok((await table(1).first().innerText()).includes("orders"), "who is asked most comes first");
	await tabTo(page, (at) => at === "p95");
	await page.keyboard.press("Enter");
	ok(await eventually(async () => (await table(1).first().innerText()).includes("chat/completions")), "sorted by p95, by keyboard");
	ok(await page.locator('#view-api th[aria-sort="descending"]:has-text("p95")').count() === 3, "and so marked");
	ok((await table(1).last().innerText()).includes("all others"), "the rest stays last");
	await page.keyboard.press("/");
	is(await focused(page), "find in API", "/: to the search");
	await page.keyboard.type("CHAT");
	ok(await eventually(async () => await table(1).count() === 1), "a part of a name finds it");
	await page.keyboard.press("Control+a");
	await page.keyboard.press("Delete");
	await page.keyboard.press("Escape");
	await tabTo(page, (at) => at.startsWith("POST api"));
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("ArrowUp");
	await page.keyboard.press("Enter");
	const said = await text(page, "dialog[open]");
	ok(/route POST api.example.org/.test(said) && /503: [\d,]+/.test(said) && /\(about [\d,]+\)/.test(said) && /tokens in/.test(said), "Enter: statuses, clients, tokens", said);
	await page.keyboard.press("Escape");
	ok((await focused(page)).startsWith("POST api"), "the keyboard is where it was");
	fine(page, "api");
	const none = JSON.stringify({event_type: "error", error: "no gateway is listened to: <b>set</b> 'listen'", status: 1}) + "\n";
	let asked = 0;
	await page.route("**/api/api*", (route) => {
		asked++;
		route.fulfill({status: 502, contentType: "application/x-ndjson", body: none});
	});
	ok(await eventually(async () => (await text(page, "#view-api .wrong")).includes("<b>set</b>")), "where no gateway is listened to, that is told");
	await sleep(1200);
	is(asked, 1, "and not asked again each second");
	await page.context().close();
}

async function incidents(b, url) {
	const page = await open(b, url + "#incidents");
	ok(await eventually(async () => await rows(page, "incidents").count() === 3), "an incident, and two addresses that are known");
	const first = await rows(page, "incidents").first().innerText();
	ok(/^syn flood, port scan vertical/.test(first) && first.includes("at 192.0.2.10:443") && first.includes("critical") && first.includes("1 m 3 s"), "what, where, how bad, how long", first);
	const now = () => text(page, "#view-incidents section:nth-of-type(2) tbody tr td:nth-child(2)"), before = await now();
	ok(await eventually(async () => await now() !== before), "what is usual beside what is: it goes on");
	await tabTo(page, (at) => at.startsWith("syn flood"));
	await page.keyboard.press("Enter");
	ok(await eventually(() => page.locator("dialog[open] .evidence li").count()), "Enter: its evidence");
	const said = await text(page, "dialog[open]");
	ok(said.includes("8,412 packets/s (usual: 195, never as high in 2 h") && said.includes("97 %"), "each number, what is usual, and how often it was so", said);
	ok(/Began \d\d:\d\d:\d\d, found \+0\.2 s, kept out \+0\.4 s\./.test(said), "when it was found and kept out, after it began", said);
	ok(said.includes("Rule auto2 was made against it.") && said.includes("Rule auto1 did not stop it: another one took its place."), "what was done", said);
	ok(said.includes("weir explain 7") && said.includes("weir rule show auto2") && said.includes("weir dump --incident 7 500 of its first packets"), "what to type next", said);
	ok(said.includes("<script>window.pwned='finding'</script>"), "a script in a reason is text");
	is(await page.locator("dialog[open] .bars rect").count(), 2, "as bars, too");
	if (shots)
		await page.screenshot({path: `${shots}/incident.png`});
	for (const [name, width, height, colorScheme] of [["wide", 1280, 900, "dark"], ["phone", 320, 640, "light"], ["phone", 320, 640, "dark"]]) {
		await page.setViewportSize({width, height});
		await page.emulateMedia({colorScheme});
		const by = await page.evaluate(() => [document.documentElement, document.querySelector("dialog[open]")].map((e) => e.scrollWidth - e.clientWidth));
		ok(by.every((n) => n <= 0), `${width} pixels, ${colorScheme}: it does not stick out`, by);
		await page.screenshot({path: `${shots}/${name}-${colorScheme}-incident.png`});
	}
	await page.setViewportSize({width: 1280, height: 900});
	await page.keyboard.press("Escape");
	if (shots)
		await page.screenshot({path: `${shots}/incidents.png`});
	fine(page, "incidents");
	await page.context().close();
}

// What is usual by the hours of the week and what is now, as the plot has it: [time, low and high of the band, was, now].
const plotted = (page) => page.evaluate(() => {
	const of = window.drawn, rows = of ? [...Array(of.numRows()).keys()] : [];
	const middle = (v) => v === null ? null : v[1];
	return rows.map((i) => [of.getValue(i, 0), of.getValue(i, 1) && [of.getValue(i, 1)[1], of.getValue(i, 1)[2]], middle(of.getValue(i, 2)), middle(of.getValue(i, 3))]);
});

async function norm(b, url) {
	const page = await open(b, url + "#incidents"), HOUR = 3600e3, hourOf = (ms) => (Math.floor(ms / HOUR) + 72) % 168;
	await eventually(async () => await rows(page, "incidents").count() === 3);
	await page.evaluate(() => {
		const Dygraph = window.Dygraph;
		window.Dygraph = class extends Dygraph {
			constructor(...given) {
				super(...given);
				window.drawn = this;
			}
		};
	});
	await tabTo(page, (at) => at === "192.0.2.10");
	await page.keyboard.press("Enter");
	ok(await eventually(() => page.locator("dialog[open] .norm canvas").count()), "Enter on what is usual: a plot");
	await eventually(async () => (await plotted(page)).filter(([, , , now]) => now !== null).length > 2);
	const all = await plotted(page), now = Date.now();
	const hours = all.filter(([at]) => at % HOUR === 0 && Math.abs(at + HOUR / 2 - now) > HOUR);
	const known = hours.filter(([, band]) => band);
	is([hours.length >= 166, hours.length - known.length], [true, 1], "the hours of the week, but for one that is not known");
	is(known.filter(([at, band]) => band[0] !== 20 + hourOf(at) || band[1] !== 200 + 2 * hourOf(at)), [], "the band is what is usual in each, to what is usual at most");
	const is_now = all.filter(([at]) => Math.floor(at / HOUR) === Math.floor(now / HOUR));
	is([...new Set(is_now.map(([, band]) => band && band.join()))], ["41.5,310"], "in this hour as detection has it now");
	is([...new Set(all.filter(([at]) => at < now - HOUR && at > now - 143 * HOUR).map(([, , was]) => was))], [37], "the line of what was: its services, added up");
	const live = all.map(([, , , v]) => v).filter((v) => v !== null);
	ok(live.every((v) => v >= 40 && v < 49) && live.length < 600, "the points of what is now", live);
	const note_is = () => text(page, "dialog[open] .norm .note");
	await eventually(async () => /the points are/.test(await note_is()));
	const said = await note_is();
	ok(/^Now 4\d packets\/s; usual at this hour 41\.5, at most 310\. By the hours of the week that are known \(167 of 168\): \d+ on ... \d\d:00 UTC to \d+ on .* 8 services there, from history; the points are the last/.test(said), "and in words, with what the line is", said);
	is(await page.locator("dialog[open] .norm .plot").getAttribute("aria-label").then((l) => /^What is usual at 192\.0\.2\.10, and what is now\. Now 4\d packets/.test(l)), true, "for who cannot see it, too");
	for (const [name, width, height, colorScheme] of [["wide", 1280, 900, "light"], ["wide", 1280, 900, "dark"], ["phone", 320, 640, "light"], ["phone", 320, 640, "dark"]]) {
		await page.setViewportSize({width, height});
		await page.emulateMedia({colorScheme});
		await sleep(1200);
		const by = await page.evaluate(() => [document.documentElement, document.querySelector("dialog[open]")].map((e) => e.scrollWidth - e.clientWidth));
		ok(by.every((n) => n <= 0), `${width} pixels, ${colorScheme}: the plot does not stick out`, by);
		await page.screenshot({path: `${shots}/${name}-${colorScheme}-usual.png`});
	}
	await page.setViewportSize({width: 1280, height: 900});
	await page.keyboard.press("Escape");
	ok(await eventually(async () => !await page.locator("dialog").count()), "Esc closes it");
	is(await focused(page), "192.0.2.10", "the keyboard is where it was");
	await page.evaluate(() => window.drawn = null);
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	ok(await eventually(async () => (await plotted(page)).length), "of what is known for hours only: a plot, too");
	const day = await plotted(page);
	ok(day.at(-1)[0] - day[0][0] <= 25 * HOUR && day[0][0] >= Date.now() - 25 * HOUR, "of the last 24 hours", [day[0], day.at(-1)]);
	ok(day.filter(([, band]) => band).every(([, band]) => band[1] === 620) && day.some(([, band]) => !band), "with the most of now, and nothing from before it was known");
	is(day.filter(([, , was]) => was !== null), [], "without a line");
	const less = await text(page, "dialog[open] .norm .note");
	ok(/Not a day is known yet.*No history is kept of it/.test(less), "which is said", less);
	await page.screenshot({path: `${shots}/usual-day.png`});
	await page.keyboard.press("Escape");
	await tabTo(page, (at) => at.startsWith("syn flood"));
	await page.evaluate(() => window.drawn = null);
	await page.locator('#view-incidents tr:visible:has-text("syn flood") button.row').press("Enter");
	ok(await eventually(async () => (await plotted(page)).some(([, band]) => band)), "an incident has the plot of who it is at");
	ok((await text(page, "dialog[open]")).includes("Usual at 192.0.2.10"), "by its address");
	await page.locator("dialog[open] .norm").scrollIntoViewIfNeeded();
	await page.screenshot({path: `${shots}/incident-usual.png`});
	await page.keyboard.press("Escape");
	fine(page, "norm");
	await page.context().close();
}

const TOKEN = "correct-horse-battery";

// Without page.change: a list and reports, and nothing to press.
async function rules(b, url) {
	const page = await open(b, url + "#rules");
	ok(await eventually(async () => await rows(page, "rules").count() === 3), "three rules");
	const first = await rows(page, "rules").first().innerText();
	ok(/^scan/.test(first) && first.includes("drop from 203.0.113.0/24") && first.includes("enforced"), "in their order, with statement and state", first);
	const number = () => text(page, "#view-rules tbody tr td:nth-child(5)"), before = await number();
	ok(await eventually(async () => await number() !== before), "their counters go on");
	is(await page.locator("#view-rules form:visible, #view-rules input:visible").count(), 0, "nothing can be added");
	await tabTo(page, (at) => at === "scan");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	ok(await eventually(() => page.locator("dialog[open] .report").count()), "Enter: the report of a shadow");
	const said = await text(page, "dialog[open]");
	ok(/As a shadow: 1 m 1 s, matched 1,230 packets, would have stopped 1,230 \(20.0 a second\)/.test(said), "how much it would have stopped", said);
	ok(/12 packets of known-good flows among 1,230 packets of about 41 sources/.test(said), "and of whom", said);
	ok(said.includes("TCP 192.0.2.10:443") && said.includes("198.51.100.7:50000 → 192.0.2.10:443 TCP"), "services and known-good flows");
	is(await page.locator("dialog[open] button:has-text('Enforce'), dialog[open] button:has-text('Delete')").count(), 0, "nothing can be changed");
	await page.keyboard.press("Escape");
	is(await focused(page), "ghost", "the keyboard is where it was");
	fine(page, "rules");
	await page.context().close();
}

async function changes(b) {
	const scene = await front(["--window", "0.4"], ["--token", TOKEN, "--change"]);
	const page = await open(b, scene.url + "#rules");
	const posts = [];
	page.on("request", (r) => r.method() === "POST" && posts.push(r));
	await eventually(() => page.locator("dialog.login[open]").count());
	await page.keyboard.type(TOKEN);
	await page.keyboard.press("Enter");
	ok(await eventually(async () => await page.locator("#view-rules form:visible").count()), "with page.change: a rule can be added");
	page.complaints = [];
	await tabTo(page, (at) => at === "a statement");
	await page.keyboard.type("x: drop from 192.0.2.77");
	await page.keyboard.press("Enter");
	ok(await eventually(() => page.locator("dialog.login[open]").count()), "a change asks for the token");
	await page.keyboard.press("Escape");
	ok(await eventually(async () => (await text(page, "#view-rules .wrong")).includes("no token")), "without it nothing is changed");
	is([posts.length, await rows(page, "rules").count()], [0, 3], "nor asked for");
	await page.keyboard.press("Enter");
	await eventually(() => page.locator("dialog.login[open]").count());
	await page.keyboard.type(TOKEN);
	await page.keyboard.press("Enter");
	ok(await eventually(async () => await rows(page, "rules").count() === 4), "with it the rule is there");
	is(await rows(page, "rules").last().locator("td").first().innerText(), "shadow", "as a shadow: that is what Enter does");
	is([posts.length, posts[0].headers().authorization], [1, "Bearer " + TOKEN], "the token went by its header");
	await tabTo(page, (at) => at === "scan");
	await page.keyboard.press("Enter");
	await eventually(() => page.locator("dialog[open] .report").count());
	ok((await text(page, "dialog[open]")).includes("stands in the file"), "a rule of the file is changed there");
	await page.keyboard.press("Escape");
	await page.keyboard.press("End");
	await page.keyboard.press("Enter");
	ok(await eventually(() => page.locator("dialog[open] .report").count()), "the report of the new one");
	ok(/would have stopped/.test(await text(page, "dialog[open]")), "has the prediction before it can be enforced");
	await tabTo(page, (at) => at === "Enforce");
	await page.keyboard.press("Enter");
	ok(await eventually(async () => await rows(page, "rules").last().locator("td").first().innerText() === "enforced"), "Enforce, by keyboard");
	is(await page.locator("dialog").count(), 0, "the token is asked for once");
	await tabTo(page, (at) => at === "x");
	await page.keyboard.press("Enter");
	await eventually(() => page.locator("dialog[open] .report").count());
	ok(/Since enforced: 10 s, matched 210 packets, stopped 210 \(21.0 a second\)/.test(await text(page, "dialog[open]")), "what came of it, beside what was said");
	await tabTo(page, (at) => at === "Delete");
	await page.keyboard.press("Enter");
	ok(await eventually(async () => await rows(page, "rules").count() === 3), "Delete");
	fine(page, "changes");
	await page.locator('#view-rules input[name="statement"]').fill("drop from 0.0.0.0/0");
	await page.keyboard.press("Enter");
	ok(await eventually(async () => /very wide/.test(await page.locator("#view-rules").innerText())), "a guard's refusal is told");
	is(await rows(page, "rules").count(), 3, "and nothing is added");
	for (const [name, width, height, colorScheme] of [["wide", 1280, 900, "light"], ["wide", 1280, 900, "dark"], ["phone", 320, 640, "light"], ["phone", 320, 640, "dark"]]) {
		await page.setViewportSize({width, height});
		await page.emulateMedia({colorScheme});
		await page.screenshot({path: `${shots}/${name}-${colorScheme}-rules-change.png`});
		await page.locator('#view-rules tr:visible:has-text("ghost") button.row').press("Enter");
		await eventually(() => page.locator("dialog[open] .report").count());
		await page.locator("dialog[open] button.danger").scrollIntoViewIfNeeded();
		const by = await page.evaluate(() => [document.documentElement, document.querySelector("dialog[open]")].map((e) => e.scrollWidth - e.clientWidth));
		ok(by.every((n) => n <= 0), `${width} pixels, ${colorScheme}: a report does not stick out`, by);
		is(await page.evaluate(nameless), [], `${width} pixels, ${colorScheme}: its buttons have names`);
		await page.screenshot({path: `${shots}/${name}-${colorScheme}-rule.png`});
		await page.keyboard.press("Escape");
	}
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
	let first = await measure();
	await sleep(SECONDS * 1000);
	let last = await measure();
	if (last.Nodes > first.Nodes + 40) { // a chart may have got another axis, once: what grows does so again
		first = last;
		await sleep(SECONDS * 1000);
		last = await measure();
	}
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
	for (const part of [paints, expected, keyboard, flows, hostile, looks, past, withoutCharts, rules, classes, incidents, norm, api, changes, login, gone, memory].filter((p) => process.argv.length < 3 || process.argv.includes(p.name))) {
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
