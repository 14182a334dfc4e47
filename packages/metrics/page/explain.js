import { byId, element } from './elements.js'
import { clock, time } from './numbers.js'
import { get } from './requests.js'

const askers = {
  local: 'by this process',
  bus: 'by another process',
  db: 'by the change feed, as its row changed',
}
const manners = {
  key: 'by its key',
  definition: 'with its whole definition',
  namespace: 'with its whole namespace',
  pattern: 'with a pattern of keys',
  all: 'with everything',
}

/** How the app is asked: by full key, by raw key, or by definition and input. */
function queryOf(definition, key) {
  if (definition === '') return /^[^=~#]*[=~#]/.test(key) ? { key } : { raw: key }
  return { definition, input: inputOf(key) }
}

/** `42` and `{"id":1}` are JSON; what isn't is a text. */
function inputOf(text) {
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify(text)
  }
}

function removedText({ at, origin, by, tag, soft }) {
  const manner = by === 'tag' ? (tag === undefined ? 'by a tag' : `by the tag ${tag}`) : manners[by]
  return `Last ${soft ? 'softly ' : ''}removed at ${clock(at)} ${askers[origin]}, ${manner}.`
}

function explanation({ key, steps, wouldLoad, removed }) {
  const rows = steps.map(({ tier, outcome, ms, detail }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row', textContent: tier }),
      element('td', {}, element('em', { textContent: outcome, 'data-outcome': outcome })),
      element('td', { textContent: ms > 0 ? time(ms) : '' }),
      element('td', { textContent: detail }),
    ),
  )
  return [
    element('p', {}, element('code', { textContent: key })),
    element('div', { className: 'scroll' }, element('table', {}, element('tbody', {}, ...rows))),
    element('p', {
      textContent: wouldLoad ? 'A read with a loader would load now.' : 'A read would be answered from here.',
    }),
    element('p', {
      className: 'removed',
      textContent: removed ? removedText(removed) : 'No removal of it is remembered.',
    }),
  ]
}

export function watchExplain() {
  byId('explain').addEventListener('submit', (event) => {
    event.preventDefault()
    const query = queryOf(byId('explain-definition').value.trim(), byId('explain-key').value)
    void get('explain', query)
      .then(explanation)
      .catch((error) => [element('p', { className: 'wrong', textContent: error.message })])
      .then((parts) => byId('explanation')?.replaceChildren(...parts))
  })
}
