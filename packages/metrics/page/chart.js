import { drawn, element, put, reconcile } from './elements.js'
import { rate } from './numbers.js'

const width = 600
const height = 150
const most = 120

/** A curve of the last two minutes, a beat a point, with a legend that says the latest numbers. */
export class Chart {
  #points = []
  #stacked
  #drawing
  #legend
  #top

  constructor(figure, title, { stacked }) {
    this.#stacked = stacked
    this.#drawing = drawn('svg', {
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: 'none',
      role: 'img',
    })
    this.#legend = element('ul', { className: 'legend' })
    this.#top = element('span', { className: 'top' })
    figure.append(
      element('figcaption', { textContent: title }),
      element('div', { className: 'plot' }, this.#top, this.#drawing),
      this.#legend,
    )
  }

  clear() {
    this.#points = []
  }

  /** `series`: names, values and colours, always the same ones; `faults`: tiers that are out of use. */
  add(at, series, faults) {
    this.#points.push({ at, series, faults })
    if (this.#points.length > most) this.#points.shift()
    this.#draw()
    reconcile(
      this.#legend,
      series,
      ({ name }) => name,
      ({ name, colour }) => element('li', { className: colour }, element('i'), `${name} `, element('b')),
      (item, { value }) => put(item.lastElementChild, rate(value)),
    )
  }

  #draw() {
    const points = this.#points
    const totals = points.map(({ series }) => {
      const values = series.map(({ value }) => value)
      return this.#stacked ? values.reduce((a, b) => a + b, 0) : Math.max(...values)
    })
    const top = roundUp(Math.max(1, ...totals))
    put(this.#top, rate(top))
    const x = (i) => width - (points.length - 1 - i) * (width / (most - 1))
    const y = (value) => height - (value / top) * (height - 4)
    const count = points.at(-1)?.series.length ?? 0
    const below = points.map(() => 0)
    const shapes = []
    for (let one = 0; one < count; one++) {
      const from = points.map((_, i) => `${x(i).toFixed(1)},${y(below[i]).toFixed(1)}`)
      const to = points.map(({ series }, i) => {
        const value = (series[one]?.value ?? 0) + (this.#stacked ? below[i] : 0)
        if (this.#stacked) below[i] = value
        return `${x(i).toFixed(1)},${y(value).toFixed(1)}`
      })
      const { colour } = points.at(-1).series[one]
      shapes.push(
        drawn('path', { class: `area ${colour}`, d: `M${[...to, ...from.toReversed()].join('L')}Z` }),
      )
      shapes.push(drawn('path', { class: `line ${colour}`, d: `M${to.join('L')}` }))
    }
    const step = width / (most - 1)
    const bands = points.flatMap(({ faults }, i) =>
      faults.length === 0
        ? []
        : [drawn('rect', { class: 'fault', x: x(i) - step, y: 0, width: step, height })],
    )
    this.#drawing.replaceChildren(...bands, ...shapes)
    const latest = points.at(-1)?.series.map(({ name, value }) => `${name} ${rate(value)}`)
    this.#drawing.setAttribute('aria-label', `now: ${latest?.join(', ')} per second`)
  }
}

/** The next of 1, 2, 5, 10, 20, … */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value
}
