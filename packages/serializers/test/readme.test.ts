import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

it("the README's program runs as pasted and ends by itself", () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? 'throw new Error("no program")'
  const output = execFileSync(
    process.execPath,
    ['--conditions=@tierstack/source', '--input-type=module', '-'],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      input: program,
      encoding: 'utf8',
    },
  )
  expect(output).toMatch(/^\d+ bytes, \d+ compressed\n$/)
})
