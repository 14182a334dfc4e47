import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { startChromium, until } from '@tierstack/test-services'
import type { BrowserPage, Chromium } from '@tierstack/test-services'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { livePage } from '../../src/page.ts'
import type { LivePageOptions } from '../../src/page.ts'

const token = 'a token: with "quotes" & more'

/** Gives the texts whose contrast is below 4.5. */
const faintTexts = readFileSync(new URL('../faint-texts.js', import.meta.url), 'utf8')

let browser: Chromium
beforeAll(async () => {
  browser = await startChromium()
})
afterAll(() => browser.stop())

/** An app with the page, on a port of its own or the one given. */
async function app(o: { readonly port?: number } & Partial<LivePageOptions> = {}) {
  const { port = 0, ...options } = o
  const cache = createCache({ namespace: 'shop', tiers: [memory()], ttl: '1h' })
  const row = cache.define({
    name: 'row',
    load: (id: number | string) => ({ id }),
    tags: (_row, id) => [`row:${id}`],
  })
  const live = livePage(cache, { token, prefix: '/-/live', ...options })
  const server = createServer((request, response) => live.answer(request, response)).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const own = (server.address() as AddressInfo).port
  const close = async () => {
    server.closeAllConnections()
    server.close()
    live.stop()
    await once(server, 'close')
    await cache.close()
  }
  const address = `http://127.0.0.1:${own}/-/live/`
  return {
    cache,
    row,
    port: own,
    address,
    opened: `${address}#${encodeURIComponent(token)}`,
    close,
    [Symbol.asyncDispose]: close,
  }
}

const live = async (page: BrowserPage): Promise<void> =>
  await page.locator('#connection[data-mood="good"]').waitFor()

test('a visitor sees nothing but a door; a wrong token is told so, the right one opens and survives a reload', async () => {
  await using own = await app()
  const { page, complaints } = await browser.open(own.address)
  await page.locator('#door').waitFor()
  expect(await page.locator('body').innerText()).toBe('Token\nOpen')
  await page.keyboard.type('not the token, “that” is sure')
  await page.keyboard.press('Enter')
  await page.locator('#refusal', { hasText: 'That is not the token of this page.' }).waitFor()
  expect(await page.locator('main').count()).toBe(0)
  // The browser itself tells the console of a refusal.
  expect(complaints.filter((text) => !text.includes('401'))).toEqual([])
  await page.keyboard.type(token)
  await page.keyboard.press('Enter')
  await live(page)
  expect(await page.locator('#namespace').innerText()).toBe('shop')
  await page.reload()
  await live(page)
})

test('everything can be done by keyboard, in the order in which it stands', async () => {
  const pressed: string[] = []
  await using own = await app({
    actions: [
      {
        name: 'greet',
        title: 'Greet',
        about: 'Says hello.',
        fields: [{ name: 'whom', title: 'Whom', value: 'you' }],
        run: ({ whom = '' }) => {
          pressed.push(whom)
          return Promise.resolve(`hello ${whom}`)
        },
      },
    ],
  })
  await own.row(7)
  const { page, complaints } = await browser.open(own.opened)
  await live(page)
  const focused = () =>
    page.evaluate<string>('document.activeElement?.id || document.activeElement?.textContent?.trim() || ""')
  const order: string[] = []
  while (order.at(-1) !== 'explain-key' && order.length < 30) {
    await page.keyboard.press('Tab')
    order.push(await focused())
  }
  const wanted = [
    'leave',
    'Greet',
    'field-greet-whom',
    'like',
    'row',
    'timeline',
    'explain-definition',
    'explain-key',
  ]
  expect(order.filter((name) => wanted.includes(name))).toEqual(wanted)

  await page.locator('[data-action="greet"] button').focus()
  await page.keyboard.press('Space')
  await page.locator('#said', { hasText: 'hello you' }).waitFor()
  expect(await focused()).toBe('Greet')
  await page.locator('#definitions button', { hasText: 'row' }).focus()
  await page.keyboard.press('Enter')
  expect(await focused()).toBe('explain-key')
  await page.keyboard.type('7')
  await page.keyboard.press('Enter')
  await page.locator('#explanation', { hasText: 'A read would be answered from here.' }).waitFor()
  expect(pressed).toEqual(['you'])
  expect(complaints).toEqual([])
})

