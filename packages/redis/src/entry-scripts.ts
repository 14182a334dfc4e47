import { announce, filled, head, intents, millis, touch } from './lua-functions.ts'

const noClaim = '0'.repeat(29)

/** What touches entries. Every one of them is guarded by the epoch. */
export const entryScripts: Readonly<
  Record<
    | 'lease'
    | 'watch'
    | 'claim'
    | 'take'
    | 'fill'
    | 'renew'
    | 'release'
    | 'expire'
    | 'delete'
    | 'begin'
    | 'end'
    | 'conclude',
    string
  >
> = {
  /**
   * KEYS tag clock, entries; ARGV hold, 1 if the first key is the tag clock, the tokens' first part. The clock (empty
   * when it wasn't asked for), then per key what is there, `+` where the lease was given, `!` where it could not be.
   * What isn't ours is replaced by the lease. `now`: what became of a key here, should it come twice.
   */
  lease: `
local clocks = tonumber(ARGV[2])
local got = redis.call('MGET', unpack(KEYS))
local out, now = {clocks == 1 and got[1] or ''}, {}
for i = 1 + clocks, #KEYS do
  local key, at = KEYS[i], i + 1 - clocks
  local v = now[key] or got[i] or ''
  local kind = string.byte(v)
  if kind == 86 and #v >= 47 then -- V
    out[at] = v
  elseif kind == 76 and #v == 17 then -- L
    redis.pcall('APPEND', key, 'W')
    now[key] = v .. 'W'
    out[at] = v
  elseif (kind == 76 and #v == 18) or (kind == 84 and #v > 1 and #v % 29 == 1) then -- L, T
    out[at] = v
  else
    local lease = 'L' .. ARGV[3] .. string.format('%03d', at - 1)
    local set = redis.pcall('SET', key, lease, 'PX', ARGV[1])
    out[at] = set.err and '!' or '+'
    if not set.err then now[key] = lease end
  end
end
return out`,

  /** KEYS entries. Kind and stamp of each, by reading it: the server remembers who read what. */
  watch: `${head}
local out = {}
for i, key in ipairs(KEYS) do out[i] = head(key, 16) end
return out`,

  /** KEYS entries; ARGV hold, then stamp and token for each. 1 where the claim was given. */
  claim: `${head}${millis}
local out, now = {}, millis()
for i, key in ipairs(KEYS) do
  local v = head(key, 46)
  out[i] = 0
  if #v == 47 and string.sub(v, 1, 17) == 'V' .. ARGV[2 * i] and tonumber(string.sub(v, 34, 46)) <= now then
    redis.call('SETRANGE', key, 17, ARGV[2 * i + 1] .. string.format('%013.0f', now + ARGV[1]))
    out[i] = 1
  end
end
return out`,

  /** KEYS sequence, entries; ARGV channel, hold, tokens, bodies. 1 where the lease was given. */
  take: `${announce}${head}${touch}
redis.call('PERSIST', KEYS[1])
local out = {}
for i = 2, #KEYS do
  local v = head(KEYS[i], 17)
  out[i - 1] = 0
  if string.sub(v, 1, 1) ~= 'T' then
    local waiting = string.sub(v, 1, 1) == 'L' and string.sub(v, 18, 18) == 'W' and 'W' or ''
    redis.call('SET', KEYS[i], 'L' .. ARGV[i + 1] .. waiting, 'PX', ARGV[2])
    out[i - 1] = 1
  else
    touch(KEYS[i])
  end
end
announce(#KEYS + 2)
return out`,

  /**
   * KEYS stem; ARGV channel, what announcements of fills begin with, and all entries in one text: per entry what follows
   * the stem in its name, behind the length (u16), what a message calls it if the name doesn't tell (u32), its fence (u8),
   * its life in ms (0: no end; as text, u8) and its value (u32). Per entry `1` where it was stored, else `0`.
   */
  fill: `${head}${filled}
local call, unpacked, sub, stem, entries = redis.call, struct.unpack, string.sub, KEYS[1], ARGV[3]
local at, n, claims, names, rests, tells, fences, lives, values = 1, 0, false, {}, {}, {}, {}, {}, {}
while at <= #entries do
  n = n + 1
  rests[n], tells[n], fences[n], lives[n], values[n], at = unpacked('>I2c0I4c0Bc0Bc0I4c0', entries, at)
  names[n] = stem .. rests[n]
  claims = claims or #fences[n] == 33
end
-- Under claims there are whole values, of which only the head is wanted; under leases little more than those.
local there, out, told = claims and {} or call('MGET', unpack(names)), {}, {}
for i = 1, n do
  local fence, v = fences[i], claims and head(names[i], 32) or there[i] or ''
  if sub(v, 1, #fence) == fence then
    if lives[i] == '0' then
      call('SET', names[i], values[i])
    else
      call('SET', names[i], values[i], 'PX', lives[i])
    end
    if #fence == 33 or sub(v, 18, 18) == 'W' then
      told[#told + 1] = tells[i] ~= '' and tells[i] or (#rests[i] - 1) .. rests[i]
    end
    out[i] = '1'
  else
    out[i] = '0'
  end
end
filled(told)
return table.concat(out)`,

  /** KEYS entries; ARGV hold, fences. */
  renew: `${head}${millis}
local now = millis()
for i, key in ipairs(KEYS) do
  local fence = ARGV[i + 1]
  if head(key, #fence - 1) == fence then
    if #fence == 17 then
      redis.call('PEXPIRE', key, ARGV[1])
    else
      redis.call('SETRANGE', key, 33, string.format('%013.0f', now + ARGV[1]))
    end
  end
end
return 1`,

  /** KEYS entries; ARGV channel, what announcements of fills begin with, then fence and announced name for each. */
  release: `${head}${filled}
local told = {}
for i, key in ipairs(KEYS) do
  local fence, name, v = ARGV[2 * i + 1], ARGV[2 * i + 2], head(key, 32)
  if string.sub(v, 1, #fence) == fence then
    if #fence == 17 then
      redis.call('DEL', key)
      if string.sub(v, 18, 18) == 'W' then told[#told + 1] = name end
    else
      redis.call('SETRANGE', key, 17, '${noClaim}')
      told[#told + 1] = name
    end
  end
end
filled(told)
return 1`,

  /** KEYS sequence, entries; ARGV channel, bodies. */
  expire: `${announce}${head}${touch}
redis.call('PERSIST', KEYS[1])
for i = 2, #KEYS do
  local v = head(KEYS[i], 46)
  local kind = string.sub(v, 1, 1)
  if kind == 'V' and #v == 47 then
    redis.call('SETRANGE', KEYS[i], 17, '${noClaim}1')
  elseif kind == 'T' then
    touch(KEYS[i])
  else
    redis.call('DEL', KEYS[i])
  end
end
announce(2)
return 1`,

  /** KEYS sequence, entries; ARGV channel, bodies. Intents of writers stay: they block fills just as well. */
  delete: `${announce}${head}${touch}
redis.call('PERSIST', KEYS[1])
for i = 2, #KEYS do
  if head(KEYS[i], 0) == 'T' then touch(KEYS[i]) else redis.call('DEL', KEYS[i]) end
end
announce(2)
return 1`,

  /** KEYS sequence, entries; ARGV channel, token, hold, bodies. */
  begin: `${announce}${intents}
redis.call('PERSIST', KEYS[1])
local now = millis()
local mine = now + ARGV[3]
mine = mine + mine % 2
for i = 2, #KEYS do
  local kept, last = standing(KEYS[i], ARGV[2], now)
  local records = kept .. ARGV[2] .. string.format('%013.0f', mine)
  if head(KEYS[i], 0) == 'T' then records = odd(records) end
  if mine > last then last = mine end
  redis.call('SET', KEYS[i], 'T' .. records, 'PX', last - now)
end
announce(4)
return 1`,

  /** KEYS sequence, entries; ARGV channel, token, bodies. */
  end: `${announce}${intents}
redis.call('PERSIST', KEYS[1])
local now = millis()
for i = 2, #KEYS do
  local kept, last = standing(KEYS[i], ARGV[2], now)
  if kept == '' then
    -- Also what isn't an intent any more: ours had run out, and what was stored since may be from before the commit.
    redis.call('DEL', KEYS[i])
  else
    redis.call('SET', KEYS[i], 'T' .. kept, 'PX', last - now)
  end
end
announce(3)
return 1`,

  /** KEYS sequence, entries; ARGV channel, hold, intent and lease for each, bodies. 1 where the lease was given. */
  conclude: `${announce}${intents}
redis.call('PERSIST', KEYS[1])
local out, now = {}, millis()
for i = 2, #KEYS do
  local intent, lease = ARGV[2 * i - 1], ARGV[2 * i]
  local v = head(KEYS[i], 58)
  local till = tonumber(string.sub(v, 18, 30)) or 0
  out[i - 1] = 0
  if #v == 30 and string.sub(v, 1, 17) == 'T' .. intent and till > now and till % 2 == 0 then
    redis.call('SET', KEYS[i], 'L' .. lease, 'PX', ARGV[2])
    out[i - 1] = 1
  else
    local kept, last = standing(KEYS[i], intent, now)
    if kept == '' then
      redis.call('DEL', KEYS[i])
    else
      redis.call('SET', KEYS[i], 'T' .. kept, 'PX', last - now)
    end
  end
end
announce(2 * #KEYS + 1)
return out`,
}
