import { announce, micros, tick } from './lua-functions.ts'

/** Markers of tags, and the clock that tells which invalidation was before which load. */
export const tagScripts: Readonly<Record<'tags' | 'clock' | 'tick' | 'stamp' | 'invalidate', string>> = {
  /** KEYS markers; ARGV life in ms. The markers. */
  tags: `
local out = {}
for i, key in ipairs(KEYS) do
  local v = redis.pcall('GET', key)
  out[i] = type(v) == 'string' and v or false
  if out[i] and redis.call('PTTL', key) < ARGV[1] / 2 then redis.pcall('PEXPIRE', key, ARGV[1]) end
end
return out`,

  /** KEYS clock. Its number; it is begun where it is missing. */
  clock: `${micros}
local n = redis.call('GET', KEYS[1])
if not n then
  redis.call('PERSIST', KEYS[1])
  n = micros()
  redis.call('SET', KEYS[1], n)
end
return n`,

  /** KEYS clock. Its next number. */
  tick: `${tick}
redis.call('PERSIST', KEYS[1])
return tick(KEYS[1])`,

  /**
   * KEYS markers, or clock and markers; ARGV number at the load's begin, life in ms, number now or empty, new
   * generations. Per marker its generation, with a `+` before one that was missing; nothing where it can't be used.
   */
  stamp: `${micros}
local now, first = ARGV[3], 1
if now == '' then
  first = 2
  now = redis.call('GET', KEYS[1])
  if not now then
    now = micros()
    redis.call('SET', KEYS[1], now)
  end
end
local out = {}
for i = first, #KEYS do
  local at = i - first + 1
  local v = redis.pcall('GET', KEYS[i])
  out[at] = ''
  if type(v) == 'string' and #v >= 32 then
    if tonumber(string.sub(v, 17, 32)) <= tonumber(ARGV[1]) then
      out[at] = string.sub(v, 1, 16)
      redis.call('PEXPIRE', KEYS[i], ARGV[2])
    end
  elseif now == ARGV[1] then
    redis.call('SET', KEYS[i], ARGV[3 + at] .. string.format('%016.0f', tonumber(now)), 'PX', ARGV[2])
    out[at] = '+' .. ARGV[3 + at]
  end
end
return out`,

  /**
   * KEYS sequence, clock or none, markers; ARGV channel, life in ms, soft, number or empty, new generations, bodies.
   * A marker: generation(16), number of its invalidation(16), up to four generations ended softly(16 each).
   */
  invalidate: `${announce}
redis.call('PERSIST', KEYS[1])
local number, first = ARGV[4], 2
if number == '' then
  number = tick(KEYS[2])
  first = 3
end
for i = first, #KEYS do
  local softened = ''
  if ARGV[3] == '1' then
    local v = redis.pcall('GET', KEYS[i])
    if type(v) == 'string' and #v >= 32 then softened = string.sub(v, 1, 16) .. string.sub(v, 33, 80) end
  end
  local generation = ARGV[5 + i - first]
  redis.call('SET', KEYS[i], generation .. string.format('%016.0f', tonumber(number)) .. softened, 'PX', ARGV[2])
end
announce(6 + #KEYS - first)
return 1`,
}
