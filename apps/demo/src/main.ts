import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { openApplication } from './application.ts'
import type { Application } from './application.ts'
import { Closing } from './closing.ts'
import { openEdge } from './edge.ts'
import { showEdge } from './edge-shown.ts'
import { editBehindTheBack, followChanges } from './feed.ts'
import { createHttp, listen } from './http.ts'
import { interruptSignal } from './interrupts.ts'
import { measure } from './measure.ts'
import { parseOptions, usage, UsageError } from './options.ts'
import type { DemoOptions } from './options.ts'
import { renderReport } from './table.ts'
import { Terminal } from './terminal.ts'
import { chooseTiers } from './tiers.ts'
import { startWarming } from './warming.ts'

const usualPort = 4321
/** A request that takes longer is cut off when the demo ends. */
const longestRequestMs = 5_000

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

async function serve(
  options: DemoOptions,
  ...[parts]: Parameters<typeof createHttp>
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createHttp(parts)
  const { ports } = parts.edge ?? {}
  const port = await listen(server, ports?.service ?? options.port ?? usualPort).catch((error: unknown) => {
    if (!isTaken(error)) throw error
    if (options.port === undefined) return listen(server, 0)
    throw new Error(`Port ${options.port} is taken; give another one with --port, or 0 for any.`)
  })
  const close = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    server.closeIdleConnections()
    const patience = setTimeout(() => server.closeAllConnections(), longestRequestMs)
    await closed
    clearTimeout(patience)
  }
  return { port: ports?.readers ?? port, close }
}

/** Counts a view of the largest city's page. */
async function countThisRun({ queries, pageViews }: Application): Promise<string> {
  const [city] = await queries.citiesByPopulation()
  if (city === undefined) return 'There is no city to count page views of.'
  const views = await pageViews.note(city.id)
  return `Page views of ${city.name}: ${views}, counted by write-behind; a kill -9 loses none that was acknowledged`
}

async function run(
  options: DemoOptions,
  terminal: Terminal,
  signal: AbortSignal,
  closing: Closing,
): Promise<void> {
  const { paint } = terminal
  // Nothing runs yet that would have to end first, and loading the cities takes seconds. Half-loaded ones roll back.
  const leave = (): void => process.exit(0)
  signal.addEventListener('abort', leave)
  const adminToken = process.env['ADMIN_TOKEN'] || randomBytes(18).toString('base64url')
  const application = await openApplication({
    databaseUrl: process.env['DATABASE_URL'],
    folder: options.folder,
    tiers: () => chooseTiers(process.env),
    edge: () => openEdge(options.edge, options.port, usualPort),
    adminToken,
    say: (text) => terminal.line(paint('dim', `${text} ...`)),
    closing,
  })
  signal.removeEventListener('abort', leave)
  const tierTitles = [application.edge?.title ?? [], application.tiers.titles].flat()
  const chain = [...tierTitles, application.database.title]
  const server = await serve(options, { ...application, tierTitles })
  closing.add('server', () => server.close())
  closing.add('live page', () => Promise.resolve(application.operations.live.stop()))

  terminal.line()
  chain.forEach((title, i) => terminal.line(`  ${i + 1}. ${title}`))
  terminal.line()
  terminal.line(paint('dim', 'Asking without the cache, then with it ...'))
  const report = await measure(application, { seconds: options.seconds, signal, terminal })
  if (report) terminal.line(`\n${renderReport(report, paint)}\n`)
  for (const [tier, { state, error }] of Object.entries(await application.caching.cache.health())) {
    if (state === 'up') continue
    const reason = error instanceof Error ? `: ${error.message}` : ''
    terminal.line(
      `  ${paint('bold', `The tier ${tier} is ${state}`)}${reason}. The service goes on without it.\n`,
    )
  }
  if (signal.aborted) return
  const feed = await followChanges(application)
  closing.add('change feed', () => feed.close())
  const shown = await editBehindTheBack(application)
  terminal.line(
    `  An edit by SQL alone, behind the cache's back, showed after ${shown.toFixed(0)} ms (${feed.by})\n`,
  )
  const { edge } = application
  if (edge && !signal.aborted) terminal.line(`${await showEdge(server.port, application, paint)}\n`)
  terminal.line(`  ${await countThisRun(application)}\n`)
  if (options.once || !terminal.interactive || signal.aborted) return

  const stopWarming = startWarming(application, (text) => terminal.line(paint('dim', text)))
  closing.add('warmer', () => Promise.resolve(stopWarming()))
  terminal.line(`Serving at ${paint('bold', `http://localhost:${server.port}`)} until Ctrl-C`)
  terminal.line(
    `Watch it at ${paint('bold', `http://localhost:${server.port}/live/#${encodeURIComponent(adminToken)}`)}`,
  )
  if (!signal.aborted) await once(signal, 'abort')
}

async function main(): Promise<number> {
  const terminal = new Terminal(process.stdout)
  const closing = new Closing()
  const signal = interruptSignal()
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options.help) terminal.line(usage.trimEnd())
    else await run(options, terminal, signal, closing)
    return 0
  } catch (error) {
    terminal.line()
    console.error(error instanceof Error ? error.message : error)
    return error instanceof UsageError ? 2 : 1
  } finally {
    if (signal.aborted) terminal.line('Stopping: letting running requests end')
    await closing.close((what, error) => console.error(`The ${what} did not close: ${String(error)}`))
  }
}

process.exitCode = await main()
