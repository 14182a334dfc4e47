/** A fenced block of a README that imports something: a whole program, not a fragment. */
export interface ReadmeProgram {
  language: 'ts' | 'js'
  code: string
  /** The line of the README where the code begins. */
  line: number
  /** The packages that it imports, without Node's own. */
  packages: string[]
}

/** The programs of a README, in their order. Blocks without an import are fragments of prose, and left out. */
export function readmePrograms(markdown: string): ReadmeProgram[] {
  const blocks = markdown.matchAll(/^```(ts|typescript|js|javascript|mjs)\b[^\n]*\n(.*?)^```/gms)
  return [...blocks].flatMap(({ 1: tag = '', 2: code = '', index }) => {
    const packages = importedPackages(code)
    if (packages.length === 0) return []
    const line = markdown.slice(0, index).split('\n').length + 1
    return [{ language: tag.startsWith('t') ? 'ts' : 'js', code, line, packages } as const]
  })
}

/** The packages that each `npm i` or `npm install` line of a README names. */
export function readmeInstalls(markdown: string): string[][] {
  return [...markdown.matchAll(/^(?:\$ )?npm (?:i|install|add) (.+)$/gm)].map(([, words = '']) =>
    words
      .replace(/#.*/, '')
      .split(/\s+/)
      .filter((word) => word !== '' && !word.startsWith('-')),
  )
}

function importedPackages(code: string): string[] {
  const specifiers = [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
    ([, name = '']) => name,
  )
  const names = specifiers
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    )
  return [...new Set(names)]
}
