import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cdn, edgeHandler, genericHttp } from '@tierstack/cache-cdn'
import { expect, test } from 'vitest'
import { startApp, tierstack, token } from './rig.ts'

const at = (url: string) => ['--app', url, '--token', token]

test('stats shows definitions and tiers, as a table and as JSON', async () => {
  await using app = await startApp()
  await app.user(1)
  await app.user(1)
  const { out, code } = await tierstack(['stats', ...at(app.url)])
  expect(code).toBe(0)
  expect(out).toMatch(/user +50 % +1 +0 +1 +1 +0/)
  expect(out).toMatch(/memory +up +1/)
  const { out: json } = await tierstack(['stats', '--json', ...at(app.url)])
  expect(JSON.parse(json)).toMatchObject({ stats: { definitions: { user: { loads: 1 } } } })
})

test('top looks once where nobody watches', async () => {
  await using app = await startApp()
  const reading = setInterval(() => void app.user(1), 1)
  const { out } = await tierstack(['top', '--seconds', '0.1', ...at(app.url)])
  clearInterval(reading)
  expect(out).toMatch(/reads\/s/)
  expect(out).toMatch(/user +[\d.,]+ +\d/)
  expect(out).toContain('#user@1:n1')
})

test('explain and dump tell of an entry, named by full key or by definition and input', async () => {
  await using app = await startApp()
  await app.user(1)
  expect((await tierstack(['explain', '#user@1:n1', ...at(app.url)])).out).toMatch(/memory +hit/)
  const missing = await tierstack(['explain', '7', '--definition', 'user', ...at(app.url)])
  expect(missing.out).toMatch(/memory +miss/)
  expect(missing.out).toContain('would load now')
  const dumped = await tierstack(['dump', '1', '--definition', 'user', ...at(app.url)])
  expect(dumped.out).toMatch(/tags +user:1/)
  expect(dumped.out).toContain("name: 'Ada'")
  expect((await tierstack(['dump', '7', '--definition', 'user', ...at(app.url)])).code).toBe(1)
})

test.each([
  ['by tag', ['user:1']],
  ['by definition and input', ['1', '--definition', 'user']],
  ['by full key', ['#user@1:n1', '--keys']],
])('invalidate removes %s', async (_, words) => {
  await using app = await startApp()
  await app.user(1)
  const { out, code } = await tierstack(['invalidate', ...words, ...at(app.url)])
  expect(code).toBe(0)
  expect(out).toMatch(/memory +confirmed/)
  expect(app.user.peek(1)).toBeUndefined()
})

test('purge removes a definition, and the whole cache only when told so', async () => {
  await using app = await startApp()
  await app.user(1)
  expect((await tierstack(['purge', ...at(app.url)])).code).toBe(2)
  expect(app.user.peek(1)).toBeDefined()
  expect((await tierstack(['purge', 'user', ...at(app.url)])).code).toBe(0)
  expect(app.user.peek(1)).toBeUndefined()
  await app.user(1)
  expect((await tierstack(['purge', '--all', ...at(app.url)])).code).toBe(0)
  expect(app.user.peek(1)).toBeUndefined()
})

test('warm reports what was loaded and what failed, and exits with 1 for the latter', async () => {
  await using app = await startApp()
  await app.user(1)
  const { out, code } = await tierstack(['warm', 'user', '1', '2', '3', ...at(app.url)])
  expect(out).toContain('1 loaded, 1 fresh already, 1 failed')
  expect(out).toContain('no row 3')
  expect(code).toBe(1)
})

test('tail tells events as they happen, until it is interrupted', async () => {
  await using app = await startApp()
  const loading = setInterval(() => void app.user.refresh(1), 5)
  const { out } = await tierstack(['tail', '--events', 'load', ...at(app.url)], { until: /load/ })
  clearInterval(loading)
  expect(out).toMatch(/load +def=user reason=\w+/)
})

test('the address and the token may come from the environment', async () => {
  await using app = await startApp()
  const env = { TIERSTACK_ADMIN_URL: app.url, TIERSTACK_ADMIN_TOKEN: token }
  expect((await tierstack(['stats'], { env })).code).toBe(0)
})

