// SPDX-License-Identifier: GPL-2.0-or-later
// A Parquet file as JSON Lines, by a reader of others: what it says of itself, then a line a row. Whole numbers and times
// are written digit by digit, and times as nanoseconds, so that nothing is rounded here.
//
//	read.mjs hyparquet|arrow FILE

import {readFileSync, writeSync} from "node:fs";

const plain = (v) => v === null || v === undefined ? "null" : typeof v === "bigint" ? String(v) : JSON.stringify(v);
const row = (values) => `[${values.map(plain).join(",")}]\n`;

function print(head, n, at) {
	let text = JSON.stringify(head, (_, v) => typeof v === "bigint" ? Number(v) : v) + "\n";
	for (let i = 0; i < n; i++) {
		text += row(at(i));
		if (text.length > 1 << 20 || i === n - 1) {
			write(text);
			text = "";
		}
	}
	write(text);
}

// A pipe takes what it has room for.
function write(text) {
	let left = Buffer.from(text);
	while (left.length)
		try {
			left = left.subarray(writeSync(1, left));
		} catch (e) {
			if (e.code !== "EAGAIN")
				throw e;
		}
}

async function hyparquet(bytes) {
	const {parquetMetadata, parquetRead} = await import("hyparquet");
	const {compressors} = await import("hyparquet-compressors");
	const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
	const meta = parquetMetadata(file, {parsers: {timestampFromNanoseconds: (v) => v}});
	let rows = [];
	await parquetRead({file, compressors, onComplete: (all) => rows = all, parsers: {timestampFromNanoseconds: (v) => v}});
	const head = {
		rows: meta.num_rows,
		by: meta.created_by,
		notes: Object.fromEntries((meta.key_value_metadata || []).map((n) => [n.key, n.value])),
		columns: meta.schema.slice(1).map((e) => ({name: e.name, physical: e.type, optional: e.repetition_type === "OPTIONAL",
							   logical: e.logical_type ?? null, converted: e.converted_type ?? null})),
		groups: meta.row_groups.map((g) => ({rows: g.num_rows, plain: g.total_byte_size, size: g.total_compressed_size,
						     chunks: g.columns.map((c) => ({codec: c.meta_data.codec,
										    nulls: c.meta_data.statistics?.null_count,
										    least: String(c.meta_data.statistics?.min_value ?? ""),
										    most: String(c.meta_data.statistics?.max_value ?? "")}))})),
	};
	print(head, rows.length, (i) => rows[i]);
}

// The Rust implementation of the Arrow project, by way of its own in-memory format.
async function arrow(bytes) {
	const {readParquet} = await import("parquet-wasm/node");
	const {tableFromIPC, DataType} = await import("apache-arrow");
	const table = tableFromIPC(readParquet(bytes).intoIPCStream());
	// Times come as numbers that hold no nanoseconds; the memory holds them.
	const columns = table.schema.fields.map((f, c) => {
		const vector = table.getChildAt(c), values = [];
		for (const data of vector.data)
			for (let i = 0; i < data.length; i++)
				values.push(data.getValid(i) ? DataType.isTimestamp(f.type) ? data.values[i] : undefined : null);
		return DataType.isTimestamp(f.type) ? (i) => values[i] : (i) => vector.get(i);
	});
	const head = {
		rows: table.numRows,
		notes: Object.fromEntries(table.schema.metadata),
		columns: table.schema.fields.map((f) => ({name: f.name, type: String(f.type), optional: f.nullable})),
	};
	print(head, table.numRows, (i) => columns.map((at) => at(i)));
}

const [reader, path] = process.argv.slice(2);
await {hyparquet, arrow}[reader](readFileSync(path));
