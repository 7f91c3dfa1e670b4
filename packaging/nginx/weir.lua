-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- For nginx with its Lua module (docs/gateways.md): whom weir refuses or limits, in a dictionary that the workers share. Every
-- entry ends by nginx' own clock, whether weir is still there or not. A reload keeps the dictionary, a restart does not.
--
--   answer()  for set_by_lua_block: "403", "429" or ""
--   admin()   for content_by_lua_block, for this host alone:
--     GET /entries        a line each: deny PREFIX until S by OWNER, limit PREFIX to RATE until S by OWNER
--     PUT /entries/OWNER  lines "+ deny PREFIX until S" (unless somebody else has it), "= …" (whoever has it), "- deny PREFIX"
--
-- In the dictionary: at "d" (deny) or "l" (limit), "4" or "6", the first bits of the address and their number: "S RATE OWNER". No
-- line of an entry is ever made a string of Lua's here: LuaJIT tells strings apart by a few of their bytes, and a hundred thousand
-- that are alike in these take it seconds. So texts are read byte by byte where they stand, and keys and lists are made in memory of
-- C's, where nothing but the whole becomes a string.
local bit, ffi = require "bit", require "ffi"
local entries, rates = ngx.shared.weir, ngx.shared.weir_rates
local byte, find, format, match, sub = string.byte, string.find, string.format, string.match, string.sub
local TURN = 2000 -- lines before other requests have a turn
local MAPPED = ("\0"):rep(10) .. "\255\255" -- what stands before an IPv4 client at a socket of both families (RFC 4291, 2.5.5.2)
local verbs = {d = "deny ", l = "limit "}
local letters = {deny = "d", limit = "l"}
local families = {[4] = "4", [16] = "6"}
local DOT, SLASH, COLON = 46, 47, 58
local M = {}

-- ---- addresses, of text from its byte i to k ----

-- Digits alone; nil: something else.
local function number(text, i, k)
	local v = 0
	for at = i, k do
		local c = byte(text, at)
		if c < 48 or c > 57 or at > i + 11 then
			return nil
		end
		v = v * 10 + c - 48
	end
	return k >= i and v or nil
end

-- The key of an entry: letter, family, the first bits of the address, their number. Nothing that reads or writes it is interrupted.
local key = ffi.new("uint8_t[20]")
local addr = key + 2

-- Each of these puts the bytes of an address there from `to` on, and says how many.
local function ipv4(text, i, k)
	local n, from = 0, i
	for at = i, k + 1 do
		if at > k or byte(text, at) == DOT then
			local v = n < 4 and at - from <= 3 and number(text, from, at - 1)
			if not v or v > 255 then
				return nil
			end
			addr[n], n, from = v, n + 1, at + 1
		end
	end
	return n == 4 and 4 or nil
end

local function digit(c)
	return c >= 48 and c <= 57 and c - 48 or c >= 97 and c <= 102 and c - 87 or c >= 65 and c <= 70 and c - 55
end

-- "2001:db8": its groups, two bytes each.
local function groups(text, i, k, to)
	local v, n, from = 0, 0, to
	for at = i, i > k and k or k + 1 do
		local c = at > k and COLON or byte(text, at)
		local d = digit(c)
		if c == COLON and n > 0 and to <= 14 then
			addr[to], addr[to + 1] = bit.rshift(v, 8), bit.band(v, 255)
			to, v, n = to + 2, 0, 0
		elseif d and n < 4 then
			v, n = v * 16 + d, n + 1
		else
			return nil
		end
	end
	return to - from
end

local function ipv6(text, i, k)
	local gap
	for at = i, k - 1 do
		if byte(text, at) == COLON and byte(text, at + 1) == COLON then
			gap = at
			break
		end
	end
	local head = groups(text, i, gap and gap - 1 or k, 0)
	local tail = head and (not gap and 0 or groups(text, gap + 2, k, head))
	local left = tail and 16 - head - tail
	if not left or (gap and left <= 0) or (not gap and left ~= 0) then
		return nil
	end
	for at = tail - 1, 0, -1 do
		addr[head + left + at] = addr[head + at]
	end
	ffi.fill(addr + head, left)
	return 16
end

-- The key with the first bits of what stands in addr: what an entry is found by.
local function key_of(kind, bits)
	local whole, more = bit.rshift(bits, 3), bit.band(bits, 7)
	key[0], key[1] = byte(kind, 1, 2)
	if more > 0 then
		addr[whole] = bit.band(addr[whole], bit.lshift(255, 8 - more))
		whole = whole + 1
	end
	addr[whole] = bits
	return ffi.string(key, whole + 3)
end

