import { byId, element, put, reconcile } from './elements.js'
import { bytes, count, percent, rate, time } from './numbers.js'

/** The class that colours a tier: near ones cool, far ones warm. */
export const colourOf = (position, isSource) => (isSource ? 'source' : `tier-${Math.min(position, 3)}`)

const numbers = ['answers/s', 'hit rate', 'since the start', 'p50', 'p99']

function card({ title, colour }) {
  return element(
    'li',
    { className: `card ${colour}` },
    element('h3', {}, element('span', { textContent: title }), element('em')),
    element('div', { className: 'bar', 'aria-hidden': 'true' }, element('i')),
    element(
      'dl',
      {},
      ...numbers.map((name) => element('div', {}, element('dt', { textContent: name }), element('dd'))),
    ),
    element('p', { className: 'more' }),
  )
}

function fill(place, { state, share, values, more, title }) {
  const badge = place.querySelector('em')
  put(badge, state)
  badge.dataset.state = state
  place.dataset.tier = title
  place.querySelector('.bar i').style.inlineSize = `${(share * 100).toFixed(1)}%`
  const cells = place.querySelectorAll('dd')
  for (const [i, value] of values.entries()) put(cells[i], value)
  put(place.querySelector('.more'), more)
}

function tierCard({ name, kind, state, hits, hitsPerSecond, hitRate, p50, p99, ...rest }, i, reads) {
  const more = [
    kind,
    rest.size !== undefined && `${count(rest.size)} entries`,
    rest.bytes !== undefined && bytes(rest.bytes),
    rest.errors > 0 && `${count(rest.errors)} errors`,
    rest.timeouts > 0 && `${count(rest.timeouts)} timeouts`,
    rest.queued > 0 && `${count(rest.queued)} removals waiting`,
  ]
  return {
    title: name,
    colour: colourOf(i, false),
    state,
    share: reads > 0 ? hitsPerSecond / reads : 0,
    values: [rate(hitsPerSecond), percent(hitRate), count(hits), time(p50), time(p99)],
    more: more.filter(Boolean).join(' · '),
  }
}

function sourceCard({ source, readsPerSecond, loads }) {
  const more = [
    `${count(source.queries)} queries`,
    loads.running > 0 && `${loads.running} loads running`,
    loads.queued > 0 && `${loads.queued} waiting`,
    source.loadErrors > 0 && `${count(source.loadErrors)} failed`,
  ]
  return {
    title: 'the source',
    colour: colourOf(0, true),
    state: loads.queued > 0 ? 'busy' : 'up',
    share: readsPerSecond > 0 ? Math.min(1, source.loadsPerSecond / readsPerSecond) : 0,
    values: [rate(source.loadsPerSecond), '–', count(source.loads), time(source.p50), time(source.p99)],
    more: more.filter(Boolean).join(' · '),
  }
}

/** Shows the tiers near to far, and the source behind them. */
export function showTiers(beat) {
  const cards = [...beat.tiers.map((tier, i) => tierCard(tier, i, beat.readsPerSecond)), sourceCard(beat)]
  reconcile(byId('tiers'), cards, ({ title }) => title, card, fill)
  document.body.dataset.reads = beat.reads
}
