import type { Bar, Chart } from './report.ts'
import { short } from './report.ts'

const width = 760
const margin = 24
const labelWidth = 168
const valueWidth = 84
const barHeight = 16
const barGap = 8

/** A chart as SVG: light and dark with the reader's colour scheme, no script, no outside font. */
export function chartSvg(chart: Chart): string {
  const { title, note, panels } = chart
  const parts: string[] = []
  let y = 76
  for (const panel of panels) {
    parts.push(text(margin, y + 12, panel.title, 'panel'))
    y += 28
    const bars = sorted(panel.bars, chart.better)
    const scale = scaleOf(bars, chart.log === true)
    for (const bar of bars) {
      parts.push(...barParts(bar, y, scale(bar.value), chart.unit))
      y += barHeight + barGap
    }
    y += 18
  }
  const height = y + 14
  const hint = chart.better === 'more' ? 'longer is better' : 'shorter is better'
  const foot = `${hint}${chart.log === true ? ', logarithmic scale' : ''}`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>${style}</style>
<rect class="page" width="${width}" height="${height}" rx="10"/>
${text(margin, 36, title, 'title')}
${text(margin, 58, note, 'note')}
${parts.join('\n')}
${text(width - margin, height - 14, foot, 'foot')}
</svg>
`
}

const style = [
  'text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#24292f}',
  '.page{fill:#fff;stroke:#d8dee4}.title{font-size:18px;font-weight:650}.note{fill:#57606a}',
  '.panel{font-weight:600}.label{text-anchor:end}.value{fill:#57606a;font-variant-numeric:tabular-nums}',
  '.foot{text-anchor:end;fill:#8b949e;font-size:11px}.track{fill:#f1f3f5}',
  '.peer{fill:#b4bcc6}.yardstick{fill:#7d8794}.ours{fill:#1f7a6d}.strong{font-weight:650}',
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117;stroke:#30363d}.note,.value{fill:#9198a1}',
  '.track{fill:#161b22}.peer{fill:#484f58}.yardstick{fill:#6e7681}.ours{fill:#3fb99f}}',
].join('')

function barParts(bar: Bar, y: number, share: number, unit: string): string[] {
  const x = margin + labelWidth
  const room = width - x - margin - valueWidth
  const length = Math.max(2, share * room)
  const strong = bar.kind === 'ours' ? ' strong' : ''
  return [
    text(x - 10, y + 12.5, bar.label, `label${strong}`),
    `<rect class="track" x="${x}" y="${y}" width="${room}" height="${barHeight}" rx="3"/>`,
    `<rect class="${bar.kind}" x="${x}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="3"/>`,
    text(x + room + 10, y + 12.5, `${short(bar.value)}${unit === '' ? '' : ` ${unit}`}`, `value${strong}`),
  ]
}

function sorted(bars: readonly Bar[], better: Chart['better']): readonly Bar[] {
  return bars.toSorted((a, b) => (better === 'more' ? b.value - a.value : a.value - b.value))
}

function scaleOf(bars: readonly Bar[], log: boolean): (value: number) => number {
  const values = bars.map(({ value }) => value).filter((value) => value > 0)
  const most = Math.max(...values)
  if (!log) return (value) => value / most
  const least = Math.min(...values) / 2
  return (value) => (value <= 0 ? 0 : Math.log(value / least) / Math.log(most / least))
}

function text(x: number, y: number, content: string, className: string): string {
  return `<text x="${x}" y="${y}" class="${className}">${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
