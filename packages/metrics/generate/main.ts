// Writes monitoring/: rules, their tests and the dashboard, for either exporter.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generatedFiles } from './files.ts'

for (const [name, text] of generatedFiles()) {
  const path = fileURLToPath(new URL(`../monitoring/${name}`, import.meta.url))
  mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true })
  writeFileSync(path, text)
}
