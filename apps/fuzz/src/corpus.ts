import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Inputs kept in a folder per target, one file each, named by their content. */
export function readCorpus(folder: string, target: string): Uint8Array[] {
  const path = `${folder}/${target}`
  mkdirSync(path, { recursive: true })
  return readdirSync(path)
    .toSorted()
    .map((name) => readFileSync(`${path}/${name}`))
}

/** Adds inputs to the folder. Returns their paths. */
export function keep(folder: string, target: string, inputs: readonly Uint8Array[]): string[] {
  mkdirSync(`${folder}/${target}`, { recursive: true })
  return inputs.map((input) => {
    const name = createHash('sha256').update(input).digest('hex').slice(0, 16)
    const path = `${folder}/${target}/${name}`
    writeFileSync(path, input)
    return path
  })
}
