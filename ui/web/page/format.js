// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers and times for people. SI units (1 kB = 1000 bytes).

const STEPS = ["", "k", "M", "G", "T", "P", "E"];
const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
export const DASH = "–";

export function scaled(value, unit) {
	let step = 0;
	while (Math.abs(value) >= 999.5 && step < STEPS.length - 1) {
		value /= 1000;
		step++;
	}
	const digits = step && Math.abs(value) < 99.95 ? 1 : 0;
	return `${value.toFixed(digits)}${unit || STEPS[step] ? "\u00a0" : ""}${STEPS[step]}${unit}`;
}

export const count = (n) => n === undefined ? DASH : whole.format(n);
// A rate as it is: whole from a hundred on.
export const plain = (n) => n >= 100 ? count(Math.round(n)) : String(Math.round(n * 100) / 100);
export const bytes = (n) => n === undefined ? DASH : scaled(n, "B");
export const short = (n) => n === undefined ? DASH : scaled(n, "");

// The two ways to look at a rate; `of` takes it from a {packets, bytes}, `keys` from a series.
export const UNITS = {
	bits: {label: "bit/s", of: (c) => c.bytes * 8, factor: 8, key: "bytes", text: (v) => scaled(v, "bit/s"), axis: (v) => scaled(v, "")},
	packets: {label: "packet/s", of: (c) => c.packets, factor: 1, key: "packets", text: (v) => scaled(v, "p/s"), axis: (v) => scaled(v, "")},
};

export function rate(c, unit, seconds = 1) {
	return c ? unit.text(unit.of(c) / seconds) : DASH;
}

export function share(part, all) {
	const percent = all ? 100 * part / all : 0;
	return percent && percent < 0.1 ? "<0.1 %" : `${percent.toFixed(1)} %`;
}

export function clock(ms, seconds = true) {
	return new Date(ms).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hour12: false});
}

export function when(ms) {
	return new Date(ms).toLocaleString([], {month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false});
}

export function span(seconds) {
	const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
	const from = units.findIndex(([, size]) => seconds >= size);
	if (from < 0)
		return "0 s";
	let left = Math.floor(seconds);
	return units.slice(from, from + 2).map(([name, size]) => {
		const n = Math.floor(left / size);
		left -= n * size;
		return n ? `${n} ${name}` : "";
	}).filter(Boolean).join(" ");
}

export function micro(us) {
	return us < 1000 ? `${us}\u00a0µs` : `${(us / 1000).toFixed(us < 99950 ? 1 : 0)}\u00a0ms`;
}

export function end(ip, port) {
	if (port === undefined)
		return ip;
	return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
