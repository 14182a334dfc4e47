export type QueueScript = 'append' | 'take' | 'confirm' | 'bury' | 'retry' | 'hold'

/*
 * The server's side of the write queue. Of each topic:
 *   stream   one message per write, `k` = key: gives writes their order and their ids
 *   ids      hash: key → id of its latest write
 *   bytes    hash: key → bytes of its latest write
 *   lease    the worker that applies
 *   dead     hash: id → lengths, key, reason, bytes
 * A message whose key has no id any more was applied with a later one, and is dropped when it is met.
 *
 * No consumer group: it would hand out one key's writes to several consumers, and give no order between them.
 *
 * A server without memory left refuses a script at its first command that may need some, not at later ones. What takes
 * writes out therefore begins with one that frees: else a queue that has filled the server could never be emptied.
 */
export const queueScripts: Readonly<Record<QueueScript, string>> = {
  /** KEYS stream, ids, bytes; ARGV key and bytes of each. */
  append: `
for i = 1, #ARGV, 2 do
  local id = redis.call('XADD', KEYS[1], '*', 'k', ARGV[i])
  redis.call('HSET', KEYS[2], ARGV[i], id)
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
return 1`,

  /** KEYS stream, ids, bytes, lease; ARGV worker, hold, id to begin after or empty, limit. Next id, then key, id, bytes and messages of each. */
  take: `
local holder = redis.call('GET', KEYS[4])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[4])
redis.call('SET', KEYS[4], ARGV[1], 'PX', ARGV[2])
local from = ARGV[3] == '' and '-' or '(' .. ARGV[3]
local messages = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', ARGV[4])
local order, of = {}, {}
for _, message in ipairs(messages) do
  local key = message[2][2]
  if of[key] then
    of[key] = of[key] .. ',' .. message[1]
  else
    of[key] = message[1]
    order[#order + 1] = key
  end
end
local out = { #messages == tonumber(ARGV[4]) and messages[#messages][1] or '' }
for _, key in ipairs(order) do
  local id = redis.call('HGET', KEYS[2], key)
  if id then
    out[#out + 1] = { key, id, redis.call('HGET', KEYS[3], key), of[key] }
  else
    for gone in string.gmatch(of[key], '[^,]+') do redis.call('XDEL', KEYS[1], gone) end
  end
end
return out`,

  /** KEYS stream, ids, bytes; ARGV key, id and messages of each. */
  confirm: `
for i = 1, #ARGV, 3 do
  if redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1] then
    redis.call('HDEL', KEYS[2], ARGV[i])
    redis.call('HDEL', KEYS[3], ARGV[i])
  end
  for id in string.gmatch(ARGV[i + 2], '[^,]+') do redis.call('XDEL', KEYS[1], id) end
end
return 1`,

  /** KEYS stream, ids, bytes, dead; ARGV key, id, messages and reason of each. */
  bury: `
local t = redis.call('TIME')
local at = string.format('%.0f', tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000))
for i = 1, #ARGV, 4 do
  if redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1] then
    local bytes = redis.call('HGET', KEYS[3], ARGV[i])
    local head = at .. ' ' .. #ARGV[i] .. ' ' .. #ARGV[i + 3] .. ' '
    redis.call('HDEL', KEYS[2], ARGV[i])
    redis.call('HDEL', KEYS[3], ARGV[i])
    redis.call('HSET', KEYS[4], ARGV[i + 1], head .. ARGV[i] .. ARGV[i + 3] .. bytes)
  end
  for id in string.gmatch(ARGV[i + 2], '[^,]+') do redis.call('XDEL', KEYS[1], id) end
end
return 1`,

  /** KEYS stream, ids, bytes, dead; ARGV id of each. The message is a new one, the write keeps its id. */
  retry: `
for i = 1, #ARGV do
  local letter = redis.call('HGET', KEYS[4], ARGV[i])
  if letter then
    local at, keys, reasons = string.match(letter, '^(%d+) (%d+) (%d+) ')
    local from = #at + #keys + #reasons + 4
    local key = string.sub(letter, from, from + keys - 1)
    if redis.call('HEXISTS', KEYS[2], key) == 0 then
      redis.call('XADD', KEYS[1], '*', 'k', key)
      redis.call('HSET', KEYS[2], key, ARGV[i])
      redis.call('HSET', KEYS[3], key, string.sub(letter, from + keys + reasons))
    end
    redis.call('HDEL', KEYS[4], ARGV[i])
  end
end
return 1`,

  /** KEYS lease; ARGV worker, hold (0: give it back). 1 if it stood. */
  hold: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`,
}