test('what keys, tags and names say is text, and never becomes part of the page', async () => {
  const evil = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
  await using own = await app({ facts: () => [{ title: evil, value: evil }] })
  const named = own.cache.define({
    name: 'named',
    load: (_input: string) => Promise.resolve(1),
    tags: () => [`tag ${evil}`],
  })
  const failing = own.cache.define({ name: 'failing', load: () => Promise.reject(new Error(evil)) })
  await named(evil)
  await own.cache.invalidateTags(`tag ${evil}`)
  await failing(evil).catch(() => {})
  const { page, complaints } = await browser.open(own.opened)
  await live(page)
  await page.locator('#explain-definition').fill('named')
  await page.locator('#explain-key').fill(evil)
  await page.keyboard.press('Enter')
  await page.locator('#explanation', { hasText: `by the tag tag ${evil}` }).waitFor()
  expect(await page.locator('#timeline').innerText()).toContain(`: ${evil}`)
  expect(await page.locator('#facts').innerText()).toContain(evil)
  await page.locator('#explain-definition').fill(evil)
  await page.keyboard.press('Enter')
  await page.locator('#explanation', { hasText: 'Expected a definition of this cache' }).waitFor()
  expect(await page.locator('img, main script').count()).toBe(0)
  expect(await page.title()).toBe('shop, live')
  // The browser itself tells the console of the 404.
  expect(complaints.filter((text) => !text.includes('404'))).toEqual([])
})

test('explain takes a key of any length, and says what is wrong with one that can not be', async () => {
  await using own = await app()
  const long = 'x'.repeat(3_900)
  const text = own.cache.define({ name: 'text', load: (input: string) => Promise.resolve(input) })
  await text(long)
  const { page } = await browser.open(own.opened)
  await live(page)
  const explain = async (definition: string, key: string, sentence: string) => {
    await page.locator('#explain-definition').fill(definition)
    await page.locator('#explain-key').fill(key)
    await page.keyboard.press('Enter')
    await page.locator('#explanation', { hasText: sentence }).waitFor()
  }
  await explain('text', long, 'A read would be answered from here.')
  await explain('none', '1', 'Expected a definition of this cache, got `none`')
  await text.delete(long)
  await explain('text', long, 'by this process, by its key.')
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
  expect(wide).toBeLessThanOrEqual(0)
})

test(
  'when the app goes, the page says so; when another one comes, it goes on by itself',
  { timeout: 60_000 },
  async () => {
    const first = await app()
    const { page } = await browser.open(first.opened)
    await live(page)
    await first.row(1)
    await first.close()
    await page.locator('#connection', { hasText: 'The app is away since' }).waitFor()
    await using second = await app({ port: first.port })
    await second.row(1)
    await second.row(1)
    await live(page)
    await until('the numbers of the new one', async () =>
      (await page.locator('[data-tier="memory"]').innerText()).includes('since the start\n1\n'),
    )
    expect(await page.locator('#connection').innerText()).not.toContain('away')
  },
)

test('of 10,000 definitions the busiest are shown, and any is found', { timeout: 60_000 }, async () => {
  await using own = await app()
  for (let i = 0; i < 10_000; i++)
    own.cache.define({ name: `definition-${i}-${'long'.repeat(20)}`, load: () => i })
  const { page, complaints } = await browser.open(own.opened)
  await page.locator('#definitions-note', { hasText: '50 shown, 10,002 there are' }).waitFor()
  await page.locator('#like').fill('definition-9876')
  await page.locator('#definitions-note', { hasText: /^1 shown$/ }).waitFor()
  expect(complaints).toEqual([])
})

test.each(['light', 'dark'] as const)(
  'in %s colours every text stands out from what is behind it',
  async (scheme) => {
    await using own = await app({
      facts: () => [
        { title: 'well', value: '1', good: true },
        { title: 'ill', value: '2', good: false },
      ],
      actions: [
        { name: 'can', title: 'Can', about: 'It can.', run: () => Promise.resolve('done') },
        {
          name: 'can-not',
          title: 'Can not',
          about: 'It can not.',
          enabled: () => false,
          run: () => Promise.resolve(''),
        },
      ],
    })
    await own.row(1)
    await own.row.delete(1)
    const { page } = await browser.open(own.opened, { scheme })
    await live(page)
    await page.locator('[data-action="can"] button').click()
    await page.locator('#said li').waitFor()
    expect(await page.evaluate<string[]>(faintTexts)).toEqual([])
    const paper = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    expect(paper).toBe(scheme === 'dark' ? 'rgb(20, 23, 26)' : 'rgb(246, 247, 248)')
  },
)