test.each([
  ['no cache named', ['stats'], 'Expected a cache to look into: --app URL'],
  ['no token', ['stats', '--app', 'http://127.0.0.1:1'], 'Expected the token of the endpoint in --token'],
  ['no URL', ['stats', '--app', 'shop', '--token', token], 'Expected --app to be a URL such as'],
  [
    'nobody there',
    ['stats', '--app', 'http://127.0.0.1:49151', '--token', token],
    'Expected the app to answer at http://127.0.0.1:49151/, it did not: ECONNREFUSED',
  ],
  [
    'no namespace',
    ['stats', '--redis', 'redis://127.0.0.1:1'],
    'Expected --namespace NAME together with --redis',
  ],
  [
    'several kinds',
    ['invalidate', 'x', '--keys', '--pattern', '--app', 'http://x', '--token', token],
    'got several',
  ],
  ['an unknown command', ['stat'], '(Did you mean stats?)'],
  ['an unknown option', ['stats', '--jsno'], '(Did you mean --json?)'],
  ['a number that is none', ['top', '--seconds', 'x'], 'Expected a number above 0.'],
])('%s is told in one sentence, with exit code 2', async (_, words, sentence) => {
  const { code, err } = await tierstack(words)
  expect(err).toContain(sentence)
  expect(code).toBe(2)
})

test('a wrong token, prefix or definition is told apart', async () => {
  await using app = await startApp()
  const wrong = await tierstack(['stats', '--app', app.url, '--token', 'another'])
  expect(wrong.err).toContain('Expected the token of the endpoint')
  const elsewhere = await tierstack(['stats', '--app', new URL('/x', app.url).href, '--token', token])
  expect(elsewhere.err).toContain('Expected the admin endpoint of a cache')
  const unknown = await tierstack(['warm', 'usr', '1', ...at(app.url)])
  expect(unknown.err).toContain('Expected a definition of this cache, got `usr`')
})

test('the shell is told commands, options and choices', async () => {
  expect((await tierstack(['--help'])).out).toContain('doctor')
  expect((await tierstack(['doctor', '--help'])).out).toContain('tierstack doctor --redis')
})

test('purge reaches the edge of a running app, and the receipt says how far it got', async () => {
  const told: string[] = []
  let away = false
  const vendor = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      if (!away) told.push(body)
      response.writeHead(away ? 503 : 200).end('{}')
    })
  })
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve))
  const { port } = vendor.address() as AddressInfo
  const edge = cdn({
    provider: genericHttp({ url: `http://127.0.0.1:${port}`, token: 'none' }),
    wait: '500ms',
  })
  await using app = await startApp([edge])
  const page = edgeHandler(edge, async () => Response.json(await app.user(1)))
  const tags = (await page(new Request('http://shop/users/1'))).headers.get('cache-tag')?.split(',') ?? []
  const purged = await tierstack(['purge', 'user', ...at(app.url)])
  expect(purged.out).toMatch(/http +confirmed/)
  expect(purged.code).toBe(0)
  expect(tags.filter((tag) => told.join('\n').includes(`"${tag}"`))).not.toEqual([])
  const { out } = await tierstack(['purge', '--all', '--json', ...at(app.url)])
  expect(JSON.parse(out)).toMatchObject({ confirmed: ['memory', 'http'], queued: [] })

  away = true
  const waiting = await tierstack(['purge', 'user', '--json', ...at(app.url)])
  expect(JSON.parse(waiting.out)).toMatchObject({ confirmed: ['memory'], queued: ['http'] })
  expect(waiting.code).toBe(1)
  away = false
  vendor.closeAllConnections()
  await new Promise((resolve) => vendor.close(resolve))
})

test('explain tells who removed an entry', async () => {
  await using app = await startApp()
  await app.user(1)
  await tierstack(['invalidate', 'user:1', ...at(app.url)])
  const { out } = await tierstack(['explain', '1', '--definition', 'user', ...at(app.url)])
  expect(out).toMatch(/Last removed at \d{4}-.*Z by the app that was asked, by the tag user:1\./)
})
