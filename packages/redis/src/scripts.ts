/*
 * The server's side of the protocol, one script per verb: atomic, and one round trip.
 *
 * KEYS of one call share a Cluster slot. A script that announces something takes the sequence key first, the channel
 * as ARGV[1], and the bodies of its messages last. Three habits:
 * - Removals begin with PERSIST, a write that needs no memory: a script that has written may write on when
 *   `maxmemory` is reached, so that a full server still takes removals.
 * - What touches entries is guarded by the epoch: who hasn't heard of a `clear` is told so instead of being served.
 * - A counter that is missing (evicted, flushed) restarts at the server's time in µs: always beyond what it was, so
 *   that nobody takes the new count for the old one.
 */

export type ScriptName =
  | 'hello'
  | 'align'
  | 'pulse'
  | 'lease'
  | 'claim'
  | 'take'
  | 'fill'
  | 'renew'
  | 'release'
  | 'expire'
  | 'delete'
  | 'begin'
  | 'end'
  | 'publish'
  | 'clear'
  | 'tags'
  | 'clock'
  | 'tick'
  | 'stamp'
  | 'invalidate'

/** Text up to the run id makes the SHA different on each run of a server: a restarted one doesn't know our scripts. */
export function scriptText(name: ScriptName, runId: string, sharded: boolean): string {
  const publish = sharded ? 'SPUBLISH' : 'PUBLISH'
  const text = `-- tierstack ${name} on ${runId}\n${isGuarded(name) ? guard : ''}${scripts[name]}\n`
  return text.replaceAll('$PUBLISH', publish)
}

/** Scripts that take the epoch's key before the other KEYS, and the epoch that the keys are of before the other ARGV. */
export function isGuarded(name: ScriptName): boolean {
  return guarded.has(name)
}

/** The epoch that a guarded call met instead of its own; empty when there is none; undefined for any other reply. */
export function otherEpoch(reply: unknown): string | undefined {
  return reply instanceof Error ? /^TSEPOCH ?(.*)$/.exec(reply.message)?.[1] : undefined
}

const guard = `
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] then return redis.error_reply('TSEPOCH ' .. (epoch or '')) end
table.remove(KEYS, 1)
table.remove(ARGV, 1)
`

const micros = `
local function micros()
  local t = redis.call('TIME')
  return string.format('%.0f', tonumber(t[1]) * 1000000 + tonumber(t[2]))
end`

const millis = `
local function millis()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end`

const tick = `${micros}
local function tick(key)
  local n = redis.call('INCR', key)
  if n > 1 then return string.format('%.0f', n) end
  n = micros()
  redis.call('SET', key, n)
  return n
end`

const announce = `${tick}
local function announce(from)
  for i = from, #ARGV do
    redis.call('$PUBLISH', ARGV[1], tick(KEYS[1]) .. '|' .. ARGV[i])
  end
end`

// What a key of another type holds counts as nothing.
const head = `
local function head(key, last)
  local v = redis.pcall('GETRANGE', key, 0, last)
  return type(v) == 'string' and v or ''
end`

const intents = `${head}${millis}
local function standing(key, but, now)
  if head(key, 0) ~= 'T' then return '', 0 end
  local v, kept, last = redis.call('GET', key), '', 0
  for at = 2, #v - 28, 29 do
    local till = tonumber(string.sub(v, at + 16, at + 28)) or 0
    if string.sub(v, at, at + 15) ~= but and till > now then
      kept = kept .. string.sub(v, at, at + 28)
      if till > last then last = till end
    end
  end
  return kept, last
end`

const noClaim = '0'.repeat(29)

