/** What fills many entries under one fence. Guarded by the epoch. */
export const bulkScripts: Readonly<Record<'survey' | 'fillAbsent', string>> = {
  /** KEYS tag clock or none, sequence, entries. What they hold. */
  survey: `return redis.call('MGET', unpack(KEYS))`,

  /**
   * KEYS sequence, entries; ARGV the sequence's number at the survey, and all values in one text: per entry its life in
   * ms (0: no end; as text behind its length, u8), the value's length (u32) and the value. Per entry `1` where it was stored, `0` where something
   * was there; nothing at all if the number is another one, since then something was removed, or nobody knows.
   */
  fillAbsent: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local call, unpacked = redis.call, struct.unpack
local values, at, out = ARGV[2], 1, {}
for i = 2, #KEYS do
  local life, v, set
  life, v, at = unpacked('>Bc0I4c0', values, at)
  if life == '0' then
    set = call('SET', KEYS[i], v, 'NX')
  else
    set = call('SET', KEYS[i], v, 'NX', 'PX', life)
  end
  out[i - 1] = set and '1' or '0'
end
return table.concat(out)`,
}
