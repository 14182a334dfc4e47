import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { command } from './command.ts'
import { root } from './repository.ts'

/** A folder outside the repository with a package.json, as a stranger's project begins. */
export interface EmptyProject extends Disposable {
  folder: string
  write(name: string, content: string): void
  npmInstall(env?: NodeJS.ProcessEnv): Promise<void>
  /** Runs a file of the project with this Node. */
  run(file: string, env?: NodeJS.ProcessEnv): Promise<string>
  /** Checks the types of these files under strict settings, with the repository's compiler; of libraries too, unless told not to. */
  typecheck(files: readonly string[], options?: { readonly skipLibCheck: boolean }): Promise<void>
}

export interface ProjectDependencies {
  dependencies: Record<string, string>
  /** Forces transitive dependencies, in npm's sense. */
  overrides?: Record<string, string>
}

export function emptyProject({ dependencies, overrides = {} }: ProjectDependencies): EmptyProject {
  // The space proves that nothing splits paths into words.
  const parent = mkdtempSync(join(tmpdir(), 'tierstack-pack-'))
  const folder = join(parent, 'an app')
  mkdirSync(folder)
  const write = (name: string, content: string) => writeFileSync(join(folder, name), content)
  write(
    'package.json',
    JSON.stringify({ name: 'an-app', private: true, type: 'module', dependencies, overrides }),
  )
  const run = (program: string, words: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
    command(program, words, { cwd: folder, env })
  return {
    folder,
    write,
    async npmInstall(env) {
      await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], env)
    },
    run: (file, env) => run(process.execPath, ['--disable-warning=ExperimentalWarning', file], env),
    async typecheck(files, options = { skipLibCheck: false }) {
      write('tsconfig.json', JSON.stringify({ compilerOptions: { ...strict, ...options }, files }))
      await run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.json'])
    },
    [Symbol.dispose]() {
      rmSync(parent, { recursive: true, force: true })
    },
  }
}

const strict = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable'],
  module: 'nodenext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  allowJs: true,
  checkJs: true,
  // Our declarations are checked too, not only their use.
  skipLibCheck: false,
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
}