const scripts: Readonly<Record<ScriptName, string>> = {
  /** KEYS run, epoch, clock, sequence; ARGV actual run, new epoch. The epoch, rotated when the history is another. */
  hello: `${micros}
redis.call('PERSIST', KEYS[2])
local epoch = redis.call('GET', KEYS[2])
if not epoch or #epoch ~= 16 or redis.call('GET', KEYS[1]) ~= ARGV[1] then
  epoch = ARGV[2]
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('SET', KEYS[2], epoch)
end
redis.call('SET', KEYS[3], micros(), 'NX')
redis.call('SET', KEYS[4], micros(), 'NX')
return epoch`,

  /** KEYS epoch, sequence; ARGV the epoch there or empty, epoch. Sets a bucket's epoch unless it changed meanwhile. */
  align: `${micros}
redis.call('PERSIST', KEYS[1])
local epoch = redis.call('GET', KEYS[1]) or ''
if epoch == ARGV[1] then
  epoch = ARGV[2]
  redis.call('SET', KEYS[1], epoch)
end
redis.call('SET', KEYS[2], micros(), 'NX')
return epoch`,

  /** KEYS sequence, epoch; ARGV own channel, number. Returns the epoch. */
  pulse: `${micros}
local sequence = redis.call('GET', KEYS[1])
if not sequence then
  redis.call('PERSIST', KEYS[1])
  sequence = micros()
  redis.pcall('SET', KEYS[1], sequence)
end
redis.call('$PUBLISH', ARGV[1], ARGV[2] .. '|' .. sequence)
return redis.call('GET', KEYS[2])`,

  /**
   * KEYS entries; ARGV hold, tokens. Per key: what is there, `+` where the lease was given, `!` where it could not be.
   * What isn't ours is replaced by the lease.
   */
  lease: `
local out = {}
for i, key in ipairs(KEYS) do
  local v = redis.pcall('GET', key)
  if type(v) ~= 'string' then v = '' end
  local kind = string.sub(v, 1, 1)
  if kind == 'L' and #v == 17 then
    redis.pcall('APPEND', key, 'W')
    out[i] = v
  elseif (kind == 'L' and #v == 18) or (kind == 'V' and #v >= 47) or (kind == 'T' and #v > 1 and #v % 29 == 1) then
    out[i] = v
  else
    local set = redis.pcall('SET', key, 'L' .. ARGV[i + 1], 'PX', ARGV[1])
    out[i] = set.err and '!' or '+'
  end
end
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
  take: `${announce}${head}
redis.call('PERSIST', KEYS[1])
local out = {}
for i = 2, #KEYS do
  local v = head(KEYS[i], 17)
  out[i - 1] = 0
  if string.sub(v, 1, 1) ~= 'T' then
    local waiting = string.sub(v, 1, 1) == 'L' and string.sub(v, 18, 18) == 'W' and 'W' or ''
    redis.call('SET', KEYS[i], 'L' .. ARGV[i + 1] .. waiting, 'PX', ARGV[2])
    out[i - 1] = 1
  end
end
announce(#KEYS + 2)
return out`,

  /** KEYS entries; ARGV channel, then fence, value, life in ms (0: no end) and wake-up for each. 1 where it was stored. */
  fill: `${head}
local out = {}
for i, key in ipairs(KEYS) do
  local at = 4 * i - 2
  local fence, v = ARGV[at], head(key, 32)
  out[i] = 0
  if string.sub(v, 1, #fence) == fence then
    if ARGV[at + 2] == '0' then
      redis.call('SET', key, ARGV[at + 1])
    else
      redis.call('SET', key, ARGV[at + 1], 'PX', ARGV[at + 2])
    end
    if #fence == 33 or string.sub(v, 18, 18) == 'W' then
      redis.call('$PUBLISH', ARGV[1], '0|' .. ARGV[at + 3])
    end
    out[i] = 1
  end
end
return out`,

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

  /** KEYS entries; ARGV channel, then fence and wake-up for each. */
  release: `${head}
for i, key in ipairs(KEYS) do
  local fence, v = ARGV[2 * i], head(key, 32)
  if string.sub(v, 1, #fence) == fence then
    if #fence == 17 then
      redis.call('DEL', key)
      if string.sub(v, 18, 18) == 'W' then redis.call('$PUBLISH', ARGV[1], '0|' .. ARGV[2 * i + 1]) end
    else
      redis.call('SETRANGE', key, 17, '${noClaim}')
    end
  end
end
return 1`,

  /** KEYS sequence, entries; ARGV channel, bodies. */
  expire: `${announce}${head}
redis.call('PERSIST', KEYS[1])
for i = 2, #KEYS do
  local v = head(KEYS[i], 46)
  local kind = string.sub(v, 1, 1)
  if kind == 'V' and #v == 47 then
    redis.call('SETRANGE', KEYS[i], 17, '${noClaim}1')
  elseif kind ~= 'T' then
    redis.call('DEL', KEYS[i])
  end
end
announce(2)
return 1`,

  /** KEYS sequence, entries; ARGV channel, bodies. Intents of writers stay: they block fills just as well. */
  delete: `${announce}${head}
redis.call('PERSIST', KEYS[1])
for i = 2, #KEYS do
  if head(KEYS[i], 0) ~= 'T' then redis.call('DEL', KEYS[i]) end
end
announce(2)
return 1`,

  /** KEYS sequence, entries; ARGV channel, token, hold, bodies. */
  begin: `${announce}${intents}
redis.call('PERSIST', KEYS[1])
local now = millis()
local mine = now + ARGV[3]
for i = 2, #KEYS do
  local kept, last = standing(KEYS[i], ARGV[2], now)
  if mine > last then last = mine end
  redis.call('SET', KEYS[i], 'T' .. kept .. ARGV[2] .. string.format('%013.0f', mine), 'PX', last - now)
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

  /** KEYS sequence; ARGV channel, bodies. */
  publish: `${announce}
redis.call('PERSIST', KEYS[1])
announce(2)
return 1`,

  /** KEYS sequence, epoch; ARGV channel, new epoch, bodies. */
  clear: `${announce}
redis.call('PERSIST', KEYS[1])
redis.call('SET', KEYS[2], ARGV[2])
announce(3)
return 1`,

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

const guarded: ReadonlySet<ScriptName> = new Set([
  ...(['lease', 'claim', 'take', 'fill', 'renew', 'release'] as const),
  ...(['delete', 'expire', 'begin', 'end'] as const),
])

export const scriptNames: readonly ScriptName[] = Object.keys(scripts) as ScriptName[]
