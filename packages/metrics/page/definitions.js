import { byId, element, put, reconcile } from './elements.js'
import { count, percent, rate, time } from './numbers.js'
import { get } from './requests.js'

let notes = new Map()
let filtered = false

function row({ name }) {
  const pick = element('button', {
    type: 'button',
    className: 'link',
    textContent: name,
    title: `Explain a key of ${name}`,
  })
  pick.addEventListener('click', () => {
    byId('explain-definition').value = name
    byId('explain-key').focus()
  })
  const cells = Array.from({ length: 8 }, () => element('td'))
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, pick),
    ...cells,
    element('td', { className: 'notes' }),
  )
}

function fill(place, one) {
  const cells = place.querySelectorAll('td')
  const values = [
    rate(one.readsPerSecond),
    percent(one.hitRate),
    rate(one.loadsPerSecond),
    time(one.loadMs),
    count(one.reads),
    count(one.hits),
    count(one.misses),
    time(one.savedMs),
    (notes.get(one.name) ?? []).join(' '),
  ]
  for (const [i, value] of values.entries()) put(cells[i], value)
}

function show({ total, shown }) {
  reconcile(byId('definitions'), shown, ({ name }) => name, row, fill)
  const more = total > shown.length ? `, ${count(total)} there are; the filter finds the others` : ''
  put(byId('definitions-note'), `${count(shown.length)} shown${more}`)
  reconcile(
    byId('definition-names'),
    shown,
    ({ name }) => name,
    ({ name }) => element('option', { value: name }),
    () => {},
  )
}

/** The definitions of a beat, or those that the filter asks for. */
export function showDefinitions(told) {
  if (!filtered) show(told)
  else void search()
}

async function search() {
  const like = byId('like').value
  const found = await get('definitions', { like }).catch(() => undefined)
  // What was typed meanwhile has an answer of its own.
  if (found !== undefined && byId('like')?.value === like) show(found)
}

export function watchFilter() {
  filtered = false
  byId('like').addEventListener('input', () => {
    filtered = byId('like').value !== ''
    void search()
  })
}

/** Puts the advisor's sentences to the definitions that they are about; those about tiers stand below. */
export function adviseDefinitions(advice) {
  notes = Map.groupBy(
    advice.filter(({ definition }) => definition !== undefined),
    ({ definition }) => definition,
  )
  for (const [name, own] of notes)
    notes.set(
      name,
      own.map(({ found, fix }) => sentence(found, fix)),
    )
  const others = advice.filter(({ definition }) => definition === undefined)
  reconcile(
    byId('advice'),
    others,
    ({ kind, tier }) => `${kind} ${tier}`,
    () => element('li'),
    (item, { tier, found, fix }) => put(item, `${tier ?? ''}: ${sentence(found, fix)}`),
  )
}

const sentence = (found, fix) => `${found.slice(0, 1).toUpperCase()}${found.slice(1)}. ${fix}`.trim()