-- A prefix into addr. Its family and length; nil: it is none.
local function read_prefix(text, i, k)
	local slash, six = nil, false
	for at = i, k do
		local c = byte(text, at)
		if c == SLASH then
			slash = at
			break
		end
		six = six or c == COLON
	end
	local n = (six and ipv6 or ipv4)(text, i, slash and slash - 1 or k)
	local bits = n and n * 8
	if slash and n then
		bits = number(text, slash + 1, k)
	end
	if bits and bits <= n * 8 then
		return families[n], bits
	end
end

-- ---- a list of entries, as text in memory of C's ----

local ROOM, LINE = 262144, 80
local out = ffi.new("uint8_t[?]", ROOM)

local function write(n, text)
	ffi.copy(out + n, text, #text)
	return n + #text
end

local function write_number(n, v)
	local tens = (v - v % 10) / 10
	if v >= 100 then
		out[n], n = 48 + (tens - tens % 10) / 10, n + 1
	end
	if v >= 10 then
		out[n], n = 48 + tens % 10, n + 1
	end
	out[n] = 48 + v % 10
	return n + 1
end

local function hex(v)
	return v < 10 and 48 + v or 87 + v
end

-- What key_of() has made, from n on; returns where it ends.
local function write_prefix(n, text)
	local six, bits = byte(text, 2) == 54, byte(text, -1)
	for at = 1, six and 16 or 4 do
		local v = at + 2 < #text and byte(text, at + 2) or 0
		if at > 1 and (not six or at % 2 == 1) then
			out[n], n = six and COLON or DOT, n + 1
		end
		if six then
			out[n], out[n + 1] = hex(bit.rshift(v, 4)), hex(bit.band(v, 15))
			n = n + 2
		else
			n = write_number(n, v)
		end
	end
	out[n] = SLASH
	return write_number(n + 1, bits)
end

-- ---- which lengths of prefixes there are, at keys of two letters: "32,24,", the longest first ----

local known = {} -- as this worker has read them last

local function lengths(kind)
	local text, k = entries:get(kind), known[kind]
	if not text then
		return nil
	end
	if not k or k.text ~= text then
		k = {text = text}
		for bits in text:gmatch("%d+") do
			k[#k + 1] = tonumber(bits)
		end
		known[kind] = k
	end
	return k
end

local function keep_length(kind, bits)
	local k, all = lengths(kind), {bits}
	for _, have in ipairs(k or {}) do
		if have == bits then
			return true
		end
		all[#all + 1] = have
	end
	table.sort(all, function(a, b) return a > b end)
	return entries:safe_set(kind, table.concat(all, ",") .. ",")
end

-- ---- requests ----

local function entry_of(letter, client)
	local kind = letter .. families[#client]
	for _, bits in ipairs(lengths(kind) or {}) do
		ffi.copy(addr, client, #client)
		local entry = entries:get(key_of(kind, bits))
		if entry then
			return entry
		end
	end
end

-- One more in this second; counted by the client's address.
local function is_over(client, rate)
	local n = rates and rates:incr(client .. ngx.time(), 1, 0, 2)
	return n and n > rate
end

function M.answer()
	local client = ngx.var.binary_remote_addr
	if not entries or ngx.req.is_internal() or not families[#client] then
		return "" -- there is nothing to look in, the same request again, or one by a unix socket
	end
	if #client == 16 and sub(client, 1, 12) == MAPPED then
		client = sub(client, 13)
	end
	if entry_of("d", client) then
		return "403"
	end
	local limit = entry_of("l", client)
	local rate = limit and tonumber(match(limit, "^%d+ (%d+) "))
	return rate and is_over(client, rate) and "429" or ""
end

-- ---- what weir asks ----

local function say(status, ...)
	ngx.status = status
	ngx.say(...)
	return ngx.exit(status)
end

-- Whoever reaches this decides whom nginx refuses.
local function from_here()
	local at, from = ngx.var.server_addr, ngx.var.realip_remote_addr or ngx.var.remote_addr
	return sub(at, 1, 5) == "unix:" or
		(sub(at, 1, 4) == "127." or at == "::1") and (sub(from, 1, 4) == "127." or from == "::1")
end

-- "S RATE OWNER" of an entry: what stands behind its prefix.
local function behind(entry)
	local till, rate, owner = match(entry, "^(%d+) (%d+) (.*)$")
	return (rate == "0" and "" or " to " .. rate) .. " until " .. till .. " by " .. owner .. "\n"
end

local function list()
	local n, ends = 0, {}
	ngx.print("weir 1, ", rates and "limits" or "no limits", "\n")
	for i, name in ipairs(entries:get_keys(0)) do
		local entry = #name > 2 and entries:get(name)
		if entry then
			ends[entry] = ends[entry] or behind(entry)
			if n + LINE + #ends[entry] <= ROOM then
				n = write_prefix(write(n, verbs[sub(name, 1, 1)]), name)
				n = write(n, ends[entry])
			end
		end
		if i % TURN == 0 then -- out is other requests' in a turn
			ngx.print(ffi.string(out, n))
			n = 0
			ngx.sleep(0)
		end
	end
	ngx.print(ffi.string(out, n))
end

local function body()
	ngx.req.read_body()
	local data, path = ngx.req.get_body_data(), ngx.req.get_body_file()
	if data or not path then
		return data or ""
	end
	local f = assert(io.open(path, "rb"))
	data = f:read("*a")
	f:close()
	return data
end

-- The words of a line from its byte i to k: where each begins, and where the line's end is; 0: there are fewer.
local function words(text, i, k)
	local first = find(text, " ", i, true) or k
	local second = first < k and find(text, " ", first + 1, true) or k
	return first < k and first or 0, second < k and second or k
end

-- " until S", " to RATE until S" -> S, RATE (0: none). Few of them differ, and the last one is kept.
local last = {}
local function read_rest(rest, letter)
	if last.rest ~= rest then
		local rate, till = match(rest, "^ to (%d+) until (%d+)$")
		last = {rest = rest, rate = tonumber(rate or 0), till = tonumber(till or match(rest, "^ until (%d+)$"))}
	end
	if last.till and (letter == "l") == (last.rate > 0) then
		return last.till, last.rate
	end
end

-- Ends that lie before now are taken out: a time of 0 would last for ever. What is full is told, and nothing is thrown out for
-- it: safe_add(), safe_set().
local function keep(op, name, owner, till, rate)
	local left, entry = till - ngx.now(), format("%d %d %s", till, rate, owner)
	if left <= 0 then
		entries:delete(name)
		return true
	end
	local fine, why = entries:safe_add(name, entry, left)
	if why ~= "exists" then
		return fine, why
	end
	local there = entries:get(name)
	if op == 61 or there and sub(there, -#owner - 1) == " " .. owner then
		return entries:safe_set(name, entry, left)
	end
	return true -- somebody else has it
end

-- A line from its byte i to k. kept: lengths that this request has seen to.
local function put(text, i, k, owner, kept)
	local op = byte(text, i)
	local first, second = words(text, i + 2, k + 1)
	if first == 0 or byte(text, i + 1) ~= 32 then
		return nil, "no entry"
	end
	local letter = letters[sub(text, i + 2, first - 1)]
	local family, bits = read_prefix(text, first + 1, second - 1)
	if not family or not letter then
		return nil, "no entry"
	end
	local kind = letter .. family
	if op == 45 then -- "-"
		entries:delete(key_of(kind, bits))
		return true
	end
	local till, rate = read_rest(sub(text, second, k), letter)
	if op ~= 43 and op ~= 61 or not till then -- "+", "="
		return nil, "no entry: an operator, an end or a rate is missing"
	end
	if rate > 0 and not rates then
		return nil, "no lua_shared_dict weir_rates"
	end
	local fine, why = kept[kind .. bits], nil
	if not fine then
		fine, why = keep_length(kind, bits)
		kept[kind .. bits] = fine
	end
	if fine then
		fine, why = keep(op, key_of(kind, bits), owner, till, rate)
	end
	return fine, why == "no memory" and "lua_shared_dict weir is full: make it larger" or why
end

local function change(owner)
	local n, text, kept, at = 0, body(), {}, 1
	while at <= #text do
		local stop = find(text, "\n", at, true) or #text + 1
		local fine, why = put(text, at, stop - 1, owner, kept)
		n = n + 1
		if not fine then
			return say(find(why, "full", 1, true) and 507 or 400, "line " .. n .. ": " .. why)
		end
		if n % TURN == 0 then
			ngx.sleep(0)
		end
		at = stop + 1
	end
	ngx.say(n .. " lines")
end

function M.admin()
	if not entries then
		return say(500, "there is no lua_shared_dict weir")
	end
	if not from_here() then
		return say(403, "this is for a unix socket, or 127.0.0.1, alone")
	end
	local owner = match(ngx.var.uri, "^/entries/([%w_-]+)$")
	if ngx.req.get_method() == "PUT" and owner then
		return change(owner)
	end
	if ngx.req.get_method() == "GET" and ngx.var.uri == "/entries" then
		return list()
	end
	return say(404, "GET /entries, PUT /entries/OWNER")
end

return M
