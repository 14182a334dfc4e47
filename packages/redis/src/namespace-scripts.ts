import { announce, micros } from './lua-functions.ts'

/** What touches the namespace as a whole: its epoch, its sequences and its channels. */
export const namespaceScripts: Readonly<
  Record<'hello' | 'align' | 'pulse' | 'publish' | 'clear' | 'known', string>
> = {
  /** Does nothing: only the run of the server that was greeted knows it. */
  known: `return 1`,

  /**
   * KEYS run, epoch, clock, sequence; ARGV actual run, new epoch. The epoch, rotated when the history is another; left
   * alone when it was made for another number of buckets, which its first three characters tell.
   */
  hello: `${micros}
redis.call('PERSIST', KEYS[2])
local epoch = redis.call('GET', KEYS[2])
local mark = epoch and #epoch == 16 and string.match(epoch, '^[0-9a-z][0-9a-z][0-9a-z]')
if mark and mark ~= string.sub(ARGV[2], 1, 3) then return epoch end
if not mark or redis.call('GET', KEYS[1]) ~= ARGV[1] then
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
}
