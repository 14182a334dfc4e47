import { millis } from './lua-functions.ts'

const eachName = `
local unpacked, stem = struct.unpack, KEYS[2]`

/**
 * What fills many entries under one fence. Guarded by the epoch. Names come packed: per name the length (u16) of what
 * follows the stem, and that. All are of the stem's slot, and only those that the caller's rights to it cover.
 */
export const bulkScripts: Readonly<Record<'survey' | 'fillAbsent', string>> = {
  /**
   * KEYS sequence, stem, tag clock or none; ARGV names, ms for which the fence is good or nothing. The clock, the number,
   * the instant until which it is good, and what the entries hold: nothing where none is.
   */
  survey: `${eachName}${millis}
local packed, at, names, rest = ARGV[1], 1, {}
local till = ARGV[2] ~= '' and string.format('%.0f', millis() + ARGV[2])
local out = { KEYS[3] and redis.call('GET', KEYS[3]) or false, redis.call('GET', KEYS[1]), till }
if #packed == 0 then return out end
while at <= #packed do
  rest, at = unpacked('>I2c0', packed, at)
  names[#names + 1] = stem .. rest
end
local found, any = redis.call('MGET', unpack(names)), false
for i = 1, #names do
  out[i + 3] = found[i]
  any = any or found[i]
end
return any and out or { out[1], out[2], out[3] }`,

  /**
   * KEYS sequence, stem; ARGV the sequence's number at the survey, until when that is good or nothing, and all entries in one text: per entry its name, its
   * life in ms (0: no end; as text behind its length, u8), the value's length (u32) and the value. Per entry `1` where it was stored, `0` where something
   * was there; nothing at all if the number is another one, since then something was removed, or nobody knows.
   */
  fillAbsent: `${eachName}${millis}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
if ARGV[2] ~= '' and millis() > tonumber(ARGV[2]) then return false end
local call, entries, at, out, n = redis.call, ARGV[3], 1, {}, 0
local rest, life, v, set
while at <= #entries do
  rest, life, v, at = unpacked('>I2c0Bc0I4c0', entries, at)
  if life == '0' then
    set = call('SET', stem .. rest, v, 'NX')
  else
    set = call('SET', stem .. rest, v, 'NX', 'PX', life)
  end
  n = n + 1
  out[n] = set and '1' or '0'
end
return table.concat(out)`,
}
