import { showActions } from './actions.js'
import { Chart } from './chart.js'
import { adviseDefinitions, showDefinitions, watchFilter } from './definitions.js'
import { byId, element, put, reconcile } from './elements.js'
import { watchExplain } from './explain.js'
import { clock } from './numbers.js'
import { events, forgetToken, get, keepToken, Refusal, token } from './requests.js'
import { colourOf, showTiers } from './tiers.js'
import { faultsIn, showTimeline } from './timeline.js'

const adviceMs = 10_000
const longestPauseMs = 5_000

/** Where in the timeline of which run of the app this page is. */
const place = { run: '', seen: 0 }
let reads
let queries

function openDoor(refusal = '') {
  document.body.querySelectorAll('header, main').forEach((part) => part.remove())
  byId('door').hidden = false
  put(byId('refusal'), refusal)
  byId('token').value = ''
  byId('token').focus()
}

function enter() {
  byId('door').hidden = true
  document.body.append(byId('inside').content.cloneNode(true))
  reads = new Chart(byId('reads-chart'), 'Reads per second, by who answered', { stacked: true })
  queries = new Chart(byId('queries-chart'), 'Database queries per second', { stacked: false })
  Object.assign(place, { run: '', seen: 0 })
  watchFilter()
  watchExplain()
  byId('leave').addEventListener('click', () => {
    forgetToken()
    location.reload()
  })
}

const handlers = {
  timeline({ last, happenings }) {
    showTimeline(happenings)
    place.seen = last
  },
  flow(beat) {
    if (place.run !== '' && place.run !== beat.run) {
      reads.clear()
      queries.clear()
    }
    place.run = beat.run
    document.body.dataset.at = beat.at
    document.title = `${beat.namespace}, live`
    put(byId('namespace'), beat.namespace)
    connected(`live, process ${beat.pid}`, true)
    showFacts(beat.facts)
    showTiers(beat)
    showDefinitions(beat.definitions)
    showActions(beat.actions, beat.readOnly)
    advise(beat)
    if (beat.seconds < 0.5) return
    const faults = faultsIn(beat)
    reads.add(
      beat.at,
      [
        ...beat.tiers
          .filter(({ kind }) => kind !== 'edge')
          .map(({ name, hitsPerSecond }, i) => ({ name, value: hitsPerSecond, colour: colourOf(i, false) })),
        { name: 'the source', value: sourceReads(beat), colour: colourOf(0, true) },
      ],
      faults,
    )
    queries.add(
      beat.at,
      [
        { name: 'without the cache', value: beat.source.withoutPerSecond, colour: 'without' },
        { name: 'with it', value: beat.source.queriesPerSecond, colour: colourOf(0, true) },
      ],
      faults,
    )
  },
}

/** Reads that no tier answered. */
function sourceReads({ readsPerSecond, tiers }) {
  const answered = tiers.reduce(
    (sum, { kind, hitsPerSecond }) => sum + (kind === 'edge' ? 0 : hitsPerSecond),
    0,
  )
  return Math.max(0, readsPerSecond - answered)
}

function showFacts(facts) {
  reconcile(
    byId('facts'),
    facts,
    ({ title }) => title,
    ({ title }) => element('li', {}, element('strong'), element('span', { textContent: title })),
    (tile, { value, good }) => {
      put(tile.firstElementChild, value)
      tile.dataset.mood = good === undefined ? 'plain' : good ? 'good' : 'bad'
    },
  )
}

let advisedAt = 0
function advise({ advised, at }) {
  if (!advised || (at - advisedAt < adviceMs && at >= advisedAt)) return
  advisedAt = at
  get('advice')
    .then(({ advice }) => adviseDefinitions(advice))
    // The next beat tells what is wrong, if something is.
    .catch(() => {})
}

function connected(text, well) {
  const line = byId('connection')
  put(line, text)
  line.dataset.mood = well ? 'good' : 'bad'
  document.body.classList.toggle('away', !well)
}

/** Follows the app, again and again, until the token is refused. */
async function follow() {
  let pause = 250
  let awaySince
  for (;;) {
    try {
      for await (const { name, told } of events('flow', place)) {
        pause = 250
        awaySince = undefined
        handlers[name]?.(told)
      }
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return error
      if (error instanceof Refusal && error.status >= 400) connected(error.message, false)
      else if (!(error instanceof Refusal) && error.name !== 'AbortError' && error.name !== 'TypeError')
        throw error
    }
    awaySince ??= Date.now()
    connected(`The app is away since ${clock(awaySince)}; trying again`, false)
    await new Promise((resolve) => setTimeout(resolve, pause))
    pause = Math.min(longestPauseMs, pause * 1.5)
  }
}

async function begin() {
  enter()
  await follow()
  forgetToken()
  openDoor('That is not the token of this page.')
}

byId('door').addEventListener('submit', (event) => {
  event.preventDefault()
  keepToken(byId('token').value)
  void begin()
})

if (token() === null) openDoor()
else void begin()
