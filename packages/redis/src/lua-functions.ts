/* Functions that the scripts share; each text brings what it calls. */

export const guard: string = `
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] then return redis.error_reply('TSEPOCH ' .. (epoch or '')) end
table.remove(KEYS, 1)
table.remove(ARGV, 1)
`

export const micros: string = `
local function micros()
  local t = redis.call('TIME')
  return string.format('%.0f', tonumber(t[1]) * 1000000 + tonumber(t[2]))
end`

export const millis: string = `
local function millis()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end`

export const tick: string = `${micros}
local function tick(key)
  local n = redis.call('INCR', key)
  if n > 1 then return string.format('%.0f', n) end
  n = micros()
  redis.call('SET', key, n)
  return n
end`

export const announce: string = `${tick}
local function announce(from)
  for i = from, #ARGV do
    redis.call('$PUBLISH', ARGV[1], tick(KEYS[1]) .. '|' .. ARGV[i])
  end
end`

// One message tells of many keys, within what is taken for a message.
export const filled: string = `
local function filled(names)
  local from, size = 1, 0
  for i = 1, #names do
    size = size + #names[i]
    if i == #names or size > 65536 then
      redis.call('$PUBLISH', ARGV[1], '0|' .. ARGV[2] .. table.concat(names, '', from, i))
      from, size = i + 1, 0
    end
  end
end`

// What a key of another type holds counts as nothing.
export const head: string = `
local function head(key, last)
  local v = redis.pcall('GETRANGE', key, 0, last)
  return type(v) == 'string' and v or ''
end`

// An intent's instant is even; odd means that something else happened to the key while it stood.
const odd = `
local function odd(records)
  return (string.gsub(records, '(' .. string.rep('.', 28) .. ')(%d)', function(rest, digit)
    return rest .. string.format('%d', digit - digit % 2 + 1)
  end))
end`

export const touch: string = `${odd}
local function touch(key)
  local v = redis.call('GET', key)
  if #v % 29 == 1 then redis.call('SETRANGE', key, 1, odd(string.sub(v, 2))) end
end`

export const intents: string = `${head}${millis}${odd}
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
