/** A node of a CPU profile, as V8 writes it. */
interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

export interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface Frame {
  readonly label: string
  readonly place: string
  time: number
  readonly below: Map<string, Frame>
}

const width = 1_200
const rowHeight = 18
const thinnest = 0.001

function placeOf(url: string, line: number): string {
  const packaged = /(?:packages|apps)\/([^/]+)\/src\/(.*)$/.exec(url)
  if (packaged) return `${packaged[1]}/${packaged[2]}:${line + 1}`
  const dependency = /node_modules\/(?:\.pnpm\/.*node_modules\/)?((?:@[^/]+\/)?[^/]+)\/.*?([^/]+)$/.exec(url)
  if (dependency) return `${dependency[1]}: ${dependency[2]}`
  return url.startsWith('node:') ? url : ''
}

/** Adds up the samples by their stacks. */
function tree(profile: Profile): Frame {
  const root: Frame = { label: 'all', place: '', time: 0, below: new Map() }
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map(
    profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])),
  )
  for (const [i, sample] of profile.samples.entries()) {
    const stack: ProfileNode[] = []
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const node = nodes.get(id)
      if (node && node.callFrame.functionName !== '(root)') stack.unshift(node)
    }
    // The process waits for the server and for others: that isn't its time.
    if (stack[0]?.callFrame.functionName === '(idle)') continue
    const time = Math.max(0, profile.timeDeltas[i] ?? 0)
    root.time += time
    let at = root
    for (const { callFrame } of stack) {
      const label = callFrame.functionName || '(anonymous)'
      const place = placeOf(callFrame.url, callFrame.lineNumber)
      const key = `${label} ${place}`
      const next = at.below.get(key) ?? { label, place, time: 0, below: new Map<string, Frame>() }
      at.below.set(key, next)
      next.time += time
      at = next
    }
  }
  return root
}

function depthOf(frame: Frame, least: number): number {
  const deep = [...frame.below.values()]
    .filter(({ time }) => time >= least)
    .map((next) => depthOf(next, least))
  return 1 + Math.max(0, ...deep)
}

/** A flame graph: callers above, callees below, width is time. Details show on hovering. */
export function flameSvg(profile: Profile, title: string): string {
  const root = tree(profile)
  const height = 60 + rowHeight * depthOf(root, root.time * thinnest)
  const parts: string[] = []
  const draw = (frame: Frame, x: number, row: number) => {
    const share = frame.time / root.time
    if (share < thinnest) return
    const w = share * width
    const y = 48 + row * rowHeight
    const percent = `${(100 * share).toFixed(1)} %`
    const fits = Math.floor((w - 6) / 6.6)
    const text = fits < 3 ? '' : frame.label.slice(0, fits)
    parts.push(
      `<g><title>${escaped(`${frame.label} ${frame.place} ${percent}`)}</title><rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.4, w - 0.6).toFixed(1)}" height="${rowHeight - 1}" class="${kindOf(frame)}"/>${text === '' ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 12.5}">${escaped(text)}</text>`}</g>`,
    )
    let at = x
    for (const next of [...frame.below.values()].toSorted((a, b) => b.time - a.time)) {
      draw(next, at, row + 1)
      at += (next.time / root.time) * width
    }
  }
  draw(root, 0, 0)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>text{font:11px ui-monospace,SFMono-Regular,Menlo,monospace;fill:#1f2328}.title{font:600 16px system-ui,sans-serif}.key{font:12px system-ui,sans-serif;fill:#57606a}.page{fill:#fff}.ours{fill:#8fd3c6}.client{fill:#f2cc8f}.node{fill:#c8d0d9}.engine{fill:#e5989b}</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="title" x="8" y="22">${escaped(title)}</text>
<text class="key" x="8" y="40">green: ours · yellow: dependencies · grey: Node · red: the engine</text>
${parts.join('\n')}
</svg>
`
}

function kindOf({ label, place }: Frame): string {
  if (label.startsWith('(') && label !== '(anonymous)') return 'engine'
  if (place.startsWith('node:') || place === '') return 'node'
  return place.includes(': ') ? 'client' : 'ours'
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
