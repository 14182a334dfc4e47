#!/usr/bin/env node
import { run } from './program.ts'

const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    controller.abort()
    // A request that hangs doesn't keep us.
    setTimeout(() => process.exit(130), 500).unref()
  })
}

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  interactive: process.stdout.isTTY,
  signal: controller.signal,
})
